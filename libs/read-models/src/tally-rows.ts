/** What a tally asks, what its rows say, and in which row an incident stands (section 11 of docs/codebook.md). */
import { widerKinds, type PlaceKind, type PolicyName, type Side, type Sum } from '#domain';
import { chosenIncidents, type IncidentFilter } from './incident-filter.js';
import { held } from './moment.js';
import type { Params } from './params.js';
import { whoKey } from './cards.js';

export const MEASURES = {
  attacks: 'happened',
  killed: 'killed',
  injured: 'injured',
  casualties: 'casualties',
} as const;
export type Measure = keyof typeof MEASURES;

const BUCKETS = ['day', 'month', 'year', 'day:start', 'month:start', 'year:start'] as const;
export type Bucket = (typeof BUCKETS)[number];

const GROUPINGS = [
  'incident',
  'method',
  'place:site',
  'place:town',
  'place:district',
  'place:governorate',
  'place:country',
] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface TallyQuestion {
  measures: Measure[];
  filter: IncidentFilter;
  /** Count people of this side only; with a party in the filter, its people. */
  side?: Side;
  policy: PolicyName;
  bucket?: Bucket;
  by?: Grouping;
}

/** The sum that the rules define; of attacks, `unreported` are those not stated under this policy. */
export interface TallyRow extends Sum {
  /** Figures that rest on officials, and on others. */
  official: number;
  other: number;
  measure: Measure;
  /** Whose people; `not-said` where sources give no side; `all` adds up the rows of every side. Attacks have none. */
  side: Side | 'not-said' | 'all' | null;
  /** The bucket of time, such as 2018-02, or the remainder that a longer interval falls in, such as "2018, month not known". */
  bucket: string | null;
  /** Whether the bucket or group is a remainder: what cannot be placed more finely. */
  remainder: boolean;
  group: { id: string; name: string } | null;
}

/** The people that are counted on a side: all of it, or those of the party asked about. */
export function whoOf(question: TallyQuestion, side: Side): string {
  const { party } = question.filter;
  return whoKey(party === undefined ? { side } : { side, of: party });
}

/** The chosen incidents with the bucket and group that each belongs to. */
export function placed(schema: string, question: TallyQuestion, params: Params): { head: string; columns: string } {
  const { bucket, by, filter } = question;
  const chosen = chosenIncidents(schema, filter, params);
  const time = bucket === undefined ? { label: 'null::text', rest: 'false' } : bucketOf(bucket);
  const group = groupOf(by, schema, params);
  return {
    head: `${chosen}${group.tables},
     placed as (
       select i.id, ${time.label} as bucket, ${time.rest} as bucket_rest, ${group.id} as group_id,
              ${group.name} as group_name, ${group.rest} as group_rest
         from chosen i ${group.join}
     )`,
    columns: 'c.bucket, c.bucket_rest, c.group_id, c.group_name, c.group_rest',
  };
}

/**
 * An incident is in a day, month or year only if its whole interval is; else it stands in the remainder of the smallest
 * unit that holds it. With `:start` it goes by the day its interval begins, and the row's name says the bucket alone.
 */
function bucketOf(bucket: Bucket): { label: string; rest: string } {
  const [unit = 'day', start] = bucket.split(':');
  const chars = { day: 10, month: 7, year: 4 }[unit] ?? 10;
  if (start !== undefined)
    return { label: `coalesce(left(i.time_from, ${chars}), 'time not known')`, rest: 'i.time_from is null' };
  const inside = (length: number): string => `left(i.time_from, ${length}) = left(i.time_to, ${length})`;
  const wider = [
    ...(chars > 7 ? [`when ${inside(7)} then left(i.time_from, 7) || ', ${unit} not known'`] : []),
    ...(chars > 4
      ? [`when ${inside(4)} then left(i.time_from, 4) || ', ${unit === 'day' ? 'month and day' : unit} not known'`]
      : []),
  ];
  return {
    label: `case when ${inside(chars)} then left(i.time_from, ${chars}) ${wider.join(' ')}
            when i.time_from is null then 'time not known' else '${unit} not known' end`,
    rest: `not coalesce(${inside(chars)}, false)`,
  };
}

/** Places roll up to the nearest ancestor of the kind; where there is none, the next wider place is named as remainder. */
function groupOf(
  by: Grouping | undefined,
  schema: string,
  params: Params,
): { tables: string; join: string; id: string; name: string; rest: string } {
  if (by === undefined) return { tables: '', join: '', id: 'null::text', name: 'null::text', rest: 'false' };
  if (by === 'incident') {
    return { tables: '', join: '', id: 'i.id', name: `coalesce(i.body ->> 'title', i.id)`, rest: 'false' };
  }
  if (by === 'method') return { tables: '', join: '', id: 'i.method', name: 'i.method', rest: 'false' };
  const kind = by.slice('place:'.length) as PlaceKind;
  const wanted = params.add(kind);
  // Worked out once for every place. Near a place is somewhere in what the place lies in. What was merged is its survivor: a
  // step, but no way up.
  const tables = `,
     climb as (
       select p.id as start, p.id, p.kind, p.inside, p.merged_into, p.body, 0 as steps
         from ${schema}.places p where ${held('p')}
       union all
       select c.start, p.id, p.kind, p.inside, p.merged_into, p.body,
              c.steps + case when c.merged_into is null then 1 else 0 end
         from climb c join ${schema}.places p on p.id = c.inside and ${held('p')} where c.steps < 50
     ),
     rolled as (
       select distinct on (start, near) start, near, id, kind,
              coalesce(body #>> '{names,0,text,text}', body #>> '{names,0,text}') as name
         from climb, (values (false), (true)) at (near)
        where merged_into is null and (kind = ${wanted} or kind = any(${params.add(widerKinds(kind))}))
          and (steps > 0 or not near)
        order by start, near, kind = ${wanted} desc, steps
     )`;
  const join = `left join rolled r on r.start = i.place and r.near = (i.body #>> '{place,near}' is not null)`;
  return {
    tables,
    join,
    id: `coalesce(r.id, 'place not known')`,
    name: `case when r.id is null then 'place not known' when r.kind = ${wanted} then r.name else r.name || ', ${kind} not known' end`,
    rest: `r.id is null or r.kind <> ${wanted}`,
  };
}
