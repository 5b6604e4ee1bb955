/** The storage on Kafka, and which process owns which ledger: the only room that imports a Kafka client. */
export { KafkaStorage, type KafkaStorageOptions, type Quarantine } from './storage.js';
