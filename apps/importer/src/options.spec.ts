/** The command line: what is refused before anything is read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readOptions, releaseIn, yearOfRelease } from './options.js';

const KEY = { INCIDENT_LEDGER_KEY: 'il_made-up' };
const good = ['ged', 'file.csv', '--ledger', 'syria'];

test('what is left out', () => {
  expect(readOptions(good, KEY)).toMatchObject({
    format: 'ged',
    file: 'file.csv',
    ledger: 'syria',
    url: 'http://127.0.0.1:7410',
    key: 'il_made-up',
    retractMissing: false,
    journal: 'import-journal',
    patienceMs: 300_000,
  });
});

test('a key in a file, with the line end that editors leave', () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  try {
    writeFileSync(join(folder, 'key'), 'il_from-a-file\n');
    expect(readOptions([...good, '--key-file', join(folder, 'key')], {}).key).toBe('il_from-a-file');
    expect(() => readOptions([...good, '--key-file', join(folder, 'none')], KEY)).toThrow('cannot be read');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  [[], 'Usage:'],
  [['ged'], 'Usage:'],
  [['acled', 'file.csv', '--ledger', 'syria'], 'Usage:'],
  [['ged', 'a.csv', 'b.csv', '--ledger', 'syria'], 'Usage:'],
  [['ged', 'file.csv'], '--ledger <name>'],
  [['ged', 'file.csv', '--ledger', '../etc'], '--ledger <name>'],
  [[...good, '--url', 'file:///etc'], '--url must be an address'],
  [[...good, '--release', 'Release 23'], '--release must be'],
  [[...good, '--published', '2023-02-30'], '--published must be a date that exists'],
  [[...good, '--retract-at-most', 'all'], '--retract-at-most must be a whole number'],
  [[...good, '--realease', '23.1'], "Unknown option '--realease'"],
  [['centcom', 'file.csv', '--ledger', 'syria', '--retract-missing'], 'A file of centcom has no releases'],
])('%j', (args, message) => {
  expect(() => readOptions(args, KEY)).toThrow(message);
});

test('no key', () => {
  expect(() => readOptions(good, {})).toThrow('An API key is needed');
});

test.each([
  ['GEDEvent_v23_1.csv', '', '23.1'],
  ['ged231.csv.gz', '', '23.1'],
  ['events.json', '{\n"type": "FeatureCollection",\n"name": "GEDEvent_v25_1",', '25.1'],
  ['syria-2018.csv', 'id,relid', undefined],
])('the release of %s', (name, head, release) => {
  expect(releaseIn(name, head)).toBe(release);
});

test.each([
  ['23.1', '2023-12-31'],
  ['2019', '2019-12-31'],
  ['5.0', undefined],
  ['candidate', undefined],
])('the year of release %s', (release, day) => {
  expect(yearOfRelease(release)).toBe(day);
});
