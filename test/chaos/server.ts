/** A PROCESS OF OURS under test: started, killed, paused, stopped, asked how it stands. What it says goes into a file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { holdFreePort } from '#embedded';

const READY_ASK_MS_MAX = 1_000;
const READY_LOOK_MS = 100;
/** A process that stops in order may wait this long for what it waits for; after it, it ends by itself. */
const STOP_MS_MAX = 60_000;

export const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A process of ours at an address of its own, which stays when it is started anew. */
export class Server {
  #child: ChildProcess | undefined;
  #isPaused = false;
  #mayEnd = false;
  /** How it ended when nobody wanted it to. */
  readonly faults: string[] = [];

  constructor(
    readonly name: string,
    readonly url: string,
    private readonly args: readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
    private readonly logFile: string,
  ) {}

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already.`);
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [...this.args], {
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (!this.#mayEnd)
        this.faults.push(`${this.name} ended by itself (${signal ?? `code ${code}`}): see ${this.logFile}.`);
    });
  }

  /** Waits until it ends by itself, as it may; its exit code, or undefined if it runs still when nobody waits any more. */
  async endsByItself(enough: AbortSignal): Promise<number | null | undefined> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} does not run.`);
    this.#mayEnd = true;
    try {
      const [code] = (await once(child, 'exit', { signal: enough })) as [number | null];
      return code;
    } catch {
      return undefined;
    } finally {
      this.#mayEnd = false;
    }
  }

  /** SIGSTOP, until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#isPaused = false;
    this.#child?.kill('SIGCONT');
  }

  /** Returns when it has ended. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As an operator stops it; whoever waits is answered first. */
  async stop(): Promise<void> {
    if (this.#isPaused) this.resume();
    const [code, signal] = (await this.#end('SIGTERM')) ?? [0, null];
    // One that was started just now dies of it, and has done nothing yet.
    if (code !== 0 && signal !== 'SIGTERM')
      this.faults.push(`${this.name} did not stop in order (${signal ?? `code ${code}`}): see ${this.logFile}.`);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<[number | null, string | null] | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    this.#child = undefined;
    this.#isPaused = false;
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill(signal);
    const enough = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX + 5_000);
    const how = await ended;
    clearTimeout(enough);
    return how;
  }

  /** What /health/ready says, or undefined where nobody answers. */
  async health(): Promise<(Record<string, unknown> & { ready?: boolean }) | undefined> {
    try {
      const response = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(READY_ASK_MS_MAX) });
      return (await response.json()) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }

  /** @throws Error with what it says of itself if it is not ready in time */
  async ready(msMax: number): Promise<void> {
    const deadline = performance.now() + msMax;
    let said: unknown;
    while (performance.now() < deadline) {
      if (this.#child === undefined) throw new Error(`${this.name} does not run: see ${this.logFile}.`);
      const health = await this.health();
      if (health?.ready === true) return;
      said = health ?? said;
      await pause(READY_LOOK_MS);
    }
    throw new Error(`${this.name} is not ready after ${msMax / 1_000} s; it says ${JSON.stringify(said)}.`);
  }
}

export async function freePort(): Promise<number> {
  const held = await holdFreePort();
  await held.release();
  return held.port;
}
