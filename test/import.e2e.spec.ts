/**
 * The importer as a user runs it: the command, against the whole application, by HTTP only. Files are made up, and real where
 * they are (REAL_DATA_DIR); what the ledger answers afterwards is held against sums computed straight from the files.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { HistoryAnswer, IncidentExplainAnswer, RecordsAnswer, TalliesAnswer } from '#contracts';
import type { LedgerClient } from '#testing';
import { stateOfName } from '../apps/importer/src/countries.js';
import { csvOf, event } from '../apps/importer/src/made-up.fixture.js';
import { startApp, type RunningApp } from './running-app.js';

// Thousands of rows are imported and copied, on a machine that may be busy.
jest.setTimeout(180_000);

const REAL = process.env['REAL_DATA_DIR'] ?? '../shared/data';
const COMMAND = new URL('../apps/importer/src/main.js', import.meta.url).pathname;
const AUDITOR = new URL('../apps/auditor/src/main.js', import.meta.url).pathname;

let app: RunningApp;
let folder: string;
beforeAll(async () => {
  [app, folder] = await Promise.all([startApp(), mkdtemp(join(tmpdir(), 'import-'))]);
});
afterAll(async () => {
  await app?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A ledger of its own, opened, and imports into it. Each has its own journal unless another's is named. */
async function importer(name: string) {
  const admin = await app.open(name);
  const journal = join(folder, name);
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [COMMAND, ...args], {
      env: { PATH: process.env['PATH'], INCIDENT_LEDGER_KEY: admin.key, ...env },
    });
  const given = ['--ledger', name, '--url', app.url, '--journal', journal];
  const argsOf = (format: string, file: string, ...more: string[]): string[] => [format, file, ...given, ...more];
  return {
    ledger: admin,
    journal,
    start: (format: string, file: string, ...more: string[]) => start(argsOf(format, file, ...more)),
    run: async (format: string, file: string, ...more: string[]) => ended(start(argsOf(format, file, ...more))),
    runWith: async (env: NodeJS.ProcessEnv, format: string, file: string, ...more: string[]) =>
      ended(start(argsOf(format, file, ...more), env)),
  };
}

async function ended(child: ReturnType<typeof spawn>): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, out, err };
}

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** By its name, how many records of each kind a ledger has; what these tests add to find its end is left out. */
async function recordsIn(ledger: LedgerClient): Promise<Record<string, number>> {
  const mark = `end-of-the-log-${(marks += 1)}`;
  const { position } = await ledger.record('register-actor', { id: mark, kind: 'media', names: [{ text: mark }] });
  const counts: Record<string, number> = {};
  for (let next: string | null = ''; next !== null;) {
    const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
    const page: RecordsAnswer = await ledger.read(`/records?limit=500&wait=${position}${cursor}`);
    for (const { event: record } of page.items as { event: { type: string; subject: string } }[]) {
      const name = record.type.split('.')[1] ?? '';
      if (!record.subject.startsWith('end-of-the-log-')) counts[name] = (counts[name] ?? 0) + 1;
    }
    ({ next } = page);
  }
  return counts;
}
let marks = 0;

/** Killed, of whomever, by what is asked: low, best, high and how many incidents. */
async function killed(ledger: LedgerClient, query = ''): Promise<Record<string, number[]>> {
  const { rows } = await ledger.read<TalliesAnswer>(`/tallies?of=killed${query}`);
  return Object.fromEntries(
    rows
      .filter(({ side }) => side === 'not-said')
      .map(({ bucket, group, low, best, high, incidents }) => [
        group?.id ?? bucket ?? 'all',
        [low, best, high ?? -1, incidents],
      ]),
  );
}

/** The statements about an incident, with the stance of each claim. */
async function statementsAbout(ledger: LedgerClient, incident: string): Promise<[id: string, stance: string][]> {
  const { statements } = await ledger.read<IncidentExplainAnswer>(`/incidents/${incident}/explain`);
  return statements.flatMap(({ id, claims }) => claims.map(({ claim }): [string, string] => [id, claim.stance]));
}

