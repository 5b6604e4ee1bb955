/**
 * Everything in one process on a PostgreSQL of its own, as `npm start` runs it, and everything that may befall the two. The
 * PostgreSQL is found by the pid file in the data folder, which is this run's own. Nobody brings it back but the process.
 */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { EmbeddedStorage, startPostgres, type Protections } from '#embedded';
import { LogReader, MasterKey, recordCodec } from '#ledger';
import { KeysFile, loadMasterKey, readConfig, type Config } from '#runtime';
import { temporaryPostgresFolder, type PostgresFolder } from '../../libs/testing/src/postgres.js';
import type { Choices } from './choices.js';
import type { Cast, Deck, Hit } from './nemesis.js';
import { freePort, program, Server } from './server.js';
import type { Look, Stage } from './stage.js';

export type EmbeddedProtection = keyof Protections | 'reserve';

const SHORT_MS = [300, 4_500] as const;
const DOWN_MS = [0, 2_000] as const;

/** What is done with the process and its data is done by turns, so that a rebuild never has the data alone. */
const DECK = {
  'process killed': { times: 4, forMs: DOWN_MS },
  'process paused': { times: 2, forMs: SHORT_MS },
  'process stopped': { times: 2, forMs: DOWN_MS },
  'process started again beside it': { times: 1, forMs: [0, 0] },
  'process killed and started twice': { times: 2, forMs: DOWN_MS },
  'process beside a rebuild, killed after': { times: 2, forMs: [1_000, 9_000] },
  'postgres killed': { times: 3, forMs: [0, 0] },
  'postgres backend killed': { times: 3, forMs: [0, 0] },
  'postgres paused': { times: 2, forMs: SHORT_MS },
} as const satisfies Deck;

type Kind = keyof typeof DECK;

/** There is one of each, and while it starts nobody is answered. */
export const EMBEDDED_CAST: Cast = { deck: DECK, counts: {}, recoversMs: 5_000 };

/** How long a second instance waits for the first one's lock, and for a server that is coming back. */
const REFUSED_MS_MAX = 20_000;
const READY_MS_MAX = 60_000;
const REBUILD_DIFFERS = 1;

export class EmbeddedStage implements Stage {
  readonly cast = EMBEDDED_CAST;
  readonly #keys: KeysFile;
  readonly #faults: string[] = [];
  /** How often PostgreSQL was hit: then a second instance may be the faster one. */
  #postgresHits = 0;

  private constructor(
    readonly folder: string,
    private readonly data: PostgresFolder,
    private readonly standalone: Server,
    private readonly choices: Choices,
  ) {
    this.#keys = new KeysFile(readConfig({ DATA_DIR: data.folder }).keysFile);
  }

  /** Not ready yet. The data go into the folder that is given, or a temporary one. */
  static async start(
    choices: Choices,
    off: readonly EmbeddedProtection[] = [],
    given?: PostgresFolder,
  ): Promise<EmbeddedStage> {
    const data = given ?? (await temporaryPostgresFolder('postgres'));
    const folder = await mkdtemp(join(tmpdir(), 'incident-ledger-chaos-'));
    const args = [
      ...(off.length === 0
        ? [program('../../apps/standalone/src/main.js')]
        : [program('./standalone-process.js'), `--off=${off.join()}`]),
      '--empty',
    ];
    const standalone = await serverOn(data.folder, 'standalone', args, folder);
    standalone.start();
    return new EmbeddedStage(folder, data, standalone, choices);
  }

  get nodes(): readonly Server[] {
    return [this.standalone];
  }

  get servers(): readonly Server[] {
    return this.nodes;
  }

  async key(): Promise<{ recorder: string; text: string }> {
    const { key, text } = await this.#keys.add({ roles: ['admin'], ledgers: '*' });
    return { recorder: key.id, text };
  }

  /** With which others go to the same data. */
  config(): Config {
    return readConfig({ DATA_DIR: this.data.folder, PORT: '0' });
  }

  /** Of its PostgreSQL, which is started if it does not run. */
  async connectionString(): Promise<string> {
    return (await startPostgres({ folder: join(this.data.folder, 'postgres') })).connectionString;
  }

  async look(): Promise<Look> {
    const connectionString = await this.connectionString();
    const storage = await EmbeddedStorage.open(connectionString);
    const pool = new Pool({ connectionString, max: 2 });
    const master = new MasterKey(await loadMasterKey({ dataDir: this.data.folder }));
    return {
      reader: new LogReader(storage, recordCodec(), master),
      pool,
      foreign: new Map(),
      async close() {
        await pool.end();
        await storage.close();
      },
    };
  }

