/** An explanation is enough: whoever has it can work out every number in it again, and notices where one is wrong. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'pg';
import type { ExplainAnswer } from '#contracts';
import { POLICY_VERSIONS, type PolicyName } from '#domain';
import {
  claimsBehind,
  explainedIncidents,
  ReadModels,
  statementsBehind,
  tally,
  type TallyQuestion,
} from '#read-models';
import { factsOf, freshDatabase, histories, recordsOf } from '#testing';
import { discrepancies } from './recompute.js';

type Parts = Pick<ExplainAnswer, 'policy' | 'rows' | 'incidents' | 'statements'>;

let pool: Pool;
let schemas = 0;
beforeAll(async () => {
  pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
});
afterAll(() => pool.end());

/** All pages of an explanation, as JSON brings it. */
async function explanation(
  schema: string,
  moment: { ledger: string; sequence: number; saidBy?: string },
  question: TallyQuestion,
  perPage: number,
): Promise<Parts> {
  const incidents = [];
  for (let after: string | null = ''; after !== null;) {
    const page: Awaited<ReturnType<typeof explainedIncidents>> = await explainedIncidents(
      pool,
      schema,
      moment,
      question,
      after,
      perPage,
    );
    incidents.push(...page.items);
    after = page.next;
  }
  const claims = claimsBehind(incidents.flatMap(({ figures }) => figures));
  const parts = {
    policy: `${question.policy}@1`,
    rows: await tally(pool, schema, moment, question),
    incidents,
    statements: await statementsBehind(pool, schema, moment, claims),
  };
  return JSON.parse(JSON.stringify(parts)) as Parts;
}

const questions: fc.Arbitrary<TallyQuestion> = fc.record(
  {
    measures: fc.constant<TallyQuestion['measures']>(['attacks', 'killed', 'injured']),
    filter: fc.constantFrom<TallyQuestion['filter']>(
      { tied: 'parts' },
      { tied: 'parts', place: 'place-0' },
      { tied: 'parts', from: '2023-04-05' },
      { tied: 'parts', party: 'actor-0', side: 'target' },
    ),
    side: fc.constantFrom<NonNullable<TallyQuestion['side']>>('target', 'attacker'),
    policy: fc.constantFrom(...(Object.keys(POLICY_VERSIONS) as PolicyName[])),
    bucket: fc.constantFrom<NonNullable<TallyQuestion['bucket']>>('day', 'month', 'month:start'),
    by: fc.constantFrom<NonNullable<TallyQuestion['by']>>('place:country', 'place:site', 'method', 'incident'),
  },
  { requiredKeys: ['measures', 'filter', 'policy'] },
);

test('every row and figure follows from the claims that the explanation gives, whatever was recorded and asked', async () => {
  const saidBy = fc.option(fc.constantFrom('2023-04-10', '2023-04-20'), { nil: undefined, freq: 3 });
  await fc.assert(
    fc.asyncProperty(histories, questions, saidBy, fc.constantFrom(1, 100), async (commands, question, by, perPage) => {
      const entries = recordsOf('history', factsOf(commands));
      schemas += 1;
      const models = await ReadModels.open(pool, `explain_${schemas}`);
      await models.apply('history', 0, entries);
      for (const sequence of [Math.ceil(entries.length / 2), entries.length]) {
        const moment = { ledger: 'history', sequence, ...(by !== undefined && { saidBy: by }) };
        expect(discrepancies(await explanation(models.schema, moment, question, perPage))).toEqual([]);
      }
      await pool.query(`drop schema ${models.schema} cascade`);
    }),
    { numRuns: 60 },
  );
}, 180_000);

test('an explanation in which one thing is changed is found out', async () => {
  const [commands] = fc.sample(histories, { numRuns: 1, seed: 7 });
  const entries = recordsOf('history', factsOf(commands ?? []));
  schemas += 1;
  const models = await ReadModels.open(pool, `explain_${schemas}`);
  await models.apply('history', 0, entries);
  const question: TallyQuestion = { measures: ['attacks', 'killed'], filter: {}, policy: 'envelope' };
  const moment = { ledger: 'history', sequence: entries.length };
  const told = await explanation(models.schema, moment, question, 100);
  expect(discrepancies(told)).toEqual([]);

  const wrong = (change: (parts: Parts) => void): string[] => {
    const copy = structuredClone(told);
    change(copy);
    return discrepancies(copy);
  };
  const figure = ({ incidents }: Parts) => {
    const found = incidents.flatMap(({ figures }) => figures).find(({ status }) => status === 'reported');
    if (found === undefined) throw new Error('This history has no figure: take another seed.');
    return found;
  };
  expect(wrong(({ rows }) => rows.forEach((row) => (row.best += 1)))).not.toEqual([]);
  expect(wrong(({ rows }) => rows.pop())).not.toEqual([]);
  expect(wrong((parts) => (figure(parts).low = 77))).not.toEqual([]);
  expect(wrong((parts) => (figure(parts).used = []))).not.toEqual([]);
  expect(wrong((parts) => (figure(parts).positions = []))).not.toEqual([]);
  expect(wrong((parts) => (parts.incidents = parts.incidents.slice(1)))).not.toEqual([]);
  expect(wrong((parts) => parts.statements.splice(0, parts.statements.length))).not.toEqual([]);
}, 60_000);
