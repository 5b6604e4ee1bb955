import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import {
  describeWithKafka,
  describeWithTemporaryKafka,
  hasKafka,
  RunningCommand,
  sharedKafka,
  startInfrastructure,
  startTemporaryKafka,
  type TemporaryKafka,
} from '#testing';

const clientOf = (brokers: string[]): Kafka =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 12 } });

async function makeTopic(kafka: Kafka): Promise<string> {
  const topic = `test-${crypto.randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

async function produce(kafka: Kafka, topic: string, value: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ value }] });
  await producer.disconnect();
}

async function consumeOne(kafka: Kafka, topic: string): Promise<string | undefined> {
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const value = await new Promise<string | undefined>((resolve, reject) => {
    consumer
      .run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
      .catch((error: unknown) => reject(error as Error));
  });
  await consumer.disconnect();
  return value;
}

/** How many messages a topic holds, asked anew. */
async function lengthOf(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return Number(partition?.high);
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describeWithKafka('the Kafka that the spec files of a run share', () => {
  test('is one, whoever asks and however often, and gives back what it was given', async () => {
    expect(hasKafka()).toBe(true);
    const [one, other] = await Promise.all([sharedKafka(), sharedKafka()]);
    expect(other).toEqual(one);
    expect(await sharedKafka()).toEqual(one);

    const kafka = clientOf(one.brokers);
    const topic = await makeTopic(kafka);
    await produce(kafka, topic, 'a record');
    expect(await consumeOne(kafka, topic)).toBe('a record');
  });

  test('scripts get a Kafka and a PostgreSQL in the same way, and end what they started', async () => {
    const lines: string[] = [];
    const infrastructure = await startInfrastructure((line) => lines.push(line));
    const { kafka, databaseUrl } = infrastructure;
    expect(lines).toEqual([`Kafka: ${kafka.how}: ${kafka.why}.`, expect.stringMatching(/^PostgreSQL: /)]);
    await makeTopic(clientOf(kafka.brokers));
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    await infrastructure.stop();
  });
});

describeWithTemporaryKafka('a Kafka of a spec of its own', () => {
  let broker: TemporaryKafka | undefined;
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
  });

  test('killed and restarted, it is on the same port with its data; stopped, nothing is left', async () => {
    broker = await startTemporaryKafka({ properties: { 'num.partitions': '3' } });
    const { brokers, pid, folder } = broker;
    const kafka = clientOf(brokers);
    const topic = await makeTopic(kafka);
    await produce(kafka, topic, 'before');

    await broker.kill('SIGKILL');
    expect(runs(pid)).toBe(false);
    await broker.restart();
    expect(broker.brokers).toEqual(brokers);
    expect(broker.pid).not.toBe(pid);
    expect(await lengthOf(kafka, topic)).toBe(1);

    await broker.kill('SIGSTOP');
    const producing = produce(kafka, topic, 'while it stands still');
    await broker.kill('SIGCONT');
    await producing;
    expect(await lengthOf(kafka, topic)).toBe(2);

    await broker.stop();
    expect(runs(broker.pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  test('ends with its holder, even one that is killed', async () => {
    const holder = new RunningCommand([
      '--input-type=module',
      '--eval',
      `import { startTemporaryKafka } from ${JSON.stringify(new URL('./kafka.js', import.meta.url).href)};
       const { pid, folder } = await startTemporaryKafka();
       console.log('Broker', pid, folder);
       setInterval(() => undefined, 1_000);`,
    ]);
    const [, pid = '', folder = ''] = await holder.printed(/^Broker (\d+) (.+)$/m);
    expect([runs(Number(pid)), existsSync(folder)]).toEqual([true, true]);

    await holder.end('SIGKILL');
    while (runs(Number(pid)) || existsSync(folder)) await pause(10);
  });
});
