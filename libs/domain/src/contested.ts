/**
 * Whether lines contradict each other (section 9 of docs/codebook.md, version 1). It is a property of the claims, the
 * same under every policy, and never of a figure.
 */
import { canonicalText } from './canonical.js';
import { grouped, latestFirst, type Candidate, type Denial } from './live-claims.js';
import type { Position } from './positions.js';
import { isNone, meet, reachOf } from './quantities.js';
import { compareWho, isListed, type Question } from './questions.js';
import { isInside, isPartOf, type Registers } from './registers.js';
import { liesWithin, overlaps, type Span } from './times.js';
import type { Claim, Id, PlaceValue, ResponsibilityValue } from './vocabulary.js';

/** A position with the claims behind it. */
export interface Draft {
  position: Position;
  chosen: readonly Candidate[];
  newest: Candidate;
}

export function isContested(
  question: Question,
  drafts: readonly Draft[],
  denials: readonly Denial[],
  registers: Registers,
): boolean {
  const positions = drafts.map((one) => one.position);
  return (
    (isListed(question) ? namesDiffer(positions, question, registers) : numbersDiffer(positions)) ||
    denials.some((one) => isContesting(one, drafts, question, registers))
  );
}

/** Two numbers that cannot both be true. Levels that held at different times can. */
function numbersDiffer(positions: readonly Position[]): boolean {
  const exclude = (a: Position, b: Position) =>
    !meet(reachOf(a, a.about), reachOf(b, b.about)) && !(a.at && b.at && !overlaps(a.at, b.at));
  return positions.some((a, index) => positions.slice(index + 1).some((b) => exclude(a, b)));
}

/**
 * Two places, times or actors of which neither lies inside the other. Where a line names several, it agrees with
 * another if all that one of them names lies inside what the other names.
 */
function namesDiffer(positions: readonly Position[], question: Question, registers: Registers): boolean {
  if (!['place', 'time', 'responsibility'].includes(question.predicate)) return false;
  const lines = [...grouped(positions, (one) => one.line).values()];
  const covers = (outer: readonly Position[], inner: readonly Position[]) =>
    inner.every((one) => outer.some((other) => liesInside(one.value, other.value, question, registers)));
  return lines.some((a, index) => lines.slice(index + 1).some((b) => !covers(a, b) && !covers(b, a)));
}

/** Whether a denial meets what another line holds. A line that later says itself what it denied has given it up. */
function isContesting(denial: Denial, drafts: readonly Draft[], question: Question, registers: Registers): boolean {
  const denied = drafts.filter((one) => denies(denial, one, question, registers));
  const isOwn = (one: Draft) => one.position.line === denial.voice.line;
  const givenUp = denied.some((one) => isOwn(one) && latestFirst(one.newest, denial) < 0);
  return !givenUp && denied.some((one) => !isOwn(one));
}

/**
 * A denial without value denies whatever is asserted of these people, save none. A denied number meets one that it
 * could be; a denied place, time or actor meets what lies inside it.
 */
function denies(denial: Denial, { position, chosen }: Draft, question: Question, registers: Registers): boolean {
  const { value } = denial.source.claim;
  if (isListed(question)) return value === undefined || liesInside(position.value, value, question, registers);
  const standings = chosen.map((one) => compareWho(one.who, denial.who, registers));
  if (denial.number === null) {
    return !isNone(position) && standings.some((one) => one === 'same' || one === 'narrower');
  }
  const { triple, about } = denial.number;
  return standings.some((one) => one !== 'other') && meet(reachOf(position, position.about), reachOf(triple, about));
}

/** Whether what one claim names is the same as, or lies inside, what another names. */
function liesInside(
  inner: Claim['value'],
  outer: Claim['value'],
  { predicate }: Question,
  registers: Registers,
): boolean {
  switch (predicate) {
    case 'place':
      return isInside(
        whereabouts(inner as PlaceValue, registers),
        whereabouts(outer as PlaceValue, registers),
        registers,
      );
    case 'time':
      return liesWithin(inner as Span, outer as Span);
    case 'responsibility':
      return isPartOf((inner as ResponsibilityValue).actor, (outer as ResponsibilityValue).actor, registers);
    default:
      return canonicalText(inner) === canonicalText(outer);
  }
}

/** Near a place is somewhere in what the place lies in. */
function whereabouts({ place, near }: PlaceValue, registers: Registers): Id {
  return near === true ? (registers.place(place)?.inside ?? place) : place;
}
