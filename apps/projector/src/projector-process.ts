/**
 * What the process that copies ledgers from Kafka into the read models is made of. Several may run; what one has copied
 * the others leave.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { KafkaStorage, type KafkaStorageOptions } from '#kafka';
import { LogReader, MasterKey, recordCodec } from '#ledger';
import { Generations } from '#read-models';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  readConfig,
  troubleOnly,
  Undo,
  untilItWorks,
  type ProcessTools,
  type Readiness,
} from '#runtime';
import { Projector, projectorReadiness } from './projector.js';

/** Connections to the database: for some ledgers at once, each its own transaction. */
const CONNECTIONS_MAX = 5;
const HUNG_MS_MAX = 5_000;
/** Whoever asks how things stand is not kept waiting. */
const DATABASE_ANSWER_MS_MAX = 1_000;
const UNHELD = { ref: false };

/** `kafka` is for tests: to turn a protection off. */
export async function startProjector(
  { log }: ProcessTools,
  kafka: Pick<KafkaStorageOptions, 'protections'> = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  const config = readConfig(process.env, { needs: ['KAFKA_BROKERS', 'DATABASE_URL', 'MASTER_KEY'], port: 7412 });
  const undo = new Undo(log);
  const stopping = new AbortController();
  const storage = new KafkaStorage({ ...kafka, brokers: config.kafkaBrokers, log });
  undo.add(() => storage.close());
  const pool = new Pool({
    connectionString: config.databaseUrl,
    application_name: 'incident-ledger projector',
    max: CONNECTIONS_MAX,
  });
  pool.on('error', (error) => log(`A connection to the database broke: ${error.message}`));
  undo.add(() => pool.end());

  const codec = recordCodec();
  const reader = new LogReader(storage, codec, new MasterKey(config.masterKey));
  let projector: Projector | undefined;
  undo.add(() => projector?.stop());

  /** Also where there is nothing to copy, and so nothing else would notice. One question at a time. */
  let asked: Promise<string | undefined> | undefined;
  const askDatabase = (): Promise<string | undefined> =>
    (asked ??= pool
      .query('select 1')
      .then(
        () => undefined,
        ({ message }: Error) => message,
      )
      .finally(() => (asked = undefined)));
  const readiness = async (): Promise<Readiness> => {
    if (projector === undefined)
      return { ready: false, trouble: 'The database of the read models was not reached yet.' };
    const { ready, projections } = await projectorReadiness(projector);
    const kafkaTrouble = storage.trouble();
    const database = await Promise.race([askDatabase(), pause(DATABASE_ANSWER_MS_MAX, 'it does not answer', UNHELD)]);
    const trouble = [
      ...(kafkaTrouble === undefined ? [] : [`Kafka cannot be read: ${kafkaTrouble}`]),
      ...(database === undefined ? [] : [`The database of the read models cannot be reached: ${database}`]),
    ];
    const hung = storage.hungFor(HUNG_MS_MAX);
    return {
      ready: ready && trouble.length === 0 && hung.length === 0,
      projections,
      ...(trouble.length > 0 && { trouble: trouble.join(' ') }),
      ...(hung.length > 0 && { hung }),
      quarantine: Object.fromEntries(storage.quarantine()),
    };
  };
  const app = await createHttpApp(HealthModule.with(readiness), {
    keys: new KeysFile(config.keysFile),
    openReads: config.openReads,
    logger: troubleOnly(log),
  });
  undo.add(() => app.close());
  const url = await listenAt(app, config);
  undo.add(() => stopping.abort());

  const generations = new Generations(pool);
  const prepare = async (): Promise<true> => generations.prepare().then(() => true);
  void untilItWorks('the database of the read models', prepare, log, stopping.signal).then((isPrepared) => {
    if (isPrepared !== true) return;
    projector = new Projector(reader, () => generations.models(), { log });
    projector.start();
  });
  return { url, stop: () => undo.run() };
}
