/** Tallies by the rules of libs/domain applied one incident at a time to the records: what the database must add up to. */
import {
  applyPolicy,
  inZone,
  isInside,
  lineOf,
  placeBucketOf,
  positionsOf,
  SIDES,
  standsToPeriod,
  sum,
  timeBucketOf,
  UNREPORTED,
  type Addend,
  type Figure,
  type Incident,
  type PlaceKind,
  type PolicyName,
  type Registers,
  type Side,
  type SourcedClaim,
  type Survivor,
  type TimeSpan,
  type Who,
} from '#domain';
import type { ReadRecord } from '#ledger';
import { Told } from '#testing';
import { aboutsOf } from './cards.js';
import type { IncidentFilter } from './incident-filter.js';
import { MEASURES, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** A figure as it is added up, and whom it rests on. */
type Counted = Addend & Pick<Figure, 'basis'>;

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

  figure(id: string, measure: Measure, who: Who | undefined, policy: PolicyName): Counted {
    const incident = this.incidents.get(id);
    const claims = this.claimsAbout(id);
    if (incident === undefined || claims.length === 0) return { ...UNREPORTED, basis: null };
    const question = { predicate: MEASURES[measure], ...(who !== undefined && { who }) };
    const counting = claims.filter((one) => one.claim.predicate === question.predicate);
    if (who?.side !== undefined && !this.#mayStandThere(who.side, incident, counting))
      return { ...UNREPORTED, basis: null };
    return applyPolicy(positionsOf(question, claims, { id, incident }, this.registers), policy);
  }

  /** Sides have letters where nobody is the attacker; but who stands there, or is counted there, does. */
  #mayStandThere(side: Side, { parties }: Incident, claims: readonly SourcedClaim[]): boolean {
    const letters = parties.some((one) => one.side === 'a' || one.side === 'b');
    const isPossible = side === 'bystander' || (side === 'a' || side === 'b') === letters;
    return isPossible || parties.some((one) => one.side === side) || claims.some((one) => one.claim.who?.side === side);
  }

  /** Whether an actor, or one of the line it heads, is a party there: on that side, if one is named. */
  standsOn(id: string, party: string, side: Side | undefined): boolean {
    return (this.incidents.get(id)?.parties ?? []).some(
      (one) =>
        (side === undefined || one.side === side) &&
        (one.actor === party || lineOf(one.actor, this.registers) === party),
    );
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
      .filter(([id]) => filter.party === undefined || this.standsOn(id, filter.party, side))
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

/** The numbers of a row as it was answered. */
function numbers(row: TallyRow): object {
  const { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered, official, other } = row;
  return { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered, official, other };
}

/** The same numbers added up from figures, each of another incident. */
function added(figures: readonly Counted[]): object {
  const of = (basis: Counted['basis']) => figures.filter((one) => one.basis === basis).length;
  return { ...sum(figures), official: of('official'), other: of('other') };
}

/** The same of several figures an incident: all of them add up, every incident counts once. */
function addedByIncident(incidents: readonly (readonly Counted[])[]): object {
  const { low, best, high } = sum(incidents.flat());
  const some = (is: (one: Counted) => boolean) => incidents.filter((figures) => figures.some(is)).length;
  const reported = some(isReported);
  return {
    low,
    best,
    high,
    incidents: incidents.length,
    unreported: incidents.length - reported,
    affirmedNone: some((one) => one.status === 'affirmed-none'),
    contested: some((one) => one.contested),
    floors: some((one) => isReported(one) && one.best === null),
    disordered: some((one) => sum([one]).disordered === 1),
    official: some((one) => one.basis === 'official'),
    other: some((one) => one.basis === 'other'),
  };
}

const isReported = ({ status }: Addend): boolean => status !== 'unreported';

/** What is known of an incident by side; a number about anybody, where no side has one. A party has people where it stands. */
function sidesOf(plain: Plain, id: string, measure: Measure, { filter, policy }: TallyQuestion): [string, Counted][] {
  const { party } = filter;
  const of = party === undefined ? {} : { of: party };
  const sides = SIDES.filter((side) => party === undefined || plain.standsOn(id, party, side)).map(
    (side): [string, Counted] => [side, plain.figure(id, measure, { side, ...of }, policy)],
  );
  const anybody: [string, Counted] = ['not-said', plain.figure(id, measure, undefined, policy)];
  const all = sides.some(([, figure]) => isReported(figure)) ? sides : [...sides, anybody];
  return all.filter(([, figure]) => isReported(figure) || figure.contested);
}

/** By measure, side, bucket and group, the rows that a tally has. */
export function rowsBy(plain: Plain, question: TallyQuestion): Map<string, object> {
  const { bucket, by, side, filter, policy } = question;
  const figures = new Map<string, Counted[]>();
  const ofAll = new Map<string, Counted[][]>();
  const add = <T>(rows: Map<string, T[]>, key: string, one: T) => rows.set(key, [...(rows.get(key) ?? []), one]);
  for (const id of plain.chosen(question)) {
    const incident = plain.incidents.get(id);
    const time = bucket === undefined ? undefined : timeBucketOf(timeFor(incident?.time, filter), bucket);
    const kind = by?.slice('place:'.length) as PlaceKind | undefined;
    const place = kind === undefined ? undefined : placeBucketOf(incident?.place, kind, plain.registers);
    const remainder = (time?.remainder ?? false) || (place?.remainder ?? false);
    const where = [time?.name ?? '', place === undefined ? '' : (place.place ?? 'place not known'), remainder];
    for (const measure of question.measures) {
      const key = (of: string) => [measure, of, ...where].join();
      if (measure === 'attacks') add(figures, key(''), plain.figure(id, measure, undefined, policy));
      else if (side !== undefined) {
        const of = filter.party === undefined ? {} : { of: filter.party };
        add(figures, key(side), plain.figure(id, measure, { side, ...of }, policy));
      } else {
        const sides = sidesOf(plain, id, measure, question);
        for (const [of, figure] of sides) add(figures, key(of), figure);
        add(
          ofAll,
          key('all'),
          sides.map(([, figure]) => figure),
        );
      }
    }
  }
  return new Map([
    ...[...figures].map(([key, some]) => [key, added(some)] as const),
    ...[...ofAll].map(([key, some]) => [key, addedByIncident(some)] as const),
  ]);
}

/** The same of rows as they were answered. */
export function rowsIn(answered: readonly TallyRow[]): Map<string, object> {
  const rows = new Map<string, object>();
  for (const row of answered) {
    if (row.incidents === 0) continue;
    const bucket = /^(\d{4}(-\d\d){0,2})/.exec(row.bucket ?? '')?.[1] ?? '';
    rows.set([row.measure, row.side ?? '', bucket, row.group?.id ?? '', row.remainder].join(), numbers(row));
  }
  return rows;
}
