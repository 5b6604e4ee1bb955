/**
 * A log in memory against read models in a real PostgreSQL: what a projector made is clean, whatever the history, and each
 * row that somebody changed in SQL is named, with what the log gives and what is held.
 */
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'pg';
import type { Command } from '#domain';
import { LogReader, MasterKey, Writers, type StoredRecord } from '#ledger';
import { Generations, ReadModels } from '#read-models';
import { Progress } from '#runtime';
import { attacks, codec, factsOf, freshDatabase, histories, recordsOf, reparent } from '#testing';
import { InMemoryStorage } from '../../../libs/ledger/src/in-memory-storage.js';
import { inWords, type Finding } from './findings.js';
import { AT, COMMANDS, smallLedger, spoilt } from './small-ledger.fixture.js';
import { verify, type Verified, type VerifyOptions } from './verify.js';

const master = new MasterKey(new Uint8Array(32).fill(7));
const silent = new Progress({ write: () => undefined });
const pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
await new Generations(pool).prepare();
afterAll(() => pool.end());

/** A log of these very bytes, whatever is in them. */
async function logOf(ledger: string, records: readonly { bytes: Uint8Array }[]): Promise<InMemoryStorage> {
  const storage = new InMemoryStorage();
  await new Writers(storage, master, codec, { mayClaim: async () => true }).create(ledger);
  const term = await storage.takeTerm(ledger);
  await term.append(
    1,
    records.map(({ bytes }) => bytes),
    [],
  );
  return storage;
}

interface Result extends Verified {
  findings: Finding[];
  words: string[];
}

async function verified(storage: InMemoryStorage, ledger: string, more: Partial<VerifyOptions> = {}): Promise<Result> {
  const findings: Finding[] = [];
  const result = await verify({
    ledger,
    storage,
    master,
    pool,
    found: (finding) => findings.push(finding),
    progress: silent,
    signal: new AbortController().signal,
    ...more,
  });
  return { ...result, findings, words: findings.map(inWords) };
}

/** Copies a log into the live tables, a few records at a time; returns how far they are. */
async function project(
  storage: InMemoryStorage,
  ledger: string,
  through = Infinity,
  models?: ReadModels,
): Promise<void> {
  const tables = models ?? (await new Generations(pool).models());
  const reader = new LogReader(storage, codec, master);
  for (let after = 0; ;) {
    const entries = (await reader.read(ledger, after, 7)).filter(({ record }) => record.sequence <= through);
    if (entries.length === 0) return;
    await tables.apply(ledger, after, entries);
    after += entries.length;
  }
}

test('whatever the history, what the projector made of it is clean', async () => {
  let ledgers = 0;
  let rows = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (commands) => {
      const ledger = `history-${(ledgers += 1)}`;
      const storage = await logOf(ledger, recordsOf(ledger, factsOf(commands)));
      await project(storage, ledger);
      const { outcome, words, records, readModels } = await verified(storage, ledger);
      expect(words).toEqual([]);
      expect(outcome).toBe('clean');
      expect(readModels).toMatchObject({ asOf: records, events: records });
      rows += readModels?.rows ?? 0;
    }),
    { numRuns: 25, endOnFailure: true },
  );
  expect(rows).toBeGreaterThan(ledgers);
}, 120_000);

