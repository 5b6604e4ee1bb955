/** What the records of all kinds make of a state is pinned: a writer goes on with states that an earlier version has kept. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { evolve, EVOLVE_VERSION, initialState, type Fact } from '#domain';
import { codec } from '#testing';

const GOLDEN = new URL('../../test/golden/', import.meta.url);

/** The golden records, of each entity first those that make it: their ids are few, so that they meet the same ones. */
const files = readdirSync(GOLDEN).filter((name) => name.endsWith('.json'));
const isMaking = (name: string): boolean => /Opened|Registered|Recorded/.test(name);
const facts: Fact[] = [...files.filter(isMaking), ...files.filter((name) => !isMaking(name))].map((name) =>
  codec.decode(readFileSync(new URL(name, GOLDEN))),
);

test('another state of the same records needs another EVOLVE_VERSION: raise it, then pin what is made now', () => {
  const state = initialState();
  for (const fact of facts) evolve(state, fact);
  const made = JSON.stringify([
    [...state.entities.entries()],
    [...state.documents.entries()],
    state.inForce,
    state.closed,
  ]);
  expect(new Set(facts.map(({ name }) => name)).size).toBeGreaterThan(25);
  expect([EVOLVE_VERSION, createHash('sha256').update(made).digest('hex')]).toEqual([
    1,
    '19578a6b2969d13913e8cf287714bc16aa58b6953b7ffdc012c97f326302aab7',
  ]);
});
