import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KeysFile } from './keys-file.js';

let folder: string;
let path: string;
let keys: KeysFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  path = join(folder, 'deeper', 'keys.json');
  keys = new KeysFile(path);
});
afterEach(() => rm(folder, { recursive: true }));

const rights = { roles: ['recorder'], ledgers: ['syria'] } as const;
const now = new Date('2026-11-23T12:00:00Z');

describe('a key', () => {
  test('opens, and its text is nowhere in the file', async () => {
    const { key, text } = await keys.add(rights);
    expect(text).toMatch(/^il_k1_[A-Za-z0-9_-]{43}$/);
    expect(keys.find(text)).toEqual({ ...key, ...rights, id: 'k1' });
    const file = await readFile(path, 'utf8');
    expect(file).not.toContain(text.slice(6));
    expect(file).toContain(key.sha256);
  });

  test('does not open with another secret, another id or another form', async () => {
    const { text } = await keys.add(rights);
    const { text: second } = await keys.add(rights);
    for (const wrong of [
      text.replace('k1', 'k2'),
      text.slice(0, -1),
      `${text}A`,
      second.replace('k2', 'k1'),
      '',
      'il_k1_',
    ]) {
      expect(keys.find(wrong)).toBeUndefined();
    }
  });

  test('opens nothing once it is revoked, and its id is not used again', async () => {
    const { text } = await keys.add(rights);
    expect(await keys.revoke('k1', now)).toMatchObject({ id: 'k1', revoked: '2026-11-23T12:00:00.000Z' });
    expect(keys.find(text)).toBeUndefined();
    expect((await keys.revoke('k1', new Date())).revoked).toBe('2026-11-23T12:00:00.000Z');
    expect((await keys.add(rights)).key.id).toBe('k2');
    expect([...keys.keys().keys()]).toEqual(['k1', 'k2']);
    await expect(keys.revoke('k9', now)).rejects.toThrow('There is no key k9');
  });

  test('is not made with rights that do not exist', async () => {
    await expect(keys.add({ roles: [], ledgers: '*' })).rejects.toThrow('the roles of k1');
    await expect(keys.add({ roles: ['admin'], ledgers: ['Syria'] })).rejects.toThrow('the ledgers of k1');
    expect(keys.keys().size).toBe(0);
  });
});

describe('the file', () => {
  test("is its owner's alone, and nothing is left beside it", async () => {
    await keys.add(rights);
    await keys.revoke('k1', now);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'deeper'))).toEqual(['keys.json']);
  });

  test('is read again when another process changes it, without a restart', async () => {
    const other = new KeysFile(path);
    expect(other.keys().size).toBe(0);
    const { text } = await keys.add(rights);
    expect(other.find(text)?.id).toBe('k1');
    await keys.revoke('k1', now);
    expect(other.find(text)).toBeUndefined();
    await rm(path);
    expect(other.keys().size).toBe(0);
  });

  test('loses no key of two that are made at once: one of them is told', async () => {
    const made = await Promise.allSettled([keys.add(rights), new KeysFile(path).add(rights)]);
    const done = made.filter(({ status }) => status === 'fulfilled').length;
    expect(done).toBeGreaterThan(0);
    expect(keys.keys().size).toBe(done);
    for (const one of made) {
      if (one.status === 'rejected') expect(String(one.reason)).toContain('Somebody else is changing');
      else expect(keys.find(one.value.text)?.id).toBe(one.value.key.id);
    }
  });

  test('is refused where others may read it', async () => {
    const { text } = await keys.add(rights);
    await chmod(path, 0o640);
    expect(() => keys.find(text)).toThrow('chmod 600');
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', 'no list of keys'],
    ['{"keys":[{"id":"alice"}]}', 'the id of key 1'],
    [`{"keys":[{"id":"k1","sha256":"x"}]}`, 'k1 has no SHA-256'],
    [`{"keys":[{"id":"k1","sha256":"${'a'.repeat(64)}","roles":["root"],"ledgers":"*"}]}`, 'the roles of k1'],
    [`{"keys":[{"id":"k1","sha256":"${'a'.repeat(64)}","roles":["admin"]}]}`, 'the ledgers of k1'],
    [
      `{"keys":[{"id":"k1","sha256":"${'a'.repeat(64)}","roles":["admin"],"ledgers":"*","revoked":true}]}`,
      'without a time',
    ],
  ])('opens nothing when it is broken: %s', async (content, reason) => {
    const { text } = await keys.add(rights);
    await writeFile(path, content);
    expect(() => keys.find(text)).toThrow(reason);
  });
});
