/** The read models that projectors made, through whatever befell them, against others that are made from nothing. */
import type { Pool } from 'pg';
import type { LogReader } from '#ledger';
import { compare, Generations, ReadModels } from '#read-models';
import { setTimeout as pause } from 'node:timers/promises';

const REBUILT = 'rebuilt';
const BATCH = 97;
const LOOK_MS = 200;

/** Waits until the tables hold the whole log of every ledger. @throws Error if they do not in time */
export async function caughtUp(
  reader: LogReader,
  pool: Pool,
  ledgers: readonly string[],
  msMax: number,
): Promise<void> {
  const deadline = performance.now() + msMax;
  const generations = new Generations(pool);
  for (const ledger of ledgers) {
    const end = await reader.storage.end(ledger);
    for (;;) {
      const at = (await (await generations.models()).checkpoints()).get(ledger) ?? 0;
      if (at >= end) break;
      if (performance.now() > deadline)
        throw new Error(`The read models of ${ledger} hold ${at} of its ${end} records.`);
      await pause(LOOK_MS);
    }
  }
}

/** What differs, in words; the tables must have caught up. */
export async function differences(reader: LogReader, pool: Pool, ledgers: readonly string[]): Promise<string[]> {
  const live = await new Generations(pool).models();
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
  const found = (await compare(pool, live.schema, REBUILT)).differences.map(
    (difference) => `The table ${difference.table} is not what a rebuild makes: ${JSON.stringify(difference)}.`,
  );
  for (const ledger of ledgers) {
    const [is, should] = [await live.last(ledger), await rebuilt.last(ledger)];
    if (is.sequence !== should.sequence) {
      found.push(`${ledger} is not what a rebuild makes: ${is.sequence} records, and not ${should.sequence}.`);
    }
  }
  return found;
}
