/** What had been said by a time, against the stored answers and against the records without what was said later. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  applyPolicy,
  canonicalText,
  isListed,
  positionsOf,
  type Command,
  type PolicyName,
  type SourcedClaim,
  type TimeSpan,
} from '#domain';
import { factsOf, histories, recordsOf } from '#testing';
import { explainedIncidents } from './explain.js';
import { explainedIncident, incidentPage } from './incident-page.js';
import { lastRecordBy, type Moment } from './moment.js';
import { Plain, rowsBy, rowsIn } from './plain.fixture.js';
import { questionsAbout } from './recompute.js';
import { ReadModels } from './read-models.js';
import { forceLevels } from './series.js';
import { tally, totalsBeside } from './tallies.js';
import type { Bucket, Grouping, TallyQuestion } from './tally-rows.js';
import { freshTables } from './tables.fixture.js';

const { pool, withTables } = await freshTables();
afterAll(() => pool.end());

const policies = fc.constantFrom<PolicyName>('official-first', 'latest-official', 'best-graded', 'envelope');
const shapes = fc.record(
  {
    bucket: fc.constantFrom<Bucket>('day', 'month', 'day:start'),
    by: fc.constantFrom<Grouping>('place:country', 'place:site'),
  },
  { requiredKeys: [] },
);
const ALWAYS = '9999-12-31';

/** A document that says when it was published: of what has no time at all, nobody can say that it was said by then. */
function dated(command: Command): Command {
  if (!('document' in command)) return command;
  const published: TimeSpan = { from: '2023-04-20', to: '2023-04-20', precision: 'day' };
  return { ...command, document: { published, ...command.document } };
}

test('by the end of all times everything had been said: every answer is the stored one, as of every sequence', async () => {
  await fc.assert(
    fc.asyncProperty(histories, policies, shapes, async (commands, policy, shape) => {
      const entries = recordsOf('history', factsOf(commands.map(dated)));
      const party = { party: 'actor-0', side: 'target' as const };
      const questions: TallyQuestion[] = [
        { measures: ['attacks', 'killed', 'injured'], filter: { tied: 'parts' }, policy, ...shape },
        { measures: ['killed', 'attacks'], filter: {}, side: 'target', policy },
        { measures: ['killed'], filter: party, side: 'target', policy },
      ];
      await withTables(entries, async (schema) => {
        for (let sequence = 1; sequence <= entries.length; sequence += 1) {
          const answers = async (moment: Moment): Promise<unknown[]> => [
            ...(await Promise.all(questions.map((question) => tally(pool, schema, moment, question)))),
            ...(await Promise.all(questions.map((one) => explainedIncidents(pool, schema, moment, one, '', 5)))),
            await forceLevels(pool, schema, moment, {}, policy),
            await totalsBeside(pool, schema, moment, ['attacks', 'killed'], undefined),
            await incidentPage(pool, schema, moment, 'incident-0', policy),
            await explainedIncident(pool, schema, moment, 'incident-0', policy),
          ];
          const moment = { ledger: 'history', sequence };
          expect(await answers({ ...moment, saidBy: ALWAYS })).toEqual(await answers(moment));
        }
      });
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 180_000);

/** Whether the end of the time it was said, else published, is known and is not after that day. Histories have days only. */
function utteredBy(day: string): (claim: SourcedClaim) => boolean {
  return ({ said, published }) => {
    const when = said ?? published;
    return when !== null && when.to <= day;
  };
}

function byQuestion<T extends { question: object }>(answers: readonly T[]): Map<string, T> {
  return new Map(answers.map((one) => [canonicalText(one.question), one]));
}

test('answers equal a plain computation from the records, as if what was said later had never been recorded', async () => {
  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2023-04-${String(n).padStart(2, '0')}`);
  await fc.assert(
    fc.asyncProperty(histories, day, policies, shapes, async (commands, saidBy, policy, shape) => {
      const entries = recordsOf('history', factsOf(commands));
      await withTables(entries, async (schema) => {
        const last = entries.length;
        for (const sequence of [Math.ceil(last / 2), last]) {
          const plain = new Plain(entries.slice(0, sequence), utteredBy(saidBy));
          const moment = { ledger: 'history', sequence, saidBy };
          const question: TallyQuestion = {
            measures: ['attacks', 'killed', 'injured'],
            filter: {},
            side: 'target',
            policy,
            ...shape,
          };
          expect(rowsIn(await tally(pool, schema, moment, question))).toEqual(rowsBy(plain, question));

          for (const [id, incident] of plain.incidents) {
            const subject = { id, incident };
            const claims = plain.claimsAbout(id);
            const page = await incidentPage(pool, schema, moment, id, policy);
            const expected = questionsAbout(claims, subject, plain.registers).map((asked) => {
              const found = positionsOf(asked, claims, subject, plain.registers);
              const figure = isListed(asked) ? null : applyPolicy(found, policy);
              return { question: asked, figure, positions: found.positions, contested: found.contested };
            });
            const answers = (page?.answers ?? []).map(({ setAside: _, ...answer }) => answer);
            expect(byQuestion(answers)).toEqual(byQuestion(expected));
            const shown = (page?.claims ?? []).flatMap(({ lines }) => lines.flatMap((line) => line.claims));
            expect(shown.map((one) => one.id).sort()).toEqual(claims.map((one) => one.id).sort());
          }
        }
      });
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 180_000);

test('a time stands for the last record that was recorded by then', async () => {
  const gaps = fc.array(fc.constantFrom(0, 0, 1, 999, 60_000), { minLength: 74, maxLength: 74 });
  await fc.assert(
    fc.asyncProperty(histories, gaps, async (commands, after) => {
      let at = Date.UTC(2023, 3, 11);
      const entries = recordsOf('history', factsOf(commands)).map(({ record, ...rest }, index) => {
        at += after[index] ?? 0;
        return { ...rest, record: { ...record, recordedtime: new Date(at).toISOString() } };
      });
      await withTables(entries, async (schema) => {
        for (const { record } of entries) {
          for (const shift of [-1, 0, 1]) {
            const time = new Date(Date.parse(record.recordedtime) + shift).toISOString();
            const expected = entries.findLast((one) => one.record.recordedtime <= time)?.record.sequence;
            expect((await lastRecordBy(pool, schema, 'history', time)).sequence).toBe(expected);
          }
        }
      });
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 120_000);

test('when the end of the log was reached never goes back', async () => {
  const models = await ReadModels.open(pool, 'ends');
  const end = async () => (await lastRecordBy(pool, models.schema, 'history', '2023-04-11T00:00:00.000Z')).atEnd;
  expect(await end()).toBeUndefined();
  const [early, late] = [new Date('2023-04-11T00:00:00.001Z'), new Date('2023-04-11T00:00:00.002Z')];
  await models.noteEnd('history', late);
  await models.noteEnd('history', early);
  expect(await end()).toEqual(late);
});
