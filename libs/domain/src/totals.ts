/**
 * Totals that somebody publishes, as series (docs/codebook.md, section 12). They stand beside tallies and are never added
 * to them, nor to each other, except that the phases of one counter make a continuous count, which is ours.
 */
import {
  byRecorded,
  grouped,
  latestFirst,
  liveClaims,
  type Candidate,
  type SetAside,
  type SetAsideCode,
  type SourcedClaim,
} from './live-claims.js';
import { addGroups, intervalOf, isDisordered, qualifierOf, type Qualifier, type Triple } from './quantities.js';
import { scopeKey, whoText } from './questions.js';
import { voiceOf, type Registers } from './registers.js';
import { firstSecondOf, lastSecondOf } from './times.js';
import type { AboutScope, ClaimId, ClaimOf, LocalTime, Scope, TotalValue, Who } from './vocabulary.js';

/** What one line publishes of one thing: a scope whatever its dates, the same people, one counter. */
export interface TotalSeries {
  line: string;
  unnamed: boolean;
  /** Gathers what others said: its own column, never its source's. */
  compiler: boolean;
  scope: Omit<Scope, 'from' | 'to'>;
  who: Who;
  /** Of a source that counts on and on: which of its counters. Other totals each stand for themselves. */
  counter: string | null;
  /** By the date they count up to. */
  steps: TotalStep[];
  setAside: SetAside[];
}

/** One figure as published. */
export interface TotalStep extends Triple {
  claim: ClaimId;
  official: boolean;
  about: boolean;
  qualifier: Qualifier;
  disordered: boolean;
  from: LocalTime | null;
  to: LocalTime | null;
  /** What it counts up to: the end of its period; without one, when it was said, else published. */
  date: LocalTime | null;
  said: LocalTime | null;
  /** Of a counter: as recorded, else inferred, see `runOf`. */
  phase: number | null;
  startedOn: LocalTime | null;
  /** The counter has started again, or its number fell below what it had said: it is no growth by itself. */
  rebased: 'new-phase' | 'lower' | null;
  /** Of a counter: the last figure of each earlier phase and this one, added up by us; nobody published it. */
  continuous: (Triple & { about: boolean; of: ClaimId[] }) | null;
}

type TotalClaim = SourcedClaim & { claim: ClaimOf<'total'> & { about: AboutScope } };

/** The series that these claims make; by line, then what is counted. Give it whole scopes: retractions lie among them. */
export function totalSeries(claims: readonly SourcedClaim[], registers: Registers): TotalSeries[] {
  const totals = claims.filter(isTotal).sort(byRecorded);
  const byId = new Map(totals.map((one) => [one.id, one]));
  const series = [...grouped(totals, (one) => thingOf(one, byId)).values()].flatMap((of) => {
    const lines = new Map<string, { candidates: Candidate[]; setAside: SetAside[] }>();
    const at = (line: string) => {
      const known = lines.get(line) ?? { candidates: [], setAside: [] };
      lines.set(line, known);
      return known;
    };
    const putAside = (source: SourcedClaim, code: SetAsideCode) =>
      at(voiceOf(source, registers).line).setAside.push({ claim: source.id, code });
    const [first] = of;
    if (first === undefined) return [];
    const { who = {}, about } = first.claim;
    const question = { predicate: 'total', who } as const;
    const live = liveClaims(question, of.map(withoutSeries), { scope: about.scope }, registers, putAside);
    for (const one of live.candidates) at(one.voice.line).candidates.push(one);
    return [...lines].map(([line, { candidates, setAside }]): TotalSeries => {
      const { from: _from, to: _to, ...scope } = about.scope;
      const voice = voiceOf(of.find((one) => voiceOf(one, registers).line === line) ?? first, registers);
      const counter = counterOf(first, byId);
      const held = heldBy(candidates, byId, counter, (one) => setAside.push({ claim: one.id, code: 'superseded' }));
      const { unnamed, compiler } = voice;
      return { line, unnamed, compiler, scope, who, counter, steps: stepsOf(held), setAside };
    });
  });
  const order = ({ line, scope, who, counter }: TotalSeries) =>
    [line, scope.of, scopeKey(scope), who.side, who.category, who.of, counter].join('\n');
  return series.sort((a, b) => compareText(order(a), order(b)));
}

function isTotal(source: SourcedClaim): source is TotalClaim {
  return source.claim.predicate === 'total' && 'scope' in source.claim.about;
}

function thingOf(one: TotalClaim, byId: ReadonlyMap<ClaimId, TotalClaim>): string {
  const { from: _from, to: _to, ...scope } = one.claim.about.scope;
  return [scopeKey(scope), whoText(one.claim.who ?? {}), counterOf(one, byId) ?? ''].join('\n');
}

/** What takes a claim back, without a value of its own, belongs to the counter of that claim. */
function counterOf({ claim }: TotalClaim, byId: ReadonlyMap<ClaimId, TotalClaim>): string | null {
  const taken = claim.retracts === undefined ? undefined : byId.get(claim.retracts)?.claim;
  return (claim.value ?? taken?.value)?.counter?.id ?? null;
}

