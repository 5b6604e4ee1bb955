/**
 * A system downstream that knows docs/consume.md and nothing else of ours: the sample there is run as it stands, on a
 * topic on which everybody writes who should not, and its records are CloudEvents to the SDK of CloudEvents.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { HTTP, Kafka as CloudEventsOnKafka, type CloudEvent } from 'cloudevents';
import { Kafka, logLevel, type Message, type Producer, type Transaction } from 'kafkajs';
import { KafkaStorage } from '#kafka';
import { MasterKey, Writers, type StoredRecord } from '#ledger';
import { codec, describeWithKafka, RunningCommand, sharedKafka } from '#testing';
import { until } from './cluster.js';

jest.setTimeout(60_000);

const SECRET = 'A name that nobody downstream may see';
const guide = readFileSync(new URL('../../docs/consume.md', import.meta.url), 'utf8');

const ledger = `downstream-${randomUUID().slice(0, 8)}`;
const topic = `ledger.${ledger}.events`;
const master = new MasterKey(randomBytes(32));
let kafka: Kafka;
let brokers: string[];
const storages: KafkaStorage[] = [];
const commands: RunningCommand[] = [];

function newWriters(): Writers {
  const storage = new KafkaStorage({ brokers });
  storages.push(storage);
  return new Writers(storage, master, codec, { mayClaim: async () => true });
}

async function register(writers: Writers, id: string): Promise<number> {
  const names = [{ text: id }, { text: { private: true as const, text: SECRET } }];
  const { position } = await writers.execute({
    ledger,
    act: { act: 'register-actor', id, actor: { kind: 'armed-group', names } },
    canonicalBody: JSON.stringify({ id, names: [{ text: id }, { text: { private: true } }] }),
    recorder: 'k1',
    commandKey: id,
  });
  return position;
}

const attempt = (sequence: number, text: string): Message => ({
  value: JSON.stringify({ forged: text }),
  headers: {
    'content-type': 'application/cloudevents+json; charset=UTF-8',
    ce_sequence: String(sequence).padStart(20, '0'),
  },
});

/** Somebody who writes on the topic in transactions. */
async function stranger(
  transactionalId: string = randomUUID(),
): Promise<{ producer: Producer; transaction: Transaction }> {
  const producer = kafka.producer({ transactionalId, maxInFlightRequests: 1 });
  await producer.connect();
  return { producer, transaction: await producer.transaction() };
}

/** The sample of the guide, as somebody would run it. */
function consume(env: Record<string, string> = {}): RunningCommand {
  const [, sample = ''] = /```js\n([^]*?)```/.exec(guide) ?? [];
  const command = new RunningCommand(['--input-type=module', '--eval', sample], {
    KAFKA_BROKERS: brokers.join(','),
    LEDGER: ledger,
    GROUP: `downstream-${randomUUID()}`,
    ...env,
  });
  commands.push(command);
  return command;
}

interface Taken {
  sequence: number;
  offset: string;
  event: Record<string, unknown>;
}

/** What it took, once that is so many records. */
function taken(command: RunningCommand, count: number): Promise<Taken[]> {
  const lines = (): string[] => command.output.split('\n').filter((line) => line.startsWith('{"sequence":'));
  return until(`${count} records are taken`, async () => lines().length >= count && lines())
    .then((all) => all.map((line) => JSON.parse(line) as Taken))
    .catch((error: Error) => {
      throw new Error(`${error.message} It printed:\n${command.output}`, { cause: error });
    });
}

async function stored(): Promise<StoredRecord[]> {
  const [storage] = storages;
  return storage === undefined ? [] : storage.read(ledger, 0);
}

const eventOf = ({ bytes }: StoredRecord): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));

