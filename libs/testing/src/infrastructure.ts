/**
 * A Kafka and a PostgreSQL for scripts that run outside of jest (measurements, breaking things on purpose), found as tests
 * find theirs. A script imports this file, not `#testing`, which needs jest.
 */
import { chooseKafka, type ChosenKafka } from './kafka.js';
import { choosePostgres, startTemporaryPostgres, type ChosenPostgres } from './postgres.js';

export interface Infrastructure {
  readonly kafka: {
    readonly brokers: string[];
    readonly how: ChosenKafka['how'];
    /** With why the others were not taken. */
    readonly why: string;
  };
  readonly databaseUrl: string;
  /** Ends what was started for it; what was given stays. */
  stop(): Promise<void>;
}

interface Running<Where> {
  readonly where: Where;
  stop(): Promise<void>;
}

/** Says on standard error what it took and why. @throws NoKafka where there is none */
export async function startInfrastructure(
  log: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Infrastructure> {
  const chosen = await chooseKafka(log);
  log(`Kafka: ${chosen.how}: ${chosen.why}.`);
  const kafka = await startKafka(chosen);
  try {
    const chosenPostgres = await choosePostgres();
    log(`PostgreSQL: ${chosenPostgres.how}: ${chosenPostgres.why}.`);
    const postgres = await startChosenPostgres(chosenPostgres);
    return {
      kafka: { brokers: kafka.where, how: chosen.how, why: chosen.why },
      databaseUrl: postgres.where,
      async stop() {
        await Promise.all([kafka.stop(), postgres.stop()]);
      },
    };
  } catch (error) {
    await kafka.stop();
    throw error;
  }
}

async function startKafka(chosen: ChosenKafka): Promise<Running<string[]>> {
  if (chosen.how === 'given') return { where: chosen.brokers, stop: async () => undefined };
  const { brokers } = await chosen.keeper.start<{ brokers: string[] }>();
  return { where: brokers, stop: () => chosen.keeper.release() };
}

async function startChosenPostgres(chosen: ChosenPostgres): Promise<Running<string>> {
  if (chosen.how === 'given') return { where: chosen.connectionString, stop: async () => undefined };
  if (chosen.how === 'embedded') {
    const postgres = await startTemporaryPostgres();
    return { where: postgres.connectionString, stop: () => postgres.stop() };
  }
  const { connectionString } = await chosen.keeper.start<{ connectionString: string }>();
  return { where: connectionString, stop: () => chosen.keeper.release() };
}
