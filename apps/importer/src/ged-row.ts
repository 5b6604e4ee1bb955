/** A row of UCDP GED, in any vintage of its columns, read into values. Pure; what they become is in ged.ts. */
import { countOf, dateOf, degreesOf, plain, Unreadable, UnreadableFile, wholeOf, type Row } from './rows.js';

export interface GedSide {
  /** UCDP's number of the actor. */
  id: number;
  name: string;
  /** Gleditsch-Ward number, where it is one government and the file says which. */
  gw: number | undefined;
}

export interface GedRow {
  id: number;
  /** 1 state-based, 2 non-state, 3 one-sided. */
  type: number;
  conflict: string;
  a: GedSide;
  b: GedSide;
  /** 1: one event, clearly; 2: several that could not be told apart. */
  clarity: number;
  from: string;
  to: string;
  datePrecision: number;
  country: { gw: number; name: string };
  /** Names, empty where the file has none. */
  adm1: string;
  adm2: string;
  where: string;
  wherePrecision: number;
  /** Only where a place is known that well (where_prec 1 and 2). */
  point: { lat: number; lon: number } | undefined;
  deaths: { a: number; b: number; civilians: number; unknown: number };
  low: number;
  best: number;
  high: number;
  sources: string;
}

/** Columns that every vintage has, by the name of today. The others are read where they are. */
const NEEDED = [
  'id',
  'type_of_violence',
  'side_a_new_id',
  'side_a',
  'side_b_new_id',
  'side_b',
  'where_prec',
  'where_coordinates',
  'adm_1',
  'adm_2',
  'latitude',
  'longitude',
  'country',
  'country_id',
  'event_clarity',
  'date_prec',
  'date_start',
  'date_end',
  'deaths_a',
  'deaths_b',
  'deaths_civilians',
  'deaths_unknown',
  'low',
  'best',
  'high',
] as const;

export function checkGedColumns(first: Row): void {
  const missing = NEEDED.filter((column) => !first.has(column));
  if (missing.length === 0) return;
  const isAcled = first.has('event_id_cnty') || first.has('fatalities');
  const looks = isAcled ? ' It looks like a file of ACLED, which is another data set.' : '';
  throw new UnreadableFile(
    `This is no file of UCDP GED: it has no column ${missing.slice(0, 6).join(', ')}` +
      `${missing.length > 6 ? ` and ${missing.length - 6} more` : ''}.${looks} Nothing was imported.`,
  );
}

export function readGedRow(row: Row): GedRow {
  const id = oneOf(row, 'id', 1, 999_999_999);
  const from = dateOf(row, 'date_start');
  const to = dateOf(row, 'date_end');
  if (to < from) throw new Unreadable(`date_end ${to} is before date_start ${from}`);
  const wherePrecision = oneOf(row, 'where_prec', 1, 7);
  const deaths = {
    a: countOf(row, 'deaths_a'),
    b: countOf(row, 'deaths_b'),
    civilians: countOf(row, 'deaths_civilians'),
    unknown: countOf(row, 'deaths_unknown'),
  };
  const best = countOf(row, 'best');
  const sum = deaths.a + deaths.b + deaths.civilians + deaths.unknown;
  if (sum !== best) {
    throw new Unreadable(
      `deaths_a, deaths_b, deaths_civilians and deaths_unknown add up to ${sum}, but best is ${best}`,
    );
  }
  return {
    id,
    type: oneOf(row, 'type_of_violence', 1, 3),
    conflict: plain(row.text('dyad_name')),
    a: sideOf(row, 'side_a', 'gwnoa'),
    b: sideOf(row, 'side_b', 'gwnob'),
    clarity: oneOf(row, 'event_clarity', 1, 2),
    from,
    to,
    datePrecision: oneOf(row, 'date_prec', 1, 5),
    country: { gw: oneOf(row, 'country_id', 1, 999), name: named(row, 'country') },
    adm1: plain(row.text('adm_1')),
    adm2: plain(row.text('adm_2')),
    where: plain(row.text('where_coordinates')),
    wherePrecision,
    point:
      wherePrecision <= 2 ? { lat: degreesOf(row, 'latitude', 90), lon: degreesOf(row, 'longitude', 180) } : undefined,
    deaths,
    low: countOf(row, 'low'),
    best,
    high: countOf(row, 'high'),
    sources: sourcesOf(row.text('source_article').slice(0, 20_000)),
  };
}

function sideOf(row: Row, side: 'side_a' | 'side_b', gwColumn: 'gwnoa' | 'gwnob'): GedSide {
  // Several governments on one side are a list, such as "2;200;900": then it is no state of its own.
  const gw = /^\d{1,3}(?:\.0*)?$/.test(row.text(gwColumn)) ? Number(row.text(gwColumn)) : undefined;
  return { id: oneOf(row, `${side}_new_id`, 1, 999_999_999), name: named(row, side), gw };
}

function oneOf(row: Row, column: string, min: number, max: number): number {
  const number = wholeOf(row, column);
  if (number >= min && number <= max) return number;
  throw new Unreadable(`${column} is not between ${min} and ${max}: ${number}`);
}

function named(row: Row, column: string): string {
  const name = plain(row.text(column));
  if (name === '') throw new Unreadable(`${column} is empty`);
  return name;
}

/** More than anybody reads, and less than a claim's words may be. */
const SOURCES_LENGTH_MAX = 1_000;

/**
 * Which sources the row cites: offices with their dates, each once, and how many offices they are. "SOHR;SOHR" is one.
 * Headlines are left out: they name victims, and the row's id leads to them. Older rows are free text: what stands before
 * the headline in each of its entries. Empty where nothing is cited.
 */
export function sourcesOf(sourceArticle: string): string {
  const entries = [...sourceArticle.matchAll(/"([^",]+(?:,[^",]+)*?),\s*(\d{4}-\d{2}-\d{2})\b/g)];
  if (entries.length > 0) {
    const cited = new Set(entries.map(([, office = '', date]) => `${plain(office)}, ${date}`));
    const offices = new Set(entries.map(([, office = '']) => plain(office).toLowerCase()));
    return cut(`${offices.size} ${offices.size === 1 ? 'source' : 'sources'}: ${[...cited].join('; ')}`);
  }
  const cited = sourceArticle
    .split(/;|\n/)
    .map((entry) => plain(entry.split('"').find((piece) => piece.trim() !== '') ?? '').replace(/[,:]$/, ''))
    .filter((entry) => entry !== '');
  return cited.length === 0 ? '' : cut(`Cited: ${[...new Set(cited)].join('; ')}`);
}

const cut = (text: string): string =>
  text.length <= SOURCES_LENGTH_MAX ? text : `${text.slice(0, SOURCES_LENGTH_MAX - 1)}…`;
