/** What a comparison says has changed, against the answers of every moment in between, asked one by one. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalText, type Command, type Incident, type PolicyName } from '#domain';
import { factsOf, histories, recordsOf } from '#testing';
import { tallyDiff, type FigureNumbers, type TallyDiff } from './diff.js';
import { explainedIncidents } from './explain.js';
import { incidentPage } from './incident-page.js';
import type { Moment } from './moment.js';
import { tally } from './tallies.js';
import type { Bucket, Grouping, TallyQuestion, TallyRow } from './tally-rows.js';
import { freshTables } from './tables.fixture.js';

const { pool, withTables } = await freshTables();
afterAll(() => pool.end());

const questions: fc.Arbitrary<TallyQuestion> = fc.record(
  {
    measures: fc.constant<TallyQuestion['measures']>(['attacks', 'killed', 'injured']),
    filter: fc.constantFrom<TallyQuestion['filter']>(
      { tied: 'parts' },
      { tied: 'parts', place: 'place-0' },
      { tied: 'parts', party: 'actor-0', side: 'target' },
      { tied: 'parts', to: '2023-04-18' },
    ),
    side: fc.constant('target' as const),
    policy: fc.constantFrom<PolicyName>('official-first', 'latest-official', 'best-graded', 'envelope'),
    bucket: fc.constantFrom<Bucket>('day', 'month'),
    by: fc.constantFrom<Grouping>('place:country', 'method'),
  },
  { requiredKeys: ['measures', 'filter', 'policy'] },
);

/** A history in tables, and two sequences of it. */
async function withHistory(
  check: (schema: string, last: number, question: TallyQuestion, cut: [number, number]) => Promise<void>,
  numRuns: number,
): Promise<void> {
  const cuts = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(histories, questions, cuts, async (commands, question, [a, b]) => {
      const entries = recordsOf('history', factsOf(commands));
      const at = [a, b].map((part) => Math.round(part * entries.length)).sort((x, y) => x - y) as [number, number];
      await withTables(entries, (schema) => check(schema, entries.length, question, at));
    }),
    { numRuns },
  );
}

const at = (sequence: number, saidBy?: string): Moment => ({
  ledger: 'history',
  sequence,
  ...(saidBy !== undefined && { saidBy }),
});

/** Every figure in the sums at a moment. */
async function figuresAt(schema: string, moment: Moment, question: TallyQuestion): Promise<Map<string, FigureNumbers>> {
  const { items } = await explainedIncidents(pool, schema, moment, question, '', 1_000);
  return new Map(
    items.flatMap(({ id, figures }) =>
      figures.flatMap(({ measure, side, low, best, high, status, contested, basis }) =>
        status === 'unreported' && !contested
          ? []
          : [[`${id} ${measure} ${side}`, { low, best, high, status, contested, basis }]],
      ),
    ),
  );
}

const keyOf = ({ incident, measure, side }: TallyDiff['figures'][number]): string => `${incident} ${measure} ${side}`;

test('the figures that changed are those that are others at both moments, and every record that moved one is named', async () => {
  await withHistory(async (schema, _, question, [since, until]) => {
    const asked = (sequence: number) => ({ moment: at(sequence), question });
    const diff = await tallyDiff(pool, schema, asked(since), asked(until), '', 1_000);
    const moments: Map<string, FigureNumbers>[] = [];
    for (let sequence = since; sequence <= until; sequence += 1) {
      moments.push(await figuresAt(schema, at(sequence), question));
    }
    const [before = new Map(), after = new Map()] = [moments[0], moments.at(-1)];
    const expected = [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
      const [was, is] = [before.get(key) ?? null, after.get(key) ?? null];
      return canonicalText(was) === canonicalText(is) ? [] : [[key, was, is]];
    });
    const told = diff.figures.map((one) => [keyOf(one), one.before, one.after]);
    expect(new Map(told.map((one) => [one[0], one]))).toEqual(new Map(expected.map((one) => [one[0], one])));

    for (const one of diff.figures) {
      const moving = moments.flatMap((figures, nth) => {
        const [was, is] = [moments[nth - 1]?.get(keyOf(one)) ?? null, figures.get(keyOf(one)) ?? null];
        return nth === 0 || canonicalText(was) === canonicalText(is) ? [] : [since + nth];
      });
      const named = one.records.map(({ sequence }) => sequence);
      expect(named.filter((sequence) => moving.includes(sequence))).toEqual(moving);
      expect(one.causes).toEqual([...new Set(one.records.flatMap(({ cause }) => cause ?? []))]);
      expect(one.causes).not.toEqual([]);
      for (const sequence of named) expect([since < sequence, sequence <= until]).toEqual([true, true]);
    }
  }, 40);
}, 180_000);

