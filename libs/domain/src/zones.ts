/**
 * Times in another zone (section 11 of docs/codebook.md, version 1). Only a clock time of a known zone can be moved; a day
 * stays the day that it was at its place.
 *
 * Alone among the rules this one asks a table that is not in the records: the IANA zones of the machine. No figure hangs
 * on it, only in which row or period an incident stands, and only where somebody asks for a zone.
 */
import { firstSecondOf, hasClockTime, lastSecondOf, type Span } from './times.js';

const DAY_MS = 86_400_000;

/**
 * A time as clocks in a zone showed it, to the second; as it is where it cannot be moved, and in its own zone.
 * Where clocks were put back or forward over an end, so that it was shown twice or never, the widest reading counts.
 * @throws RangeError for a zone that is not known here
 */
export function inZone(time: Span & { zone?: string }, zone: string): Span {
  if (time.zone === undefined || time.zone === zone || !hasClockTime(time)) return time;
  const first = Math.min(...instantsOf(firstSecondOf(time.from), time.zone));
  const last = Math.max(...instantsOf(lastSecondOf(time.to), time.zone));
  // Where clocks are put back in between, the later of two moments may be shown as the earlier.
  const [from = time.from, to = time.to] = [shown(first, zone), shown(last, zone)].sort();
  return { from, to };
}

/** Whether times can be moved from and to this zone here. */
export function isKnownZone(zone: string): boolean {
  try {
    offsetFormat(zone);
    return true;
  } catch {
    return false;
  }
}

/** The moments at which clocks in a zone showed a time: one; two where they were put back; where forward, both readings. */
function instantsOf(local: string, zone: string): number[] {
  const asUtc = Date.parse(`${local}Z`);
  // No zone is a day away from UTC, and none changes its clocks twice within two days.
  const [before, after] = [asUtc - offsetAt(asUtc - DAY_MS, zone), asUtc - offsetAt(asUtc + DAY_MS, zone)];
  if (before === after) return [before];
  const readings = [before, after];
  const real = readings.filter((instant) => instant + offsetAt(instant, zone) === asUtc);
  return real.length > 0 ? real : readings;
}

function shown(instant: number, zone: string): string {
  const text = new Date(instant + offsetAt(instant, zone)).toISOString();
  // The year 10,000 would sort before all others.
  return text.startsWith('+') ? '9999-12-31T23:59:59' : text.slice(0, 19);
}

/** By zone, offsets from UTC in milliseconds by day, of days on which clocks were not changed; bounded. */
const offsets = new Map<string, Map<number, number>>();
let remembered = 0;
const formats = new Map<string, Intl.DateTimeFormat>();
const REMEMBERED_MAX = 100_000;

function offsetAt(instant: number, zone: string): number {
  const day = Math.floor(instant / DAY_MS);
  const known = offsets.get(zone)?.get(day);
  if (known !== undefined) return known;
  const [start, end] = [readOffset(day * DAY_MS, zone), readOffset((day + 1) * DAY_MS, zone)];
  if (start !== end) return readOffset(instant, zone);
  remember(zone, day, start);
  return start;
}

function remember(zone: string, day: number, offset: number): void {
  if (remembered >= REMEMBERED_MAX) {
    offsets.clear();
    remembered = 0;
  }
  remembered += 1;
  const ofZone = offsets.get(zone);
  if (ofZone === undefined) offsets.set(zone, new Map([[day, offset]]));
  else ofZone.set(day, offset);
}

function readOffset(instant: number, zone: string): number {
  const text = offsetFormat(zone).format(instant);
  const [, sign, hours, minutes = 0, seconds = 0] = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
  if (hours === undefined) return 0;
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -size : size;
}

function offsetFormat(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  return format;
}
