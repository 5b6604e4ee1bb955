/**
 * RECOMPUTATIONS. A change of a register, a policy or a document can move every figure there is. What is too much for the
 * transaction of the record is worked out afterwards, as of that record, in slices, between the batches of what follows:
 * the stream never waits for it. What a later record touches is worked out before that record, so that rows follow each
 * other in the order of the log. Until none is left, whoever answers says so (`final`).
 */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from './migrate.js';
import { reconsider, type Rules } from './recompute.js';
import { RowBatch } from './rows.js';
import { loadRules, loadSourcesAt, touchedSql } from './sources.js';

export interface Recomputation {
  /** The record as of which it is. */
  sequence: number;
  listed: boolean;
}

/** By ledger, the rules as of the recomputation under way: the same for all of its slices. */
export type RulesAt = Map<string, { sequence: number; rules: Rules }>;

export async function openRecomputations(
  client: Pool | PoolClient,
  schema: string,
  ledger: string,
): Promise<Recomputation[]> {
  const { rows } = await client.query<{ sequence: string; listed: boolean }>(
    `select sequence, listed from ${schema}.recomputations where ledger = $1 order by sequence`,
    [ledger],
  );
  return rows.map(({ sequence, listed }) => ({ sequence: Number(sequence), listed }));
}

/** Before later records touch these: does what is left to do of them, as of each record that moved them, in order. */
export async function catchUp(
  client: PoolClient,
  schema: string,
  ledger: string,
  open: readonly Recomputation[],
  keys: readonly string[],
  rulesAt: RulesAt,
): Promise<void> {
  for (const { sequence, listed } of open) {
    // What is not listed yet may be touched, or not: done either way.
    const taken = listed
      ? `update ${schema}.recomputed set done = true
          where ledger = $1 and sequence = $2 and about = any($3) and not done returning about`
      : `insert into ${schema}.recomputed as r (ledger, sequence, about, done)
           select $1, $2, key, true from unnest($3::text[]) key
         on conflict (ledger, sequence, about) do update set done = true where not r.done returning about`;
    const { rows } = await client.query<{ about: string }>(taken, [ledger, sequence, keys]);
    await recomputeAt(
      client,
      schema,
      ledger,
      sequence,
      rows.map(({ about }) => about),
      rulesAt,
    );
  }
}

/** One slice of the first recomputation of a ledger; false where there is none. */
export async function recomputeSlice(
  pool: Pool,
  schema: string,
  ledger: string,
  slice: number,
  rulesAt: RulesAt,
): Promise<boolean> {
  const [first] = await openRecomputations(pool, schema, ledger);
  if (first === undefined) return false;
  if (!first.listed) await list(pool, schema, ledger, first.sequence);
  const { sequence } = first;
  await inTransaction(pool, async (client) => {
    // Batches move the checkpoint first of all: so one of both waits for the other.
    await client.query(`select 1 from ${schema}.checkpoints where ledger = $1 for update`, [ledger]);
    const { rows } = await client.query<{ about: string }>(
      `update ${schema}.recomputed set done = true
        where ledger = $1 and sequence = $2 and about in (
          select about from ${schema}.recomputed
           where ledger = $1 and sequence = $2 and not done order by about limit $3)
        returning about`,
      [ledger, sequence, slice],
    );
    const keys = rows.map(({ about }) => about);
    await recomputeAt(client, schema, ledger, sequence, keys, rulesAt);
    if (keys.length === slice) return;
    rulesAt.delete(ledger);
    for (const table of ['recomputed', 'recomputations']) {
      await client.query(`delete from ${schema}.${table} where ledger = $1 and sequence = $2`, [ledger, sequence]);
    }
  });
  return true;
}

/**
 * Notes everything that the record touches: what held as of it never changes, so no batch need wait meanwhile. Another
 * projector may be at the same, or may have done all of it by now: then nothing is noted once more.
 */
function list(pool: Pool, schema: string, ledger: string, sequence: number): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ ids: string[] | null }>(
      `select ids from ${schema}.recomputations where ledger = $1 and sequence = $2 and not listed for update`,
      [ledger, sequence],
    );
    const [open] = rows;
    if (open === undefined) return;
    await client.query(
      `with listed as (
         insert into ${schema}.recomputed (ledger, sequence, about, done)
         select $1, $2, about, false from (${touchedSql(schema)}) touched on conflict do nothing)
       update ${schema}.recomputations set listed = true where ledger = $1 and sequence = $2`,
      [ledger, sequence, open.ids],
    );
  });
}

async function recomputeAt(
  client: PoolClient,
  schema: string,
  ledger: string,
  sequence: number,
  keys: readonly string[],
  rulesAt: RulesAt,
): Promise<void> {
  if (keys.length === 0) return;
  const moment = { ledger, sequence };
  let known = rulesAt.get(ledger);
  if (known?.sequence !== sequence) {
    known = { sequence, rules: await loadRules(client, schema, moment) };
    rulesAt.set(ledger, known);
  }
  const sources = await loadSourcesAt(client, schema, moment, keys, known.rules);
  const batch = new RowBatch(ledger);
  for (const key of keys) reconsider(key, sources, batch, sequence);
  await batch.write(client, schema);
}