test('a place that was merged into the one that is asked about is named, also where the card was corrected before', async () => {
  const names = [{ text: 'Made up' }];
  const card: Incident = { kind: 'single', method: 'rocket', parties: [] };
  const commands: Command[] = [
    { act: 'open-ledger', origin: { title: 'Made up' } },
    { act: 'register-place', id: 'country', place: { kind: 'country', names } },
    { act: 'register-place', id: 'base', place: { kind: 'site', names } },
    { act: 'record-incident', id: 'i', incident: card },
    {
      act: 'correct-incident',
      id: 'i',
      incident: { ...card, place: { place: 'base' } },
      reason: 'Made up.',
      expect: [{ entity: 'i', version: 1 }],
    },
    { act: 'register-actor', id: 'paper', actor: { kind: 'media', names } },
    { act: 'register-document', id: 'report', document: { publisher: 'paper', kind: 'citation', title: 'A report' } },
    {
      act: 'record-statement',
      id: 's',
      statement: {
        document: 'report',
        speaker: 'paper',
        utterance: 's',
        form: 'own-voice',
        claims: [
          { predicate: 'happened', about: { incident: 'i' }, stance: 'asserts', value: { low: 1, best: 1, high: 1 } },
        ],
      },
    },
    {
      act: 'merge-place',
      id: 'base',
      into: 'country',
      reason: 'Made up.',
      expect: [
        { entity: 'base', version: 1 },
        { entity: 'country', version: 1 },
      ],
    },
  ];
  const entries = recordsOf('history', factsOf(commands));
  expect(entries).toHaveLength(commands.length);
  await withTables(entries, async (schema) => {
    const question: TallyQuestion = { measures: ['attacks'], filter: { place: 'country' }, policy: 'official-first' };
    const diff = await tallyDiff(pool, schema, { moment: at(3), question }, { moment: at(9), question }, '', 10);
    const sequencesOf = (records: readonly { sequence: number }[] = []) => records.map(({ sequence }) => sequence);
    expect(sequencesOf(diff.figures[0]?.records)).toContain(9);
    expect(sequencesOf(diff.incidents[0]?.records)).toContain(9);
  });
});

test('what the figures moved by is what the sums moved by, and the rows are those of both moments', async () => {
  await withHistory(async (schema, _, question, [since, until]) => {
    const asked = (sequence: number) => ({ moment: at(sequence), question });
    const diff = await tallyDiff(pool, schema, asked(since), asked(until), '', 1_000);
    const was = await tally(pool, schema, at(since), question);
    const is = await tally(pool, schema, at(until), question);
    for (const measure of question.measures) {
      const total = (rows: readonly TallyRow[]) =>
        rows.filter((row) => row.measure === measure && row.side !== 'all').reduce((sum, { best }) => sum + best, 0);
      const counted = (figure: FigureNumbers | null) => figure?.best ?? figure?.low ?? 0;
      const moved = diff.figures
        .filter((one) => one.measure === measure)
        .reduce((sum, { before, after }) => sum + counted(after) - counted(before), 0);
      expect(moved).toBe(total(is) - total(was));
    }
    const rowText = ({ measure, side, bucket, remainder, group, ...sum }: TallyRow) =>
      [canonicalText([measure, side, bucket, remainder, group?.id ?? null]), canonicalText(sum)] as const;
    const [old, now] = [new Map(was.map(rowText)), new Map(is.map(rowText))];
    for (const { before, after, delta, ...place } of diff.rows) {
      const { measure, side, bucket, remainder, group } = place;
      const key = canonicalText([measure, side, bucket, remainder, group?.id ?? null]);
      expect([old.get(key), now.get(key)]).toEqual(
        [before && canonicalText(before), after && canonicalText(after)].map((one) => one ?? undefined),
      );
      expect(delta.best).toBe((after?.best ?? 0) - (before?.best ?? 0));
      old.delete(key);
      now.delete(key);
    }
    // All others are the same.
    expect(old).toEqual(now);
  }, 40);
}, 120_000);

