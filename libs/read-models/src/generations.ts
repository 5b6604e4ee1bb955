/**
 * GENERATIONS. Read models are made anew in a schema of their own, beside the live ones: `read_models` is generation 1,
 * `read_models_2` the second. One row outside of all of them says which is live; to switch is to change that row.
 *
 * Whoever reads asks which one at each request, and uses that one for all its statements: names are resolved by the newest
 * catalog even inside REPEATABLE READ, so schemas that were renamed could show one request both. Whoever copies the log
 * asks before each batch; what one still writes into a generation that has just gone disturbs nobody.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { borrow, whileLocked } from './migrate.js';
import { ReadModels } from './read-models.js';

/** Any number of our own: held by the session that makes a generation. */
const REBUILD_LOCK = 7_410_002;
/** How long a lock of tables is waited for before others are let through. */
const LOCK_WAIT = '5s';
/** The connection of a process that was just killed is noticed by the server within moments. */
const LOCK_MS_MAX = 2_000;

export class Generations {
  #latest = 1;
  #models: { schema: string; opening: Promise<ReadModels> } | undefined;

  constructor(readonly pool: Pool) {}

  /** Makes the row that says which generation is live, and the tables of that one, where they are missing. */
  async prepare(): Promise<void> {
    await whileLocked(this.pool, async (client) => {
      await client.query('create schema if not exists incident_ledger');
      await client.query(
        `create table if not exists incident_ledger.live_generation (
           one boolean primary key default true check (one),
           number int not null check (number > 0),
           since timestamptz not null default now()
         )`,
      );
      await client.query('insert into incident_ledger.live_generation (number) values (1) on conflict do nothing');
    });
    await this.models();
  }

  /** The schema that is live now. */
  async live(): Promise<string> {
    return schemaOf(await this.liveNumber());
  }

  async liveNumber(): Promise<number> {
    const { rows } = await this.pool.query<{ number: number }>({
      name: 'live-generation',
      text: 'select number from incident_ledger.live_generation',
    });
    const [row] = rows;
    if (row === undefined) throw new Error('Nothing says which generation of the read models is live: start again.');
    this.#latest = Math.max(this.#latest, row.number);
    return row.number;
  }

  /** The newest generation that was live when somebody last asked; it never falls. */
  get latest(): number {
    return this.#latest;
  }

  /** The live read models, for whoever copies the log. */
  async models(): Promise<ReadModels> {
    const schema = await this.live();
    if (this.#models?.schema !== schema) {
      const opened = { schema, opening: ReadModels.open(this.pool, schema) };
      this.#models = opened;
      opened.opening.catch(() => {
        if (this.#models === opened) this.#models = undefined;
      });
    }
    return this.#models.opening;
  }
}

function schemaOf(number: number): string {
  return number === 1 ? 'read_models' : `read_models_${number}`;
}

/** The generation to come, made by one process at a time; until it takes over nobody else looks at it. */
export class Successor {
  readonly #lost = new AbortController();

  private constructor(
    /** Its session holds the lock. */
    private readonly client: PoolClient,
    private readonly number: number,
    /** The live one that is to be followed. */
    readonly predecessor: ReadModels,
    readonly models: ReadModels,
  ) {
    for (const event of ['error', 'end'] as const)
      client.once(event, () => this.#lost.abort(new Error('The connection to the database was lost.')));
  }

  /**
   * Drops what an interrupted rebuild left behind and makes the empty tables of the next generation. `graceMs` is how long
   * after a switch the tables that were live before may still be read.
   * @throws Error if somebody else is making one
   */
  static async begin(pool: Pool, graceMs: number, signal: AbortSignal): Promise<Successor> {
    const client = await borrow(pool);
    try {
      await takeLock(client);
      const generations = new Generations(pool);
      await generations.prepare();
      const current = await generations.liveNumber();
      await dropOthers(client, current, graceMs, signal);
      const models = await ReadModels.open(pool, schemaOf(current + 1));
      return new Successor(client, current + 1, await generations.models(), models);
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Aborted when the session with the lock was lost, and so another one may begin. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Makes this generation the live one, unless the live one has more of a ledger than it, or something that a record moved is
   * still being worked out in it: then nothing happens, and it has to catch up first. Ledgers of which the log itself has less are `exempt`.
   */
  async takeOver(exempt: readonly string[]): Promise<boolean> {
    const { client } = this;
    const [from, to] = [this.predecessor.schema, this.models.schema];
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = '${LOCK_WAIT}'`);
      // Nobody moves a checkpoint of the live one meanwhile.
      await client.query(`lock table ${from}.checkpoints in share mode`);
      const { rows } = await client.query(
        `select 1 from ${from}.checkpoints f left join ${to}.checkpoints t using (ledger)
          where f.sequence > coalesce(t.sequence, 0) and f.ledger <> all($1)
         union all
         select 1 from ${to}.recomputations limit 1`,
        [exempt],
      );
      if (rows.length === 0) {
        const moved = await client.query(
          'update incident_ledger.live_generation set number = $1, since = now() where number = $2',
          [this.number, this.number - 1],
        );
        if (moved.rowCount !== 1) throw new Error('Another generation of the read models became live meanwhile.');
      }
      await client.query('commit');
      return rows.length === 0;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (isLockTimeout(error)) return false;
      throw error;
    }
  }

  /** Lets go of the lock; with the name of a generation that nobody reads any more, drops that first. */
  async end(toDrop?: ReadModels): Promise<void> {
    try {
      if (toDrop !== undefined) await drop(this.client, toDrop.schema);
    } finally {
      this.client.release(true);
    }
  }
}

async function takeLock(client: PoolClient): Promise<void> {
  const deadline = performance.now() + LOCK_MS_MAX;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      REBUILD_LOCK,
    ]);
    if (rows[0]?.locked === true) return;
    if (performance.now() > deadline) break;
    await pause(100);
  }
  const { rows: holders } = await client.query<{ name: string }>(
    `select application_name as name from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and granted and objid = $1 and objsubid = 1 and datname = current_database()`,
    [REBUILD_LOCK],
  );
  throw new Error(
    `Another rebuild of these read models is under way (${holders[0]?.name ?? 'just ended'}): let it end, or stop it, and start again.`,
  );
}

/** Those that never were live at once; those that were, when nobody may read them any more. */
async function dropOthers(client: PoolClient, current: number, graceMs: number, signal: AbortSignal): Promise<void> {
  const { rows } = await client.query<{ schema: string; was_live: boolean; ms: number }>(
    `select nspname as schema, coalesce(substring(nspname from '\\d+$')::int, 1) < number as was_live,
            (extract(epoch from now() - since) * 1000)::int as ms
       from pg_namespace, incident_ledger.live_generation
      where nspname ~ '^read_models(_[0-9]{1,9})?$' and coalesce(substring(nspname from '\\d+$')::int, 1) <> $1`,
    [current],
  );
  for (const { schema, was_live: wasLive, ms } of rows) {
    if (wasLive && ms < graceMs) await pause(graceMs - ms, undefined, { signal });
    await drop(client, schema);
  }
}

async function drop(client: PoolClient, schema: string): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_WAIT}'`);
  await client.query(`drop schema if exists ${schema} cascade`);
}

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03';
}
