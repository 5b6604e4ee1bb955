/** The command `npm start`: everything on this machine, in one process. `--empty` leaves the example out. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { readConfig } from '#runtime';
import { completeFirstStart } from './first-start.js';
import { startStandalone, type Standalone } from './standalone.js';

/** Answering who waits takes moments; a database that does not end must not keep us for ever. */
const STOP_MS_MAX = 60_000;
const PARENT_LOOK_MS = 250;

function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}

function complain(error: unknown): void {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
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

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { empty: { type: 'boolean', default: false } } });
  const config = readConfig();

  let running: Standalone | undefined;
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
  const starting = startStandalone(config, {
    log,
    onDatabaseLost: () => {
      log('The database is gone, so nothing can be answered: start again; nothing that was acknowledged is lost.');
      stop(1);
    },
  }).then((standalone) => {
    running = standalone;
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

  await starting;
  if (running === undefined || stopping !== undefined) return;
  try {
    const first = await completeFirstStart(running, config, values);
    process.stdout.write(welcome(running.url, config.dataDir, first));
  } catch (error) {
    // Told to stop in the middle of it: the next start goes on.
    if (stopping !== undefined) return;
    complain(error);
    stop(1);
  }
}

function welcome(url: string, dataDir: string, { keyFile, newKey }: { keyFile: string; newKey?: string }): string {
  const shown = newKey !== undefined && process.stdout.isTTY ? `\n            ${newKey}   (shown this once)` : '';
  return `
Incident Ledger is running.

  Address   ${url}
  Try it    ${url}/docs/reader   and   ${url}/docs/recorder
  Look      ${url}/v1/ledgers/syria/tallies?side=target&of.party=us
  Data      ${dataDir}   (log and read models in ${join(dataDir, 'postgres')})
  Key       ${keyFile}   (for writing: Authorization: Bearer <key>)${shown}
  Stop      Ctrl-C

`;
}

await main().catch((error: unknown) => {
  complain(error);
  process.exit(1);
});
