/**
 * Totals and force levels as series over time. They are worked out when asked, by the rules of libs/domain, from the claims
 * as of the moment: nothing here decides how a claim counts.
 */
import type { Pool } from 'pg';
import {
  applyPolicy,
  daysBetween,
  isInside,
  levelSteps,
  lineOf,
  readScope,
  totalSeries,
  wasSaidBy,
  type Figure,
  type Id,
  type LevelStep,
  type PolicyName,
  type Position,
  type Registers,
  type Scope,
  type SetAside,
  type SourcedClaim,
  type TotalSeries,
} from '#domain';
import { namesOf, shownClaims, type Named, type ShownClaim } from './claims.js';
import { positionsAbout } from './incident-page.js';
import { held, type Moment } from './moment.js';
import type { RegisterCards } from './cards.js';
import { countable, survivingLine } from './recompute.js';
import { TooManyToCompute } from './said-by.js';
import { loadGrounds, loadRegisters } from './sources.js';

/** More scopes than this are not worked out while somebody waits: a counter has one for each day. */
const SCOPES_MAX = 10_000;
/** A page ends with the series that brings it to so many steps. */
const STEPS_OF_A_PAGE = 1_000;

/** One page of series, with every claim that they use or set aside. */
export interface SeriesPage<Series> {
  series: Series[];
  claims: ShownClaim[];
  /** Where the next page begins: how many series are before it; null on the last. */
  next: number | null;
}

export interface TotalsFilter {
  /** What is added up: a predicate, or the term of a count. */
  of?: string;
  /** Whose voice publishes it. */
  line?: string;
  /** An actor, or the line it heads: the actor, target or attacker of the scope, or whose people are counted. */
  party?: Id;
  /** Scopes that name this place or one inside it. */
  place?: Id;
  counter?: string;
}

/** A series of totals, with the names of what it is about. */
export interface ShownTotals extends Omit<TotalSeries, 'scope'> {
  scope: Omit<TotalSeries['scope'], 'actor' | 'attacker' | 'target' | 'places'> & ShownScope;
}

interface ShownScope {
  actor: Named | null;
  attacker: Named | null;
  target: Named | null;
  places: Named[];
}

/** Published totals by line, scope and counter. @throws TooManyToCompute */
export async function publishedTotals(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: TotalsFilter,
  page: { after: number; limit: number },
): Promise<SeriesPage<ShownTotals>> {
  const registers = await loadRegisters(pool, schema, moment);
  const scopes = await scopesOf(pool, schema, moment, 'total', registers);
  const { of, counter } = filter;
  const line = filter.line && survivingLine(filter.line, registers);
  const party = filter.party && registers.survivor(filter.party);
  const place = filter.place && registers.survivor(filter.place);
  const chosen = scopes.filter(({ scope }) => {
    const about = [scope.actor, scope.attacker, scope.target];
    const places = scope.places ?? [];
    return (
      (of === undefined || scope.of === of) &&
      (place === undefined || places.some((one) => isInside(one, place, registers))) &&
      // People are counted of somebody by the claims, which are not known yet.
      (party === undefined || COUNTS_PEOPLE.has(scope.of ?? '') || isAmong(about, party, registers))
    );
  });
  const { claims } = await claimsOn(pool, schema, moment, chosen, registers);
  const series = totalSeries([...claims.values()].flat(), registers).filter(
    (one) =>
      (line === undefined || one.line === line) &&
      (counter === undefined || one.counter === counter) &&
      (party === undefined ||
        isAmong([one.scope.actor, one.scope.attacker, one.scope.target, one.who.of], party, registers)),
  );
  const shown = await pageOf(pool, schema, moment, series, page);
  const { actors, places } = await scopeNames(
    pool,
    schema,
    moment,
    shown.series.map(({ scope }) => scope),
  );
  return {
    ...shown,
    series: shown.series.map((one): ShownTotals => {
      const { actor, attacker, target, places: at = [], ...scope } = one.scope;
      const named = (id: Id | undefined) => (id === undefined ? null : actors(id));
      const parties = { actor: named(actor), attacker: named(attacker), target: named(target) };
      return { ...one, scope: { ...scope, ...parties, places: at.map(places) } };
    }),
  };
}

const COUNTS_PEOPLE: ReadonlySet<string> = new Set(['killed', 'injured', 'casualties']);

/** The level of an actor's force in a place, now. */
export interface Level {
  actor: Named;
  places: Named[];
  measure: string;
  component: string;
  /** When the newest level used held. */
  at: { from: string; to: string } | null;
  figure: Omit<Figure, 'positions'>;
}

