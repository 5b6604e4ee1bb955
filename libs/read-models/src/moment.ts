/** The moment that an answer is about, and the rows that held then. */
import type { Pool } from 'pg';
import type { LocalTime } from '#domain';

/** Everything that is read for one answer is read as of one sequence of one ledger. */
export interface Moment {
  ledger: string;
  sequence: number;
  /** Claims count that were said by then, at the place where they were said; left out, all of them. */
  saidBy?: LocalTime;
}

/**
 * SQL that a row held at the moment; `$1` and `$2` must be its ledger and sequence. Rows are only added and closed, so
 * several statements that ask for one sequence see one state, whatever is written in between.
 */
export function held(alias: string): string {
  return `${alias}.ledger = $1 and ${alias}.from_seq <= $2 and (${alias}.to_seq is null or ${alias}.to_seq > $2)`;
}

const MERGEABLE = ['actors', 'places', 'incidents'] as const;

/**
 * What an id stood for at the moment: itself or, of an actor, a place or an incident that was merged by then, the survivor at
 * the end of all mergers.
 */
export async function survivorAt(pool: Pool, schema: string, moment: Moment, id: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive chain as (
       select $3::text as id, 0 as step
       union all
       select m.into, chain.step + 1 from chain, lateral (
         ${MERGEABLE.map(
           (table) => `select t.merged_into as into from ${schema}.${table} t where ${held('t')} and t.id = chain.id`,
         ).join(' union all ')}
       ) m where m.into is not null
     ) select id from chain order by step desc limit 1`,
    [moment.ledger, moment.sequence, id],
  );
  return rows[0]?.id ?? id;
}

/** Every id that stood for the same as this one at the moment: the survivor, and all that was merged into it by then. */
export async function namesAt(pool: Pool, schema: string, moment: Moment, id: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive same as (
       select $3::text as id
       union
       select m.id from same, lateral (
         ${MERGEABLE.map((table) => `select t.id from ${schema}.${table} t where ${held('t')} and t.merged_into = same.id`).join(' union all ')}
       ) m
     ) select id from same`,
    [moment.ledger, moment.sequence, await survivorAt(pool, schema, moment, id)],
  );
  return rows.map((row) => row.id);
}

/** Whether there was such a thing at the moment, merged or not. */
export async function isThere(
  pool: Pool,
  schema: string,
  moment: Moment,
  table: (typeof MERGEABLE)[number],
  id: string,
): Promise<boolean> {
  const { rows } = await pool.query(`select 1 from ${schema}.${table} t where ${held('t')} and t.id = $3`, [
    moment.ledger,
    moment.sequence,
    id,
  ]);
  return rows.length > 0;
}

/**
 * SQL that joins to claims `c` their statement `s` and document `d` as of the moment. Each is looked up by its key: of tables
 * just filled, which nothing is known about, the database would otherwise go through all documents for every claim.
 */
export function sourceOfClaim(schema: string): string {
  return `cross join lateral (select * from ${schema}.statements s where ${held('s')} and s.id = c.statement offset 0) s
       cross join lateral (select * from ${schema}.documents d where ${held('d')} and d.id = s.document offset 0) d`;
}

/**
 * SQL of the claims `c` about any of the incidents and scopes `$3` as of the moment; a joint claim comes once for each. Each
 * is looked up by itself: that an array overlaps a long one is worked out claim by claim, some hundred times as slowly.
 */
export function claimsAbout(schema: string): string {
  return `unnest($3::text[]) wanted (about) cross join lateral (
            select * from ${schema}.claims c where ${held('c')} and c.abouts @> array[wanted.about] offset 0) c`;
}

/** A ledger as far as it is in the read models. */
export interface LedgerStanding {
  ledger: string;
  title: string;
  /** The last record that is in the read models. */
  sequence: number;
  /** When it was recorded. */
  recordedtime: string;
  /** Version of the codebook in force. */
  codebook: number;
  /** Versions of the policies in force, by name. */
  policies: Readonly<Record<string, number>>;
  /** The first record of which something is still being worked out: answers as of it or later are not final. */
  unsettled: number | null;
  /** Nothing is recorded in it any more: why, and which ledger goes on with it. Null while it is open. */
  closed: { reason: unknown; successor: string | null } | null;
}

/** All ledgers, or one, with what is in force now. */
export async function ledgerStandings(pool: Pool, schema: string, ledger?: string): Promise<LedgerStanding[]> {
  const { rows } = await pool.query<LedgerStanding & { sequence: string; unsettled: string | null }>(
    `select c.ledger, l.origin ->> 'title' as title, c.sequence, c.recordedtime, l.codebook, l.policies, l.closed,
            (select min(r.sequence) from ${schema}.recomputations r where r.ledger = c.ledger) as unsettled
       from ${schema}.checkpoints c join ${schema}.ledgers l on l.ledger = c.ledger and l.to_seq is null
      where $1::text is null or c.ledger = $1 order by c.ledger`,
    [ledger ?? null],
  );
  return rows.map((row) => ({
    ...row,
    sequence: Number(row.sequence),
    unsettled: row.unsettled === null ? null : Number(row.unsettled),
  }));
}

/** Versions of the policies in force at a moment, by name. */
export async function policiesInForce(
  pool: Pool,
  schema: string,
  moment: Moment,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<Pick<LedgerStanding, 'policies'>>(
    `select policies from ${schema}.ledgers l where ${held('l')}`,
    [moment.ledger, moment.sequence],
  );
  return rows[0]?.policies ?? {};
}

/**
 * The last record that was recorded by a time (RFC 3339 in UTC with milliseconds), and when the projector last stood at the
 * end of the log: what was recorded some seconds before that is all here.
 */
export async function lastRecordBy(
  pool: Pool,
  schema: string,
  ledger: string,
  time: string,
): Promise<{ sequence: number | undefined; atEnd: Date | undefined }> {
  const { rows } = await pool.query<{ sequence: string | null; at_end: Date | null }>(
    `select (select e.sequence from ${schema}.events e
              where e.ledger = $1 and e.recordedtime collate "C" <= $2
              order by e.recordedtime collate "C" desc, e.sequence desc limit 1) as sequence,
            (select s.at_end from ${schema}.standing s where s.ledger = $1) as at_end`,
    [ledger, time],
  );
  const { sequence = null, at_end = null } = rows[0] ?? {};
  return { sequence: sequence === null ? undefined : Number(sequence), atEnd: at_end ?? undefined };
}
