/**
 * A rebuild beside the live tables, on a real PostgreSQL and a log in memory: what it makes is what a projector made, whoever
 * reads or copies meanwhile is not disturbed, and whatever is not the same is named and not switched to by itself.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Command, Incident } from '#domain';
import { LogReader, MasterKey, recordCodec } from '#ledger';
import { compare, entities, Generations, Successor } from '#read-models';
import { Progress } from '#runtime';
import { attacks, factsOf, freshDatabase, killed, recordsOf, reparent, statementOf } from '#testing';
import { Projector } from '../apps/projector/src/projector.js';
import { rebuild, type Rebuilt, type RebuildOptions } from '../apps/projector/src/rebuild.js';
import { Reads } from '../apps/reader/src/reads.js';
import { InMemoryStorage } from '../libs/ledger/src/in-memory-storage.js';
import { until } from './cluster.js';

const INCIDENTS = 150;
const codec = recordCodec();

/** Registers, then incidents one after another, each with a statement; now and then one is corrected or taken back. */
function* commands(): Generator<Command> {
  yield { act: 'open-ledger', origin: { title: 'Made up' } };
  yield { act: 'register-actor', id: 'a', actor: { kind: 'state', names: [{ text: 'A state' }] } };
  yield { act: 'register-place', id: 'p', place: { kind: 'site', names: [{ text: 'A place' }] } };
  yield { act: 'register-document', id: 'd', document: { publisher: 'a', kind: 'citation', title: 'A release' } };
  for (let n = 0; n < INCIDENTS; n += 1) {
    const incident = `i-${n}`;
    const card: Incident = { kind: 'single', method: 'rocket', parties: [{ actor: 'a', side: 'target' }] };
    yield { act: 'record-incident', id: incident, incident: { ...card, place: { place: 'p' } } };
    yield {
      act: 'record-statement',
      id: `s-${n}`,
      statement: {
        document: 'd',
        speaker: 'a',
        utterance: `s-${n}`,
        form: 'direct',
        claims: [{ predicate: 'killed', about: { incident }, stance: 'asserts', value: { low: n, best: n, high: n } }],
      },
    };
    const again = { reason: 'Made up.', expect: [{ entity: incident, version: 1 }] };
    if (n % 3 === 1) yield { act: 'correct-incident', id: incident, incident: card, ...again };
    if (n % 7 === 2) {
      yield { act: 'retract-statement', id: `s-${n}`, reason: 'Made up.', expect: [{ entity: `s-${n}`, version: 1 }] };
    }
  }
}

const made = factsOf([...commands()]);
/** What the ledgers of a test hold, or come to hold. */
let facts = made;

let pool: Pool;
let storage: InMemoryStorage;
let reader: LogReader;
let generations: Generations;
let projector: Projector;
let reads: Reads;
let printed: string;
const stopping = new AbortController();

beforeEach(async () => {
  facts = made;
  pool = new Pool({ connectionString: await freshDatabase(), max: 12 });
  pool.on('error', () => undefined);
  storage = new InMemoryStorage();
  reader = new LogReader(storage, codec, new MasterKey(new Uint8Array(32)));
  generations = new Generations(pool);
  await generations.prepare();
  projector = new Projector(reader, () => generations.models(), { batchMax: 11 });
  projector.start();
  reads = new Reads(pool);
  printed = '';
});
afterEach(async () => {
  await projector.stop();
  await pool.end();
});

/** Appends the next records of a ledger; returns its end. */
async function append(ledger: string, count = Infinity): Promise<number> {
  if (!(await storage.ledgers()).includes(ledger)) await storage.create(ledger, []);
  const from = await storage.end(ledger);
  const bytes = recordsOf(ledger, facts)
    .slice(from, from + count)
    .map((entry) => entry.bytes);
  const term = await storage.takeTerm(ledger);
  await term.append(from + 1, bytes, []);
  return from + bytes.length;
}

const projected = (ledger: string, position: number) => reads.moment(ledger, { wait: String(position) });

function run(options: Partial<RebuildOptions> = {}, on = pool): Promise<Rebuilt> {
  const progress = new Progress({ write: (text: string) => (printed += text) });
  return rebuild(reader, on, { graceMs: 0, progress, signal: stopping.signal, ...options });
}

