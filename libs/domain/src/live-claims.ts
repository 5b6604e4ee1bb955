/**
 * Which claims can carry a figure: steps 1 and 2 of section 8 of docs/codebook.md, version 1. A claim that cannot is set
 * aside with its reason; of the documents that render one utterance one is kept. What the claims that stay amount to
 * is worked out in positions.ts.
 *
 * The rules of a released codebook version are never edited: a change is a new version beside this one.
 */
import { canonicalText } from './canonical.js';
import { changedBy, isNone, tripleOf, type Triple } from './quantities.js';
import { compareWho, concerns, isListed, keysOf, whoText, type Question, type Subject } from './questions.js';
import { lineOf, voiceOf, type Registers, type Voice } from './registers.js';
import { lastSecondOf, type Span } from './times.js';
import type {
  Basis,
  Claim,
  ClaimId,
  Credibility,
  Form,
  Id,
  LocalTime,
  Quantity,
  Reliability,
  Who,
} from './vocabulary.js';

/** Credibility of a claim and reliability of who makes it (Admiralty code). 6 and F: cannot be judged. */
export interface Grade {
  credibility?: Credibility;
  reliability?: Reliability;
}

/** What later acts, not other claims, did to a claim. */
export type LaterAct = 'incident-not-live' | 'statement-retracted' | 'publisher-corrected' | 'document-withdrawn';

/** Why a claim carries no part of a figure. */
export type SetAsideCode =
  | LaterAct
  /** Its source took it back. */
  | 'source-retracted'
  /** Graded as false (credibility 5). */
  | 'graded-false'
  /** Its stance is not `asserts`, or it gives no number. */
  | 'no-figure'
  /** One number for several incidents: shown beside each. */
  | 'joint'
  /** About other people than those asked about, or only some of those that the line gives a number for. */
  | 'other-victims'
  /** Another document renders the same utterance better. */
  | 'other-reading'
  /** The same line said another later. */
  | 'superseded'
  /** Counts one kind of injury: shown under the figure of all. */
  | 'kind-only'
  /** A compiler's, where others speak. */
  | 'compiler'
  /** By a policy: wider than another position and containing it. */
  | 'less-precise'
  /** By a policy that hears officials: not official. */
  | 'not-official'
  /** By a policy that hears officials: of a line further from those hit. */
  | 'lower-rank'
  /** By a policy that hears officials: another of this rank spoke later. */
  | 'earlier-said'
  /** By a policy that goes by grades: another grade is better. */
  | 'lower-grade';

export interface SetAside {
  claim: ClaimId;
  code: SetAsideCode;
}

/** A claim with what its statement, its document and later acts say about it. */
export interface SourcedClaim {
  id: ClaimId;
  /** Of the record that holds it. */
  sequence: number;
  statement: Id;
  utterance: Id;
  form: Form;
  speaker: Id;
  onBehalfOf?: Id;
  /** From the speaker to the publisher, the actors in between. */
  chain?: readonly Id[];
  document: Id;
  publisher: Id;
  /** Where the document is a copy, the publisher of the original. */
  firstPublisher: Id;
  said: Span | null;
  published: Span | null;
  claim: Claim;
  setAside?: LaterAct;
  /** The claim's own assessment; where that leaves something open, its line's. */
  grade?: Grade;
}

/** A claim with its voice and its place in time. Times are texts that sort; the empty one is unknown. */
export interface Voiced {
  source: SourcedClaim;
  voice: Voice;
  /** Of a level: when it held. Else when it was said. */
  at: string;
  /** The end of the time it was said; where unknown, published. */
  said: string;
  published: string;
}

/** A live claim that can carry a figure. */
export interface Candidate extends Voiced {
  /** The people it counts, as the question sees them. */
  who: Who;
  triple: Triple;
  about: boolean;
  /** The kind of injury, where all injuries are asked about. */
  kind: string | undefined;
  basis: Basis;
  readingsDiffer: boolean;
}

export interface Denial extends Voiced {
  who: Who;
  /** The number that is denied; without one, whatever is asserted. */
  number: Numbered | null;
}

