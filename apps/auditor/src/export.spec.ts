/** What is exported of a ledger that is like one imported from UCDP GED, and of what GED has no way to say. All made up. */
import { expect, test } from '@jest/globals';
import type { Command, Quantity } from '#domain';
import { MasterKey, Writers } from '#ledger';
import { Progress } from '#runtime';
import { codec, factsOf, recordsOf } from '#testing';
import { InMemoryStorage } from '../../../libs/ledger/src/in-memory-storage.js';
import { exported, type ExportOptions } from './export.js';
import { GED_COLUMNS } from './ged.js';
import { COMMANDS } from './small-ledger.fixture.js';

const named = (text: string): { names: { text: string }[] } => ({ names: [{ text }] });
const exactly = (n: number): Quantity => ({ low: n, best: n, high: n });
const incident = 'ged:101';

/** As the importer records a row. */
const FROM_GED: readonly Command[] = [
  { act: 'open-ledger', origin: { title: 'Made up' } },
  { act: 'register-actor', id: 'ucdp', actor: { ...named('Uppsala Conflict Data Program'), kind: 'compiler' } },
  { act: 'register-actor', id: 'xx', actor: { ...named('Exland'), kind: 'state', codes: { gw: 998 } } },
  {
    act: 'register-actor',
    id: 'ucdp:actor:118',
    actor: { ...named('Government of Exland'), kind: 'state-body', partOf: 'xx' },
  },
  {
    act: 'register-actor',
    id: 'ucdp:actor:9002',
    actor: { ...named('Example "group"; or, a name'), kind: 'armed-group' },
  },
  {
    act: 'register-place',
    id: 'country:xx',
    place: { ...named('Exland'), kind: 'country', state: 'xx', codes: { gw: 998 } },
  },
  {
    act: 'register-place',
    id: 'governorate',
    place: { ...named('Example governorate'), kind: 'governorate', inside: 'country:xx' },
  },
  {
    act: 'register-place',
    id: 'town',
    place: { ...named('Example town'), kind: 'town', inside: 'governorate', point: { lat: 35.5, lon: 36.25 } },
  },
  {
    act: 'register-document',
    id: 'release',
    document: { publisher: 'ucdp', kind: 'dataset-release', title: 'A release' },
  },
  {
    act: 'record-incident',
    id: incident,
    incident: {
      kind: 'single',
      method: 'other',
      place: { place: 'town', near: true, point: { lat: 35.5, lon: 36.25 } },
      time: { from: '2020-03-01', to: '2020-03-02', precision: 'days' },
      parties: [
        { actor: 'ucdp:actor:118', side: 'a' },
        { actor: 'ucdp:actor:9002', side: 'b' },
      ],
    },
  },
  {
    act: 'record-statement',
    id: 'ged:23.1:101',
    statement: {
      document: 'release',
      speaker: 'ucdp',
      utterance: 'ucdp:23.1:101',
      form: 'own-voice',
      claims: [
        {
          predicate: 'killed',
          about: { incident },
          stance: 'asserts',
          value: { low: 5, best: 4, high: 6 },
          parts: [
            { who: { side: 'a', of: 'ucdp:actor:118' }, value: exactly(2) },
            { who: { side: 'b', of: 'ucdp:actor:9002' }, value: exactly(1) },
            { who: { category: 'civilian' }, value: exactly(0) },
            { who: {}, value: exactly(1) },
          ],
        },
      ],
    },
  },
  {
    act: 'record-incident',
    id: 'ged:102',
    incident: { kind: 'bundle', method: 'other', parties: [{ actor: 'ucdp:actor:118', side: 'a' }] },
  },
  { act: 'retract-incident', id: 'ged:102', reason: 'Made up.', expect: [{ entity: 'ged:102', version: 1 }] },
];

async function textOf(commands: readonly Command[], options: Partial<ExportOptions>): Promise<string> {
  const storage = new InMemoryStorage();
  await new Writers(storage, new MasterKey(new Uint8Array(32)), codec, { mayClaim: async () => true }).create(
    'made-up',
  );
  const records = recordsOf('made-up', factsOf(commands)).map(({ bytes }) => bytes);
  await (await storage.takeTerm('made-up')).append(1, records, []);
  const pieces: Uint8Array[] = [];
  const pieced = exported({
    ledger: 'made-up',
    storage,
    format: 'ndjson',
    policy: 'official-first',
    asOf: records.length,
    progress: new Progress({ write: () => undefined }),
    signal: new AbortController().signal,
    ...options,
  });
  for await (const piece of pieced) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

/** Cells by column, read as RFC 4180 says. */
function rowsOf(csv: string): Record<string, string>[] {
  const lines = csv
    .trimEnd()
    .split('\n')
    .map((line) =>
      [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell = '']) =>
        cell.replace(/^"|"$/g, '').replaceAll('""', '"'),
      ),
    );
  const [head = [], ...rows] = lines;
  return rows.map((row) => Object.fromEntries(head.map((column, index) => [column, row[index] ?? ''])));
}

