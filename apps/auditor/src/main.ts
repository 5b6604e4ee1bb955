/**
 * The command `npm run auditor`: REPLAYS a ledger's log and compares. `verify` ends with 0 if all is clean, 1 if the read
 * models differ from the log, 2 if the log itself is broken; `verify-snapshot` with 1 if a snapshot is not what the log makes;
 * any command with 3 if it could not be done. It writes
 * nothing but its report or export: no term is taken, no group joined, and the database refuses it every write.
 */
import { createWriteStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Pool } from 'pg';
import { POLICY_VERSIONS, type PolicyName } from '#domain';
import { AlreadyRunning, EmbeddedStorage, startPostgres, takeInstanceLock } from '#embedded';
import { KafkaStorage } from '#kafka';
import { MasterKey, recordCodec, type LedgerStorage } from '#ledger';
import { loadMasterKey, Progress, readConfig, Undo, type Config } from '#runtime';
import { exported, FORMATS, type Format } from './export.js';
import { reportAsJson, reportToPeople, type Took } from './report.js';
import { verifySnapshot } from './snapshot.js';
import { verify, type Outcome } from './verify.js';

const USAGE = `Usage: npm run auditor -- verify --ledger <name> [--log-only] [--json]
  --log-only  checks the log by itself, where there are no read models
  --json      the report as one JSON document
or: npm run verify:snapshot [-- --ledger <name>]
  --ledger    all of them, if left out
or: npm run auditor -- export --ledger <name> --format <${FORMATS.join('|')}> [--policy <name>] [--as-of <sequence>] [--out <file>]
  --policy    under which figures are given; official-first if left out
  --as-of     the last record that counts; all of them if left out
  --out       where it is written, never over a file that is there; standard output if left out`;

/** V8 lets garbage grow to several times what is in use where the machine has much memory: with this to a quarter more. */
setFlagsFromString('--heap-growing-percent=25');

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
  format: { type: 'string' },
  policy: { type: 'string', default: 'official-first' },
  'as-of': { type: 'string' },
  out: { type: 'string' },
} as const;

type Asked = ReturnType<typeof asked> & { ledger: string };

function asked() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const { ledger, format, policy, 'as-of': asOf = '', ...more } = values;
  const act = positionals.join();
  if (act !== 'verify' && act !== 'export' && act !== 'verify-snapshot') throw new Error(USAGE);
  if (ledger === undefined && act !== 'verify-snapshot') throw new Error(USAGE);
  if (!(policy in POLICY_VERSIONS) || !/^\d{0,15}$/.test(asOf)) throw new Error(USAGE);
  const known = FORMATS.find((one) => one === format);
  if ((act === 'export') !== (known !== undefined)) throw new Error(USAGE);
  return {
    ...more,
    act,
    ledger,
    format: known,
    policy: policy as PolicyName,
    asOf: asOf === '' ? undefined : Number(asOf),
  };
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
  const options = asked();
  const isReportApart = options.json || (options.format !== undefined && options.out === undefined);
  const progress = new Progress(isReportApart ? process.stderr : process.stdout);
  const undo = new Undo((line) => progress.tell(line));
  try {
    const place = await placeOf(readConfig(), undo, (line) => progress.tell(line));
    const { ledger } = options;
    if (ledger !== undefined) await assertThere(place.storage, ledger);
    if (options.act === 'verify-snapshot' || ledger === undefined) {
      const ledgers = ledger === undefined ? await place.storage.ledgers() : [ledger];
      return await verifySnapshots(ledgers, place.storage, progress, signal);
    }
    return options.format === undefined
      ? await verifyAt(place, { ...options, ledger }, progress, undo, signal)
      : await exportFrom(place.storage, options.format, { ...options, ledger }, progress, signal);
  } finally {
    await undo.run();
  }
}

async function verifyAt(
  { storage, master, databaseUrl, quarantine }: Place,
  { ledger, json, 'log-only': logOnly }: Asked,
  progress: Progress,
  undo: Undo,
  signal: AbortSignal,
): Promise<number> {
  if (!logOnly && databaseUrl === undefined) {
    throw new Error('DATABASE_URL is missing: name the database of the read models, or give --log-only.');
  }
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
}

async function verifySnapshots(
  ledgers: readonly string[],
  storage: LedgerStorage,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  let isAsItShouldBe = true;
  for (const ledger of ledgers) {
    const { outcome, asOf, snapshotAt, why } = await verifySnapshot({
      ledger,
      storage,
      codec: recordCodec(),
      progress,
      signal,
    });
    isAsItShouldBe &&= outcome === 'same' || outcome === 'none';
    progress.tell(
      {
        same: `${ledger}: the snapshot at record ${snapshotAt} and what follows are the same as the whole log, up to record ${asOf}.`,
        differs: `${ledger}: the snapshot at record ${snapshotAt} is NOT what the log makes: ${why}. Delete it, start the recorder anew, and report this.`,
        'passed-over': `${ledger}: ${why}`,
        none: `${ledger}: no snapshot was kept yet; the log has ${asOf} records.`,
      }[outcome],
    );
  }
  return isAsItShouldBe ? 0 : 1;
}

async function exportFrom(
  storage: LedgerStorage,
  format: Format,
  { ledger, policy, asOf: wanted, out }: Asked,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const end = await storage.end(ledger);
  const asOf = wanted ?? end;
  if (asOf < 1 || asOf > end) throw new Error(`There is no record ${asOf} in ${ledger}, which ends at ${end}.`);
  const pieces = exported({ ledger, storage, format, policy, asOf, progress, signal });
  if (out === undefined) await pipeline(pieces, process.stdout, { end: false, signal });
  else await pipeline(pieces, createWriteStream(out, { flags: 'wx' }), { signal });
  progress.tell(`Exported ${ledger} as of record ${asOf}${out === undefined ? '' : ` to ${out}`}.`);
  return 0;
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
