/** The process that answers, from the read models alone. Any number of them may run. */
import { Module, type DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { Generations } from '#read-models';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  Metrics,
  reachable,
  readConfig,
  runProcess,
  serveOpenApi,
  Undo,
  untilItWorks,
  type HealthOptions,
  type ProcessTools,
  type Standing,
} from '#runtime';
import { READER_API, ReaderModule } from './index.js';

const CONNECTIONS_MAX = 10;
const ANSWER_MS_MAX = 2_000;
/** A database that has stopped in the middle must not keep whoever asks for ever. */
const QUERY_MS_MAX = 30_000;

@Module({})
class ReaderProcess {
  static with(pool: Pool, health: HealthOptions): DynamicModule {
    return { module: ReaderProcess, imports: [ReaderModule.with(pool), HealthModule.with(health)] };
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
  pool.on('error', (error) => log(`A connection to the database broke: ${error.message}`, { level: 'warn' }));
  undo.add(() => pool.end());

  let hasTables = false;
  const askDatabase = reachable(() => pool.query('select 1'));
  const standing = async (): Promise<Standing> => {
    const database = await askDatabase();
    if (database !== undefined) {
      return { troubles: [{ code: 'database-away', reason: `The database cannot be reached: ${database}` }] };
    }
    if (hasTables) return { troubles: [] };
    return { troubles: [{ code: 'tables-missing', reason: 'The tables of the read models are not there yet.' }] };
  };
  const metrics = new Metrics();
  const app = await createHttpApp(ReaderProcess.with(pool, { standing, metrics }), {
    keys: new KeysFile(config.keysFile),
    openReads: config.openReads,
    allowedOrigins: config.allowedOrigins,
    behindTls: config.behindTls,
    prepare: (nest) => serveOpenApi(nest, READER_API),
    metrics,
    log,
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

await runProcess('reader', start, ({ url }) => `Incident Ledger reader: ${url}\n`);
