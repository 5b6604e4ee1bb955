import { storageContract } from '#ledger/contract';
import { describeWithKafka, sharedKafka } from '#testing';
import { KafkaStorage } from './storage.js';

describeWithKafka('Kafka', () => {
  storageContract('Kafka', async () => {
    const { brokers } = await sharedKafka();
    return { open: async () => new KafkaStorage({ brokers }), stop: async () => undefined };
  });
});
