/** What a seed decides. */
import { expect, test } from '@jest/globals';
import { Choices } from './choices.js';
import { EMBEDDED_CAST } from './embedded-stage.js';
import { KAFKA_CAST } from './kafka-stage.js';
import { plan, type Hit } from './nemesis.js';

const planOf = (seed: number, seconds = 60): Hit[] =>
  plan(new Choices(seed).of('nemesis'), seconds * 1_000, KAFKA_CAST);

test('the same seed makes the same plan, another one another', () => {
  expect(planOf(7)).toEqual(planOf(7));
  expect(planOf(7)).not.toEqual(planOf(8));
});

test.each([
  ['Kafka', KAFKA_CAST],
  ['the embedded storage', EMBEDDED_CAST],
])('on %s everything happens within some minutes, in the order of time', (_, cast) => {
  const hits = plan(new Choices(7), 300_000, cast);
  expect(new Set(hits.map(({ kind }) => kind))).toEqual(new Set(Object.keys(cast.deck)));
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