describeWithKafka('a consumer of a ledger', () => {
  let writers: Writers;

  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    writers = newWriters();
    await writers.execute({
      ledger,
      act: { act: 'open-ledger', origin: { title: 'Downstream' } },
      canonicalBody: '{}',
      recorder: 'k1',
      commandKey: 'open',
    });
    for (const id of ['a', 'b']) await register(writers, id);

    // Two strangers whose transactions meet: the later one is aborted first, which kafkajs' own filter does not expect.
    const [early, late] = [await stranger(), await stranger()];
    await early.transaction.send({ topic, messages: [attempt(4, 'aborted')] });
    await late.transaction.send({ topic, messages: [attempt(4, 'aborted too')] });
    await late.transaction.abort();
    await early.transaction.abort();
    // A stranger who commits, one who needs no transaction, and one who never ends.
    const committed = await stranger();
    await committed.transaction.send({ topic, messages: [attempt(4, 'committed')] });
    await committed.transaction.commit();
    const plain = kafka.producer();
    await plain.connect();
    await plain.send({ topic, messages: [attempt(4, 'plain')] });
    // An owner that died with its attempt at the next sequence open: the next owner's term aborts it.
    const dead = await stranger(topic);
    await dead.transaction.send({
      topic,
      messages: [{ value: '{}', headers: { ce_type: 'incident-ledger.term' } }, attempt(4, 'never committed')],
    });
    writers = newWriters();
    await Promise.all(['c', 'd', 'e'].map((id) => register(writers, id)));
    const hung = await stranger();
    await hung.transaction.send({ topic, messages: [attempt(7, 'hung')] });
    await register(writers, 'f');
    await Promise.all([early, late, committed, dead, hung].map(({ producer }) => producer.disconnect()));
    await plain.disconnect();
  });
  afterEach(async () => {
    await Promise.all(commands.splice(0).map((command) => command.end('SIGKILL')));
  });
  afterAll(async () => {
    await Promise.all(storages.map((storage) => storage.close()));
  });

  test('by the sample of the guide takes what the ledger itself reads, goes on where it was, and follows', async () => {
    const records = await stored();
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const first = consume();
    const all = await taken(first, 7);
    expect(all.map(({ event }) => event)).toEqual(records.map(eventOf));
    expect(all.map(({ offset }) => offset)).toEqual(records.map(({ place }) => place));

    const third = all[2];
    const second = consume({ AFTER: String(third?.sequence), AT: third?.offset ?? '' });
    expect(await taken(second, 4)).toEqual(all.slice(3));

    // One after another, so that each marker may come alone.
    for (const id of ['g', 'h', 'i']) {
      const position = await register(writers, id);
      expect((await taken(first, position)).at(-1)?.event['subject']).toBe(id);
      expect((await taken(second, position - 3)).at(-1)?.event['subject']).toBe(id);
    }
    expect((await taken(first, 10)).map(({ event }) => event)).toEqual((await stored()).map(eventOf));
    // What does not count is told, once each: three strangers' and, of the dead owner, nothing.
    expect(first.output.match(/does not count/g)).toHaveLength(2);
    expect(first.output).not.toContain(SECRET);
  });

  test('finds CloudEvents, and private text sealed', async () => {
    const records = await stored();
    for (const record of records) {
      const body = Buffer.from(record.bytes).toString('utf8');
      const onKafka = { body, headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' } };
      expect(CloudEventsOnKafka.isEvent(onKafka)).toBe(true);
      // As the guide advises: `Kafka.toEvent` of this SDK wants the optional `time`.
      const headers = { 'content-type': 'application/cloudevents+json' };
      const event = HTTP.toEvent({ headers, body }) as CloudEvent<Record<string, unknown>>;
      expect(event.validate()).toBe(true);
      expect(event).toMatchObject({
        specversion: '1.0',
        id: `${ledger}/${record.sequence}`,
        source: `/ledgers/${ledger}`,
        datacontenttype: 'application/json',
        sequence: String(record.sequence).padStart(20, '0'),
      });
      expect(event.type).toMatch(/^incident-ledger\.[A-Za-z]+\.v\d+$/);
      expect(event.toJSON()).toMatchObject(eventOf(record) as object);
      expect(body).not.toContain(SECRET);
    }
    const { data } = eventOf(records[1] as StoredRecord) as { data: { actor: { names: { text: unknown }[] } } };
    const [, { text } = { text: undefined }] = data.actor.names;
    expect(Object.keys(text as object).sort()).toEqual(['enc', 'keyhash', 'keyid', 'nonce']);
  });

  test('that trusts read_committed of kafkajs is handed an aborted attempt before the true record', async () => {
    const consumer = kafka.consumer({ groupId: `downstream-${randomUUID()}` });
    const values: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value?.toString() ?? '') });
    // Up to the transaction that never ends.
    await until('it has read', async () => values.some((value) => value.includes(`"id":"${ledger}/6"`)));
    await consumer.disconnect();
    const aborted = values.findIndex((value) => value === '{"forged":"aborted"}');
    const truth = values.findIndex((value) => value.includes(`"id":"${ledger}/4"`));
    expect(aborted).toBeGreaterThan(-1);
    expect(aborted).toBeLessThan(truth);
    expect(values.some((value) => value.includes('hung'))).toBe(false);
  });
});
