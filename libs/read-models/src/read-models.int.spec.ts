import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'pg';
import {
  applyPolicy,
  isListed,
  positionsOf,
  type Command,
  type PolicyName,
  type SourcedClaim,
  type Subject,
} from '#domain';
import type { ReadRecord } from '#ledger';
import { factsOf, freshDatabase, histories, recordsOf, Told } from '#testing';
import { aboutsOf, whoKey } from './cards.js';
import { questionsAbout } from './recompute.js';
import { CheckpointMoved, ReadModels } from './read-models.js';

const TABLES = [
  'changes',
  'actors',
  'places',
  'documents',
  'statements',
  'claims',
  'incidents',
  'assessments',
  'ties',
  'parties',
  'positions',
  'figures',
];

let pool: Pool;
beforeAll(async () => {
  pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
});
afterAll(() => pool.end());

let schemas = 0;
async function emptyModels(): Promise<ReadModels> {
  schemas += 1;
  return ReadModels.open(pool, `models_${schemas}`);
}

async function drop({ schema }: ReadModels): Promise<void> {
  await pool.query(`drop schema ${schema} cascade`);
}

/** Every row of every table, in one order. */
async function dump({ schema }: ReadModels): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const table of [...TABLES, 'ledgers', 'checkpoints', 'events', 'recomputations', 'recomputed']) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${schema}.${table} t order by 1`);
    tables[table] = rows.map(({ row }) => row);
  }
  return tables;
}

async function applyAll(models: ReadModels, entries: readonly ReadRecord[], cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const to of [...cuts, entries.length]) {
    if (to <= from || to > entries.length) continue;
    await models.apply('history', from, entries.slice(from, to));
    from = to;
  }
}

describe('the read models', () => {
  test('any cut of history into batches gives the same rows, also with a new process for each', async () => {
    const cuts = fc
      .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 8 })
      .map((all) => all.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(histories, cuts, async (commands, chosen) => {
        const entries = recordsOf('history', factsOf(commands));
        const [whole, one, parts] = [await emptyModels(), await emptyModels(), await emptyModels()];
        await applyAll(whole, entries, []);
        await applyAll(one, entries, [...entries.keys()]);
        let from = 0;
        for (const to of [...chosen, entries.length]) {
          if (to <= from || to > entries.length) continue;
          await (await ReadModels.open(pool, parts.schema)).apply('history', from, entries.slice(from, to));
          from = to;
        }
        const expected = await dump(one);
        expect(await dump(whole)).toEqual(expected);
        expect(await dump(parts)).toEqual(expected);
        await Promise.all([whole, one, parts].map(drop));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  }, 120_000);

  test('two processes that go on in turn write the rows that one would', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 6 }), async (commands, portion) => {
        const entries = recordsOf('history', factsOf(commands));
        const [alone, shared] = [await emptyModels(), await emptyModels()];
        await applyAll(alone, entries, []);
        const processes = [shared, await ReadModels.open(pool, shared.schema)];
        for (let from = 0; from < entries.length; from += portion) {
          const to = Math.min(from + portion, entries.length);
          await processes[(from / portion) % 2]?.apply('history', from, entries.slice(from, to));
        }
        expect(await dump(shared)).toEqual(await dump(alone));
        await Promise.all([alone, shared].map(drop));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  }, 120_000);

  test('what is worked out in slices between batches gives the same rows', async () => {
    const slices = fc.array(fc.nat({ max: 2 }), { minLength: 120, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(histories, slices, fc.integer({ min: 1, max: 4 }), async (commands, between, records) => {
        const entries = recordsOf('history', factsOf(commands));
        const whole = await emptyModels();
        schemas += 1;
        const sliced = await ReadModels.open(pool, `models_${schemas}`, { touched: 1, slice: 2 });
        await applyAll(whole, entries, []);
        for (let from = 0; from < entries.length; from += records) {
          await sliced.apply('history', from, entries.slice(from, from + records));
          for (let slice = between[from] ?? 0; slice > 0; slice -= 1) await sliced.recompute('history');
        }
        while (await sliced.recompute('history'));
        expect(await dump(sliced)).toEqual(await dump(whole));
        await Promise.all([whole, sliced].map(drop));
      }),
      { numRuns: 20, endOnFailure: true },
    );
  }, 180_000);

  test('figures and contested equal a plain computation from the records, as of every sequence', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (commands) => {
        const entries = recordsOf('history', factsOf(commands));
        const models = await emptyModels();
        await applyAll(models, entries, [Math.floor(entries.length / 2)]);
        for (let sequence = 1; sequence <= entries.length; sequence += 1) {
          const { rows } = await pool.query<Record<string, unknown>>(
            `select about, predicate, key, who, policy, low::int, best::int, high::int, status, contested from ${models.schema}.figures
              where from_seq <= $1 and (to_seq is null or to_seq > $1) order by about, predicate, key, who, policy`,
            [sequence],
          );
          const expected = figuresFrom(entries.slice(0, sequence));
          expect(new Set(rows.map((row) => JSON.stringify(Object.values(row))))).toEqual(expected);
        }
        await drop(models);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);

  test('a second projector cannot count twice', async () => {
    const models = await emptyModels();
    const other = await ReadModels.open(pool, models.schema);
    const [history = []] = fc.sample(histories, { numRuns: 1, seed: 7 });
    const entries = recordsOf('history', factsOf(history));
    const results = await Promise.allSettled([models, other].map((one) => one.apply('history', 0, entries)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(models.apply('history', 3, entries.slice(3))).rejects.toThrow(CheckpointMoved);
    expect((await models.last('history')).sequence).toBe(entries.length);
    const { rows } = await pool.query(`select 1 from ${models.schema}.events`);
    expect(rows).toHaveLength(entries.length);
    await drop(models);
  });

  test('a batch that fails leaves nothing behind', async () => {
    const models = await emptyModels();
    const [history = []] = fc.sample(histories, { numRuns: 1, seed: 7 });
    const entries = recordsOf('history', factsOf(history));
    const [first] = entries;
    const twice = first === undefined ? [] : [first, first];
    await expect(models.apply('history', 0, twice)).rejects.toThrow();
    expect((await models.last('history')).sequence).toBe(0);
    await models.apply('history', 0, entries);
    expect((await models.last('history')).sequence).toBe(entries.length);
    await drop(models);
  });

  test('whatever a record may hold fits the indexes: the longest ids, fifty places, long words of another script', async () => {
    const models = await emptyModels();
    const places = [...Array(50).keys()].map((n) => `p${String(n).padStart(98, '0')}`);
    const commands: Command[] = [
      { act: 'open-ledger', origin: { title: 'Made up' } },
      { act: 'register-actor', id: 'us', actor: { kind: 'state', names: [{ text: 'A state' }] } },
      ...places.map((id): Command => ({
        act: 'register-place',
        id,
        place: { kind: 'site', names: [{ text: 'A place' }] },
      })),
      { act: 'register-document', id: 'd', document: { publisher: 'us', kind: 'citation', title: 'A release' } },
      { act: 'record-incident', id: 'i', incident: { kind: 'single', method: 'rocket', parties: [] } },
      {
        act: 'record-statement',
        id: 's',
        statement: {
          document: 'd',
          speaker: 'us',
          utterance: 's',
          form: 'direct',
          claims: [
            {
              predicate: 'force-level',
              about: { scope: { actor: 'us', places } },
              stance: 'asserts',
              value: { measure: 'present', component: 'all', low: 900, best: 900, high: 900 },
            },
            {
              predicate: 'relation',
              about: { incident: 'i' },
              stance: 'asserts',
              value: { kind: 'linked-to', to: { text: 'ض'.repeat(2_000) } },
            },
            {
              predicate: 'munitions',
              about: { incident: 'i' },
              stance: 'asserts',
              value: { munition: 'ض'.repeat(300), low: 1 },
            },
          ],
        },
      },
    ];
    const entries = recordsOf('history', factsOf(commands));
    expect(entries).toHaveLength(commands.length);
    await models.apply('history', 0, entries);
    const { rows } = await pool.query<{ best: string }>(
      `select best from ${models.schema}.figures where predicate = 'force-level' and policy = 'envelope'`,
    );
    expect(rows).toEqual([{ best: '900' }]);
    await drop(models);
  });

  test('tables are made once, however many processes start at once', async () => {
    const models = await emptyModels();
    await Promise.all([...Array(4)].map(() => ReadModels.open(pool, models.schema)));
    await Promise.all([...Array(4)].map(() => ReadModels.open(pool, 'models_at_once')));
    const { rows } = await pool.query<{ file: string }>('select file from models_at_once.migrations order by file');
    const there = readdirSync(new URL('../../../../libs/read-models/migrations/', import.meta.url));
    expect(rows.map(({ file }) => file)).toEqual(there.sort());
  });
});

/** By another path than the projection: all claims at once, nothing kept from record to record. */
function figuresFrom(entries: readonly ReadRecord[]): Set<string> {
  const told = new Told(entries.map(({ record }) => record));
  const { registers } = told;
  const subjects = new Map<string, Subject>();
  for (const [id, incident] of told.incidents()) subjects.set(id, { id, incident });
  const claims = new Map<string, SourcedClaim[]>();
  for (const one of told.claims()) {
    const { about } = one.claim;
    for (const key of aboutsOf(one.claim)) {
      if ('scope' in about && !subjects.has(key)) subjects.set(key, { scope: about.scope });
      claims.set(key, [...(claims.get(key) ?? []), told.fated(one, key)]);
    }
  }
  const figures = new Set<string>();
  for (const [about, said] of claims) {
    const subject = subjects.get(about);
    if (subject === undefined) continue;
    for (const question of questionsAbout(said, subject, registers)) {
      if (isListed(question)) continue;
      const standing = positionsOf(question, said, subject, registers);
      for (const policy of Object.keys(told.policies) as PolicyName[]) {
        const { low, best, high, status, contested } = applyPolicy(standing, policy);
        if (status === 'unreported' && !contested) continue;
        const { predicate, key = '', who } = question;
        figures.add(JSON.stringify([about, predicate, key, whoKey(who), policy, low, best, high, status, contested]));
      }
    }
  }
  return figures;
}