/**
 * The claim as one of its series: whatever the phase, numbers of one counter compare. And an utterance gives a figure for
 * each period, so that only those of one period are readings of each other.
 */
function withoutSeries(one: TotalClaim): SourcedClaim {
  const utterance = `${one.utterance} ${scopeKey(one.claim.about.scope)}`;
  if (one.claim.value === undefined) return { ...one, utterance };
  const { counter: _counter, ...value } = one.claim.value;
  return { ...one, utterance, claim: { ...one.claim, value } };
}

interface Held {
  one: Candidate;
  from: LocalTime | null;
  to: LocalTime | null;
  date: LocalTime | null;
  counter: TotalValue['counter'];
}

/** Of what the line said of one and the same period, the latest; by the date that it counts up to. */
function heldBy(
  candidates: readonly Candidate[],
  byId: ReadonlyMap<ClaimId, TotalClaim>,
  counter: string | null,
  supersede: (source: SourcedClaim) => void,
): Held[] {
  const all = candidates.toSorted(latestFirst).flatMap((one): Held[] => {
    const claim = byId.get(one.source.id)?.claim;
    if (claim === undefined) return [];
    const { from = null, to = null } = claim.about.scope;
    const date = to ?? one.source.said?.to ?? one.source.published?.to ?? null;
    return [{ one, from, to, date, counter: claim.value?.counter }];
  });
  // A counter counts from its own start, whichever start a statement names.
  const period = ({ from, date }: Held) =>
    `${counter === null && from !== null ? firstSecondOf(from) : ''} ${endOf(date)}`;
  const samePhase = (a: Held, b: Held) =>
    a.counter?.phase === undefined || b.counter?.phase === undefined || a.counter.phase === b.counter.phase;
  const kept = [...grouped(all, period).values()].flatMap((some) => {
    const latest: Held[] = [];
    for (const one of some) {
      if (latest.some((later) => samePhase(later, one))) supersede(one.one.source);
      else latest.push(one);
    }
    return latest;
  });
  return kept.sort(
    (a, b) =>
      compareText(endOf(a.date), endOf(b.date)) ||
      (a.counter?.phase ?? 0) - (b.counter?.phase ?? 0) ||
      latestFirst(b.one, a.one) ||
      byRecorded(a.one.source, b.one.source),
  );
}

/** One phase of a counter, as far as it is read. */
interface Run {
  phase: number;
  last: TotalStep;
}

function stepsOf(held: readonly Held[]): TotalStep[] {
  const runs: Run[] = [];
  let previous: Run | undefined;
  return held.map(({ one, from, to, date, counter }) => {
    const { triple, about, source, voice } = one;
    const step: TotalStep = {
      claim: source.id,
      low: triple.low,
      best: triple.best,
      high: triple.high,
      official: voice.official,
      about,
      qualifier: qualifierOf(triple, about),
      disordered: isDisordered(triple),
      from,
      to,
      date,
      said: source.said?.to ?? source.published?.to ?? null,
      phase: null,
      startedOn: counter?.startedOn ?? null,
      rebased: null,
      continuous: null,
    };
    if (counter === undefined) return step;

    const known = runOf(counter, previous, runs);
    const run = known ?? { phase: (previous?.phase ?? 0) + 1, last: step };
    run.phase = counter.phase ?? run.phase;
    const earlier = runs.filter((other) => other.phase < run.phase).map(({ last }) => last);
    if (known === undefined) {
      if (previous !== undefined) step.rebased = 'new-phase';
      runs.push(run);
    } else if (intervalOf(step).to < intervalOf(known.last).from) {
      step.rebased = 'lower';
    }
    run.last = step;
    previous = run;
    step.phase = run.phase;
    const added = [...earlier, step];
    const { low, best, high } = added.length === 1 ? step : addGroups(added);
    step.continuous = {
      low,
      best,
      high,
      about: added.some((other) => other.about),
      of: added.map(({ claim }) => claim),
    };
    return step;
  });
}

/**
 * The phase that a figure goes on with, if it does. A recorded phase says so. Where it is not recorded, a counter counts
 * anew that started later than the one before, or after all that was counted before where no start of that is known; a
 * number that fell does not show it, for sources also revise downwards.
 */
function runOf(
  { phase, startedOn }: NonNullable<TotalValue['counter']>,
  previous: Run | undefined,
  runs: readonly Run[],
): Run | undefined {
  if (previous === undefined) return undefined;
  const { last } = previous;
  if (startedOn !== undefined && startedOn === last.startedOn) return previous;
  if (phase !== undefined) return runs.find((run) => run.phase === phase);
  const before = last.startedOn ?? last.date;
  const isNew = startedOn !== undefined && before !== null && firstSecondOf(startedOn) > lastSecondOf(before);
  return isNew ? undefined : previous;
}

const endOf = (date: LocalTime | null): string => (date === null ? '' : lastSecondOf(date));

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
