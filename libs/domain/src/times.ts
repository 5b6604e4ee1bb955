/**
 * Local dates and clock times as intervals. They are compared as the text they are, at the place they are about: no
 * clock, no zone table and no calendar is asked, so that the same claims give the same figure for ever.
 */
import type { LocalTime } from './vocabulary.js';

/** From one local time to another, the last included. */
export interface Span {
  from: LocalTime;
  to: LocalTime;
}

/** The first second of a local time: of that day, of that minute. Sorts as text. */
export function firstSecondOf(time: LocalTime): string {
  if (time.length === 10) return `${time}T00:00:00`;
  return time.length === 16 ? `${time}:00` : time;
}

/** The last second of a local time: a date reaches to the end of its day. Sorts as text. */
export function lastSecondOf(time: LocalTime): string {
  if (time.length === 10) return `${time}T23:59:59`;
  return time.length === 16 ? `${time}:59` : time;
}

/** Whether one span lies inside another. */
export function liesWithin(inner: Span, outer: Span): boolean {
  return firstSecondOf(outer.from) <= firstSecondOf(inner.from) && lastSecondOf(inner.to) <= lastSecondOf(outer.to);
}

/** Whether two spans share a second. */
export function overlaps(a: Span, b: Span): boolean {
  return firstSecondOf(a.from) <= lastSecondOf(b.to) && firstSecondOf(b.from) <= lastSecondOf(a.to);
}

/** Whether both ends have a clock time. A span without one keeps its local date under every zone. */
export function hasClockTime(span: Span): boolean {
  return span.from.length > 10 && span.to.length > 10;
}

/** Whole days from one local date to another, clock times left out; negative where the second lies before the first. */
export function daysBetween(from: LocalTime, to: LocalTime): number {
  const day = (time: LocalTime): number => Date.parse(`${time.slice(0, 10)}T00:00:00Z`);
  return Math.round((day(to) - day(from)) / 86_400_000);
}
