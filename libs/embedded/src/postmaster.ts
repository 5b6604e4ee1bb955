/**
 * Starts the PostgreSQL of a folder, or adopts the one that a killed process left running there, and stops it.
 *
 * The folder holds `cluster/` (the data, and the password that only this folder knows) and `server.log`. The server
 * listens on 127.0.0.1 only, on a port that is free when a process starts it first, and runs in a process group of its own, so that Ctrl-C
 * reaches us and not it: we stop it when we have drained. It does not decide which of two processes may use the folder;
 * that is `instance-lock.ts`, and only the holder of that lock may stop the server.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { holdFreePort } from './free-port.js';
import { accountFor, assertReachable, environment, explain, findPrograms, run } from './programs.js';
import type { Account, Programs } from './programs.js';

export interface Postgres {
  /** A postgres:// URL. The password is in it: not for logs. */
  readonly connectionString: string;
  /** True if it was running already. */
  readonly adopted: boolean;
  /** A fast shutdown; returns when the server is gone. Only for the holder of the instance lock. */
  stop: () => Promise<void>;
}

/** Written into postgresql.conf when the cluster is made; an operator may change them there. */
const INITIAL_SETTINGS = {
  shared_buffers: '128MB',
  max_connections: '50',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

/** Given on the command line at each start, where postgresql.conf cannot override them: our promises rest on these. */
const FIXED_SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // With an error it would else log the row it refuses or the line it cannot copy, which may be private.
  log_error_verbosity: 'terse',
};

/** Long enough to replay a full write-ahead log on a slow disk. */
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 60_000;
const LOG_BYTES_MAX = 10_000_000;
/** Failures of a start that pass: somebody else is starting, or the last backends of a killed server are still going. */
const PASSING_FAILURE = /lock file|shared memory block|Address already in use/;
const PASSING_FAILURES_MAX = 20;

class Place {
  readonly cluster: string;
  readonly data: string;
  readonly pidFile: string;
  readonly passwordFile: string;
  readonly logFile: string;

  constructor(readonly folder: string) {
    this.cluster = join(folder, 'cluster');
    this.data = join(this.cluster, 'data');
    this.pidFile = join(this.data, 'postmaster.pid');
    this.passwordFile = join(this.cluster, 'password');
    this.logFile = join(folder, 'server.log');
  }
}

export interface StartOptions {
  folder: string;
  log?: (message: string) => void;
  /** It ran before in this process: its data must be there, and it gets that port again, unless somebody else started it. */
  again?: { port: number };
}

/** Safe to call by several processes at once: one starts the server, the others adopt it. */
export async function startPostgres(options: StartOptions): Promise<Postgres> {
  const { log = () => {}, again } = options;
  const place = new Place(resolve(options.folder));
  const programs = await findPrograms();
  await mkdir(place.folder, { recursive: true });
  const account = await accountFor(place.data);
  if (account !== undefined) {
    await chmod(place.folder, 0o711);
    await assertReachable(account, [place.folder, programs.postgres]);
  }
  if (!(await isThere(place.cluster))) {
    // An empty one in its place would be taken for a ledger that has lost everything.
    if (again !== undefined) throw new Error(`The data in ${place.cluster} are gone: put them back.`);
    log(`Making a new PostgreSQL cluster in ${place.folder}.`);
    await makeCluster(place, programs, account);
  }
  const password = await readPassword(place);
  const { port, adopted } = await startOrAdopt(place, programs, account, password, again?.port);
  log(`PostgreSQL ${adopted ? 'was running already' : 'started'} on 127.0.0.1:${port}.`);
  return {
    connectionString: connectionString(port, password),
    adopted,
    stop: () => stopPostgres(place.folder),
  };
}

/** Stops the PostgreSQL of a folder, whoever started it; returns when it is gone, at once if there is none. */
export async function stopPostgres(folder: string): Promise<void> {
  const place = new Place(resolve(folder));
  const postmaster = await livingPostmaster(place);
  if (postmaster === undefined) return;
  const { pg_ctl } = await findPrograms();
  const account = await accountFor(place.data);
  const deadline = Date.now() + STOP_MS_MAX;
  try {
    // We wait for it ourselves: where another process starts the next one at once, pg_ctl would wait for that one to end.
    await run(pg_ctl, ['stop', '-D', place.data, '-m', 'fast', '-W'], place.cluster, account);
  } catch (error) {
    // It may have ended by itself between our look and the call.
    if ((await livingPostmaster(place))?.pid === postmaster.pid) throw error;
  }
  while (await isPostgres(postmaster.pid)) {
    if (Date.now() > deadline) {
      throw new Error(`PostgreSQL does not stop: see ${place.logFile}. It goes on stopping by itself.`);
    }
    await sleep(10);
  }
}

// ---- the cluster on disk

