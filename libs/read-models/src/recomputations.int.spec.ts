/**
 * One change of a register that moves every figure of 2,500 incidents: the stream goes on, whoever asks is told what is not
 * final, and in the end the rows are those of a projection that did it all at once. Whatever comes in between.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Command } from '#domain';
import type { ReadRecord } from '#ledger';
import { attacks, factsOf, freshDatabase, killed, recordsOf, reparent, statementOf } from '#testing';
import { ledgerStandings } from './moment.js';
import { CheckpointMoved, ReadModels, type Portions } from './read-models.js';

const ALL_AT_ONCE: Portions = { touched: 1_000_000, slice: 1_000_000 };
const TABLES = ['claims', 'incidents', 'parties', 'positions', 'figures', 'recomputations', 'recomputed', 'events'];

let pool: Pool;
beforeEach(async () => {
  pool = new Pool({ connectionString: await freshDatabase(), max: 12 });
});
afterEach(() => pool.end());

const entriesOf = (commands: readonly Command[]): ReadRecord[] => {
  const entries = recordsOf('attacks', factsOf(commands));
  expect(entries).toHaveLength(commands.length);
  return entries;
};

async function apply(models: ReadModels, entries: readonly ReadRecord[], from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 500) {
    await models.apply('attacks', at, entries.slice(at, Math.min(at + 500, to)));
  }
}

async function rowsIn(schema: string): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of TABLES) {
    const found = await pool.query<{ row: string }>(`select t::text as row from ${schema}.${table} t order by 1`);
    rows[table] = found.rows.map(({ row }) => row);
  }
  return rows;
}

/** What a projection says that nothing ever interrupts. */
async function undisturbed(entries: readonly ReadRecord[]): Promise<Record<string, string[]>> {
  const models = await ReadModels.open(pool, 'undisturbed', ALL_AT_ONCE);
  await apply(models, entries, 0, entries.length);
  expect(await models.recompute('attacks')).toBe(false);
  return rowsIn('undisturbed');
}

/** How many incidents have which figure as of a record. */
async function killedAsOf(schema: string, sequence: number, incidents?: string[]): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ best: string; count: string }>(
    `select best, count(*) from ${schema}.figures where predicate = 'killed' and policy = 'latest-official' and who = ''
        and from_seq <= $1 and (to_seq is null or to_seq > $1) and ($2::text[] is null or about = any($2)) group by 1`,
    [sequence, incidents ?? null],
  );
  return Object.fromEntries(rows.map(({ best, count }) => [best, Number(count)]));
}

const unsettled = async (schema: string) => (await ledgerStandings(pool, schema, 'attacks'))[0]?.unsettled;

describe('2,500 incidents of which every figure moves', () => {
  const COUNT = 2_500;
  const before = [...attacks(COUNT)];
  const moved = before.length + 1;
  const commands = [
    ...before,
    reparent(1, 'us'),
    statementOf('us-later', 'us', [killed('i-7', 3), killed('i-2400', 3)]),
  ];

  test('what follows is taken in before they are worked out, and everything is right as of every record', async () => {
    const entries = entriesOf(commands);
    const models = await ReadModels.open(pool, 'sliced');
    await apply(models, entries, 0, moved - 1);
    expect(await unsettled('sliced')).toBeNull();
    await apply(models, entries, moved - 1, moved);
    expect(await unsettled('sliced')).toBe(moved);
    expect(await killedAsOf('sliced', moved)).toEqual({ 5: COUNT });

    // The stream is not held up: the next record is in the tables, and right, while nothing else is.
    await apply(models, entries, moved, moved + 1);
    const named = ['i-7', 'i-2400'];
    expect(await killedAsOf('sliced', moved - 1, named)).toEqual({ 5: 2 });
    expect(await killedAsOf('sliced', moved, named)).toEqual({ 2: 2 });
    expect(await killedAsOf('sliced', moved + 1, named)).toEqual({ 3: 2 });
    expect(await killedAsOf('sliced', moved)).toEqual({ 5: COUNT - 2, 2: 2 });
    expect(await unsettled('sliced')).toBe(moved);

    for (const left of [COUNT - 2 - 1_000, COUNT - 2 - 2_000, 0]) {
      expect(await models.recompute('attacks')).toBe(true);
      expect(await killedAsOf('sliced', moved)).toEqual({ ...(left > 0 && { 5: left }), 2: COUNT - left });
      expect(await unsettled('sliced')).toBe(left > 0 ? moved : null);
    }
    expect(await models.recompute('attacks')).toBe(false);
    expect(await killedAsOf('sliced', moved - 1)).toEqual({ 5: COUNT });
    expect(await killedAsOf('sliced', moved + 1)).toEqual({ 2: COUNT - 2, 3: 2 });
    expect(await rowsIn('sliced')).toEqual(await undisturbed(entries));
  }, 90_000);
});

