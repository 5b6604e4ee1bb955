import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadMasterKey } from './master-key.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'master-')), 'data');
});
afterEach(() => rm(join(dataDir, '..'), { recursive: true }));

test('a configured key is taken, and no file is made', async () => {
  const masterKey = Buffer.alloc(32, 1);
  expect(await loadMasterKey({ dataDir, masterKey })).toBe(masterKey);
  await expect(stat(dataDir)).rejects.toThrow('ENOENT');
});

test('the first start makes one of 32 bytes for its owner alone, later starts find it', async () => {
  const first = await loadMasterKey({ dataDir });
  expect(first.byteLength).toBe(32);
  expect(await loadMasterKey({ dataDir })).toEqual(first);
  expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600);
  expect(await readdir(dataDir)).toEqual(['master.key']);
});

test('first starts at the same moment agree', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => loadMasterKey({ dataDir })));
  expect(new Set(made.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
});

test('a file that others may read, or that holds no key, stops the start', async () => {
  await loadMasterKey({ dataDir });
  const path = join(dataDir, 'master.key');
  await writeFile(path, 'too short\n');
  await expect(loadMasterKey({ dataDir })).rejects.toThrow('must hold 32 bytes');
  await chmod(path, 0o644);
  await expect(loadMasterKey({ dataDir })).rejects.toThrow('chmod 600');
});