describe('of a small ledger', () => {
  let ledgers = 0;
  let ledger = '';
  let records: StoredRecord[];
  let storage: InMemoryStorage;

  beforeEach(async () => {
    ledger = `small-${(ledgers += 1)}`;
    records = smallLedger(ledger);
    storage = await logOf(ledger, records);
    await project(storage, ledger);
  });

  const ATTACK = 'attack, killed of target// under official-first';

  test.each<[what: string, sql: string, words: string[]]>([
    [
      'a figure',
      `update read_models.figures set high = 4 where ledger = $1 and predicate = 'killed' and who = 'target//'
          and policy = 'official-first' and to_seq is null`,
      [`DIFFERS  figures, ${ATTACK}, high: the log gives 3, the read models hold 4`],
    ],
    [
      'a status and what is contested',
      `update read_models.figures set status = 'affirmed-none', contested = false where ledger = $1
          and predicate = 'killed' and who = 'target//' and policy = 'official-first' and to_seq is null`,
      [
        `DIFFERS  figures, ${ATTACK}, status: the log gives "reported", the read models hold "affirmed-none"`,
        `DIFFERS  figures, ${ATTACK}, contested: the log gives true, the read models hold false`,
      ],
    ],
    [
      'a figure that is missing',
      `delete from read_models.figures where ledger = $1 and predicate = 'killed' and who = 'target//' and policy = 'official-first'`,
      [
        `DIFFERS  figures, ${ATTACK}, row: the log gives {"low":2,"best":3,"high":3,"status":"reported","basis":"official","contested":true,"disordered":false}, the read models hold null`,
      ],
    ],
    [
      'a figure too many, of an incident that nobody recorded',
      `insert into read_models.figures
       select ledger, 'invented', predicate, key, who, 'envelope', from_seq, null, 1, 1, 1, 'reported', 'other', false, false
         from read_models.positions where ledger = $1 and predicate = 'happened' and to_seq is null limit 1`,
      [
        'DIFFERS  figures, invented, happened of anybody under envelope, row: the log gives null, the read models hold {"low":1,"best":1,"high":1,"status":"reported","basis":"other","contested":false,"disordered":false}',
      ],
    ],
    [
      'a position that is missing',
      `delete from read_models.positions where ledger = $1 and predicate = 'responsibility'`,
      [
        expect.stringMatching(
          /^DIFFERS {2}positions, attack, responsibility "carried-out" of anybody, row: the log gives \{"contested":false,"detail":\{.*, the read models hold null$/,
        ) as never,
      ],
    ],
    [
      'a number inside of a position',
      `update read_models.positions set detail = jsonb_set(detail, '{positions,0,best}', '5')
        where ledger = $1 and predicate = 'killed' and who = 'target//' and to_seq is null`,
      [
        'DIFFERS  positions, attack, killed of target//, detail.positions[0].best: the log gives 3, the read models hold 5',
      ],
    ],
    [
      'bytes of a copied record',
      `update read_models.events set bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1) where ledger = $1 and sequence = ${AT.report}`,
      ['DIFFERS  events, record 9, bytes: the copy has other bytes than the log'],
    ],
    [
      'what is listed of a copied record',
      `update read_models.events set subject = 'another', recordedtime = '2020-01-01T00:00:00.000Z' where ledger = $1 and sequence = ${AT.nobody}`,
      [
        'DIFFERS  events, record 6, subject: the log says nobody, and the copy another',
        'DIFFERS  events, record 6, recordedtime: the log says 2023-04-11T00:00:06.000Z, and the copy 2020-01-01T00:00:00.000Z',
      ],
    ],
    [
      'a copied record that is missing',
      `delete from read_models.events where ledger = $1 and sequence = ${AT.nobody}`,
      ['DIFFERS  events, record 6, row: the read models have no copy of it'],
    ],
    [
      'the checkpoint, so that there must be more in the log',
      `update read_models.checkpoints set sequence = sequence + 2 where ledger = $1`,
      [
        'DIFFERS  events, record 16, row: the read models go on to 17, and the log ends at 15: they were made from another one, or it was cut',
      ],
    ],
  ])('%s: named', async (_what, sql, words) => {
    const { rowCount } = await pool.query(sql, [ledger]);
    expect(rowCount).toBeGreaterThan(0);
    const result = await verified(storage, ledger);
    expect(result.words).toEqual(words);
    expect(result.outcome).toBe(words.length === 0 ? 'clean' : 'differs');
    expect(result.readModels?.differences).toBe(words.length);
  });

  test('a finding says each thing by itself, for programs', async () => {
    await pool.query(
      `update read_models.figures set best = 7 where ledger = $1 and predicate = 'killed' and who = 'target//'
          and policy = 'envelope' and to_seq is null`,
      [ledger],
    );
    expect((await verified(storage, ledger)).findings).toEqual([
      {
        kind: 'row',
        table: 'figures',
        about: 'attack',
        predicate: 'killed',
        key: '',
        who: 'target//',
        policy: 'envelope',
        field: 'best',
        mine: null,
        theirs: 7,
      },
    ]);
  });

  test('rows that held earlier only, and other ledgers, do not matter', async () => {
    await pool.query(`update read_models.figures set high = 99 where ledger = $1 and to_seq is not null`, [ledger]);
    await pool.query(`update read_models.figures set high = 99 where ledger <> $1`, [ledger]);
    expect(await verified(storage, ledger)).toMatchObject({ outcome: 'clean', words: [] });
  });

  test('a log that is broken is told from read models that differ, and nothing is worked out from it', async () => {
    const forged = spoilt(records, AT.corrected, (event) => void (event['data'].changes[0].version = 3));
    const result = await verified(await logOf(ledger, forged), ledger);
    expect(result).toMatchObject({
      outcome: 'broken',
      faults: 1,
      readModels: { rows: null, differences: 1 },
      words: [
        'BROKEN   record 14, version: it makes version 3 of attack, which is at version 1',
        'DIFFERS  events, record 14, bytes: the copy has other bytes than the log',
      ],
    });
  });

  test('a byte flipped where the log alone cannot tell is told by the copy', async () => {
    const flipped = spoilt(records, AT.statement, (event) => {
      event['data'].statement.claims[0].words = 'four were killed';
    });
    const other = await logOf(ledger, flipped);
    expect((await verified(other, ledger, { pool: undefined })).outcome).toBe('clean');
    const words = ['DIFFERS  events, record 11, bytes: the copy has other bytes than the log'];
    expect(await verified(other, ledger)).toMatchObject({ outcome: 'differs', words });
  });
});

test.each<[code: string, acts: Command[]]>([
  [
    'publisher-corrected',
    [
      {
        act: 'record-document-version',
        id: 'report',
        document: { publisher: 'paper', kind: 'citation', title: 'A report' },
        dropped: ['by-army'],
        reason: 'Made up.',
        expect: [{ entity: 'report', version: 1 }],
      },
    ],
  ],
  [
    'document-withdrawn',
    [{ act: 'withdraw-document', id: 'report', reason: 'Made up.', expect: [{ entity: 'report', version: 1 }] }],
  ],
  [
    'statement-retracted',
    [{ act: 'retract-statement', id: 'by-army', reason: 'Made up.', expect: [{ entity: 'by-army', version: 1 }] }],
  ],
  [
    'incident-not-live',
    [{ act: 'retract-incident', id: 'attack', reason: 'Made up.', expect: [{ entity: 'attack', version: 2 }] }],
  ],
  [
    'graded-false',
    [
      {
        act: 'record-assessment',
        id: 'false',
        assessment: { about: { line: 'group' }, credibility: 5, grounds: 'Made up.' },
      },
    ],
  ],
])('a claim that is set aside as %s is so on both sides', async (code, acts) => {
  const storage = await logOf(code, recordsOf(code, factsOf([...COMMANDS, ...acts])));
  await project(storage, code);
  const { rowCount } = await pool.query(
    `select 1 from read_models.positions where ledger = $1 and to_seq is null
        and jsonb_path_exists(detail, '$.setAside[*] ? (@.code == $code)', jsonb_build_object('code', $2::text))`,
    [code, code],
  );
  expect(rowCount).toBeGreaterThan(0);
  expect(await verified(storage, code)).toMatchObject({ outcome: 'clean', words: [] });
});

describe('read models that are not at the end of the log', () => {
  test('are compared as of where they are', async () => {
    const storage = await logOf('behind', smallLedger('behind'));
    await project(storage, 'behind', AT.statement);
    const { outcome, readModels, records } = await verified(storage, 'behind');
    expect({ outcome, asOf: readModels?.asOf, records }).toEqual({
      outcome: 'clean',
      asOf: AT.statement,
      records: AT.last,
    });
    await pool.query(`update read_models.figures set high = 4 where ledger = 'behind' and predicate = 'killed'`);
    expect((await verified(storage, 'behind')).outcome).toBe('differs');
  });

  test('and are working out what a record moved, as of the record before it', async () => {
    const moved = factsOf([...attacks(12), reparent(1, 'us')]);
    const storage = await logOf('moved', recordsOf('moved', moved));
    const models = await ReadModels.open(pool, 'read_models', { touched: 5, slice: 5 });
    await project(storage, 'moved', Infinity, models);
    expect(await models.recompute('moved')).toBe(true);
    expect(await verified(storage, 'moved')).toMatchObject({
      outcome: 'clean',
      readModels: { asOf: moved.length - 1 },
    });
    while (await models.recompute('moved'));
    expect(await verified(storage, 'moved')).toMatchObject({ outcome: 'clean', readModels: { asOf: moved.length } });
  });

  test('or know nothing of the ledger yet, cannot be compared', async () => {
    const storage = await logOf('unknown', smallLedger('unknown'));
    await expect(verified(storage, 'unknown')).rejects.toThrow(
      'The read models hold nothing of unknown yet: let a projector copy it first, or give --log-only.',
    );
    expect(await verified(storage, 'unknown', { pool: undefined })).toMatchObject({
      outcome: 'clean',
      readModels: null,
    });
  });
});