test('records: the exact bytes, a line each, as of any record', async () => {
  const bytes = recordsOf('made-up', factsOf(FROM_GED)).map((entry) => Buffer.from(entry.bytes).toString('utf8'));
  expect(await textOf(FROM_GED, {})).toBe(bytes.map((line) => `${line}\n`).join(''));
  expect(await textOf(FROM_GED, { asOf: 2 })).toBe(`${bytes[0]}\n${bytes[1]}\n`);
});

test('a row of GED comes back as the row that it was; what was retracted does not', async () => {
  const rows = rowsOf(await textOf(FROM_GED, { format: 'ged-csv' }));
  expect(rows).toHaveLength(1);
  expect(Object.keys(rows[0] ?? {})).toEqual([...GED_COLUMNS]);
  expect(rows[0]).toMatchObject({
    id: '101',
    relid: 'ged:101',
    year: '2020',
    type_of_violence: '1',
    dyad_name: 'Government of Exland - Example "group"; or, a name',
    side_a_new_id: '118',
    side_a: 'Government of Exland',
    side_b_new_id: '9002',
    side_b: 'Example "group"; or, a name',
    where_prec: '2',
    where_coordinates: 'Example town',
    adm_1: 'Example governorate',
    adm_2: '',
    latitude: '35.5',
    longitude: '36.25',
    country: 'Exland',
    country_id: '998',
    event_clarity: '1',
    date_prec: '2',
    date_start: '2020-03-01',
    date_end: '2020-03-02',
    deaths_a: '2',
    deaths_b: '1',
    deaths_civilians: '0',
    deaths_unknown: '1',
    best: '4',
    high: '6',
    low: '5',
    gwnoa: '998',
    gwnob: '',
  });
});

test('what GED cannot say is an empty cell, and never a number', async () => {
  const open = rowsOf(await textOf(COMMANDS, { format: 'ged-csv', policy: 'envelope' }))[0];
  expect(open).toMatchObject({ relid: 'attack', side_a: 'Unknown', side_b: 'Its army', low: '2', best: '', high: '' });
  expect(open).toMatchObject({
    deaths_a: '',
    deaths_unknown: '',
    where_prec: '1',
    country: 'A country',
    country_id: '',
  });
  const asOf = rowsOf(await textOf(COMMANDS, { format: 'ged-csv', asOf: 10 }))[0];
  expect(asOf).toMatchObject({ relid: 'attack', low: '', best: '', high: '', number_of_sources: '-1' });
});

test('GeoJSON: a point where there is one, else none; figures under the policy; the columns of GED beside them', async () => {
  const { features, ...head } = JSON.parse(await textOf(FROM_GED, { format: 'geojson', policy: 'envelope' })) as {
    features: { id: string; geometry: unknown; properties: Record<string, unknown> }[];
  };
  expect(head).toEqual({
    type: 'FeatureCollection',
    name: 'made-up',
    ledger: 'made-up',
    sequence: 13,
    policy: 'envelope@1',
  });
  expect(features).toHaveLength(1);
  expect(features[0]).toMatchObject({
    id: incident,
    geometry: { type: 'Point', coordinates: [36.25, 35.5] },
    properties: {
      id: 101,
      best: 4,
      incident,
      figures: {
        attacks: { low: 1, best: 1, high: 1, status: 'reported' },
        killed: { low: 5, best: 4, high: 6, status: 'reported', basis: 'other', contested: false },
        injured: { low: null, best: null, high: null, status: 'unreported' },
      },
    },
  });
  const moved: Command[] = [
    ...FROM_GED,
    {
      act: 'correct-incident',
      id: incident,
      incident: { kind: 'single', method: 'other', parties: [], place: { place: 'governorate' } },
      reason: 'Made up.',
      expect: [{ entity: incident, version: 1 }],
    },
  ];
  const [there] = (JSON.parse(await textOf(moved, { format: 'geojson' })) as { features: { geometry: unknown }[] })
    .features;
  expect(there?.geometry).toBeNull();
});
