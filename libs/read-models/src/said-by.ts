/**
 * What had been said by a time: the same positions, figures and sums as the stored ones, of the claims that had been said.
 * No row can hold that for every time, so it is worked out when asked, by the same rules: those of the projection and of
 * libs/domain. Nothing here decides how a claim counts.
 */
import type { Pool } from 'pg';
import {
  applyPolicy,
  positionsOf,
  SIDES,
  sum,
  UNREPORTED,
  wasSaidBy,
  type Figure,
  type LocalTime,
  type PolicyName,
  type Positions,
  type Predicate,
  type Sum,
} from '#domain';
import type { Moment } from './moment.js';
import { Params } from './params.js';
import { whoKey } from './cards.js';
import { countable, questionsAbout, type Grounds } from './recompute.js';
import { loadGrounds, loadRegisters } from './sources.js';
import { MEASURES, placed, whoOf, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** Positions on one question about one incident or scope. */
export interface PositionsAbout extends Positions {
  about: string;
}

/** Which questions are wanted: `people` as in the tables, see `whoKey`. */
export interface Wanted {
  predicates: readonly Predicate[];
  people: readonly string[];
}

/** More incidents were chosen than can be worked out while somebody waits. */
export class TooManyToCompute extends Error {
  constructor(readonly max: number) {
    super(`More than ${max} incidents are chosen.`);
    this.name = 'TooManyToCompute';
  }
}

const INCIDENTS_MAX = 5_000;
/** Incidents whose claims are in memory at once; between two slices others get their turn. */
const SLICE = 500;

export async function positionsSaidBy(
  pool: Pool,
  schema: string,
  moment: Moment,
  saidBy: LocalTime,
  abouts: readonly string[],
  wanted?: Wanted,
): Promise<PositionsAbout[]> {
  const registers = await loadRegisters(pool, schema, moment);
  const grounds = await loadGrounds(pool, schema, moment, abouts, registers);
  return abouts.toSorted().flatMap((about) => positionsOn(about, grounds, saidBy, wanted));
}

/** In the order in which the tables give them, as far as their language orders letter by letter. */
function positionsOn(about: string, grounds: Grounds, saidBy: LocalTime, wanted: Wanted | undefined): PositionsAbout[] {
  const { registers } = grounds;
  const { subject, claims } = countable(about, grounds);
  if (subject === undefined) return [];
  const said = claims.filter((one) => wasSaidBy(one, saidBy));
  return questionsAbout(said, subject, registers)
    .map((question) => ({ question, order: [question.predicate, question.key ?? '', whoKey(question.who)] as const }))
    .filter(({ order: [predicate, , who] }) => {
      return wanted === undefined || (wanted.predicates.includes(predicate) && wanted.people.includes(who));
    })
    .sort((a, b) => (a.order.join('\n') < b.order.join('\n') ? -1 : 1))
    .map(({ question }) => ({ ...positionsOf(question, said, subject, registers), about }));
}

/** An incident with the row that it stands in. */
interface PlacedIncident {
  id: string;
  bucket: string | null;
  bucket_rest: boolean;
  group_id: string | null;
  group_name: string | null;
  group_rest: boolean;
}

/** What a sum needs of a figure. */
type Counted = Pick<Figure, 'low' | 'best' | 'high' | 'status' | 'contested' | 'basis'>;

/** By incident, predicate and people. Where nobody says anything there is none. */
type CountedFigures = Map<string, Counted>;

const figureKey = (id: string, predicate: Predicate, who: string): string => `${id} ${predicate} ${who}`;

/** @throws TooManyToCompute */
export async function tallySaidBy(
  pool: Pool,
  schema: string,
  moment: Moment,
  saidBy: LocalTime,
  question: TallyQuestion,
): Promise<TallyRow[]> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, question, params);
  const { rows: incidents } = await pool.query<PlacedIncident>(
    `${head} select c.id, ${columns} from placed c order by c.bucket, c.group_id limit ${params.add(INCIDENTS_MAX + 1)}`,
    params.values,
  );
  if (incidents.length > INCIDENTS_MAX) throw new TooManyToCompute(INCIDENTS_MAX);

  const sides = question.side === undefined ? SIDES : [question.side];
  const wanted = {
    predicates: question.measures.map((measure) => MEASURES[measure]),
    people: ['', ...sides.map((side) => whoOf(question, side))],
  };
  const figures: CountedFigures = new Map();
  const registers = await loadRegisters(pool, schema, moment);
  for (let from = 0; from < incidents.length; from += SLICE) {
    const ids = incidents.slice(from, from + SLICE).map(({ id }) => id);
    const grounds = await loadGrounds(pool, schema, moment, ids, registers);
    for (const id of ids) addFigures(figures, positionsOn(id, grounds, saidBy, wanted), question.policy);
  }

  const groups = new Map<string, PlacedIncident[]>();
  for (const one of incidents) {
    const key = JSON.stringify({ ...one, id: null });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return question.measures.flatMap((measure) =>
    [...groups.values()].flatMap((group) => rowsOf(group, measure, question, figures)),
  );
}

