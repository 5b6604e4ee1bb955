import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inZone, isKnownZone } from './zones.js';

const at = (zone: string, from: string, to = from) => ({ zone, from, to });
const moved = (from: string, to = from) => ({ from, to });

describe('a time in another zone', () => {
  it.each([
    ['summer', at('Asia/Damascus', '2022-07-10T01:30'), 'UTC', moved('2022-07-09T22:30:00', '2022-07-09T22:30:59')],
    ['winter', at('Asia/Damascus', '2022-01-10T01:30'), 'UTC', moved('2022-01-09T23:30:00', '2022-01-09T23:30:59')],
    [
      'a quarter of an hour',
      at('Asia/Kathmandu', '2023-04-10T00:00'),
      'Asia/Baghdad',
      moved('2023-04-09T21:15:00', '2023-04-09T21:15:59'),
    ],
    [
      'across the date line',
      at('Pacific/Pago_Pago', '2023-04-10T23:00'),
      'Pacific/Kiritimati',
      moved('2023-04-12T00:00:00', '2023-04-12T00:00:59'),
    ],
    [
      'before there were zones, to the second',
      at('America/New_York', '1850-01-01T00:00:00'),
      'UTC',
      moved('1850-01-01T04:56:02'),
    ],
    [
      'shown twice, when clocks were put back: both readings',
      at('America/New_York', '2023-11-05T01:30'),
      'UTC',
      moved('2023-11-05T05:30:00', '2023-11-05T06:30:59'),
    ],
    [
      'never shown, when clocks were put forward: both readings',
      at('America/New_York', '2023-03-12T02:30'),
      'UTC',
      moved('2023-03-12T06:30:00', '2023-03-12T07:30:59'),
    ],
    [
      'on a day that a place left out',
      at('Pacific/Apia', '2011-12-30T12:00'),
      'UTC',
      moved('2011-12-29T22:00:00', '2011-12-30T22:00:59'),
    ],
    [
      'where clocks are put back to the day before: from the earlier to the later',
      at('UTC', '2010-11-07T02:30:30', '2010-11-07T03:00:00'),
      'America/St_Johns',
      moved('2010-11-06T23:30:00', '2010-11-07T00:00:30'),
    ],
    ['the last hour of all', at('UTC', '9999-12-31T23:00'), 'Asia/Tokyo', moved('9999-12-31T23:59:59')],
    ['the first hour of all', at('UTC', '0001-01-01T00:00:00'), 'Etc/GMT+5', moved('0000-12-31T19:00:00')],
  ])('%s', (_, time, zone, expected) => {
    expect(inZone(time, zone)).toEqual(expected);
  });

  it('stays as it is without a clock time at both ends, without a zone, and in its own', () => {
    const zone = 'Asia/Damascus';
    for (const time of [
      at(zone, '2023-04-10'),
      at(zone, '2023-04-10', '2023-04-10T17:51'),
      at(zone, '2023-04-10T17:51', '2023-04-10'),
      moved('2023-04-10T00:10'),
    ]) {
      expect(inZone(time, 'UTC')).toBe(time);
    }
    const night = at(zone, '2023-04-10T00:10');
    expect(inZone(night, zone)).toBe(night);
  });

  it('of a zone that is not known cannot be told', () => {
    expect([isKnownZone('Asia/Damascus'), isKnownZone('Mars/Olympus')]).toEqual([true, false]);
    expect(() => inZone(at('Mars/Olympus', '2023-04-10T17:51'), 'UTC')).toThrow(RangeError);
    expect(() => inZone(at('UTC', '2023-04-10T17:51'), 'Mars/Olympus')).toThrow(RangeError);
  });

  const zones = fc.constantFrom('Asia/Damascus', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'Europe/Dublin');
  const seconds = fc
    .date({ min: new Date('1950-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 19));

  /** What a clock there shows at a moment of UTC, by the same table, read another way. */
  const clock = (utc: string, timeZone: string): string =>
    new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
      .format(new Date(`${utc}Z`))
      .replace(' ', 'T');

  it('is what a clock there shows', () => {
    fc.assert(
      fc.property(seconds, zones, (utc, zone) => {
        expect(inZone(at('UTC', utc), zone)).toEqual(moved(clock(utc, zone)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reaches over every moment at which a clock showed it', () => {
    fc.assert(
      fc.property(seconds, zones, (utc, zone) => {
        const back = inZone(at(zone, clock(utc, zone)), 'UTC');
        expect(back.from <= utc && utc <= back.to).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
