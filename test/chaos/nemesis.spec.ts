/** What a seed decides. */
import { expect, test } from '@jest/globals';
import { Choices } from './choices.js';
import { plan, type Hit } from './nemesis.js';

const planOf = (seed: number, seconds = 60): Hit[] =>
  plan(new Choices(seed).of('nemesis'), seconds * 1_000, { recorders: 3, projectors: 2 });

test('the same seed makes the same plan, another one another', () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(planOf(7)).not.toEqual(planOf(8));
});

test('within some minutes everything happens, in the order of time', () => {
  const hits = planOf(7, 300);
  expect(new Set(hits.map(({ kind }) => kind)).size).toBe(10);
  expect(hits.map(({ atMs }) => atMs)).toEqual(hits.map(({ atMs }) => atMs).sort((a, b) => a - b));
});

test('one recorder is always let be', () => {
  for (const seed of Array(50).keys()) {
    const recorders = planOf(seed).filter(({ kind }) => kind.startsWith('recorder'));
    for (const { atMs } of recorders) {
      const away = recorders.filter((one) => one.atMs <= atMs && atMs < one.atMs + one.forMs);
      expect(new Set(away.map(({ which }) => which)).size).toBeLessThan(3);
    }
  }
});

test('who chooses does not hang on what others chose', () => {
  const one = new Choices(7);
  const other = new Choices(7);
  one.next();
  expect(one.of('client').next()).toBe(other.of('client').next());
  expect(one.of('client').next()).not.toBe(one.of('nemesis').next());
});
