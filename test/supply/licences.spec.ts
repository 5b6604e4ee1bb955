import { describe, expect, test } from '@jest/globals';
import { idleExceptions, isAllowed, lockedPackages, refusedLicences } from './licences.js';

test('every package of the lock file is of an allowed licence', () => {
  const packages = lockedPackages();
  expect(Object.keys(packages).length).toBeGreaterThan(500);
  expect(refusedLicences(packages)).toEqual([]);
  expect(idleExceptions(packages)).toEqual([]);
});

describe('a licence', () => {
  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['GPL-3.0 OR MIT', true],
    ['(MIT AND Zlib)', true],
    ['MIT AND GPL-3.0', false],
    ['GPL-3.0-only', false],
    ['AGPL-3.0', false],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['', false],
    ['(MIT OR (GPL-2.0 AND X))', false],
  ])('%s: %s', (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });
});

test('what is not allowed is named, wherever it lies; an exception is good for its licence only', () => {
  expect(
    refusedLicences({
      '': { version: '1.0.0' },
      'node_modules/good': { version: '1.0.0', license: 'MIT' },
      'node_modules/good/node_modules/@scope/bad': { version: '2.0.0', license: 'GPL-3.0' },
      'node_modules/silent': { version: '3.0.0' },
      'node_modules/caniuse-lite': { version: '4.0.0', license: 'CC-BY-4.0' },
      'node_modules/a/node_modules/caniuse-lite': { version: '5.0.0', license: 'GPL-3.0' },
      'node_modules/constructor': { version: '6.0.0' },
    }),
  ).toEqual([
    { name: '@scope/bad', version: '2.0.0', licence: 'GPL-3.0' },
    { name: 'silent', version: '3.0.0', licence: 'none said' },
    { name: 'caniuse-lite', version: '5.0.0', licence: 'GPL-3.0' },
    { name: 'constructor', version: '6.0.0', licence: 'none said' },
  ]);
});
