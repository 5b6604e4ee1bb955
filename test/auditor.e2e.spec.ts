/**
 * `npm run auditor` as an operator runs it, a process of its own: beside a running ledger and without it, on a log and on
 * tables that somebody changed behind its back, and on Kafka.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Client, Pool } from 'pg';

import { startPostgres } from '#embedded';
import { LogReader, MasterKey } from '#ledger';
import { Generations } from '#read-models';
import {
  codec,
  describeWithKafka,
  factsOf,
  freshDatabase,
  LedgerClient,
  recordsOf,
  RunningCommand,
  sharedKafka,
  temporaryPostgresFolder,
  type PostgresFolder,
} from '#testing';
import type { Finding } from '../apps/auditor/src/findings.js';
import { COMMANDS } from '../apps/auditor/src/small-ledger.fixture.js';
import { Cluster } from './cluster.js';
import { recordLines } from './running-app.js';

const MAIN = fileURLToPath(new URL('../apps/standalone/src/main.js', import.meta.url));
const AUDITOR = fileURLToPath(new URL('../apps/auditor/src/main.js', import.meta.url));
/** So that the environment of whoever runs the tests does not decide; empty is as unset. */
const UNSET = { HOST: '', KEYS_FILE: '', MASTER_KEY: '', OPEN_READS: '', KAFKA_BROKERS: '', DATABASE_URL: '' };

// Each starts processes, several of them, on a machine that may be busy.
jest.setTimeout(120_000);

let kept: PostgresFolder;
const commands: RunningCommand[] = [];

beforeEach(async () => {
  kept = await temporaryPostgresFolder('postgres');
});
afterEach(async () => {
  await Promise.all(commands.splice(0).map((command) => command.end('SIGKILL')));
  await kept.remove();
});

function run(program: string, options: readonly string[], environment: Record<string, string> = {}): RunningCommand {
  const command = new RunningCommand([program, ...options], {
    ...UNSET,
    DATA_DIR: kept.folder,
    PORT: '0',
    ...environment,
  });
  commands.push(command);
  return command;
}

interface Report {
  outcome: string;
  findings: Finding[];
  log: { records: number; faults: number; privateTexts: { opened: number; destroyed: number } };
  readModels: { asOf: number; rows: number | null } | null;
}

/** The exit code, and what the report says. */
async function verified(options: readonly string[] = [], environment = {}): Promise<{ code: number | null } & Report> {
  const command = run(AUDITOR, ['verify', '--ledger', 'syria', '--json', ...options], environment);
  const { code } = await command.ended;
  // The report is what stands on standard output, among what is told of the progress.
  const told = command.output.replaceAll(/(\d+ % |Hearing |Working |The ledger runs)[^\n]*\n/g, '');
  const json = /^\{"ledger".*\}$/ms.exec(told)?.[0];
  if (json === undefined) throw new Error(`No report, but:\n${command.output}`);
  return { code, ...(JSON.parse(json) as Report) };
}

test('the example, and what followed: running and not running it is clean, and nothing in it is touched', async () => {
  const server = run(MAIN, []);
  const [, url = ''] = await server.printed(/^ +Address +(http:\S+)$/m);
  const [, keyFile = ''] = await server.printed(/^ +Key +(\S+)/m);
  const ledger = new LedgerClient(url, 'syria', readFileSync(keyFile, 'utf8').trim());
  await recordLines(ledger, 'conoco-later.ndjson');
  const names = [{ text: { private: true, text: 'A made-up person' } }];
  const { position } = await ledger.record('register-actor', { kind: 'person', names });
  await ledger.read(`/incidents?wait=${position}`);

  const { connectionString } = await startPostgres({ folder: join(kept.folder, 'postgres') });
  const database = new Client({ connectionString });
  await database.connect();
  const epochs = async () => (await database.query('select ledger, epoch from ledger_log.ledgers order by 1')).rows;
  const files = (): string[] => readdirSync(kept.folder).sort();
  const before = { epochs: await epochs(), files: files() };

  const people = run(AUDITOR, ['verify', '--ledger', 'syria']);
  expect((await people.ended).code).toBe(0);
  expect(people.output).toMatch(/^The ledger runs, and goes on meanwhile\.$/m);
  expect(people.output).toMatch(new RegExp(`^Log: ${position} records of syria, 0 faults\\.$`, 'm'));
  expect(people.output).toMatch(/^Private texts: 1 opened and thrown away, 0 whose key was destroyed/m);
  expect(people.output).toMatch(/ 0 differences\.\n.* MB\.\nClean\.$/m);
  expect({ epochs: await epochs(), files: files() }).toEqual(before);
  // Nobody lost anything: it goes on writing in the same term.
  await ledger.record('register-actor', { kind: 'media', names: [{ text: 'A paper' }] });
  expect(await epochs()).toEqual(before.epochs);

  await database.query(
    `update read_models.figures set best = 9 where ledger = 'syria' and about = 'conoco-2023-04-10'
        and predicate = 'injured' and who = '' and policy = 'official-first' and to_seq is null`,
  );
  const differs = await verified();
  expect(differs).toMatchObject({ code: 1, outcome: 'differs' });
  expect(differs.findings).toEqual([
    expect.objectContaining({ table: 'figures', about: 'conoco-2023-04-10', field: 'best', mine: 0, theirs: 9 }),
  ]);

  // Somebody with all rights to the database.
  await database.query('alter table ledger_log.records disable trigger append_only');
  await database.query(
    `update ledger_log.records set bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"version":1}]', '"version":7}]'), 'UTF8')
      where ledger = 'syria' and sequence = $1`,
    [position],
  );
  const forged = await verified(['--log-only']);
  expect(forged).toMatchObject({ code: 2, outcome: 'broken', readModels: null });
  expect(forged.findings).toEqual([expect.objectContaining({ kind: 'log', record: position, check: 'version' })]);
  await database.query(`delete from ledger_log.records where ledger = 'syria' and sequence = $1`, [position]);
  const cut = await verified();
  expect(cut).toMatchObject({ code: 2, outcome: 'broken', readModels: { rows: null } });
  expect(cut.findings).toEqual([
    expect.objectContaining({ kind: 'log', record: position, check: 'sequence' }),
    expect.objectContaining({ kind: 'event', record: position, field: 'row' }),
  ]);
  await database.end();

  expect((await server.end('SIGTERM')).code).toBe(0);
  const stopped = await verified(['--log-only']);
  expect(stopped).toMatchObject({ code: 2, log: { faults: 1 } });
});