/** Made aside and put in place by one rename: a killed or a simultaneous first start leaves no half a cluster. */
async function makeCluster(place: Place, programs: Programs, account?: Account): Promise<void> {
  await removeLeftovers(place.folder);
  const fresh = await mkdtemp(join(place.folder, 'new-'));
  try {
    const passwordFile = join(fresh, 'password');
    await writeFile(passwordFile, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
    if (account !== undefined) {
      await chown(fresh, account.uid, account.gid);
      await chown(passwordFile, account.uid, account.gid);
    }
    const settings = Object.entries(INITIAL_SETTINGS).map(([name, value]) => `--set=${name}=${value}`);
    await run(
      programs.initdb,
      [
        `--pgdata=${join(fresh, 'data')}`,
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        // Without these they would follow the environment, down to SQL_ASCII.
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        ...settings,
      ],
      fresh,
      account,
    );
    await rename(fresh, place.cluster);
    await syncFolder(place.folder);
  } catch (error) {
    // Somebody else's first start was faster: theirs is as good.
    if (!(await isThere(place.cluster))) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Of first starts that were killed. One under way takes seconds and is not an hour old. */
async function removeLeftovers(folder: string): Promise<void> {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of await readdir(folder)) {
    if (!name.startsWith('new-')) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < anHourAgo) await rm(path, { recursive: true, force: true });
  }
}

/** A rename survives a power cut only when its folder was synced; Windows cannot, and need not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readPassword(place: Place): Promise<string> {
  try {
    return (await readFile(place.passwordFile, 'utf8')).trim();
  } catch (cause) {
    throw new Error(
      `The PostgreSQL in ${place.folder} cannot be used: its password file ${place.passwordFile} cannot be read. ` +
        'Start as the user who made the folder, or choose another one.',
      { cause },
    );
  }
}

// ---- the server

async function startOrAdopt(
  place: Place,
  programs: Programs,
  account: Account | undefined,
  password: string,
  port?: number,
): Promise<{ port: number; adopted: boolean }> {
  const deadline = Date.now() + START_MS_MAX;
  let launch: Launch | undefined;
  let launches = 0;
  for (;;) {
    const postmaster = await livingPostmaster(place);
    if (postmaster?.ready === true && (await answers(postmaster.port, password, place))) {
      return { port: postmaster.port, adopted: postmaster.pid !== launch?.pid };
    }
    if (postmaster === undefined && launch?.running !== true) {
      if (launch !== undefined) await assertPassing(launch, launches, place);
      launch = await launchPostmaster(place, programs, port ?? (await freePort()), account);
      launches += 1;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `PostgreSQL is not ready after ${START_MS_MAX / 1000} seconds. It may still be recovering: ` +
          `see ${place.logFile}, then start again.`,
      );
    }
    await sleep(25);
  }
}

interface Launch {
  readonly pid: number | undefined;
  running: boolean;
  /** Why it could not even be run. */
  failure?: Error;
  /** Where its part of the log begins. */
  readonly logStart: number;
}

async function launchPostmaster(place: Place, programs: Programs, port: number, account?: Account): Promise<Launch> {
  const settings = { ...FIXED_SETTINGS, port: String(port) };
  const log = await openLog(place.logFile, account);
  try {
    const logStart = (await log.stat()).size;
    const child = spawn(
      programs.postgres,
      ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...account,
        cwd: place.cluster,
        env: environment(),
        detached: true,
        windowsHide: true,
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    const launch: Launch = { pid: child.pid, running: true, logStart };
    child.once('error', (failure) => Object.assign(launch, { running: false, failure }));
    child.once('exit', () => Object.assign(launch, { running: false }));
    child.unref();
    return launch;
  } finally {
    await log.close();
  }
}

async function openLog(path: string, account?: Account): Promise<FileHandle> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && found.size > LOG_BYTES_MAX) await rename(path, `${path}.1`);
  const log = await open(path, 'a', 0o600);
  if (account !== undefined) await log.chown(account.uid, account.gid);
  return log;
}

/** Throws unless a failed launch is worth another one. */
async function assertPassing(launch: Launch, launches: number, place: Place): Promise<void> {
  if (launch.failure !== undefined) {
    throw new Error(`PostgreSQL did not start. ${explain(launch.failure)}`, { cause: launch.failure });
  }
  const said = (await readFile(place.logFile)).subarray(launch.logStart).toString('utf8').trim();
  if (PASSING_FAILURE.test(said) && launches < PASSING_FAILURES_MAX) {
    await sleep(250);
    return;
  }
  throw new Error(`PostgreSQL did not start. ${place.logFile} says:\n${said.slice(-2_000)}`);
}

async function freePort(): Promise<number> {
  const held = await holdFreePort();
  await held.release();
  return held.port;
}

interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** What postmaster.pid says, if the server it speaks of lives. */
async function livingPostmaster(place: Place): Promise<Postmaster | undefined> {
  const text = await readFile(place.pidFile, 'utf8').catch(() => '');
  const [pid, , , port, , , , status] = text.split('\n');
  if (!pid) return undefined;
  if (await isPostgres(Number(pid))) {
    return { pid: Number(pid), port: Number(port), ready: status?.trim() === 'ready' };
  }
  // After a crash PostgreSQL removes its stale pid file itself, unless the pid now belongs to another process or to a
  // corpse that nobody collects, both usual in containers: then it would refuse to start.
  if (isAlive(Number(pid)) && text === (await readFile(place.pidFile, 'utf8').catch(() => ''))) {
    await rm(place.pidFile, { force: true });
  }
  return undefined;
}

async function isPostgres(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  // Empty for a process that has ended but was not collected.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return basename(commandLine.split('\0')[0] ?? '') === 'postgres';
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process, or one of another user, so not our server.
    return false;
  }
}

function connectionString(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

/** SCRAM proves both ways: only the server of this folder accepts the folder's password. */
async function answers(port: number, password: string, place: Place): Promise<boolean> {
  const client = new Client({
    connectionString: connectionString(port, password),
    application_name: 'incident-ledger start',
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (cause) {
    if ((cause as { code?: string }).code !== '28P01') return false;
    throw new Error(`The PostgreSQL in ${place.folder} does not accept the password in ${place.passwordFile}.`, {
      cause,
    });
  } finally {
    await client.end();
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
