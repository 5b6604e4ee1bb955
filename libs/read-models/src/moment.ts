/** The moment that an answer is about, and the rows that held then. */
import type { Pool } from 'pg';

/** Everything that is read for one answer is read as of one sequence of one ledger. */
export interface Moment {
  ledger: string;
  sequence: number;
}

/**
 * SQL that a row held at the moment; `$1` and `$2` must be its ledger and sequence. Rows are only added and closed, so
 * several statements that ask for one sequence see one state, whatever is written in between.
 */
export function held(alias: string): string {
  return `${alias}.ledger = $1 and ${alias}.from_seq <= $2 and (${alias}.to_seq is null or ${alias}.to_seq > $2)`;
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
  /** Nothing is recorded in it any more: why, and which ledger goes on with it. Null while it is open. */
  closed: { reason: unknown; successor: string | null } | null;
}

/** All ledgers, or one, with what is in force now. */
export async function ledgerStandings(pool: Pool, schema: string, ledger?: string): Promise<LedgerStanding[]> {
  const { rows } = await pool.query<LedgerStanding & { sequence: string }>(
    `select c.ledger, l.origin ->> 'title' as title, c.sequence, c.recordedtime, l.codebook, l.policies, l.closed
       from ${schema}.checkpoints c join ${schema}.ledgers l on l.ledger = c.ledger and l.to_seq is null
      where $1::text is null or c.ledger = $1 order by c.ledger`,
    [ledger ?? null],
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
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
