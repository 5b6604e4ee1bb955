/** Made-up rows in the forms of UCDP GED, for tests: no event, place or number in them is real. */
import { Readable } from 'node:stream';
import { csvTable } from './csv-table.js';
import type { Broken, Row, Table } from './rows.js';

/** The columns of a row, with one event that anybody may change. */
export const EVENT: Readonly<Record<string, string>> = {
  id: '101',
  year: '2020',
  active_year: '1',
  type_of_violence: '1',
  dyad_new_id: '9001',
  dyad_name: 'Government of Syria - Example group',
  side_a_new_id: '118',
  gwnoa: '652',
  side_a: 'Government of Syria',
  side_b_new_id: '9002',
  gwnob: '',
  side_b: 'Example group',
  number_of_sources: '2',
  source_article: '"Example Agency,2020-03-02,Clash near ""the bridge""";"Example Post,2020-03-03,Two dead"',
  where_prec: '1',
  where_coordinates: 'Example town',
  adm_1: 'Example governorate',
  adm_2: 'Example district',
  latitude: '35.5',
  longitude: '36.25',
  country: 'Syria',
  country_id: '652',
  region: 'Middle East',
  event_clarity: '1',
  date_prec: '1',
  date_start: '2020-03-01',
  date_end: '2020-03-01',
  deaths_a: '2',
  deaths_b: '1',
  deaths_civilians: '0',
  deaths_unknown: '1',
  low: '3',
  best: '4',
  high: '6',
};

export const event = (changes: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...EVENT,
  ...changes,
});

/** As a CSV file, with the columns of the first row. */
export function csvOf(rows: readonly Readonly<Record<string, string>>[], lineEnd = '\n'): string {
  const columns = Object.keys(rows[0] ?? EVENT);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellOf(row[column] ?? '')))];
  return lines.map((cells) => `${cells.join(',')}${lineEnd}`).join('');
}

const cellOf = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A table of these bytes, in chunks so small that whatever may be cut is. */
export function tableOf(content: string | Buffer, chunkBytes = 7): Table {
  const bytes = Buffer.from(content);
  return csvTable(() => {
    const chunks: Buffer[] = [];
    for (let from = 0; from < bytes.length; from += chunkBytes) chunks.push(bytes.subarray(from, from + chunkBytes));
    return Readable.from(chunks) as AsyncIterable<Buffer>;
  });
}

export async function rowsOf(table: Table): Promise<(Row | Broken)[]> {
  const rows: (Row | Broken)[] = [];
  for await (const row of table.rows()) rows.push(row);
  return rows;
}

/** A row of these cells, without any file. */
export const rowOf = (cells: Readonly<Record<string, string>>): Row => ({
  at: 2,
  text: (column) => (cells[column] ?? '').trim(),
  has: (column) => column in cells,
  raw: () => JSON.stringify(cells),
});