describe('two projectors on one ledger', () => {
  const COUNT = 60;
  const small: Portions = { touched: 10, slice: 7 };
  const later = (n: number): Command => statementOf(`later-${n}`, 'us', [killed(`i-${(n * 13) % COUNT}`, n + 10)]);
  const before = [...attacks(COUNT)];
  const moving = [
    reparent(1, 'us'),
    later(0),
    later(1),
    reparent(2),
    later(2),
    reparent(3, 'them'),
    later(3),
    later(4),
  ];

  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));

  async function waiting(count: number): Promise<void> {
    for (;;) {
      const { rows } = await pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (rows.length >= count) return;
    }
  }

  test('whichever comes first, again and again: the rows are those of one', async () => {
    const entries = entriesOf([...before, ...moving]);
    const projectors = [await ReadModels.open(pool, 'two', small), await ReadModels.open(pool, 'two', small)];
    await apply(projectors[0] as ReadModels, entries, 0, before.length);
    const run = async (models: ReadModels): Promise<void> => {
      for (;;) {
        const { sequence } = await models.last('attacks');
        const next = entries.slice(sequence, sequence + 1);
        await models.apply('attacks', sequence, next).catch((error: unknown) => {
          if (!(error instanceof CheckpointMoved)) throw error;
        });
        if (!(await models.recompute('attacks')) && sequence === entries.length) return;
      }
    };
    await Promise.all(projectors.map(run));
    expect(await rowsIn('two')).toEqual(await undisturbed(entries));
  }, 60_000);

  test('one that comes to list what the other has done by then does nothing', async () => {
    const entries = entriesOf([...before, ...moving.slice(0, 2)]);
    const fast = await ReadModels.open(pool, 'late', small);
    const slowPool = new Pool({ connectionString: pool.options.connectionString });
    try {
      const slow = await ReadModels.open(slowPool, 'late', small);
      await apply(fast, entries, 0, before.length + 1);
      // It looks what is to be done, and then stands still for long.
      const [found, goOn] = [new AbortController(), new AbortController()];
      const query = slowPool.query.bind(slowPool) as (...given: unknown[]) => Promise<unknown>;
      slowPool.query = (async (...given: unknown[]) => {
        const answer = await query(...given);
        found.abort();
        await aborted(goOn.signal);
        return answer;
      }) as unknown as typeof slowPool.query;
      const slice = slow.recompute('attacks');
      await aborted(found.signal);
      while (await fast.recompute('attacks'));
      await apply(fast, entries, before.length + 1, entries.length);
      goOn.abort();
      await slice;
      while (await slow.recompute('attacks'));
      expect(await rowsIn('late')).toEqual(await undisturbed(entries));
    } finally {
      await slowPool.end();
    }
  }, 60_000);

  test('a slice waits for the batch that is under way, and does not do over what that has done', async () => {
    // The first of the second slice, in the order in which slices go.
    const next = Array.from({ length: COUNT }, (_, n) => `i-${n}`).sort()[small.slice] ?? '';
    const entries = entriesOf([...before, reparent(1, 'us'), statementOf('meanwhile', 'us', [killed(next, 9)])]);
    const [one, other] = [await ReadModels.open(pool, 'waits', small), await ReadModels.open(pool, 'waits', small)];
    await apply(one, entries, 0, before.length + 1);
    expect(await one.recompute('attacks')).toBe(true);
    // Nobody gets past his first new row until this is let go.
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('lock table waits.positions in share mode');
    const batch = apply(one, entries, before.length + 1, entries.length);
    await waiting(1);
    const slice = other.recompute('attacks');
    await waiting(2);
    await holder.query('commit');
    holder.release();
    await Promise.all([batch, slice]);
    while (await other.recompute('attacks'));
    expect(await rowsIn('waits')).toEqual(await undisturbed(entries));
  }, 60_000);
});
