/** The holder's side of `server-keeper.ts`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dockerAnswers } from './docker.js';
import type { NativeKafka } from './native-kafka.js';

const PROGRAM = fileURLToPath(new URL('./server-keeper.js', import.meta.url));

/** What a keeper can be told to keep. */
export type KeptServer =
  | { kind: 'native-kafka'; kafka: NativeKafka; properties: Readonly<Record<string, string>> }
  | { kind: 'kafka-container'; image: string }
  | { kind: 'postgres-container'; image: string };

const PULL_MS_MAX = 60_000;

export class Keeper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(
    keeper: ChildProcess,
    /** Where it is asked; it may be told to processes that do not hold it. */
    readonly port: number,
  ) {
    this.#process = keeper;
    this.#ended = once(keeper, 'exit');
  }

  /** A keeper that has not started its server yet. */
  static async of(server: KeptServer): Promise<Keeper> {
    const keeper = spawn(process.execPath, [PROGRAM, JSON.stringify(server)], {
      // Ctrl-C reaches us and not it: it ends after us.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [port] = (await Promise.race([
      once(keeper.stdout.setEncoding('utf8'), 'data'),
      once(keeper, 'exit').then(() => Promise.reject(new Error('The keeper of a server ended before it began.'))),
    ])) as [string];
    // Nothing of it may keep us from ending.
    keeper.stdout.destroy();
    keeper.unref();
    return new Keeper(keeper, Number(port));
  }

  ask<Answer>(act: string, msMax?: number): Promise<Answer> {
    return askKeeper<Answer>(this.port, act, msMax);
  }

  /** Starts its server; a keeper that cannot is released. */
  async start<Answer>(): Promise<Answer> {
    try {
      return await this.ask<Answer>('start');
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  /** Returns when its server has ended and nothing is left of it. */
  async release(): Promise<void> {
    this.#process.ref();
    this.#process.stdin?.end();
    await this.#ended;
  }
}

/** @throws Error with what the keeper said */
export async function askKeeper<Answer>(port: number, act: string, msMax?: number): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/${act}`, {
    method: 'POST',
    ...(msMax !== undefined && { signal: AbortSignal.timeout(msMax) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Answer;
}

/** The keeper of a container that can be started, or why there is none. */
export async function containerKeeper(server: KeptServer & { image: string }): Promise<Keeper | string> {
  if (!(await dockerAnswers())) return 'no Docker answers';
  const keeper = await Keeper.of(server);
  try {
    await keeper.ask('prepare', PULL_MS_MAX);
    return keeper;
  } catch (error) {
    await keeper.release();
    return `Docker answers, but ${server.image} cannot be had (${(error as Error).message.trim()})`;
  }
}
