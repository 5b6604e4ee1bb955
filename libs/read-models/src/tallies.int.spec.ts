/** Tallies against the rules of libs/domain applied one incident at a time: the database must add up the same. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SIDES, standsToPeriod, type PolicyName } from '#domain';
import { factsOf, histories, recordsOf } from '#testing';
import { Plain, rowsBy, rowsIn, timeFor } from './plain.fixture.js';
import { overlapping, tally } from './tallies.js';
import type { Bucket, TallyQuestion, TallyRow } from './tally-rows.js';
import { filterInZone, localDateOnly } from './zones.js';
import { freshTables } from './tables.fixture.js';

const { pool, withTables } = await freshTables();
afterAll(() => pool.end());

const POLICIES: PolicyName[] = ['official-first', 'latest-official', 'best-graded', 'envelope'];

test('sums of one side, of attacks, in buckets and by place equal the rules applied one by one', async () => {
  const filter = fc.record(
    {
      method: fc.constantFrom('rocket' as const, 'drone' as const),
      place: fc.constantFrom('place-0', 'place-1', 'nowhere'),
      from: fc.constantFrom('2023-04-05', '2023-04-12'),
      to: fc.constantFrom('2023-04-18', '2023-04-12'),
      tied: fc.constantFrom('parts' as const, 'wholes' as const),
    },
    { requiredKeys: [] },
  );
  const shape = fc.record(
    {
      bucket: fc.constantFrom<Bucket>('day', 'month', 'year', 'day:start', 'month:start'),
      by: fc.constantFrom('place:country' as const, 'place:site' as const, 'place:governorate' as const),
    },
    { requiredKeys: [] },
  );
  const zones = fc.constantFrom(undefined, 'Asia/Damascus', 'UTC', 'Pacific/Kiritimati', 'America/New_York');
  const questions = fc.tuple(filter, shape, fc.constantFrom(...POLICIES), zones);
  await fc.assert(
    fc.asyncProperty(histories, questions, async (commands, [asked, rows, policy, zone]) => {
      const entries = recordsOf('history', factsOf(commands));
      const plain = new Plain(entries);
      const of = { ...asked, ...(asked.place !== undefined && { place: plain.survivor(asked.place) }) };
      await withTables(entries, async (schema) => {
        const moment = { ledger: 'history', sequence: entries.length };
        const chosen = zone === undefined ? of : await filterInZone(pool, schema, moment, of, zone);
        const question: TallyQuestion = {
          measures: ['attacks', 'killed'],
          filter: chosen,
          side: 'target',
          policy,
          ...rows,
        };
        expect(rowsIn(await tally(pool, schema, moment, question))).toEqual(rowsBy(plain, question));

        const beside = [...plain.incidents.entries()].filter(([id, { time }]) => {
          const without = { ...question, filter: { ...chosen, from: undefined, to: undefined } as never };
          return plain.chosen(without).includes(id) && standsToPeriod(timeFor(time, chosen), chosen) === 'overlapping';
        });
        const period = chosen.from !== undefined || chosen.to !== undefined;
        expect(await overlapping(pool, schema, moment, chosen)).toBe(period ? beside.length : null);

        const unmoved = plain.chosen(question).filter((id) => {
          const time = plain.incidents.get(id)?.time;
          return time !== undefined && (time.zone === undefined || !/T.*T/.test(time.from + time.to));
        });
        expect(await localDateOnly(pool, schema, moment, chosen)).toBe(zone === undefined ? null : unmoved.length);
      });
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);

test('in another zone, by day: clock times stand where clocks there showed them', async () => {
  const period = fc.record(
    { from: fc.constantFrom('2023-04-05'), to: fc.constantFrom('2023-04-18') },
    { requiredKeys: [] },
  );
  const zones = fc.constantFrom('UTC', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'America/Los_Angeles');
  await fc.assert(
    fc.asyncProperty(histories, period, zones, async (commands, filter, zone) => {
      const entries = recordsOf('history', factsOf(commands));
      const plain = new Plain(entries);
      await withTables(entries, async (schema) => {
        const moment = { ledger: 'history', sequence: entries.length };
        const zoned = await filterInZone(pool, schema, moment, filter, zone);
        for (const bucket of ['day', 'day:start'] as const) {
          const question: TallyQuestion = { measures: ['attacks'], filter: zoned, policy: 'envelope', bucket };
          expect(rowsIn(await tally(pool, schema, moment, question))).toEqual(rowsBy(plain, question));
        }
      });
    }),
    { numRuns: 60, endOnFailure: true },
  );
}, 120_000);

test('at every sequence, by side and of a party too, they are what the records up to there add up to', async () => {
  const questions: readonly Omit<TallyQuestion, 'policy'>[] = [
    { measures: ['attacks', 'killed', 'injured', 'casualties'], filter: { tied: 'parts' } },
    { measures: ['killed', 'injured'], filter: {}, by: 'place:country', bucket: 'month' },
    { measures: ['killed', 'injured', 'attacks'], filter: { party: 'actor-0', side: 'target' }, side: 'target' },
    { measures: ['killed', 'attacks'], filter: { party: 'actor-0' } },
    ...SIDES.map((side) => ({ measures: ['killed' as const, 'casualties' as const], filter: {}, side })),
  ];
  await fc.assert(
    fc.asyncProperty(histories, fc.nat({ max: 3 }), async (commands, turn) => {
      const entries = recordsOf('history', factsOf(commands));
      await withTables(entries, async (schema) => {
        for (let sequence = 1; sequence <= entries.length; sequence += 1) {
          const plain = new Plain(entries.slice(0, sequence));
          const policy = POLICIES[(sequence + turn) % POLICIES.length] ?? 'envelope';
          for (const asked of questions) {
            const question = { ...asked, policy };
            const moment = { ledger: 'history', sequence };
            expect(rowsIn(await tally(pool, schema, moment, question))).toEqual(rowsBy(plain, question));
          }
        }
      });
    }),
    { numRuns: 20, endOnFailure: true },
  );
}, 240_000);

test('rows by side add up to the row of all, every incident once, and buckets with remainders to the total', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(...POLICIES), async (commands, policy) => {
      const entries = recordsOf('history', factsOf(commands));
      await withTables(entries, async (schema) => {
        const moment = { ledger: 'history', sequence: entries.length };
        const question: TallyQuestion = { measures: ['killed', 'injured'], filter: {}, policy };
        const total = await tally(pool, schema, moment, question);
        const buckets = await tally(pool, schema, moment, { ...question, bucket: 'day' });
        for (const measure of question.measures) {
          const rows = total.filter((row) => row.measure === measure);
          const all = rows.find(({ side }) => side === 'all');
          const add = (some: readonly TallyRow[], of: (row: TallyRow) => number): number =>
            some.reduce((before, row) => before + of(row), 0);
          const sides = rows.filter(({ side }) => side !== 'all');
          expect(add(sides, ({ low }) => low)).toBe(all?.low ?? 0);
          expect(add(sides, ({ best }) => best)).toBe(all?.best ?? 0);
          const split = buckets.filter((row) => row.measure === measure && row.side === 'all');
          for (const of of ['low', 'best', 'incidents', 'unreported', 'affirmedNone', 'contested'] as const) {
            expect(add(split, (row) => row[of])).toBe(all?.[of] ?? 0);
          }
        }
      });
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 120_000);