export interface LiveClaims {
  /** Of the documents that render one utterance, the best. */
  candidates: Candidate[];
  denials: Denial[];
  /** Of a level: its line no longer reports one. */
  silences: Voiced[];
}

export type PutAside = (source: SourcedClaim, code: SetAsideCode) => void;

interface Numbered {
  triple: Triple;
  about: boolean;
}

/** What a value that is not a number has in the place of one. */
const NOTHING: Triple = { low: null, best: null, high: null };

type FateOf = (source: SourcedClaim) => SetAsideCode | undefined;

export function liveClaims(
  question: Question,
  claims: readonly SourcedClaim[],
  subject: Subject,
  registers: Registers,
  putAside: PutAside,
): LiveClaims {
  const asked = question.who ?? {};
  const entailed =
    question.predicate === 'happened' && 'incident' in subject ? entailedBy(subject.incident.kind) : null;
  const ordered = [...claims].sort(byRecorded);
  const fateOf = fates(ordered, registers);

  const stated: Candidate[] = [];
  const entailing: Candidate[] = [];
  const denials: Denial[] = [];
  const silences: Voiced[] = [];
  for (const source of ordered) {
    const { claim } = source;
    const concerned = concerns(claim, question);
    if (!concerned && entailed === null) continue;
    const fate = fateOf(source);
    if (fate !== undefined) {
      putAside(source, fate);
      continue;
    }
    const joint = 'incidents' in claim.about;
    const number = concerned ? numberOf(source, question, ordered, fateOf) : null;
    const who = whoAsAsked(claim.who ?? {}, asked, subject, registers);
    if (claim.stance !== 'asserts') {
      putAside(source, 'no-figure');
      if (!concerned || joint) continue;
      if (claim.stance === 'denies') denials.push({ ...voiced(source, registers), who, number });
      else if (isSilence(claim)) silences.push(voiced(source, registers));
    } else if (joint) {
      putAside(source, number === null ? 'no-figure' : 'joint');
    } else if (number !== null) {
      const counted = countedFor(asked, who, number.triple, registers);
      if (counted === null) {
        putAside(source, 'other-victims');
        continue;
      }
      const kind = claim.predicate === 'injured' && question.key === undefined ? claim.value?.kind : undefined;
      stated.push(candidateOf(voiced(source, registers), number, counted, kind, claim.basis ?? 'said'));
    } else if (entailed !== null) {
      entailing.push(
        candidateOf(voiced(source, registers), { triple: entailed, about: false }, {}, undefined, 'entailed'),
      );
    } else {
      putAside(source, 'no-figure');
      if (isSilence(claim)) silences.push(voiced(source, registers));
    }
  }

  // What a line says itself counts, not what its other claims entail.
  const kept = readingsOf(stated, question, registers, putAside);
  const statedLines = new Set(kept.map((one) => one.voice.line));
  for (const one of entailing) if (statedLines.has(one.voice.line)) putAside(one.source, 'no-figure');
  const others = entailing.filter((one) => !statedLines.has(one.voice.line));
  return { candidates: [...kept, ...readingsOf(others, question, registers, putAside)], denials, silences };
}

/**
 * Whether a claim was said by a moment: the whole of the time it was said, else published, lies before the end of it.
 * Of a claim without either, nobody can say so.
 */
export function wasSaidBy(source: Pick<SourcedClaim, 'said' | 'published'>, moment: LocalTime): boolean {
  const when = source.said ?? source.published;
  return when !== null && lastSecondOf(when.to) <= lastSecondOf(moment);
}

// ---- Step 1: live ----

/** What any asserted claim about an incident says of whether it happened. */
function entailedBy(kind: 'single' | 'bundle'): Triple {
  return kind === 'single' ? { low: 1, best: 1, high: 1 } : { low: 1, best: null, high: null };
}

/**
 * A level that its source no longer reports: it declines to give one, or asserts one without any number. A level given
 * before does not outlive this.
 */
function isSilence(claim: Claim): boolean {
  if (claim.predicate !== 'force-level') return false;
  return claim.stance === 'asserts' ? claim.value?.change === undefined : claim.manner === 'declined';
}

