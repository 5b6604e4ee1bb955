/** Settings under which acknowledged records could be lost or hidden: each is found before anything is written. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Admin, ConfigSource } from 'kafkajs';
import { UnknownLedger } from '#ledger';
import { describeWithTemporaryKafka, startKafkaProxy, startTemporaryKafka, type TemporaryKafka } from '#testing';
import { KafkaStorage, type KafkaStorageOptions } from './storage.js';
import { clientOf, open, readAnew, register, writersOn } from './test-ledger.js';
import { copiesFaults, eventsTopic, keysTopic, replicationFor, UnsafeSettings } from './topics.js';

const TOPIC = 2;
const SET_FOR_THIS_TOPIC = 1 as ConfigSource;

// A broker of its own, since one ledger that is not safe keeps every process from serving.
describeWithTemporaryKafka('settings of Kafka', () => {
  let kafka: TemporaryKafka;
  let brokers: string[];
  let admin: Admin;
  let ledger: string;
  let storage: KafkaStorage;
  let opened: KafkaStorage[];

  beforeAll(async () => {
    kafka = await startTemporaryKafka();
    ({ brokers } = kafka);
    admin = clientOf(brokers).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    await kafka.stop();
  });
  beforeEach(async () => {
    ledger = `settings-${randomUUID().slice(0, 8)}`;
    opened = [];
    storage = storageOf();
    await storage.create(ledger, [{ keyid: 'digest', wrapped: Buffer.from('wrapped') }]);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(opened.map((one) => one.close()));
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith('ledger.'));
    await admin.deleteTopics({ topics });
    while ((await admin.listTopics()).some((topic) => topic.startsWith('ledger.')));
  });

  const storageOf = (options: Partial<KafkaStorageOptions> = {}): KafkaStorage => {
    const one = new KafkaStorage({ brokers, ...options });
    opened.push(one);
    return one;
  };
  const set = async (topic: string, name: string, value: string): Promise<void> => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: TOPIC, name: topic }],
    });
    // Whatever is not said again is set to its default.
    const said = (resources[0]?.configEntries ?? [])
      .filter(({ configSource, configName }) => configSource === SET_FOR_THIS_TOPIC && configName !== name)
      .map(({ configName, configValue }) => ({ name: configName, value: configValue }));
    const configEntries = [...said, { name, value }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC, name: topic, configEntries }] });
  };
  const expectRefused = async (what: RegExp): Promise<void> => {
    for (const act of [() => storageOf().assertSafe(), () => storageOf().takeTerm(ledger)]) {
      const error = await act().then(
        () => new Error('It was not refused.'),
        (reason: Error) => reason,
      );
      expect(error).toBeInstanceOf(UnsafeSettings);
      expect(error.message).toMatch(what);
      expect(error.message).toContain('Nothing is written until it is.');
    }
  };
  const expectAccepted = async (): Promise<void> => {
    await storageOf().assertSafe();
    await (await storageOf().takeTerm(ledger)).prove();
  };

  test('as we make topics they are safe, and one copy is told of', async () => {
    await expectAccepted();
    const lines: string[] = [];
    await storageOf({ log: (line) => lines.push(line) }).assertSafe();
    expect(lines).toEqual([expect.stringContaining('Kafka keeps ONE COPY')]);
  });

  test.each<[string, string, RegExp, string]>([
    ['cleanup.policy', 'compact', /cleanup\.policy is compact.*set it to delete/, 'delete'],
    ['cleanup.policy', 'compact,delete', /cleanup\.policy is compact,delete.*set it to delete/, 'delete'],
    ['retention.ms', '604800000', /retention\.ms is 604800000.*set it to -1/, '-1'],
    ['retention.bytes', '1000000', /retention\.bytes is 1000000.*set it to -1/, '-1'],
    ['message.timestamp.type', 'CreateTime', /message\.timestamp\.type is CreateTime.*LogAppendTime/, 'LogAppendTime'],
    ['unclean.leader.election.enable', 'true', /unclean\.leader\.election\.enable is true.*set it to false/, 'false'],
    ['max.message.bytes', '100000', /max\.message\.bytes is 100000: set it to 1048576 at least/, '1048576'],
    ['compression.type', 'producer', /compression\.type is producer.*set it to uncompressed/, 'uncompressed'],
    ['min.insync.replicas', '2', /min\.insync\.replicas is 2, which one copy can never reach/, '1'],
  ])('%s=%s of a ledger is refused until it is right', async (name, value, what, right) => {
    await set(eventsTopic(ledger), name, value);
    await expectRefused(what);
    await set(eventsTopic(ledger), name, right);
    await expectAccepted();
  });

  test.each<[string, string, RegExp, string]>([
    ['cleanup.policy', 'delete', /keys.*cleanup\.policy is delete.*set it to compact/, 'compact'],
    ['compression.type', 'lz4', /keys.*compression\.type is lz4/, 'uncompressed'],
    ['min.insync.replicas', '3', /keys.*min\.insync\.replicas is 3/, '1'],
  ])('%s=%s of its keys is refused until it is right', async (name, value, what, right) => {
    await set(keysTopic(ledger), name, value);
    await expectRefused(what);
    await set(keysTopic(ledger), name, right);
    await expectAccepted();
  });

  test('everything that is wrong is told at once', async () => {
    await set(eventsTopic(ledger), 'retention.ms', '1');
    await set(eventsTopic(ledger), 'message.timestamp.type', 'CreateTime');
    await expectRefused(/retention\.ms.*; message\.timestamp\.type/);
  });

  test('two partitions have no one order', async () => {
    await admin.createPartitions({ topicPartitions: [{ topic: eventsTopic(ledger), count: 2 }] });
    await expectRefused(/it has 2 partitions.*it must have 1/);
  });

  test('keys that are missing', async () => {
    await admin.deleteTopics({ topics: [keysTopic(ledger)] });
    while ((await admin.listTopics()).includes(keysTopic(ledger)));
    await expectRefused(/its keys are missing: restore the topic ledger\..*\.keys from a backup/);
  });

  test('records that were deleted', async () => {
    const term = await storage.takeTerm(ledger);
    await term.append(1, [Buffer.from('one')], []);
    // One that knows no topic that was deleted meanwhile.
    const fresh = clientOf(brokers).admin();
    await fresh.connect();
    await fresh.fetchTopicOffsets(eventsTopic(ledger));
    await fresh.deleteTopicRecords({ topic: eventsTopic(ledger), partitions: [{ partition: 0, offset: '2' }] });
    await fresh.disconnect();
    await expectRefused(/records before offset 2 were deleted: restore it from a backup/);
  });

  test('a log of transactions that may lose them', async () => {
    await set('__transaction_state', 'unclean.leader.election.enable', 'true');
    await expectRefused(/__transaction_state.*unclean\.leader\.election\.enable is true/);
    await set('__transaction_state', 'unclean.leader.election.enable', 'false');
    await set('__transaction_state', 'min.insync.replicas', '2');
    await expectRefused(/__transaction_state.*min\.insync\.replicas is 2/);
    await set('__transaction_state', 'min.insync.replicas', '1');
    await expectAccepted();
  });

  test('a ledger or a Kafka that is not there', async () => {
    for (const act of [
      () => storage.takeTerm('nowhere'),
      () => storage.read('nowhere', 0),
      () => storage.end('nowhere'),
      () => storage.behind('nowhere', 0),
      () => storage.keys('nowhere', ['digest']),
    ]) {
      await expect(act()).rejects.toThrow(UnknownLedger);
    }
    const lost = storageOf({ brokers: ['127.0.0.1:1'] });
    await expect(lost.assertSafe()).rejects.toThrow(/127\.0\.0\.1:1/);
    await expect(lost.takeTerm(ledger)).rejects.toThrow(/127\.0\.0\.1:1/);
  });

  describe('A14: a record that the broker does not take', () => {
    const large = [...Array(20)].map(() => 'x'.repeat(2_000));
    const execute = async (settings: boolean): Promise<string[]> => {
      const writers = writersOn(storageOf({ protections: { settings } }));
      await writers.execute(open(`${ledger}-w`));
      // Lowered while it runs.
      await set(eventsTopic(`${ledger}-w`), 'max.message.bytes', '20000');
      const ids = [...Array(12).keys()].map((n) => (n === 5 ? 'large' : `a${n}`));
      const answers = await Promise.allSettled(
        ids.map((id) => writers.execute(register(`${ledger}-w`, id, id === 'large' ? large : [id]))),
      );
      return answers.map((answer) =>
        answer.status === 'fulfilled' ? 'accepted' : ((answer.reason as { code?: string }).code ?? 'thrown'),
      );
    };

    test('takes only its own command down', async () => {
      const answers = await execute(false);
      expect(answers).toEqual(answers.map((_, n) => (n === 5 ? 'not-storable' : 'accepted')));
      expect(await readAnew(brokers, `${ledger}-w`)).toHaveLength(12);
    });

    test('is no reason to go on under a setting that refuses what it should take', async () => {
      const answers = await execute(true);
      expect(answers).not.toContain('not-storable');
      await set(eventsTopic(`${ledger}-w`), 'max.message.bytes', '1048576');
      const writers = writersOn(storageOf());
      expect(await writers.execute(register(`${ledger}-w`, 'large', large))).toMatchObject({ entity: 'large' });
    });
  });

  describe('the clock', () => {
    const shift = (ms: () => number): void => {
      const now = Date.now.bind(Date);
      jest.spyOn(Date, 'now').mockImplementation(() => now() + ms());
    };

    test.each([
      [5_000, 'ahead of'],
      [-5_000, 'behind'],
    ])('%i ms wrong: no term', async (ms, how) => {
      const wrong = storageOf();
      shift(() => ms);
      await expect(wrong.takeTerm(ledger)).rejects.toThrow(
        new RegExp(`is \\d{4} ms ${how} the broker's, 2000 at most`),
      );
    });

    test('a broker that is slow to answer has no wrong clock', async () => {
      const [host = '', port = ''] = (brokers[0] ?? '').split(':');
      const proxy = await startKafkaProxy({ host, port: Number(port) });
      const slow = storageOf({ socketFactory: proxy.socketFactory });
      let passed = 0;
      shift(() => passed);
      const met = proxy.once('Produce', 'delay-reply');
      const taken = slow.takeTerm(ledger);
      await met.happened;
      passed = 3_000;
      met.release();
      await (await taken).prove();
      await slow.close();
      await proxy.stop();
    });
  });

  test('of many who make a ledger at once one decides its digest key, and all succeed', async () => {
    const raced = `${ledger}-raced`;
    const makers = [...Array(6).keys()].map((n) => ({ maker: storageOf(), wrapped: Buffer.from(`key ${n}`) }));
    await Promise.all(makers.map(({ maker, wrapped }) => maker.create(raced, [{ keyid: 'digest', wrapped }])));
    const seen = await Promise.all(
      makers.map(async ({ maker }) => (await maker.keys(raced, ['digest'])).map(({ wrapped }) => String(wrapped))),
    );
    expect(seen[0]).toEqual([expect.stringMatching(/^key \d$/)]);
    expect(seen).toEqual(seen.map(() => seen[0]));
    expect(await storage.ledgers()).toContain(raced);
  });

  test('keys are seen by another process as soon as their records are acknowledged', async () => {
    const term = await storage.takeTerm(ledger);
    const other = storageOf();
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const key = { keyid: `k${sequence}`, wrapped: Buffer.from(`wrapped ${sequence}`) };
      await term.append(sequence, [Buffer.from('record')], [key]);
      expect((await other.keys(ledger, [key.keyid])).map(({ wrapped }) => String(wrapped))).toEqual([
        `wrapped ${sequence}`,
      ]);
    }
    expect(await other.keys(ledger, ['digest', 'nobody'])).toHaveLength(1);
  });
});

describe('copies', () => {
  const faults = (factor: number, minInSync: number): string[] =>
    copiesFaults(factor, new Map([['min.insync.replicas', String(minInSync)]]));

  test('one must not be enough to acknowledge where there are several', () => {
    expect(faults(3, 1)).toEqual(['min.insync.replicas is 1 with 3 copies: set it to 2']);
    expect(faults(2, 1)).toEqual(['min.insync.replicas is 1 with 2 copies: set it to 2']);
    expect(faults(3, 4)).toEqual([expect.stringContaining('min.insync.replicas is 4, which 3 copies can never reach')]);
    expect([faults(1, 1), faults(3, 2), faults(3, 3)]).toEqual([[], [], []]);
  });

  test('are made where there are brokers for them', () => {
    expect([1, 2, 3, 9].map((brokers) => replicationFor(brokers))).toEqual([
      { factor: 1, minInSync: 1 },
      { factor: 1, minInSync: 1 },
      { factor: 3, minInSync: 2 },
      { factor: 3, minInSync: 2 },
    ]);
  });
});
