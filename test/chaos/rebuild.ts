/** The read models that projectors made, through whatever befell them, against others that are made from nothing. */
import type { Pool } from 'pg';
import type { LogReader } from '#ledger';
import { ReadModels } from '#read-models';
import { setTimeout as pause } from 'node:timers/promises';

const REBUILT = 'rebuilt';
const BATCH = 97;
const LOOK_MS = 200;
/** What is told of a table that differs. */
const SHOWN_MAX = 3;
const SHOWN_LETTERS_MAX = 200;

/** Waits until the tables hold the whole log of every ledger. @throws Error if they do not in time */
export async function caughtUp(
  reader: LogReader,
  pool: Pool,
  ledgers: readonly string[],
  msMax: number,
): Promise<void> {
  const deadline = performance.now() + msMax;
  const models = await ReadModels.open(pool);
  for (const ledger of ledgers) {
    const end = await reader.storage.end(ledger);
    for (;;) {
      const at = (await models.checkpoints()).get(ledger) ?? 0;
      if (at >= end) break;
      if (performance.now() > deadline)
        throw new Error(`The read models of ${ledger} hold ${at} of its ${end} records.`);
      await pause(LOOK_MS);
    }
  }
}

/** What differs, in words. */
export async function differences(reader: LogReader, pool: Pool, ledgers: readonly string[]): Promise<string[]> {
  const live = await ReadModels.open(pool);
  await pool.query(`drop schema if exists ${REBUILT} cascade`);
  const rebuilt = await ReadModels.open(pool, REBUILT);
  for (const ledger of ledgers) {
    for (let after = 0; ;) {
      const entries = await reader.read(ledger, after, BATCH);
      const last = entries.at(-1);
      if (last === undefined) break;
      await rebuilt.apply(ledger, after, entries);
      after = last.record.sequence;
    }
  }
  const { rows: tables } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = $1 and table_type = 'BASE TABLE' and table_name <> 'migrations' order by 1`,
    [REBUILT],
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const [is, should] = [await rowsOf(pool, live.schema, name, ledgers), await rowsOf(pool, REBUILT, name, ledgers)];
    const extra = [...is].filter((row) => !should.has(row));
    const missing = [...should].filter((row) => !is.has(row));
    if (extra.length === 0 && missing.length === 0) continue;
    const some = [
      ...extra.slice(0, SHOWN_MAX).map((row) => `it has ${row.slice(0, SHOWN_LETTERS_MAX)}`),
      ...missing.slice(0, SHOWN_MAX).map((row) => `it lacks ${row.slice(0, SHOWN_LETTERS_MAX)}`),
    ];
    found.push(
      `The table ${name} is not what a rebuild makes: ${extra.length} rows too many, ${missing.length} missing; ${some.join('; ')}.`,
    );
  }
  return found;
}

/** Every table has a key, so no two rows are the same. */
async function rowsOf(pool: Pool, schema: string, table: string, ledgers: readonly string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ row: string }>(
    `select t::text as row from ${schema}.${table} t where ledger = any($1) order by 1`,
    [ledgers],
  );
  return new Set(rows.map(({ row }) => row));
}