/** What took a claim out of every figure, if anything did. */
function fates(ordered: readonly SourcedClaim[], registers: Registers): FateOf {
  const takenBack = new Set<ClaimId>();
  const fateOf: FateOf = (source) => {
    if (source.setAside !== undefined) return source.setAside;
    if (takenBack.has(source.id)) return 'source-retracted';
    return source.grade?.credibility === 5 ? 'graded-false' : undefined;
  };
  // From the newest back, because a retraction may itself be taken back.
  for (const source of ordered.toReversed()) {
    const { stance, retracts } = source.claim;
    if (stance !== 'retracts' || fateOf(source) !== undefined) continue;
    const named = ordered.find((one) => one.id === retracts);
    if (named === undefined) continue;
    const { line } = voiceOf(source, registers);
    // The source takes back what it uttered, whichever document renders it.
    for (const one of ordered) {
      const same = one.id === named.id || (one.utterance === named.utterance && rendersTheSame(one.claim, named.claim));
      if (same && voiceOf(one, registers).line === line) takenBack.add(one.id);
    }
  }
  return fateOf;
}

/** Whether claims of one utterance render the same words of it. Numbers may differ: one is misprinted. */
function rendersTheSame(one: Claim, other: Claim): boolean {
  const words = (claim: Claim) => {
    const value = isListed({ predicate: claim.predicate }) ? claim.value : keysOf(claim).map(String);
    return canonicalText([claim.predicate, claim.stance, claim.about, claim.who ?? {}, value ?? null]);
  };
  return words(one) === words(other);
}

/**
 * The number of a claim as published or, for a change, the number it starts from after the change. Under a listed
 * question any value stands in for one.
 */
function numberOf(
  source: SourcedClaim,
  question: Question,
  ordered: readonly SourcedClaim[],
  fateOf: FateOf,
): Numbered | null {
  if (isListed(question)) return source.claim.value === undefined ? null : { triple: NOTHING, about: false };
  const quantity = quantityOf(source.claim, question);
  if (quantity === undefined) return null;
  const about = quantity.about === true;
  if (quantity.change === undefined) {
    const triple = tripleOf(quantity);
    return triple === null ? null : { triple, about };
  }
  // What was taken away, or counts several incidents, is no base. Only what was recorded before can be one.
  const base = ordered.find((one) => one.id === quantity.from);
  const carries =
    base !== undefined &&
    byRecorded(base, source) < 0 &&
    base.claim.stance === 'asserts' &&
    !('incidents' in base.claim.about) &&
    fateOf(base) === undefined;
  const start = carries ? numberOf(base, question, ordered, fateOf) : null;
  return start === null ? null : { triple: changedBy(start.triple, quantity.change), about: about || start.about };
}

function quantityOf(claim: Claim, { predicate, key }: Question): Quantity | undefined {
  if (claim.predicate !== predicate) return undefined;
  switch (claim.predicate) {
    case 'damage':
      return claim.value?.items?.find((item) => item.thing === key);
    case 'happened':
    case 'killed':
    case 'injured':
    case 'casualties':
    case 'munitions':
    case 'count':
    case 'force-level':
    case 'total':
      return claim.value;
    default:
      return undefined;
  }
}

/**
 * A group of people as the question sees it. Asked about a side, people of an actor who stands on one side only are
 * people of that side: "no Americans harmed" answers for the target, where the Americans were the target.
 */
function whoAsAsked(who: Who, asked: Who, subject: Subject, registers: Registers): Who {
  if (asked.side === undefined || who.side !== undefined || who.of === undefined || !('incident' in subject))
    return who;
  const line = lineOf(who.of, registers);
  const parties = subject.incident.parties.filter((party) => lineOf(party.actor, registers) === line);
  const [side, ...more] = new Set(parties.map((party) => party.side));
  return side === undefined || more.length > 0 ? who : { ...who, side };
}

/**
 * For which of the people asked about a number counts, if for any. None of many is none of each of them; any other
 * number of many says nothing of a part.
 */