describe('made-up rows', () => {
  test('CSV, gzip and GeoJSON of one release are the same; again and again adds nothing', async () => {
    const { ledger, run } = await importer('import-forms');
    const rows = [
      event(),
      event({ id: '102', date_start: '2020-02-28', date_prec: '2' }),
      event({ id: '103', where_prec: '6' }),
    ];
    const csv = await fileOf('forms.csv', csvOf(rows));
    const first = await run('ged', csv, '--release', '23.1');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('3 rows: 3 new.');
    const before = await recordsIn(ledger);
    expect(before).toMatchObject({ IncidentRecorded: 3, StatementRecorded: 3, DocumentRegistered: 1 });
    expect(await killed(ledger)).toEqual({ all: [9, 12, 18, 3] });
    expect(await killed(ledger, '&bucket=month')).toEqual({
      '2020-03': [6, 8, 12, 2],
      '2020, month not known': [3, 4, 6, 1],
    });

    const others = [
      ['forms.csv.gz', gzipSync(csvOf(rows, '\r\n'))],
      // Other columns, in another order, other texts of the same values.
      [
        'reordered.csv',
        csvOf(
          rows.map((row) =>
            Object.fromEntries(Object.entries({ ...row, id: `${row['id']}.0`, relid: 'x' }).toReversed()),
          ),
        ),
      ],
      [
        'times.csv',
        csvOf(rows.map((row) => ({ ...row, date_start: `${row['date_start']} 00:00:00.000`, active_year: 'TRUE' }))),
      ],
      [
        'forms.geojson',
        JSON.stringify({
          type: 'FeatureCollection',
          features: rows.map(({ latitude, longitude, ...properties }) => ({
            type: 'Feature',
            properties,
            geometry: { type: 'Point', coordinates: [Number(longitude), Number(latitude)] },
          })),
        }),
      ],
    ] as const;
    for (const [name, content] of others) {
      const again = await run('ged', await fileOf(name, content), '--release', '23.1');
      expect([name, again.code, again.err]).toEqual([name, 0, '']);
      expect(again.out).toContain('3 rows: 3 as before.');
    }
    expect(await recordsIn(ledger)).toEqual(before);
  });

  test('rows that cannot be read are set apart with file, line and reason, and the rest is in', async () => {
    const { ledger, run } = await importer('import-rejects');
    const long = 'y'.repeat(1_000_000);
    const csv = csvOf([
      event({ where_description: 'Bouar' }),
      event({ id: '102', best: 'many' }),
      event({ id: '103', where_description: 'a line\r\nbreak' }),
      event({ id: '101', low: '0' }),
      event({ id: '104', where_description: long }),
      event({ id: '104', where_description: long }),
      event({ id: '105', country: long, side_b: long, dyad_name: long }),
      event({ id: 'no id at all' }),
    ]);
    const cut = `${csv}106,2020,1`;
    const file = await fileOf('dirty.csv', Buffer.from(cut.replace('Bouar', 'Bou\xE9r'), 'latin1'));
    const rejects = join(folder, 'dirty.rejects');
    const { code, out, err } = await run('ged', file, '--release', '23.1', '--rejects', rejects);
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('9 rows: 4 new, 1 twice in the file.');
    expect(out).toContain(`4 rows were not imported, and why: ${rejects}`);
    const told = (await readFile(rejects, 'utf8')).trimEnd().split('\n');
    expect(told.map((line) => JSON.parse(line) as Record<string, unknown>)).toEqual([
      { file, line: 3, reason: 'best is not a whole number: "many"', row: expect.stringMatching(/^102,2020/) },
      { file, line: 6, reason: 'its id stands in line 2 already, with other values', row: expect.any(String) },
      { file, line: 10, reason: 'id is not a whole number: "no id at all"', row: expect.any(String) },
      { file, line: 11, reason: expect.stringContaining('it may be cut off'), row: '106,2020,1' },
    ]);
    expect(told.every((line) => line.length < 1_200)).toBe(true);
    expect(await recordsIn(ledger)).toMatchObject({ IncidentRecorded: 4, StatementRecorded: 4 });
    // Mended, it is completed, and nothing is in twice.
    const mended = await fileOf('dirty.csv', csvOf([event(), event({ id: '102' }), event({ id: '106' })]));
    expect(await run('ged', mended, '--release', '23.1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('3 rows: 2 new, 1 as before.'),
    });
  });

  test('releases: what changed is said anew, on the card too; there and back again; what is gone is taken back', async () => {
    const { ledger, run } = await importer('import-releases');
    const releases: Record<string, Record<string, string>[]> = {
      '21.1': [event(), event({ id: '102' }), event({ id: '103' })],
      // Another number; another place.
      '22.1': [event({ high: '9' }), event({ id: '102', where_coordinates: 'Another town' }), event({ id: '103' })],
      // Back again; and one is gone.
      '23.1': [event(), event({ id: '102', where_coordinates: 'Another town' })],
      '24.1': [event(), event({ id: '102', where_coordinates: 'Another town' }), event({ id: '103' })],
    };
    const outputs: Record<string, string> = {};
    const bring = async (release: string, ...more: string[]): Promise<void> => {
      const file = await fileOf(`releases-${release}.csv`, csvOf(releases[release] ?? []));
      const { code, out, err } = await run('ged', file, '--release', release, ...more);
      expect([release, code, err]).toEqual([release, 0, '']);
      outputs[release] = out;
    };
    await bring('21.1');
    await bring('22.1');
    expect(outputs['22.1']).toContain('3 rows: 2 with other values than before, 1 as before.');
    expect(outputs['22.1']).toContain('Of 1 incidents the card was corrected.');
    expect(await recordsIn(ledger)).toMatchObject({ IncidentRecorded: 3, StatementRecorded: 5, IncidentCorrected: 1 });
    expect(await killed(ledger)).toEqual({ all: [9, 12, 21, 3] });
    const { items } = await ledger.read<HistoryAnswer>('/incidents/ged:102/history');
    expect(items.map(({ type, causes }) => [type, ...causes])).toEqual([
      ['IncidentRecorded'],
      ['StatementRecorded', 'new-statement'],
      ['IncidentCorrected', 'incident-corrected'],
      // It says of the number what the release before said.
      ['StatementRecorded', 'new-statement'],
    ]);

    await bring('23.1');
    expect(outputs['23.1']).toContain('1 rows of earlier releases are not in it: they stand.');
    expect(await killed(ledger)).toEqual({ all: [9, 12, 18, 3] });
    await bring('23.1', '--retract-missing');
    expect(outputs['23.1']).toContain('1 rows that this release has no more were retracted.');
    expect(await killed(ledger)).toEqual({ all: [6, 8, 12, 2] });
    expect(await statementsAbout(ledger, 'ged:103')).toEqual([
      ['ged:21.1:103', 'asserts'],
      ['ged:23.1:103', 'retracts'],
    ]);

    await bring('24.1');
    expect(outputs['24.1']).toContain('3 rows: 1 with other values than before, 2 as before.');
    expect(await killed(ledger)).toEqual({ all: [9, 12, 18, 3] });
    // Any of them again, in any order, adds nothing and moves nothing back.
    const before = await recordsIn(ledger);
    for (const release of ['21.1', '24.1', '22.1', '23.1']) await bring(release, '--retract-missing');
    expect(outputs['21.1']).toContain('3 of which a later release stands');
    expect(await recordsIn(ledger)).toEqual(before);
    expect(before).toEqual(expect.objectContaining({ StatementRecorded: 8, IncidentCorrected: 1 }));
  });

  test('a lost journal: the same release adds nothing; a later one is not taken before the earlier is', async () => {
    const { ledger, journal, run } = await importer('import-lost');
    const rows = Array.from({ length: 30 }, (_, index) => event({ id: String(1000 + index) }));
    const [older, newer] = await Promise.all([
      fileOf('lost-22.csv', csvOf(rows)),
      fileOf('lost-23.csv', csvOf(rows.map((row, index) => ({ ...row, ...(index === 7 && { high: '9' }) })))),
    ]);
    await run('ged', older, '--release', '22.1');
    const before = await recordsIn(ledger);
    await rm(journal, { recursive: true });
    expect(await run('ged', newer, '--release', '23.1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('import the earlier releases again first'),
    });
    // Only the release itself was registered.
    expect(await recordsIn(ledger)).toEqual({ ...before, DocumentRegistered: 2 });
    expect(await run('ged', older, '--release', '22.1')).toMatchObject({ code: 0 });
    expect(await recordsIn(ledger)).toEqual({ ...before, DocumentRegistered: 2 });
    expect((await run('ged', newer, '--release', '23.1')).out).toContain(
      '30 rows: 1 with other values than before, 29 as before.',
    );
    expect(await recordsIn(ledger)).toEqual({ ...before, DocumentRegistered: 2, StatementRecorded: 31 });
  });

  test('a journal of another ledger of the same name is noticed', async () => {
    const here = await importer('import-mixed');
    const there = await importer('import-mixed-up');
    const file = await fileOf('mixed.csv', csvOf([event()]));
    await here.run('ged', file, '--release', '23.1');
    const journal = await readFile(join(here.journal, 'import-mixed.ged.journal'));
    await rm(here.journal, { recursive: true });
    const { code, err } = await there.run('ged', file, '--release', '23.1');
    expect([code, err]).toEqual([0, '']);
    await writeFile(join(there.journal, 'import-mixed-up.ged.journal'), journal.toString().replace('"101"', '"999"'));
    expect(await there.run('ged', file, '--release', '23.1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('it is of another ledger of this name'),
    });
  });

  test('a card that a curator corrected meanwhile gets what the release says of it, and the history shows both', async () => {
    const { ledger, run } = await importer('import-curated');
    await run('ged', await fileOf('curated-22.csv', csvOf([event()])), '--release', '22.1');
    const seen = [{ entity: 'ged:101', version: 1 }];
    const card = { kind: 'single', method: 'clash', parties: [], reason: 'Made up.', expect: seen };
    await ledger.record('correct-incident', card, { id: 'ged:101' });
    const next = await fileOf('curated-23.csv', csvOf([event({ where_coordinates: 'Another town' })]));
    expect(await run('ged', next, '--release', '23.1')).toMatchObject({ code: 0, err: '' });
    const { items } = await ledger.read<HistoryAnswer>('/incidents/ged:101/history');
    expect(items.map(({ type }) => type)).toEqual([
      'IncidentRecorded',
      'StatementRecorded',
      'IncidentCorrected',
      'StatementRecorded',
      'IncidentCorrected',
    ]);
  });

  test('of an incident that was merged the survivor keeps its card, and what is said counts for it', async () => {
    const { ledger, run } = await importer('import-merged');
    const rows = [event(), event({ id: '102' })];
    await run('ged', await fileOf('merged-22.csv', csvOf(rows)), '--release', '22.1');
    const versions = ['ged:102', 'ged:101'].map((entity) => ({ entity, version: 1 }));
    await ledger.record('merge-incident', { into: 'ged:101', reason: 'Made up.', expect: versions }, { id: 'ged:102' });
    const next = await fileOf(
      'merged-23.csv',
      csvOf(rows.map((row) => ({ ...row, date_end: '2020-03-02', high: '9' }))),
    );
    expect(await run('ged', next, '--release', '23.1')).toMatchObject({ code: 0, err: '' });
    expect(await recordsIn(ledger)).toMatchObject({ StatementRecorded: 4, IncidentCorrected: 1 });
    expect(await run('ged', next, '--release', '23.1')).toMatchObject({ out: expect.stringContaining('2 as before') });
  });

  test('most of a file missing is not believed', async () => {
    const { ledger, run } = await importer('import-brake');
    const rows = Array.from({ length: 40 }, (_, index) => event({ id: String(2000 + index) }));
    await run('ged', await fileOf('brake-22.csv', csvOf(rows)), '--release', '22.1');
    const half = await fileOf('brake-23.csv', csvOf(rows.slice(0, 20)));
    expect(await run('ged', half, '--release', '23.1', '--retract-missing')).toMatchObject({
      code: 2,
      err: expect.stringContaining('give --retract-at-most 20'),
    });
    expect(await killed(ledger)).toEqual({ all: [120, 160, 240, 40] });
    const agreed = await run('ged', half, '--release', '23.1', '--retract-missing', '--retract-at-most', '20');
    expect(agreed).toMatchObject({ code: 0, out: expect.stringContaining('20 rows that this release has no more') });
    expect((await killed(ledger))['all']?.[1]).toBe(80);
    // What cannot be read may be what is missing.
    const dirty = await fileOf('brake-23b.csv', csvOf([...rows.slice(0, 18), event({ id: '2018', best: 'x' })]));
    const doubtful = await run('ged', dirty, '--release', '23.2', '--retract-missing', '--published', '2023-12-31');
    expect(doubtful).toMatchObject({ code: 1, out: expect.stringContaining('Nothing was retracted') });
    expect((await killed(ledger))['all']?.[1]).toBe(80);
    // Other countries and years are none of the file's.
    for (const [release, elsewhere] of [
      ['24.1', { country: 'Iraq', country_id: '645' }],
      ['25.1', { id: '102', date_start: '2019-12-31', date_end: '2019-12-31' }],
    ] as const) {
      const file = await fileOf(`brake-${release}.csv`, csvOf([event(elsewhere)]));
      const { code, out } = await run(
        'ged',
        file,
        '--release',
        release,
        '--retract-missing',
        '--retract-at-most',
        '99',
      );
      expect([code, out]).toEqual([0, expect.not.stringMatching(/no more|not in it/)]);
    }
  });
});

