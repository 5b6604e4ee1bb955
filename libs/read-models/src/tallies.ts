/**
 * Tallies: figures of many incidents, added up as section 10 of docs/codebook.md says, in rows by side, bucket of time and
 * group. What nobody says adds nothing and is counted beside. Somebody's own totals stand beside too, never added.
 */
import type { Pool } from 'pg';
import { SIDES } from '#domain';
import { shownClaims, type ShownClaim } from './claims.js';
import { overlappingIncidents, type IncidentFilter } from './incident-filter.js';
import { held, type Moment } from './moment.js';
import { Params } from './params.js';
import { tallySaidBy } from './said-by.js';
import { placeOf, type Placing } from './sum-rows.js';
import { MEASURES, placed, whoOf, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** Section 10: what is added up, and what is counted beside it. Of each figure one row, or one without where there is none. */
const SUM = `
  coalesce(sum(low), 0) as low,
  coalesce(sum(coalesce(best, low)), 0) as best,
  case when bool_or(status <> 'unreported' and high is null) then null else coalesce(sum(high), 0) end as high,
  count(about) filter (where status = 'affirmed-none') as affirmed_none,
  count(about) filter (where contested) as contested,
  count(about) filter (where status <> 'unreported' and best is null) as floors,
  count(about) filter (where disordered) as disordered,
  count(about) filter (where basis = 'official') as official,
  count(about) filter (where basis = 'other') as other,
  count(*) as incidents,
  count(*) - count(about) filter (where status <> 'unreported') as unreported`;

/** Several figures of one incident as one: they add up, and what is so of any of them is so of the incident. */
const OF_INCIDENT = `
  sum(low) as low,
  sum(coalesce(best, low)) as best,
  sum(high) as high,
  bool_or(status <> 'unreported') as reported,
  bool_or(status <> 'unreported' and high is null) as open,
  bool_or(status = 'affirmed-none') as affirmed_none,
  bool_or(contested) as contested,
  bool_or(status <> 'unreported' and best is null) as floor,
  bool_or(disordered) as disordered,
  bool_or(basis = 'official') as official,
  bool_or(basis = 'other') as other`;

/** The sum of such rows: every incident is counted once. */
const SUM_OF_INCIDENTS = `
  coalesce(sum(low), 0) as low,
  coalesce(sum(best), 0) as best,
  case when bool_or(open) then null else coalesce(sum(high), 0) end as high,
  count(*) filter (where affirmed_none) as affirmed_none,
  count(*) filter (where contested) as contested,
  count(*) filter (where floor) as floors,
  count(*) filter (where disordered) as disordered,
  count(*) filter (where official) as official,
  count(*) filter (where other) as other,
  count(*) as incidents,
  count(*) filter (where reported is not true) as unreported`;

/** @throws TooManyToCompute */
export async function tally(pool: Pool, schema: string, moment: Moment, question: TallyQuestion): Promise<TallyRow[]> {
  if (moment.saidBy !== undefined) return tallySaidBy(pool, schema, moment, moment.saidBy, question);
  const rows: TallyRow[] = [];
  for (const measure of question.measures) {
    if (measure === 'attacks') rows.push(...(await tallyOf(pool, schema, moment, question, measure, '', null)));
    else if (question.side !== undefined) {
      const who = whoOf(question, question.side);
      rows.push(...(await tallyOf(pool, schema, moment, question, measure, who, question.side)));
    } else {
      const sides = await tallyBySide(pool, schema, moment, question, measure);
      rows.push(...sides);
    }
  }
  return rows;
}

interface SumRow extends Placing {
  side: TallyRow['side'];
  low: string;
  best: string;
  high: string | null;
  incidents: string;
  unreported: string;
  affirmed_none: string;
  contested: string;
  floors: string;
  disordered: string;
  official: string;
  other: string;
}

/** One figure an incident, summed. */
async function tallyOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  question: TallyQuestion,
  measure: Measure,
  who: string,
  side: TallyRow['side'],
): Promise<TallyRow[]> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, question, params);
  const { rows } = await pool.query<SumRow>(
    `${head}
     select ${columns}, ${SUM}
       from placed c left join ${schema}.figures f
         on ${held('f')} and f.about = c.id and f.policy = ${params.add(question.policy)}
        and f.predicate = ${params.add(MEASURES[measure])} and f.key = '' and f.who = ${params.add(who)}
      group by 1, 2, 3, 4, 5 order by 1, 3`,
    params.values,
  );
  return rows.map((row) => tallyRow({ ...row, side }, measure));
}

