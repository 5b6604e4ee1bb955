/**
 * Projectors as processes, from Kafka into PostgreSQL: whatever vanishes, returns, runs twice or is sick, the tables are
 * those that a projector makes from nothing, and /health/ready says what is the matter. Kafka and PostgreSQL are this
 * file's own, because it kills them.
 */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { Client, Pool } from 'pg';
import type { LedgerDto, ProblemBody, TalliesAnswer } from '#contracts';
import { startPostgres } from '#embedded';
import { ReadModels } from '#read-models';
import {
  describeWithTemporaryKafka,
  factsOf,
  histories,
  recordsOf,
  RunningCommand,
  startTemporaryKafka,
  startTemporaryPostgres,
  type LedgerClient,
  type TemporaryKafka,
  type TemporaryPostgres,
} from '#testing';
import { Cluster, until, type Health, type Node } from './cluster.js';
import { recordLines } from './running-app.js';

// Each starts processes and waits for what they notice, on a machine that may be busy.
jest.setTimeout(90_000);

let kafka: TemporaryKafka;
let postgres: TemporaryPostgres;
let line: Line;
let cluster: Cluster;
let client: Kafka;
let key: string;
let recorder: Node;
/** Projects all the time, whatever the tests do, into this database. */
let projector: Node;
let database: string;

const actor = (text: string) => ({ kind: 'armed-group', names: [{ text }] });
const ledgerOf = (ledger: string): LedgerClient => recorder.client(ledger, key);

async function open(ledger: string): Promise<LedgerClient> {
  const opened = ledgerOf(ledger);
  await opened.record('open-ledger', { origin: { title: ledger } });
  return opened;
}

async function asAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client.admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

type Projection = NonNullable<Health['projections']>[number];
const projectionOf = ({ projections = [] }: Health, ledger: string): Projection | undefined =>
  projections.find((one) => one.ledger === ledger);

/** When a projector has copied a ledger up to a position. */
const copied = (node: Node, ledger: string, position: number): Promise<Health> =>
  node.healthOnce(`has copied ${ledger} up to ${position}`, (health) => {
    const { sequence = 0 } = projectionOf(health, ledger) ?? {};
    return sequence >= position;
  });

/** Every row of every table, in one order; when a table was made is not of the ledger. */
async function dump(url: string): Promise<Record<string, string[]>> {
  const db = new Client({ connectionString: url });
  await db.connect();
  try {
    const { rows: tables } = await db.query<{ table: string }>(
      `select table_name as table from information_schema.tables
        where table_schema = 'read_models' and table_name not in ('migrations', 'standing') order by 1`,
    );
    const dumped: Record<string, string[]> = {};
    for (const { table } of tables) {
      const { rows } = await db.query<{ row: string }>(`select t::text as row from read_models.${table} t order by 1`);
      dumped[table] = rows.map(({ row }) => row);
    }
    return dumped;
  } finally {
    await db.end();
  }
}

/** The tables of a projector equal those that another one makes from nothing. */
async function expectAsRebuilt(url: string): Promise<void> {
  const ends = new Map<string, number>();
  for (const ledger of await cluster.storage().ledgers()) ends.set(ledger, (await cluster.log(ledger)).length);
  const fresh = await freshDatabase();
  const rebuilder = await cluster.start('projector', { databaseUrl: fresh });
  for (const [ledger, end] of ends) await copied(rebuilder, ledger, end);
  await rebuilder.command.end('SIGTERM');
  const expected = await dump(fresh);
  expect(expected['events']?.length).toBe([...ends.values()].reduce((sum, end) => sum + end, 0));
  expect(await dump(url)).toEqual(expected);
}

/** By the line: the server itself may have another port by now. */
async function freshDatabase(): Promise<string> {
  databases += 1;
  const url = new URL(line.through(postgres.connectionString));
  const db = new Client({ connectionString: url.href });
  await db.connect();
  await db.query(`create database projected_${databases}`);
  await db.end();
  url.pathname = `/projected_${databases}`;
  return url.href;
}
let databases = 0;