/** Levels by actor, places, measure and component; two places in one number answer only for both. */
export async function forceLevels(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: { actor?: string; place?: string },
  policy: PolicyName,
): Promise<Level[]> {
  const registers = await loadRegisters(pool, schema, moment);
  const scopes = (await scopesOf(pool, schema, moment, 'force-level', registers)).filter(({ scope }) => {
    const { actor, places = [] } = scope;
    const isThere = filter.place === undefined || (places.length === 1 && places[0] === filter.place);
    return isThere && (filter.actor === undefined || actor === filter.actor);
  });
  const scopeOf = new Map(scopes.map(({ about, scope }) => [about, scope]));
  const found = await positionsAbout(pool, schema, moment, [...scopeOf.keys()]);
  const { actors, places } = await scopeNames(pool, schema, moment, [...scopeOf.values()]);
  return found
    .filter(({ question }) => question.predicate === 'force-level')
    .map((standing): Level => {
      const { positions, ...figure } = applyPolicy(standing, policy);
      const scope = scopeOf.get(standing.about) ?? {};
      const [measure = '', component = ''] = (standing.question.key ?? '').split(':');
      const isUsed = ({ claims }: Position) => claims.some((claim) => figure.used.includes(claim));
      const at = positions.flatMap((one) => (isUsed(one) && one.at !== undefined ? [one.at] : []));
      return {
        actor: scope.actor === undefined ? { id: '', name: '' } : actors(scope.actor),
        places: (scope.places ?? []).map(places),
        measure,
        component,
        at: at.sort((a, b) => (a.to < b.to ? 1 : -1))[0] ?? null,
        figure,
      };
    });
}

export interface LevelsFilter {
  /** An actor, or the line it heads. */
  party?: Id;
  /** Exactly these places: one number for two answers only for both. */
  places?: readonly Id[];
  measure?: string;
  component?: string;
}

/** The levels of one force in exactly these places, of one measure and component. */
export interface LevelSeries {
  actor: Named;
  /** The line that the force belongs to. */
  party: Id;
  places: Named[];
  measure: string;
  component: string;
  /** What the policy makes of it, as in a tally. */
  now: {
    figure: Omit<Figure, 'positions'>;
    at: { from: string; to: string } | null;
    /** Whole days from the date of the newest step that it rests on to the day asked about; null where there is none. */
    ageDays: number | null;
  };
  steps: (LevelStep & { ageDays: number | null })[];
  setAside: SetAside[];
}

/** Levels of force, step by step. `today` is the day that ages are told as of. @throws TooManyToCompute */
export async function forceLevelSeries(
  pool: Pool,
  schema: string,
  moment: Moment,
  filter: LevelsFilter,
  policy: PolicyName,
  today: string | null,
  page: { after: number; limit: number },
): Promise<SeriesPage<LevelSeries>> {
  const registers = await loadRegisters(pool, schema, moment);
  const { places: exactly, measure, component } = filter;
  const party = filter.party && registers.survivor(filter.party);
  const wanted = exactly === undefined ? undefined : textOf(exactly.map(registers.survivor));
  const scopes = (await scopesOf(pool, schema, moment, 'force-level', registers)).filter(({ scope }) => {
    const isThere = wanted === undefined || textOf(scope.places ?? []) === wanted;
    return isThere && (party === undefined || isAmong([scope.actor], party, registers));
  });
  const { claims, scope: scopeOf } = await claimsOn(pool, schema, moment, scopes, registers);
  const found = await positionsAbout(pool, schema, moment, [...claims.keys()]);
  const { actors, places } = await scopeNames(pool, schema, moment, [...scopeOf.values()]);

  const series = found.flatMap((positions): LevelSeries[] => {
    const { question, about } = positions;
    const scope = scopeOf.get(about);
    const [of, part, ...more] = question.key?.split(':') ?? [];
    if (scope?.actor === undefined || of === undefined || part === undefined || more.length > 0) return [];
    if ((measure !== undefined && of !== measure) || (component !== undefined && part !== component)) return [];
    const { steps, setAside } = levelSteps(question, claims.get(about) ?? [], { scope }, registers);
    const { positions: _, ...figure } = applyPolicy(positions, policy);
    const ageOf = (date: string | null) => (date === null || today === null ? null : daysBetween(date, today));
    const aged = steps.map((step) => ({ ...step, ageDays: ageOf(step.date) }));
    const used = aged.filter(({ claim }) => figure.used.includes(claim));
    const dated = used.findLast(({ at }) => at !== null);
    return [
      {
        actor: actors(scope.actor),
        party: lineOf(scope.actor, registers),
        places: (scope.places ?? []).map(places),
        measure: of,
        component: part,
        now: { figure, at: dated?.at ?? null, ageDays: used.at(-1)?.ageDays ?? null },
        steps: aged,
        setAside,
      },
    ];
  });
  const order = (one: LevelSeries) =>
    [one.party, one.actor.id, textOf(one.places.map(({ id }) => id)), one.measure, one.component].join('\n');
  series.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return pageOf(pool, schema, moment, series, page);
}