function addFigures(figures: CountedFigures, found: readonly PositionsAbout[], policy: PolicyName): void {
  for (const positions of found) {
    const { predicate, key, who } = positions.question;
    if (key !== undefined) continue;
    const { low, best, high, status, contested, basis } = applyPolicy(positions, policy);
    if (status === 'unreported' && !contested) continue;
    figures.set(figureKey(positions.about, predicate, whoKey(who)), { low, best, high, status, contested, basis });
  }
}

/** The rows of one bucket and group: one, or one a side and the row of all. */
function rowsOf(
  incidents: readonly PlacedIncident[],
  measure: Measure,
  question: TallyQuestion,
  figures: CountedFigures,
): TallyRow[] {
  const of = (who: string): (Counted | undefined)[] =>
    incidents.map(({ id }) => figures.get(figureKey(id, MEASURES[measure], who)));
  const row = (side: TallyRow['side'], sums: Summed): TallyRow[] => {
    const [first] = incidents;
    return first === undefined ? [] : [{ ...placeOf(first), measure, side, ...sums }];
  };
  if (measure === 'attacks') return row(null, summed(of('')));
  if (question.side !== undefined) return row(question.side, summed(of(whoOf(question, question.side))));

  const bySide = new Map<TallyRow['side'], (Counted | undefined)[]>(
    SIDES.map((side) => [side, of(whoOf(question, side))]),
  );
  // Where somebody says how many of a side, a number about anybody is of no further use.
  const sided = incidents.map((_, at) =>
    [...bySide.values()].some((some) => (some[at] ?? UNREPORTED).status !== 'unreported'),
  );
  const anybody = of('').map((figure, at) => (sided[at] === true ? undefined : figure));
  bySide.set('not-said', anybody);
  const rows = [...bySide].flatMap(([side, some]) => {
    const known = some.filter((one) => one !== undefined);
    return known.length === 0 ? [] : row(side, summed(known));
  });
  const all = summedByIncident(incidents.map((_, at) => [...bySide.values()].flatMap((some) => some[at] ?? [])));
  return [...row('all', all), ...rows].sort((a, b) => (String(a.side) < String(b.side) ? -1 : 1));
}

function placeOf(one: PlacedIncident): Pick<TallyRow, 'bucket' | 'remainder' | 'group'> {
  return {
    bucket: one.bucket,
    remainder: one.bucket_rest || one.group_rest,
    group: one.group_id === null ? null : { id: one.group_id, name: one.group_name ?? one.group_id },
  };
}

type Summed = Sum & Pick<TallyRow, 'official' | 'other'>;

function summed(figures: readonly (Counted | undefined)[]): Summed {
  const count = (basis: Figure['basis']) => figures.filter((one) => one?.basis === basis).length;
  return {
    ...sum(figures.map((one) => one ?? UNREPORTED)),
    official: count('official'),
    other: count('other'),
  };
}

/** Over several figures an incident: all of them add up, and the incident is counted once. */
function summedByIncident(figures: readonly (readonly Counted[])[]): Summed {
  const total = summed(figures.flat());
  const each = figures.map((some) => summed(some));
  const count = (of: (one: Summed) => boolean) => each.filter(of).length;
  return {
    ...total,
    incidents: figures.length,
    unreported: count((one) => one.unreported === one.incidents),
    affirmedNone: count((one) => one.affirmedNone > 0),
    contested: count((one) => one.contested > 0),
    floors: count((one) => one.floors > 0),
    disordered: count((one) => one.disordered > 0),
    official: count((one) => one.official > 0),
    other: count((one) => one.other > 0),
  };
}
