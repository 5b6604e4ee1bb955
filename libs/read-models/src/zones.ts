/**
 * Tallies in another zone (section 11 of docs/codebook.md). Zone tables change, so nothing of them is stored: the dates of
 * incidents with a clock time are worked out when asked, by the rule of libs/domain, and given to the queries.
 */
import type { Pool } from 'pg';
import { inZone, isKnownZone, type TimeSpan } from '#domain';
import { chosenIncidents, type IncidentFilter } from './incident-filter.js';
import type { Moment } from './moment.js';
import { Params } from './params.js';

/** Times in memory at once; between two slices others get their turn. */
const SLICE = 10_000;

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
  const known = await knownZones(pool, schema, moment, anyTime);
  let after: string | undefined = '';
  while (after !== undefined && known.length > 0) {
    const params = new Params(moment);
    const { rows }: { rows: { id: string; time: TimeSpan }[] } = await pool.query(
      `${chosenIncidents(schema, anyTime, params)}
       select id, body -> 'time' as time from chosen where ${isMovable(params.add(known))}
          and id > ${params.add(after)} order by id limit ${SLICE}`,
      params.values,
    );
    for (const { id, time } of rows) {
      const there = inZone(time, zone);
      const [from, to] = [there.from.slice(0, 10), there.to.slice(0, 10)];
      if (from !== time.from.slice(0, 10) || to !== time.to.slice(0, 10)) moved.push({ id, from, to });
    }
    after = rows.length < SLICE ? undefined : rows.at(-1)?.id;
  }
  const ends = { from: moved.map((one) => one.from), to: moved.map((one) => one.to) };
  return { ...filter, zone: { name: zone, known, ids: moved.map(({ id }) => id), ...ends } };
}

async function knownZones(pool: Pool, schema: string, moment: Moment, filter: IncidentFilter): Promise<string[]> {
  const params = new Params(moment);
  const { rows } = await pool.query<{ zone: string }>(
    `${chosenIncidents(schema, filter, params)}
     select distinct body #>> '{time,zone}' as zone from chosen where body #>> '{time,zone}' is not null`,
    params.values,
  );
  return rows.map(({ zone }) => zone).filter(isKnownZone);
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
