/** A projector that stands still says so, and whether it is to blame, on a real PostgreSQL and a log in memory. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, Pool } from 'pg';
import { LogReader, MasterKey, type StoredRecord } from '#ledger';
import { Generations } from '#read-models';
import { codec, factsOf, freshDatabase, recordsOf } from '#testing';
import { Projector, projectorStanding } from '../apps/projector/src/projector.js';
import { InMemoryStorage } from '../libs/ledger/src/in-memory-storage.js';
import { until } from './cluster.js';

const STALL_MS = 200;

/** Its log may be made not to answer. */
class StandingStill extends InMemoryStorage {
  answers = Promise.resolve();

  override async read(ledger: string, after: number, limit?: number): Promise<StoredRecord[]> {
    await this.answers;
    return super.read(ledger, after, limit);
  }
}

let pool: Pool;
let storage: StandingStill;
let projector: Projector;
let url: string;

beforeEach(async () => {
  url = await freshDatabase();
  pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
  storage = new StandingStill();
  const generations = new Generations(pool);
  await generations.prepare();
  await storage.create('syria', []);
  const reader = new LogReader(storage, codec, new MasterKey(new Uint8Array(32)));
  projector = new Projector(reader, () => generations.models(), { stallMsMax: STALL_MS });
  projector.start();
});
afterEach(async () => {
  await projector.stop();
  await pool.end();
});

const [opened, registered] = recordsOf(
  'syria',
  factsOf([
    { act: 'open-ledger', origin: { title: 'Made up' } },
    { act: 'register-actor', id: 'a', actor: { kind: 'state', names: [{ text: 'A state' }] } },
  ]),
);

async function append(entry: typeof opened, at: number): Promise<void> {
  if (entry === undefined) throw new Error('There is no such record.');
  await (await storage.takeTerm('syria')).append(at, [entry.bytes], []);
}

const standsAt = (sequence: number) =>
  until(`the copy is at ${sequence}`, async () => (await projector.health()).find((one) => one.sequence === sequence));
const codes = async (): Promise<string[]> => (await projectorStanding(projector)).troubles.map(({ code }) => code);

test('while a table is held by somebody it has stalled; it goes on by itself', async () => {
  await append(opened, 1);
  await standsAt(1);
  expect(await codes()).toEqual([]);
  const holder = new Client({ connectionString: url });
  await holder.connect();
  await holder.query('begin');
  await holder.query(`select 1 from read_models.checkpoints where ledger = 'syria' for update`);
  await append(registered, 2);
  await until('it says that it stands still', async () => (await codes()).includes('projection-stalled'));
  const { troubles, details } = await projectorStanding(projector);
  expect(troubles).toMatchObject([{ code: 'projection-stalled', ledger: 'syria' }]);
  expect(details.projections).toMatchObject([
    { sequence: 1, behind: 1, stalled: expect.stringMatching(/nothing was copied for \d+ s/) },
  ]);
  // It hangs only once that has lasted; until then nobody should be started anew.
  expect(projector.hungFor(120_000)).toEqual([]);
  await until('its loop has not turned', async () => projector.hungFor(STALL_MS).length > 0);
  expect(projector.hungFor(STALL_MS)[0]).toMatch(/^The projection of syria has not gone on for \d+ s\.$/);
  await holder.query('rollback');
  await holder.end();
  await standsAt(2);
  expect(await codes()).toEqual([]);
  expect(projector.hungFor(10_000)).toEqual([]);
});

test('a log that does not answer stalls it too', async () => {
  await append(opened, 1);
  await standsAt(1);
  let answer = (): void => undefined;
  storage.answers = new Promise((resolve) => (answer = resolve));
  await append(registered, 2);
  await until('it says that it stands still', async () => (await codes()).includes('projection-stalled'));
  answer();
  await standsAt(2);
  expect(await codes()).toEqual([]);
});

test('what fails is waited for, and is an outage and no stall', async () => {
  await append(opened, 1);
  await standsAt(1);
  const failed = Promise.reject(new Error('connect ECONNREFUSED'));
  failed.catch(() => undefined);
  storage.answers = failed;
  await append(registered, 2);
  await until('it waits', async () => (await codes()).length > 0);
  // Longer than a stall may last: it has turned all the time.
  await until('it has waited', async () => {
    const [copy] = await projector.health();
    return (copy?.behindSeconds ?? 0) >= 1;
  });
  expect(await codes()).toEqual(['projection-waiting']);
  storage.answers = Promise.resolve();
  await standsAt(2);
});

test('whoever never learns which read models are live hangs', async () => {
  const reader = new LogReader(storage, codec, new MasterKey(new Uint8Array(32)));
  let giveUp = (): void => undefined;
  const never = new Promise<never>((_resolve, reject) => (giveUp = () => reject(new Error('Given up.'))));
  const deaf = new Projector(reader, () => never);
  expect(deaf.hungFor(0)).toEqual([]);
  deaf.start();
  await until('it hangs', async () => deaf.hungFor(50).length > 0);
  expect(deaf.hungFor(50)[0]).toContain('which read models are live');
  giveUp();
  await deaf.stop();
});
