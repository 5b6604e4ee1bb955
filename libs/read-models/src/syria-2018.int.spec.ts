/**
 * The examples of section 11 of the codebook on the data they are of: UCDP GED, Syria 2018, where that file is (it is no part
 * of this project). Row by row as section 14 says, through the rules and the tables, in buckets and by governorate.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Command, Precision } from '#domain';
import { factsOf, freshDatabase, recordsOf } from '#testing';
import { ReadModels } from './read-models.js';
import { tally } from './tallies.js';
import type { TallyQuestion, TallyRow } from './tally-rows.js';

const FILE = `${process.env['REAL_DATA_DIR'] ?? '../shared/data'}/ged/syr-2018.csv`;
const hasData = existsSync(FILE);
if (!hasData) process.stderr.write(`SKIPPED: Syria 2018, real data: there is no ${FILE} (REAL_DATA_DIR).\n`);

type Row = Record<string, string>;

/** Rows by column name. Line breaks and quotes may stand in a quoted cell. */
function readCsv(text: string): Row[] {
  const cells = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|$)/g);
  const lines: string[][] = [[]];
  for (const [whole, quoted, plain = '', end] of cells) {
    if (whole === '') break;
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') lines.push([]);
  }
  const [names = [], ...rows] = lines.filter((line) => line.length > 1);
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? ''])));
}

const PRECISIONS: Record<string, Precision> = { 1: 'day', 2: 'days', 3: 'week', 4: 'month', 5: 'longer' };

function commandsOf(rows: readonly Row[]): Command[] {
  const governorate = (name: string) => name.toLowerCase().replace(/[^a-z]+/g, '-');
  const names = [...new Set(rows.map((row) => row['adm_1'] ?? ''))].filter((name) => name !== '');
  const named = (text: string) => [{ text }];
  return [
    { act: 'open-ledger', origin: { title: 'Syria 2018' } },
    { act: 'register-actor', id: 'ucdp', actor: { kind: 'compiler', names: named('UCDP') } },
    { act: 'register-place', id: 'syria', place: { kind: 'country', names: named('Syria') } },
    ...names.map((name): Command => ({
      act: 'register-place',
      id: governorate(name),
      place: { kind: 'governorate', inside: 'syria', names: named(name) },
    })),
    {
      act: 'register-document',
      id: 'ged',
      document: { publisher: 'ucdp', kind: 'dataset-release', title: 'UCDP GED, Syria 2018' },
    },
    ...rows.flatMap((row): Command[] => {
      const id = `ged:${row['id']}`;
      const of = (column: string) => Number(row[column]);
      const where = row['adm_1'] === '' ? 'syria' : governorate(row['adm_1'] ?? '');
      return [
        {
          act: 'record-incident',
          id,
          incident: {
            kind: of('event_clarity') === 2 || of('date_prec') >= 4 ? 'bundle' : 'single',
            method: 'other',
            parties: [],
            place: { place: where },
            time: {
              from: row['date_start'] ?? '',
              to: row['date_end'] ?? '',
              precision: PRECISIONS[row['date_prec'] ?? ''] ?? 'longer',
            },
          },
        },
        {
          act: 'record-statement',
          id: `${id}:ucdp`,
          statement: {
            document: 'ged',
            speaker: 'ucdp',
            form: 'own-voice',
            utterance: `ucdp:2018:${row['id']}`,
            claims: [
              {
                predicate: 'killed',
                about: { incident: id },
                stance: 'asserts',
                value: { low: of('low'), best: of('best'), high: of('high') },
              },
            ],
          },
        },
      ];
    }),
  ];
}

(hasData ? describe : describe.skip)('UCDP GED, Syria 2018', () => {
  let pool: Pool;
  let schema: string;
  let sequence = 0;

  beforeAll(async () => {
    pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
    const models = await ReadModels.open(pool);
    ({ schema } = models);
    const rows = readCsv(readFileSync(FILE, 'utf8'));
    expect(rows).toHaveLength(2765);
    const entries = recordsOf('syria-2018', factsOf(commandsOf(rows)));
    while (sequence < entries.length) {
      const slice = entries.slice(sequence, sequence + 1000);
      await models.apply('syria-2018', sequence, slice);
      sequence += slice.length;
    }
  }, 120_000);
  afterAll(() => pool?.end());

  const killed = async (rest: Partial<TallyQuestion> = {}): Promise<TallyRow[]> => {
    const question: TallyQuestion = { measures: ['killed'], filter: {}, policy: 'official-first', ...rest };
    const rows = await tally(pool, schema, { ledger: 'syria-2018', sequence }, question);
    return rows.filter(({ side }) => side === 'not-said');
  };
  const total = (rows: readonly TallyRow[]): number => rows.reduce((sum, { best }) => sum + best, 0);

  test('sums to what was published: low 18,980, best 20,251, high 21,683, of anybody', async () => {
    expect(await killed()).toMatchObject([
      { low: 18_980, best: 20_251, high: 21_683, incidents: 2765, unreported: 0, disordered: 3, other: 2765 },
    ]);
    expect(await killed({ policy: 'envelope' })).toMatchObject([{ low: 18_980, best: 20_251, high: 21_683 }]);
    expect(await killed({ policy: 'latest-official' })).toEqual([]);
  });

  test('by month: February 2,326, and a remainder of 1,903 in 41 incidents; together the total', async () => {
    const rows = await killed({ bucket: 'month' });
    expect(rows).toHaveLength(13);
    expect(rows.find(({ bucket }) => bucket === '2018-02')).toMatchObject({ best: 2326, remainder: false });
    expect(rows.filter(({ remainder }) => remainder)).toMatchObject([
      { bucket: '2018, month not known', best: 1903, incidents: 41 },
    ]);
    expect(total(rows)).toBe(20_251);
  });

  test('by the month of its first day: February 2,859, and no remainder', async () => {
    const rows = await killed({ bucket: 'month:start' });
    expect(rows.find(({ bucket }) => bucket === '2018-02')).toMatchObject({ best: 2859 });
    expect(rows.filter(({ remainder }) => remainder)).toEqual([]);
    expect(total(rows)).toBe(20_251);
  });

  test('by governorate: 1,912 in 50 incidents of which none is known; together the total', async () => {
    const rows = await killed({ by: 'place:governorate' });
    expect(rows).toHaveLength(15);
    expect(rows.filter(({ remainder }) => remainder)).toMatchObject([
      { group: { id: 'syria', name: 'Syria, governorate not known' }, best: 1912, incidents: 50 },
    ]);
    expect(total(rows)).toBe(20_251);
  });
});
