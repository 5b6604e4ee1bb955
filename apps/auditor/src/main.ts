/**
 * The command `npm run auditor`: REPLAYS a ledger's log and compares. `verify` ends with 0 if all is clean, 1 if the read
 * models differ from the log, 2 if the log itself is broken, and either command with 3 if it could not be done. It writes
 * nothing but its report or export: no term is taken, no group joined, and the database refuses it every write.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { AlreadyRunning, EmbeddedStorage, startPostgres, takeInstanceLock } from '#embedded';
import { KafkaStorage } from '#kafka';
import { MasterKey, type LedgerStorage } from '#ledger';
import { loadMasterKey, Progress, readConfig, Undo, type Config } from '#runtime';
import { reportAsJson, reportToPeople, type Took } from './report.js';
import { verify, type Outcome } from './verify.js';

const USAGE = `Usage: npm run auditor -- verify --ledger <name> [--log-only] [--json]
  --log-only  checks the log by itself, where there are no read models
  --json      the report as one JSON document`;

const EXIT_CODES: Readonly<Record<Outcome, number>> = { clean: 0, differs: 1, broken: 2 };
const NOT_DONE = 3;

/** Where a ledger lies. */
interface Place {
  storage: LedgerStorage;
  master: MasterKey | undefined;
  /** Of the read models. */
  databaseUrl: string | undefined;
  quarantine: (ledger: string) => Took['quarantine'];
}

const OPTIONS = {
  ledger: { type: 'string' },
  'log-only': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

function asked() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const { ledger } = values;
  if (positionals.join() !== 'verify' || ledger === undefined) throw new Error(USAGE);
  return { ...values, ledger };
}

async function placeOf(config: Config, undo: Undo, log: (line: string) => void): Promise<Place> {
  if (config.kafkaBrokers !== undefined) {
    const storage = new KafkaStorage({ brokers: config.kafkaBrokers, log });
    undo.add(() => storage.close());
    return {
      storage,
      master: config.masterKey && new MasterKey(config.masterKey),
      databaseUrl: config.databaseUrl,
      quarantine: (ledger) => storage.quarantine().get(ledger)?.first ?? [],
    };
  }
  const folder = join(config.dataDir, 'postgres');
  if (!existsSync(folder)) {
    throw new Error(`There is no data in ${config.dataDir}: name its folder in DATA_DIR, or KAFKA_BROKERS.`);
  }
  const { connectionString, stop } = await startPostgres({ folder });
  try {
    const lock = await takeInstanceLock(connectionString);
    // Nobody else runs on it, nor can anybody start until we have stopped it.
    undo.add(
      () => lock.release(),
      () => stop(),
    );
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    log('The ledger runs, and goes on meanwhile.');
  }
  const storage = EmbeddedStorage.toRead(connectionString);
  undo.add(() => storage.close());
  // Asked for where there is none it would be made.
  const hasMaster = config.masterKey !== undefined || existsSync(join(config.dataDir, 'master.key'));
  const master = hasMaster ? new MasterKey(await loadMasterKey(config)) : undefined;
  return { storage, master, databaseUrl: connectionString, quarantine: () => [] };
}

/** A pool that can only look. */
function poolTo(connectionString: string, undo: Undo): Pool {
  const pool = new Pool({
    connectionString,
    application_name: `incident-ledger auditor, pid ${process.pid}`,
    options: '-c default_transaction_read_only=on',
    max: 2,
  });
  pool.on('error', () => undefined);
  undo.add(() => pool.end());
  return pool;
}

async function main(signal: AbortSignal): Promise<number> {
  const { ledger, json, 'log-only': logOnly } = asked();
  const progress = new Progress(json ? process.stderr : process.stdout);
  const undo = new Undo((line) => progress.tell(line));
  try {
    const place = await placeOf(readConfig(), undo, (line) => progress.tell(line));
    const { storage, master, databaseUrl, quarantine } = place;
    if (!logOnly && databaseUrl === undefined) {
      throw new Error('DATABASE_URL is missing: name the database of the read models, or give --log-only.');
    }
    await assertThere(storage, ledger);
    const startedAt = performance.now();
    const report = json ? reportAsJson(ledger, (text) => process.stdout.write(text)) : reportToPeople(ledger, progress);
    const verified = await verify({
      ledger,
      storage,
      master,
      pool: logOnly || databaseUrl === undefined ? undefined : poolTo(databaseUrl, undo),
      found: (finding) => report.found(finding),
      progress,
      signal,
    });
    report.end(verified, {
      seconds: (performance.now() - startedAt) / 1_000,
      megabytes: process.resourceUsage().maxRSS / 1_024,
      quarantine: quarantine(ledger),
    });
    return EXIT_CODES[verified.outcome];
  } finally {
    await undo.run();
  }
}

async function assertThere(storage: LedgerStorage, ledger: string): Promise<void> {
  const ledgers = await storage.ledgers();
  if (ledgers.includes(ledger)) return;
  const there = ledgers.length === 0 ? 'no ledgers' : `only ${ledgers.join(', ')}`;
  throw new Error(`There is no ledger ${ledger} here, but ${there}.`);
}

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // A second one is impatience.
    if (stopping.signal.aborted) process.exit(NOT_DONE);
    stopping.abort(new Error('Stopped.'));
  });
}
const exitCode = await main(stopping.signal).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return NOT_DONE;
});
// A client of Kafka may keep a timer. What was printed is out first.
process.stdout.write('', () => process.exit(exitCode));