describe('what cannot be done ends with 2, says what to do, and has written nothing', () => {
  let ours: Awaited<ReturnType<typeof importer>>;
  let good: string;
  beforeAll(async () => {
    ours = await importer('import-refused');
    good = await fileOf('good.csv', csvOf([event()]));
  });

  test.each([
    [
      'a file of ACLED',
      'event_id_cnty,event_date,fatalities,country\nSYR1,01 March 2020,3,Syria\n',
      'It looks like a file of ACLED',
    ],
    ['a file with columns missing', csvOf([event()]).replace('best', 'worst'), 'it has no column best'],
    ['an empty file', '', 'is empty'],
    ['GeoJSON that is none', '{"type":"Feature"}', 'no GeoJSON FeatureCollection'],
  ])('%s', async (_, content, reason) => {
    const { code, err } = await ours.run('ged', await fileOf('bad-file', content), '--release', '23.1');
    expect([code, err]).toEqual([2, expect.stringContaining(reason)]);
  });

  test('no release, no key, a wrong key, a key of another ledger, no such ledger, nobody there', async () => {
    const stranger = await app.client('import-forms', 'recorder');
    const ask = async (env: NodeJS.ProcessEnv, ...more: string[]) =>
      (await ours.runWith(env, 'ged', good, ...more)).err;
    expect(await ask({}, '--url', app.url)).toContain('Which release is it?');
    expect(await ask({}, '--release', '23.1', '--rejects', good)).toContain('--rejects must not name the file');
    expect(existsSync(good)).toBe(true);
    expect(await ask({ INCIDENT_LEDGER_KEY: '' }, '--release', '23.1')).toContain('An API key is needed');
    expect(await ask({ INCIDENT_LEDGER_KEY: 'il_wrong' }, '--release', '23.1')).toContain('a valid API key');
    expect(await ask({ INCIDENT_LEDGER_KEY: stranger.key }, '--release', '23.1')).toContain('Ask the operator');
    expect(await ask({}, '--release', '23.1', '--ledger', 'import-nowhere')).toMatch(/Ask the operator|Mend --/);
    expect(await ask({}, '--release', '23.1', '--url', 'http://127.0.0.1:1', '--patience', '0')).toContain(
      'When it is back',
    );
  });

  test('a recorder may bring rows, and needs a curator for corrected cards', async () => {
    const recorder = await app.client('import-refused', 'recorder');
    const env = { INCIDENT_LEDGER_KEY: recorder.key };
    const row = event({ id: '300' });
    const bring = async (release: string, changed: Record<string, string>) =>
      ours.runWith(env, 'ged', await fileOf(`refused-${release}.csv`, csvOf([changed])), '--release', release);
    expect(await bring('22.1', row)).toMatchObject({ code: 0, err: '' });
    expect(await bring('23.1', { ...row, high: '9' })).toMatchObject({ code: 0, err: '' });
    expect(await bring('24.1', { ...row, date_prec: '2', date_end: '2020-03-02' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('a key with the role curator'),
    });
  });

  test('nothing of the bad files is in the ledger', async () => {
    expect((await recordsIn(ours.ledger))['IncidentRecorded']).toBe(1);
  });
});

test('GeoJSON that breaks off: what stands before it is in, and the whole file completes it', async () => {
  const { run } = await importer('import-broken');
  const features = [event(), event({ id: '102' })].map((properties) => ({
    type: 'Feature',
    properties,
    geometry: null,
  }));
  const whole = JSON.stringify({ type: 'FeatureCollection', features });
  const broken = await run('ged', await fileOf('broken.geojson', whole.slice(0, -60)), '--release', '23.1');
  expect(broken).toMatchObject({ code: 2, err: expect.stringContaining('breaks off after feature 1') });
  const { code, out } = await run('ged', await fileOf('whole.geojson', whole), '--release', '23.1');
  expect([code, out]).toEqual([0, expect.stringContaining('2 rows: 1 new, 1 as before.')]);
});

describe('killed at any moment', () => {
  test('the same command again makes it whole, and nothing is in twice', async () => {
    const { ledger, journal, start, run } = await importer('import-killed');
    const rows = Array.from({ length: 2500 }, (_, index) =>
      event({ id: String(10_000 + index), where_coordinates: `Town ${index % 300}` }),
    );
    const file = await fileOf('killed.csv', csvOf(rows));
    const noted = async (): Promise<number> =>
      (await stat(join(journal, 'import-killed.ged.journal')).catch(() => ({ size: 0 }))).size;
    // Some of it is in the log by then; how much of that the journal knows is chance.
    for (const bytes of [0, 100, 30_000, 60_000]) {
      const child = start('ged', file, '--release', '23.1');
      const over = ended(child);
      while ((await noted()) <= bytes && child.exitCode === null) await new Promise(setImmediate);
      child.kill('SIGKILL');
      expect((await over).code).toBeNull();
    }
    expect(await run('ged', file, '--release', '23.1')).toMatchObject({ code: 0, err: '' });
    expect(await recordsIn(ledger)).toMatchObject({ IncidentRecorded: 2500, StatementRecorded: 2500 });
    expect(await killed(ledger)).toEqual({ all: [7500, 10_000, 15_000, 2500] });
  });

  test('told to stop, it says how it goes on', async () => {
    const { start } = await importer('import-stopped');
    const rows = Array.from({ length: 20_000 }, (_, index) => event({ id: String(10_000 + index) }));
    const child = start('ged', await fileOf('stopped.csv', csvOf(rows)), '--release', '23.1');
    const over = ended(child);
    child.stdout.once('data', () => child.kill('SIGINT'));
    expect(await over).toMatchObject({ code: 2, err: 'Stopped. The same command goes on where this one ended.\n' });
  });
});

// Real data.

interface Sums {
  rows: number;
  by_year: Record<string, { events: number; low: number; best: number; high: number }>;
  by_country: Record<string, { events: number; best: number }>;
  by_month?: Record<string, { events: number; best: number }>;
}
interface Truth {
  ged: Record<string, Sums>;
  centcom_2016: { rows: number; sum_number: number; by_country: Record<string, number> };
}

const hasData = existsSync(`${REAL}/ground-truth.json`);
if (!hasData) {
  process.stderr.write(`SKIPPED: imports of real data: there is no ${REAL}/ground-truth.json (REAL_DATA_DIR).\n`);
}

/** Where the name that UCDP gives a country is none of the seed's, or another's there. */
const NAMED_OTHERWISE: Record<string, string> = {
  'Kingdom of eSwatini (Swaziland)': 'country:sz',
  'Macedonia, FYR': 'country:mk',
  'Serbia (Yugoslavia)': 'country:yu',
};

(hasData ? describe : describe.skip)('real files', () => {
  const truth = hasData ? (JSON.parse(readFileSync(`${REAL}/ground-truth.json`, 'utf8')) as Truth) : undefined;

  /** By the names of UCDP what the ledger has under its own ids of countries. */
  async function holdsAll(ledger: LedgerClient, name: string): Promise<void> {
    const sums = truth?.ged[name] as Sums;
    const byYear = await killed(ledger, '&bucket=year:start');
    expect([name, byYear]).toEqual([
      name,
      Object.fromEntries(
        Object.entries(sums.by_year).map(([year, { low, best, high, events }]) => [year, [low, best, high, events]]),
      ),
    ]);
    const byCountry = Object.entries(await killed(ledger, '&by=place:country')).map(([id, [, best, , events]]) => [
      id,
      events,
      best,
    ]);
    const countries = Object.entries(sums.by_country).map(([country, { events, best }]) => [
      NAMED_OTHERWISE[country] ?? stateOfName(country)?.country.body.id ?? country,
      events,
      best,
    ]);
    expect([name, byCountry.toSorted()]).toEqual([name, countries.toSorted()]);
  }

  test('UCDP GED, a sample of all countries of release 23.1, and its GeoJSON of one', async () => {
    for (const [name, file] of [
      ['smp231', 'global-sample-231.csv'],
      ['caf231', 'caf-231.geojson'],
    ] as const) {
      const { ledger, run } = await importer(`import-${name}`);
      const { code, out, err } = await run('ged', `${REAL}/ged/${file}`, '--release', '23.1');
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`${truth?.ged[name]?.rows.toLocaleString('en-US')} new.`);
      await recordsIn(ledger);
      await holdsAll(ledger, name);
    }
  });

  test('UCDP GED, Syria 2018: also by month of the first day, and by governorate', async () => {
    const { ledger, run } = await importer('import-syria-2018');
    expect(await run('ged', `${REAL}/ged/syr-2018.csv`, '--release', '19.1')).toMatchObject({ code: 0, err: '' });
    await recordsIn(ledger);
    await holdsAll(ledger, 'syr-2018.csv');
    const byMonth = await killed(ledger, '&bucket=month:start');
    expect(Object.entries(byMonth).map(([month, [, best, , events]]) => [month, { events, best }])).toEqual(
      Object.entries(truth?.ged['syr-2018.csv']?.by_month ?? {}),
    );
    expect((await killed(ledger, '&bucket=month'))['2018, month not known']).toEqual([
      expect.any(Number),
      1903,
      expect.any(Number),
      41,
    ]);
    const byGovernorate = await killed(ledger, '&by=place:governorate');
    expect(byGovernorate['country:sy']).toEqual([expect.any(Number), 1912, expect.any(Number), 50]);
  });

  test('UCDP GED, two releases of Ukraine: what was added and what really changed, and nothing else', async () => {
    const { ledger, run } = await importer('import-ukraine');
    expect(await run('ged', `${REAL}/ged/ukr-vintage-2018.hdx.csv`, '--release', '18.1')).toMatchObject({
      code: 0,
      err: '',
    });
    const before = await recordsIn(ledger);
    await holdsAll(ledger, 'ukr2018');
    expect(before).toMatchObject({ IncidentRecorded: 993, StatementRecorded: 993 });

    const { code, out, err } = await run('ged', `${REAL}/ged/ukr-vintage-2019.hdx.csv`, '--release', '19.1');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('1,167 rows: 174 new, 3 with other values than before, 990 as before.');
    const after = await recordsIn(ledger);
    await holdsAll(ledger, 'ukr2019');
    expect(after).toMatchObject({
      IncidentRecorded: 993 + 174,
      StatementRecorded: 993 + 174 + 3,
      IncidentCorrected: 2,
    });

    const ops = readFileSync(`${REAL}/derived/ukr-2018-to-2019.jsonl`, 'utf8').trim().split('\n');
    const revised = ops
      .map((line) => JSON.parse(line) as { op: string; id: string })
      .filter(({ op }) => op === 'revise');
    expect(revised).toHaveLength(3);
    for (const { id } of revised) {
      expect(await statementsAbout(ledger, `ged:${id}`)).toEqual([
        [`ged:18.1:${id}`, 'asserts'],
        [`ged:19.1:${id}`, 'asserts'],
      ]);
    }
    for (const [release, file] of [
      ['19.1', 'ukr-vintage-2019'],
      ['18.1', 'ukr-vintage-2018'],
    ] as const) {
      const again = await run('ged', `${REAL}/ged/${file}.hdx.csv`, '--release', release, '--retract-missing');
      expect([again.code, again.err]).toEqual([0, '']);
    }
    expect(await recordsIn(ledger)).toEqual(after);
  });

  test('strike lines of Central Command, 2016: official sums, by country', async () => {
    const { ledger, run } = await importer('import-strikes');
    const bring = () => run('centcom', `${REAL}/centcom/strikes-2016.csv`);
    expect(await bring()).toMatchObject({ code: 0, err: '' });
    const before = await recordsIn(ledger);
    const strikes = async (query: string) =>
      (await ledger.read<TalliesAnswer>(`/tallies?of=attacks&policy=latest-official${query}`)).rows;
    expect(await strikes('')).toMatchObject([
      { best: truth?.centcom_2016.sum_number, incidents: truth?.centcom_2016.rows },
    ]);
    const byCountry = await strikes('&by=place:country');
    expect(Object.fromEntries(byCountry.map(({ group, best }) => [group?.name, best]))).toEqual(
      truth?.centcom_2016.by_country,
    );
    expect(await bring()).toMatchObject({ code: 0, out: expect.stringContaining('2,721 as before.') });
    expect(await recordsIn(ledger)).toEqual(before);
  });
});

