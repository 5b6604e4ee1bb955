/**
 * What the whole application shows to those who run it: numbers, health, its log. And what it never shows: private text,
 * keys, or anything of a person's, in no log and in no error, whatever goes wrong.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { ACTS, type ProblemBody } from '#contracts';
import type { ActName } from '#domain';
import { startPostgres } from '#embedded';
import { answerOf, exchange, head, type Answer, type LedgerClient } from '#testing';
import { until } from './cluster.js';
import { startApp, type RunningApp } from './running-app.js';

/** Stands in whatever is sent: a name in ordinary fields, in private ones, in addresses, parameters and headers. */
const NAME = 'leocadia-made-up-person';
const PRIVATE = 'told-in-confidence-made-up';
/** Looks like a key and opens nothing. */
const WRONG_KEY = `il_k1_${randomBytes(32).toString('base64url')}`;

let app: RunningApp;
let ledger: LedgerClient;
let db: Client;

beforeAll(async () => {
  app = await startApp();
  ({ client: ledger } = await app.openExample('syria'));
  const { connectionString } = await startPostgres({ folder: join(app.dataDir, 'postgres') });
  db = new Client({ connectionString });
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await app?.stop();
});

const get = async <Body = Record<string, unknown>>(path: string): Promise<Answer<Body>> =>
  answerOf<Body>(await fetch(`${app.url}${path}`));

/** The value of a number at /metrics, 0 where it is not there. */
async function metric(name: string): Promise<number> {
  const { text } = await get('/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length));
}

describe('/metrics', () => {
  const actor = (id: string) => ({ id, kind: 'media', names: [{ text: id }] });

  test('tells of rounds, commands by what became of them, queues and recoveries', async () => {
    const [accepted, refused, records, rounds] = [
      'incident_ledger_commands_total{ledger="syria",outcome="accepted"}',
      'incident_ledger_commands_total{ledger="syria",outcome="refused"}',
      'incident_ledger_records_appended_total{ledger="syria"}',
      'incident_ledger_commit_duration_seconds_count{ledger="syria"}',
    ] as const;
    const before = await Promise.all([accepted, refused, records, rounds].map(metric));
    await ledger.record('register-actor', actor('one'));
    expect((await ledger.send('register-actor', actor('one'))).status).toBe(409);
    const after = await Promise.all([accepted, refused, records, rounds].map(metric));
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 1, 1, 2]);
    expect(await metric('incident_ledger_recovery_duration_seconds_count{ledger="syria",how="replay"}')).toBe(1);
    const { text } = await get('/metrics');
    expect(text).toContain('incident_ledger_queue_commands{ledger="syria"} 0');
    expect(text).toContain('incident_ledger_queue_bytes{ledger="syria"} 0');
    expect(text).toContain('incident_ledger_state{state="ready"} 1');
    expect(text).toContain('status="409"');
  });

  test('tells how far the read models are', async () => {
    const { position } = await ledger.record('register-actor', actor('two'));
    await ledger.read(`?wait=${position}`);
    expect(await metric('incident_ledger_projection_sequence{ledger="syria"}')).toBe(position);
    expect(await metric('incident_ledger_projection_lag_records{ledger="syria"}')).toBe(0);
    await db.query('begin');
    await db.query(`select 1 from read_models.checkpoints where ledger = 'syria' for update`);
    await ledger.record('register-actor', actor('three'));
    await ledger.record('register-actor', actor('four'));
    await until('the lag is told in seconds', async () => {
      return (await metric('incident_ledger_projection_lag_seconds{ledger="syria"}')) > 0;
    });
    expect(await metric('incident_ledger_projection_lag_records{ledger="syria"}')).toBe(2);
    await db.query('rollback');
    await until('it is there', async () => {
      return (await metric('incident_ledger_projection_lag_records{ledger="syria"}')) === 0;
    });
  });

  test('counts a lost term and a doubt', async () => {
    await db.query(`update ledger_log.ledgers set epoch = epoch + 1 where ledger = 'syria'`);
    await ledger.record('register-actor', actor('five'));
    expect(await metric('incident_ledger_fences_total{ledger="syria"}')).toBe(1);
    expect(await metric('incident_ledger_recovery_duration_seconds_count{ledger="syria",how="tail"}')).toBe(1);
  });
});

