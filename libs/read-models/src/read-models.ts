/**
 * One generation of read models in Postgres: takes records in, in the order of the log, exactly once each. What the rows
 * are, `projection.ts` says; this only loads what it needs and writes what it says, in one transaction a batch.
 */
import type { Pool, PoolClient } from 'pg';
import type { ReadRecord } from '#ledger';
import { inTransaction, migrate } from './migrate.js';
import type { LedgerRecord } from '#domain';
import { project } from './projection.js';
import { catchUp, openRecomputations, recomputeSlice, type RulesAt } from './recomputations.js';
import type { Rules, Sources } from './recompute.js';
import { RowBatch, TABLES } from './rows.js';
import { loadRules, loadSources } from './sources.js';
import { mayMove } from './touched.js';

/** Somebody else moved the checkpoint, or the log was replaced: nothing was written; look where it stands now. */
export class CheckpointMoved extends Error {
  constructor(ledger: string) {
    super(`The read models of ${ledger} do not stand where this projector left them: another one is at work.`);
    this.name = 'CheckpointMoved';
  }
}

/** How far a ledger is in the tables, and by which record one knows its log again. */
export interface LastRecord {
  sequence: number;
  place: string | undefined;
  bytes: Uint8Array;
}

/** How much is done in one transaction. */
export interface Portions {
  /** So many incidents and scopes a record may touch and still be projected at once. */
  touched: number;
  /** So many are worked out at once of what is more. */
  slice: number;
}

const PORTIONS: Portions = { touched: 1_000, slice: 1_000 };

/** Fewer records than this are quick to read however that is done. */
const STATISTICS_FROM = 1_000;

export class ReadModels {
  /** Registers and policies as of each ledger's checkpoint, kept between batches; forgotten whenever a batch fails. */
  /** As of the last record that this process has written: of no use where another one has gone on since. */
  readonly #rules = new Map<string, { sequence: number; rules: Rules }>();
  readonly #rulesAt: RulesAt = new Map();
  /** Records of which the statistics of the tables know, as far as that was asked, and those written since. */
  #seen: number | undefined;
  #unseen = 0;

  private constructor(
    readonly pool: Pool,
    readonly schema: string,
    private readonly portions: Portions,
  ) {}

  static async open(pool: Pool, schema = 'read_models', portions = PORTIONS): Promise<ReadModels> {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new Error(`${schema} is no name for a schema.`);
    await migrate(pool, schema);
    return new ReadModels(pool, schema, portions);
  }

  /** The ledgers of which records are in the tables, with how many. */
  async checkpoints(): Promise<Map<string, number>> {
    const { rows } = await this.pool.query<{ ledger: string; sequence: string }>(
      `select ledger, sequence from ${this.schema}.checkpoints`,
    );
    return new Map(rows.map(({ ledger, sequence }) => [ledger, Number(sequence)]));
  }

  /** The last record of a ledger that is in the tables: none has the sequence 0. */
  async last(ledger: string): Promise<LastRecord> {
    const { rows } = await this.pool.query<{ sequence: string; place: string | null; bytes: Buffer }>(
      `select c.sequence, c.place, e.bytes from ${this.schema}.checkpoints c
         join ${this.schema}.events e on e.ledger = c.ledger and e.sequence = c.sequence
        where c.ledger = $1`,
      [ledger],
    );
    const [row] = rows;
    if (row === undefined) return { sequence: 0, place: undefined, bytes: Buffer.alloc(0) };
    return { sequence: Number(row.sequence), place: row.place ?? undefined, bytes: row.bytes };
  }

