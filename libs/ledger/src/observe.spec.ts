/** What a writer tells of its work, on a log in memory that fails when told to. */
import { beforeEach, expect, test } from '@jest/globals';
import type { Act } from '#domain';
import { recordCodec } from './codec.js';
import { InMemoryStorage, SharedMemory } from './in-memory-storage.js';
import { MasterKey } from './keyring.js';
import type { WriterObserver } from './observe.js';
import type { LedgerStorage, Term } from './storage.js';
import { Writers, type Request } from './writer.js';

const told: unknown[][] = [];
const observe: WriterObserver = {
  committed: (ledger, { commands, records }) => void told.push(['committed', ledger, { commands, records }]),
  answered: (ledger, outcome) => void told.push(['answered', ledger, outcome]),
  recovered: (ledger, { how, records }) => void told.push(['recovered', ledger, { how, records }]),
  fenced: (ledger) => void told.push(['fenced', ledger]),
  inDoubt: (ledger) => void told.push(['in doubt', ledger]),
};

let shared: SharedMemory;
/** What becomes of the next append. */
let next: (append: () => ReturnType<Term['append']>) => ReturnType<Term['append']>;
beforeEach(() => {
  shared = new SharedMemory();
  next = (append) => append();
  told.length = 0;
});

class FailingStorage extends InMemoryStorage {
  override async takeTerm(ledger: string): Promise<Term> {
    const term = await super.takeTerm(ledger);
    return {
      ...term,
      append: (...args) => {
        const now = next;
        next = (append) => append();
        return now(() => term.append(...args));
      },
    };
  }
}

const writersOn = (storage: LedgerStorage = new FailingStorage(shared), more: object = {}): Writers =>
  new Writers(storage, new MasterKey(Buffer.alloc(32, 7)), recordCodec(), {
    mayClaim: async () => true,
    observe,
    ...more,
  });

let commands = 0;
const request = (act: Act): Request => ({
  ledger: 'syria',
  act,
  canonicalBody: JSON.stringify(act),
  recorder: 'k1',
  commandKey: `command-${(commands += 1)}`,
});
const OPEN: Act = { act: 'open-ledger', origin: { title: 'Observed' } };
const actor = (id: string): Request =>
  request({ act: 'register-actor', id, actor: { names: [{ text: id }], kind: 'state' } });

test('rounds, commands by what became of them, and how the log was come to be known', async () => {
  const writers = writersOn();
  await writers.execute(request(OPEN));
  expect(told).toEqual([
    ['recovered', 'syria', { how: 'replay', records: 0 }],
    ['committed', 'syria', { commands: 1, records: 1 }],
    ['answered', 'syria', 'accepted'],
  ]);
  told.length = 0;
  const again = actor('a');
  await Promise.allSettled([writers.execute(actor('b')), writers.execute(again), writers.execute(actor('b'))]);
  await writers.execute(again);
  expect(told.filter(([what]) => what === 'answered').map(([, , outcome]) => outcome)).toEqual([
    'accepted',
    'accepted',
    'refused',
    'accepted',
  ]);
  told.length = 0;
  await writersOn().execute(actor('c'));
  expect(told[0]).toEqual(['recovered', 'syria', { how: 'replay', records: 3 }]);
});

test('a fence, and that only the tail is read after it', async () => {
  const [first, second] = [writersOn(), writersOn()];
  await first.execute(request(OPEN));
  await second.execute(actor('a'));
  told.length = 0;
  await first.execute(actor('b'));
  expect(told).toEqual([
    ['fenced', 'syria'],
    ['recovered', 'syria', { how: 'tail', records: 1 }],
    ['committed', 'syria', { commands: 1, records: 1 }],
    ['answered', 'syria', 'accepted'],
  ]);
});

test('a doubt, with the record that had landed all the same', async () => {
  const writers = writersOn();
  await writers.execute(request(OPEN));
  told.length = 0;
  next = async (append) => {
    await append();
    throw new Error('The answer was lost.');
  };
  await writers.execute(actor('a'));
  expect(told).toEqual([
    ['in doubt', 'syria'],
    ['recovered', 'syria', { how: 'tail', records: 1 }],
    ['committed', 'syria', { commands: 1, records: 0 }],
    ['answered', 'syria', 'accepted'],
  ]);
});

test('what waits and since when, also where the log never answers; who comes above the limit is told so', async () => {
  const writers = writersOn(new FailingStorage(shared), { queueCommandsMax: 1 });
  await writers.execute(request(OPEN));
  expect(writers.queues()).toEqual([{ ledger: 'syria', commands: 0, bytes: 0 }]);
  expect(writers.hungFor(-1)).toEqual(['syria']);
  expect(writers.hungFor(0)).toEqual([]);
  let answer = (): void => undefined;
  next = (append) => new Promise<void>((resolve) => (answer = resolve)).then(append);
  const held = writers.execute(actor('held'));
  const waiting = actor('waiting');
  const queued = writers.execute(waiting);
  expect(writers.queues()).toEqual([{ ledger: 'syria', commands: 1, bytes: waiting.canonicalBody.length }]);
  await expect(writers.execute(actor('too-many'))).rejects.toMatchObject({ code: 'busy' });
  expect(told.at(-1)).toEqual(['answered', 'syria', 'busy']);
  while (writers.hungFor(20).length === 0) await new Promise((resolve) => setImmediate(resolve));
  answer();
  await Promise.all([held, queued]);
  expect(writers.hungFor(20)).toEqual([]);
});

test('of ledgers that do not exist nothing is told: anybody may make up names', async () => {
  await expect(writersOn().execute(actor('a'))).rejects.toThrow('There is no ledger syria');
  expect(told.filter(([what]) => what === 'answered')).toEqual([]);
});
