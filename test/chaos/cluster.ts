/**
 * WHAT IS BROKEN: a Kafka, a PostgreSQL and processes of ours, each to be killed, stopped and started again. Every process
 * writes what it says into a file of the run's folder. Scripts use it too, hence imports that need no jest.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopPostgres } from '#embedded';
import { KafkaStorage, type KafkaStorageOptions } from '#kafka';
import { LogReader, MasterKey, recordCodec } from '#ledger';
import { KeysFile } from '#runtime';
import { startTemporaryKafka, type TemporaryKafka } from '../../libs/testing/src/kafka.js';
import { temporaryPostgresFolder, type PostgresFolder } from '../../libs/testing/src/postgres.js';
import { freePort, program, Server } from './server.js';

export type Protection = keyof NonNullable<KafkaStorageOptions['protections']>;

export interface ServerOptions {
  /** Protections that it does without. */
  off?: readonly Protection[];
  /** The port of a proxy, if it reaches Kafka through one. */
  via?: number;
}

/** A PostgreSQL behind a door of one address, since it comes back at another port. */
export class BreakablePostgres {
  readonly #door: Door;

  private constructor(
    private readonly kept: PostgresFolder,
    door: Door,
    /** Through the door. */
    readonly connectionString: string,
  ) {
    this.#door = door;
  }

  static async start(): Promise<BreakablePostgres> {
    const kept = await temporaryPostgresFolder();
    try {
      const url = new URL((await startPostgres({ folder: kept.folder })).connectionString);
      const door = await Door.open(Number(url.port));
      url.port = String(door.port);
      return new BreakablePostgres(kept, door, url.href);
    } catch (error) {
      await kept.remove();
      throw error;
    }
  }

  get logFile(): string {
    return join(this.kept.folder, 'server.log');
  }

  /** SIGKILL of the postmaster: its other processes notice and end. */
  async kill(): Promise<void> {
    const [pid] = (await readFile(join(this.kept.folder, 'cluster', 'data', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  async shutDown(): Promise<void> {
    await stopPostgres(this.kept.folder);
  }

  async startAgain(): Promise<void> {
    const { connectionString } = await startPostgres({ folder: this.kept.folder });
    this.#door.leadTo(Number(new URL(connectionString).port));
  }

  async remove(): Promise<void> {
    this.#door.close();
    await this.kept.remove();
  }
}

/** Leads whoever comes to a port that may change. */
class Door {
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly port: number,
    private readonly server: NetServer,
    private to: number,
  ) {
    server.on('connection', (inner: Socket) => {
      const outer = connect({ host: '127.0.0.1', port: this.to });
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  static async open(to: number): Promise<Door> {
    const port = await freePort();
    const server = createServer();
    const door = new Door(port, server, to);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return door;
  }

  leadTo(port: number): void {
    this.to = port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export class Cluster {
  readonly recorders: Server[] = [];
  readonly projectors: Server[] = [];
  readonly #masterKey = randomBytes(32);
  readonly #keys: KeysFile;

  private constructor(
    readonly folder: string,
    readonly kafka: TemporaryKafka,
    readonly postgres: BreakablePostgres,
  ) {
    this.#keys = new KeysFile(join(folder, 'keys.json'));
  }

  /** @throws NoKafka */
  static async start(): Promise<Cluster> {
    const kafka = await startTemporaryKafka();
    try {
      const postgres = await BreakablePostgres.start();
      return new Cluster(await mkdtemp(join(tmpdir(), 'incident-ledger-chaos-')), kafka, postgres);
    } catch (error) {
      await kafka.stop();
      throw error;
    }
  }

  get servers(): readonly Server[] {
    return [...this.recorders, ...this.projectors];
  }

  /** Started, not ready yet. */
  async recorder(name: string, options: ServerOptions = {}): Promise<Server> {
    return this.#start(this.recorders, 'recorder', name, options, {});
  }

  async projector(name: string, options: ServerOptions = {}): Promise<Server> {
    return this.#start(this.projectors, 'projector', name, options, { DATABASE_URL: this.postgres.connectionString });
  }

  /** What ships, unless something is to be different from it. */
  async #start(
    among: Server[],
    kind: 'recorder' | 'projector',
    name: string,
    { off = [], via }: ServerOptions,
    more: Readonly<Record<string, string>>,
  ): Promise<Server> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args =
      off.length === 0 && via === undefined
        ? [program(`../../apps/${kind}/src/main.js`)]
        : [program(`./${kind}-process.js`), `--off=${off.join()}`, `--via=${via ?? ''}`];
    const environment = {
      HOST: '127.0.0.1',
      PORT: String(port),
      ADVERTISED_URL: url,
      KAFKA_BROKERS: this.kafka.brokers.join(),
      MASTER_KEY: this.#masterKey.toString('base64url'),
      DATA_DIR: this.folder,
      KEYS_FILE: this.#keys.path,
      // As if npm had started it: then it ends with us, whatever ends us.
      npm_lifecycle_event: 'test:chaos',
      ...more,
    };
    const server = new Server(name, url, args, environment, join(this.folder, `${name}.log`));
    among.push(server);
    server.start();
    return server;
  }

  /** An API key that opens everything. */
  async key(): Promise<{ recorder: string; text: string }> {
    const { key, text } = await this.#keys.add({ roles: ['admin'], ledgers: '*' });
    return { recorder: key.id, text };
  }

  /** Reads the log as somebody does who has nothing to do with those who wrote it. The storage is to be closed. */
  reader(): { reader: LogReader; storage: KafkaStorage } {
    const storage = new KafkaStorage({ brokers: this.kafka.brokers });
    const codec = recordCodec();
    return { reader: new LogReader(storage, codec, new MasterKey(this.#masterKey)), storage };
  }

  /** Ends everything. The folder stays, with the logs of the servers, if they are worth a look. */
  async remove({ keepFolder }: { keepFolder: boolean }): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    if (keepFolder) {
      await copyFile(join(this.kafka.folder, 'server.log'), join(this.folder, 'kafka.log')).catch(() => undefined);
      await copyFile(this.postgres.logFile, join(this.folder, 'postgres.log')).catch(() => undefined);
    }
    await Promise.all([this.kafka.stop(), this.postgres.remove()]);
    if (!keepFolder) await rm(this.folder, { recursive: true, force: true });
  }
}
