/**
 * A ledger that is opened with a seed: over HTTP every record of it is there, and whatever cuts the opening short, repeating
 * it completes what is missing and adds nothing twice.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { actsOf, type EntitiesAnswer, type EntityAnswer, type ProblemBody, type RecordsAnswer } from '#contracts';
import { startPostgres } from '#embedded';
import { LedgerClient, RunningCommand, temporaryPostgresFolder, type PostgresFolder } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

// The last test starts processes, on a machine that may be busy.
jest.setTimeout(60_000);

const SEEDED = actsOf('states').flat();
const IDS = SEEDED.map(({ body }) => body.id);
/** The opening, and an act each. */
const END = IDS.length + 1;
const BODY = { origin: { title: 'Opened with the states' }, seed: 'states' };

/** Everything in a list, page by page. */
async function allOf(ledger: LedgerClient, list: string): Promise<EntitiesAnswer['items']> {
  const items: EntitiesAnswer['items'] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: EntitiesAnswer = await ledger.read(`/${list}?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`);
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}

async function recordsIn(ledger: LedgerClient): Promise<{ subject: string; sequence: number }[]> {
  const records: { subject: string; sequence: number }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: RecordsAnswer = await ledger.read(`/records?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`);
    for (const { sequence, event } of page.items) {
      records.push({ subject: (event as { subject: string }).subject, sequence });
    }
    cursor = page.next;
  }
  return records;
}

async function expectWhole(ledger: LedgerClient, position: number): Promise<void> {
  await ledger.read(`?wait=${position}`);
  const records = await recordsIn(ledger);
  expect(records.map(({ subject }) => subject).toSorted()).toEqual(['ledger', ...IDS].toSorted());
  expect(records.map(({ sequence }) => sequence)).toEqual(Array.from({ length: END }, (_, index) => index + 1));
}

describe('over HTTP', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app?.stop());

  const database = async (act: (client: Client) => Promise<unknown>): Promise<void> => {
    const { connectionString } = await startPostgres({ folder: join(app.dataDir, 'postgres') });
    const client = new Client({ connectionString });
    await client.connect();
    try {
      await act(client);
    } finally {
      await client.end();
    }
  };

  test('all of it is there at the position that is answered; repeating it, or another opening, adds nothing', async () => {
    const ledger = await app.client('seeded');
    const first = await ledger.send('open-ledger', BODY, { commandKey: 'open' });
    expect([first.status, first.body]).toEqual([
      201,
      { entity: 'ledger', version: 1, position: END, commandId: 'open' },
    ]);
    await expectWhole(ledger, END);
    const [actors, places] = await Promise.all([allOf(ledger, 'actors'), allOf(ledger, 'places')]);
    const kept = new Map([...actors, ...places].map(({ id, body }) => [id, body]));
    expect([actors.length + places.length, kept.size]).toEqual([IDS.length, IDS.length]);
    for (const { body } of SEEDED) {
      const { id, ...card } = body;
      expect(kept.get(id)).toEqual(card);
    }

    // The table goes on meanwhile: what is repeated is found by its id, not by what is there.
    const own = { id: 'made-up', names: [{ text: 'Made up for the test' }], kind: 'armed-force', partOf: 'forces:us' };
    const { position } = await ledger.record('register-actor', own);
    expect(position).toBe(END + 1);
    const again = await ledger.send('open-ledger', BODY, { commandKey: 'open' });
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    const other = await ledger.send<ProblemBody>('open-ledger', BODY, { commandKey: 'another' });
    expect([other.status, other.body.code]).toEqual([409, 'ledger-exists']);
    const unseeded = await ledger.send<ProblemBody>('open-ledger', { origin: BODY.origin }, { commandKey: 'open' });
    expect([unseeded.status, unseeded.body.code]).toEqual([422, 'command-id-reused']);
    await ledger.read(`?wait=${position}`);
    expect((await recordsIn(ledger)).length).toBe(END + 1);
  });

  test.each([
    ['no Idempotency-Key', BODY, undefined],
    ['one too long to make others from', BODY, 'k'.repeat(151)],
  ])('%s: refused, and nothing is opened', async (_what, body, commandKey) => {
    const ledger = await app.client('unseeded');
    const { status, body: problem } = await ledger.send<ProblemBody>('open-ledger', body, {
      ...(commandKey !== undefined && { commandKey }),
    });
    expect([status, problem.code, problem['parameter']]).toEqual([400, 'bad-parameter', 'Idempotency-Key']);
    expect((await ledger.ask('')).status).toBe(404);
  });

  test('an unknown seed is refused by name; the longest key will do', async () => {
    const ledger = await app.client('long-key');
    const unknown = await ledger.send<ProblemBody>('open-ledger', { ...BODY, seed: 'planets' }, { commandKey: 'open' });
    expect([unknown.status, unknown.body.errors]).toMatchObject([400, [{ pointer: '/seed', code: 'not-in-list' }]]);
    const answer = await ledger.record('open-ledger', BODY, { commandKey: 'k'.repeat(150) });
    await expectWhole(ledger, answer.position);
  });

  test('only an admin opens, with a seed or without', async () => {
    const curator = await app.client('curated', 'curator');
    const { status } = await curator.send('open-ledger', BODY, { commandKey: 'open' });
    expect(status).toBe(403);
  });

  test('cut short by the log, it is answered so that it can be repeated; what is taken since is told, the rest recorded', async () => {
    await database((client) =>
      client.query(`
        CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cut for a test'; END $$;
        CREATE TRIGGER cut BEFORE INSERT ON ledger_log.records
          FOR EACH ROW WHEN (NEW.ledger = 'cut' AND NEW.sequence > 300) EXECUTE FUNCTION cut()`),
    );
    const ledger = await app.client('cut');
    const cut = await ledger.send<ProblemBody>('open-ledger', BODY, { commandKey: 'open' });
    expect([cut.status, cut.body.code, cut.body['commandId']]).toEqual([503, 'unavailable', 'open']);
    expect(cut.headers.get('retry-after')).not.toBeNull();
    expect(cut.body.detail).toMatch(/^The ledger is open, but not all of its seed is recorded: .*Idempotency-Key\.$/);

    await database((client) => client.query('DROP TRIGGER cut ON ledger_log.records'));
    // Of the acts that were cut off, neither the first nor one of the last.
    const own = { id: 'country:zw', names: [{ text: 'Made up for the test' }], kind: 'area' };
    const { position } = await ledger.record('register-place', own);
    expect(position).toBeGreaterThan(1);
    expect(position).toBeLessThan(END);

    for (let time = 1; time <= 2; time += 1) {
      const told = await ledger.send<ProblemBody>('open-ledger', BODY, { commandKey: 'open' });
      expect([told.status, told.body.code]).toEqual([409, 'id-taken']);
      expect(told.body).toMatchObject({ commandId: 'open', seed: 'country:zw' });
      await expectWhole(ledger, END);
    }
    const { entity } = await ledger.read<EntityAnswer>('/places/country:zw');
    expect(entity).toMatchObject({ version: 1, body: { kind: 'area' } });
  });
});

