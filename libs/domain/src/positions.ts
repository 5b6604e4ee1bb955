/**
 * What each line holds: steps 3 and 4 of section 8 of docs/codebook.md, version 1. Positions are the same under every
 * policy; policies.ts makes figures of them.
 *
 * The rules of a released codebook version are never edited: a change is a new version beside this one.
 */
import { isContested, type Draft } from './contested.js';
import {
  byRecorded,
  grouped,
  latestFirst,
  liveClaims,
  type Candidate,
  type Grade,
  type PutAside,
  type SetAside,
  type SetAsideCode,
  type SourcedClaim,
  type Voiced,
} from './live-claims.js';
import { addGroups, greatestNamed, isDisordered, isNone, type Triple } from './quantities.js';
import { cannotOverlap, compareWho, concerns, isListed, whoText, type Question, type Subject } from './questions.js';
import { hostStateOf, lineOf, type Registers } from './registers.js';
import type { Span } from './times.js';
import type { Basis, Claim, ClaimId, Id, Side, Who } from './vocabulary.js';

export type { SetAside, SetAsideCode, SourcedClaim } from './live-claims.js';

/** What a reader of a number should know about how it came to be. */
export type Flag =
  /** Low above best, or best above high, as published. */
  | 'disordered'
  /** Documents render the utterance with different values. */
  | 'readings-differ'
  /** Made of numbers for some of the people asked about: nobody gave one for all of them. */
  | 'partial'
  /** A later number for one kind of injury is larger than that for all injuries. */
  | 'kind-exceeds';

/** How near a line is to the people hit, or to the force. */
export type Interest = 'own-side' | 'host' | 'attacker' | 'third';

/** What one line holds: its latest word on the question. Under a listed question a line may hold several at once. */
export interface Position extends Triple {
  line: string;
  /** The claims that it is made of. */
  claims: ClaimId[];
  /** Under a listed question: what is asserted. */
  value?: Claim['value'];
  /** The number is rough. */
  about: boolean;
  /** Of a level: when it held, where that is said. */
  at?: Span;
  /** `entailed`: the line says it by saying something else of the incident. */
  basis: Basis;
  official: boolean;
  /** Of an official line: 1 own side, 2 host, 3 attacker, 4 any other. */
  rank: 1 | 2 | 3 | 4 | null;
  interest: Interest;
  unnamed: boolean;
  compiler: boolean;
  /** Of responsibility: an actor's own line claims it, any other blames. */
  attribution?: 'claims' | 'blames';
  /** The end of the time it was said; where unknown, published. */
  said: string | null;
  /** Of the claims it is made of, the worst. */
  grade: Required<Grade>;
  flags: Flag[];
}

/** Everything that is the same under every policy. */
export interface Positions {
  question: Question;
  /** By rank, those without one last; then the latest said first. */
  positions: Position[];
  contested: boolean;
  setAside: SetAside[];
  /** Independent lines among the positions: compilers are none, unnamed speakers are counted apart. */
  lines: number;
  unnamedLines: number;
}

/**
 * Runs all claims about one incident (after a merge, of both) or one scope through steps 1 to 4. Give it those of other
 * predicates too: they entail that an incident happened, and take others back.
 *
 * The claims behind the positions and those set aside together are the claims that speak to the question, each once.
 * Under `happened` there is also, for each line that does not state it, the claim of another predicate that entails it.
 */
export function positionsOf(
  question: Question,
  claims: readonly SourcedClaim[],
  subject: Subject,
  registers: Registers,
): Positions {
  const setAside: SetAside[] = [];
  const putAside: PutAside = (source, code) => {
    if (concerns(source.claim, question)) setAside.push({ claim: source.id, code });
  };
  const { candidates, denials, silences } = liveClaims(question, claims, subject, registers, putAside);
  const around = aroundOf(question.who ?? {}, subject, registers);
  const drafts: Draft[] = [];
  for (const [line, ofLine] of grouped(candidates, (one) => one.voice.line)) {
    const [silence] = silences.filter((one) => one.voice.line === line).sort(latestFirst);
    for (const held of heldBy(ofLine, silence, question, registers, putAside)) {
      drafts.push({ position: positionOf(held, question, around, registers), ...held });
    }
  }

  const others = drafts.filter((one) => !one.position.compiler);
  const heard = others.length > 0 ? others : drafts;
  for (const one of drafts) if (!heard.includes(one)) for (const { source } of one.chosen) putAside(source, 'compiler');
  heard.sort(
    (a, b) =>
      (a.position.rank ?? 5) - (b.position.rank ?? 5) ||
      latestFirst(a.newest, b.newest) ||
      byRecorded(a.newest.source, b.newest.source),
  );
  const positions = heard.map((one) => one.position);
  const unnamedLines = new Set(positions.filter((one) => one.unnamed).map((one) => one.line)).size;
  return {
    question,
    positions,
    contested: isContested(question, heard, denials, registers),
    setAside,
    lines: new Set(positions.filter((one) => !one.compiler && !one.unnamed).map((one) => one.line)).size,
    unnamedLines,
  };
}

