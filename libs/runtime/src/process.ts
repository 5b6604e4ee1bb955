/** A PROCESS of ours: how it logs, how it is stopped, how it ends when something is beyond it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { logFormat } from './config.js';
import { createLog, type Log, type LogLevel } from './log.js';

/** Answering who waits takes moments; something that does not end must not keep the process for ever. */
const STOP_MS_MAX = 60_000;
const PARENT_LOOK_MS = 250;

export interface Running {
  /** Answers everybody who waits, then ends in order. */
  stop: () => Promise<void>;
}

export interface ProcessTools {
  log: Log;
  /** To be called when nothing can be done any more: stops in order and ends with an exit code that says so. */
  fail: (reason: Error) => void;
}

/** npm hands a SIGTERM to the shell between it and us, which dies of it without a word: then our parent is another. */
function onOrphaned(callback: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    callback();
  }, PARENT_LOOK_MS).unref();
}

/**
 * Starts something and keeps it until SIGTERM, SIGINT or a failure. `welcome` is done and printed once it runs; what goes
 * wrong in it stops everything, unless we were told to stop in its middle. The log goes to standard error, under `name`.
 */
export async function runProcess<R extends Running>(
  name: string,
  start: (tools: ProcessTools) => Promise<R>,
  welcome: (running: R) => string | Promise<string>,
): Promise<void> {
  const format = logFormat(process.env['LOG_FORMAT'], process.stderr.isTTY);
  const log = createLog({ process: name, format }, (line) => process.stderr.write(line));
  const complain = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    if (format === 'json') log(reason, { level: 'error' });
    else process.stderr.write(`\n${reason}\n`);
  };
  let running: R | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (exitCode: number): void => {
    if (stopping !== undefined) return;
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    stopping = starting
      .then(() => running?.stop())
      .then(
        () => process.exit(exitCode),
        () => process.exit(1),
      );
  };
  const fail = (reason: Error): void => {
    log(reason.message, { level: 'error' });
    stop(1);
  };
  // Not before `starting` is there: whoever starts may fail at once.
  const starting = Promise.resolve()
    .then(() => start({ log, fail }))
    .then((started) => {
      running = started;
    });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second one is impatience: what was acknowledged is durable, and the next start cleans up.
      if (stopping !== undefined) process.exit(1);
      log('Stopping: whoever waits is answered first.');
      stop(0);
    });
  }
  onOrphaned(() => {
    log('Whoever started this has ended: stopping.');
    stop(0);
  });
  try {
    await starting;
  } catch (error) {
    complain(error);
    process.exit(1);
  }
  if (running === undefined || stopping !== undefined) return;
  try {
    process.stdout.write(await welcome(running));
  } catch (error) {
    // Told to stop in the middle of it: the next start goes on.
    if (stopping !== undefined) return;
    complain(error);
    stop(1);
  }
}

/** Of what the framework has to tell, warnings and errors; they stand among ours. */
export function troubleOnly(log: Log): LoggerService {
  const pass =
    (level: LogLevel) =>
    (...parts: unknown[]): void =>
      log(parts.join(' '), { level });
  return { log: () => undefined, warn: pass('warn'), error: pass('error') };
}

/** Lets an application listen and says where it does, such as http://127.0.0.1:7410. @throws Error that says what to do */
export async function listenAt(app: NestFastifyApplication, at: { host: string; port: number }): Promise<string> {
  try {
    await app.listen(at.port, at.host);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Something else listens on port ${at.port} of ${at.host} already: end it, or choose another port with PORT.`,
      { cause: error },
    );
  }
  const { address, family, port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Steps to be undone in reverse order; one that fails is told and does not keep the others. */
export class Undo {
  readonly #steps: (() => unknown)[] = [];

  constructor(private readonly log: Log) {}

  add(...steps: (() => unknown)[]): void {
    this.#steps.push(...steps);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        this.log(`While stopping: ${error instanceof Error ? error.message : String(error)}`, { level: 'warn' });
      }
    }
  }
}

const RETRY_MS_MAX = 5_000;

/** Tries until it works, told why it waits; undefined when it was told to give up. */
export async function untilItWorks<T>(
  what: string,
  act: () => Promise<T>,
  log: Log,
  signal: AbortSignal,
): Promise<T | undefined> {
  let last = '';
  for (let retryMs = 100; !signal.aborted; retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)) {
    try {
      return await act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== last) log(`Waiting for ${what}: ${reason}`, { level: 'warn' });
      last = reason;
      await pause(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}
