import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config.js';

const KEY = Buffer.alloc(32, 7).toString('base64url');

test('without any variable, everything has a default for one machine', () => {
  expect(readConfig({})).toEqual({
    dataDir: resolve('ledger-data'),
    host: '127.0.0.1',
    port: 7410,
    keysFile: resolve('ledger-data/keys.json'),
    allowedOrigins: [],
    openReads: true,
  });
});

test('every variable is taken', () => {
  expect(
    readConfig({
      DATA_DIR: '/data',
      HOST: '0.0.0.0',
      PORT: '80',
      KEYS_FILE: '/run/keys.json',
      MASTER_KEY: KEY,
      ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080',
      OPEN_READS: 'false',
    }),
  ).toEqual({
    dataDir: '/data',
    host: '0.0.0.0',
    port: 80,
    keysFile: '/run/keys.json',
    masterKey: Buffer.alloc(32, 7),
    allowedOrigins: ['https://a.example', 'http://b.example:8080'],
    openReads: false,
  });
});

test('the keys file lies in the data folder, and an empty variable is as none', () => {
  expect(readConfig({ DATA_DIR: '/data', PORT: '', HOST: ' ' })).toMatchObject({
    keysFile: resolve('/data/keys.json'),
    port: 7410,
    host: '127.0.0.1',
  });
});

describe('whatever is wrong is named by its variable', () => {
  test.each([
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['HOST', 'a b'],
    ['MASTER_KEY', 'short'],
    ['MASTER_KEY', `${KEY}A`],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'https://a.example/'],
    ['ALLOWED_ORIGINS', 'a.example'],
    ['ALLOWED_ORIGINS', 'https://a.example,'],
    ['OPEN_READS', 'yes'],
  ])('%s=%s', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`^Wrong configuration\\. ${name} must be .*\\.$`));
  });

  test('all at once, and no value of a secret', () => {
    const read = (): unknown => readConfig({ PORT: 'x', MASTER_KEY: 'my-secret' });
    expect(read).toThrow(/MASTER_KEY.*PORT/);
    expect(read).not.toThrow(/my-secret/);
  });
});

describe('open reads', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('are the default on %s', (HOST) => {
    expect(readConfig({ HOST }).openReads).toBe(true);
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org'])('are never on %s', (HOST) => {
    expect(readConfig({ HOST }).openReads).toBe(false);
    expect(() => readConfig({ HOST, OPEN_READS: 'true' })).toThrow('OPEN_READS can be true on loopback only');
  });
});