async function schemas(): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select nspname as name from pg_namespace where nspname like 'read_models%' order by 1`,
  );
  return rows.map(({ name }) => name);
}

describe('a rebuild', () => {
  test('makes the same beside the live tables while these grow, and takes their place', async () => {
    await projected('one', await append('one', 200));
    const running = run({ graceMs: 1_500 });
    await append('two', 5);
    await until('switched', async () => {
      await Promise.all([append('one', 7), append('two', 3)]);
      return (await generations.live()) === 'read_models_2';
    });
    const ends = [await append('one'), await append('two')] as const;
    // Known at once to whoever writes and then reads, while the old tables are still there.
    expect(await projected('one', ends[0])).toEqual({
      ledger: 'one',
      sequence: ends[0],
      schema: 'read_models_2',
      final: true,
    });
    expect(await projected('two', ends[1])).toEqual({
      ledger: 'two',
      sequence: ends[1],
      schema: 'read_models_2',
      final: true,
    });
    expect(await schemas()).toEqual(['read_models', 'read_models_2']);
    expect(await running).toEqual({ isSame: true, switched: true });
    expect(await schemas()).toEqual(['read_models_2']);
    expect(printed).toMatch(
      /^Canonical hash of the live tables: +([0-9a-f]{64})\n.*rebuilt tables: +\1\nThey are the same\.$/m,
    );
    expect((await projector.health()).map(({ ledger, behind }) => [ledger, behind])).toEqual([
      ['one', 0],
      ['two', 0],
    ]);

    // And what the projector went on with is what a rebuild makes.
    expect(await run({ check: true })).toEqual({ isSame: true, switched: false });
    expect(await schemas()).toEqual(['read_models_2']);
  });

  test('a request that began before the switch ends on the tables it began with, one that waits gets the new ones', async () => {
    const end = await append('one', 90);
    const begun = await projected('one', end);
    const page = () => entities(pool, begun.schema, begun, 'places', {}, '', 1_000);
    const before = await page();
    const waiting = projected('one', end + 10);
    const running = run({ graceMs: 1_000 });
    await until('switched', async () => (await generations.live()) === 'read_models_2');
    await append('one', 10);
    expect(await page()).toEqual(before);
    expect(await waiting).toEqual({ ledger: 'one', sequence: end + 10, schema: 'read_models_2', final: true });
    await running;
    await expect(page()).rejects.toThrow('does not exist');
  });

  test('names what is not the same by table and key, and switches to it only when told to', async () => {
    await projected('one', await append('one', 100));
    await pool.query(
      `update read_models.figures set best = best + 1 where about = 'i-3' and predicate = 'killed' and policy = 'envelope'`,
    );
    await pool.query(`delete from read_models.claims where id = 's-4#1'`);
    await pool.query(`insert into read_models.changes values ('one', 'i-nowhere', 1, 7)`);
    expect(await run()).toEqual({ isSame: false, switched: false });
    expect(printed).toMatch(
      /^figures: rows 1 with other values\. First \["one", "i-3", .*"envelope", \d+\] \(in best\)\.$/m,
    );
    expect(printed).toMatch(
      /^claims: rows 1 missing in the live tables\. First \["one", "s-4#1", \d+\] \(missing\)\.$/m,
    );
    expect(printed).toMatch(
      /^changes: rows 1 in the live tables only\. First \["one", "i-nowhere", 1\] \(live only\)\.$/m,
    );
    expect(printed).toMatch(/They differ\.\nread_models stays live/);
    expect(printed.match(/^\w+: rows/gm)).toHaveLength(3);
    expect(await schemas()).toEqual(['read_models']);

    expect(await run({ switchAnyway: true })).toEqual({ isSame: false, switched: true });
    expect(await run()).toEqual({ isSame: true, switched: true });
    expect(await schemas()).toEqual(['read_models_3']);
  });

  test('one that was killed leaves the live tables as they are, and the next one begins anew', async () => {
    const end = await append('one', 100);
    await projected('one', end);
    const { connectionString } = pool.options;
    const dying = new Pool({ connectionString, application_name: 'dying', max: 4 });
    dying.on('error', () => undefined);
    const half = await Successor.begin(dying, 0, stopping.signal);
    await half.models.apply('one', 0, await reader.read('one', 0, 30));
    await expect(run()).rejects.toThrow('Another rebuild of these read models is under way (dying)');
    expect(await schemas()).toEqual(['read_models', 'read_models_2']);
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dying'`);
    await until('noticed', async () => half.lost.aborted);
    await half.end().catch(() => undefined);
    await dying.end();
    expect(await projected('one', end)).toMatchObject({ schema: 'read_models' });
    expect(await run()).toEqual({ isSame: true, switched: true });
  });

  test('of two at once the second is refused, and one that loses its connection changes nothing', async () => {
    await projected('one', await append('one', 100));
    const { connectionString } = pool.options;
    const cut = new Pool({ connectionString, application_name: 'cut', max: 4 });
    cut.on('error', () => undefined);
    const first = run({ graceMs: 60_000 }, cut);
    const outcome = first.then(
      (result) => result,
      (error: unknown) => error,
    );
    await until('begun', async () => (await schemas()).length === 2);
    await expect(run()).rejects.toThrow('Another rebuild of these read models is under way (cut)');
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut'`);
    await outcome;
    await cut.end();
    expect(await run()).toMatchObject({ isSame: true, switched: true });
  });

  test('told to stop it drops what it has made', async () => {
    await projected('one', await append('one', 100));
    const stop = new AbortController();
    const running = run({ signal: stop.signal });
    stop.abort(new Error('Enough.'));
    await expect(running).rejects.toThrow();
    expect(await schemas()).toEqual(['read_models']);
  });

  test('a ledger that the log does not know, or has less of, is named', async () => {
    const models = await generations.models();
    await models.apply('gone', 0, recordsOf('gone', facts).slice(0, 9));
    expect(await run()).toEqual({ isSame: false, switched: false });
    expect(printed).toContain('gone: the live tables hold 9 records, the log 0: they were made from another log.');
    expect(await run({ switchAnyway: true })).toEqual({ isSame: false, switched: true });
    expect(await (await generations.models()).checkpoints()).toEqual(new Map());
  });

  test('what stopped the projector in the old tables does not in the new ones', async () => {
    const end = await append('one', 100);
    await projected('one', end);
    await pool.query(`insert into read_models.events select ledger, sequence + 50, type, subject, recordedtime, commandid,
      recorder, bytes from read_models.events where sequence > 80`);
    await append('one');
    const stopped = async () => (await projector.health()).some((copy) => copy.stopped !== undefined);
    await until('stopped', stopped);
    expect(await run()).toEqual({ isSame: true, switched: true });
    await projected('one', await storage.end('one'));
    await until('went on', async () => !(await stopped()));
  });

  test('with register changes in the log: the same is made, whatever is still being worked out in the live tables', async () => {
    const moving: Command[] = [
      reparent(1, 'us'),
      statementOf('later', 'us', [killed('i-7', 3)]),
      reparent(2, 'them'),
      statementOf('last', 'them', [killed('i-8', 4)]),
    ];
    const before = [...attacks(1_200)];
    facts = factsOf([...before, ...moving]);
    expect(facts).toHaveLength(before.length + moving.length);
    // Nobody works out in these tables what the changes moved.
    await projector.stop();
    const live = await generations.models();
    const end = await append('one');
    let at = 0;
    for (const to of [before.length, before.length + 2, end]) {
      await live.apply('one', at, await reader.read('one', at, to - at));
      at = to;
    }
    expect(await reads.moment('one', {})).toMatchObject({ sequence: end, final: false });
    expect(await reads.moment('one', { asOf: String(before.length) })).toMatchObject({ final: true });

    expect(await run()).toEqual({ isSame: true, switched: true });
    // What holds before the first of them is compared: the rest is not whole in the live tables.
    expect(printed).toMatch(new RegExp(`^Compared: one up to ${before.length.toLocaleString('en')}\\.$`, 'm'));
    expect(printed).toMatch(
      /^Canonical hash of the live tables: +([0-9a-f]{64})\n.*rebuilt tables: +\1\nThey are the same\.$/m,
    );
    expect(await reads.moment('one', {})).toMatchObject({ schema: 'read_models_2', sequence: end, final: true });
    // Once it is worked out, all of it is compared.
    expect(await run({ check: true })).toEqual({ isSame: true, switched: false });
    expect(printed).toMatch(new RegExp(`^Compared: one up to ${end.toLocaleString('en')}\\.$`, 'm'));
  }, 60_000);

  test('the switch waits until everything is worked out in the new tables', async () => {
    const before = [...attacks(1_200)];
    facts = factsOf([...before, reparent(1, 'us')]);
    const end = await append('one');
    await projected('one', end);
    const successor = await Successor.begin(pool, 0, stopping.signal);
    const { models } = successor;
    await models.apply('one', 0, await reader.read('one', 0, end));
    for (const isDone of [false, false]) {
      expect(await successor.takeOver([])).toBe(isDone);
      expect(await models.recompute('one')).toBe(true);
    }
    expect(await models.recompute('one')).toBe(false);
    expect(await successor.takeOver([])).toBe(true);
    expect(await reads.moment('one', { asOf: String(end) })).toMatchObject({ schema: 'read_models_2', final: true });
    await successor.end();
  }, 60_000);

  test('the hash depends on the records alone: not on batches, on how far each is, or on what comes later', async () => {
    await projected('one', await append('one'));
    const successor = await Successor.begin(pool, 0, stopping.signal);
    const { models, predecessor } = successor;
    await models.apply('one', 0, await reader.read('one', 0, 50));
    await models.apply('one', 50, await reader.read('one', 50, 70));
    const { at, hashes, differences } = await compare(pool, predecessor.schema, models.schema);
    expect([...at]).toEqual([['one', 120]]);
    expect(differences).toEqual([]);
    expect(hashes[0]).toBe(hashes[1]);
    await successor.end(models);
  });
});
