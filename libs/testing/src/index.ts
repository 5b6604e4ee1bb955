/** THE WORDS OF TESTS, imported by specs only: real servers that clean up after themselves. */
export {
  freshDatabase,
  startTemporaryPostgres,
  temporaryPostgresFolder,
  type PostgresFolder,
  type TemporaryPostgres,
} from './postgres.js';
export { hasKafka, sharedKafka, startTemporaryKafka, type TemporaryKafka } from './kafka.js';
export { describeWithKafka, describeWithTemporaryKafka } from './describe-with-kafka.js';
export { startInfrastructure, type Infrastructure } from './infrastructure.js';
export { factsOf } from './aimed.js';
export { attacks, killed, reparent, statementOf } from './attacks.js';
export { histories } from './histories.js';
export { codec, recordsOf } from './records.js';
export { Told } from './told.js';
export { given } from './given.js';
export { answerOf, LedgerClient, type Answer, type Beside } from './ledger-client.js';
export { exchange, head } from './raw-http.js';
export { holdFreePort } from '#embedded';
export { RunningCommand, type Exit } from './command.js';
export { startKafkaProxy, type Api, type KafkaProxy, type Met, type Mishap } from './kafka-proxy.js';
