/**
 * How this room talks to PostgreSQL so that nothing hangs for ever: every statement has a time-out on our side, a broken
 * connection is made anew by the next statement, and closing ends even the sockets of a server that does not answer.
 * A statement that failed without an answer of the server may have happened: callers must say "in doubt", never "failed".
 */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { ClientConfig, QueryConfig, QueryResultRow } from 'pg';

/** Advisory locks share one number space in a database; those of this room have this first number. */
const LOCK_CLASS = 0x4c454447;
/** Held while the schema is made or changed. */
export const SCHEMA_LOCK = [LOCK_CLASS, 1] as const;
/** Held as long as a process uses the log. */
export const INSTANCE_LOCK = [LOCK_CLASS, 2] as const;

const CONNECT_MS_MAX = 5_000;
const GOODBYE_MS_MAX = 1_000;

/** The sockets of some connections. */
export class Sockets {
  readonly #open = new Set<Socket>();

  /** What `pg` calls to make a connection's socket. */
  readonly stream = (): Socket => {
    const socket = new Socket();
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  };

  /** To be called when every connection was told to end: a hanging server gets a moment to do its part. */
  async close(): Promise<void> {
    const deadline = Date.now() + GOODBYE_MS_MAX;
    while (this.#open.size > 0 && Date.now() < deadline) await sleep(5);
    for (const socket of this.#open) socket.destroy();
  }
}

export interface ConnectionSettings {
  connectionString: string;
  /** Shown by pg_stat_activity. */
  name: string;
  sockets: Sockets;
  /** The server gives up waiting for a lock after this … */
  lockMsMax: number;
  /** … ends a statement after this … */
  statementMsMax: number;
  /** … and we stop waiting for the server's answer after this. */
  answerMsMax: number;
}

export function clientConfig(settings: ConnectionSettings): ClientConfig {
  return {
    connectionString: settings.connectionString,
    application_name: `incident-ledger ${settings.name}`,
    stream: settings.sockets.stream,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    lock_timeout: settings.lockMsMax,
    statement_timeout: settings.statementMsMax,
    idle_in_transaction_session_timeout: settings.statementMsMax,
    query_timeout: settings.answerMsMax,
  };
}

/** The same database, where every statement that writes is refused. */
export function readOnly(connectionString: string): string {
  const url = new URL(connectionString);
  url.searchParams.set('options', '-c default_transaction_read_only=on');
  return url.href;
}

/** One connection. Its statements run one after another; after a failure the next one connects anew. */
export class Connection {
  #client: Client | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly settings: ConnectionSettings,
    /** Done first on every new connection. */
    private readonly prepare: (client: Client) => Promise<unknown> = () => Promise.resolve(),
  ) {}

  query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    const result = this.#last.then(() => this.#query<Row>(query));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    if (this.#closed) throw new Error('The storage is closed.');
    const client = this.#client ?? (await this.#connect());
    try {
      return (await client.query<Row>(query)).rows;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.severity !== 'ERROR') this.#drop(client);
      throw error;
    }
  }

  async #connect(): Promise<Client> {
    const client = new Client(clientConfig(this.settings));
    client.on('error', () => this.#drop(client));
    try {
      await client.connect();
      await this.prepare(client);
    } catch (error) {
      this.#drop(client);
      throw error;
    }
    this.#client = client;
    return client;
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    void client.end();
  }

  /** Waits for the statements under way. The owner of the sockets closes them afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    if (this.#client !== undefined) this.#drop(this.#client);
  }
}