/**
 * Rows by side. An incident whose sources say how many of a side stands in that side's row; one of which only a number
 * about anybody is known stands under "not-said". The row `all` adds these rows up, and counts who says nothing at all.
 */
async function tallyBySide(
  pool: Pool,
  schema: string,
  moment: Moment,
  question: TallyQuestion,
  measure: Measure,
): Promise<TallyRow[]> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, question, params);
  const policy = params.add(question.policy);
  const predicate = params.add(MEASURES[measure]);
  const sides = params.add(SIDES.map((side) => whoOf(question, side)));
  // Figures are looked through once, and never joined with themselves: of what such a join finds nothing is known
  // beforehand, and taken for little it goes through all of it for every incident.
  const { rows } = await pool.query<SumRow>(
    `${head},
     known as (
       select ${columns}, c.id, f.about, f.low, f.best, f.high, f.status, f.basis, f.contested, f.disordered,
              case when f.who = '' then 'not-said' else split_part(f.who, '/', 1) end as side,
              bool_or(f.who <> '' and f.status <> 'unreported') over (partition by c.id) as is_sided
         from placed c left join ${schema}.figures f
           on ${held('f')} and f.about = c.id and f.policy = ${policy} and f.predicate = ${predicate} and f.key = ''
          and (f.who = '' or f.who = any(${sides}))
     ),
     counted as (select * from known where side is distinct from 'not-said' or is_sided is not true)
     select ${columns}, side, ${SUM} from counted c where about is not null group by 1, 2, 3, 4, 5, 6
     union all
     select ${columns}, 'all', ${SUM_OF_INCIDENTS}
       from (select ${columns}, ${OF_INCIDENT} from counted c group by c.id, 1, 2, 3, 4, 5) c
      group by 1, 2, 3, 4, 5
     order by 1, 3, 6`,
    params.values,
  );
  return rows.map((row) => tallyRow(row, measure));
}

function tallyRow(row: SumRow, measure: Measure): TallyRow {
  return {
    measure,
    side: row.side,
    ...placeOf(row),
    low: Number(row.low),
    best: Number(row.best),
    high: row.high === null ? null : Number(row.high),
    incidents: Number(row.incidents),
    unreported: Number(row.unreported),
    affirmedNone: Number(row.affirmed_none),
    contested: Number(row.contested),
    floors: Number(row.floors),
    disordered: Number(row.disordered),
    official: Number(row.official),
    other: Number(row.other),
  };
}

/** Totals that somebody published of such a measure, about places that overlap those asked about. Never added. */
export function totalsBeside(
  pool: Pool,
  schema: string,
  moment: Moment,
  measures: readonly Measure[],
  place: string | undefined,
): Promise<ShownClaim[]> {
  const terms = measures.map((measure) => MEASURES[measure]);
  const overlaps = `exists (
    with recursive down as (
      select id from ${schema}.places p where ${held('p')} and p.id = $4
      union select p.id from ${schema}.places p join down on p.inside = down.id where ${held('p')}
    ), up as (
      select id, inside from ${schema}.places p where ${held('p')} and p.id = $4
      union select p.id, p.inside from ${schema}.places p join up on p.id = up.inside where ${held('p')}
    )
    select 1 from jsonb_array_elements_text(c.body #> '{about,scope,places}') named
     where named in (select id from down union select id from up))`;
  return shownClaims(
    pool,
    schema,
    moment,
    `c.predicate = 'total' and s.status <> 'retracted' and d.status <> 'withdrawn'
       and c.body #>> '{about,scope,of}' = any($3) and ($4::text is null or ${overlaps})`,
    [terms, place ?? null],
  );
}

/** How many incidents overlap the period asked about, or may, without lying inside it; null where none was asked about. */
export async function overlapping(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: IncidentFilter,
): Promise<number | null> {
  if (filter.from === undefined && filter.to === undefined) return null;
  const params = new Params(moment);
  const chosen = overlappingIncidents(schema, filter, params);
  const { rows } = await pool.query<{ count: string }>(`${chosen} select count(*) from chosen`, params.values);
  return Number(rows[0]?.count ?? 0);
}