test('what cannot be done ends with 3 and says why', async () => {
  const nowhere = run(AUDITOR, ['verify', '--ledger', 'syria'], { DATA_DIR: `${kept.folder}/nowhere` });
  expect((await nowhere.ended).code).toBe(3);
  expect(nowhere.output).toMatch(/^There is no data in .*nowhere: name its folder in DATA_DIR, or KAFKA_BROKERS\.$/m);
  expect(existsSync(`${kept.folder}/nowhere`)).toBe(false);
  for (const options of [
    ['verify'],
    ['export', '--ledger', 'syria'],
    ['verify', '--ledger', 'syria', '--as-of', 'x'],
  ]) {
    const misspelt = run(AUDITOR, options);
    expect((await misspelt.ended).code).toBe(3);
    expect(misspelt.output).toMatch(/^Usage: npm run auditor -- verify --ledger <name>/);
  }
});

describeWithKafka('on Kafka', () => {
  test('the log and its copy are clean; a row that was changed is named; the right to write stays where it is', async () => {
    const cluster = await Cluster.on((await sharedKafka()).brokers);
    const ledger = `audited-${Date.now()}`;
    const pool = new Pool({ connectionString: await freshDatabase(), max: 2 });
    try {
      const storage = cluster.storage();
      await cluster.writers(storage).create(ledger);
      const term = await storage.takeTerm(ledger);
      const bytes = recordsOf(ledger, factsOf(COMMANDS)).map((entry) => entry.bytes);
      await term.append(1, bytes, []);
      const generations = new Generations(pool);
      await generations.prepare();
      const reader = new LogReader(storage, codec, new MasterKey(cluster.masterKey));
      await (await generations.models()).apply(ledger, 0, await reader.read(ledger, 0, 1_000));

      const environment = {
        KAFKA_BROKERS: cluster.brokers.join(','),
        DATABASE_URL: pool.options.connectionString ?? '',
        MASTER_KEY: cluster.masterKey.toString('base64url'),
      };
      const options = ['--ledger', ledger];
      const clean = await verified(options, environment);
      expect(clean).toMatchObject({ code: 0, outcome: 'clean', findings: [], log: { records: bytes.length } });
      expect(clean.readModels?.rows).toBeGreaterThan(0);
      await term.prove();

      await pool.query(`delete from read_models.positions where ledger = $1 and predicate = 'responsibility'`, [
        ledger,
      ]);
      const differs = await verified(options, environment);
      expect(differs).toMatchObject({
        code: 1,
        findings: [{ table: 'positions', predicate: 'responsibility', theirs: null }],
      });
      expect(await verified([...options, '--log-only'], environment)).toMatchObject({ code: 0, readModels: null });

      const wrong = run(AUDITOR, ['verify', ...options], { ...environment, MASTER_KEY: 'A'.repeat(43) });
      expect((await wrong.ended).code).toBe(3);
      expect(wrong.output).toMatch(/does not open with this master key: give the MASTER_KEY it was made with\.$/m);
    } finally {
      await pool.end();
      await cluster.end();
    }
  });
});

test('verify:snapshot: what a writer kept, and what followed, is what the whole log makes', async () => {
  const server = run(MAIN, []);
  const [, url = ''] = await server.printed(/^ +Address +(http:\S+)$/m);
  const [, keyFile = ''] = await server.printed(/^ +Key +(\S+)/m);
  const ledger = new LedgerClient(url, 'syria', readFileSync(keyFile, 'utf8').trim());
  const none = run(AUDITOR, ['verify-snapshot']);
  expect((await none.ended).code).toBe(0);
  expect(none.output).toMatch(/^syria: no snapshot was kept yet/m);

  // As many as a snapshot is worth.
  for (let from = 0; from < 24_000; from += 6_000) {
    const lines = Array.from({ length: 6_000 }, (_, n) => {
      const id = `actor-${from + n}`;
      return { id, act: 'register-actor', body: { id, kind: 'media', names: [{ text: id }] } };
    });
    expect((await ledger.sendAll(lines)).answers.at(-1)).toEqual({ done: true });
  }
  const same = run(AUDITOR, ['verify-snapshot', '--ledger', 'syria']);
  expect((await same.ended).code).toBe(0);
  expect(same.output).toMatch(/^syria: the snapshot at record \d+ and what follows are the same as the whole log/m);

  // The next start goes on from it, and repeats first outcomes.
  await server.end('SIGKILL');
  const again = run(MAIN, []);
  const [, newUrl = ''] = await again.printed(/^ +Address +(http:\S+)$/m);
  const repeated = await new LedgerClient(newUrl, 'syria', ledger.key).record(
    'register-actor',
    { id: 'actor-7', kind: 'media', names: [{ text: 'actor-7' }] },
    { commandKey: 'actor-7' },
  );
  expect(repeated).toMatchObject({ entity: 'actor-7', version: 1 });
  expect(again.output).not.toContain('is read from its first record');
});
