/**
 * The policies: named, versioned, pure functions from what each line holds to a figure (docs/codebook.md, section 8,
 * step 5). A released version is never edited; a change is a new version beside it, and answers as of earlier go on
 * using the old one.
 */
import type { SetAsideCode } from './live-claims.js';
import { gradeOrder, type Position } from './positions.js';
import { intervalOf, isStrictlyWider, type Triple } from './quantities.js';
import { POLICY_VERSIONS, type PolicyName } from './versions.js';

/** What a policy makes of the positions. */
export interface Choice {
  /** Nothing where the policy has no figure. */
  figure: Triple | null;
  used: readonly Position[];
  passedOver: readonly { position: Position; code: SetAsideCode }[];
}

/** Positions come as `positionsOf` lists them: by rank, then the latest said first. */
type Policy = (positions: readonly Position[]) => Choice;

const POLICIES: Readonly<Record<PolicyName, Readonly<Record<number, Policy>>>> = {
  'latest-official': { 1: latestOfficial },
  'official-first': { 1: officialFirst },
  'best-graded': { 1: bestGraded },
  envelope: { 1: envelope },
};

/** A policy in one of its released versions; the newest, where none is named. */
export function policy(name: PolicyName, version: number = POLICY_VERSIONS[name]): Policy {
  const found = POLICIES[name][version];
  if (found === undefined) {
    throw new RangeError(`This program does not know ${name}@${version}: run one that was released with it, or later.`);
  }
  return found;
}

/** Of the officials nearest to those hit, the one who spoke last. */
function latestOfficial(positions: readonly Position[]): Choice {
  const nearest = positions.find((one) => one.official);
  const passedOver = positions
    .filter((one) => one !== nearest)
    .map((position) => ({ position, code: whyNotHeard(position, nearest) }));
  return { figure: nearest ?? null, used: nearest === undefined ? [] : [nearest], passedOver };
}

function whyNotHeard(position: Position, nearest: Position | undefined): SetAsideCode {
  if (!position.official) return 'not-official';
  return position.rank === nearest?.rank ? 'earlier-said' : 'lower-rank';
}

/** Officials where there are any, else the best graded of the others. */
function officialFirst(positions: readonly Position[]): Choice {
  return positions.some((one) => one.official) ? latestOfficial(positions) : bestGraded(positions);
}

/** The best grade; where several have it, their envelope. */
function bestGraded(positions: readonly Position[]): Choice {
  const best = Math.min(...positions.map((one) => gradeOrder(one.grade)));
  const { figure, used, passedOver } = envelope(positions.filter((one) => gradeOrder(one.grade) === best));
  const lower = positions.filter((one) => gradeOrder(one.grade) !== best);
  const code = 'lower-grade';
  return { figure, used, passedOver: [...passedOver, ...lower.map((position) => ({ position, code }) as const)] };
}

/** From the least that anybody says to the most, leaving out whoever only says less precisely what another says. */
function envelope(positions: readonly Position[]): Choice {
  const isLessPrecise = (one: Position) =>
    positions.some((other) => isStrictlyWider(intervalOf(one), intervalOf(other)));
  const used = positions.filter((one) => !isLessPrecise(one));
  const code = 'less-precise';
  const passedOver = positions.filter(isLessPrecise).map((position) => ({ position, code }) as const);
  const [first, ...more] = used;
  if (first === undefined) return { figure: null, used, passedOver };
  if (more.length === 0) return { figure: first, used, passedOver };
  const high = Math.max(...used.map((one) => intervalOf(one).to));
  const figure = {
    low: Math.min(...used.map((one) => intervalOf(one).from)),
    best: more.every((one) => one.best === first.best) ? first.best : null,
    high: high === Infinity ? null : high,
  };
  return { figure, used, passedOver };
}
