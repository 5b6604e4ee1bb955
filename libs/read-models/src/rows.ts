/**
 * The rows that one batch of records adds and closes, collected in memory and written at once. Nothing is ever changed
 * but `to_seq` of the row that a newer one follows, so what held at any sequence stays readable.
 */
import type { ClientBase } from 'pg';

/** The columns that, with the ledger, say which thing a row is about. */
const KEYS = {
  ledgers: [],
  actors: ['id'],
  places: ['id'],
  documents: ['id'],
  statements: ['id'],
  claims: ['id'],
  incidents: ['id'],
  assessments: ['id'],
  ties: ['part', 'whole'],
  parties: ['incident', 'side', 'actor'],
  positions: ['about', 'predicate', 'key', 'who'],
  figures: ['about', 'predicate', 'key', 'who', 'policy'],
} as const satisfies Record<string, readonly string[]>;

export type VersionedTable = keyof typeof KEYS;
const columnsOf = (table: VersionedTable): readonly string[] => KEYS[table];

/** All that a batch of records writes to. */
export const TABLES: readonly string[] = [...Object.keys(KEYS), 'events', 'changes'];

export type Row = Record<string, unknown>;

interface Pending {
  inserted: Row[];
  /** By key, the row of this batch that is still open. */
  open: Map<string, Row>;
  /** Rows of earlier batches that end in this one: their key columns and `to_seq`. */
  closed: Row[];
}

export class RowBatch {
  readonly #tables = new Map<VersionedTable, Pending>();
  readonly #changes: Row[] = [];
  readonly #recomputations: Row[] = [];

  constructor(private readonly ledger: string) {}

  /** Ends the current row about this thing, if there is one. */
  close(table: VersionedTable, row: Row, sequence: number): void {
    const pending = this.#pending(table);
    const key = keyOf(table, row);
    const open = pending.open.get(key);
    if (open === undefined) {
      const columns = columnsOf(table).map((column) => [column, row[column]]);
      pending.closed.push({ ...Object.fromEntries(columns), ledger: this.ledger, to_seq: sequence });
    } else {
      open['to_seq'] = sequence;
      pending.open.delete(key);
    }
  }

  /** Adds a row that holds from this sequence on; the one before it must have been closed. */
  insert(table: VersionedTable, row: Row, sequence: number): void {
    const pending = this.#pending(table);
    const full = { ...row, ledger: this.ledger, from_seq: sequence, to_seq: null };
    pending.inserted.push(full);
    pending.open.set(keyOf(table, row), full);
  }

  change(entity: string, version: number, sequence: number, reason: unknown): void {
    this.#changes.push({ ledger: this.ledger, entity, version, sequence, reason });
  }

  /** What hangs on these ids, or everything, is to be worked out anew as of a record: see recomputations.ts. */
  recompute(sequence: number, ids: readonly string[] | null): void {
    this.#recomputations.push({ ledger: this.ledger, sequence, ids, listed: false });
  }

  async write(client: ClientBase, schema: string): Promise<void> {
    await insertRows(client, `${schema}.changes`, this.#changes);
    await insertRows(client, `${schema}.recomputations`, this.#recomputations);
    for (const [table, { inserted, closed }] of this.#tables) {
      // Closed first: the key with the open row must be free before its successor stands there.
      if (closed.length > 0) {
        const match = ['ledger', ...columnsOf(table)].map((column) => `t.${column} = c.${column}`).join(' and ');
        await client.query(
          `update ${schema}.${table} t set to_seq = c.to_seq
             from jsonb_populate_recordset(null::${schema}.${table}, $1::jsonb) c
            where ${match} and t.to_seq is null`,
          [JSON.stringify(closed)],
        );
      }
      await insertRows(client, `${schema}.${table}`, inserted);
    }
  }

  #pending(table: VersionedTable): Pending {
    let pending = this.#tables.get(table);
    if (pending === undefined) {
      pending = { inserted: [], open: new Map(), closed: [] };
      this.#tables.set(table, pending);
    }
    return pending;
  }
}

function keyOf(table: VersionedTable, row: Row): string {
  return columnsOf(table)
    .map((column) => String(row[column]))
    .join(' ');
}

async function insertRows(client: ClientBase, table: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(`insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`, [
    JSON.stringify(rows),
  ]);
}