describe('the log', () => {
  test('has a line for each write, found by its command and request id', async () => {
    const { commandId } = await ledger.record('register-actor', {
      id: 'six',
      kind: 'media',
      names: [{ text: 'Six' }],
    });
    const lines = app
      .logged()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const line = await until('the line is there', async () => lines.find((one) => one['commandId'] === commandId));
    expect(line).toEqual({
      message: 'POST /v1/ledgers/:ledger/actors 201',
      requestId: expect.any(String),
      commandId,
      key: expect.stringMatching(/^k\d+$/),
      ledger: 'syria',
      access: { method: 'POST', route: '/v1/ledgers/:ledger/actors', status: 201, ms: expect.any(Number) },
    });
  });
});

describe('no secret, private text or name is in a log or an error', () => {
  const quoted = { text: { private: true, text: PRIVATE }, language: 'en' };
  const statement = {
    document: 'national-conoco-copy',
    speaker: 'centcom',
    form: 'direct',
    quote: quoted,
    claims: [
      { predicate: 'remark', about: { incident: 'conoco-2023-04-10' }, stance: 'asserts', value: { text: NAME } },
    ],
  };
  const secrets = (): string[] => [
    NAME,
    PRIVATE,
    WRONG_KEY.slice(6),
    ledger.key?.slice(6) ?? '',
    readFileSync(join(app.dataDir, 'master.key'), 'utf8').trim(),
    readFileSync(join(app.dataDir, 'postgres', 'cluster', 'password'), 'utf8').trim(),
  ];

  function expectNothing(where: string, text: string): void {
    for (const secret of secrets()) {
      expect(secret.length).toBeGreaterThan(20);
      expect({ where, tells: text.includes(secret) ? secret : 'nothing' }).toEqual({ where, tells: 'nothing' });
    }
  }
  /** A refusal that tells nothing; what was accepted is another matter. */
  function expectRefused(where: string, { status, text }: Answer<unknown>): void {
    expect({ where, isRefused: status >= 400 }).toEqual({ where, isRefused: true });
    expectNothing(where, text);
  }

  test.each(Object.keys(ACTS) as ActName[])('where %s is refused', async (act) => {
    const url = ledger.addressOf(act, 'conoco-2023-04-10');
    const post = async (body: string, headers: Record<string, string> = {}): Promise<Answer<ProblemBody>> =>
      answerOf(
        await fetch(url, {
          method: 'POST',
          body,
          headers: { authorization: `Bearer ${ledger.key}`, 'content-type': 'application/json', ...headers },
        }),
      );
    const whole = JSON.stringify({
      ...statement,
      id: NAME.toUpperCase(),
      title: NAME,
      reason: NAME,
      names: [{ text: NAME }],
    });
    expectRefused('fields', await post(whole));
    expectRefused('cut', await post(whole.slice(0, -20)));
    expectRefused('a number', await post(JSON.stringify(NAME)));
    expectRefused('too long', await post(JSON.stringify({ quote: NAME.repeat(60_000) })));
    expectRefused('a type', await post(whole, { 'content-type': `text/${NAME}` }));
    expectRefused('a key', await post(whole, { authorization: `Bearer ${WRONG_KEY}` }));
    expectRefused('no key', await post(whole, { authorization: NAME }));
    expectRefused('a version', await post(whole, { 'if-match': `"${NAME}"` }));
    expectRefused('a command id', await post(whole, { 'idempotency-key': `${NAME} ${NAME}` }));
  });

  test('where a question is refused, at every address, in every parameter', async () => {
    const { paths } = JSON.parse(
      readFileSync(new URL('../../contracts/openapi-reader.json', import.meta.url), 'utf8'),
    ) as { paths: Record<string, { get: { parameters?: { name: string; in: string }[] } }> };
    const ask = async (path: string): Promise<Answer<ProblemBody>> =>
      answerOf(await fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${ledger.key}` } }));
    let asked = 0;
    for (const [path, { get: operation }] of Object.entries(paths)) {
      const named = path
        .replace('{ledger}', 'syria')
        .replace('{sequence}', '1')
        .replace('{file}', 'StatementRecorded.v1.json')
        .replace('{id}', 'conoco-2023-04-10');
      const questions = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'query')
        .map(({ name }) => `${named}?${name}=${NAME}%00`);
      for (const one of questions) {
        expectRefused(one.replaceAll(NAME, '…'), await ask(one));
        asked += 1;
      }
      // An id may be repeated in the answer, since ids are made without names; in no log, all the same.
      const address = path.replace('{ledger}', 'syria').replace(/\{\w+\}/, NAME);
      if (address.includes(NAME)) expect((await ask(address)).status).toBe(404);
    }
    expect(asked).toBeGreaterThan(150);
  });

  test('in what is no request at all', async () => {
    for (const bytes of [
      `${NAME}\r\n\r\n`,
      head(`GET /${NAME}`, { [NAME]: 'x'.repeat(20_000) }),
      head(`GET /${NAME}%zz`),
      head(`BREW /${NAME}`),
    ]) {
      expectRefused('noise', await exchange(app.url, bytes));
    }
  });

  test('when the log of the ledger fails in the middle of recording it', async () => {
    // A fault that no message of ours foresees, and whose own words hold the row.
    await db.query('alter table ledger_log.records add constraint made_up check (length(bytes) < 3) not valid');
    const answer = await ledger.send<ProblemBody>('record-statement', { ...statement, id: 'never-recorded' });
    await db.query('alter table ledger_log.records drop constraint made_up');
    expectRefused('a failing log', answer);
    await db.query('alter table ledger_log.records rename column bytes to others');
    const doubtful = await ledger.send<ProblemBody>('record-statement', { ...statement, id: 'never-recorded' });
    await db.query('alter table ledger_log.records rename column others to bytes');
    expect(doubtful.status).toBe(503);
    expectRefused('a broken log', doubtful);
    expect(await metric('incident_ledger_doubts_total{ledger="syria"}')).toBeGreaterThan(0);
  });

  test('when the read models fail in the middle of showing it', async () => {
    const { position } = await ledger.record('record-statement', { ...statement, id: 'recorded' });
    expect((await ledger.ask(`/statements/recorded?wait=${position}`)).text).toContain(PRIVATE);
    // Whoever asks for it meets a fault of ours.
    await db.query('alter table read_models.statements rename column body to hidden');
    const broken = await ledger.ask<ProblemBody>('/statements/recorded');
    await db.query('alter table read_models.statements rename column hidden to body');
    expect(broken.body.code).toBe('internal');
    expectRefused('a broken table', broken);
    // Whoever copies it meets one whose own words hold the row.
    await db.query('alter table read_models.statements add constraint made_up check (false) not valid');
    await ledger.record('record-statement', { ...statement, id: 'recorded-too' });
    const stopped = await until('it has stopped', async () => {
      const answer = await get<{ state: string }>('/health/ready');
      return answer.body.state === 'broken' ? answer : undefined;
    });
    expect(stopped.status).toBe(503);
    expectNothing('/health/ready', stopped.text);
  });

  test('nor has any of it got into the logs, the numbers or the keys file', async () => {
    const server = readFileSync(join(app.dataDir, 'postgres', 'server.log'), 'utf8');
    // They are the logs of all this.
    expect(server).toContain('made_up');
    // PostgreSQL would add the row that it refuses, or the line that it cannot copy.
    expect(server).not.toMatch(/DETAIL|CONTEXT/);
    expect(app.logged()).toContain('A fault of ours');
    expect(app.logged()).toContain('"problem":"bad-body"');
    expectNothing('the log', app.logged());
    expectNothing("PostgreSQL's log", server);
    expectNothing('/metrics', (await get('/metrics')).text);
    expectNothing('the keys file', readFileSync(app.keys.path, 'utf8'));
  });
});
