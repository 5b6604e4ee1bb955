import { expect, test } from '@jest/globals';
import { Problem } from '#contracts';
import { RateLimit } from './rate-limit.js';

let now = 0;

/** How many of so many writes go through. */
function through(limit: RateLimit, key: string, count: number): number {
  let passed = 0;
  for (let n = 0; n < count; n += 1) {
    try {
      limit.take(key);
      passed += 1;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'too-many-requests') throw error;
    }
  }
  return passed;
}

test('a key writes so many at once, then so many a second, and never more for having waited', () => {
  const limit = new RateLimit(50, () => now);
  expect(through(limit, 'k1', 200)).toBe(50);
  now += 100;
  expect(through(limit, 'k1', 200)).toBe(5);
  now += 3_600_000;
  expect(through(limit, 'k1', 200)).toBe(50);
});

test('over a minute of asking all the time the rate holds', () => {
  const limit = new RateLimit(10, () => now);
  let passed = 0;
  for (let ms = 0; ms < 60_000; ms += 7) {
    now += 7;
    passed += through(limit, 'k1', 3);
  }
  expect(passed).toBeGreaterThanOrEqual(600);
  expect(passed).toBeLessThanOrEqual(611);
});

test('one key does not use up what another may write', () => {
  const limit = new RateLimit(2, () => now);
  expect([through(limit, 'k1', 9), through(limit, 'k2', 9)]).toEqual([2, 2]);
});

test('who waits as long as told gets through', () => {
  const limit = new RateLimit(3, () => now);
  through(limit, 'k1', 9);
  const refusal = (): Problem => {
    try {
      limit.take('k1');
    } catch (error) {
      return error as Problem;
    }
    throw new Error('It was not refused.');
  };
  const { details } = refusal();
  expect(details).toEqual({ writesPerSecond: 3, retryAfter: 1 });
  now += Number(details['retryAfter']) * 1_000;
  expect(through(limit, 'k1', 1)).toBe(1);
});
