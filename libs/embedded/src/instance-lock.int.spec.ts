import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { freshDatabase } from '#testing';
import { AlreadyRunning, takeInstanceLock, type InstanceLock } from './instance-lock.js';

describe('the instance lock', () => {
  let database: string;
  const locks: InstanceLock[] = [];
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(locks.splice(0).map((lock) => lock.release()));
  });

  const take = async (): Promise<InstanceLock> => {
    const lock = await takeInstanceLock(database);
    locks.push(lock);
    return lock;
  };

  /** Another process that holds the lock. */
  const takeElsewhere = async (): Promise<ChildProcess> => {
    const program = `
      const { takeInstanceLock } = await import(${JSON.stringify(new URL('./instance-lock.js', import.meta.url).href)});
      await takeInstanceLock(process.argv[1]);
      process.stdout.write('taken');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, database], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    if (child.stdout === null) throw new Error('Its output is a pipe.');
    await once(child.stdout, 'data');
    return child;
  };

  const terminateHolder = async (): Promise<void> => {
    const client = new Client({ connectionString: database });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name LIKE 'incident-ledger instance%' AND datname = current_database()`,
    );
    await client.end();
  };

  test('is held by one, who is named to the next', async () => {
    const lock = await take();
    expect(await lock.held()).toBe(true);
    const refused = take();
    await expect(refused).rejects.toThrow(AlreadyRunning);
    await expect(refused).rejects.toThrow(`pid ${process.pid}`);
    expect(await lock.held()).toBe(true);
  });

  test('is free again after release, for one of several that wait', async () => {
    const lock = await take();
    const others = [take(), take()];
    await lock.release();
    expect(await lock.held()).toBe(false);
    const results = await Promise.allSettled(others);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('A17: of a process just killed is taken over within moments', async () => {
    const holder = await takeElsewhere();
    holder.kill('SIGKILL');
    const lock = await take();
    expect(await lock.held()).toBe(true);
  });

  test('A17: of a process that is stopped is still held', async () => {
    const holder = await takeElsewhere();
    holder.kill('SIGSTOP');
    await expect(take()).rejects.toThrow(AlreadyRunning);
  });

  test('that is lost is not held, and the holder is told once', async () => {
    const lock = await take();
    let told = 0;
    const lost = new Promise<void>((resolve) => {
      lock.onLost(() => {
        told += 1;
        resolve();
      });
    });
    await terminateHolder();
    await lost;
    expect(await lock.held()).toBe(false);
    expect(await (await take()).held()).toBe(true);
    expect(await lock.held()).toBe(false);
    const late = new Promise<void>((resolve) => lock.onLost(resolve));
    await late;
    expect(told).toBe(1);
  });

  test('says nothing of a loss when it is released', async () => {
    const lock = await take();
    let told = 0;
    lock.onLost(() => (told += 1));
    await lock.release();
    await (await take()).release();
    expect(told).toBe(0);
  });
});
