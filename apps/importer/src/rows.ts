/**
 * ROWS: what both forms of file are read into, so that the mapping of a format knows neither. A cell is text by the name of
 * its column; columns come in any order, and a file may have more of them than anybody asks for.
 */

/** A row that cannot be read, or does not say what it must. The reason is for people, and goes to the rejects file. */
export class Unreadable extends Error {}

/** The file as a whole is not what it was said to be, or breaks off: nobody can go on. */
export class UnreadableFile extends Error {}

export interface Row {
  /** Where it begins: its line in a CSV file, its number among the features of GeoJSON; both from 1. */
  readonly at: number;
  /** A cell without the white space around it; empty where the cell is, or the column is missing. */
  text(column: string): string;
  has(column: string): boolean;
  /** The row as it stands in the file, for whoever has to mend it. */
  raw(): string;
}

/** A row of which not even the cells could be told apart. */
export interface Broken {
  readonly at: number;
  readonly reason: string;
  readonly raw: string;
}

export interface Table {
  /** What `at` counts. */
  readonly unit: 'line' | 'feature';
  /** In the order of the file. Throws UnreadableFile where it breaks off. */
  rows(): AsyncGenerator<Row | Broken>;
  /** What is to be said of the file after it was read, such as how it was encoded. */
  notes(): string[];
}

/** White space of any kind and length is one space: two renderings of a text that say the same are the same. */
export const plain = (text: string): string => text.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();

const RAW_LENGTH_MAX = 500;

/** So much of a row as a person needs to find it. */
export function shortened(text: string): string {
  return text.length <= RAW_LENGTH_MAX ? text : `${text.slice(0, RAW_LENGTH_MAX)}… (${text.length} characters)`;
}

// Numbers and dates, in the ways in which files write them.

/** 5, 5.0 and 05 are the same number; a fraction of a person is none. */
export function wholeOf(row: Row, column: string): number {
  const text = row.text(column);
  if (/^[+-]?\d{1,15}(?:\.0*)?$/.test(text)) return Math.trunc(Number(text)) + 0;
  throw new Unreadable(text === '' ? `${column} is empty` : `${column} is not a whole number: ${quoted(text)}`);
}

/** Of people, or of things: not less than none. */
export function countOf(row: Row, column: string): number {
  const number = wholeOf(row, column);
  if (number < 0) throw new Unreadable(`${column} is less than none: ${number}`);
  return number;
}

export function degreesOf(row: Row, column: string, max: 90 | 180): number {
  const text = row.text(column);
  const degrees = /^[+-]?\d{1,3}(?:\.\d*)?(?:e-\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(degrees) <= max) return degrees;
  throw new Unreadable(`${column} is not between -${max} and ${max} degrees: ${quoted(text)}`);
}

/** 2017-01-30, with or without a clock time of midnight in either form. */
export function dateOf(row: Row, column: string): string {
  const text = row.text(column);
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?$/.exec(text);
  if (iso !== null) return existing(column, text, iso[1], iso[2], iso[3]);
  throw new Unreadable(text === '' ? `${column} is empty` : `${column} is not a date as 2017-01-30: ${quoted(text)}`);
}

/** 10/17/2016: the month first. */
export function americanDateOf(row: Row, column: string): string {
  const text = row.text(column);
  const date = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  if (date !== null) return existing(column, text, date[3], date[1], date[2]);
  throw new Unreadable(text === '' ? `${column} is empty` : `${column} is not a date as 10/17/2016: ${quoted(text)}`);
}

function existing(column: string, text: string, year = '', month = '', day = ''): string {
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    throw new Unreadable(`${column} is a date that does not exist: ${quoted(text)}`);
  }
  return date;
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
