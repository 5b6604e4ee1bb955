/**
 * THE ALTERNATIVE on Kafka: a bare kafkajs transaction of one record, with the retry time that makes them quick.
 *
 * A process of its own: started with the brokers' addresses and how long its records are, told anything, it commits one
 * transaction and answers { ms }; it ends when it is disconnected.
 */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

const [brokers, bytes] = process.argv.slice(2);
const topic = `bare-${randomUUID()}`;
const kafka = new Kafka({
  brokers: brokers.split(','),
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 5, maxRetryTime: 300, retries: 18 },
});
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true });
await admin.disconnect();
const producer = kafka.producer({
  transactionalId: topic,
  maxInFlightRequests: 1,
  createPartitioner: () => () => 0,
});
await producer.connect();
const value = Buffer.alloc(Number(bytes), 'x');

process.on('message', async () => {
  const started = performance.now();
  const transaction = await producer.transaction();
  await transaction.send({ topic, acks: -1, messages: [{ value }] });
  await transaction.commit();
  process.send({ ms: performance.now() - started });
});
process.once('disconnect', () => process.exit());
process.send('ready');