/** The day that a moment is about, for telling ages: that of `saidBy`, else that on which its record was recorded, in UTC. */
export async function dayOf(pool: Pool, schema: string, moment: Moment): Promise<string | null> {
  if (moment.saidBy !== undefined) return moment.saidBy.slice(0, 10);
  const { rows } = await pool.query<{ recordedtime: string }>(
    `select recordedtime from ${schema}.events where ledger = $1 and sequence = $2`,
    [moment.ledger, moment.sequence],
  );
  return rows[0]?.recordedtime.slice(0, 10) ?? null;
}

interface ScopeAbout {
  /** How the scope stands in the tables. */
  about: string;
  scope: Scope;
}

async function scopesOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  predicate: 'total' | 'force-level',
  { survivor }: RegisterCards,
): Promise<ScopeAbout[]> {
  const { rows } = await pool.query<ScopeAbout>(
    `select distinct on (c.abouts[1]) c.abouts[1] as about, c.body #> '{about,scope}' as scope
       from ${schema}.claims c where ${held('c')} and c.predicate = '${predicate}' order by c.abouts[1]`,
    [moment.ledger, moment.sequence],
  );
  return rows.map(({ about, scope }) => ({ about, scope: readScope(scope, survivor) }));
}

/** Every claim about these scopes that had been said, with all that decides whether and how it counts. */
async function claimsOn(
  pool: Pool,
  schema: string,
  moment: Moment,
  scopes: readonly ScopeAbout[],
  registers: RegisterCards,
): Promise<{ claims: Map<string, SourcedClaim[]>; scope: Map<string, Scope> }> {
  if (scopes.length > SCOPES_MAX) throw new TooManyToCompute(SCOPES_MAX);
  const scope = new Map(scopes.map((one) => [one.about, one.scope]));
  const grounds = await loadGrounds(pool, schema, moment, [...scope.keys()], registers);
  const { saidBy } = moment;
  const claims = new Map(
    [...scope.keys()].map((about) => {
      const all = countable(about, grounds).claims;
      return [about, saidBy === undefined ? all : all.filter((one) => wasSaidBy(one, saidBy))];
    }),
  );
  return { claims, scope };
}

async function pageOf<Series extends { steps: { claim: string }[]; setAside: SetAside[] }>(
  pool: Pool,
  schema: string,
  moment: Moment,
  all: readonly Series[],
  { after, limit }: { after: number; limit: number },
): Promise<SeriesPage<Series>> {
  const series: Series[] = [];
  for (let steps = 0; steps < STEPS_OF_A_PAGE && series.length < limit;) {
    const one = all[after + series.length];
    if (one === undefined) break;
    series.push(one);
    steps += one.steps.length + one.setAside.length;
  }
  const ids = series.flatMap(({ steps, setAside }) => [...steps, ...setAside].map(({ claim }) => claim));
  const claims = ids.length === 0 ? [] : await shownClaims(pool, schema, moment, 'c.id = any($3)', [[...new Set(ids)]]);
  const end = after + series.length;
  return { series, claims, next: end < all.length ? end : null };
}

async function scopeNames(
  pool: Pool,
  schema: string,
  moment: Moment,
  scopes: readonly Scope[],
): Promise<{ actors: (id: Id) => Named; places: (id: Id) => Named }> {
  const actors = scopes.flatMap(({ actor, attacker, target }) =>
    [actor, attacker, target].filter((id) => id !== undefined),
  );
  const places = scopes.flatMap((one) => one.places ?? []);
  const namer = (names: Map<string, string>) => (id: Id) => ({ id, name: names.get(id) ?? id });
  return {
    actors: namer(await namesOf(pool, schema, moment, 'actors', [...new Set(actors)])),
    places: namer(await namesOf(pool, schema, moment, 'places', [...new Set(places)])),
  };
}

function isAmong(actors: readonly (Id | undefined)[], party: Id, registers: Registers): boolean {
  return actors.some((id) => id !== undefined && (id === party || lineOf(id, registers) === party));
}

const textOf = (places: readonly Id[]): string => [...new Set(places)].sort().join(',');
