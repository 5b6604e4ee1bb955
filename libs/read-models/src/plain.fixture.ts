/** Tallies by the rules of libs/domain applied one incident at a time to the records: what the database must add up to. */
import {
  applyPolicy,
  inZone,
  isInside,
  lineOf,
  placeBucketOf,
  positionsOf,
  standsToPeriod,
  sum,
  timeBucketOf,
  UNREPORTED,
  type Addend,
  type Incident,
  type PlaceKind,
  type PolicyName,
  type SourcedClaim,
  type TimeSpan,
  type Who,
} from '#domain';
import type { ReadRecord } from '#ledger';
import { Fates, statementsOf } from '#testing';
import type { IncidentFilter } from './incident-filter.js';
import { aboutsOf, documentFacts, registerCards, sourcedClaim, type DocumentFacts } from './projection.js';
import { MEASURES, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** What the records say, without any table. */
export class Plain {
  readonly registers = registerCards(new Map(), new Map());
  readonly incidents = new Map<string, Incident>();
  readonly #claims = new Map<string, SourcedClaim[]>();
  readonly #fates: Fates;
  /** By part, what it is tied to. */
  readonly #ties = new Map<string, Set<string>>();

  constructor(entries: readonly ReadRecord[]) {
    this.#fates = new Fates(entries.map(({ record }) => record));
    const documents = new Map<string, DocumentFacts>();
    for (const { record } of entries) {
      const id = record.data.changes[0]?.entity ?? '';
      if (record.name === 'ActorRegistered') this.registers.actors.set(id, record.data.actor);
      if (record.name === 'PlaceRegistered') this.registers.places.set(id, record.data.place);
      if (record.name === 'DocumentRegistered') documents.set(id, documentFacts(record.data.document, documents));
      if ('incident' in record.data) this.incidents.set(id, record.data.incident);
      const wholes = this.#ties.get(id) ?? new Set();
      this.#ties.set(id, wholes);
      if (record.name === 'IncidentTied') wholes.add(record.data.tie.whole);
      if (record.name === 'IncidentUntied') wholes.delete(record.data.whole);
    }
    for (const { id, sequence, statement: whole } of statementsOf(entries.map(({ record }) => record))) {
      const { claims, ...statement } = whole;
      const document = documents.get(statement.document);
      if (document === undefined) throw new Error('A statement without its document.');
      for (const [index, claim] of claims.entries()) {
        const source = { sequence, statementId: id, statement, claim, document };
        const sourced = sourcedClaim({ ...source, id: `${id}#${index + 1}` });
        for (const about of aboutsOf(claim)) this.#claims.set(about, [...(this.#claims.get(about) ?? []), sourced]);
      }
    }
  }

  /** The claims about an incident, with why they count no more. */
  claimsAbout(id: string): SourcedClaim[] {
    return (this.#claims.get(id) ?? []).map((claim) => this.#fates.of(claim, id, this.registers));
  }

  figure(id: string, measure: Measure, who: Who | undefined, policy: PolicyName): Addend {
    const incident = this.incidents.get(id);
    const claims = this.claimsAbout(id);
    if (incident === undefined || claims.length === 0) return UNREPORTED;
    const question = { predicate: MEASURES[measure], ...(who !== undefined && { who }) };
    return applyPolicy(positionsOf(question, claims, { id, incident }, this.registers), policy);
  }

  #hasLiveParts(id: string): boolean {
    return [...this.#ties].some(([part, wholes]) => wholes.has(id) && !this.#fates.gone.has(part));
  }

  chosen({ filter, side }: TallyQuestion): string[] {
    return [...this.incidents]
      .filter(([id]) => !this.#fates.gone.has(id))
      .filter(([id]) => filter.tied === undefined || this.#hasLiveParts(id) === (filter.tied === 'wholes'))
      .filter(([, incident]) => filter.method === undefined || incident.method === filter.method)
      .filter(([, { place }]) => {
        if (filter.place === undefined) return true;
        return place !== undefined && isInside(place.place, filter.place, this.registers);
      })
      .filter(([, { parties }]) => {
        const { party } = filter;
        if (party === undefined) return true;
        return parties.some(
          (one) => one.side === side && (one.actor === party || lineOf(one.actor, this.registers) === party),
        );
      })
      .filter(([, { time }]) => standsToPeriod(timeFor(time, filter), filter) === 'inside')
      .map(([id]) => id)
      .sort();
  }
}

/** The time of an incident as of the zone asked about. */
export function timeFor(
  time: TimeSpan | undefined,
  { zone }: IncidentFilter,
): { from: string; to: string } | undefined {
  return time === undefined || zone === undefined ? time : inZone(time, zone.name);
}

/** The numbers of a row that both ways of adding up have. */
export function numbers(row: TallyRow | ReturnType<typeof sum>): object {
  const { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered } = row;
  return { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered };
}

/** By measure, bucket and group, the rows about attacks and about the people of the side asked about. */
export function rowsBy(plain: Plain, question: TallyQuestion): Map<string, object> {
  const { bucket, by, side, policy } = question;
  const rows = new Map<string, Addend[]>();
  for (const id of plain.chosen(question)) {
    const incident = plain.incidents.get(id);
    const time = bucket === undefined ? undefined : timeBucketOf(timeFor(incident?.time, question.filter), bucket);
    const kind = by?.slice('place:'.length) as PlaceKind | undefined;
    const place = kind === undefined ? undefined : placeBucketOf(incident?.place, kind, plain.registers);
    for (const measure of question.measures) {
      const who = measure === 'attacks' || side === undefined ? undefined : { side };
      const remainder = (time?.remainder ?? false) || (place?.remainder ?? false);
      const key = [
        measure,
        time?.name ?? '',
        place === undefined ? '' : (place.place ?? 'place not known'),
        remainder,
      ].join();
      rows.set(key, [...(rows.get(key) ?? []), plain.figure(id, measure, who, policy)]);
    }
  }
  return new Map([...rows].map(([key, figures]) => [key, numbers(sum(figures))]));
}

/** The same of rows as they were answered. */
export function rowsIn(answered: readonly TallyRow[]): Map<string, object> {
  const rows = new Map<string, object>();
  for (const row of answered) {
    if (row.incidents === 0) continue;
    const bucket = /^(\d{4}(-\d\d){0,2})/.exec(row.bucket ?? '')?.[1] ?? '';
    rows.set([row.measure, bucket, row.group?.id ?? '', row.remainder].join(), numbers(row));
  }
  return rows;
}
