import { storageContract } from '#ledger/contract';
import { KafkaStorage } from './storage.js';

storageContract('Kafka', async () => {
  const brokers = ['127.0.0.1:19092'];
  return { open: async () => new KafkaStorage({ brokers }), stop: async () => undefined };
});
