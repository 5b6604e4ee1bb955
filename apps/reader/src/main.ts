/** The process that answers, from the read models alone. Any number of them may run. */
import { Module, type DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { Generations } from '#read-models';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  readConfig,
  runProcess,
  serveOpenApi,
  troubleOnly,
  Undo,
  untilItWorks,
  type ProcessTools,
  type Readiness,
} from '#runtime';
import { READER_API, ReaderModule } from './index.js';

const CONNECTIONS_MAX = 10;
const ANSWER_MS_MAX = 2_000;
/** A database that has stopped in the middle must not keep whoever asks for ever. */
const QUERY_MS_MAX = 30_000;

@Module({})
class ReaderProcess {
  static with(pool: Pool, readiness: () => Promise<Readiness>): DynamicModule {
    return { module: ReaderProcess, imports: [ReaderModule.with(pool), HealthModule.with(readiness)] };
  }
}

async function start({ log }: ProcessTools): Promise<{ url: string; stop: () => Promise<void> }> {
  const config = readConfig(process.env, { needs: ['DATABASE_URL'], port: 7411 });
  const undo = new Undo(log);
  const stopping = new AbortController();
  const pool = new Pool({
    connectionString: config.databaseUrl,
    application_name: 'incident-ledger reader',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: ANSWER_MS_MAX,
    query_timeout: QUERY_MS_MAX,
    keepAlive: true,
  });
  pool.on('error', (error) => log(`A connection to the database broke: ${error.message}`));
  undo.add(() => pool.end());

  let hasTables = false;
  const readiness = async (): Promise<Readiness> => {
    try {
      await pool.query('select 1');
      return hasTables
        ? { ready: true }
        : { ready: false, trouble: 'The tables of the read models are not there yet.' };
    } catch (error) {
      return { ready: false, trouble: `The database cannot be reached: ${(error as Error).message}` };
    }
  };
  const app = await createHttpApp(ReaderProcess.with(pool, readiness), {
    keys: new KeysFile(config.keysFile),
    openReads: config.openReads,
    allowedOrigins: config.allowedOrigins,
    prepare: (nest) => serveOpenApi(nest, READER_API),
    logger: troubleOnly(log),
  });
  undo.add(() => app.close());
  const url = await listenAt(app, config);
  undo.add(() => stopping.abort());

  // Whoever comes first makes the tables, projector or reader.
  const prepare = async (): Promise<void> => {
    await new Generations(pool).prepare();
    hasTables = true;
  };
  void untilItWorks('the database of the read models', prepare, log, stopping.signal);
  return { url, stop: () => undo.run() };
}

await runProcess(start, ({ url }) => `Incident Ledger reader: ${url}\n`);
