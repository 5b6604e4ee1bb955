/** Sums of figures in memory, in the same rows as the database adds them up: section 10 of docs/codebook.md. */
import { SIDES, sum, UNREPORTED, type Figure, type Predicate, type Sum } from '#domain';
import { MEASURES, whoOf, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** A row as the database names it: by bucket and group, each of which may be a remainder. */
export interface Placing {
  bucket: string | null;
  bucket_rest: boolean;
  group_id: string | null;
  group_name: string | null;
  group_rest: boolean;
}

/** An incident with the row that it stands in. */
export interface PlacedIncident extends Placing {
  id: string;
}

/** What a sum needs of a figure. */
export type Counted = Pick<Figure, 'low' | 'best' | 'high' | 'status' | 'contested' | 'basis'>;

/** By `figureKey`, of one incident. Where nobody says anything there is none. */
export type CountedFigures = Map<string, Counted>;

export const figureKey = (predicate: Predicate, who: string): string => `${predicate} ${who}`;

const NONE: CountedFigures = new Map();

export function rowsOfFigures(
  incidents: readonly PlacedIncident[],
  question: TallyQuestion,
  figures: ReadonlyMap<string, CountedFigures>,
): TallyRow[] {
  const groups = new Map<string, PlacedIncident[]>();
  for (const one of incidents) {
    const key = JSON.stringify([one.bucket, one.bucket_rest, one.group_id, one.group_name, one.group_rest]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  const ordered = [...groups.values()].sort(byBucketAndGroup);
  return question.measures.flatMap((measure) => ordered.flatMap((group) => rowsOf(group, measure, question, figures)));
}

/** As the database orders rows: what has no bucket or group comes last. */
function byBucketAndGroup([a]: readonly PlacedIncident[], [b]: readonly PlacedIncident[]): number {
  const order = (one: string | null | undefined, other: string | null | undefined): number => {
    if (one === other) return 0;
    return one !== null && one !== undefined && (other === null || other === undefined || one < other) ? -1 : 1;
  };
  return order(a?.bucket, b?.bucket) || order(a?.group_id, b?.group_id);
}

/** The rows of one bucket and group: one, or one a side and the row of all. */
function rowsOf(
  incidents: readonly PlacedIncident[],
  measure: Measure,
  question: TallyQuestion,
  figures: ReadonlyMap<string, CountedFigures>,
): TallyRow[] {
  const own = incidents.map(({ id }) => figures.get(id) ?? NONE);
  const of = (who: string): (Counted | undefined)[] => {
    const key = figureKey(MEASURES[measure], who);
    return own.map((some) => some.get(key));
  };
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

export function placeOf(one: Placing): Pick<TallyRow, 'bucket' | 'remainder' | 'group'> {
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