test('attributions, places and times that changed are those that pages show at both moments', async () => {
  await withHistory(async (schema, _, { side: __, ...question }, [since, until]) => {
    const all = { ...question, filter: {} };
    const asked = (sequence: number) => ({ moment: at(sequence), question: all });
    const diff = await tallyDiff(pool, schema, asked(since), asked(until), '', 1_000);
    const told = new Map(diff.answers.map((one) => [canonicalText([one.incident, one.question]), one]));
    const { items } = await explainedIncidents(pool, schema, at(until), all, '', 1_000);
    for (const { id } of items) {
      const held = async (sequence: number) => {
        const page = await incidentPage(pool, schema, at(sequence), id, all.policy);
        const listed = (page?.answers ?? []).filter(({ figure }) => figure === null);
        return new Map(listed.map((one) => [canonicalText([id, one.question]), one]));
      };
      const [before, after] = [await held(since), await held(until)];
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        const text = (one: ReturnType<typeof before.get>) =>
          (one?.positions ?? [])
            .map(({ line, value, attribution }) => canonicalText([line, value, attribution ?? null]))
            .sort();
        const [was, is] = [before.get(key), after.get(key)];
        const isSame = text(was).join() === text(is).join() && (was?.contested ?? false) === (is?.contested ?? false);
        expect([key, told.has(key)]).toEqual([key, !isSame]);
        const turned = told.get(key)?.contested ?? null;
        const contested =
          (is?.contested ?? false) === (was?.contested ?? false) ? null : is?.contested === true ? 'on' : 'off';
        expect(turned).toBe(contested);
        if (!isSame) expect(told.get(key)?.records.length).toBeGreaterThan(0);
      }
    }
  }, 30);
}, 180_000);

test('incidents that came, left or moved are those placed otherwise; page by page the comparison is the same', async () => {
  await withHistory(async (schema, _, question, [since, until]) => {
    const asked = (sequence: number) => ({ moment: at(sequence), question });
    const whole = await tallyDiff(pool, schema, asked(since), asked(until), '', 1_000);
    const placesAt = async (sequence: number) => {
      const { items } = await explainedIncidents(pool, schema, at(sequence), question, '', 1_000);
      return new Map(items.map(({ id, bucket, remainder, group }) => [id, { bucket, remainder, group }]));
    };
    const [before, after] = [await placesAt(since), await placesAt(until)];
    const expected = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((incident) => {
      const [was, is] = [before.get(incident) ?? null, after.get(incident) ?? null];
      return canonicalText(was) === canonicalText(is) ? [] : [{ incident, before: was, after: is }];
    });
    expect(
      whole.incidents.map(({ incident, before: was, after: is }) => ({ incident, before: was, after: is })),
    ).toEqual(expected);
    for (const { records } of whole.incidents) expect(records.length).toBeGreaterThan(0);

    const paged: Pick<TallyDiff, 'incidents' | 'figures' | 'answers'> = { incidents: [], figures: [], answers: [] };
    for (let from: string | null = ''; from !== null;) {
      const page: TallyDiff = await tallyDiff(pool, schema, asked(since), asked(until), from, 1);
      expect(page.rows).toEqual(whole.rows);
      paged.incidents.push(...page.incidents);
      paged.figures.push(...page.figures);
      paged.answers.push(...page.answers);
      from = page.next;
    }
    expect(paged).toEqual({ incidents: whole.incidents, figures: whole.figures, answers: whole.answers });
  }, 30);
}, 180_000);

test('of what had been said by a day: the figures that are others at both moments, with records that touched them', async () => {
  await withHistory(async (schema, _, question, [since, until]) => {
    const day = '2023-04-14';
    const asked = (sequence: number) => ({ moment: at(sequence, day), question });
    const diff = await tallyDiff(pool, schema, asked(since), asked(until), '', 1_000);
    const before = await figuresAt(schema, at(since, day), question);
    const after = await figuresAt(schema, at(until, day), question);
    const expected = [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
      const [was, is] = [before.get(key) ?? null, after.get(key) ?? null];
      return canonicalText(was) === canonicalText(is) ? [] : [[key, was, is]];
    });
    const told = diff.figures.map((one) => [keyOf(one), one.before, one.after]);
    expect(new Map(told.map((one) => [one[0], one]))).toEqual(new Map(expected.map((one) => [one[0], one])));
    for (const { records } of diff.figures) expect(records.length).toBeGreaterThan(0);
  }, 30);
}, 180_000);
