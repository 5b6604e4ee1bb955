/**
 * What became of a tally between two records: every sum, figure, attribution and place that is another one, by how much,
 * and the records that made it so, with their causes. Read from the versions of rows: nothing is replayed.
 */
import type { Pool } from 'pg';
import {
  applyPolicy,
  canonicalText,
  causeOf,
  isListed,
  SIDES,
  type Cause,
  type Figure,
  type PolicyName,
  type Position,
  type Positions,
  type Question,
  type Side,
} from '#domain';
import { positionsSaidBy } from './said-by.js';
import type { Moment } from './moment.js';
import { Params } from './params.js';
import { whoKey } from './cards.js';
import {
  causeOfStep,
  chainsOf,
  recordsAt,
  type Chain,
  type KnownRecord,
  type MovingRecord,
  type Range,
} from './steps.js';
import { placeOf, type PlacedIncident } from './sum-rows.js';
import { tally } from './tallies.js';
import { MEASURES, placed, whoOf, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** A record that moved something, and whose reason it was. */
export interface CausedRecord extends MovingRecord {
  cause: Cause | null;
}

interface Caused {
  /** Of the records, each once, in their order. */
  causes: Cause[];
  /** In the order of the log. */
  records: CausedRecord[];
}

interface OfIncident {
  incident: string;
  title: string | null;
}

/** By how much; null where one of both has no such number. */
export interface Delta {
  low: number | null;
  best: number | null;
  high: number | null;
}

export type RowSum = Omit<TallyRow, 'measure' | 'side' | 'bucket' | 'remainder' | 'group'>;

/** A row of the tally. */
export interface RowChange extends Pick<TallyRow, 'measure' | 'side' | 'bucket' | 'remainder' | 'group'> {
  /** Null where there was no such row. */
  before: RowSum | null;
  after: RowSum | null;
  delta: Delta;
}

export type Placement = Pick<TallyRow, 'bucket' | 'remainder' | 'group'>;

/** An incident that came into the tally, left it, or stands in another row. */
export interface PlacementChange extends OfIncident, Caused {
  /** Null where it was not in the tally. */
  before: Placement | null;
  after: Placement | null;
}

export type FigureNumbers = Pick<Figure, 'low' | 'best' | 'high' | 'status' | 'contested' | 'basis'>;

/** A figure that the sums add up. */
export interface FigureChange extends OfIncident, Caused {
  measure: Measure;
  side: Side | null;
  /** Null: unreported, or not in the tally. */
  before: FigureNumbers | null;
  after: FigureNumbers | null;
  delta: Delta;
  /** Whether it became contested, or is so no more; null where neither. */
  contested: 'on' | 'off' | null;
}

/** What a line holds of a place, a time, an actor or words. */
export interface LineChange {
  line: string;
  /** What it asserts; empty where it holds nothing. */
  before: unknown[];
  after: unknown[];
}

/** A question that is answered by what each line says: who did it, where, when. */
export interface AnswerChange extends OfIncident, Caused {
  question: Question;
  /** The lines that hold something else than before. */
  lines: LineChange[];
  contested: 'on' | 'off' | null;
}

export interface TallyDiff {
  rows: RowChange[];
  incidents: PlacementChange[];
  figures: FigureChange[];
  answers: AnswerChange[];
  /** The last incident of a page that another one follows. */
  next: string | null;
}

/** Incidents whose rows are in memory at once. */
const CHUNK = 500;

/** A tally asked for at a moment. Ids in it are what they stood for then, and dates in a zone are those of then. */
export interface TallyAt {
  moment: Moment;
  question: TallyQuestion;
}

/** Of at most `limit` incidents that changed, after `from`, by id; the sums are of all. @throws TooManyToCompute */
export async function tallyDiff(
  pool: Pool,
  schema: string,
  since: TallyAt,
  until: TallyAt,
  from: string,
  limit: number,
): Promise<TallyDiff> {
  const [rowsBefore, rowsAfter, touched] = await Promise.all([
    tally(pool, schema, since.moment, since.question),
    tally(pool, schema, until.moment, until.question),
    touchedIncidents(pool, schema, rangeOf(since, until), from),
  ]);
  const diff: TallyDiff = {
    rows: rowChanges(rowsBefore, rowsAfter),
    incidents: [],
    figures: [],
    answers: [],
    next: null,
  };
  const changed = new Set<string>();
  for (let at = 0; at < touched.length; at += CHUNK) {
    const ids = touched.slice(at, at + CHUNK);
    const page = await changesOf(pool, schema, since, until, ids);
    const order = new Map(ids.map((id, nth) => [id, nth]));
    const own = [...new Set([...page.incidents, ...page.figures, ...page.answers].map(({ incident }) => incident))];
    own.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    const taken = new Set(own.slice(0, limit - changed.size));
    const isTaken = ({ incident }: OfIncident): boolean => taken.has(incident);
    diff.incidents.push(...page.incidents.filter(isTaken));
    diff.figures.push(...page.figures.filter(isTaken));
    diff.answers.push(...page.answers.filter(isTaken));
    for (const id of taken) changed.add(id);
    if (taken.size < own.length) return { ...diff, next: [...taken].at(-1) ?? from };
    if (changed.size === limit && at + CHUNK < touched.length) return { ...diff, next: ids.at(-1) ?? null };
  }
  return diff;
}

/**
 * The incidents of which anything may be another than before: what was said of them, their cards, what they are tied to,
 * and, where registers changed, the places and actors that they name.
 */
async function touchedIncidents(pool: Pool, schema: string, range: Range, from: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive moved as (
       select distinct entity from ${schema}.changes where ledger = $1 and sequence > $2 and sequence <= $3
     ), region as (
       select id from ${schema}.places p where ledger = $1 and to_seq > $2 and to_seq <= $3
       union
       select p.id from ${schema}.places p join region r on p.inside = r.id
        where p.ledger = $1 and p.from_seq <= $3 and (p.to_seq is null or p.to_seq > $2)
     ), relined as (
       select id from ${schema}.actors a where ledger = $1 and to_seq > $2 and to_seq <= $3 limit 1
     ), touched as (
       select about as id from ${schema}.positions where ledger = $1 and from_seq > $2 and from_seq <= $3
       union select about from ${schema}.positions where ledger = $1 and to_seq > $2 and to_seq <= $3
       union select entity from moved
       union select t.whole from ${schema}.ties t join moved m on t.part = m.entity where t.ledger = $1
       union select i.id from ${schema}.incidents i join region r on i.place = r.id where i.ledger = $1
       union select p.incident from ${schema}.parties p
        where p.ledger = $1 and exists (select 1 from relined)
          and (p.from_seq > $2 and p.from_seq <= $3 or p.to_seq > $2 and p.to_seq <= $3)
     )
     select distinct i.id from ${schema}.incidents i join touched on touched.id = i.id
      where i.ledger = $1 and i.from_seq <= $3 and i.id > $4 order by i.id`,
    [range.ledger, range.since, range.until, from],
  );
  return rows.map(({ id }) => id);
}

function rangeOf(since: TallyAt, until: TallyAt): Range {
  return { ledger: until.moment.ledger, since: since.moment.sequence, until: until.moment.sequence };
}

type Changes = Pick<TallyDiff, 'incidents' | 'figures' | 'answers'>;

async function changesOf(
  pool: Pool,
  schema: string,
  since: TallyAt,
  until: TallyAt,
  ids: readonly string[],
): Promise<Changes> {
  const range = rangeOf(since, until);
  const { saidBy } = until.moment;
  const { measures, policy } = until.question;
  const [before, after] = await Promise.all([
    placements(pool, schema, since, ids),
    placements(pool, schema, until, ids),
  ]);
  const chosen = ids.filter((id) => before.has(id) || after.has(id));
  const asked = figuresAsked(since.question, until.question);
  const wanted = {
    predicates: measures.map((measure) => MEASURES[measure]),
    people: [...new Set(asked.flatMap(({ who }) => who))],
  };
  const chains = await chainsOf(pool, schema, range, chosen, wanted);
  if (saidBy !== undefined) await takeSaidBy(pool, schema, since.moment, until.moment, saidBy, chains);
  const moved = chosen.filter(
    (id) => canonicalText(before.get(id)?.in ?? null) !== canonicalText(after.get(id)?.in ?? null),
  );
  const placedBy = await placementSequences(pool, schema, range, moved);
  const records = await recordsAt(pool, schema, range.ledger, [
    ...chains.flatMap(({ steps }) => steps.map(({ sequence }) => sequence)),
    ...[...placedBy.values()].flat(),
  ]);

  const changes: Changes = { incidents: [], figures: [], answers: [] };
  const ofIncident = new Map(chosen.map((id) => [id, [] as Chain[]]));
  for (const chain of chains) ofIncident.get(chain.about)?.push(chain);
  for (const incident of chosen) {
    const was = before.get(incident);
    const is = after.get(incident);
    const title = (is ?? was)?.title ?? null;
    const placedWith = (placedBy.get(incident) ?? []).flatMap((sequence): CausedRecord[] => {
      const record = records.get(sequence);
      return record === undefined ? [] : [withCause(record, causeOf(record.type))];
    });
    if (moved.includes(incident)) {
      changes.incidents.push({
        incident,
        title,
        before: was?.in ?? null,
        after: is?.in ?? null,
        ...caused(placedWith),
      });
    }
    const own = ofIncident.get(incident) ?? [];
    const told: Told = {
      policy,
      records,
      saidBy: saidBy !== undefined,
      isIn: [was !== undefined, is !== undefined],
      placedWith,
    };
    changes.figures.push(...figureChanges(own, asked, told).map((one) => ({ incident, title, ...one })));
    changes.answers.push(...answerChanges(own, told).map((one) => ({ incident, title, ...one })));
  }
  return changes;
}

/** Where each incident stands in the tally, of those that are in it. */
async function placements(
  pool: Pool,
  schema: string,
  { moment, question }: TallyAt,
  ids: readonly string[],
): Promise<Map<string, { title: string | null; in: Placement }>> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, { ...question, filter: { ...question.filter, ids } }, params);
  const { rows } = await pool.query<PlacedIncident & { title: string | null }>(
    `${head} select c.id, i.body ->> 'title' as title, ${columns} from placed c join chosen i on i.id = c.id`,
    params.values,
  );
  return new Map(rows.map((row) => [row.id, { title: row.title, in: placeOf(row) }]));
}

/** What had been said by then, in the place of what the rows hold. The steps stay: these records touched the question. */
async function takeSaidBy(
  pool: Pool,
  schema: string,
  since: Moment,
  until: Moment,
  saidBy: string,
  chains: readonly Chain[],
): Promise<void> {
  const abouts = [...new Set(chains.map(({ about }) => about))];
  const nameOf = (about: string, question: Question): string => canonicalText([about, question]);
  for (const [when, moment] of [
    ['before', since],
    ['after', until],
  ] as const) {
    const found = await positionsSaidBy(pool, schema, moment, saidBy, abouts);
    const byName = new Map(found.map((one) => [nameOf(one.about, one.question), one]));
    for (const chain of chains) chain[when] = byName.get(nameOf(chain.about, chain.question));
  }
}

/**
 * The records that may have brought an incident into the tally, out of it, or into another row: those of its card and its
 * ties, of its parts, of the places that it lies in, and those that moved its parties to another line.
 */
async function placementSequences(
  pool: Pool,
  schema: string,
  { ledger, since, until }: Range,
  ids: readonly string[],
): Promise<Map<string, number[]>> {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{ id: string; sequence: string }>(
    `with recursive own as (
       select id, id as entity from unnest($4::text[]) id
       union select t.whole, t.part from ${schema}.ties t
        where t.ledger = $1 and t.whole = any($4) and t.from_seq <= $3 and (t.to_seq is null or t.to_seq > $2)
     ), lies as (
       select i.id, i.place from ${schema}.incidents i
        where i.ledger = $1 and i.id = any($4) and i.place is not null
          and i.from_seq <= $3 and (i.to_seq is null or i.to_seq > $2)
       union
       select l.id, around.place from lies l join ${schema}.places p on p.ledger = $1 and p.id = l.place
         cross join unnest(array[p.inside, p.merged_into]) around (place)
        where around.place is not null and p.from_seq <= $3 and (p.to_seq is null or p.to_seq > $2)
     )
     select own.id, c.sequence from own join ${schema}.changes c
         on c.ledger = $1 and c.entity = own.entity and c.sequence > $2 and c.sequence <= $3
     union
     select l.id, p.to_seq from lies l join ${schema}.places p
         on p.ledger = $1 and p.id = l.place and p.to_seq > $2 and p.to_seq <= $3
     union
     select p.incident, moved.sequence from ${schema}.parties p cross join unnest(array[p.from_seq, p.to_seq]) moved (sequence)
      where p.ledger = $1 and p.incident = any($4) and moved.sequence > $2 and moved.sequence <= $3
     order by 2`,
    [ledger, since, until, ids],
  );
  const found = new Map<string, number[]>();
  for (const { id, sequence } of rows) found.set(id, [...(found.get(id) ?? []), Number(sequence)]);
  return found;
}

/** What the changes of one incident are told from. */
interface Told {
  policy: PolicyName;
  records: ReadonlyMap<number, KnownRecord>;
  /** Whether the answers are of what had been said by a time: then steps are those of all claims. */
  saidBy: boolean;
  /** Whether the incident was in the tally before, and is after. */
  isIn: readonly [boolean, boolean];
  placedWith: readonly CausedRecord[];
}

interface Asked {
  measure: Measure;
  side: Side | null;
  /** The people before, and after: the party that is asked about may have been merged in between. */
  who: readonly [string, string];
}

function figuresAsked(before: TallyQuestion, after: TallyQuestion): Asked[] {
  return after.measures.flatMap((measure) => {
    const sides = measure === 'attacks' ? [null] : after.side === undefined ? [...SIDES, null] : [after.side];
    return sides.map((side) => ({
      measure,
      side,
      who: side === null ? (['', ''] as const) : ([whoOf(before, side), whoOf(after, side)] as const),
    }));
  });
}

function figureChanges(
  chains: readonly Chain[],
  asked: readonly Asked[],
  told: Told,
): Omit<FigureChange, keyof OfIncident>[] {
  const { policy, isIn, placedWith } = told;
  const chainOf = ({ measure, who }: Asked, nth: 0 | 1) =>
    chains.find(({ question: { predicate, key, who: of } }) => {
      return predicate === MEASURES[measure] && key === undefined && whoKey(of) === who[nth];
    });
  const figureOf = (found: Positions | undefined) => numbersOf(found, policy);
  const movesFigure = (a: Positions | undefined, b: Positions | undefined) =>
    canonicalText(figureOf(a)) !== canonicalText(figureOf(b));
  return asked.flatMap((one) => {
    const { measure, side } = one;
    // Where somebody says how many of a side, a number about anybody is in no sum.
    const ofSides =
      side === null && measure !== 'attacks'
        ? asked.filter((other) => other.measure === measure && other.side !== null)
        : [];
    const isReported = (found: Positions | undefined) => (figureOf(found)?.status ?? 'unreported') !== 'unreported';
    const sided = [
      ofSides.some((other) => isReported(chainOf(other, 0)?.before)),
      ofSides.some((other) => isReported(chainOf(other, 1)?.after)),
    ] as const;
    const before = isIn[0] && !sided[0] ? figureOf(chainOf(one, 0)?.before) : null;
    const after = isIn[1] && !sided[1] ? figureOf(chainOf(one, 1)?.after) : null;
    if (canonicalText(before) === canonicalText(after)) return [];
    const moving = [one, ...(sided[0] === sided[1] ? [] : ofSides)]
      .flatMap((other) => [...new Set([chainOf(other, 0), chainOf(other, 1)])])
      .flatMap((chain) => (chain === undefined ? [] : causedBySteps(chain, told, movesFigure)));
    const others = isIn[0] === isIn[1] ? [] : placedWith.filter(({ cause }) => cause !== null);
    return [
      {
        measure,
        side,
        before,
        after,
        delta: deltaOf(before, after),
        contested: turned(before, after),
        ...caused([...moving, ...others]),
      },
    ];
  });
}

/** Null where there is nothing to say: unreported, and not contested. */
export function numbersOf(found: Positions | undefined, policy: PolicyName): FigureNumbers | null {
  if (found === undefined) return null;
  const { low, best, high, status, contested, basis } = applyPolicy(found, policy);
  return status === 'unreported' && !contested ? null : { low, best, high, status, contested, basis };
}

function answerChanges(chains: readonly Chain[], told: Told): Omit<AnswerChange, keyof OfIncident>[] {
  return chains.flatMap((chain) => {
    if (!isListed(chain.question)) return [];
    const lines = lineChanges(chain.before, chain.after);
    const contested = turned(chain.before, chain.after);
    if (lines.length === 0 && contested === null) return [];
    const moves = (a: Positions | undefined, b: Positions | undefined) =>
      lineChanges(a, b).length > 0 || turned(a, b) !== null;
    return [{ question: chain.question, lines, contested, ...caused(causedBySteps(chain, told, moves)) }];
  });
}

export function lineChanges(before: Positions | undefined, after: Positions | undefined): LineChange[] {
  const valuesOf = (found: Positions | undefined, line: string) =>
    (found?.positions ?? []).filter((one) => one.line === line).map(assertedBy);
  const lines = new Set([...(before?.positions ?? []), ...(after?.positions ?? [])].map(({ line }) => line));
  return [...lines].sort().flatMap((line) => {
    const was = valuesOf(before, line);
    const is = valuesOf(after, line);
    const text = (values: readonly unknown[]) => canonicalText(values.map((one) => canonicalText(one)).sort());
    return text(was) === text(is) ? [] : [{ line, before: was, after: is }];
  });
}

function assertedBy({ value, attribution }: Position): unknown {
  return attribution === undefined ? value : { ...value, attribution };
}

/** The steps of a chain that moved what is asked about, each with its cause. */
function causedBySteps(
  chain: Chain,
  { records, saidBy }: Pick<Told, 'records' | 'saidBy'>,
  moves: (before: Positions | undefined, after: Positions | undefined) => boolean,
): CausedRecord[] {
  return chain.steps.flatMap((step) => {
    const record = records.get(step.sequence);
    if (record === undefined || (!saidBy && !moves(step.before, step.after))) return [];
    return [withCause(record, causeOfStep(record, chain, step))];
  });
}

function withCause({ claims: _, ...record }: KnownRecord, cause: Cause | null): CausedRecord {
  return { ...record, cause };
}

function caused(records: readonly CausedRecord[]): Caused {
  const bySequence = new Map(records.toReversed().map((one) => [one.sequence, one]));
  const ordered = [...bySequence.values()].sort((a, b) => a.sequence - b.sequence);
  return { causes: [...new Set(ordered.flatMap(({ cause }) => cause ?? []))], records: ordered };
}

export function turned(before: { contested: boolean } | null | undefined, after: typeof before): 'on' | 'off' | null {
  const was = before?.contested ?? false;
  const is = after?.contested ?? false;
  if (was === is) return null;
  return is ? 'on' : 'off';
}

export function deltaOf(before: Delta | null, after: Delta | null): Delta {
  const by = (of: keyof Delta): number | null => {
    const was = before?.[of] ?? null;
    const is = after?.[of] ?? null;
    return was === null || is === null ? null : is - was;
  };
  return { low: by('low'), best: by('best'), high: by('high') };
}

function rowChanges(before: readonly TallyRow[], after: readonly TallyRow[]): RowChange[] {
  const keyOf = ({ measure, side, bucket, remainder, group }: TallyRow): string =>
    canonicalText([measure, side, bucket, remainder, group?.id ?? null]);
  const was = new Map(before.map((row) => [keyOf(row), row]));
  const is = new Map(after.map((row) => [keyOf(row), row]));
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((key) => {
    const old = was.get(key);
    const now = is.get(key);
    const any = now ?? old;
    if (any === undefined) return [];
    const { measure, side, bucket, remainder, group } = any;
    const [a, b] = [old && sumIn(old), now && sumIn(now)];
    if (canonicalText(a ?? null) === canonicalText(b ?? null)) return [];
    return [
      {
        measure,
        side,
        bucket,
        remainder,
        group,
        before: a ?? null,
        after: b ?? null,
        delta: deltaOf(a ?? NONE, b ?? NONE),
      },
    ];
  });
}

/** Of a row that is not there: nothing was added up. */
const NONE: Delta = { low: 0, best: 0, high: 0 };

function sumIn({ measure: _, side: __, bucket: ___, remainder: ____, group: _____, ...rest }: TallyRow): RowSum {
  return rest;
}
