/** What the questions of several routes have in common. */
import { ApiParam } from '@nestjs/swagger';
import { Problem, type IncidentsQuery, type TalliesQuery } from '#contracts';
import type { Id, IncidentKind, Method, Side } from '#domain';
import { isThere, survivorAt, type IncidentFilter, type Moment } from '#read-models';
import { clean, type PinnedMoment, type Reads } from './reads.js';

export const idParam = ApiParam({ name: 'id', description: 'Id of the entity.' });
export const ledgerParam = ApiParam({ name: 'ledger', description: 'Name of the ledger.', example: 'syria' });

export function nothing(what: string, id: Id, { ledger, sequence }: Moment): Problem {
  return new Problem('not-found', `There is no ${what} ${id} in ${ledger} as of record ${sequence}.`);
}

export function incidentFilter(query: IncidentsQuery | TalliesQuery): IncidentFilter {
  const { method, place, attacker, from, to, side, 'of.party': party } = query;
  const incident = 'incident' in query ? query.incident : undefined;
  const kind = 'kind' in query ? query.kind : undefined;
  if (from !== undefined && to !== undefined && to < from) {
    throw new Problem('bad-parameter', 'The parameter to lies before from: no time lies between them.', {
      details: { parameter: 'to' },
    });
  }
  return clean({
    method: method as Method | undefined,
    kind: kind as IncidentKind | undefined,
    place,
    attacker,
    from,
    to,
    incident,
    party,
    side: party === undefined ? undefined : (side as Side | undefined),
  });
}

/** The parts of a filter that name something, where it is registered, and the parameter that they come from. */
const NAMING = [
  ['place', 'places', 'place'],
  ['party', 'actors', 'of.party'],
  ['attacker', 'actors', 'attacker'],
  ['incident', 'incidents', 'incident'],
] as const;

/** What is not there has no zero of its own. @throws Problem bad-parameter that names the parameter */
export async function requireThere(reads: Reads, moment: PinnedMoment, filter: IncidentFilter): Promise<void> {
  for (const [name, table, parameter] of NAMING) {
    const id = filter[name];
    if (id === undefined || (await isThere(reads.pool, moment.schema, moment, table, id))) continue;
    throw new Problem(
      'bad-parameter',
      `The parameter ${parameter} names ${id}, and ${table} of ${moment.ledger} have no such id as of record ${moment.sequence}: check it, or ask as of a later record.`,
      { details: { parameter } },
    );
  }
}

/** What was merged is asked about by any of its ids. */
export async function surviving(reads: Reads, moment: PinnedMoment, filter: IncidentFilter): Promise<IncidentFilter> {
  const found = { ...filter };
  for (const [name] of NAMING) {
    const id = filter[name];
    if (id !== undefined) found[name] = await survivorAt(reads.pool, moment.schema, moment, id);
  }
  return found;
}