describe('what the auditor exports', () => {
  /** A ledger's rows as a file, written by the command. */
  async function exported(ledger: string, format: 'ged-csv' | 'geojson'): Promise<string> {
    const path = join(folder, `${ledger}.${format}`);
    const args = [AUDITOR, 'export', '--ledger', ledger, '--format', format, '--out', path];
    // Beside the running application, on its data.
    const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], DATA_DIR: app.dataDir } });
    expect(await ended(child)).toMatchObject({ code: 0 });
    return path;
  }

  const questions = ['', '&bucket=month', '&bucket=month:start', '&by=place:country', '&by=place:governorate'];
  const answersOf = (ledger: LedgerClient) => Promise.all(questions.map((question) => killed(ledger, question)));

  async function expectSameAfter(format: 'ged-csv' | 'geojson', name: string, file: string): Promise<void> {
    const first = await importer(`${name}-first`);
    expect(await first.run('ged', file, '--release', '23.1')).toMatchObject({ code: 0 });
    await recordsIn(first.ledger);
    const before = await answersOf(first.ledger);
    expect(before.map((rows) => Object.keys(rows).length > 0)).toEqual(questions.map(() => true));
    const path = await exported(first.ledger.ledger, format);

    const second = await importer(`${name}-second`);
    expect(await second.run('ged', path, '--release', '23.1')).toMatchObject({ code: 0, err: '' });
    await recordsIn(second.ledger);
    expect(await answersOf(second.ledger)).toEqual(before);
  }

  test.each(['ged-csv', 'geojson'] as const)(
    'as %s, imported into another ledger gives the same figures',
    async (format) => {
      const rows = [
        event(),
        event({ id: '102', date_start: '2020-02-28', date_prec: '2' }),
        event({ id: '103', where_prec: '6', adm_1: '', adm_2: '', low: '5', best: '4', high: '4' }),
        event({ id: '104', where_prec: '4', adm_2: '', deaths_civilians: '3', best: '7', high: '9' }),
        event({ id: '105', deaths_a: '0', deaths_b: '0', deaths_unknown: '0', low: '0', best: '0', high: '2' }),
      ];
      await expectSameAfter(format, `round-${format}`, await fileOf(`round-${format}.csv`, csvOf(rows)));
    },
  );

  const real = join(REAL, 'ged', 'ukr-vintage-2018.hdx.csv');
  (existsSync(real) ? test : test.skip)('of a real release too (REAL_DATA_DIR)', async () => {
    await expectSameAfter('ged-csv', 'round-real', real);
  });
});
