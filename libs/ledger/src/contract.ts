/**
 * What every storage must do, word for word the same for each, and what the writer does on top of it when things break.
 * A storage's spec calls `storageContract` with a way to start it; nothing else of the storage is known here.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Act } from '#domain';
import { recordCodec } from './codec.js';
import { Committed, type SnapshotManifest } from './committed.js';
import { MasterKey } from './keyring.js';
import { recall } from './snapshots.js';
import { Fenced, Refused, UnknownLedger, type LedgerStorage, type Term } from './storage.js';
import { WriteFailure, Writers, type Outcome, type Request, type WriterOptions } from './writer.js';

/** A running storage: each `open` is what another process would hold of the same log. */
export interface StorageUnderTest {
  open(): Promise<LedgerStorage>;
  stop(): Promise<void>;
}

export function storageContract(name: string, start: () => Promise<StorageUnderTest>): void {
  describe(`storage contract: ${name}`, () => {
    let running: StorageUnderTest;
    let opened: LedgerStorage[];
    let ledger: string;

    beforeAll(async () => {
      running = await start();
    });
    afterAll(() => running.stop());
    beforeEach(() => {
      opened = [];
      ledger = `contract-${randomUUID()}`;
    });
    afterEach(async () => {
      await Promise.all(opened.map((storage) => storage.close()));
    });

    const open = async (): Promise<LedgerStorage> => {
      const storage = await running.open();
      opened.push(storage);
      return storage;
    };
    const opener = async (): Promise<{ storage: LedgerStorage; term: Term }> => {
      const storage = await open();
      await storage.create(ledger, []);
      return { storage, term: await storage.takeTerm(ledger) };
    };
    const texts = async (storage: LedgerStorage): Promise<string[]> =>
      (await storage.read(ledger, 0)).map(({ bytes }) => Buffer.from(bytes).toString('utf8'));

    describe('the log', () => {
      test('keeps exact bytes in order, and reads them in portions', async () => {
        const { storage, term } = await opener();
        const records = [...Array(25).keys()].map((index) => randomBytes(index * 97));
        await term.append(1, records.slice(0, 10), []);
        await term.append(11, records.slice(10), []);

        const read = [...(await storage.read(ledger, 0, 12)), ...(await storage.read(ledger, 12))];

        expect(read.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => index + 1));
        expect(read.map(({ bytes }) => Buffer.from(bytes))).toEqual(records);
        expect(await storage.end(ledger)).toBe(25);
        expect(await storage.read(ledger, 25)).toEqual([]);
      });

      test('takes a thousand large records in one append', async () => {
        const { storage, term } = await opener();
        const record = Buffer.alloc(4_000, 'x');
        await term.append(1, Array<Uint8Array>(1_000).fill(record), []);
        expect(await storage.end(ledger)).toBe(1_000);
      });

      test('knows no gap and no overlap', async () => {
        const { storage, term } = await opener();
        await term.append(1, [Buffer.from('one')], []);
        await expect(term.append(3, [Buffer.from('three')], [])).rejects.toThrow();
        const next = await storage.takeTerm(ledger);
        await expect(next.append(1, [Buffer.from('another one')], [])).rejects.toThrow();
        expect(await texts(storage)).toEqual(['one']);
      });

      test('keeps ledgers apart', async () => {
        const { storage, term } = await opener();
        const other = `${ledger}-b`;
        await storage.create(other, []);
        await (await storage.takeTerm(other)).append(1, [Buffer.from('b')], []);
        await term.append(1, [Buffer.from('a')], []);
        expect(await texts(storage)).toEqual(['a']);
        expect(await storage.ledgers()).toEqual(expect.arrayContaining([ledger, other]));
      });

      test('refuses a ledger that nobody made', async () => {
        const storage = await open();
        await expect(storage.takeTerm(ledger)).rejects.toThrow(UnknownLedger);
        await expect(storage.end(ledger)).rejects.toThrow(UnknownLedger);
      });

      test('tells every process that something was appended', async () => {
        const { term } = await opener();
        const listener = await open();
        const told = new Promise<void>((resolve) => {
          listener.onAppend((changed) => {
            if (changed === ledger) resolve();
          });
        });
        await term.append(1, [Buffer.from('one')], []);
        await told;
      });

      test('keeps keys with the records they belong to, and the first of a ledger made twice', async () => {
        const storage = await open();
        await storage.create(ledger, [{ keyid: 'digest', wrapped: Buffer.from('first') }]);
        await storage.create(ledger, [{ keyid: 'digest', wrapped: Buffer.from('second') }]);
        const term = await storage.takeTerm(ledger);
        await term.append(1, [Buffer.from('one')], [{ keyid: 'k', wrapped: Buffer.from('kept') }]);
        await expect(
          term.append(5, [Buffer.from('five')], [{ keyid: 'lost', wrapped: Buffer.from('lost') }]),
        ).rejects.toThrow();

        const keys = await (await open()).keys(ledger, ['digest', 'k', 'lost']);

        expect(keys.map(({ keyid, wrapped }) => [keyid, Buffer.from(wrapped).toString()]).sort()).toEqual([
          ['digest', 'first'],
          ['k', 'kept'],
        ]);
      });
    });

    describe('terms', () => {
      test('a later term fences the earlier one: it can neither write nor prove', async () => {
        const { storage, term } = await opener();
        await term.append(1, [Buffer.from('one')], []);
        const successor = await (await open()).takeTerm(ledger);
        expect(successor.number).toBeGreaterThan(term.number);

        await expect(term.append(2, [Buffer.from('zombie')], [])).rejects.toThrow(Fenced);
        await expect(term.prove()).rejects.toThrow(Fenced);
        await successor.prove();
        await successor.append(2, [Buffer.from('two')], []);

        expect(await texts(storage)).toEqual(['one', 'two']);
      });

      test('of two terms taken at once only one goes on', async () => {
        const { storage } = await opener();
        const other = await open();
        const terms = await Promise.all([storage.takeTerm(ledger), other.takeTerm(ledger)]);
        const results = await Promise.allSettled(terms.map((one) => one.append(1, [Buffer.from('x')], [])));
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await storage.end(ledger)).toBe(1);
      });

      test('what an append in flight becomes is settled before the next term is', async () => {
        const { storage, term } = await opener();
        const inFlight = term.append(1, [Buffer.from('late')], []).then(
          () => 'written',
          () => 'not written',
        );
        await (await open()).takeTerm(ledger);
        const seen = await storage.end(ledger);
        expect(await inFlight).toBe(seen === 1 ? 'written' : 'not written');
        expect(await storage.end(ledger)).toBe(seen);
      });
    });

    describe('snapshots', () => {
      const partsOf = async (storage: LedgerStorage): Promise<{ manifest: string; parts: string[] } | undefined> => {
        const kept = await storage.snapshot(ledger);
        if (kept === undefined) return undefined;
        const parts: string[] = [];
        for await (const part of kept.parts) parts.push(Buffer.from(part).toString());
        return { manifest: Buffer.from(kept.manifest).toString(), parts };
      };

      test('are kept whole or not at all, and the newest takes the place of the one before', async () => {
        const { storage, term } = await opener();
        expect(await partsOf(storage)).toBeUndefined();
        const large = 'x'.repeat(300_000);
        for (const which of ['first', 'second', 'third']) {
          const before = await partsOf(await open());
          for (const part of [0, 1, 2]) {
            await term.keepPart(which, part, Buffer.from(`${which} ${part} ${large}`));
            expect(await partsOf(await open())).toEqual(before);
          }
          await term.keepSnapshot(which, Buffer.from(`manifest of ${which}`));
          const parts = [0, 1, 2].map((part) => `${which} ${part} ${large}`);
          expect(await partsOf(storage)).toEqual({ manifest: `manifest of ${which}`, parts });
        }
        // Cut, by a process that is no more: the next one writes its own.
        await term.keepPart('cut', 0, Buffer.from('cut'));
        const later = await open();
        const successor = await later.takeTerm(ledger);
        await successor.keepPart('fourth', 0, Buffer.from('whole'));
        await successor.keepSnapshot('fourth', Buffer.from('manifest'));
        expect(await partsOf(storage)).toEqual({ manifest: 'manifest', parts: ['whole'] });
      });

      test('are fenced like the log', async () => {
        const { storage, term } = await opener();
        await term.keepPart('zombie', 0, Buffer.from('of an earlier term'));
        const successor = await (await open()).takeTerm(ledger);
        await expect(term.keepSnapshot('zombie', Buffer.from('manifest'))).rejects.toThrow(Fenced);
        expect(await partsOf(storage)).toBeUndefined();
        await successor.keepPart('own', 0, Buffer.from('part'));
        await successor.keepSnapshot('own', Buffer.from('manifest'));
        await expect(term.keepPart('zombie', 1, Buffer.from('late'))).rejects.toThrow(Fenced);
        expect(await partsOf(await open())).toEqual({ manifest: 'manifest', parts: ['part'] });
      });

      test('a term goes on appending between the parts of a snapshot', async () => {
        const { storage, term } = await opener();
        await term.append(1, [Buffer.from('one')], []);
        await term.keepPart('s', 0, Buffer.from('part'));
        await term.append(2, [Buffer.from('two'), Buffer.from('three')], []);
        await term.keepSnapshot('s', Buffer.from('manifest'));
        const place = await term.append(4, [Buffer.from('four')], []);
        expect(await texts(storage)).toEqual(['one', 'two', 'three', 'four']);
        // Where it says that the last one lies, it is found.
        const [last] = await (await open()).read(ledger, 3, 1, place);
        expect(Buffer.from(last?.bytes ?? []).toString()).toBe('four');
      });
    });

    describe('the writer on it', () => {
      const master = new MasterKey(Buffer.alloc(32, 7));
      const writersOn = async (
        options: Partial<WriterOptions> = {},
        wrap: (storage: LedgerStorage) => LedgerStorage = (storage) => storage,
      ): Promise<Writers> => {
        const storage = wrap(await open());
        return new Writers(storage, master, codec, { mayClaim: async () => true, ...options });
      };
      const opened1 = async (): Promise<Writers> => {
        const writers = await writersOn();
        await writers.execute(request({ act: 'open-ledger', origin: { title: 'Contract' } }));
        return writers;
      };
      const request = (act: Act, more: Partial<Request> = {}): Request => ({
        ledger,
        act,
        canonicalBody: JSON.stringify(act),
        recorder: 'k1',
        commandKey: randomUUID(),
        ...more,
      });
      const register = (id: string, more: Partial<Request> = {}): Request =>
        request({ act: 'register-actor', id, actor: { names: [{ text: id }], kind: 'state' } }, more);
      const incident = (id: string): Request =>
        request({ act: 'record-incident', id, incident: { kind: 'single', method: 'rocket', parties: [] } });
      const correct = (id: string, title: string, version: number, more: Partial<Request> = {}): Request =>
        request(
          {
            act: 'correct-incident',
            id,
            incident: { title, kind: 'single', method: 'rocket', parties: [] },
            reason: 'test',
          },
          { expect: [{ entity: id, version }], ...more },
        );
      const records = async (): Promise<{ id: string; sequence: number; commandid: string; recordedtime: string }[]> =>
        (await (await open()).read(ledger, 0, 10_000)).map(({ bytes, sequence }) => {
          const record = codec.decode(bytes);
          expect(record.sequence).toBe(sequence);
          return { ...record, id: record.data.changes[0]?.entity ?? '' };
        });
      const settled = (outcomes: Promise<Outcome>[]): Promise<PromiseSettledResult<Outcome>[]> =>
        Promise.allSettled(outcomes);

      test('answers with entity, version and position, and many at once with few appends', async () => {
        let appends = 0;
        const writers = await writersOn({}, (storage) => withAppend(storage, (append) => ((appends += 1), append())));
        await writers.execute(request({ act: 'open-ledger', origin: { title: 'Contract' } }));
        const outcomes = await Promise.all(
          [...Array(500).keys()].map((index) => writers.execute(register(`a${index}`))),
        );
        expect(outcomes.map(({ position }) => position)).toEqual(outcomes.map((_, index) => index + 2));
        expect(outcomes[7]).toEqual({ entity: 'a7', version: 1, position: 9 });
        expect(appends).toBeLessThan(20);
        expect((await records()).map(({ sequence }) => sequence)).toEqual([...Array(501).keys()].map((n) => n + 1));
      });

      test('of many that expect one version exactly one wins, also over two processes', async () => {
        const [a, b] = [await opened1(), await writersOn()];
        await a.execute(incident('i'));
        const tries = [...Array(20).keys()].map((n) => (n % 2 === 0 ? a : b).execute(correct('i', `title ${n}`, 1)));
        const results = await settled(tries);
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'wrong-version' });
        }
        expect(await records()).toHaveLength(3);
      });

      test('A5: a repeated command id gives the first outcome, in the same round, after a restart, elsewhere', async () => {
        const writers = await opened1();
        const once = register('a');
        const [first, again] = await Promise.all([writers.execute(once), writers.execute(once)]);
        expect(again).toEqual(first);
        await writers.execute(register('b'));
        expect(await writers.execute(once)).toEqual(first);
        expect(await (await writersOn()).execute(once)).toEqual(first);
        expect(await records()).toHaveLength(3);
      });

      test('A5: a repeated command id with another body, and the same id of another recorder', async () => {
        const writers = await opened1();
        await writers.execute(register('a', { commandKey: 'once' }));
        await expect(writers.execute(register('b', { commandKey: 'once' }))).rejects.toMatchObject({
          code: 'command-id-reused',
        });
        await writers.execute(register('b', { commandKey: 'once', recorder: 'k2' }));
        expect(await records()).toHaveLength(3);
      });

      test('A5: a refused or unchanged command leaves no trace, its id is free', async () => {
        const writers = await opened1();
        await writers.execute(incident('i'));
        await expect(writers.execute(incident('i'))).rejects.toMatchObject({ code: 'id-taken' });
        await writers.execute(correct('i', 'same', 1));
        const unchanged = await writers.execute(correct('i', 'same', 2, { commandKey: 'free' }));
        expect(unchanged).toEqual({ entity: 'i', version: 2, position: 3, unchanged: true });
        await writers.execute(register('a', { commandKey: 'free' }));
        expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'i', 'i', 'a']);
      });

      test('A5: what changed nothing names the end at which that was so, not what its round recorded after it', async () => {
        const writers = await opened1();
        await writers.execute(incident('i'));
        await writers.execute(correct('i', 'same', 1));
        const [, unchanged] = await Promise.all([
          // Has a round of its own, for which the others wait.
          writers.execute(register('a')),
          writers.execute(correct('i', 'same', 2)),
          writers.execute(correct('i', 'other', 2)),
        ]);
        expect(unchanged).toEqual({ entity: 'i', version: 2, position: 4, unchanged: true });
      });

      test('A1: a former owner that wakes up contradicts nothing the log says', async () => {
        const zombie = await opened1();
        await zombie.execute(incident('i'));
        const owner = await writersOn();
        const accepted = register('a');
        const first = await owner.execute(accepted);
        await owner.execute(correct('i', 'by the owner', 1));
        const statement = request({
          act: 'record-incident',
          id: 'j',
          incident: { kind: 'single', method: 'rocket', parties: [{ actor: 'a', side: 'target' }] },
        });

        const [repeat, stale, noop, reference] = await settled([
          zombie.execute(accepted),
          zombie.execute(correct('i', 'by the zombie', 1)),
          zombie.execute(correct('i', 'by the owner', 2)),
          zombie.execute(statement),
        ]);

        expect(repeat).toMatchObject({ value: first });
        expect(stale).toMatchObject({ reason: { code: 'wrong-version', details: { current: [{ version: 2 }] } } });
        expect(noop).toMatchObject({ value: { unchanged: true, version: 2 } });
        expect(reference).toMatchObject({ value: { entity: 'j' } });
      });

      test('A1: each such answer alone needs proof, refusals and needless ones too', async () => {
        const zombie = await opened1();
        await zombie.execute(incident('i'));
        for (const [round, probe] of [
          () => correct('i', 'stale', 1),
          () => correct('i', 'round 1', 3),
          () => incident('i'),
        ].entries()) {
          const owner = await writersOn({ mayClaim: async () => false });
          await owner.execute(correct('i', `round ${round}`, round + 1));
          const answer = await zombie.execute(probe()).then(
            (outcome) => outcome,
            (error: unknown) => error,
          );
          if (round === 0)
            expect(answer).toMatchObject({ code: 'wrong-version', details: { current: [{ version: 2 }] } });
          if (round === 1) expect(answer).toMatchObject({ unchanged: true, version: 3 });
          if (round === 2) expect(answer).toMatchObject({ code: 'id-taken' });
        }
      });

      test('A3: one that was fenced and may not claim lets go instead of fencing back', async () => {
        let mine = true;
        const zombie = await writersOn({ mayClaim: async () => mine });
        await zombie.execute(request({ act: 'open-ledger', origin: { title: 'Contract' } }));
        const owner = await writersOn({ mayClaim: async () => false });
        await owner.execute(register('a'));
        mine = false;
        await expect(zombie.execute(register('b'))).rejects.toMatchObject({ code: 'not-owner' });
        await owner.execute(register('c'));
        expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'a', 'c']);
      });

      test('A3: what waited while the ledger was lost is not decided when it has come back', async () => {
        await opened1();
        let lost: Promise<void> | undefined;
        const writers: Writers = await writersOn({}, (storage) =>
          withAppend(storage, async (append) => {
            if (lost !== undefined) return append();
            lost = writers.release(ledger);
            throw new Error('The connection broke before the request.');
          }),
        );
        await expect(writers.execute(register('a'))).rejects.toMatchObject({ code: 'not-owner' });
        await lost;
        expect(await records()).toHaveLength(1);
        expect(await writers.execute(register('b'))).toMatchObject({ position: 2 });
      });

      test.each(['landed', 'not landed', 'lands late'] as const)(
        'A3: an append without an answer that %s: in the log once, acknowledged once',
        async (fate) => {
          await opened1();
          let broken = true;
          const late: Promise<unknown>[] = [];
          const writers = await writersOn({}, (storage) =>
            withAppend(storage, async (append) => {
              if (!broken) return append();
              broken = false;
              if (fate === 'landed') await append();
              if (fate === 'lands late') late.push(append().catch(() => undefined));
              throw new Error('The connection broke before the answer.');
            }),
          );
          const outcomes = await Promise.all(['a', 'b', 'c'].map((id) => writers.execute(register(id))));
          await Promise.all(late);
          expect(outcomes.map(({ position }) => position)).toEqual([2, 3, 4]);
          expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'a', 'b', 'c']);
        },
      );

      test('A3: where the storage stays away, callers are told to repeat, and later commands work', async () => {
        await opened1();
        let away = true;
        const writers = await writersOn({}, (storage) =>
          withAppend(storage, async (append) => {
            if (away) throw new Error('No route to storage.');
            return append();
          }),
        );
        const command = register('a');
        await expect(writers.execute(command)).rejects.toMatchObject({ code: 'unavailable' });
        away = false;
        expect(await writers.execute(command)).toEqual({ entity: 'a', version: 1, position: 2 });
      });

      describe('A9: with snapshots', () => {
        const keeping = { snapshotDueAfter: () => 10 };
        /** Commands of every kind of entity, some of them refused or repeated. */
        const some = (from: number, to: number): Request[] =>
          Array.from({ length: to - from }, (_, n) => from + n).flatMap((n) => [
            register(`a${n}`, { commandKey: `a${n}` }),
            incident(`i${n}`),
            ...(n > from ? [correct(`i${n - 1}`, `title ${n}`, 1)] : []),
            register(`a${n}`, { commandKey: `taken-${n}` }),
          ]);
        /** The log from its first record on, folded, as bytes. */
        const wholeFold = async (): Promise<Buffer> => {
          const committed = new Committed(ledger);
          for (const { bytes, place } of await (await open()).read(ledger, 0, 10_000)) {
            committed.fold(codec.decode(bytes), bytes, place);
          }
          return bytesOf(committed);
        };
        /** The snapshot that is kept, and what follows it. */
        const recalled = async (): Promise<{ committed: Committed; from: number; told: string[] }> => {
          const storage = await open();
          const told: string[] = [];
          const committed = await recall(storage, ledger, (message) => told.push(message));
          const from = committed.end;
          for (const { bytes, place } of await storage.read(ledger, from, 10_000)) {
            committed.fold(codec.decode(bytes), bytes, place);
          }
          return { committed, from, told };
        };
        const bytesOf = (committed: Committed): Buffer => {
          const snapshot = committed.snapshot();
          const parts: Buffer[] = [];
          for (let part = snapshot.next(); part !== undefined; part = snapshot.next()) parts.push(part);
          const { place: _, ...manifest } = snapshot.manifest();
          return Buffer.concat([...parts, Buffer.from(JSON.stringify(manifest))]);
        };
        const filled = async (): Promise<Writers> => {
          await opened1();
          const writers = await writersOn(keeping);
          for (let n = 0; n < 5; n += 1) await writers.executeAll(ledger, some(n * 20, n * 20 + 20));
          await writers.release(ledger);
          return writers;
        };

        test('fold of the whole log == snapshot + tail, byte for byte', async () => {
          const writers = await filled();
          // A tail without a snapshot of its own.
          const others = await writersOn({ snapshotDueAfter: () => 1_000 });
          await others.executeAll(ledger, some(200, 210));
          const { committed, from, told } = await recalled();
          expect(told).toEqual([]);
          expect(from).toBeGreaterThan(50);
          expect(from).toBeLessThan(committed.end);
          expect(bytesOf(committed).equals(await wholeFold())).toBe(true);
          await writers.drain();
        });

        test('a next term goes on from it: first outcomes, versions and refusals are what they were', async () => {
          await filled();
          const read: number[] = [];
          const next = await writersOn(keeping, (storage) => withReads(storage, (after) => read.push(after)));
          const { position } = await next.execute(register('a7', { commandKey: 'a7' }));
          expect((await records())[position - 1]).toMatchObject({ id: 'a7' });
          await expect(next.execute(register('a7'))).rejects.toMatchObject({ code: 'id-taken' });
          await expect(next.execute(register('b', { commandKey: 'a7' }))).rejects.toMatchObject({
            code: 'command-id-reused',
          });
          await expect(next.execute(correct('i3', 'late', 1))).rejects.toMatchObject({ code: 'wrong-version' });
          expect(await next.execute(correct('i3', 'in time', 2))).toMatchObject({ version: 3 });
          // It did not read the log from its beginning.
          expect(Math.min(...read)).toBeGreaterThan(50);
        });

        test.each<[string, (manifest: SnapshotManifest) => SnapshotManifest]>([
          ['of another format', (manifest) => ({ ...manifest, format: manifest.format + 1 })],
          ['of another evolve', (manifest) => ({ ...manifest, evolve: manifest.evolve + 1 })],
          ['of another ledger', (manifest) => ({ ...manifest, ledger: 'another' })],
          ['of another log', (manifest) => ({ ...manifest, record: '0'.repeat(64) })],
          ['that ends elsewhere', (manifest) => ({ ...manifest, sequence: manifest.sequence - 1 })],
          ['past the end of the log', (manifest) => ({ ...manifest, sequence: manifest.sequence + 1_000_000 })],
          ['of which a part is missing', (manifest) => ({ ...manifest, parts: manifest.parts + 1 })],
          ['of which a byte was changed', (manifest) => ({ ...manifest, sha256: '0'.repeat(64) })],
        ])('one %s is passed over, and the log read from its first record', async (_, change) => {
          await filled();
          const storage = await open();
          const kept = await storage.snapshot(ledger);
          const term = await storage.takeTerm(ledger);
          let part = 0;
          for await (const bytes of kept?.parts ?? []) await term.keepPart('changed', part++, bytes);
          const manifest = JSON.parse(Buffer.from(kept?.manifest ?? []).toString()) as SnapshotManifest;
          await term.keepSnapshot('changed', Buffer.from(JSON.stringify(change(manifest))));

          const { committed, from, told } = await recalled();
          expect(from).toBe(0);
          expect(told).toEqual([expect.stringContaining('is read from its first record')]);
          expect(bytesOf(committed).equals(await wholeFold())).toBe(true);
          const next = await writersOn();
          expect(await next.execute(register('next'))).toMatchObject({ position: committed.end + 1 });
        });

        test('what was decided and never committed is in none', async () => {
          await opened1();
          let broken = false;
          const zombie = await writersOn({ snapshotDueAfter: () => 1 }, (storage) =>
            withAppend(storage, async (append) => {
              if (broken) throw new Error('The connection broke before the request.');
              return append();
            }),
          );
          await zombie.execute(register('a'));
          broken = true;
          await expect(zombie.executeAll(ledger, some(0, 20))).rejects.toMatchObject({ code: 'unavailable' });
          await zombie.drain();
          const { committed, told } = await recalled();
          expect(told).toEqual([]);
          expect(committed.end).toBe(2);
          expect(bytesOf(committed).equals(await wholeFold())).toBe(true);
        });

        test('A3: one that was fenced while it kept a snapshot, and may not claim, lets go too', async () => {
          await opened1();
          let owner: Writers | undefined;
          const zombie = await writersOn(
            { snapshotDueAfter: () => 1, mayClaim: async () => owner === undefined },
            (storage) =>
              withTerm(storage, (term) => ({
                keepPart: async (snapshot, part, bytes) => {
                  const successor = await writersOn({ mayClaim: async () => false });
                  await successor.execute(register('b'));
                  owner = successor;
                  return term.keepPart(snapshot, part, bytes);
                },
              })),
          );
          await zombie.execute(register('a'));
          // Waits for the part that is being kept.
          await expect(zombie.execute(register('late'))).rejects.toMatchObject({ code: 'not-owner' });
          expect(await owner?.execute(register('c'))).toMatchObject({ position: 4 });
          expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'a', 'b', 'c']);
        });

        test('one that cannot be kept keeps nobody from recording', async () => {
          await opened1();
          const told: string[] = [];
          const writers = await writersOn({ ...keeping, log: (message) => told.push(message) }, (storage) =>
            withParts(storage, async () => {
              throw new Error('No room for parts.');
            }),
          );
          for (let n = 0; n < 5; n += 1) await writers.executeAll(ledger, some(n * 20, n * 20 + 20));
          await writers.drain();
          expect(told.filter((message) => message.includes('No room for parts.')).length).toBeGreaterThan(0);
          expect((await recalled()).from).toBe(0);
          expect(await records()).toHaveLength(1 + 5 * 59);
        });
      });

      test('A14: one command the storage can never take fails alone', async () => {
        await opened1();
        const writers = await writersOn({}, (storage) =>
          withAppend(storage, async (append, batch) => {
            if (batch.some((bytes) => Buffer.from(bytes).includes('poison'))) throw new Refused('poison');
            return append();
          }),
        );
        const ids = [...Array(37).keys()].map((n) => (n === 20 ? 'poison' : `a${n}`));
        const results = await settled(ids.map((id) => writers.execute(register(id))));
        expect(results.map(({ status }) => status === 'fulfilled')).toEqual(ids.map((id) => id !== 'poison'));
        expect(results[20]).toMatchObject({ reason: { code: 'not-storable' } });
        expect(await records()).toHaveLength(37);
      });

      test('commands that come together are decided in order, over several rounds', async () => {
        const writers = await writersOn({ roundCommandsMax: 3 });
        const opening = request({ act: 'open-ledger', origin: { title: 'Contract' } });
        const twice = register('a');
        const verdicts = await writers.executeAll(ledger, [
          opening,
          twice,
          incident('i'),
          incident('i'),
          twice,
          register('b'),
        ]);
        expect(verdicts).toEqual([
          expect.objectContaining({ position: 1 }),
          { entity: 'a', version: 1, position: 2 },
          { entity: 'i', version: 1, position: 3 },
          expect.objectContaining({ code: 'id-taken' }),
          { entity: 'a', version: 1, position: 2 },
          { entity: 'b', version: 1, position: 4 },
        ]);
        expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'a', 'i', 'b']);
      });

      test('of commands that come together none is decided where an earlier one was given up', async () => {
        await opened1();
        let appends = 0;
        const writers = await writersOn({ roundCommandsMax: 3 }, (storage) =>
          withAppend(storage, async (append) => {
            appends += 1;
            // The second round is given up after three attempts, and the storage is well again at once.
            if (appends >= 2 && appends <= 4) throw new Error('No route to storage.');
            return append();
          }),
        );
        const together = [...Array(9).keys()].map((n) => register(`a${n}`));
        const batch = writers.executeAll(ledger, together);
        const [all, alone] = await Promise.allSettled([batch, writers.execute(register('alone'))]);
        expect(all).toMatchObject({ reason: { code: 'unavailable' } });
        expect(alone).toMatchObject({ value: { entity: 'alone' } });
        expect((await records()).map(({ id }) => id)).toEqual(['ledger', 'a0', 'a1', 'a2', 'alone']);

        const again = await writers.executeAll(ledger, together);
        expect(again.map((one) => (one as Outcome).position)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11]);
      });

      test('A14: the queue is bounded, and says so', async () => {
        const writers = await writersOn({ queueCommandsMax: 5 });
        await writers.execute(request({ act: 'open-ledger', origin: { title: 'Contract' } }));
        const results = await settled([...Array(20).keys()].map((n) => writers.execute(register(`a${n}`))));
        const refused = results.filter(({ status }) => status === 'rejected');
        expect(refused.length).toBeGreaterThan(0);
        for (const one of refused) expect(one).toMatchObject({ reason: { code: 'busy' } });
        expect(await records()).toHaveLength(1 + results.length - refused.length);
      });

      test('A11: recordedtime never falls, whatever the clock does', async () => {
        const times = [5_000, 9_000, 2_000, 7_000];
        const writers = await writersOn({ now: () => times.shift() ?? 0 });
        await writers.execute(request({ act: 'open-ledger', origin: { title: 'Contract' } }));
        for (const id of ['a', 'b', 'c']) await writers.execute(register(id));
        expect((await records()).map(({ recordedtime }) => recordedtime.slice(17, 19))).toEqual([
          '05',
          '09',
          '09',
          '09',
        ]);
      });

      test('a record larger than 65,535 bytes is refused and leaves nothing', async () => {
        const writers = await opened1();
        const names = [...Array(40)].map(() => ({ text: 'x'.repeat(2_000) }));
        const large = request({ act: 'register-actor', id: 'large', actor: { names, kind: 'state' } });
        await expect(writers.execute(large)).rejects.toMatchObject({ code: 'record-too-large' });
        expect(await records()).toHaveLength(1);
      });

      test('private text: the log shows none of it, its key is kept, the digest does not hang on it', async () => {
        const writers = await opened1();
        const person = (text: string): Request => ({
          ...request({ act: 'register-actor', id: 'p', actor: { names: [], kind: 'person' } }),
          act: {
            act: 'register-actor',
            id: 'p',
            actor: { names: [{ text: { private: true, text } }], kind: 'person' },
          },
          canonicalBody: '{"names":[{"text":{"private":true}}]}',
          commandKey: 'once',
        });
        const first = await writers.execute(person('A Private Name'));
        expect(await writers.execute(person('Spelt Otherwise'))).toEqual(first);
        const storage = await open();
        const [, stored] = await storage.read(ledger, 0);
        const bytes = Buffer.from(stored?.bytes ?? []);
        expect(bytes.includes('Private Name')).toBe(false);
        const record = codec.decode(bytes);
        const sealed = record.name === 'ActorRegistered' ? record.data.actor.names[0]?.text : undefined;
        expect(sealed).toMatchObject({ keyhash: expect.any(String) });
        expect(await storage.keys(ledger, [(sealed as { keyid: string }).keyid])).toHaveLength(1);
      });

      test('drains: who waits is answered, who comes later is not', async () => {
        const writers = await opened1();
        const waiting = [...Array(50).keys()].map((n) => writers.execute(register(`a${n}`)));
        const drained = writers.drain();
        await expect(writers.execute(register('late'))).rejects.toBeInstanceOf(WriteFailure);
        await drained;
        expect(await Promise.all(waiting)).toHaveLength(50);
      });
    });
  });
}

