/** Which incidents an answer is about: one filter for lists and tallies. */
import type { IncidentKind, Method, Side } from '#domain';
import { held } from './moment.js';
import type { Params } from './params.js';

export interface IncidentFilter {
  incident?: string;
  /** These incidents only. */
  ids?: readonly string[];
  method?: Method;
  kind?: IncidentKind;
  /** A place: incidents at it or anywhere inside it. */
  place?: string;
  /** An actor, or the line of actors that it heads, among the parties … */
  party?: string;
  /** … on this side. */
  side?: Side;
  /** An actor or line among the attackers. */
  attacker?: string;
  /** Local dates: incidents whose whole interval lies inside. */
  from?: string;
  to?: string;
  /**
   * In tallies. `parts`: what has live parts is left out, for it is never added to them. `wholes`: what was left out.
   * Without it all of them, as in lists.
   */
  tied?: 'parts' | 'wholes';
  /** Local dates are those in this zone; made by `filterInZone`. */
  zone?: ZonedDates;
}

/** The incidents whose local dates are others in a zone, with these dates: three lists of one length. */
export interface ZonedDates {
  name: string;
  /** Zones that times can be moved from. */
  known: readonly string[];
  ids: readonly string[];
  from: readonly string[];
  to: readonly string[];
}

/** SQL of a common table expression `chosen` with the incidents of the filter, and what it needs before it. */
export function chosenIncidents(schema: string, filter: IncidentFilter, params: Params): string {
  return chosen(schema, filter, params, insidePeriod(filter, params));
}

/** The same with the incidents that overlap the period, or may, but do not lie inside it: told beside, never counted. */
export function overlappingIncidents(schema: string, filter: IncidentFilter, params: Params): string {
  const { from = '0000', to = '9999-99' } = filter;
  const times = timesOf(filter);
  const overlaps = `left(${times.from}, 10) <= ${params.add(to)} and left(${times.to}, 10) >= ${params.add(from)}`;
  const inside = insidePeriod(filter, params).join(' and ');
  const overlapping = `(i.time_from is null or (${overlaps} and not (${inside})))`;
  if (filter.zone !== undefined) return chosen(schema, filter, params, [overlapping]);
  // One that lies within one day lies in the period or outside: the index has only the others.
  const spanning = `(i.time_from is null or left(i.time_from, 10) <> left(i.time_to, 10))`;
  return chosen(schema, filter, params, [spanning, overlapping]);
}

/**
 * A date-time is compared by its date: from and to are dates, and a whole day lies inside them or not. The whole of
 * `time_from` is compared besides, which follows (it ends no earlier than its date, and begins before `time_to` ends) and
 * lets the index find the few of a month among all; in another zone, where dates are moved, nothing follows.
 */
function insidePeriod(filter: IncidentFilter, params: Params): string[] {
  const { from, to, zone } = filter;
  const times = timesOf(filter);
  const isOwn = zone === undefined;
  return [
    ...(from === undefined ? [] : [`left(${times.from}, 10) >= ${params.add(from)}`]),
    ...(to === undefined ? [] : [`left(${times.to}, 10) <= ${params.add(to)}`]),
    ...(from === undefined || !isOwn ? [] : [`i.time_from >= ${params.add(from)}`]),
    ...(to === undefined || !isOwn ? [] : [`i.time_from <= ${params.add(`${to}z`)}`]),
  ];
}

/** SQL of the ends of an incident's time, as of the zone asked about. */
function timesOf({ zone }: IncidentFilter): { from: string; to: string } {
  if (zone === undefined) return { from: 'i.time_from', to: 'i.time_to' };
  return { from: 'coalesce(z.time_from, i.time_from)', to: 'coalesce(z.time_to, i.time_to)' };
}

function chosen(schema: string, filter: IncidentFilter, params: Params, period: readonly string[]): string {
  // One that was retracted is shown by its address, with its history; it is in no list and no tally.
  const conditions = [held('i'), `i.status = 'live'`];
  const region =
    filter.place === undefined
      ? ''
      : `region as (
           select id from ${schema}.places p where ${held('p')} and p.id = ${params.add(filter.place)}
           union
           select p.id from ${schema}.places p join region r on p.inside = r.id where ${held('p')}
         ),`;
  if (filter.tied !== undefined) {
    conditions.push(`${filter.tied === 'parts' ? 'not ' : ''}exists (
      select 1 from ${schema}.ties t join ${schema}.incidents part on ${held('part')} and part.id = t.part
       where ${held('t')} and t.whole = i.id and part.status = 'live')`);
  }
  if (filter.place !== undefined) conditions.push('i.place in (select id from region)');
  if (filter.incident !== undefined) conditions.push(`i.id = ${params.add(filter.incident)}`);
  if (filter.ids !== undefined) conditions.push(`i.id = any(${params.add(filter.ids)})`);
  if (filter.method !== undefined) conditions.push(`i.method = ${params.add(filter.method)}`);
  if (filter.kind !== undefined) conditions.push(`i.kind = ${params.add(filter.kind)}`);
  if (filter.party !== undefined) conditions.push(partyAmong(schema, params, filter.party, filter.side));
  if (filter.attacker !== undefined) conditions.push(partyAmong(schema, params, filter.attacker, 'attacker'));
  conditions.push(...period);
  const { zone } = filter;
  const zoned =
    zone === undefined
      ? ''
      : `left join unnest(${params.add(zone.ids)}::text[], ${params.add(zone.from)}::text[], ${params.add(zone.to)}::text[])
           as z (id, time_from, time_to) on z.id = i.id`;
  const times = timesOf(filter);
  return `with recursive ${region} chosen as (
    select i.id, i.version, i.kind, i.method, i.place, ${times.from} as time_from, ${times.to} as time_to, i.body
      from ${schema}.incidents i ${zoned} where ${conditions.join(' and ')}
  )`;
}

function partyAmong(schema: string, params: Params, party: string, side: Side | undefined): string {
  const who = params.add(party);
  const onSide = side === undefined ? '' : `and p.side = ${params.add(side)}`;
  return `exists (select 1 from ${schema}.parties p
                   where ${held('p')} and p.incident = i.id and (p.actor = ${who} or p.line = ${who}) ${onSide})`;
}
