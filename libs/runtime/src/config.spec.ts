import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { logFormat, readConfig } from './config.js';

const KEY = Buffer.alloc(32, 7).toString('base64url');

test('without any variable, everything has a default for one machine', () => {
  expect(readConfig({})).toEqual({
    dataDir: resolve('ledger-data'),
    host: '127.0.0.1',
    port: 7410,
    keysFile: resolve('ledger-data/keys.json'),
    allowedOrigins: [],
    openReads: true,
    writesPerSecond: 0,
    behindTls: false,
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
      WRITES_PER_SECOND: '7',
      BEHIND_TLS: 'true',
      LOG_FORMAT: 'json',
    }),
  ).toEqual({
    dataDir: '/data',
    host: '0.0.0.0',
    port: 80,
    keysFile: '/run/keys.json',
    masterKey: Buffer.alloc(32, 7),
    allowedOrigins: ['https://a.example', 'http://b.example:8080'],
    openReads: false,
    writesPerSecond: 7,
    behindTls: true,
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
    ['WRITES_PER_SECOND', '-1'],
    ['WRITES_PER_SECOND', '1e3'],
    ['WRITES_PER_SECOND', '100001'],
    ['BEHIND_TLS', '1'],
    ['LOG_FORMAT', 'pretty'],
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

test('writes of a key are limited off loopback, unless it is told otherwise', () => {
  expect(readConfig({ HOST: '0.0.0.0' }).writesPerSecond).toBe(50);
  expect(readConfig({ HOST: '0.0.0.0', WRITES_PER_SECOND: '0' }).writesPerSecond).toBe(0);
  expect(readConfig({ HOST: '127.0.0.1' }).writesPerSecond).toBe(0);
});

test('logs are text on a terminal and JSON elsewhere, unless it is told otherwise', () => {
  expect([logFormat(undefined, true), logFormat('', false)]).toEqual(['text', 'json']);
  expect([logFormat('json', true), logFormat('text', false)]).toEqual(['json', 'text']);
});
