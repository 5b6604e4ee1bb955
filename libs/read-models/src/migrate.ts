/** Brings the tables of one generation to the newest form: numbered SQL files, each once, safe when several start at once. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Pool, PoolClient } from 'pg';

const FOLDER = new URL('../../../../libs/read-models/migrations/', import.meta.url);

/** Any number of our own: whoever migrates holds this advisory lock. */
const LOCK = 7_410_001;

/**
 * A connection for a transaction. When it breaks, the query under way fails, and that is how we hear of it; the event that
 * comes as well would end the process if nobody listened.
 */
export async function borrow(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect();
  if (client.listenerCount('error') === 0) client.on('error', () => undefined);
  return client;
}

/** What is done in one transaction: all of it or, where something throws, nothing. */
export async function inTransaction<T>(pool: Pool, act: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await borrow(pool);
  let isBroken = false;
  try {
    await client.query('begin');
    const done = await act(client);
    await client.query('commit');
    return done;
  } catch (error) {
    // A connection that cannot even do this may still be in the middle of something: nobody else must get it.
    await client.query('rollback').catch(() => (isBroken = true));
    throw error;
  } finally {
    client.release(isBroken);
  }
}

/** A transaction in which nobody else makes or changes tables of ours. */
export function whileLocked(pool: Pool, act: (client: PoolClient) => Promise<void>): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await act(client);
  });
}

export async function migrate(pool: Pool, schema: string): Promise<void> {
  await whileLocked(pool, async (client) => {
    await client.query(`create schema if not exists ${schema}`);
    await client.query(
      `create table if not exists ${schema}.migrations (file text primary key, applied timestamptz not null default now())`,
    );
    const { rows } = await client.query<{ file: string }>(`select file from ${schema}.migrations`);
    const applied = new Set(rows.map(({ file }) => file));
    for (const file of readdirSync(FOLDER).sort()) {
      if (applied.has(file)) continue;
      await client.query(readFileSync(new URL(file, FOLDER), 'utf8').replaceAll('{schema}', schema));
      await client.query(`insert into ${schema}.migrations (file) values ($1)`, [file]);
    }
  });
}