describe('a process that is killed while it opens a ledger with a seed', () => {
  const MAIN = fileURLToPath(new URL('../apps/standalone/src/main.js', import.meta.url));
  /** So that the environment of whoever runs the tests does not decide; empty is as unset. */
  const UNSET = { HOST: '', KEYS_FILE: '', MASTER_KEY: '', OPEN_READS: '', ALLOWED_ORIGINS: '' };
  const commands: RunningCommand[] = [];
  let kept: PostgresFolder;

  beforeEach(async () => {
    kept = await temporaryPostgresFolder('postgres');
  });
  afterEach(async () => {
    await Promise.all(commands.splice(0).map((command) => command.end('SIGKILL')));
    await kept.remove();
  });

  async function start(): Promise<{ command: RunningCommand; ledger: LedgerClient }> {
    const command = new RunningCommand([MAIN, '--empty'], { ...UNSET, DATA_DIR: kept.folder, PORT: '0' });
    commands.push(command);
    const [, keyFile = ''] = await command.printed(/^ +Key +(\S+)/m);
    const [, address = ''] = await command.printed(/^ +Address +(http:\S+)$/m);
    return { command, ledger: new LedgerClient(address, 'killed', readFileSync(keyFile, 'utf8').trim()) };
  }

  test('leaves a part of it; the same opening completes it', async () => {
    const before = await start();
    const { connectionString } = await startPostgres({ folder: join(kept.folder, 'postgres') });
    const client = new Client({ connectionString });
    await client.connect();
    const count = async (query: string): Promise<number> =>
      Number((await client.query<{ count: string }>(query)).rows[0]?.count);
    try {
      // The append that holds record 300 waits for us, so that the process dies in the middle whatever the machine does.
      await client.query(`
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock(300); RETURN NEW; END $$;
        CREATE TRIGGER hold BEFORE INSERT ON ledger_log.records
          FOR EACH ROW WHEN (NEW.ledger = 'killed' AND NEW.sequence = 300) EXECUTE FUNCTION hold();
        SELECT pg_advisory_lock(300)`);
      const opening = before.ledger.send('open-ledger', BODY, { commandKey: 'open' }).catch(() => 'no answer');
      const waiting = `FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
      while ((await count(`SELECT count(*) ${waiting}`)) === 0) await pause(1);
      await before.command.end('SIGKILL');
      expect(await opening).toBe('no answer');
      await client.query(`SELECT pg_terminate_backend(pid, 5000) ${waiting}`);
      await client.query('DROP TRIGGER hold ON ledger_log.records');
      const left = await count(`SELECT count(*) FROM ledger_log.records WHERE ledger = 'killed'`);
      expect(left).toBeGreaterThan(1);
      expect(left).toBeLessThan(300);
    } finally {
      await client.end();
    }

    const { ledger } = await start();
    for (let time = 1; time <= 2; time += 1) {
      const answer = await ledger.record('open-ledger', BODY, { commandKey: 'open' });
      expect(answer).toMatchObject({ version: 1, position: END });
      await expectWhole(ledger, END);
    }
  });
});
