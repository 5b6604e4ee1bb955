/** Looking things up and leafing through them: registers, documents, statements, incidents, records. */
import type { Pool } from 'pg';
import { lineOf, type Actor } from '#domain';
import { shownClaims, type ShownClaim } from './claims.js';
import { chosenIncidents, type IncidentFilter } from './incident-filter.js';
import { held, namesAt, type Moment } from './moment.js';
import { Params } from './params.js';
import { registerCards } from './cards.js';

export type EntityTable = 'actors' | 'places' | 'documents' | 'statements' | 'incidents' | 'assessments';

/** Something recorded, as it is at the moment asked about. */
export interface ShownEntity {
  id: string;
  version: number;
  /** The record that brought it to this version. */
  sequence: number;
  body: unknown;
  /** Whether it counts. */
  status: Status;
  /** Why it is not live any more; null while it is. */
  reason: unknown;
}

/** `retracted` and `withdrawn` count no more, what is `unreachable` does; what was `merged` is read as its survivor. */
type Status = 'live' | 'retracted' | 'withdrawn' | 'unreachable' | 'merged';

export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

/** Columns by which each kind of thing can be filtered. */
const ENTITY_FILTERS = {
  actors: ['kind', 'part_of'],
  places: ['kind', 'inside'],
  documents: ['kind', 'publisher'],
  statements: ['document', 'speaker', 'utterance'],
  assessments: ['about'],
} as const;

/** Where an actor or a place stands in the columns that name one: whoever asks by any of its ids asks about the survivor. */
const NAMING: Readonly<Record<string, RegExp>> = {
  part_of: /^()(.*)$/,
  inside: /^()(.*)$/,
  publisher: /^()(.*)$/,
  speaker: /^()(.*)$/,
  about: /^(line (?:unnamed@)?)(.*)$/,
};

interface EntityRow {
  id: string;
  version: string;
  from_seq: string;
  body: unknown;
  status: Status;
  reason: unknown;
}

/** One thing as it was at the moment; undefined where there was none. */
export async function entity(
  pool: Pool,
  schema: string,
  moment: Moment,
  table: EntityTable,
  id: string,
): Promise<ShownEntity | undefined> {
  const { rows } = await pool.query<EntityRow>(
    `select id, version, from_seq, body, status, reason from ${schema}.${table} t where ${held('t')} and t.id = $3`,
    [moment.ledger, moment.sequence, id],
  );
  const [row] = rows;
  return row === undefined ? undefined : shown(row);
}

/** Things in the order of their ids, after `after`. */
export async function entities<T extends keyof typeof ENTITY_FILTERS>(
  pool: Pool,
  schema: string,
  moment: Moment,
  table: T,
  filter: Partial<Record<(typeof ENTITY_FILTERS)[T][number], string>>,
  after: string,
  limit: number,
): Promise<Page<ShownEntity>> {
  const params = new Params(moment);
  const conditions = [held('t'), `t.id > ${params.add(after)}`];
  for (const [column, value] of Object.entries<string | undefined>(filter)) {
    if (value === undefined) continue;
    const naming = NAMING[column]?.exec(value);
    if (naming === null || naming === undefined) {
      conditions.push(`t.${column} = ${params.add(value)}`);
      continue;
    }
    const [, before = '', id = ''] = naming;
    const names = (await namesAt(pool, schema, moment, id)).map((name) => before + name);
    conditions.push(`t.${column} = any(${params.add(names)})`);
    // There what was merged has its survivor, which it is no part of.
    if (column === 'part_of' || column === 'inside') conditions.push('t.merged_into is null');
  }
  const { rows } = await pool.query<EntityRow>(
    `select id, version, from_seq, body, status, reason from ${schema}.${table} t where ${conditions.join(' and ')}
      order by id limit ${params.add(limit + 1)}`,
    params.values,
  );
  return page(rows.map(shown), limit, ({ id }) => id);
}

/** The line that an actor belongs to; undefined for an actor that is not registered. */
export async function lineOfActor(pool: Pool, schema: string, moment: Moment, id: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string; body: Actor; merged_into: string | null }>(
    `with recursive up as (
       select id, part_of, body, merged_into from ${schema}.actors a where ${held('a')} and a.id = $3
       union
       select a.id, a.part_of, a.body, a.merged_into
         from ${schema}.actors a join up on a.id = up.part_of where ${held('a')}
     )
     select id, body, merged_into from up`,
    [moment.ledger, moment.sequence, id],
  );
  const actors = new Map(rows.map((row) => [row.id, row.body]));
  const merged = new Map(rows.flatMap((row) => (row.merged_into === null ? [] : [[row.id, row.merged_into]])));
  const registers = registerCards(actors, new Map(), merged);
  return actors.has(id) ? lineOf(registers.survivor(id), registers) : undefined;
}

/** The claims of one statement, in its order. */
export function claimsOfStatement(pool: Pool, schema: string, moment: Moment, id: string): Promise<ShownClaim[]> {
  return shownClaims(pool, schema, moment, 'c.statement = $3', [id]);
}

/** Incidents by the start of their time (unknown ones first), then id. */
export async function incidents(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: IncidentFilter,
  after: { time: string; id: string },
  limit: number,
): Promise<Page<ShownEntity>> {
  const params = new Params(moment);
  const chosen = chosenIncidents(schema, filter, params);
  const { rows } = await pool.query<EntityRow & { time_from: string | null }>(
    `${chosen}
     select c.id, c.version, i.from_seq, c.body, i.status, i.reason, c.time_from from chosen c
       join ${schema}.incidents i on ${held('i')} and i.id = c.id
      where (coalesce(c.time_from, ''), c.id) > (${params.add(after.time)}, ${params.add(after.id)})
      order by coalesce(c.time_from, ''), c.id limit ${params.add(limit + 1)}`,
    params.values,
  );
  const found = rows.map((row) => ({ ...shown(row), time: row.time_from ?? '' }));
  const { items, next } = page(found, limit, ({ time, id }) => `${time} ${id}`);
  return { items: items.map(({ time: _time, ...rest }) => rest), next };
}

/** A record as it lies in the log. */
export interface ShownRecord {
  sequence: number;
  /** The exact bytes. */
  bytes: Buffer;
}

/** Records after a sequence, of one entity (every record that changed it) or all. */
export async function records(
  pool: Pool,
  schema: string,
  moment: Moment,
  entityId: string | undefined,
  after: number,
  limit: number,
): Promise<Page<ShownRecord>> {
  const ofEntity =
    entityId === undefined
      ? ''
      : `join ${schema}.changes c on c.ledger = e.ledger and c.sequence = e.sequence and c.entity = $5`;
  const { rows } = await pool.query<{ sequence: string; bytes: Buffer }>(
    `select e.sequence, e.bytes from ${schema}.events e ${ofEntity}
      where e.ledger = $1 and e.sequence <= $2 and e.sequence > $3 order by e.sequence limit $4`,
    [moment.ledger, moment.sequence, after, limit + 1, ...(entityId === undefined ? [] : [entityId])],
  );
  const found = rows.map(({ sequence, bytes }) => ({ sequence: Number(sequence), bytes }));
  return page(found, limit, ({ sequence }) => String(sequence));
}

function shown(row: EntityRow): ShownEntity {
  const { id, body, status, reason } = row;
  return { id, version: Number(row.version), sequence: Number(row.from_seq), body, status, reason };
}

function page<Item>(found: Item[], limit: number, cursorOf: (item: Item) => string): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
