/** Tallies against the rules of libs/domain applied one incident at a time: the database must add up the same. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'pg';
import {
  applyPolicy,
  isInside,
  lineOf,
  placeBucketOf,
  positionsOf,
  SIDES,
  standsToPeriod,
  sum,
  timeBucketOf,
  UNREPORTED,
  type Addend,
  type Incident,
  type PolicyName,
  type SourcedClaim,
  type Who,
} from '#domain';
import type { ReadRecord } from '#ledger';
import { Fates, factsOf, freshDatabase, histories, recordsOf, statementsOf } from '#testing';
import { aboutsOf, documentFacts, registerCards, sourcedClaim, type DocumentFacts } from './projection.js';
import { ReadModels } from './read-models.js';
import {
  MEASURES,
  overlapping,
  tally,
  type Bucket,
  type Measure,
  type TallyQuestion,
  type TallyRow,
} from './tallies.js';

let pool: Pool;
let schemas = 0;
beforeAll(async () => {
  pool = new Pool({ connectionString: await freshDatabase(), max: 4 });
});
afterAll(() => pool.end());

const POLICIES: PolicyName[] = ['official-first', 'latest-official', 'best-graded', 'envelope'];

/** What the records say, without any table. */
class Plain {
  readonly registers = registerCards(new Map(), new Map());
  readonly incidents = new Map<string, Incident>();
  readonly #claims = new Map<string, SourcedClaim[]>();
  readonly #fates: Fates;
  /** By part, what it is tied to. */
  readonly #ties = new Map<string, Set<string>>();

  constructor(entries: readonly ReadRecord[]) {
    this.#fates = new Fates(entries.map(({ record }) => record));
    const documents = new Map<string, DocumentFacts>();
    for (const { record } of entries) {
      const id = record.data.changes[0]?.entity ?? '';
      if (record.name === 'ActorRegistered') this.registers.actors.set(id, record.data.actor);
      if (record.name === 'PlaceRegistered') this.registers.places.set(id, record.data.place);
      if (record.name === 'DocumentRegistered') documents.set(id, documentFacts(record.data.document, documents));
      if ('incident' in record.data) this.incidents.set(id, record.data.incident);
      const wholes = this.#ties.get(id) ?? new Set();
      this.#ties.set(id, wholes);
      if (record.name === 'IncidentTied') wholes.add(record.data.tie.whole);
      if (record.name === 'IncidentUntied') wholes.delete(record.data.whole);
    }
    for (const { id, sequence, statement: whole } of statementsOf(entries.map(({ record }) => record))) {
      const { claims, ...statement } = whole;
      const document = documents.get(statement.document);
      if (document === undefined) throw new Error('A statement without its document.');
      for (const [index, claim] of claims.entries()) {
        const source = { sequence, statementId: id, statement, claim, document };
        const sourced = sourcedClaim({ ...source, id: `${id}#${index + 1}` });
        for (const about of aboutsOf(claim)) this.#claims.set(about, [...(this.#claims.get(about) ?? []), sourced]);
      }
    }
  }

  figure(id: string, measure: Measure, who: Who | undefined, policy: PolicyName): Addend {
    const incident = this.incidents.get(id);
    const claims = this.#claims.get(id)?.map((claim) => this.#fates.of(claim, id, this.registers));
    if (incident === undefined || claims === undefined) return UNREPORTED;
    const question = { predicate: MEASURES[measure], ...(who !== undefined && { who }) };
    return applyPolicy(positionsOf(question, claims, { id, incident }, this.registers), policy);
  }

  #hasLiveParts(id: string): boolean {
    return [...this.#ties].some(([part, wholes]) => wholes.has(id) && !this.#fates.gone.has(part));
  }

