/**
 * Adding up figures of incidents (docs/codebook.md, section 10). What has live parts, what several incidents share and
 * somebody's own totals are never handed in: they are shown beside.
 */
import type { Figure } from './figures.js';
import { isDisordered } from './quantities.js';

/** What a sum needs of a figure; an incident of which nobody says anything is `UNREPORTED`. */
export type Addend = Pick<Figure, 'low' | 'best' | 'high' | 'status' | 'contested'>;

export interface Sum {
  low: number;
  best: number;
  /** null: open. */
  high: number | null;
  incidents: number;
  /** Add nothing, and are said next to the number. */
  unreported: number;
  affirmedNone: number;
  contested: number;
  /** Without a best: the sum is at least this. */
  floors: number;
  /** Low above best, or best above high, as published. */
  disordered: number;
}

export const UNREPORTED: Addend = { low: null, best: null, high: null, status: 'unreported', contested: false };

/** Attacks are the `happened` figures added up. An incident without one is not stated under the policy: no attack. */
export type Attacks = Omit<Sum, 'unreported'> & { notStated: number };

export function sumOfAttacks(figures: Iterable<Addend>): Attacks {
  const { unreported: notStated, ...rest } = sum(figures);
  return { ...rest, notStated };
}

/** The sum over incidents, with what must be said next to it. */
export function sum(figures: Iterable<Addend>): Sum {
  const total: Sum = {
    low: 0,
    best: 0,
    high: 0,
    incidents: 0,
    unreported: 0,
    affirmedNone: 0,
    contested: 0,
    floors: 0,
    disordered: 0,
  };
  for (const figure of figures) {
    total.incidents += 1;
    if (figure.contested) total.contested += 1;
    if (figure.status === 'unreported') {
      total.unreported += 1;
      continue;
    }
    total.low += figure.low ?? 0;
    total.best += figure.best ?? figure.low ?? 0;
    total.high = total.high === null || figure.high === null ? null : total.high + figure.high;
    if (figure.status === 'affirmed-none') total.affirmedNone += 1;
    if (figure.best === null) total.floors += 1;
    if (isDisordered(figure)) total.disordered += 1;
  }
  return total;
}
