/** Tables that were just filled, which the database has not looked at yet: it must not take a minute for what takes a moment. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { POLICY_VERSIONS, CODEBOOK_VERSION, type Claim, type Fact } from '#domain';
import { freshDatabase, recordsOf } from '#testing';
import { ReadModels } from './read-models.js';
import { TABLES } from './rows.js';
import { tally } from './tallies.js';
import type { TallyQuestion } from './tally-rows.js';

/** With batches so large, the last look at the tables is when they hold little more than half of it. */
const INCIDENTS = 3_500;
const BATCH = 2_000;

let pool: Pool;
let schema = '';
let last = 0;

beforeAll(async () => {
  pool = new Pool({ connectionString: await freshDatabase(), max: 2 });
  const models = await ReadModels.open(pool, 'filled');
  schema = models.schema;
  // Nobody but the projector has the tables looked at.
  for (const table of TABLES) await pool.query(`alter table ${schema}.${table} set (autovacuum_enabled = false)`);
  const entries = recordsOf('many', facts());
  for (let after = 0; after < entries.length; after += BATCH) {
    await models.apply('many', after, entries.slice(after, after + BATCH));
  }
  last = entries.length;
}, 120_000);
afterAll(() => pool.end());

/** Incidents in a hundred towns of ten governorates, all made up for the test: of some one side is told, of some two. */
function facts(): Fact[] {
  const changes = (entity: string): { changes: { entity: string; version: number }[] } => ({
    changes: [{ entity, version: 1 }],
  });
  const made: Fact[] = [
    {
      name: 'LedgerOpened',
      data: {
        ...changes('ledger'),
        codebook: CODEBOOK_VERSION,
        policies: POLICY_VERSIONS,
        origin: { title: 'Made up for the test' },
      },
    },
    { name: 'ActorRegistered', data: { ...changes('press'), actor: { names: [{ text: 'Press' }], kind: 'media' } } },
    {
      name: 'DocumentRegistered',
      data: { ...changes('report'), document: { publisher: 'press', kind: 'full', title: 'Report' } },
    },
  ];
  const place = (id: string, kind: 'town' | 'governorate', inside?: string): void => {
    const card = { names: [{ text: id }], kind, ...(inside !== undefined && { inside }) };
    made.push({ name: 'PlaceRegistered', data: { ...changes(id), place: card } });
  };
  for (let one = 0; one < 10; one += 1) place(`governorate-${one}`, 'governorate');
  for (let one = 0; one < 100; one += 1) place(`town-${one}`, 'town', `governorate-${one % 10}`);
  for (let index = 0; index < INCIDENTS; index += 1) {
    const id = `incident-${index}`;
    const day = `2018-0${1 + (index % 9)}-1${index % 7}`;
    made.push({
      name: 'IncidentRecorded',
      data: {
        ...changes(id),
        incident: {
          kind: 'single',
          method: 'rocket',
          place: { place: `town-${index % 100}`, ...(index % 4 === 0 && { near: true as const }) },
          time: { from: day, to: day, precision: 'day' },
          parties: [],
        },
      },
    });
    const killed = (side: 'target' | 'attacker' | undefined, number: number): Claim => ({
      predicate: 'killed',
      about: { incident: id },
      stance: 'asserts',
      ...(side !== undefined && { who: { side } }),
      value: { low: number, best: number, high: number },
    });
    const claims = [
      [killed(undefined, index % 5)],
      [killed('target', index % 3)],
      [killed('target', 2), killed('attacker', 1)],
    ][index % 3] as Claim[];
    const statement = `statement-${index}`;
    made.push({
      name: 'StatementRecorded',
      data: {
        ...changes(statement),
        statement: { document: 'report', speaker: 'press', utterance: statement, form: 'own-voice', claims },
      },
    });
  }
  return made;
}

test('the database is made to look at tables as they grow, and so knows about how large they are', async () => {
  const { rows } = await pool.query<{ seen: number; count: number }>(
    `select reltuples as seen, (select count(*)::int from ${schema}.figures) as count
       from pg_class where oid = '${schema}.figures'::regclass`,
  );
  const [{ seen, count } = { seen: 0, count: 0 }] = rows;
  expect(count).toBeGreaterThan(INCIDENTS);
  expect(seen).toBeGreaterThan(count / 3);
  // What came since the last look is what this is about.
  expect(seen).toBeLessThan(count);
});

test('tallies of tables that just grew take no more than ten times as long as when all is known of them', async () => {
  const moment = { ledger: 'many', sequence: last };
  const asked: TallyQuestion = { measures: ['killed'], filter: { tied: 'parts' }, policy: 'official-first' };
  const questions: TallyQuestion[] = [
    asked,
    { ...asked, bucket: 'month' },
    { ...asked, by: 'place:governorate' },
    { ...asked, side: 'target', by: 'place:governorate' },
  ];
  const timed = async () => {
    const times: number[] = [];
    for (const question of questions) {
      const started = performance.now();
      const rows = await tally(pool, schema, moment, question);
      times.push(performance.now() - started);
      expect(rows.reduce((sum, { incidents }) => sum + incidents, 0)).toBeGreaterThanOrEqual(INCIDENTS);
    }
    return times;
  };
  await timed();
  const before = await timed();
  for (const table of TABLES) await pool.query(`analyze ${schema}.${table}`);
  await timed();
  const after = await timed();
  // What takes no time at all may take ten times as long.
  for (const [index, ms] of before.entries()) expect(ms).toBeLessThan(10 * Math.max(after[index] ?? 0, 50));
}, 60_000);
