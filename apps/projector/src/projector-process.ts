/**
 * What the process that copies ledgers from Kafka into the read models is made of. Several may run; what one has copied
 * the others leave.
 */
import { Pool } from 'pg';
import { KafkaStorage, TRANSACTION_HUNG, type KafkaStorageOptions } from '#kafka';
import { LogReader, MasterKey, recordCodec } from '#ledger';
import { Generations } from '#read-models';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  Metrics,
  reachable,
  readConfig,
  Undo,
  untilItWorks,
  type ProcessTools,
  type Standing,
  type Trouble,
} from '#runtime';
import { Projector, projectorStanding } from './projector.js';

/** Connections to the database: for some ledgers at once, each its own transaction. */
const CONNECTIONS_MAX = 5;
const HUNG_MS_MAX = 5_000;
/** Longer than any batch takes. */
const LOOP_MS_MAX = 120_000;

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
  pool.on('error', (error) => log(`A connection to the database broke: ${error.message}`, { level: 'warn' }));
  undo.add(() => pool.end());

  const codec = recordCodec();
  const reader = new LogReader(storage, codec, new MasterKey(config.masterKey));
  let projector: Projector | undefined;
  undo.add(() => projector?.stop());

  /** Also where there is nothing to copy, and so nothing else would notice. */
  const askDatabase = reachable(() => pool.query('select 1'));
  const standing = async (): Promise<Standing> => {
    const troubles: Trouble[] = [];
    const kafkaTrouble = storage.trouble();
    if (kafkaTrouble !== undefined) {
      troubles.push({ code: 'kafka-away', reason: `Kafka cannot be read: ${kafkaTrouble}` });
    }
    const database = await askDatabase();
    if (database !== undefined) {
      const reason = `The database of the read models cannot be reached: ${database}`;
      troubles.push({ code: 'database-away', reason });
    }
    if (projector === undefined) {
      troubles.push({ code: 'not-reached-yet', reason: 'The database of the read models was not reached yet.' });
      return { troubles };
    }
    const hung = storage.hungFor(HUNG_MS_MAX);
    for (const ledger of hung) troubles.push({ code: 'transaction-hung', ledger, reason: TRANSACTION_HUNG });
    const copies = await projectorStanding(projector);
    return {
      troubles: [...troubles, ...copies.troubles],
      details: {
        ...copies.details,
        ...(hung.length > 0 && { hung }),
        quarantine: Object.fromEntries(storage.quarantine()),
      },
    };
  };
  const metrics = new Metrics();
  metrics.watchQuarantine(() => storage.quarantine());
  metrics.watchProjections(async () => (await projector?.health()) ?? []);
  const health = HealthModule.with({ standing, metrics, hung: () => projector?.hungFor(LOOP_MS_MAX) ?? [] });
  const app = await createHttpApp(health, {
    keys: new KeysFile(config.keysFile),
    openReads: config.openReads,
    behindTls: config.behindTls,
    metrics,
    log,
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
