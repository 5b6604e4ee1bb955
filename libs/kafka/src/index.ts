/** The storage on Kafka, and which process owns which ledger: the only room that imports a Kafka client. */
export { KafkaStorage, TRANSACTION_HUNG, type KafkaStorageOptions, type Quarantine } from './storage.js';
export { Membership, type MembershipHealth } from './membership.js';
export { UnsafeSettings } from './topics.js';