  /** Writes the rows of the records after `after`, all or none. @throws CheckpointMoved */
  async apply(ledger: string, after: number, entries: readonly ReadRecord[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    const known = this.#rules.get(ledger);
    this.#rules.delete(ledger);
    const here = known?.sequence === after ? known.rules : undefined;
    const rules = await inTransaction(this.pool, async (client) => {
      await this.#moveCheckpoint(client, ledger, after, last);
      let then = here ?? (await loadRules(client, this.schema, { ledger, sequence: after }));
      await this.#writeEvents(client, entries);
      for (const records of segments(entries)) then = await this.#project(client, ledger, records, then);
      return then;
    });
    this.#rules.set(ledger, { sequence: last.record.sequence, rules });
    await this.#keepStatistics(entries.length);
  }

  /**
   * Works out one more slice of what a record moved that did not fit into its own transaction; false where there is nothing
   * left. Between batches, until it says so.
   */
  recompute(ledger: string): Promise<boolean> {
    return recomputeSlice(this.pool, this.schema, ledger, this.portions.slice, this.#rulesAt);
  }

  async #project(client: PoolClient, ledger: string, records: readonly LedgerRecord[], rules: Rules): Promise<Rules> {
    const batch = new RowBatch(ledger);
    const load = (): Promise<Sources> =>
      loadSources(client, this.schema, ledger, records, rules, this.portions.touched);
    let sources = await load();
    const open = await openRecomputations(client, this.schema, ledger);
    if (open.length > 0) {
      await catchUp(client, this.schema, ledger, open, [...sources.abouts.keys()], this.#rulesAt);
      sources = await load();
    }
    for (const record of records) project(record, sources, batch);
    await batch.write(client, this.schema);
    const { registers, policies } = sources;
    return { registers, policies };
  }

  /** Notes that nothing followed in the log at that time. Several projectors may say so: the latest counts. */
  async noteEnd(ledger: string, at: Date): Promise<void> {
    await this.pool.query(
      `insert into ${this.schema}.standing as s (ledger, at_end) values ($1, $2)
       on conflict (ledger) do update set at_end = greatest(s.at_end, excluded.at_end)`,
      [ledger, at],
    );
  }

  /**
   * Has the database look at the tables whenever they have doubled. Its autovacuum comes by once a minute; until then it
   * takes tables that were just filled for tiny, and plans for thousands of rows what it would do with one.
   */
  async #keepStatistics(written: number): Promise<void> {
    this.#unseen += written;
    if (this.#unseen < STATISTICS_FROM) return;
    this.#seen ??= await this.#recordsSeen();
    if (this.#unseen < this.#seen) return;
    await this.pool.query(`analyze ${TABLES.map((table) => `${this.schema}.${table}`).join(', ')}`);
    this.#seen += this.#unseen;
    this.#unseen = 0;
  }

  /** How many records there were when somebody last looked at the tables; -1 stands for never. */
  async #recordsSeen(): Promise<number> {
    const { rows } = await this.pool.query<{ seen: number }>(
      'select greatest(reltuples, 0) as seen from pg_class where oid = $1::regclass',
      [`${this.schema}.events`],
    );
    return rows[0]?.seen ?? 0;
  }

  /** First of all, by compare-and-set: a second projector waits here, and then sees that it is too late. */
  async #moveCheckpoint(client: PoolClient, ledger: string, after: number, last: ReadRecord): Promise<void> {
    const { sequence, recordedtime } = last.record;
    const place = last.place ?? null;
    const moved =
      after === 0
        ? await client.query(
            `insert into ${this.schema}.checkpoints (ledger, sequence, recordedtime, place) values ($1, $2, $3, $4)
             on conflict do nothing`,
            [ledger, sequence, recordedtime, place],
          )
        : await client.query(
            `update ${this.schema}.checkpoints set sequence = $2, recordedtime = $3, place = $5
              where ledger = $1 and sequence = $4`,
            [ledger, sequence, recordedtime, after, place],
          );
    if (moved.rowCount !== 1) throw new CheckpointMoved(ledger);
  }

  async #writeEvents(client: PoolClient, entries: readonly ReadRecord[]): Promise<void> {
    await client.query(
      `insert into ${this.schema}.events (ledger, sequence, type, subject, recordedtime, commandid, recorder, bytes)
       select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])`,
      [
        entries.map(({ record }) => record.ledger),
        entries.map(({ record }) => record.sequence),
        entries.map(({ record }) => record.name),
        entries.map(({ record }) => record.data.changes[0]?.entity),
        entries.map(({ record }) => record.recordedtime),
        entries.map(({ record }) => record.commandid),
        entries.map(({ record }) => record.recorder),
        entries.map(({ bytes }) => Buffer.from(bytes)),
      ],
    );
  }
}

/** Records in their order; one that may move more than it names stands by itself. */
function segments(entries: readonly ReadRecord[]): LedgerRecord[][] {
  const found: LedgerRecord[][] = [];
  let isOpen = false;
  for (const { record } of entries) {
    const moves = mayMove(record);
    if (isOpen && !moves) found.at(-1)?.push(record);
    else found.push([record]);
    isOpen = !moves;
  }
  return found;
}
