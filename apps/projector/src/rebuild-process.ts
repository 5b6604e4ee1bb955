/**
 * The command `npm run rebuild`: makes the read models anew from the log, compares, switches. With KAFKA_BROKERS it reads
 * Kafka and writes to DATABASE_URL; without, it takes the data folder of `npm start`, whether that runs or not.
 * Ends with 0 if old and new tables are the same, 1 if they differ, 2 if it could not be done.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { AlreadyRunning, EmbeddedStorage, startPostgres, takeInstanceLock } from '#embedded';
import { KafkaStorage } from '#kafka';
import { type LedgerStorage, LogReader, MasterKey, recordCodec } from '#ledger';
import { loadMasterKey, Progress, readConfig, Undo, type Config } from '#runtime';
import { rebuild } from './rebuild.js';

const USAGE = `Usage: npm run rebuild -- [--check] [--switch-anyway] [--grace <seconds>]
  --check          only compares: the live tables stay
  --switch-anyway  switches although the tables differ, as after a release that projects otherwise
  --grace          for how long the old tables may still be read before they are dropped; 60 if left out`;

/** For some ledgers at once, each its own transaction, and one that holds the lock. */
const CONNECTIONS_MAX = 6;

interface Place {
  storage: LedgerStorage;
  master: Uint8Array;
  databaseUrl: string;
  /** Nobody can read the tables meanwhile. */
  isAlone: boolean;
}

async function onKafka(undo: Undo, log: (line: string) => void): Promise<Place> {
  const config = readConfig(process.env, { needs: ['KAFKA_BROKERS', 'DATABASE_URL', 'MASTER_KEY'] });
  const storage = new KafkaStorage({ brokers: config.kafkaBrokers, log });
  undo.add(() => storage.close());
  return { storage, master: config.masterKey, databaseUrl: config.databaseUrl, isAlone: false };
}

async function inDataFolder(config: Config, undo: Undo, log: (line: string) => void): Promise<Place> {
  const folder = join(config.dataDir, 'postgres');
  if (!existsSync(folder)) {
    throw new Error(`There is no data in ${config.dataDir}: name its folder in DATA_DIR, or KAFKA_BROKERS.`);
  }
  const { connectionString, stop } = await startPostgres({ folder });
  let isAlone = true;
  try {
    const lock = await takeInstanceLock(connectionString);
    // Nobody else runs on it, nor can anybody start until we have stopped it.
    undo.add(
      () => lock.release(),
      () => stop(),
    );
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    isAlone = false;
    log('The ledger runs, and goes on meanwhile.');
  }
  const storage = await EmbeddedStorage.open(connectionString);
  undo.add(() => storage.close());
  return { storage, master: await loadMasterKey(config), databaseUrl: connectionString, isAlone };
}

async function main(progress: Progress, signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      'switch-anyway': { type: 'boolean', default: false },
      grace: { type: 'string', default: '60' },
    },
  });
  if (!/^\d{1,5}$/.test(values.grace) || (values.check && values['switch-anyway'])) throw new Error(USAGE);
  const log = (line: string): void => progress.tell(line);
  const undo = new Undo(log);
  try {
    const config = readConfig();
    const place = config.kafkaBrokers === undefined ? inDataFolder(config, undo, log) : onKafka(undo, log);
    const { storage, master, databaseUrl, isAlone } = await place;
    const pool = new Pool({
      connectionString: databaseUrl,
      application_name: `incident-ledger rebuild, pid ${process.pid}`,
      max: CONNECTIONS_MAX,
    });
    pool.on('error', () => undefined);
    undo.add(() => pool.end());
    const codec = recordCodec();
    const reader = new LogReader(storage, codec, new MasterKey(master));
    const { isSame } = await rebuild(reader, pool, {
      check: values.check,
      switchAnyway: values['switch-anyway'],
      graceMs: isAlone ? 0 : Number(values.grace) * 1_000,
      progress,
      signal,
    });
    return isSame ? 0 : 1;
  } finally {
    await undo.run();
  }
}

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second one is impatience: the next rebuild cleans up.
    if (stopping.signal.aborted) process.exit(2);
    stopping.abort(new Error('Stopped. The next rebuild begins anew.'));
  });
}
const exitCode = await main(new Progress(process.stdout), stopping.signal).catch((error: unknown) => {
  const cause = error instanceof Error && error.name === 'AbortError' ? (error.cause ?? error) : error;
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  return 2;
});
// A client of Kafka may keep a timer. What was printed is out first.
process.stdout.write('', () => process.exit(exitCode));
