/**
 * A topic is not alone with its writer: whoever may write to it does. Nothing of what they write counts, nothing of it
 * holds anybody up, and every reader is of the same opinion.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import kafkajs, { type Message } from 'kafkajs';
import { Fenced, UnknownLedger, Unreadable, type Writers } from '#ledger';
import { describeWithKafka, sharedKafka } from '#testing';
import { Brokers, connectKafka } from './client.js';
import { KafkaStorage, type KafkaStorageOptions } from './storage.js';
import { clientOf, forged, idsOf, open, readAnew, register, Stranger, TERM, writersOn } from './test-ledger.js';
import { eventsTopic } from './topics.js';

describeWithKafka('foreign records', () => {
  let brokers: string[];
  let raw: Brokers;
  let ledger: string;
  let storages: KafkaStorage[];
  let strangers: Stranger[];

  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
    raw = new Brokers(connectKafka({ brokers }));
  });
  afterAll(() => raw.close());
  beforeEach(() => {
    ledger = `foreign-${randomUUID().slice(0, 8)}`;
    [storages, strangers] = [[], []];
  });
  afterEach(async () => {
    await Promise.all([...storages.map((one) => one.close()), ...strangers.map((one) => one.leave())]);
  });

  const storageOf = (options: Partial<KafkaStorageOptions> = {}): KafkaStorage => {
    const storage = new KafkaStorage({ brokers, ...options });
    storages.push(storage);
    return storage;
  };
  const stranger = async (transactionalId?: string): Promise<Stranger> => {
    const one = await Stranger.at(brokers, transactionalId);
    strangers.push(one);
    return one;
  };
  const opened = async (storage = storageOf()): Promise<Writers> => {
    const writers = writersOn(storage);
    await writers.execute(open(ledger));
    return writers;
  };
  /** Counts the terms that are taken of a storage. */
  const termsOf = (storage: KafkaStorage): { count: number } => {
    const taken = { count: 0 };
    const take = storage.takeTerm.bind(storage);
    storage.takeTerm = async (one) => {
      taken.count += 1;
      return take(one);
    };
    return taken;
  };
  const where = async (): Promise<number> => raw.endOffset(eventsTopic(ledger));

  test('every reader yields what was acknowledged, whatever lies between', async () => {
    const [own, other] = [storageOf(), storageOf()];
    const writers = [await opened(own), writersOn(other)];
    const [a, b, c] = [await stranger(), await stranger(), await stranger()];
    const acknowledged = ['ledger'];
    const write = async (by: number, count = 1): Promise<void> => {
      const ids = [...Array(count).keys()].map((n) => `a${acknowledged.length + n}`);
      const outcomes = await Promise.all(ids.map((id) => writers[by]!.execute(register(ledger, id))));
      expect(outcomes.map(({ position }) => position)).toEqual(ids.map((_, n) => acknowledged.length + 1 + n));
      acknowledged.push(...ids);
    };
    const next = (): number => acknowledged.length + 1;
    const likeAMarker = Buffer.from([0, 0, 0, 0]);

    for (let round = 0; round < 3; round += 1) {
      await write(0, 3);
      // Three transactions of others lie across each other, and across ours.
      await a.write(ledger, forged(next()), forged(next() + 1));
      await b.write(ledger, forged(next(), likeAMarker));
      await write(0);
      await c.write(ledger, forged(next()));
      await a.write(ledger, forged(next()));
      await b.end('abort');
      await write(0, 2);
      await a.end('abort');
      await b.write(ledger, forged(next()));
      await c.end(round === 1 ? 'commit' : 'abort');
      await write(1);
      await a.writePlainly(ledger, forged(next(), likeAMarker), { value: null }, { value: 'x'.repeat(100_000) });
      await b.end('commit');
      await write(1, 4);
      await write(0);
    }
    await c.write(ledger, forged(next()));
    await write(0, 2);

    const whole = await storageOf().read(ledger, 0, 10_000);
    expect(idsOf(whole)).toEqual(acknowledged);
    for (const reader of [own, other, storageOf()]) {
      expect(await reader.end(ledger)).toBe(acknowledged.length);
      expect(await reader.read(ledger, 0, 10_000)).toEqual(whole);
      // In small portions, and from anywhere, forwards and backwards.
      for (let after = 0; after < whole.length; after += 5) {
        expect(await reader.read(ledger, after, 5)).toEqual(whole.slice(after, after + 5));
      }
      for (let after = whole.length - 1; after >= 0; after -= 7) {
        expect((await reader.read(ledger, after, 3)).at(0)).toEqual(whole[after]);
      }
    }
    for (const [index, { place }] of whole.entries()) {
      if (index % 9 !== 0) continue;
      const reader = storageOf();
      expect(await reader.read(ledger, index, 10_000, place)).toEqual(whole.slice(index));
    }
    // A place that is wrong in any way is no harm.
    for (const place of ['', 'x', '-1', '0', '3', '1e9', String((await where()) - 1), whole[9]?.place]) {
      expect(await storageOf().read(ledger, 4, 10_000, place)).toEqual(whole.slice(4));
    }
    expect(await own.read(ledger, whole.length)).toEqual([]);
    expect(await own.read(ledger, whole.length + 5)).toEqual([]);
  });

  test.each<[string, (one: Stranger) => Promise<void>]>([
    ['outside of a transaction', (one) => one.writePlainly(ledger, forged(3))],
    ['in a transaction that is open', (one) => one.write(ledger, forged(3))],
    ['in a transaction that was aborted', async (one) => (await one.write(ledger, forged(3)), one.end('abort'))],
    ['in a transaction that was committed', async (one) => (await one.write(ledger, forged(3)), one.end('commit'))],
  ])('the owner notices a record written %s with its next batch, and goes on under a new term', async (_, write) => {
    const storage = storageOf();
    const terms = termsOf(storage);
    const writers = await opened(storage);
    await writers.execute(register(ledger, 'a'));
    expect(terms.count).toBe(1);
    await write(await stranger());

    expect(await writers.execute(register(ledger, 'b'))).toMatchObject({ position: 3 });
    expect(terms.count).toBe(2);
    expect(await writers.execute(register(ledger, 'c'))).toMatchObject({ position: 4 });
    expect(terms.count).toBe(2);
    expect(await readAnew(brokers, ledger)).toEqual(['ledger', 'a', 'b', 'c']);
  });

  test('a proof fails behind a foreign record, and is given under a new term', async () => {
    const storage = storageOf();
    const writers = await opened(storage);
    const term = await storage.takeTerm(ledger);
    await term.prove();
    await (await stranger()).writePlainly(ledger, forged(2));
    await expect(term.prove()).rejects.toThrow(Fenced);
    await expect(term.append(2, [Buffer.from('late')], [])).rejects.toThrow(Fenced);
    await expect(writers.execute({ ...register(ledger, 'a'), commandKey: 'open' })).rejects.toMatchObject({
      code: 'command-id-reused',
    });
  });

  test('a transaction that nobody ends holds up neither writing nor reading, and is told of', async () => {
    const watching = storageOf();
    const writers = await opened();
    const hung = await stranger();
    await hung.write(ledger, forged(2), { value: 'x'.repeat(10_000) });
    const appended = new Set<string>();
    watching.onAppend((changed) => appended.add(changed));

    for (const id of ['a', 'b', 'c']) {
      await writers.execute(register(ledger, id));
      expect(await readAnew(brokers, ledger)).toContain(id);
    }
    // It was open all the time: whoever trusts Kafka's own idea of "committed" has seen nothing of it.
    const { lastStableOffset, highWatermark } = await raw.fetch(eventsTopic(ledger), 0, 1, 0);
    expect(Number(lastStableOffset)).toBe(4);
    expect(Number(highWatermark)).toBeGreaterThan(10);
    await until(() => watching.hungFor(100).includes(ledger));
    expect(watching.hungFor(3_600_000)).toEqual([]);
    expect(appended).toContain(ledger);

    await hung.end('abort');
    await until(() => !watching.hungFor(0).includes(ledger));
    expect(await watching.read(ledger, 0)).toHaveLength(4);
  });

  test('what does not count is told with its offset and the reason', async () => {
    const lines: string[] = [];
    const storage = storageOf({ log: (line) => lines.push(line) });
    const writers = await opened(storage);
    const one = await stranger();
    const first = await where();
    await one.writePlainly(ledger, forged(2));
    await one.write(ledger, forged(2), forged(3));
    await one.end('commit');
    await one.write(ledger, forged(2));
    await one.end('abort');
    await writers.execute(register(ledger, 'a'));

    expect(storage.quarantine().get(ledger)).toEqual({
      count: 3,
      first: [
        { offset: first, why: 'it was written outside of any transaction' },
        { offset: first + 1, why: 'its producer does not hold the current term' },
        { offset: first + 2, why: 'its producer does not hold the current term' },
      ],
    });
    expect(lines.filter((line) => line.includes(`offset ${first + 1} of its topic`))).toHaveLength(1);
    expect(await storage.read(ledger, 0)).toHaveLength(2);
    expect(storage.quarantine().get(ledger)?.count).toBe(3);
  });

  test('thousands of foreign records are counted up to a thousand, and told of twenty times', async () => {
    const lines: string[] = [];
    const storage = storageOf({ log: (line) => lines.push(line) });
    const writers = await opened(storage);
    await (await stranger()).writePlainly(ledger, ...[...Array(3_000)].map((): Message => ({ value: 'noise' })));
    await writers.execute(register(ledger, 'a'));
    expect(storage.quarantine().get(ledger)?.count).toBe(1_000);
    expect(lines.filter((line) => line.startsWith('Not a record of'))).toHaveLength(20);
  });

  // kafkajs knows gzip alone, and stumbles over the rest: the broker has to unpack what comes packed.
  test('a foreign record that is compressed in a way we cannot read stops nobody', async () => {
    const writers = await opened();
    const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
    const cannot = codecs[types.Snappy];
    codecs[types.Snappy] = () => ({ compress: async ({ buffer }: { buffer: Buffer }) => snappy(buffer) });
    try {
      const producer = clientOf(brokers).producer();
      await producer.connect();
      const messages = [{ value: 'x'.repeat(50) }];
      await producer.send({ topic: eventsTopic(ledger), compression: types.Snappy, messages });
      await producer.disconnect();
    } finally {
      codecs[types.Snappy] = cannot;
    }
    await writers.execute(register(ledger, 'a'));
    expect(await readAnew(brokers, ledger)).toEqual(['ledger', 'a']);
  });

  test('two deployments of whatever settings fence each other, and every answer is true', async () => {
    const blue = storageOf();
    const green = new KafkaStorage({ brokers: [...brokers, 'nowhere.invalid:1'], requestMsMax: 4_000 });
    storages.push(green);
    const [a, b] = [await opened(blue), writersOn(green)];
    const terms = [termsOf(blue), termsOf(green)];
    await b.execute(register(ledger, 'green-0'));
    const answers = await Promise.allSettled(
      [...Array(12).keys()].map(async (n) => {
        const id = `${n % 2 === 0 ? 'blue' : 'green'}-${n + 1}`;
        const { position } = await (n % 2 === 0 ? a : b).execute(register(ledger, id));
        return { id, position };
      }),
    );
    const log = await readAnew(brokers, ledger);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(log[answer.value.position - 1]).toBe(answer.value.id);
      else expect(answer.reason).toMatchObject({ code: 'unavailable' });
    }
    expect(log).toEqual([...new Set(log)]);
    expect(terms.every(({ count }) => count > 0)).toBe(true);

    const [old, young] = [await blue.takeTerm(ledger), await green.takeTerm(ledger)];
    await expect(old.append(log.length + 1, [Buffer.from('old')], [])).rejects.toThrow(Fenced);
    await expect(old.prove()).rejects.toThrow(Fenced);
    await young.prove();
  });

  test('a record of our own that says no sequence stops its ledger for good, and no other', async () => {
    const storage = storageOf();
    const writers = await opened(storage);
    await writers.execute(register(ledger, 'a'));
    const own = await stranger(eventsTopic(ledger));
    await own.write(ledger, TERM);
    await own.end('commit');
    await own.write(ledger, { value: 'what is this' });
    // Before its end, of which the marker may be there or a moment later.
    const offset = (await where()) - 1;
    await own.end('commit');

    for (const reader of [storage, storageOf(), storage]) {
      expect(idsOf(await reader.read(ledger, 0))).toEqual(['ledger', 'a']);
      await expect(reader.read(ledger, 2)).rejects.toThrow(Unreadable);
      await expect(reader.read(ledger, 2)).rejects.toThrow(`at offset ${offset}`);
      await expect(reader.end(ledger)).rejects.toThrow(Unreadable);
    }
    await expect(writers.execute(register(ledger, 'b'))).rejects.toMatchObject({ code: 'unavailable' });
    ledger = `${ledger}-b`;
    await writers.execute(open(ledger));
    expect(await writers.execute(register(ledger, 'b'))).toMatchObject({ position: 2 });
  });

  test('the topic of a ledger that is deleted takes no other ledger along', async () => {
    const storage = storageOf();
    const writers = await opened(storage);
    const gone = `${ledger}-gone`;
    await writers.execute(open(gone));
    const told: string[] = [];
    storage.onAppend((changed) => told.push(changed));
    expect(await storage.end(gone)).toBe(1);
    const admin = clientOf(brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [eventsTopic(gone)] });
    await admin.disconnect();

    // The broker needs a moment for it.
    const readGone = (): Promise<unknown> => storage.read(gone, 1).catch((error: unknown) => error);
    while (!((await readGone()) instanceof UnknownLedger));
    const other = `${ledger}-other`;
    await writers.execute(open(other));
    expect(await storage.end(other)).toBe(1);
    await writers.execute(register(ledger, 'a'));
    await until(() => told.includes(other));
    expect(await storage.read(ledger, 0)).toHaveLength(2);
    expect(await storage.ledgers()).not.toContain(gone);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Bytes as Snappy writes them where it finds nothing to compress. */
function snappy(bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let left = bytes.length; ; left >>= 7) {
    length.push(left < 128 ? left : (left & 127) | 128);
    if (left < 128) break;
  }
  const literal = Buffer.from([61 << 2, (bytes.length - 1) & 255, (bytes.length - 1) >> 8]);
  return Buffer.concat([Buffer.from(length), literal, bytes]);
}
