/** A database for a file of tests, and in it tables of their own for each history. */
import { Pool } from 'pg';
import type { ReadRecord } from '#ledger';
import { freshDatabase } from '#testing';
import { ReadModels } from './read-models.js';

export interface Tables {
  pool: Pool;
  /** Fills tables with the records of the ledger `history`, for as long as `check` runs. */
  withTables: (entries: readonly ReadRecord[], check: (schema: string) => Promise<void>) => Promise<void>;
}

export async function freshTables(): Promise<Tables> {
  const pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
  let schemas = 0;
  return {
    pool,
    async withTables(entries, check) {
      schemas += 1;
      const models = await ReadModels.open(pool, `history_${schemas}`);
      await models.apply('history', 0, entries);
      await check(models.schema);
      await pool.query(`drop schema ${models.schema} cascade`);
    },
  };
}
