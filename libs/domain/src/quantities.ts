/**
 * Numbers as sources give them: low, best and high, each perhaps not said, a missing high meaning open. Nothing here is
 * ever sorted or mended: a number stays as published, only comparisons look at it the right way round.
 */
import type { Quantity } from './vocabulary.js';

/** A figure in three numbers. `null`: not said; `high` null: open. */
export interface Triple {
  low: number | null;
  best: number | null;
  high: number | null;
}

/** The span from low (or 0) to high (or Infinity), ends in order. */
export interface Interval {
  from: number;
  to: number;
}

/** The numbers of a quantity as published, or nothing where it names none. A change alone is no number. */
export function tripleOf(quantity: Quantity): Triple | null {
  const { low = null, best = null, high = null } = quantity;
  return low === null && best === null && high === null ? null : { low, best, high };
}

/** The number after it rose or fell: never below none. */
export function changedBy(triple: Triple, change: number): Triple {
  const moved = (n: number | null) => (n === null ? null : Math.max(0, n + change));
  return { low: moved(triple.low), best: moved(triple.best), high: moved(triple.high) };
}

/** Says "none": nothing is left between low and high. */
export function isNone({ low, best, high }: Triple): boolean {
  return high === 0 && (low ?? 0) === 0 && (best ?? 0) === 0;
}

/** Low above best, or best above high: kept as the source published it. */
export function isDisordered({ low, best, high }: Triple): boolean {
  return (
    (low !== null && best !== null && low > best) ||
    (best !== null && high !== null && best > high) ||
    (low !== null && high !== null && low > high)
  );
}

/** How a number is to be read: `at-least` without a best is a floor, `at-most` a ceiling, `between` a range. */
export type Qualifier = 'exact' | 'about' | 'at-least' | 'at-most' | 'between';

export function qualifierOf({ low, best, high }: Triple, about: boolean): Qualifier {
  if (best !== null && (low ?? best) === best && high === best) return about ? 'about' : 'exact';
  if (high === null) return 'at-least';
  return best === null && (low ?? 0) === 0 && high > 0 ? 'at-most' : 'between';
}

export function intervalOf({ low, high }: Triple): Interval {
  const from = low ?? 0;
  const to = high ?? Infinity;
  return from <= to ? { from, to } : { from: to, to: from };
}

/** The interval of a rough number reaches a tenth further to both sides, outward to whole numbers. */
export function reachOf(triple: Triple, about: boolean): Interval {
  const { from, to } = intervalOf(triple);
  return about ? { from: Math.floor((from * 9) / 10), to: Math.ceil((to * 11) / 10) } : { from, to };
}

export function meet(a: Interval, b: Interval): boolean {
  return a.from <= b.to && b.from <= a.to;
}

/** Whether `outer` contains `inner` and is wider. */
export function isStrictlyWider(outer: Interval, inner: Interval): boolean {
  return outer.from <= inner.from && inner.to <= outer.to && (outer.from < inner.from || inner.to < outer.to);
}

/** The largest number that is named. */
export function greatestNamed({ low, best, high }: Triple): number {
  return Math.max(low ?? 0, best ?? 0, high ?? 0);
}

/** The sum of groups that do not overlap: best and high only where every group has one. */
export function addGroups(triples: readonly Triple[]): Triple {
  const complete = (pick: (triple: Triple) => number | null) =>
    triples.reduce<number | null>((sum, triple) => {
      const n = pick(triple);
      return sum === null || n === null ? null : sum + n;
    }, 0);
  return {
    low: triples.reduce((sum, triple) => sum + (triple.low ?? 0), 0),
    best: complete((triple) => triple.best),
    high: complete((triple) => triple.high),
  };
}
