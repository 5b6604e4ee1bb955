/**
 * EVERYTHING IN ONE PROCESS on one machine: embedded PostgreSQL for the log and the read models, recorder, projector and
 * reader behind one address. Composes the rooms; what they do, they do themselves.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { Projector, projectorStanding } from '#app/projector';
import { ReaderModule } from '#app/reader';
import { Dispatcher, RecorderModule } from '#app/recorder';
import { EmbeddedStorage, OwnPostgres, type Protections } from '#embedded';
import { LogReader, MasterKey, recordCodec, Writers } from '#ledger';
import { Generations, type ReadModels } from '#read-models';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  loadMasterKey,
  Metrics,
  reachable,
  Undo,
  type Config,
  type HealthOptions,
  type Log,
  type Standing,
  type Trouble,
} from '#runtime';
import { describeApis } from './openapi.js';

@Module({})
class StandaloneModule {
  static with(writers: Writers, pool: Pool, health: HealthOptions): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [RecorderModule.with(new Dispatcher(writers)), ReaderModule.with(pool), HealthModule.with(health)],
    };
  }
}

/** Longer than a round takes that goes well, on a slow machine too. */
const ROUND_MS_MAX = 15_000;
/** Longer than it takes to give up a database that does not answer, as often as that is tried, and than any batch takes. */
const LOOP_MS_MAX = 120_000;

export interface Standalone {
  /** Where it listens, such as http://127.0.0.1:7410. */
  url: string;
  keys: KeysFile;
  /** The ledgers there were when it started. */
  ledgers: string[];
  /** Answers everybody who waits, then ends in order; the database last. */
  stop: () => Promise<void>;
}

export interface StandaloneOptions {
  /** Told of what an operator should know, in lines of text. */
  log: Log;
  /** For tests only: `reserve` is that of room on the disk. */
  protections?: Partial<Protections & { reserve: boolean }>;
}

export async function startStandalone(config: Config, options: StandaloneOptions): Promise<Standalone> {
  const { log, protections = {} } = options;
  const undo = new Undo(log);
  let stopping = false;
  const stop = (): Promise<void> => {
    stopping = true;
    return undo.run();
  };
  try {
    // Others may pass through it, as PostgreSQL does, which runs as a user of its own; every file in it is closed to them.
    await mkdir(config.dataDir, { recursive: true, mode: 0o755 });
    const { reserve } = protections;
    const folder = join(config.dataDir, 'postgres');
    const postgres = await OwnPostgres.start({ folder, log, ...(reserve !== undefined && { reserve }) });
    undo.add(() => postgres.stop());

    const storage = await postgres.whileThere(() =>
      EmbeddedStorage.open(postgres.connectionString, {
        assertOurs: () => postgres.assertOurs(),
        assertRoom: () => postgres.assertRoom('records'),
        protections,
      }),
    );
    undo.add(() => storage.close());
    const master = new MasterKey(await loadMasterKey(config));
    const codec = recordCodec();
    const metrics = new Metrics();
    const writers: Writers = new Writers(storage, master, codec, {
      mayClaim: () => postgres.held(),
      observe: metrics.watchWriters(() => writers.queues()),
      log,
    });

    // The projector has connections of its own, so that many readers never hold it up.
    const poolFor = (name: string, max: number): Pool => {
      const pool = new Pool({
        connectionString: postgres.connectionString,
        application_name: `incident-ledger ${name}`,
        max,
      });
      pool.on('error', (error) => log(`A connection of the ${name} broke: ${error.message}`, { level: 'warn' }));
      undo.add(() => pool.end());
      return pool;
    };
    const pool = poolFor('reader', 10);
    const generations = new Generations(poolFor('projector', 2));
    await postgres.whileThere(() => generations.prepare());
    const modelsToWrite = async (): Promise<ReadModels> => {
      await postgres.assertRoom('copying');
      return generations.models();
    };
    const projector = new Projector(new LogReader(storage, codec, master), modelsToWrite, { log });
    const ledgers = await postgres.whileThere(() => storage.ledgers());
    projector.start();
    undo.add(() => projector.stop());

    const keys = new KeysFile(config.keysFile);
    metrics.watchProjections(() => projector.health());
    const askDatabase = reachable(() => pool.query('select 1'));
    const health: HealthOptions = {
      standing: () => standingOf(stopping, postgres, writers, projector, askDatabase),
      hung: () => [
        ...writers.hungFor(LOOP_MS_MAX).map((ledger) => `The writer of ${ledger} does not end its round.`),
        ...projector.hungFor(LOOP_MS_MAX),
      ],
      metrics,
    };
    const app = await createHttpApp(StandaloneModule.with(writers, pool, health), {
      keys,
      openReads: config.openReads,
      allowedOrigins: config.allowedOrigins,
      writesPerSecond: config.writesPerSecond,
      behindTls: config.behindTls,
      prepare: describeApis,
      metrics,
      log,
    });
    undo.add(
      () => writers.drain(),
      () => app.close(),
    );
    return { url: await listenAt(app, config), keys, ledgers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function standingOf(
  stopping: boolean,
  postgres: OwnPostgres,
  writers: Writers,
  projector: Projector,
  askDatabase: () => Promise<string | undefined>,
): Promise<Standing> {
  const [own, copies, database] = await Promise.all([postgres.trouble(), projectorStanding(projector), askDatabase()]);
  const troubles: Trouble[] = [];
  if (stopping) troubles.push({ code: 'process-stopping', reason: 'This process is stopping.' });
  if (own !== undefined) troubles.push(own);
  else if (database !== undefined) {
    troubles.push({ code: 'database-away', reason: `The database cannot be reached: ${database}` });
  }
  for (const ledger of writers.hungFor(ROUND_MS_MAX)) {
    const reason = `Commands to ${ledger} have waited for more than ${ROUND_MS_MAX / 1_000} s.`;
    troubles.push({ code: 'writer-stalled', ledger, reason });
  }
  return { troubles: [...troubles, ...copies.troubles], details: copies.details };
}
