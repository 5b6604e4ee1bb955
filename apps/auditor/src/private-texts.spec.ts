/** Private texts: opened where their key is there, counted where it was destroyed, and named where anything was changed. */
import { beforeEach, expect, test } from '@jest/globals';
import type { LedgerRecord, SealedText } from '#domain';
import { MasterKey, Writers } from '#ledger';
import { codec } from '#testing';
import { InMemoryStorage, SharedMemory } from '../../../libs/ledger/src/in-memory-storage.js';
import { PrivateTextCheck, type PrivateTexts } from './private-texts.js';

const master = new MasterKey(new Uint8Array(32).fill(7));
const LEDGER = 'private';
let shared: SharedMemory;
let storage: InMemoryStorage;
let records: LedgerRecord[];

beforeEach(async () => {
  shared = new SharedMemory();
  storage = new InMemoryStorage(shared);
  const writers = new Writers(storage, master, codec, { mayClaim: async () => true });
  await writers.create(LEDGER);
  const common = { ledger: LEDGER, canonicalBody: '{"private":true}', recorder: 'k1' };
  await writers.execute({ ...common, act: { act: 'open-ledger', origin: { title: 'Made up' } }, commandKey: '1' });
  for (const id of ['one', 'two']) {
    const names = [{ text: { private: true as const, text: `Made-up person ${id}` } }];
    await writers.execute({
      ...common,
      act: { act: 'register-actor', id, actor: { kind: 'person', names } },
      commandKey: id,
    });
  }
  records = (await storage.read(LEDGER, 0)).map(({ bytes }) => codec.decode(bytes));
});

async function checked(
  some = records,
  key: MasterKey | undefined = master,
): Promise<PrivateTexts & { faults: string[] }> {
  const faults: string[] = [];
  const check = new PrivateTextCheck(LEDGER, storage, key, (record, what) => faults.push(`${record} ${what}`));
  await check.check(some);
  return { ...check.counts, faults };
}

function sealedText(record: LedgerRecord | undefined): SealedText {
  if (record?.name !== 'ActorRegistered') throw new Error('This registers nobody.');
  return record.data.actor.names[0]?.text as SealedText;
}

/** The records, with the private text of the second changed. */
function withText(change: (text: SealedText) => Partial<SealedText>): LedgerRecord[] {
  const copies = structuredClone(records);
  const text = sealedText(copies[1]);
  Object.assign(text, change(text));
  return copies;
}

const flipped = (text: string): string => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`);

test('as they were sealed they are opened; without the master key they are looked at', async () => {
  expect(await checked()).toEqual({ opened: 2, destroyed: 0, unopened: 0, faults: [] });
  const without = new PrivateTextCheck(LEDGER, storage, undefined, () => undefined);
  await without.check(records);
  expect(without.counts).toEqual({ opened: 0, destroyed: 0, unopened: 2 });
});

test('whose key was destroyed is counted, and is no fault', async () => {
  shared.ledgers.get(LEDGER)?.keys.delete(sealedText(records[1]).keyid);
  expect(await checked()).toEqual({ opened: 1, destroyed: 1, unopened: 0, faults: [] });
});

test.each<[what: string, change: (text: SealedText) => Partial<SealedText>, fault: RegExp]>([
  ['a ciphertext', ({ enc }) => ({ enc: flipped(enc) }), /^2 .*it was changed: the key does not open it\.$/],
  ['a nonce', ({ nonce }) => ({ nonce: flipped(nonce) }), /^2 .*it was changed: the key does not open it\.$/],
  [
    'the hash of a key',
    ({ keyhash }) => ({ keyhash: flipped(keyhash) }),
    /^2 .*is not the one that the record was sealed with\.$/,
  ],
  [
    'a hash cut short',
    ({ keyhash }) => ({ keyhash: keyhash.slice(0, 42) }),
    /^2 .*keyhash is no base64url of a SHA-256$/,
  ],
  ['a nonce cut short', ({ nonce }) => ({ nonce: nonce.slice(0, 15) }), /^2 .*nonce is no base64url of 12 bytes$/],
  ['a ciphertext without its tag', () => ({ enc: 'AAAA' }), /^2 .*enc is no base64url of a ciphertext and its tag$/],
  [
    'the key of another text',
    () => ({ keyid: sealedText(records[2]).keyid }),
    /^2 .*is not the one that the record was sealed with\.$/,
  ],
])('%s that was changed is named', async (_what, change, fault) => {
  expect((await checked(withText(change))).faults).toEqual([expect.stringMatching(fault)]);
});

test('a key that somebody put in the place of another is named', async () => {
  const keys = shared.ledgers.get(LEDGER)?.keys;
  keys?.set(sealedText(records[1]).keyid, keys.get(sealedText(records[2]).keyid) ?? new Uint8Array());
  expect((await checked()).faults).toEqual([expect.stringMatching(/^2 .*does not open with this master key/)]);
});