// ---- Step 3: the latest word of a line ----

interface Held {
  chosen: readonly Candidate[];
  newest: Candidate;
  triple: Triple;
  flags: Flag[];
}

/** What a line holds: one number or, under a listed question, all that its latest statement names. */
function heldBy(
  candidates: readonly Candidate[],
  silence: Voiced | undefined,
  question: Question,
  registers: Registers,
  putAside: PutAside,
): Held[] {
  const [latest] = candidates.toSorted(latestFirst);
  if (latest === undefined) return [];
  if (silence !== undefined && latestFirst(silence, latest) < 0) {
    for (const { source } of candidates) putAside(source, 'superseded');
    return [];
  }
  if (isListed(question)) {
    const isLatest = (one: Candidate) => one.source.statement === latest.source.statement;
    for (const one of candidates) if (!isLatest(one)) putAside(one.source, 'superseded');
    return candidates
      .filter(isLatest)
      .map((one) => ({ chosen: [one], newest: one, triple: one.triple, flags: flagsOf([one], one.triple, []) }));
  }

  const asked = question.who ?? {};
  const ofAll = candidates.filter((one) => one.kind === undefined);
  const plain = answerFor(asked, ofAll, registers);
  const kinds = newestOfKinds(candidates);
  const kind = overtaking(kinds, plain);
  const chosen = kind === undefined ? plain : [kind];
  for (const one of candidates) {
    if (!chosen.includes(one)) putAside(one.source, whyNotChosen(one, chosen, kinds, registers));
  }
  const [newest] = chosen.toSorted(latestFirst);
  if (newest === undefined) return [];
  if (kind !== undefined) {
    const triple = { low: kind.triple.low, best: null, high: null };
    return [{ chosen, newest, triple, flags: flagsOf(chosen, triple, ['kind-exceeds']) }];
  }
  const triple = chosen.length === 1 ? newest.triple : addGroups(chosen.map((one) => one.triple));
  const partial = chosen.length > 1 || whoText(newest.who) !== whoText(asked);
  return [{ chosen, newest, triple, flags: flagsOf(chosen, triple, partial ? ['partial'] : []) }];
}

function flagsOf(chosen: readonly Candidate[], triple: Triple, flags: Flag[]): Flag[] {
  if (chosen.some((one) => one.readingsDiffer)) flags.push('readings-differ');
  if (isDisordered(triple)) flags.push('disordered');
  return flags;
}

/**
 * The claims of one line that answer for a group of people: the latest for exactly that group; else, for each of the
 * widest narrower groups, what answers for it, newest first and only where nobody is in two groups that are taken.
 * None of the whole group is none of each part, so that a later number for a part supersedes it.
 */
function answerFor(asked: Who, candidates: readonly Candidate[], registers: Registers): Candidate[] {
  if (candidates.length < 2) return [...candidates];
  const isWhole = (one: Candidate) => whoText(one.who) === whoText(asked);
  const [whole] = candidates.filter(isWhole).sort(latestFirst);
  let parts = candidates.filter((one) => !isWhole(one));
  if (whole !== undefined) {
    if (isNone(whole.triple)) parts = parts.filter((one) => latestFirst(one, whole) < 0);
    if (!isNone(whole.triple) || parts.every((one) => isNone(one.triple))) return [whole];
  }

  const groups = [...new Map(parts.map((one) => [whoText(one.who), one.who])).values()];
  const widest = groups.filter((one) => !groups.some((other) => compareWho(one, other, registers) === 'narrower'));
  const answers = widest.flatMap((who) => {
    const claims = answerFor(
      who,
      parts.filter((one) => isWithin(one.who, who, registers)),
      registers,
    );
    const [latest] = claims.toSorted(latestFirst);
    return latest === undefined ? [] : { who, claims, latest };
  });
  answers.sort((a, b) => latestFirst(a.latest, b.latest) || byRecorded(b.latest.source, a.latest.source));
  const taken: typeof answers = [];
  for (const answer of answers) {
    if (taken.every((one) => cannotOverlap(one.who, answer.who, registers))) taken.push(answer);
  }
  return taken.flatMap((one) => one.claims);
}

function isWithin(inner: Who, outer: Who, registers: Registers): boolean {
  const standing = compareWho(inner, outer, registers);
  return standing === 'same' || standing === 'narrower';
}

/** The latest number for each kind of injury and group of people. */
function newestOfKinds(candidates: readonly Candidate[]): Candidate[] {
  const ofKinds = candidates.filter((one) => one.kind !== undefined).sort(latestFirst);
  return [...grouped(ofKinds, (one) => `${one.kind} ${whoText(one.who)}`).values()].flatMap((some) => some.slice(0, 1));
}