describeWithTemporaryKafka('projectors from Kafka', () => {
  beforeAll(async () => {
    [kafka, postgres] = await Promise.all([startTemporaryKafka(), startTemporaryPostgres()]);
    line = await Line.to(postgres.connectionString);
    cluster = await Cluster.on(kafka.brokers);
    client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
    key = await cluster.key();
    database = await freshDatabase();
    recorder = await cluster.start('recorder');
    projector = await cluster.start('projector', { databaseUrl: database });
    await recorder.ready();
    await projector.ready();
  });
  afterAll(async () => {
    await cluster?.end();
    await line?.close();
    await Promise.all([kafka?.stop(), postgres?.stop()]);
  });

  test('what is recorded is read; their place is in PostgreSQL, and Kafka knows no group of theirs', async () => {
    const syria = await open('syria');
    const end = await recordLines(syria, 'conoco.ndjson');
    const reader = await cluster.start('reader', { databaseUrl: database });
    await reader.ready();
    const read = reader.client('syria', key);
    expect(await read.read<LedgerDto>(`?wait=${end}`)).toMatchObject({ ledger: 'syria', sequence: end });
    const { rows } = await read.read<TalliesAnswer>('/tallies?of=attacks&side=target&of.party=us');
    expect(rows).toMatchObject([{ measure: 'attacks', best: 2 }]);
    expect(projectionOf(await projector.ready(), 'syria')).toEqual({
      ledger: 'syria',
      sequence: end,
      behind: 0,
      recomputing: false,
      behindSeconds: 0,
    });

    const { groups } = await asAdmin((admin) => admin.listGroups());
    expect(groups.map(({ groupId }) => groupId)).toEqual(['incident-ledger.owners']);
  });

  test('two on one database, one of them killed on the way, count nothing twice', async () => {
    const ledger = await open('twice');
    const url = await freshDatabase();
    const [first, second] = [
      await cluster.start('projector', { databaseUrl: url }),
      await cluster.start('projector', { databaseUrl: url }),
    ];
    const write = async (writer: number): Promise<void> => {
      for (let n = 0; n < 50; n += 1) await ledger.record('register-actor', actor(`${writer}-${n}`));
    };
    const writing = Promise.all([0, 1, 2, 3, 4, 5].map(write));
    await copied(first, 'twice', 30);
    await first.command.end('SIGKILL');
    const third = await cluster.start('projector', { databaseUrl: url });
    await writing;
    for (const one of [second, third, projector]) await copied(one, 'twice', 301);
    expect(await dump(url)).toEqual(await dump(database));
    await Promise.all([second, third].map((one) => one.command.end('SIGTERM')));
    await expectAsRebuilt(database);
  });

  test('PostgreSQL may be killed and return; meanwhile the lag is told in records and seconds', async () => {
    await kill(postgres);
    // Even while there is nothing to copy.
    const away = await projector.healthOnce('misses it', ({ trouble }, status) => status === 503 && !!trouble);
    expect(away.trouble).toMatch(/The database of the read models cannot be reached/);
    expect(away.state).toBe('outage');
    expect((await fetch(`${projector.url}/health/live`)).status).toBe(200);
    const ledger = await open('meanwhile');
    for (let n = 0; n < 5; n += 1) await ledger.record('register-actor', actor(`Meanwhile ${n}`));
    const lagging = await projector.healthOnce('lags', (health, status) => {
      const { behindSeconds = 0, waiting } = projectionOf(health, 'meanwhile') ?? {};
      return status === 503 && behindSeconds >= 2 && waiting !== undefined;
    });
    expect(projectionOf(lagging, 'meanwhile')?.behind).toBeGreaterThanOrEqual(6);
    const numbers = await projector.metrics();
    expect(numbers.get('incident_ledger_projection_lag_records{ledger="meanwhile"}')).toBeGreaterThanOrEqual(6);
    expect(numbers.get('incident_ledger_projection_lag_seconds{ledger="meanwhile"}')).toBeGreaterThanOrEqual(2);
    expect(numbers.get('incident_ledger_state{state="outage"}')).toBe(1);
    line.target((await startPostgres({ folder: postgres.folder })).connectionString);
    await copied(projector, 'meanwhile', 6);
    await projector.ready();
    await expectAsRebuilt(database);
  });

  test('Kafka may be killed and return', async () => {
    await kafka.kill('SIGKILL');
    const away = await projector.healthOnce('misses Kafka', ({ trouble }, status) => status === 503 && !!trouble);
    expect(away.trouble).toMatch(/Kafka cannot be read/);
    expect(away.troubles?.[0]).toMatchObject({ code: 'kafka-away', runbook: 'docs/runbook.md#kafka-away' });
    const also = await recorder.healthOnce('misses Kafka', ({ trouble }, status) => status === 503 && !!trouble);
    expect([away.state, also.state]).toEqual(['outage', 'outage']);
    await kafka.restart();
    await Promise.all([recorder.ready(), projector.ready()]);
    const { position } = await ledgerOf('meanwhile').record('register-actor', actor('After Kafka came back'));
    await copied(projector, 'meanwhile', position);
    await projector.ready();
  });

  test('a stall turns health red, and nothing else is needed when it ends', async () => {
    const db = new Client({ connectionString: database });
    await db.connect();
    await db.query('begin');
    await db.query(`select 1 from read_models.checkpoints where ledger = 'syria' for update`);
    const { position } = await ledgerOf('syria').record('register-actor', actor('Held up'));
    const stalled = await projector.healthOnce('stands still', (health, status) => {
      return status === 503 && projectionOf(health, 'syria')?.stalled !== undefined;
    });
    expect(projectionOf(stalled, 'syria')?.stalled).toMatch(/nothing was copied for \d+ s/);
    expect(stalled).toMatchObject({ state: 'stalled', troubles: [{ code: 'projection-stalled', ledger: 'syria' }] });
    expect(projectionOf(stalled, 'syria')).toMatchObject({ sequence: position - 1 });
    await db.query('rollback');
    await db.end();
    await copied(projector, 'syria', position);
    await projector.ready();

    await kafka.kill('SIGSTOP');
    const away = await projector.healthOnce('misses Kafka', ({ trouble }, status) => status === 503 && !!trouble);
    expect(away.trouble).toMatch(/Kafka cannot be read/);
    await kafka.kill('SIGCONT');
    await Promise.all([recorder.ready(), projector.ready()]);
  });

  test('A13: what the ledger did not write is quarantined and shown, and counts for nothing', async () => {
    const ledger = await open('visited');
    const topic = 'ledger.visited.events';
    const producer = client.producer();
    await producer.connect();
    const [sent] = await producer.send({
      topic,
      messages: [{ value: '{"forged":true}', headers: { ce_sequence: '00000000000000000002' } }],
    });
    await producer.disconnect();
    const { position } = await ledger.record('register-actor', actor('The true second'));
    expect(position).toBe(2);
    await copied(projector, 'visited', 2);
    const { quarantine } = await projector.ready();
    expect(quarantine?.['visited']).toEqual({
      count: 1,
      first: [{ offset: Number(sent?.baseOffset), why: 'it was written outside of any transaction' }],
    });
    const quarantined = 'incident_ledger_quarantined_records{ledger="visited"}';
    for (const node of [projector, recorder]) expect((await node.metrics()).get(quarantined)).toBe(1);
    const numbers = await recorder.metrics();
    expect(numbers.get('incident_ledger_commands_total{ledger="visited",outcome="accepted"}')).toBe(2);
    expect(numbers.get('incident_ledger_fences_total{ledger="visited"}')).toBe(1);
    expect(numbers.get('incident_ledger_recovery_duration_seconds_count{ledger="visited",how="tail"}')).toBe(1);
    await expectAsRebuilt(database);
  });

  test('a rebuild beside a projector that copies is the same and takes over; the projector goes on in it', async () => {
    const url = await freshDatabase();
    const other = await cluster.start('projector', { databaseUrl: url });
    await other.ready();
    const ledger = await open('rebuilt');
    const rebuild = new RunningCommand(
      [fileURLToPath(new URL('../apps/projector/src/rebuild-process.js', import.meta.url)), '--grace', '1'],
      {
        KAFKA_BROKERS: cluster.brokers.join(','),
        DATABASE_URL: url,
        MASTER_KEY: cluster.masterKey.toString('base64url'),
      },
    );
    const ended = rebuild.ended.then(({ code }) => code);
    await rebuild.printed(/Making read_models_2/);
    await Promise.all(Array.from({ length: 40 }, (_, n) => ledger.record('register-actor', actor(`Meanwhile ${n}`))));
    expect([await ended, rebuild.output]).toEqual([
      0,
      expect.stringMatching(/They are the same\.\nread_models_2 is live/),
    ]);

    await copied(other, 'rebuilt', 41);
    const { position } = await ledger.record('register-actor', actor('Afterwards'));
    await copied(other, 'rebuilt', position);
    await other.ready();
    const db = new Client({ connectionString: url });
    await db.connect();
    const { rows } = await db.query(`select sequence::int from read_models_2.checkpoints where ledger = 'rebuilt'`);
    await db.end();
    expect(rows).toEqual([{ sequence: position }]);
    await other.command.end('SIGTERM');
  });

  test('read models of another log are left alone, each with what to do; other ledgers go on', async () => {
    const url = await freshDatabase();
    const pool = new Pool({ connectionString: url, max: 1 });
    const models = await ReadModels.open(pool);
    const [history = []] = fc.sample(histories, { numRuns: 1, seed: 7 });
    for (const ledger of ['shorter', 'healthy']) await open(ledger);
    for (const ledger of ['syria', 'shorter', 'elsewhere']) {
      await models.apply(ledger, 0, recordsOf(ledger, factsOf(history).slice(0, 3)));
    }
    await pool.end();
    const strangers = (dumped: Record<string, string[]>): string[] =>
      (dumped['events'] ?? []).filter((row) => /^\((syria|shorter|elsewhere),/.test(row));
    const before = strangers(await dump(url));

    const other = await cluster.start('projector', { databaseUrl: url });
    await copied(other, 'healthy', 1);
    const health = await other.healthOnce('refuses all three', ({ projections = [] }, status) => {
      return status === 503 && projections.filter(({ stopped }) => stopped !== undefined).length === 3;
    });
    expect(projectionOf(health, 'syria')?.stopped).toMatch(
      /record 3 of the log is not the one that the read models hold/,
    );
    expect(projectionOf(health, 'shorter')?.stopped).toMatch(/the log ends at 1, but the read models hold 3 records/);
    expect(projectionOf(health, 'elsewhere')?.stopped).toMatch(/this log has no such ledger/);
    for (const ledger of ['syria', 'shorter', 'elsewhere']) {
      expect(projectionOf(health, ledger)?.stopped).toMatch(/drop the read models and start again/);
      expect(other.command.output).toContain(`The projection of ${ledger} stops after record`);
    }
    expect(strangers(await dump(url))).toEqual(before);
    expect(await other.command.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('one that starts again goes on from its place, and reads nothing from before it', async () => {
    const ledger = await open('resumed');
    await Promise.all(Array.from({ length: 40 }, (_, n) => ledger.record('register-actor', actor(`Before ${n}`))));
    await copied(projector, 'resumed', 41);
    expect(await projector.command.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const db = new Client({ connectionString: database });
    await db.connect();
    const { rows } = await db.query<{ place: string }>(
      `select place from read_models.checkpoints where ledger = 'resumed'`,
    );
    await db.end();
    // Whoever began at the beginning would not find it.
    const [{ place } = { place: '' }] = rows;
    const topic = 'ledger.resumed.events';
    await asAdmin(async (admin) => {
      // It knows only topics that it was asked about.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: place }] });
    });
    await ledger.record('register-actor', actor('After'));
    projector = await cluster.start('projector', { databaseUrl: database });
    await copied(projector, 'resumed', 42);
    await projector.ready();
    const fresh = await cluster.start('projector', { databaseUrl: await freshDatabase() });
    const cut = await fresh.healthOnce('misses the beginning', (health) => !!projectionOf(health, 'resumed')?.stopped);
    expect(projectionOf(cut, 'resumed')?.stopped).toMatch(/was replaced or cut/);
    await fresh.command.end('SIGKILL');
  });

  test('A13: a record of ours that cannot be read stops its ledger alone, and is named with what to do', async () => {
    const ledger = await open('sick');
    const topic = 'ledger.sick.events';
    const producer = client.producer({ transactionalId: topic, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({
      topic,
      messages: [
        { value: '{}', headers: { ce_type: 'incident-ledger.term' } },
        { value: 'no record', headers: { ce_sequence: '00000000000000000002' } },
      ],
    });
    await transaction.commit();
    await producer.disconnect();

    const health = await projector.healthOnce('stops', (said) => projectionOf(said, 'sick')?.stopped !== undefined);
    expect(health).toMatchObject({ ready: false, state: 'broken' });
    expect(projectionOf(health, 'sick')).toMatchObject({ sequence: 1 });
    expect(projectionOf(health, 'sick')?.stopped).toMatch(
      /Record 2 of the ledger sick cannot be read: Not JSON.*find out who wrote it/,
    );
    expect(projector.command.output).toMatch(/The projection of sick stops after record 1: Record 2/);

    const { position } = await ledgerOf('syria').record('register-actor', actor('In good health'));
    await copied(projector, 'syria', position);
    const refused = await ledger.send<ProblemBody>('register-actor', actor('On top of it'));
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.body.detail).toMatch(/The ledger sick cannot be read/);
  });
});

/** Kills a server as a crash does, and returns when it is gone. */
async function kill({ folder }: TemporaryPostgres): Promise<void> {
  const pidFile = join(folder, 'cluster', 'data', 'postmaster.pid');
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await until('PostgreSQL is gone', async () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}

/** An address that stays while the server behind it is started anew, each time on another port. */
class Line {
  readonly #server: Server;
  #port = 0;

  private constructor() {
    this.#server = createServer((incoming) => {
      const outgoing = connect(this.#port, '127.0.0.1');
      incoming.on('error', () => outgoing.destroy()).on('close', () => outgoing.destroy());
      outgoing.on('error', () => incoming.destroy()).on('close', () => incoming.destroy());
      incoming.pipe(outgoing).pipe(incoming);
    });
  }

  static async to(connectionString: string): Promise<Line> {
    const made = new Line();
    made.target(connectionString);
    await once(made.#server.listen(0, '127.0.0.1'), 'listening');
    return made;
  }

  target(connectionString: string): void {
    this.#port = Number(new URL(connectionString).port);
  }

  /** The same database at this address. */
  through(connectionString: string): string {
    const url = new URL(connectionString);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async close(): Promise<void> {
    this.#server.close();
  }
}
