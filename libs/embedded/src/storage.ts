/**
 * The log on PostgreSQL: the default storage of one machine.
 *
 * Fencing rests on one row for each ledger, `ledgers.epoch`. A term is taken by raising it; an append is one statement
 * that locks the row FOR SHARE under its own epoch and inserts. So taking a term waits for an append under way, even one
 * whose client is gone, and an append that comes later finds no row. It must stay one statement: a transaction of several
 * round trips would keep the lock while its process is stopped between two of them, and nobody could take over.
 */
import { DatabaseError, Pool } from 'pg';
import type { QueryConfig, QueryResultRow } from 'pg';
import { Fenced, MissingRecords, NotNow, RECORD_BYTES_MAX, Refused, UnknownLedger } from '#ledger';
import type { LedgerStorage, StoredRecord, Term, WrappedKey } from '#ledger';
import { APPENDED_CHANNEL, AppendWatch } from './append-watch.js';
import { clientConfig, Connection, readOnly, Sockets } from './connection.js';
import { prepareSchema } from './schema.js';

/** An append waits for nothing but somebody taking a term, which is short. */
const APPEND_LIMITS = { lockMsMax: 3_000, statementMsMax: 6_000, answerMsMax: 8_000 };
/** Taking a term waits for an append, so it must have more patience than that. */
const OTHER_LIMITS = { lockMsMax: 8_000, statementMsMax: 10_000, answerMsMax: 12_000 };
const POOL_SIZE = 5;
/** Of some 50 KiB each. */
const PARTS_AT_ONCE = 32;

export interface EmbeddedStorageOptions {
  /** Asked before each term; throws NotNow while the database is another process'. Left out: it never is. */
  assertOurs?: () => Promise<void>;
  /** Asked before each append; throws NotNow where there is no room. Left out: there always is. */
  assertRoom?: () => Promise<void>;
  /** For tests only. */
  protections?: Partial<Protections>;
}

/** What keeps the log right, each to be switched off by a test that shows what it is for. */
export interface Protections {
  /** An append asks whether its term is still the newest. */
  fence: boolean;
  /** It locks the epoch's row, so that the next term waits for it. */
  lock: boolean;
  /** Answers that append nothing are proved by the epoch. */
  probe: boolean;
  /** An append is answered when it is on the disk. */
  durable: boolean;
}

const ALL_PROTECTIONS: Protections = { fence: true, lock: true, probe: true, durable: true };

export class EmbeddedStorage implements LedgerStorage {
  readonly #sockets = new Sockets();
  readonly #appends: Connection;
  readonly #watch: AppendWatch;
  readonly #pool: Pool;
  readonly #protections: Protections;
  #closing: Promise<void> | undefined;

  /** Makes the tables where they are missing. */
  static async open(connectionString: string, options: EmbeddedStorageOptions = {}): Promise<EmbeddedStorage> {
    await prepareSchema(connectionString);
    return new EmbeddedStorage(connectionString, options);
  }

  /** For whoever only looks: nothing is made or brought to a newer form, and the server refuses every write. */
  static toRead(connectionString: string): EmbeddedStorage {
    return new EmbeddedStorage(readOnly(connectionString), {});
  }

  private constructor(
    connectionString: string,
    private readonly options: EmbeddedStorageOptions,
  ) {
    this.#protections = { ...ALL_PROTECTIONS, ...options.protections };
    const common = { connectionString, sockets: this.#sockets };
    this.#appends = new Connection({ ...common, ...APPEND_LIMITS, name: 'append' }, async (client) => {
      if (!this.#protections.durable) await client.query('SET synchronous_commit = off');
    });
    this.#watch = new AppendWatch({ ...common, ...OTHER_LIMITS, name: 'watch' });
    this.#pool = new Pool({ ...clientConfig({ ...common, ...OTHER_LIMITS, name: 'read' }), max: POOL_SIZE });
    // An idle connection broke; the pool replaces it.
    this.#pool.on('error', () => {});
  }

