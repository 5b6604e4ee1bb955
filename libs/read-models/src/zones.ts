/**
 * Tallies in another zone (section 11 of docs/codebook.md). Zone tables change, so nothing of them is stored: the dates of
 * incidents with a clock time are worked out when asked, by the rule of libs/domain, and given to the queries.
 */
import type { Pool } from 'pg';
import { inZone, isKnownZone } from '#domain';
import { chosenIncidents, type IncidentFilter } from './incident-filter.js';
import type { Moment } from './moment.js';
import { Params } from './params.js';

/** Times in memory at once; between two slices others get their turn. */
const SLICE = 20_000;

/** SQL of what `inZone` can move: a clock time at both ends, and one of the zones that are known here. */
function isMovable(known: string): string {
  return `length(body #>> '{time,from}') > 10 and length(body #>> '{time,to}') > 10
          and body #>> '{time,zone}' = any(${known}::text[])`;
}

/** The filter with the dates of its incidents as clocks in a zone show them, for its period and for buckets of time. */
export async function filterInZone(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: IncidentFilter,
  zone: string,
): Promise<IncidentFilter> {
  // Which incidents are in the period is only known when their dates are, and wholes are asked for beside their parts.
  const { from: _from, to: _to, tied: _tied, ...anyTime } = filter;
  const moved: { id: string; from: string; to: string }[] = [];
  const zones = new Map<string, boolean>();
  let after: string | undefined = '';
  while (after !== undefined) {
    const params = new Params(moment);
    const { rows }: { rows: { id: string; from: string; to: string; zone: string }[] } = await pool.query(
      `${chosenIncidents(schema, anyTime, params)}
       select id, time_from as from, time_to as to, body #>> '{time,zone}' as zone from chosen
        where length(time_from) > 10 and length(time_to) > 10 and body #>> '{time,zone}' is not null
          and id > ${params.add(after)} order by id limit ${SLICE}`,
      params.values,
    );
    for (const { id, ...time } of rows) {
      if (!zones.has(time.zone)) zones.set(time.zone, isKnownZone(time.zone));
      if (zones.get(time.zone) !== true) continue;
      const there = inZone(time, zone);
      const [from, to] = [there.from.slice(0, 10), there.to.slice(0, 10)];
      if (from !== time.from.slice(0, 10) || to !== time.to.slice(0, 10)) moved.push({ id, from, to });
    }
    after = rows.length < SLICE ? undefined : rows.at(-1)?.id;
  }
  const known = [...zones].flatMap(([name, isKnown]) => (isKnown ? [name] : []));
  const ends = { from: moved.map((one) => one.from), to: moved.map((one) => one.to) };
  return { ...filter, zone: { name: zone, known, ids: moved.map(({ id }) => id), ...ends } };
}

/** How many of the incidents have a time and keep their local date in the zone asked about; null where none was. */
export async function localDateOnly(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: IncidentFilter,
): Promise<number | null> {
  if (filter.zone === undefined) return null;
  const params = new Params(moment);
  const { rows } = await pool.query<{ count: string }>(
    `${chosenIncidents(schema, filter, params)}
     select count(*) from chosen where time_from is not null and (${isMovable(params.add(filter.zone.known))}) is not true`,
    params.values,
  );
  return Number(rows[0]?.count ?? 0);
}