const codec = recordCodec();

/** The same storage, with something happening around every append. */
function withAppend(
  storage: LedgerStorage,
  around: (append: () => ReturnType<Term['append']>, records: readonly Uint8Array[]) => ReturnType<Term['append']>,
): LedgerStorage {
  return withTerm(storage, (term) => ({
    append: (first, records, keys) => around(() => term.append(first, records, keys), records),
  }));
}

function withTerm(storage: LedgerStorage, wrap: (term: Term) => Partial<Term>): LedgerStorage {
  return new Proxy(storage, {
    get(target, property: keyof LedgerStorage) {
      if (property !== 'takeTerm') return target[property].bind(target);
      return async (ledger: string): Promise<Term> => {
        const term = await target.takeTerm(ledger);
        return {
          number: term.number,
          prove: () => term.prove(),
          append: (first, records, keys) => term.append(first, records, keys),
          keepPart: (snapshot, part, bytes) => term.keepPart(snapshot, part, bytes),
          keepSnapshot: (snapshot, manifest) => term.keepSnapshot(snapshot, manifest),
          ...wrap(term),
        };
      };
    },
  });
}

function withParts(storage: LedgerStorage, keepPart: Term['keepPart']): LedgerStorage {
  return withTerm(storage, () => ({ keepPart }));
}

function withReads(storage: LedgerStorage, tell: (after: number) => void): LedgerStorage {
  return new Proxy(storage, {
    get(target, property: keyof LedgerStorage) {
      if (property !== 'read') return target[property].bind(target);
      const read: LedgerStorage['read'] = (ledger, after, ...more) => {
        tell(after);
        return target.read(ledger, after, ...more);
      };
      return read;
    },
  });
}