  chosen({ filter, side }: TallyQuestion): string[] {
    return [...this.incidents]
      .filter(([id]) => !this.#fates.gone.has(id))
      .filter(([id]) => filter.tied === undefined || this.#hasLiveParts(id) === (filter.tied === 'wholes'))
      .filter(([, incident]) => filter.method === undefined || incident.method === filter.method)
      .filter(([, { place }]) => {
        if (filter.place === undefined) return true;
        return place !== undefined && isInside(place.place, filter.place, this.registers);
      })
      .filter(([, { parties }]) => {
        const { party } = filter;
        if (party === undefined) return true;
        return parties.some(
          (one) => one.side === side && (one.actor === party || lineOf(one.actor, this.registers) === party),
        );
      })
      .filter(([, { time }]) => standsToPeriod(time, filter) === 'inside')
      .map(([id]) => id)
      .sort();
  }
}

/** The numbers of a row that both ways of adding up have. */
function numbers(row: TallyRow | ReturnType<typeof sum>): object {
  const { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered } = row;
  return { low, best, high, incidents, unreported, affirmedNone, contested, floors, disordered };
}

async function withTables(entries: readonly ReadRecord[], check: (models: ReadModels) => Promise<void>): Promise<void> {
  schemas += 1;
  const models = await ReadModels.open(pool, `tallies_${schemas}`);
  await models.apply('history', 0, entries);
  await check(models);
  await pool.query(`drop schema ${models.schema} cascade`);
}

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
  await fc.assert(
    fc.asyncProperty(histories, filter, shape, fc.constantFrom(...POLICIES), async (commands, chosen, rows, policy) => {
      const entries = recordsOf('history', factsOf(commands));
      const plain = new Plain(entries);
      await withTables(entries, async ({ schema }) => {
        const moment = { ledger: 'history', sequence: entries.length };
        const question: TallyQuestion = {
          measures: ['attacks', 'killed'],
          filter: chosen,
          side: 'target',
          policy,
          ...rows,
        };
        const expected = new Map<string, Addend[]>();
        for (const id of plain.chosen(question)) {
          const incident = plain.incidents.get(id);
          const time = rows.bucket === undefined ? undefined : timeBucketOf(incident?.time, rows.bucket);
          const kind = rows.by?.slice('place:'.length) as 'country' | undefined;
          const place = kind === undefined ? undefined : placeBucketOf(incident?.place, kind, plain.registers);
          for (const measure of question.measures) {
            const who = measure === 'attacks' ? undefined : { side: 'target' as const };
            const remainder = (time?.remainder ?? false) || (place?.remainder ?? false);
            const key = [
              measure,
              time?.name ?? '',
              place === undefined ? '' : (place.place ?? 'place not known'),
              remainder,
            ];
            const row = expected.get(key.join()) ?? [];
            expected.set(key.join(), [...row, plain.figure(id, measure, who, policy)]);
          }
        }
        const found = new Map<string, object>();
        for (const row of await tally(pool, schema, moment, question)) {
          if (row.incidents === 0) continue;
          const bucket = /^(\d{4}(-\d\d){0,2})/.exec(row.bucket ?? '')?.[1] ?? '';
          found.set([row.measure, bucket, row.group?.id ?? '', row.remainder].join(), numbers(row));
        }
        expect(found).toEqual(new Map([...expected].map(([key, figures]) => [key, numbers(sum(figures))])));

        const beside = [...plain.incidents.entries()].filter(([id, { time }]) => {
          const without = { ...question, filter: { ...chosen, from: undefined, to: undefined } as never };
          return plain.chosen(without).includes(id) && standsToPeriod(time, chosen) === 'overlapping';
        });
        const period = chosen.from !== undefined || chosen.to !== undefined;
        expect(await overlapping(pool, schema, moment, chosen)).toBe(period ? beside.length : null);
      });
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('the people of a party are counted where it stands on that side', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(...POLICIES), async (commands, policy) => {
      const entries = recordsOf('history', factsOf(commands));
      const plain = new Plain(entries);
      await withTables(entries, async ({ schema }) => {
        const moment = { ledger: 'history', sequence: entries.length };
        const filter = { party: 'actor-0', side: 'target' as const };
        const question: TallyQuestion = { measures: ['killed'], filter, side: 'target', policy };
        const figures = plain
          .chosen(question)
          .map((id) => plain.figure(id, 'killed', { side: 'target', of: 'actor-0' }, policy));
        const [row] = await tally(pool, schema, moment, question);
        expect(row === undefined ? undefined : numbers(row)).toEqual(
          figures.length === 0 ? undefined : numbers(sum(figures)),
        );
      });
    }),
    { numRuns: 20 },
  );
}, 120_000);

test('rows by side add up to the row of all, every incident once, and buckets with remainders to the total', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(...POLICIES), async (commands, policy) => {
      const entries = recordsOf('history', factsOf(commands));
      const plain = new Plain(entries);
      await withTables(entries, async ({ schema }) => {
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
          const aboutAnybody = [...plain.incidents.keys()]
            .filter((id) => SIDES.every((side) => plain.figure(id, measure, { side }, policy).status === 'unreported'))
            .map((id) => plain.figure(id, measure, undefined, policy))
            .filter(({ status, contested }) => status !== 'unreported' || contested);
          const notSaid = rows.find(({ side }) => side === 'not-said');
          expect(notSaid && numbers(notSaid)).toEqual(
            aboutAnybody.length === 0 ? undefined : numbers(sum(aboutAnybody)),
          );
          const split = buckets.filter((row) => row.measure === measure && row.side === 'all');
          for (const of of ['low', 'best', 'incidents', 'unreported', 'affirmedNone', 'contested'] as const) {
            expect(add(split, (row) => row[of])).toBe(all?.[of] ?? 0);
          }
        }
      });
    }),
    { numRuns: 25 },
  );
}, 120_000);
