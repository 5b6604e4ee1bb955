/** A snapshot is held against its log: one that is right is the same, one that was spoilt is told from it. */
import { expect, test } from '@jest/globals';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { MasterKey, Writers, type Request } from '#ledger';
import { Progress } from '#runtime';
import { codec } from '#testing';
import { InMemoryStorage } from '../../../libs/ledger/src/in-memory-storage.js';
import { verifySnapshot, type SnapshotVerdict } from './snapshot.js';

const LEDGER = 'spoilt';

const request = (act: Request['act'], commandKey: string): Request => ({
  ledger: LEDGER,
  act,
  canonicalBody: JSON.stringify(act),
  recorder: 'k1',
  commandKey,
});
const register = (id: string): Request =>
  request({ act: 'register-actor', id, actor: { kind: 'media', names: [{ text: id }] } }, id);

/** A log of some records, with a snapshot amidst unless none is due. */
async function written(snapshotDueAfter: number): Promise<InMemoryStorage> {
  const storage = new InMemoryStorage();
  const master = new MasterKey(Buffer.alloc(32, 7));
  const options = { mayClaim: async () => true, snapshotDueAfter: () => snapshotDueAfter };
  const writers = new Writers(storage, master, codec, options);
  await writers.execute(request({ act: 'open-ledger', origin: { title: 'Made up' } }, 'open'));
  for (let n = 0; n < 30; n += 1) await writers.execute(register(`actor-${n}`));
  await writers.drain();
  return storage;
}

const verdictOn = (storage: InMemoryStorage): Promise<SnapshotVerdict> =>
  verifySnapshot({
    ledger: LEDGER,
    storage,
    codec,
    progress: new Progress({ write: () => undefined }),
    signal: new AbortController().signal,
  });

/** Keeps the snapshot once more, changed. */
async function spoil(
  storage: InMemoryStorage,
  part: (bytes: Buffer) => Buffer,
  manifest: (about: { sha256: string }, parts: readonly Buffer[]) => object,
): Promise<void> {
  const kept = await storage.snapshot(LEDGER);
  const parts: Buffer[] = [];
  for await (const bytes of kept?.parts ?? []) parts.push(part(gunzipSync(bytes)));
  const term = await storage.takeTerm(LEDGER);
  for (const [index, bytes] of parts.entries()) await term.keepPart('spoilt', index, gzipSync(bytes));
  const about = JSON.parse(Buffer.from(kept?.manifest ?? []).toString()) as { sha256: string };
  await term.keepSnapshot('spoilt', Buffer.from(JSON.stringify(manifest(about, parts))));
}

const media = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1').replace('"media"', '"state"'), 'latin1');

test('one as it was kept is the same as the whole log', async () => {
  const verdict = await verdictOn(await written(10));
  expect(verdict).toMatchObject({ outcome: 'same', asOf: 31 });
  expect(verdict.snapshotAt).toBeGreaterThan(9);
  expect(verdict.snapshotAt).toBeLessThan(31);
});

test('where none was kept there is none', async () => {
  expect(await verdictOn(await written(1_000))).toEqual({ outcome: 'none', asOf: 31, snapshotAt: 0 });
});

test('a changed byte is noticed by its own sum: writers pass it over', async () => {
  const storage = await written(10);
  await spoil(storage, media, (about) => about);
  expect(await verdictOn(storage)).toMatchObject({
    outcome: 'passed-over',
    snapshotAt: 0,
    why: expect.stringMatching(/parts/),
  });
});

test('one that was made up whole, sums and all, is not what the log makes', async () => {
  const storage = await written(10);
  await spoil(storage, media, (about, parts) => ({
    ...about,
    sha256: createHash('sha256').update(Buffer.concat(parts)).digest('hex'),
  }));
  expect(await verdictOn(storage)).toMatchObject({ outcome: 'differs', why: 'part 0 has other bytes' });
});
