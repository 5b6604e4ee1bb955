/** Tallies by the rules of libs/domain applied one incident at a time to the records: what the database must add up to. */
import {
  applyPolicy,
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
  type Registers,
  type SourcedClaim,
  type Survivor,
  type Who,
} from '#domain';
import type { ReadRecord } from '#ledger';
import { Told } from '#testing';
import { aboutsOf } from './cards.js';
import { MEASURES, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** What the records say, without any table. */
export class Plain {
  readonly registers: Registers;
  readonly incidents: ReadonlyMap<string, Incident>;
  /** What an id is read as. Whoever asks about something that was merged asks about this. */
  readonly survivor: Survivor;
  readonly #claims = new Map<string, SourcedClaim[]>();
  readonly #told: Told;

  /** `isHeard` says which claims there are at all. */
  constructor(entries: readonly ReadRecord[], isHeard: (claim: SourcedClaim) => boolean = () => true) {
    this.#told = new Told(entries.map(({ record }) => record));
    this.registers = this.#told.registers;
    this.survivor = this.#told.survivor;
    this.incidents = this.#told.incidents();
    for (const one of this.#told.claims().filter(isHeard)) {
      for (const about of aboutsOf(one.claim)) this.#claims.set(about, [...(this.#claims.get(about) ?? []), one]);
    }
  }

  /** The claims about an incident, with why they count no more. */
  claimsAbout(id: string): SourcedClaim[] {
    return (this.#claims.get(id) ?? []).map((claim) => this.#told.fated(claim, id));
  }

  /** What there are claims about: incidents, and scopes as they stand in the tables. */
  abouts(): string[] {
    return [...this.#claims.keys()];
  }

  figure(id: string, measure: Measure, who: Who | undefined, policy: PolicyName): Addend {
    const incident = this.incidents.get(id);
    const claims = this.claimsAbout(id);
    if (incident === undefined || claims.length === 0) return UNREPORTED;
    const question = { predicate: MEASURES[measure], ...(who !== undefined && { who }) };
    return applyPolicy(positionsOf(question, claims, { id, incident }, this.registers), policy);
  }

  chosen({ filter, side }: TallyQuestion): string[] {
    return [...this.incidents]
      .filter(([id]) => !this.#told.isGone(id))
      .filter(([id]) => filter.tied === undefined || this.#told.hasLiveParts(id) === (filter.tied === 'wholes'))
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
      .filter(([, { time }]) => standsToPeriod(time, filter) === 'inside')
      .map(([id]) => id)
      .sort();
  }
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
    const time = bucket === undefined ? undefined : timeBucketOf(incident?.time, bucket);
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
