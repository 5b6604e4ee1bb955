/**
 * A real PostgreSQL for tests, from the first that is there: the server of DATABASE_URL; a container of POSTGRES_IMAGE,
 * where a Docker answers and holds the image or can pull it within a minute; the embedded one in a temporary folder.
 *
 * All spec files of a run share one server, which the first of them starts (a run that needs none pays nothing); each
 * asks for databases of its own. Whatever happens to the test process, the keeper (`postgres-keeper.ts`, for a container
 * `server-keeper.ts`), a process that outlives it by a moment, stops the server and removes the folder.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startPostgres, type Postgres } from '#embedded';
import { askKeeper, containerKeeper, Keeper } from './keeper.js';

/** Set by the set-up of a run: what its databases are called, and where its server is or is to be started. */
const RUN = 'TEST_RUN';
const SHARED_FOLDER = 'TEST_POSTGRES_FOLDER';
const SHARED_KEEPER = 'TEST_POSTGRES_KEEPER';

export interface PostgresFolder {
  readonly folder: string;
  /** Stops the server that runs in it, if any, and removes it. */
  remove(): Promise<void>;
}

/** A folder for a server, in it or in a folder below, kept by the keeper. */
export async function temporaryPostgresFolder(below = '.'): Promise<PostgresFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-ledger-test-'));
  // PostgreSQL may run as a user of its own, who must get through to its part.
  await chmod(folder, 0o711);
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('./postgres-keeper.js', import.meta.url)), folder, join(folder, below)],
    { detached: true, stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const ended = once(keeper, 'exit');
  keeper.unref();
  return {
    folder,
    async remove() {
      keeper.ref();
      keeper.stdin.end();
      await ended;
    },
  };
}

export interface TemporaryPostgres {
  readonly folder: string;
  readonly connectionString: string;
  readonly postgres: Postgres;
  /** Makes an empty database and returns how to connect to it. */
  freshDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** A server of its own, for a spec that does to it what the others would not survive. */
export async function startTemporaryPostgres(): Promise<TemporaryPostgres> {
  const kept = await temporaryPostgresFolder();
  try {
    const postgres = await startPostgres({ folder: kept.folder });
    return {
      folder: kept.folder,
      connectionString: postgres.connectionString,
      postgres,
      freshDatabase: () => createDatabase(postgres.connectionString),
      stop: () => kept.remove(),
    };
  } catch (error) {
    await kept.remove();
    throw error;
  }
}

/** What there is for a run, chosen but not started. */
export type ChosenPostgres = (
  | { readonly how: 'given'; readonly connectionString: string }
  | { readonly how: 'container'; readonly keeper: Keeper }
  | { readonly how: 'embedded' }
) & { readonly why: string };

export async function choosePostgres(): Promise<ChosenPostgres> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) return { how: 'given', why: 'DATABASE_URL names it', connectionString: given };
  const image = process.env['POSTGRES_IMAGE'] || 'postgres:18';
  const keeper = await containerKeeper({ kind: 'postgres-container', image });
  return keeper instanceof Keeper
    ? { how: 'container', why: `${image} (DATABASE_URL is not set)`, keeper }
    : { how: 'embedded', why: `DATABASE_URL is not set; ${keeper}` };
}

/** To be called once before all spec files of a run; what it returns, once after them. */
export async function prepareSharedPostgres(log: (line: string) => void): Promise<() => Promise<void>> {
  const run = randomUUID();
  process.env[RUN] = run;
  const chosen = await choosePostgres();
  log(`PostgreSQL for tests: ${chosen.how}: ${chosen.why}.`);
  if (chosen.how === 'given') return () => dropDatabases(chosen.connectionString, run);
  if (chosen.how === 'container') {
    process.env[SHARED_KEEPER] = String(chosen.keeper.port);
    return () => chosen.keeper.release();
  }
  const kept = await temporaryPostgresFolder();
  process.env[SHARED_FOLDER] = kept.folder;
  return () => kept.remove();
}

/** An empty database on the server that all spec files share. */
export async function freshDatabase(): Promise<string> {
  return createDatabase(await sharedServer());
}

async function sharedServer(): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) return given;
  const keeper = process.env[SHARED_KEEPER];
  if (keeper !== undefined) {
    return (await askKeeper<{ connectionString: string }>(Number(keeper), 'start')).connectionString;
  }
  const folder = process.env[SHARED_FOLDER];
  if (folder === undefined) throw new Error('No server was prepared: run the tests with jest and its jest.config.js.');
  return (await startPostgres({ folder })).connectionString;
}

async function createDatabase(server: string): Promise<string> {
  const name = `test-${process.env[RUN]}-${randomUUID().slice(0, 8)}`;
  await onServer(server, (client) => client.query(`CREATE DATABASE "${name}"`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabases(server: string, run: string): Promise<void> {
  await onServer(server, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [`test-${run}-`],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
  });
}

async function onServer(server: string, act: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: server, application_name: 'incident-ledger test' });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