  async ledgers(): Promise<string[]> {
    const rows = await this.#query<{ ledger: string }>({
      name: 'ledgers',
      text: 'SELECT ledger FROM ledger_log.ledgers ORDER BY ledger',
    });
    return rows.map(({ ledger }) => ledger);
  }

  async create(ledger: string, keys: WrappedKey[]): Promise<void> {
    await this.#query({
      name: 'create',
      text: `
        WITH made AS (
          INSERT INTO ledger_log.ledgers (ledger) VALUES ($1) ON CONFLICT DO NOTHING RETURNING ledger
        )
        INSERT INTO ledger_keys.keys (ledger, keyid, wrapped)
        SELECT made.ledger, k.keyid, k.wrapped FROM made, unnest($2::text[], $3::bytea[]) AS k (keyid, wrapped)`,
      values: [ledger, keys.map(({ keyid }) => keyid), byteaArray(keys.map(({ wrapped }) => wrapped))],
    });
  }

  async keys(ledger: string, keyids: string[]): Promise<WrappedKey[]> {
    return this.#query<{ keyid: string; wrapped: Buffer }>({
      name: 'keys',
      text: 'SELECT keyid, wrapped FROM ledger_keys.keys WHERE ledger = $1 AND keyid = ANY ($2::text[])',
      values: [ledger, keyids],
    });
  }

  async takeTerm(ledger: string): Promise<Term> {
    await this.options.assertOurs?.();
    const [row] = await this.#query<{ epoch: string }>({
      name: 'take-term',
      text: 'UPDATE ledger_log.ledgers SET epoch = epoch + 1 WHERE ledger = $1 RETURNING epoch',
      values: [ledger],
    });
    if (row === undefined) throw new UnknownLedger(ledger);
    const number = Number(row.epoch);
    return {
      number,
      append: (first, records, keys) => this.#append(ledger, number, first, records, keys),
      prove: () => this.#prove(ledger, number),
      keepPart: (snapshot, part, bytes) => this.#keepPart(ledger, number, snapshot, part, bytes),
      keepSnapshot: (snapshot, manifest) => this.#keepSnapshot(ledger, number, snapshot, manifest),
    };
  }

  async read(ledger: string, after: number, limit = 1_000): Promise<StoredRecord[]> {
    const rows = await this.#query<{ sequence: string; bytes: Buffer }>({
      name: 'read',
      text: `SELECT sequence, bytes FROM ledger_log.records
             WHERE ledger = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
      values: [ledger, after, limit],
    });
    if (rows.length === 0) await this.end(ledger);
    const records = rows.map(({ sequence, bytes }) => ({ sequence: Number(sequence), bytes }));
    const gap = records.findIndex(({ sequence }, index) => sequence !== after + index + 1);
    const found = records[gap]?.sequence;
    if (found === undefined) return records;
    // What lies before it is as good as ever.
    if (gap > 0) return records.slice(0, gap);
    throw new MissingRecords(ledger, after + 1, found);
  }

  async snapshot(ledger: string): ReturnType<LedgerStorage['snapshot']> {
    const [kept] = await this.#query<{ snapshot: string; manifest: Buffer }>({
      name: 'snapshot',
      text: 'SELECT snapshot, manifest FROM ledger_log.snapshots WHERE ledger = $1',
      values: [ledger],
    });
    return kept && { manifest: kept.manifest, parts: this.#partsOf(ledger, kept.snapshot) };
  }

  async *#partsOf(ledger: string, snapshot: string): AsyncGenerator<Uint8Array> {
    for (let from = 0; ;) {
      const rows = await this.#query<{ bytes: Buffer }>({
        name: 'snapshot-parts',
        text: `SELECT bytes FROM ledger_log.snapshot_parts
               WHERE ledger = $1 AND snapshot = $2 AND part >= $3 ORDER BY part LIMIT $4`,
        values: [ledger, snapshot, from, PARTS_AT_ONCE],
      });
      for (const { bytes } of rows) yield bytes;
      if (rows.length < PARTS_AT_ONCE) return;
      from += rows.length;
    }
  }

  async end(ledger: string): Promise<number> {
    const [row] = await this.#query<{ last: string }>({
      name: 'end',
      text: `SELECT (SELECT coalesce(max(sequence), 0) FROM ledger_log.records WHERE ledger = $1) AS last
             FROM ledger_log.ledgers WHERE ledger = $1`,
      values: [ledger],
    });
    if (row === undefined) throw new UnknownLedger(ledger);
    return Number(row.last);
  }

  async behind(ledger: string, after: number): Promise<number> {
    return Math.max(0, (await this.end(ledger)) - after);
  }

  onAppend(notify: (ledger: string) => void): () => void {
    return this.#watch.subscribe(notify);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // An append under way deserves its answer, or its time-out. Who still reads is cut off after a moment.
    await this.#appends.close();
    const others = Promise.all([this.#watch.close(), this.#pool.end()]);
    await this.#sockets.close();
    await others;
  }

  async #query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(query)).rows;
    } catch (error) {
      throw fullOr(error);
    }
  }

  async #append(
    ledger: string,
    epoch: number,
    first: number,
    records: readonly Uint8Array[],
    keys: readonly WrappedKey[],
  ): Promise<undefined> {
    for (const { byteLength } of records) {
      if (byteLength > RECORD_BYTES_MAX) throw new Refused(`it has ${byteLength} bytes, over ${RECORD_BYTES_MAX}.`);
    }
    await this.options.assertRoom?.();
    const { fence, lock } = this.#protections;
    let row: { last: string; fits: boolean } | undefined;
    try {
      // `last` is looked up, not kept in the ledger's row: updating that row at every append would be as fast, but its
      // dead versions pile up, and slow every append down, as long as anybody keeps an old snapshot (a backup does).
      [row] = await this.#appends.query<{ last: string; fits: boolean }>({
        name: 'append',
        text: `
          WITH mine AS (
            SELECT (SELECT coalesce(max(sequence), 0) FROM ledger_log.records WHERE ledger = $1::text) AS last
            FROM ledger_log.ledgers WHERE ledger = $1::text AND (epoch = $2::bigint OR NOT ${fence})
            ${lock ? 'FOR SHARE' : ''}
          ), fitting AS (
            SELECT FROM mine WHERE last = $3::bigint - 1
          ), new_keys AS (
            INSERT INTO ledger_keys.keys (ledger, keyid, wrapped)
            SELECT $1::text, k.keyid, k.wrapped FROM fitting, unnest($5::text[], $6::bytea[]) AS k (keyid, wrapped)
          ), new_records AS (
            INSERT INTO ledger_log.records (ledger, sequence, bytes)
            SELECT $1::text, $3::bigint - 1 + r.place, r.bytes
            FROM fitting, unnest($4::bytea[]) WITH ORDINALITY AS r (bytes, place)
            RETURNING sequence
          )
          SELECT
            last,
            EXISTS (SELECT FROM fitting) AS fits,
            (SELECT pg_notify('${APPENDED_CHANNEL}', $1::text || ' ' || max(sequence))
             FROM new_records HAVING count(*) > 0)
          FROM mine`,
        values: [
          ledger,
          epoch,
          first,
          byteaArray(records),
          keys.map(({ keyid }) => keyid),
          byteaArray(keys.map(({ wrapped }) => wrapped)),
        ],
      });
    } catch (error) {
      throw isHopeless(error) ? new Refused(error.message, { cause: error }) : fullOr(error);
    }
    if (row === undefined) throw new Fenced(ledger);
    if (!row.fits) throw new Error(`The log of ${ledger} ends at ${row.last}, so ${first} cannot be the next.`);
    return undefined;
  }

  async #keepPart(ledger: string, epoch: number, snapshot: string, part: number, bytes: Uint8Array): Promise<void> {
    await this.options.assertRoom?.();
    await this.#keep(ledger, {
      name: 'keep-part',
      text: `
        INSERT INTO ledger_log.snapshot_parts (ledger, snapshot, part, bytes)
        SELECT ledger, $3::text, $4::integer, $5::bytea
        FROM ledger_log.ledgers WHERE ledger = $1::text AND epoch = $2::bigint FOR SHARE
        RETURNING part`,
      values: [ledger, epoch, snapshot, part, bytes],
    });
  }

  async #keepSnapshot(ledger: string, epoch: number, snapshot: string, manifest: Uint8Array): Promise<void> {
    await this.#keep(ledger, {
      name: 'keep-snapshot',
      text: `
        WITH mine AS (
          SELECT ledger FROM ledger_log.ledgers WHERE ledger = $1::text AND epoch = $2::bigint FOR SHARE
        ), gone AS (
          DELETE FROM ledger_log.snapshot_parts USING mine
          WHERE snapshot_parts.ledger = mine.ledger AND snapshot <> $3::text
        )
        INSERT INTO ledger_log.snapshots (ledger, snapshot, manifest)
        SELECT ledger, $3::text, $4::bytea FROM mine
        ON CONFLICT (ledger) DO UPDATE SET snapshot = excluded.snapshot, manifest = excluded.manifest
        RETURNING snapshot`,
      values: [ledger, epoch, snapshot, manifest],
    });
  }

  /** Writes something of a snapshot, which gives a row back only in the newest term. */
  async #keep(ledger: string, query: QueryConfig): Promise<void> {
    let kept: readonly object[];
    try {
      kept = await this.#appends.query(query);
    } catch (error) {
      throw fullOr(error);
    }
    if (kept.length === 0) throw new Fenced(ledger);
  }

  async #prove(ledger: string, epoch: number): Promise<void> {
    const [row] = await this.#query<{ epoch: string }>({
      name: 'prove',
      text: 'SELECT epoch FROM ledger_log.ledgers WHERE ledger = $1',
      values: [ledger],
    });
    if (Number(row?.epoch) !== epoch && this.#protections.probe) throw new Fenced(ledger);
  }
}

/** The server answered that it will never take this: bad data (22), too much of it (54), against a check or a known key. */
function isHopeless(error: unknown): error is DatabaseError {
  if (!(error instanceof DatabaseError) || error.severity !== 'ERROR') return false;
  const { code = '', constraint } = error;
  return /^(22|54)/.test(code) || code === '23514' || (code === '23505' && constraint === 'keys_pkey');
}

const DISK_FULL = 'The disk of the data folder is full. Make room there, and all goes on by itself.';

/** A statement for which there was no room has done nothing, and may be repeated when there is some. */
function fullOr(error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.severity !== 'ERROR' || error.code !== '53100') return error;
  return new NotNow('storage-full', DISK_FULL, { cause: error });
}

/** The binary form of a bytea[]: `pg` would write hexadecimal text, which takes twice the time for a large batch. */
function byteaArray(items: readonly Uint8Array[]): Buffer {
  const BYTEA_OID = 17;
  const header = items.length === 0 ? [0, 0, BYTEA_OID] : [1, 0, BYTEA_OID, items.length, 1];
  const array = Buffer.allocUnsafe(items.reduce((size, item) => size + 4 + item.byteLength, header.length * 4));
  let offset = 0;
  for (const word of header) offset = array.writeInt32BE(word, offset);
  for (const item of items) {
    offset = array.writeInt32BE(item.byteLength, offset);
    array.set(item, offset);
    offset += item.byteLength;
  }
  return array;
}
