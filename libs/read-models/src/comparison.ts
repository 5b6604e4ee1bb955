/**
 * Whether two generations of read models say the same: their canonical hashes, and where they differ.
 *
 * THE CANONICAL FORM of a generation as of one record of each ledger: of every table, in the order of its name, the rows
 * that are from no later record, in the order of their keys, each as Postgres writes its jsonb, with `to_seq` null where
 * it is later. The hash of a table is SHA-256 over the SHA-256s of its rows, that of a generation SHA-256 over lines of
 * table, space, hash in hexadecimal. So both may go on growing while they are compared.
 */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { borrow } from './migrate.js';

/** What says how a generation was made and how far it is, not what is in it. */
const NOT_CONTENT: readonly string[] = ['migrations', 'checkpoints', 'standing', 'recomputations', 'recomputed'];
const FETCHED = 2_000;
/** How many differing rows of a table are named. */
const NAMED_MAX = 3;

export interface Comparison {
  /** As of which record of each ledger: the last one that both have. */
  at: ReadonlyMap<string, number>;
  /** Canonical hash of the one, and of the other. They are equal exactly when there are no differences. */
  hashes: readonly [string, string];
  differences: Difference[];
}

/** A table that is not the same in both. */
export interface Difference {
  table: string;
  onlyInOne: number;
  onlyInOther: number;
  /** Rows of the same key with other values. */
  changed: number;
  /** The first of them, in the order of their keys. Values are not told: they may be private. */
  first: DifferingRow[];
}

export interface DifferingRow {
  /** The values of the key's columns, as JSON. */
  key: string;
  in: 'one' | 'other' | 'both';
  /** Of one that is in both, the columns that differ. */
  columns: string[];
}

/** `tell` is given the name of each table before it is compared. */
export async function compare(
  pool: Pool,
  one: string,
  other: string,
  { tell = () => undefined, signal }: { tell?: (table: string) => void; signal?: AbortSignal } = {},
): Promise<Comparison> {
  const client = await borrow(pool);
  let isBroken = false;
  try {
    await client.query('begin isolation level repeatable read read only');
    const at = await commonMoments(client, one, other);
    const hashes = [createHash('sha256'), createHash('sha256')] as const;
    const differences: Difference[] = [];
    for (const table of await tablesOf(client, other)) {
      tell(table.name);
      const rows = { client, schemas: [one, other] as const, table, at };
      const [ofTable, difference] = await compareTable(rows, signal);
      hashes.forEach((hash, index) => hash.update(`${table.name} ${ofTable[index]}\n`));
      if (difference.first.length > 0) differences.push(difference);
    }
    return { at, hashes: [hashes[0].digest('hex'), hashes[1].digest('hex')], differences };
  } finally {
    await client.query('rollback').catch(() => (isBroken = true));
    client.release(isBroken);
  }
}

async function commonMoments(client: PoolClient, one: string, other: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ ledger: string; sequence: string }>(
    // What is still being worked out as of a record is not whole from that one on.
    `select ledger, least(a.sequence, b.sequence, c.sequence - 1, d.sequence - 1) as sequence
       from (select ledger, coalesce(a.sequence, 0), coalesce(b.sequence, 0)
               from ${one}.checkpoints a full join ${other}.checkpoints b using (ledger)) both_of (ledger, a, b),
            lateral (select a as sequence) a, lateral (select b as sequence) b,
            lateral (select min(sequence) as sequence from ${one}.recomputations r where r.ledger = both_of.ledger) c,
            lateral (select min(sequence) as sequence from ${other}.recomputations r where r.ledger = both_of.ledger) d
      order by ledger collate "C"`,
  );
  return new Map(rows.map(({ ledger, sequence }) => [ledger, Number(sequence)]));
}

interface Table {
  name: string;
  key: string[];
  columns: string[];
}

