/** Series from the tables against the rules of libs/domain applied to the records. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  levelSteps,
  totalSeries,
  wasSaidBy,
  type Claim,
  type Command,
  type PolicyName,
  type SourcedClaim,
  type TotalSeries,
} from '#domain';
import { factsOf, histories, recordsOf } from '#testing';
import type { Moment } from './moment.js';
import { Plain } from './plain.fixture.js';
import { TooManyToCompute } from './said-by.js';
import { forceLevels, forceLevelSeries, publishedTotals, type ShownTotals } from './series.js';
import { freshTables } from './tables.fixture.js';

const { pool, withTables } = await freshTables();
afterAll(() => pool.end());

const ALL = { after: 0, limit: 500 };

/** The claims of one kind that had been said, by what they are about. */
function claimsOf(plain: Plain, predicate: 'total' | 'force-level', { saidBy }: Moment): Map<string, SourcedClaim[]> {
  const claims = plain
    .abouts()
    .map((about): [string, SourcedClaim[]] => [
      about,
      plain.claimsAbout(about).filter((one) => saidBy === undefined || wasSaidBy(one, saidBy)),
    ])
    .filter(([, some]) => some.some(({ claim }) => claim.predicate === predicate));
  return new Map(claims);
}

/** The same history with a total and a level in every statement: by themselves they come up too rarely. */
function counting(command: Command, index: number): Command {
  if (command.act !== 'record-statement' && command.act !== 'correct-statement') return command;
  const { statement } = command;
  const to = `2023-04-${10 + (index % 9)}`;
  const number = { low: index, best: index % 3 === 0 ? null : index, high: null };
  const counter = { id: 'toll', ...(index % 4 > 1 && { phase: 1 + (index % 2) }) };
  const total: Claim = {
    predicate: 'total',
    about: { scope: { of: 'killed', ...(index % 5 > 0 && { to }) } },
    stance: 'asserts',
    value: { ...number, ...(index % 7 > 0 && { counter }) },
  };
  const level: Claim = {
    predicate: 'force-level',
    about: { scope: { actor: statement.speaker } },
    stance: 'asserts',
    value: {
      measure: 'present',
      component: 'all',
      ...(index % 6 > 0 && number),
      ...(index % 4 > 0 && { at: { from: to, to } }),
    },
  };
  return { ...command, statement: { ...statement, claims: [...statement.claims, total, level] } };
}

/** With ids in the place of names. */
function plainly({ scope, ...rest }: ShownTotals): TotalSeries {
  const { actor, attacker, target, places, ...of } = scope;
  const named = Object.entries({ actor, attacker, target }).flatMap(([role, one]) =>
    one === null ? [] : [[role, one.id]],
  );
  return {
    ...rest,
    scope: { ...of, ...Object.fromEntries(named), ...(places.length > 0 && { places: places.map(({ id }) => id) }) },
  };
}

test('totals and levels are what the rules make of the records, as of any sequence and as said by any day', async () => {
  const days = fc.option(
    fc.integer({ min: 10, max: 20 }).map((n) => `2023-04-${n}`),
    { nil: undefined },
  );
  const policies = fc.constantFrom<PolicyName>('official-first', 'latest-official', 'best-graded', 'envelope');
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(histories, days, policies, async (commands, saidBy, policy) => {
      const entries = recordsOf('history', factsOf(commands.map(counting)));
      await withTables(entries, async (schema) => {
        for (const sequence of [Math.ceil(entries.length / 2), entries.length]) {
          const plain = new Plain(entries.slice(0, sequence));
          const moment: Moment = { ledger: 'history', sequence, ...(saidBy !== undefined && { saidBy }) };

          const totals = await publishedTotals(pool, schema, moment, {}, ALL);
          const claims = [...claimsOf(plain, 'total', moment).values()].flat();
          expect(totals.series.map(plainly)).toEqual(totalSeries(claims, plain.registers));
          expect(totals.next).toBeNull();

          const levels = await forceLevelSeries(pool, schema, moment, {}, policy, '2023-05-01', ALL);
          const tallied = await forceLevels(pool, schema, moment, {}, policy);
          const keyOf = (one: {
            actor: { id: string };
            places: { id: string }[];
            measure: string;
            component: string;
          }) => [one.actor.id, ...one.places.map(({ id }) => id), one.measure, one.component].join();
          const now = new Map(tallied.map(({ figure, at, ...one }) => [keyOf(one), { figure, at }]));
          const ofLevels = claimsOf(plain, 'force-level', moment);
          for (const { now: current, steps, setAside, ...one } of levels.series) {
            const { ageDays: _, ...figure } = current;
            expect(figure).toEqual(now.get(keyOf(one)));
            const [about, some = []] =
              [...ofLevels].find(([, all]) =>
                all.some(({ id }) => [...steps, ...setAside].some(({ claim }) => claim === id)),
              ) ?? [];
            expect(about).toBeDefined();
            const scope = { actor: one.actor.id, places: one.places.map(({ id }) => id) };
            const question = { predicate: 'force-level', key: `${one.measure}:${one.component}` } as const;
            const expected = levelSteps(question, some, { scope }, plain.registers);
            expect({ steps: steps.map(({ ageDays: _age, ...step }) => step), setAside }).toEqual(expected);
          }
          seen += totals.series.length + levels.series.length;
        }
      });
    }),
    { numRuns: 25 },
  );
  expect(seen).toBeGreaterThan(20);
}, 180_000);

test('of more scopes than anybody waits for none are worked out, until they are narrowed', async () => {
  await withTables([], async (schema) => {
    await pool.query(
      `insert into ${schema}.claims (ledger, id, from_seq, statement, number, abouts, line, predicate, stance, recorded, body)
       select 'history', 's' || n || '#1', 1, 's' || n, 1, array['scope ' || n], 'us', 'total', 'asserts', 1,
              jsonb_build_object('about', jsonb_build_object('scope', jsonb_build_object('of', 'killed', 'to', n)))
         from generate_series(1, 10001) n`,
    );
    const moment = { ledger: 'history', sequence: 1 };
    await expect(publishedTotals(pool, schema, moment, {}, ALL)).rejects.toThrow(TooManyToCompute);
    expect((await publishedTotals(pool, schema, moment, { of: 'injured' }, ALL)).series).toEqual([]);
  });
});
