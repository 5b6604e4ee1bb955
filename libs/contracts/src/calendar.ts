/** Dates, times, zones and languages that exist. Regular expressions alone would let 30 February through. */

const LOCAL_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}))?)?$/;
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether it has the form of a local date or a local date and clock time; the date may still not exist. */
export function looksLikeLocalTime(text: string): boolean {
  return LOCAL_TIME.test(text);
}

export function isLocalTime(text: string): boolean {
  const parts = LOCAL_TIME.exec(text);
  if (parts === null) return false;
  const [, year, month, day, hour = 0, minute = 0, second = 0] = parts;
  return isDate(Number(year), Number(month), Number(day)) && isClock(Number(hour), Number(minute), Number(second));
}

/** Whether it has the form of RFC 3339; the moment may still not exist. */
export function looksLikeInstant(text: string): boolean {
  return INSTANT.test(text);
}

export function isInstant(text: string): boolean {
  const parts = INSTANT.exec(text);
  if (parts === null) return false;
  const [, year, month, day, hour, minute, second, offsetHours = 0, offsetMinutes = 0] = parts;
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes);
  return (
    isDate(Number(year), Number(month), Number(day)) &&
    isClock(Number(hour), Number(minute), Number(second)) &&
    Number(offsetMinutes) < 60 &&
    offset <= 14 * 60
  );
}

function isDate(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0));
}

function isClock(hour: number, minute: number, second: number): boolean {
  return hour < 24 && minute < 60 && second < 60;
}

/** An IANA zone by its own spelling: other systems' tables are case-sensitive, and offsets are no zones. */
export const isZone = remembered((text) => {
  if (!/^[A-Z]/.test(text)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    return timeZone === text || timeZone.toLowerCase() !== text.toLowerCase();
  } catch {
    return false;
  }
});

const LANGUAGE = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/;

/** A well-formed BCP 47 tag. */
export const isLanguage = remembered((text) => {
  if (!LANGUAGE.test(text)) return false;
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
});

/** Intl answers in tens of microseconds and the same few words come again and again; bounded, for clients make them up. */
function remembered(check: (text: string) => boolean): (text: string) => boolean {
  const answers = new Map<string, boolean>();
  return (text) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      answer = check(text);
      if (answers.size >= 1000) answers.clear();
      answers.set(text, answer);
    }
    return answer;
  };
}
