import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { temporaryPostgresFolder, type PostgresFolder } from '#testing';
import { startPostgres } from './postmaster.js';

describe('the PostgreSQL of a folder', () => {
  let kept: PostgresFolder;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    kept = await temporaryPostgresFolder();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await kept.remove();
  });

  const start = () => startPostgres({ folder: kept.folder });

  const query = async (connectionString: string, text: string): Promise<string[]> => {
    const client = new Client({ connectionString });
    client.on('error', () => {});
    await client.connect();
    try {
      const { rows } = await client.query<string[]>({ text, rowMode: 'array' });
      return rows.map(([value]) => String(value));
    } finally {
      await client.end();
    }
  };

  /** Another Node process that starts the server and stays; in a process group of its own, as a terminal would have it. */
  const startElsewhere = async (): Promise<ChildProcess> => {
    const program = `
      const { startPostgres } = await import(${JSON.stringify(new URL('./postmaster.js', import.meta.url).href)});
      await startPostgres({ folder: process.argv[1] });
      process.stdout.write('started');
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, kept.folder], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    if (child.stdout === null) throw new Error('Its output is a pipe.');
    await once(child.stdout, 'data');
    return child;
  };

  const postmasterPid = async (): Promise<number> =>
    Number((await readFile(join(kept.folder, 'cluster', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);

  test('is made safe: loopback only, no socket file, UTF-8, passwords by SCRAM, durable', async () => {
    const { connectionString, adopted } = await start();
    expect(adopted).toBe(false);
    const settings = await query(
      connectionString,
      `SELECT name || '=' || setting FROM pg_settings WHERE name = ANY ('{fsync,synchronous_commit,full_page_writes,
         listen_addresses,unix_socket_directories,server_encoding,data_checksums,TimeZone}') ORDER BY name`,
    );
    expect(settings).toEqual([
      'TimeZone=UTC',
      'data_checksums=on',
      'fsync=on',
      'full_page_writes=on',
      'listen_addresses=127.0.0.1',
      'server_encoding=UTF8',
      'synchronous_commit=on',
      'unix_socket_directories=',
    ]);
    expect(await query(connectionString, `SELECT DISTINCT auth_method FROM pg_hba_file_rules`)).toEqual([
      'scram-sha-256',
    ]);
    expect(
      await query(
        connectionString,
        `SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'postgres'`,
      ),
    ).toEqual(['bC.UTF-8']);
    expect((await stat(join(kept.folder, 'cluster', 'password'))).mode & 0o777).toBe(0o600);
    await expect(query(connectionString.replace(/:[^:@]+@/, ':guess@'), 'SELECT 1')).rejects.toThrow(/password/);
  });

  test('keeps its data over stop and start, and stopping twice is harmless', async () => {
    const first = await start();
    await query(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS value');
    await first.stop();
    await first.stop();
    await expect(query(first.connectionString, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await query(second.connectionString, 'SELECT value FROM kept')).toEqual(['7']);
  });

  test('A17: is adopted when the process that started it was killed', async () => {
    const starter = await startElsewhere();
    const pid = await postmasterPid();
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    const { adopted, connectionString, stop } = await start();
    expect(adopted).toBe(true);
    expect(await postmasterPid()).toBe(pid);
    await stop();
    await expect(query(connectionString, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('Ctrl-C reaches the process that started it, not the server', async () => {
    const starter = await startElsewhere();
    if (starter.pid === undefined) throw new Error('It runs.');
    process.kill(-starter.pid, 'SIGINT');
    await once(starter, 'exit');
    const { adopted, connectionString } = await start();
    expect(adopted).toBe(true);
    expect(await query(connectionString, 'SELECT 1')).toEqual(['1']);
  });

  test('several first starts at once make one cluster and one server', async () => {
    const all = await Promise.all([start(), start(), start()]);
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(new Set(all.map(({ connectionString }) => connectionString)).size).toBe(1);
    expect((await readdir(kept.folder)).sort()).toEqual(['cluster', 'server.log']);
  });

  test('several starts at once after a crash of the server bring it back, with its data', async () => {
    const first = await start();
    await query(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS value');
    // A backend that is busy outlives its postmaster for a while, and keeps the shared memory.
    const busy = query(first.connectionString, 'SELECT pg_sleep(1)').catch(() => undefined);
    process.kill(await postmasterPid(), 'SIGKILL');
    const all = await Promise.all([start(), start()]);
    expect(await Promise.all(all.map((one) => query(one.connectionString, 'SELECT value FROM kept')))).toEqual([
      ['7'],
      ['7'],
    ]);
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
    await busy;
  });

  test('a pid file whose pid went to another process does not keep it from starting', async () => {
    const first = await start();
    const pidFile = join(kept.folder, 'cluster', 'data', 'postmaster.pid');
    const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    await writeFile(pidFile, [String(process.pid), ...rest].join('\n'));
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await query(second.connectionString, 'SELECT 1')).toEqual(['1']);
  });

  test('one that is shutting down is waited for', async () => {
    const first = await start();
    // A backup under way or a full disk can make a shutdown long; here the process is simply kept from going on.
    const pid = await postmasterPid();
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGINT');
    const again = start();
    const raced = await Promise.race([again.then(() => 'started'), sleep(300, 'waiting')]);
    process.kill(pid, 'SIGCONT');
    expect(raced).toBe('waiting');
    expect((await again).adopted).toBe(false);
    expect(await postmasterPid()).not.toBe(pid);
    expect((await again).connectionString).not.toBe(first.connectionString);
  });

  test('a setting that PostgreSQL refuses is named, in its own words', async () => {
    await (await start()).stop();
    await appendFile(join(kept.folder, 'cluster', 'data', 'postgresql.conf'), '\nshared_bufers = 1\n');
    await expect(start()).rejects.toThrow(/did not start[^]*shared_bufers/);
  });

  test('a password file that does not fit is named', async () => {
    await start();
    const passwordFile = join(kept.folder, 'cluster', 'password');
    await writeFile(passwordFile, 'another');
    await expect(start()).rejects.toThrow(`does not accept the password in ${passwordFile}`);
  });

  const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

  testAsRoot('run by root: a folder that its user cannot enter is named, and no password is left in it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'incident-ledger-home-'));
    const folder = join(home, 'data');
    try {
      await expect(startPostgres({ folder })).rejects.toThrow(`cannot enter ${home}. Allow it (chmod o+x ${home})`);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
