/** How long a key takes to be looked at tells nothing about any key: whatever is sent, the same is done. */
import * as crypto from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';

const compared: [number, number][] = [];
let digests = 0;
jest.unstable_mockModule('node:crypto', () => ({
  ...crypto,
  timingSafeEqual: (a: Buffer, b: Buffer) => {
    compared.push([a.byteLength, b.byteLength]);
    return crypto.timingSafeEqual(a, b);
  },
  createHash: (algorithm: string) => {
    digests += 1;
    return crypto.createHash(algorithm);
  },
}));
const { KeysFile } = await import('./keys-file.js');

let folder: string;
let keys: InstanceType<typeof KeysFile>;
let good: string;
let revoked: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'constant-time-'));
  keys = new KeysFile(join(folder, 'keys.json'));
  good = (await keys.add({ roles: ['recorder'], ledgers: '*' })).text;
  revoked = (await keys.add({ roles: ['recorder'], ledgers: '*' })).text;
  await keys.revoke('k2', new Date());
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  compared.length = 0;
  digests = 0;
});

const changed = (text: string, at: number): string =>
  `${text.slice(0, at)}${text.at(at) === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

test.each<[what: string, text: () => string, opens: boolean]>([
  ['a good key', () => good, true],
  ['a good key again', () => good, true],
  ['one that is wrong in its first letter', () => changed(good, 6), false],
  ['one that is wrong in its middle', () => changed(good, 28), false],
  ['one that is wrong near its end', () => changed(good, 47), false],
  ['one of an id that nobody has', () => good.replace('k1', 'k9'), false],
  ['one that was revoked', () => revoked, false],
  ['what is no key at all', () => 'il_k1_x', false],
])('%s: one digest, one comparison of all bytes in constant time', (_what, text, opens) => {
  expect(keys.find(text()) !== undefined).toBe(opens);
  expect({ compared, digests }).toEqual({ compared: [[32, 32]], digests: 1 });
});
