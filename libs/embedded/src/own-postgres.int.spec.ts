/** A PostgreSQL that dies under its process comes back by itself, where it was; one that another has taken is waited for. */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { temporaryPostgresFolder, type PostgresFolder } from '#testing';
import { INSTANCE_LOCK } from './connection.js';
import { AlreadyRunning, takeInstanceLock } from './instance-lock.js';
import { OwnPostgres } from './own-postgres.js';
import { startPostgres } from './postmaster.js';

const WAIT_MS_MAX = 20_000;

describe('the PostgreSQL of a process', () => {
  let kept: PostgresFolder;
  let own: OwnPostgres;
  let said: string[];
  beforeEach(async () => {
    kept = await temporaryPostgresFolder();
    said = [];
    own = await OwnPostgres.start({ folder: kept.folder, log: (line) => said.push(line) });
  });
  afterEach(async () => {
    await own.stop();
    await kept.remove();
  });

  const postmasterPid = async (): Promise<number> =>
    Number((await readFile(join(kept.folder, 'cluster', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const killPostmaster = async (): Promise<void> => {
    process.kill(await postmasterPid(), 'SIGKILL');
  };
  const until = async (what: string, condition: () => Promise<boolean> | boolean): Promise<void> => {
    const deadline = Date.now() + WAIT_MS_MAX;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}; it said:\n${said.join('\n')}`);
      await sleep(5);
    }
  };
  const query = async (text: string, connectionString = own.connectionString): Promise<unknown[]> => {
    const client = new Client({ connectionString });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const isAway = async (): Promise<boolean> => (await own.trouble()) !== undefined;

  test('killed, it comes back at the same port with its data, and belongs to the process again', async () => {
    await query('CREATE TABLE kept AS SELECT 7 AS value');
    for (let time = 1; time <= 2; time += 1) {
      await killPostmaster();
      await until('it is missed', isAway);
      await expect(own.assertOurs()).rejects.toMatchObject({ name: 'NotNow', code: 'unavailable' });
      expect(await own.held()).toBe(false);
      await until('it is back', async () => !(await isAway()));
      expect(await query('SELECT value FROM kept')).toEqual([{ value: 7 }]);
      await own.assertOurs();
      expect(await own.held()).toBe(true);
      await expect(takeInstanceLock(own.connectionString)).rejects.toThrow(AlreadyRunning);
    }
  });

  test('where one of its connections is killed it restarts itself, and the lock is taken again', async () => {
    const pid = await postmasterPid();
    const [row] = (await query(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'incident-ledger instance%'`,
    )) as { pid: number }[];
    process.kill(row?.pid ?? 0, 'SIGKILL');
    await until('it is missed', isAway);
    await until('it is back', async () => !(await isAway()));
    expect(await postmasterPid()).toBe(pid);
    expect(await own.held()).toBe(true);
  });

  test('where another process is faster, it has the data until it ends, and nothing is written here until then', async () => {
    const other = new Client({
      connectionString: own.connectionString,
      application_name: 'incident-ledger instance, other',
    });
    other.on('error', () => undefined);
    await other.connect();
    // It waits at the lock, so it is the next to have it.
    const taken = other.query('SELECT pg_advisory_lock($1, $2)', [...INSTANCE_LOCK]);
    await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'incident-ledger instance, pid ${process.pid}'`);
    await taken;
    await until('the other is named', () => said.some((line) => /other\) uses this data already/.test(line)));
    expect(await own.trouble()).toMatchObject({
      code: 'database-away',
      reason: expect.stringMatching(/other\) uses this data already/),
    });
    await expect(own.assertOurs()).rejects.toThrow('is being brought back');
    expect(await own.held()).toBe(false);
    await other.end();
    await until('it is back', async () => !(await isAway()));
    expect(await own.held()).toBe(true);
  });

  test('where another process started it elsewhere and has ended, it comes back where it was', async () => {
    await query('CREATE TABLE kept AS SELECT 7 AS value');
    await killPostmaster();
    // Whoever of the two is faster.
    await startPostgres({ folder: kept.folder });
    await until('it is back', async () => !(await isAway()) && (await own.held()));
    expect(await query('SELECT value FROM kept')).toEqual([{ value: 7 }]);
  });

  test('data that are gone are said to be gone, not replaced by empty ones; back in place, all goes on', async () => {
    await query('CREATE TABLE kept AS SELECT 7 AS value');
    await rename(join(kept.folder, 'cluster'), join(kept.folder, 'elsewhere'));
    const pid = Number(
      (await readFile(join(kept.folder, 'elsewhere', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
    );
    process.kill(pid, 'SIGKILL');
    await until('it is said', () => said.some((line) => line.includes('are gone: put them back')));
    await rename(join(kept.folder, 'elsewhere'), join(kept.folder, 'cluster'));
    await until('it is back', async () => !(await isAway()));
    expect(await query('SELECT value FROM kept')).toEqual([{ value: 7 }]);
  });

  test('stopped while its server is away, it ends all the same, and leaves none behind', async () => {
    await killPostmaster();
    await until('it is missed', isAway);
    await own.stop();
    await expect(query('SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });
});