async function tablesOf(client: PoolClient, schema: string): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select t.table_name::text as name,
            array(select k.column_name::text from information_schema.key_column_usage k
                   where k.table_schema = $1 and k.table_name = t.table_name and k.constraint_name = t.constraint_name
                   order by k.ordinal_position) as key,
            array(select c.column_name::text from information_schema.columns c
                   where c.table_schema = $1 and c.table_name = t.table_name) as columns
       from information_schema.table_constraints t
      where t.table_schema = $1 and t.constraint_type = 'PRIMARY KEY' and t.table_name <> all($2)
      order by t.table_name collate "C"`,
    [schema, NOT_CONTENT],
  );
  return rows;
}

interface Compared {
  client: PoolClient;
  schemas: readonly [string, string];
  table: Table;
  at: ReadonlyMap<string, number>;
}

async function compareTable(compared: Compared, signal?: AbortSignal): Promise<[[string, string], Difference]> {
  const hashes = [createHash('sha256'), createHash('sha256')] as const;
  const difference: Difference = { table: compared.table.name, onlyInOne: 0, onlyInOther: 0, changed: 0, first: [] };
  const note = (count: 'onlyInOne' | 'onlyInOther' | 'changed', row: DifferingRow): void => {
    difference[count] += 1;
    if (difference.first.length < NAMED_MAX) difference.first.push(row);
  };

  const [ones, others] = [digests(compared, 0), digests(compared, 1)];
  let [one, other] = [await next(ones), await next(others)];
  while (one !== undefined || other !== undefined) {
    signal?.throwIfAborted();
    const order = one === undefined ? 1 : other === undefined ? -1 : inBytes(one.key, other.key);
    if (order < 0) note('onlyInOne', { key: one?.key ?? '', in: 'one', columns: [] });
    else if (order > 0) note('onlyInOther', { key: other?.key ?? '', in: 'other', columns: [] });
    else if (one !== undefined && other?.digest.equals(one.digest) === false) {
      note('changed', { key: one.key, in: 'both', columns: [] });
    }
    if (one !== undefined && order <= 0) {
      hashes[0].update(one.digest);
      one = await next(ones);
    }
    if (other !== undefined && order >= 0) {
      hashes[1].update(other.digest);
      other = await next(others);
    }
  }
  for (const row of difference.first) if (row.in === 'both') row.columns = await changedColumns(compared, row.key);
  return [[hashes[0].digest('hex'), hashes[1].digest('hex')], difference];
}

interface Digest {
  key: string;
  digest: Buffer;
}

/** One generation's rows of a table in their canonical form, by their keys. `$1` and `$2` are the moments. */
function canonicalRows({ schemas, table: { name, key, columns } }: Compared, which: 0 | 1): string {
  const since = ['from_seq', 'sequence'].find((column) => columns.includes(column));
  if (since === undefined) throw new Error(`The table ${name} does not say from which record on its rows hold.`);
  const ending = columns.includes('to_seq')
    ? ` || case when t.to_seq > m.sequence then '{"to_seq": null}'::jsonb else '{}'::jsonb end`
    : '';
  // What is of no ledger that is known has no moment, and is compared whole.
  return `select jsonb_build_array(${key.map((column) => `t.${column}`).join(', ')})::text as key, to_jsonb(t)${ending} as body
            from ${schemas[which]}.${name} t
            left join unnest($1::text[], $2::bigint[]) m (ledger, sequence) on m.ledger = t.ledger
           where m.ledger is null or t.${since} <= m.sequence`;
}

const momentsOf = ({ at }: Compared): [string[], number[]] => [[...at.keys()], [...at.values()]];

async function* digests(compared: Compared, which: 0 | 1): AsyncGenerator<Digest, undefined> {
  const cursor = `rows_${which}`;
  await compared.client.query(
    `declare ${cursor} no scroll cursor for
       select key, sha256(convert_to(body::text, 'UTF8')) as digest from (${canonicalRows(compared, which)}) c
        order by key collate "C"`,
    momentsOf(compared),
  );
  for (;;) {
    const { rows } = await compared.client.query<Digest>(`fetch ${FETCHED} from ${cursor}`);
    if (rows.length === 0) break;
    yield* rows;
  }
  await compared.client.query(`close ${cursor}`);
  return undefined;
}

async function next(rows: AsyncGenerator<Digest, undefined>): Promise<Digest | undefined> {
  return (await rows.next()).value;
}

/** As `collate "C"` orders; JavaScript orders strings otherwise. */
function inBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function changedColumns(compared: Compared, key: string): Promise<string[]> {
  const { rows } = await compared.client.query<{ column: string }>(
    `select name as column
       from (${canonicalRows(compared, 0)}) a, (${canonicalRows(compared, 1)}) b, jsonb_object_keys(a.body || b.body) name
      where a.key = $3 and b.key = $3 and a.body -> name is distinct from b.body -> name order by name`,
    [...momentsOf(compared), key],
  );
  return rows.map(({ column }) => column);
}
