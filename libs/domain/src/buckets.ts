/**
 * Which row of a tally an incident stands in, by time or by place (docs/codebook.md, section 11). An incident that is
 * not known to lie in one bucket stands in the remainder row of the smallest unit that holds it, so that buckets and
 * remainders together are the total: nothing is apportioned, nothing is guessed.
 */
import { ancestorOfKind, type Registers } from './registers.js';
import { liesWithin, overlaps, type Span } from './times.js';
import type { Id, PlaceKind, PlaceValue } from './vocabulary.js';

const TIME_UNITS = ['day', 'month', 'year'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** By the whole interval, or (UCDP's habit, and said so wherever it is used) by its start. */
export type TimeBuckets = TimeUnit | `${TimeUnit}:start`;

export interface TimeBucket {
  /** What holds the whole interval: 2018-02-24, 2018-02 or 2018; `all` where no year does, or no time is known. */
  in: TimeUnit | 'all';
  /** The day, month or year; empty for `all`. */
  name: string;
  /** Not a bucket that was asked for: "2018, month not known". */
  remainder: boolean;
}

/** How much of a local time names its year, month or day. */
const LENGTHS = { year: 4, month: 7, day: 10 } as const satisfies Record<TimeUnit, number>;

export function timeBucketOf(time: Span | undefined, buckets: TimeBuckets): TimeBucket {
  const [asked, start] = buckets.split(':') as [TimeUnit, 'start'?];
  if (time !== undefined) {
    const to = start === undefined ? time.to : time.from;
    for (const unit of TIME_UNITS.slice(TIME_UNITS.indexOf(asked))) {
      const name = time.from.slice(0, LENGTHS[unit]);
      if (name === to.slice(0, LENGTHS[unit])) return { in: unit, name, remainder: unit !== asked };
    }
  }
  return { in: 'all', name: '', remainder: true };
}

/** How an incident's time stands to the period asked about: only `inside` is counted, `overlapping` is told beside. */
export function standsToPeriod(
  time: Span | undefined,
  period: { from?: string; to?: string },
): 'inside' | 'overlapping' | 'outside' {
  const asked = { from: period.from ?? '0000-01-01', to: period.to ?? '9999-12-31' };
  // Of an incident without a time, nobody can say that it is outside.
  if (time === undefined) return period.from === undefined && period.to === undefined ? 'inside' : 'overlapping';
  if (liesWithin(time, asked)) return 'inside';
  return overlaps(time, asked) ? 'overlapping' : 'outside';
}

export interface PlaceBucket {
  /** Of the kind asked for; else of the nearest wider kind; none where no place is known to hold it. */
  place: Id | null;
  /** Not a bucket that was asked for: "Syria, governorate not known". */
  remainder: boolean;
}

/** Kinds whose places hold those of the kinds before them. Areas cut across them and never hold a remainder. */
const WIDENING = ['site', 'town', 'district', 'governorate', 'country', 'waters', 'region'] as const;

export function placeBucketOf(where: PlaceValue | undefined, by: PlaceKind, registers: Registers): PlaceBucket {
  // Near a place is somewhere in what the place lies in.
  const place = where?.near === true ? registers.place(where.place)?.inside : where?.place;
  if (place === undefined) return { place: null, remainder: true };
  const bucket = ancestorOfKind(place, [by], registers);
  if (bucket !== undefined) return { place: bucket, remainder: false };
  return { place: ancestorOfKind(place, widerKinds(by), registers) ?? null, remainder: true };
}

/** Of what kinds the places are whose remainder row may hold what is in no place of this kind. */
export function widerKinds(kind: PlaceKind): readonly PlaceKind[] {
  return kind === 'area' ? ['country', 'waters', 'region'] : WIDENING.slice(WIDENING.indexOf(kind) + 1);
}
