import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { placeBucketOf, standsToPeriod, timeBucketOf, type TimeBuckets } from './buckets.js';
import { exactly, registers } from './claims.fixture.js';
import { sum, type Addend } from './sums.js';
import { hasClockTime, type Span } from './times.js';

const span = (from: string, to = from): Span => ({ from, to });

describe('by time', () => {
  const row = (time: Span | undefined, buckets: TimeBuckets) => {
    const { in: unit, name, remainder } = timeBucketOf(time, buckets);
    return `${name} (${unit}${remainder ? ', remainder' : ''})`;
  };

  it('an incident is in a month only if its whole interval is', () => {
    expect(row(span('2018-02-24', '2018-02-26'), 'month')).toBe('2018-02 (month)');
    expect(row(span('2018-02-24', '2018-03-01'), 'month')).toBe('2018 (year, remainder)');
    expect(row(span('2018-12-31', '2019-01-01'), 'month')).toBe(' (all, remainder)');
    expect(row(undefined, 'month')).toBe(' (all, remainder)');
  });

  it('the remainder is the row of the smallest unit that holds it', () => {
    expect(row(span('2018-02-24', '2018-02-26'), 'day')).toBe('2018-02 (month, remainder)');
    expect(row(span('2018-02-24T05:30'), 'day')).toBe('2018-02-24 (day)');
    expect(row(span('2018-02-24', '2018-11-26'), 'year')).toBe('2018 (year)');
  });

  it('goes by the start where that is asked', () => {
    expect(row(span('2018-02-24', '2018-03-01'), 'month:start')).toBe('2018-02 (month)');
  });

  it('counts for a period only what lies inside it', () => {
    const february = span('2018-02-01', '2018-02-28');
    expect(standsToPeriod(span('2018-02-01', '2018-02-28T23:59'), february)).toBe('inside');
    expect(standsToPeriod(span('2018-02-24', '2018-03-01'), february)).toBe('overlapping');
    expect(standsToPeriod(span('2018-03-01'), february)).toBe('outside');
    expect(standsToPeriod(span('2018-03-01'), { from: '2018-02-01' })).toBe('inside');
    expect(standsToPeriod(undefined, february)).toBe('overlapping');
    expect(standsToPeriod(undefined, {})).toBe('inside');
  });

  it('knows which times a zone could move', () => {
    expect(hasClockTime(span('2018-02-24T05:30'))).toBe(true);
    expect(hasClockTime(span('2018-02-24'))).toBe(false);
  });
});

describe('by place', () => {
  it.each([
    ['conoco-site', 'governorate', 'deir-ezzor', false],
    ['conoco-site', 'country', 'syria', false],
    ['al-tanf', 'governorate', 'syria', true],
    ['north-east-syria', 'governorate', 'syria', true],
    ['syria', 'governorate', 'syria', true],
    ['syria', 'site', 'syria', true],
    ['levant', 'country', 'levant', true],
    ['al-tanf', 'area', 'syria', true],
    ['north-east-syria', 'area', 'north-east-syria', false],
  ] as const)('%s by %s stands in %s, remainder %s', (place, by, bucket, remainder) => {
    expect(placeBucketOf({ place }, by, registers)).toEqual({ place: bucket, remainder });
  });

  it('near a place is in what the place lies in', () => {
    expect(placeBucketOf({ place: 'conoco-site', near: true }, 'governorate', registers)).toEqual({
      place: 'deir-ezzor',
      remainder: false,
    });
    expect(placeBucketOf({ place: 'conoco-site', near: true }, 'site', registers)).toEqual({
      place: 'deir-ezzor',
      remainder: true,
    });
  });

  it('nowhere is a remainder too', () => {
    expect(placeBucketOf(undefined, 'governorate', registers)).toEqual({ place: null, remainder: true });
    expect(placeBucketOf({ place: 'levant', near: true }, 'country', registers)).toEqual({
      place: null,
      remainder: true,
    });
  });
});

describe('buckets and remainders', () => {
  const date = fc
    .tuple(fc.integer({ min: 2017, max: 2019 }), fc.integer({ min: 10, max: 12 }), fc.integer({ min: 10, max: 30 }))
    .map((parts) => parts.join('-'));
  const time = fc.option(
    fc.tuple(date, date).map(([a, b]) => (a < b ? span(a, b) : span(b, a))),
    { nil: undefined },
  );
  const addend = fc
    .integer({ min: 0, max: 99 })
    .map((n): Addend => ({ ...exactly(n), status: n === 0 ? 'affirmed-none' : 'reported', contested: n % 7 === 0 }));

  it('together are the total', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(time, addend)),
        fc.constantFrom<TimeBuckets>('day', 'month', 'year', 'month:start'),
        (incidents, buckets) => {
          const rows = new Map<string, Addend[]>();
          for (const [when, figure] of incidents) {
            const key = JSON.stringify(timeBucketOf(when, buckets));
            rows.set(key, [...(rows.get(key) ?? []), figure]);
          }
          const sums = [...rows.values()].map((some) => sum(some));
          const total = sum(incidents.map(([, figure]) => figure));
          for (const column of ['low', 'best', 'high', 'incidents', 'affirmedNone', 'contested'] as const) {
            expect(sums.reduce((all, one) => all + (one[column] ?? 0), 0)).toBe(total[column]);
          }
        },
      ),
    );
  });
});
