/**
 * What an auditor asks the tables for, to hold it against the log: the copied records, and the rows that figures are read
 * from, as of one record. Only looked at; nothing is worked out here.
 */
import type { Pool } from 'pg';
import { Generations } from './generations.js';
import { held, type Moment } from './moment.js';

/** How far the tables of a ledger are. */
export interface AuditedStanding {
  /** The generation that is live. */
  schema: string;
  /** The last record that is copied. */
  copied: number;
  /** The last record as of which nothing is still being worked out. */
  settled: number;
}

/** A record as it was copied: `type` is the record's name. */
export interface AuditedEvent {
  sequence: number;
  type: string;
  subject: string;
  recordedtime: string;
  commandid: string;
  recorder: string;
  bytes: Buffer;
}

/** A row of `positions` or, with a policy, of `figures`, that held at the moment. */
export interface AuditedRow {
  about: string;
  predicate: string;
  key: string;
  who: string;
  policy?: string;
  columns: Readonly<Record<string, unknown>>;
}

/** The live generation, and where it stands; `copied` is 0 where it knows nothing of the ledger. */
export async function auditedStanding(pool: Pool, ledger: string): Promise<AuditedStanding> {
  const schema = await new Generations(pool).live();
  const { rows } = await pool.query<{ copied: string; settled: string }>(
    `select c.sequence as copied, least(c.sequence, (
              select min(r.sequence) - 1 from ${schema}.recomputations r where r.ledger = c.ledger)) as settled
       from ${schema}.checkpoints c where c.ledger = $1`,
    [ledger],
  );
  const [row] = rows;
  return { schema, copied: Number(row?.copied ?? 0), settled: Number(row?.settled ?? 0) };
}

/** The copies of the records after one, up to another, in order. */
export async function auditedEvents(
  pool: Pool,
  schema: string,
  ledger: string,
  after: number,
  through: number,
): Promise<AuditedEvent[]> {
  const { rows } = await pool.query<AuditedEvent & { sequence: string }>(
    `select sequence, type, subject, recordedtime, commandid, recorder, bytes from ${schema}.events
      where ledger = $1 and sequence > $2 and sequence <= $3 order by sequence`,
    [ledger, after, through],
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
}

/** The rows about some incidents and scopes. */
export async function auditedRows(
  pool: Pool,
  schema: string,
  moment: Moment,
  abouts: readonly string[],
): Promise<AuditedRow[]> {
  const values = [moment.ledger, moment.sequence, abouts];
  const positions = await pool.query<Key & Record<string, unknown>>(
    `select about, predicate, key, who, contested, detail from ${schema}.positions t
      where ${held('t')} and t.about = any($3)`,
    values,
  );
  const figures = await pool.query<Key & Record<string, unknown>>(
    `select about, predicate, key, who, policy, low, best, high, status, basis, contested, disordered
       from ${schema}.figures t where ${held('t')} and t.about = any($3)`,
    values,
  );
  const numbers = (row: Record<string, unknown>): Record<string, unknown> => {
    const whole = (value: unknown): number | null => (value === null ? null : Number(value));
    return { ...row, low: whole(row['low']), best: whole(row['best']), high: whole(row['high']) };
  };
  return [
    ...positions.rows.map(({ about, predicate, key, who, ...columns }) => ({ about, predicate, key, who, columns })),
    ...figures.rows.map(({ about, predicate, key, who, policy = '', ...columns }) => {
      return { about, predicate, key, who, policy, columns: numbers(columns) };
    }),
  ];
}

interface Key {
  about: string;
  predicate: string;
  key: string;
  who: string;
  policy?: string;
}

/** What there are such rows about, in the database's own order, after one of them; '' for the first ones. */
export async function auditedAbouts(
  pool: Pool,
  schema: string,
  moment: Moment,
  after: string,
  limit: number,
): Promise<string[]> {
  const some = (table: string): string =>
    `(select distinct t.about from ${schema}.${table} t where ${held('t')} and t.about > $3 order by t.about limit $4)`;
  const { rows } = await pool.query<{ about: string }>(
    `${some('positions')} union ${some('figures')} order by about limit $4`,
    [moment.ledger, moment.sequence, after, limit],
  );
  return rows.map(({ about }) => about);
}
