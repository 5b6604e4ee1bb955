/**
 * EVERYTHING IN ONE PROCESS on one machine: embedded PostgreSQL for the log and the read models, recorder, projector and
 * reader behind one address. Composes the rooms; what they do, they do themselves.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { Projector, projectorReadiness } from '#app/projector';
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
  troubleOnly,
  Undo,
  type Config,
} from '#runtime';
import { describeApis } from './openapi.js';

@Module({})
class StandaloneModule {
  static with(writers: Writers, projector: Projector, pool: Pool, postgres: OwnPostgres): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [
        RecorderModule.with(new Dispatcher(writers)),
        ReaderModule.with(pool),
        HealthModule.with(async () => {
          const [trouble, copies] = await Promise.all([postgres.trouble(), projectorReadiness(projector)]);
          return { ...copies, ...(trouble !== undefined && { ready: false, trouble }) };
        }),
      ],
    };
  }
}

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
  log: (message: string) => void;
  /** For tests only: `reserve` is that of room on the disk. */
  protections?: Partial<Protections & { reserve: boolean }>;
}

export async function startStandalone(config: Config, options: StandaloneOptions): Promise<Standalone> {
  const { log, protections = {} } = options;
  const undo = new Undo(log);
  const stop = (): Promise<void> => undo.run();
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
    const writers = new Writers(storage, master, codec, { mayClaim: () => postgres.held(), log });

    // The projector has connections of its own, so that many readers never hold it up.
    const poolFor = (name: string, max: number): Pool => {
      const pool = new Pool({
        connectionString: postgres.connectionString,
        application_name: `incident-ledger ${name}`,
        max,
      });
      pool.on('error', (error) => log(`A connection of the ${name} broke: ${error.message}`));
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
    const app = await createHttpApp(StandaloneModule.with(writers, projector, pool, postgres), {
      keys,
      openReads: config.openReads,
      allowedOrigins: config.allowedOrigins,
      prepare: describeApis,
      logger: troubleOnly(log),
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
