/** Runs once before all spec files: a place for the PostgreSQL that they share, and a look at which Kafka there is. */
import { prepareSharedKafka } from '../libs/testing/src/kafka.js';
import { prepareSharedPostgres } from '../libs/testing/src/postgres.js';

export default async function setUp(): Promise<void> {
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const tearDownPostgres = await prepareSharedPostgres(log);
  // Last, because it has the last word.
  const tearDownKafka = await prepareSharedKafka(log);
  (globalThis as { tearDown?: () => Promise<void> }).tearDown = async () => {
    await tearDownPostgres();
    await tearDownKafka();
  };
}