function countedFor(asked: Who, who: Who, triple: Triple, registers: Registers): Who | null {
  const standing = compareWho(who, asked, registers);
  if (standing === 'wider') return isNone(triple) ? asked : null;
  return standing === 'other' ? null : who;
}

function candidateOf(
  { source, voice, at, said, published }: Voiced,
  { triple, about }: Numbered,
  who: Who,
  kind: string | undefined,
  basis: Basis,
): Candidate {
  return { source, voice, at, said, published, who, triple, about, kind, basis, readingsDiffer: false };
}

/** Where one of said and published is unknown, the other stands in for it. */
function voiced(source: SourcedClaim, registers: Registers): Voiced {
  const published = source.published ?? source.said;
  const said = source.said ?? source.published;
  const held = source.claim.predicate === 'force-level' ? source.claim.value?.at : undefined;
  const end = (span: Span | null | undefined) => (span ? lastSecondOf(span.to) : '');
  return {
    source,
    voice: voiceOf(source, registers),
    at: end(held ?? said),
    said: end(said),
    published: end(published),
  };
}

// ---- Step 2: readings ----

/** Of the claims rendering one utterance, the best; of a list, all that the best document renders. */
function readingsOf(
  candidates: readonly Candidate[],
  question: Question,
  registers: Registers,
  putAside: PutAside,
): Candidate[] {
  if (candidates.length < 2) return [...candidates];
  const listed = isListed(question);
  const kept: Candidate[] = [];
  const rendered = (one: Candidate) => `${one.source.utterance} ${one.kind ?? ''} ${whoText(one.who)}`;
  for (const readings of grouped(candidates, rendered).values()) {
    const [best, ...more] = readings.toSorted((a, b) => byPreference(a, b, registers));
    if (best === undefined) continue;
    if (more.length === 0) {
      kept.push(best);
      continue;
    }
    const belongs = (one: Candidate) => one === best || (listed && one.source.statement === best.source.statement);
    const chosen = readings.filter(belongs);
    const others = readings.filter((one) => !belongs(one));
    for (const { source } of others) putAside(source, 'other-reading');
    const values = (some: readonly Candidate[]) =>
      canonicalText([...new Set(some.map((one) => valueText(one, listed)))].sort());
    const readingsDiffer = [...grouped(others, (one) => (listed ? one.source.statement : one.source.id)).values()].some(
      (other) => values(other) !== values(chosen),
    );
    kept.push(...chosen.map((one) => (readingsDiffer ? { ...one, readingsDiffer } : one)));
  }
  return kept;
}

/** The speaker's own publication, then the speaker's own words before reported ones, then what came out first. */
function byPreference(a: Candidate, b: Candidate, registers: Registers): number {
  const foreign = (one: Candidate) => (lineOf(one.source.publisher, registers) === one.voice.line ? 0 : 1);
  const reported = (one: Candidate) => (one.source.form === 'reported' ? 1 : 0);
  const published = (one: Candidate) => (one.source.published === null ? 'unknown' : one.published);
  return (
    foreign(a) - foreign(b) ||
    reported(a) - reported(b) ||
    compareText(published(a), published(b)) ||
    byRecorded(a.source, b.source)
  );
}

function valueText(one: Candidate, listed: boolean): string {
  const { low, best, high } = one.triple;
  return listed ? canonicalText(one.source.claim.value) : `${low}/${best}/${high}/${one.about}`;
}

// ---- Order ----

/** The latest first: when a level held, said, published, recorded. Claims of one record are equally late. */
export function latestFirst(a: Voiced, b: Voiced): number {
  return (
    compareText(b.at, a.at) ||
    compareText(b.said, a.said) ||
    compareText(b.published, a.published) ||
    b.source.sequence - a.source.sequence
  );
}

/** As recorded: by record, then by the claim's number in its statement. */
export function byRecorded(a: SourcedClaim, b: SourcedClaim): number {
  const number = ({ id }: SourcedClaim) => Number(id.slice(id.lastIndexOf('#') + 1));
  return a.sequence - b.sequence || number(a) - number(b) || compareText(a.id, b.id);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