/**
 * The kind of injury that outgrew all injuries: said later, and its low above everything that the plain number names.
 * Where a line only ever gave kinds, the largest of them.
 */
function overtaking(kinds: readonly Candidate[], plain: readonly Candidate[]): Candidate | undefined {
  const named = greatestNamed(addGroups(plain.map((one) => one.triple)));
  return kinds
    .filter((kind) => (kind.triple.low ?? 0) > named && plain.every((one) => latestFirst(kind, one) < 0))
    .sort((a, b) => (b.triple.low ?? 0) - (a.triple.low ?? 0) || latestFirst(a, b))[0];
}

function whyNotChosen(
  one: Candidate,
  chosen: readonly Candidate[],
  kinds: readonly Candidate[],
  registers: Registers,
): SetAsideCode {
  if (one.kind !== undefined) return kinds.includes(one) ? 'kind-only' : 'superseded';
  const counted = (other: Candidate) =>
    other.kind === undefined && compareWho(one.who, other.who, registers) === 'narrower';
  return chosen.some(counted) ? 'other-victims' : 'superseded';
}

// ---- Step 4: who speaks officially, and how near ----

/** Who stands where, as lines. */
interface Around {
  own: readonly string[];
  host: readonly string[];
  attackers: readonly string[];
}

const RANKS = { 'own-side': 1, host: 2, attacker: 3, third: 4 } as const satisfies Record<Interest, Position['rank']>;

const UNGRADED: Required<Grade> = { credibility: 6, reliability: 'F' };

function positionOf(
  { chosen, newest, triple, flags }: Held,
  question: Question,
  around: Around,
  registers: Registers,
): Position {
  const { voice, source } = newest;
  const { claim } = source;
  const interest = interestOf(voice.line, around);
  const position: Position = {
    line: voice.line,
    claims: chosen.map((one) => one.source.id),
    low: triple.low,
    best: triple.best,
    high: triple.high,
    about: chosen.some((one) => one.about),
    basis: basisOf(chosen),
    official: voice.official,
    rank: voice.official ? RANKS[interest] : null,
    interest,
    unnamed: voice.unnamed,
    compiler: voice.compiler,
    said: newest.said === '' ? null : newest.said,
    grade: chosen
      .map((one): Required<Grade> => ({ ...UNGRADED, ...one.source.grade }))
      .reduce((worst, grade) => (gradeOrder(grade) > gradeOrder(worst) ? grade : worst)),
    flags,
  };
  if (isListed(question) && claim.value !== undefined) position.value = claim.value;
  if (claim.predicate === 'force-level' && claim.value?.at !== undefined) position.at = claim.value.at;
  if (claim.predicate === 'responsibility' && claim.value !== undefined && question.predicate === claim.predicate) {
    position.attribution = lineOf(claim.value.actor, registers) === voice.line ? 'claims' : 'blames';
  }
  return position;
}

function interestOf(line: string, { own, host, attackers }: Around): Interest {
  if (own.includes(line)) return 'own-side';
  if (host.includes(line)) return 'host';
  return attackers.includes(line) ? 'attacker' : 'third';
}

/** The lines of those hit (of the force, for a level), of the host state and of the attacker. */
function aroundOf(asked: Who, subject: Subject, registers: Registers): Around {
  const lines = (actors: readonly (Id | undefined)[]) =>
    actors.flatMap((id) => (id === undefined ? [] : [lineOf(id, registers)]));
  const hosts = (places: readonly Id[]) => places.flatMap((place) => hostStateOf(place, registers) ?? []);
  const named = asked.of === undefined ? undefined : lines([asked.of]);
  if ('scope' in subject) {
    const { actor, target, attacker, places = [] } = subject.scope;
    return { own: named ?? lines([actor, target]), host: hosts(places), attackers: lines([attacker]) };
  }
  const { parties, place } = subject.incident;
  const on = (...sides: Side[]) => lines(parties.filter((one) => sides.includes(one.side)).map((one) => one.actor));
  return {
    // Asked about nobody's side, those hit are the target; where nobody is the attacker, both sides are.
    own: named ?? (asked.side === undefined ? on('target', 'a', 'b') : on(asked.side)),
    host: hosts(place === undefined ? [] : [place.place]),
    attackers: on('attacker'),
  };
}

function basisOf(chosen: readonly Candidate[]): Basis {
  if (chosen.some((one) => one.basis === 'computed')) return 'computed';
  return chosen.some((one) => one.basis === 'entailed') ? 'entailed' : 'said';
}

/** Smaller is better: credibility 1, 2, 3, 6, 4 (5 carries no figure), then reliability A, B, C, F, D, E. */
export function gradeOrder({ credibility, reliability }: Required<Grade>): number {
  return [1, 2, 3, 6, 4, 5].indexOf(credibility) * 6 + 'ABCFDE'.indexOf(reliability);
}