  faults(): string[] {
    return [...this.#faults, ...this.standalone.faults];
  }

  async remove({ keepFolder }: { keepFolder: boolean }): Promise<void> {
    await this.standalone.kill();
    const log = join(this.data.folder, 'postgres', 'server.log');
    if (keepFolder) await copyFile(log, join(this.folder, 'postgres.log')).catch(() => undefined);
    await this.data.remove();
    if (!keepFolder) await rm(this.folder, { recursive: true, force: true });
  }

  async strike(hit: Hit): Promise<void> {
    const { standalone } = this;
    const { kind, forMs } = hit as Hit<Kind>;
    switch (kind) {
      case 'process killed':
        await standalone.kill();
        await pause(forMs);
        standalone.start();
        return;
      case 'process stopped':
        await standalone.stop();
        await pause(forMs);
        standalone.start();
        return;
      case 'process paused':
        standalone.pause();
        await pause(forMs);
        standalone.resume();
        return;
      case 'process started again beside it':
        await standalone.ready(READY_MS_MAX);
        return this.#startBeside();
      case 'process killed and started twice':
        await standalone.kill();
        await pause(forMs);
        return this.#startTwice();
      case 'process beside a rebuild, killed after':
        await standalone.ready(READY_MS_MAX);
        return this.#rebuild(forMs);
      case 'postgres killed':
        await this.signal('SIGKILL', (postmaster) => [postmaster]);
        return;
      case 'postgres backend killed':
        await this.signal('SIGKILL', (_, others) => (others.length === 0 ? [] : [this.choices.one(others)]));
        return;
      case 'postgres paused': {
        const paused = await this.signal('SIGSTOP', allOfThem);
        await pause(forMs);
        for (const pid of paused) send(pid, 'SIGCONT');
        return;
      }
      default:
        return kind satisfies never;
    }
  }

  /** A second instance is refused, unless PostgreSQL dies in between and it is the faster one: then it is stopped. */
  async #startBeside(): Promise<void> {
    const hits = this.#postgresHits;
    const second = await this.#second();
    second.start();
    const code = await second.endsByItself(AbortSignal.timeout(REFUSED_MS_MAX));
    if (code === undefined) await second.stop();
    if (code !== 1 && hits === this.#postgresHits) {
      this.#faults.push(`A second instance was not refused: it ended with ${code ?? 'nothing'}.`);
    }
    this.#faults.push(...second.faults);
  }

  /** Of two that start at once one is refused; if it is ours, it gets the data when the other has stopped. */
  async #startTwice(): Promise<void> {
    const hits = this.#postgresHits;
    const { standalone } = this;
    const second = await this.#second();
    standalone.start();
    second.start();
    const oneEnded = new AbortController();
    const enough = AbortSignal.any([oneEnded.signal, AbortSignal.timeout(REFUSED_MS_MAX)]);
    const ends = [standalone, second].map((one) => one.endsByItself(enough).finally(() => oneEnded.abort()));
    const [first] = await Promise.all(ends);
    if (standalone.isRunning === second.isRunning && hits === this.#postgresHits) {
      this.#faults.push(`Of two that were started at once ${second.isRunning ? 'both' : 'none'} went on.`);
    }
    if (second.isRunning) await second.stop();
    if (!standalone.isRunning) {
      if (first !== 1) this.#faults.push(`The one that was refused ended with ${first}.`);
      standalone.start();
    }
    this.#faults.push(...second.faults);
  }

  /** It may be killed, or fail with its database, but never find that the tables differ. */
  async #rebuild(msMax: number): Promise<void> {
    const args = [program('../../apps/projector/src/rebuild-process.js'), '--grace=1'];
    const rebuild = await serverOn(this.data.folder, 'rebuild', args, this.folder);
    rebuild.start();
    const code = await rebuild.endsByItself(AbortSignal.timeout(msMax));
    if (code === undefined) await rebuild.kill();
    if (code === REBUILD_DIFFERS)
      this.#faults.push('A rebuild found other tables than the live ones: see rebuild.log.');
  }

  /** Another process on the same data, as it ships; not started yet. */
  #second(): Promise<Server> {
    return serverOn(this.data.folder, 'second', [program('../../apps/standalone/src/main.js'), '--empty'], this.folder);
  }

  /** To the PostgreSQL of this run, if it runs; returns who got it. */
  async signal(
    signal: NodeJS.Signals,
    whom: (postmaster: number, others: readonly number[]) => number[],
  ): Promise<number[]> {
    this.#postgresHits += 1;
    const data = join(this.data.folder, 'postgres', 'cluster', 'data');
    const [pid = '', place] = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // What the file says may be over, and another process may have its number by now.
    if (place !== data || !commandLine.split('\0').includes(data)) return [];
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const victims = whom(Number(pid), children.split(' ').filter(Boolean).map(Number));
    for (const victim of victims) send(victim, signal);
    return victims;
  }
}

export const allOfThem = (postmaster: number, others: readonly number[]): number[] => [postmaster, ...others];

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

async function serverOn(dataDir: string, name: string, args: readonly string[], logs: string): Promise<Server> {
  const port = await freePort();
  const environment = {
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: dataDir,
    // So that the environment of whoever runs the tests does not decide; empty is as unset.
    KEYS_FILE: '',
    MASTER_KEY: '',
    KAFKA_BROKERS: '',
    DATABASE_URL: '',
    // As if npm had started it: then it ends with us, whatever ends us.
    npm_lifecycle_event: 'test:chaos',
  };
  return new Server(name, `http://127.0.0.1:${port}`, args, environment, join(logs, `${name}.log`));
}
