/**
 * Recorders, projectors and readers as operators start them, each a process of its own, with one master key and one keys
 * file, on one Kafka. Tests reach them over HTTP and by signals. Whatever becomes of a test, `end` ends them all.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AccessRole } from '#contracts';
import { MasterKey, recordCodec, Writers } from '#ledger';
import { KafkaStorage } from '#kafka';
import { KeysFile, type State, type Trouble } from '#runtime';
import { answerOf, holdFreePort, LedgerClient, RunningCommand, type Answer } from '#testing';

export type App = 'recorder' | 'projector' | 'reader';

/** What /health/ready says, of whichever process. */
export interface Health {
  ready: boolean;
  state: State;
  trouble?: string;
  troubles?: (Trouble & { runbook: string })[];
  /** Of a recorder. */
  owns?: string[];
  /** Of a projector. */
  projections?: {
    ledger: string;
    sequence: number;
    behind: number | null;
    behindSeconds: number;
    stopped?: string;
    waiting?: string;
    stalled?: string;
  }[];
  quarantine?: Record<string, { count: number; first: { offset: number; why: string }[] }>;
}

/** So that the environment of whoever runs the tests does not decide; empty is as unset. */
const UNSET = { HOST: '', OPEN_READS: '', ALLOWED_ORIGINS: '', DATABASE_URL: '' };
const LOOK_EVERY_MS = 25;
const WAIT_MS_MAX = 40_000;

/** Asks until there is an answer; an error is none yet. @throws Error with the last of them */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  msMax = WAIT_MS_MAX,
): Promise<T> {
  const deadline = performance.now() + msMax;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`Not within ${msMax} ms: ${what}.`, { cause: last });
}

export class Node {
  constructor(
    readonly app: App,
    readonly url: string,
    readonly command: RunningCommand,
  ) {}

  async health(): Promise<Answer<Health>> {
    return answerOf<Health>(await fetch(`${this.url}/health/ready`));
  }

  /** The numbers of /metrics, by name and labels as they stand there. */
  async metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return new Map(
      [...text.matchAll(/^(\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
    );
  }

  /** What it says of itself, once that is as wanted. */
  healthOnce(what: string, wanted: (health: Health, status: number) => boolean, msMax?: number): Promise<Health> {
    const ask = async (): Promise<Health | undefined> => {
      const { body, status } = await this.health();
      return wanted(body, status) ? body : undefined;
    };
    return until(`${this.app} ${what}`, ask, msMax).catch(async (error: Error) => {
      const said = await this.health().catch((failure: unknown) => ({ text: String(failure) }));
      throw new Error(`${error.message} It says ${said.text}, and printed:\n${this.command.output}`, { cause: error });
    });
  }

  ready(): Promise<Health> {
    return this.healthOnce('is ready', (_health, status) => status === 200);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.command.pid, signal);
  }

  client(ledger: string, key?: string): LedgerClient {
    return new LedgerClient(this.url, ledger, key);
  }
}

export class Cluster {
  readonly masterKey = randomBytes(32);
  readonly #nodes = new Set<Node>();
  readonly #storages: KafkaStorage[] = [];

  private constructor(
    readonly brokers: readonly string[],
    readonly folder: string,
    /** Edited as an operator's command edits it: the processes notice by themselves. */
    readonly keys: KeysFile,
  ) {}

  static async on(brokers: readonly string[]): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'incident-ledger-cluster-'));
    return new Cluster(brokers, folder, new KeysFile(join(folder, 'keys.json')));
  }

  /** Starts a process; returns at once. `at` is the address of an earlier one that has ended. */
  async start(app: App, { at, databaseUrl = '' }: { at?: string; databaseUrl?: string } = {}): Promise<Node> {
    const port = at === undefined ? await freePort() : Number(new URL(at).port);
    const url = `http://127.0.0.1:${port}`;
    const command = new RunningCommand([fileURLToPath(new URL(`../apps/${app}/src/main.js`, import.meta.url))], {
      ...UNSET,
      DATA_DIR: this.folder,
      KEYS_FILE: this.keys.path,
      MASTER_KEY: this.masterKey.toString('base64url'),
      KAFKA_BROKERS: this.brokers.join(','),
      ADVERTISED_URL: url,
      PORT: String(port),
      ...(databaseUrl !== '' && { DATABASE_URL: databaseUrl }),
    });
    const node = new Node(app, url, command);
    this.#nodes.add(node);
    return node;
  }

  /** The text of a new key. */
  async key(ledgers: '*' | string[] = '*', role: AccessRole = 'admin'): Promise<string> {
    return (await this.keys.add({ roles: [role], ledgers })).text;
  }

  /** The log as another process sees it; with the writers on it a test can fill it, while no recorder owns its ledgers. */
  storage(): KafkaStorage {
    const storage = new KafkaStorage({ brokers: this.brokers });
    this.#storages.push(storage);
    return storage;
  }

  writers(storage: KafkaStorage): Writers {
    return new Writers(storage, new MasterKey(this.masterKey), codec, { mayClaim: async () => true });
  }

  /** Every record of a ledger, read from Kafka. */
  async log(ledger: string): Promise<Logged[]> {
    const storage = this.storage();
    const log: Logged[] = [];
    for (;;) {
      const some = await storage.read(ledger, log.length);
      if (some.length === 0) return log;
      for (const { bytes } of some) {
        const { sequence, commandid, name, data } = codec.decode(bytes);
        log.push({
          sequence,
          commandKey: commandid.replace(/^k\d+:/, ''),
          name,
          entity: data.changes[0]?.entity ?? '',
        });
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#nodes].map(({ command }) => command.end('SIGKILL')));
    await Promise.all(this.#storages.map((storage) => storage.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Logged {
  sequence: number;
  commandKey: string;
  name: string;
  entity: string;
}

const codec = recordCodec();

/** Free until somebody takes it, which nobody is likely to do in the meantime. */
async function freePort(): Promise<number> {
  const held = await holdFreePort();
  await held.release();
  return held.port;
}
