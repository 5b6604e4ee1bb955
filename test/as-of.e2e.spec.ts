/**
 * Whatever the reader answers at a record, it answers as of that record for ever: random histories are recorded through
 * the public door in batches cut at random, every question is asked after every batch, and all of it once more at the end.
 *
 * A new route or parameter of the reader fails here until it is asked: one line in QUESTIONS.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ProblemBody } from '#contracts';
import { POLICY_VERSIONS, SIDES, type Command } from '#domain';
import { histories, type LedgerClient } from '#testing';
import { bodyOf } from './body-of.js';
import { startApp, type RunningApp } from './running-app.js';

const POLICIES = Object.keys(POLICY_VERSIONS);
const BUCKETS = ['day', 'month', 'year', 'day:start', 'month:start', 'year:start'];
const KINDS = ['site', 'town', 'district', 'governorate', 'country'];
const GROUPINGS = ['incident', 'method'].concat(KINDS.map((kind) => `place:${kind}`));
const SAID_BY = ['2023-04-05', '2023-04-11T12:00', '2023-04-20'];
const ZONES = ['Asia/Damascus', 'Pacific/Kiritimati'];

/** An address with each of these queries; the empty one is none. */
const ask = (path: string, ...queries: string[]): string[] =>
  queries.map((query) => (query === '' ? path : `${path}?${query}`));
const each = (parameter: string, values: readonly string[]): string[] =>
  values.map((value) => `${parameter}=${encodeURIComponent(value)}`);
const numbered = (path: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${path}${n}`);

/** What is asked: addresses under the ledger's. Lists are asked whole; see PAGES. */
const QUESTIONS: readonly string[] = [
  ...ask('/actors', '', 'kind=media', 'partOf=actor-0'),
  ...ask('/places', '', 'kind=site', 'inside=place-0'),
  ...ask('/documents', '', 'kind=citation', 'publisher=actor-2'),
  ...ask('/statements', '', 'document=document-0', 'speaker=actor-0', 'utterance=utterance-0'),
  ...ask('/assessments', '', 'line=actor-0', 'claim=statement-3%231'),
  ...ask('/incidents', '', 'method=drone', 'kind=single', 'place=place-0', 'from=2023-04-05&to=2023-04-15'),
  ...ask('/incidents', 'attacker=actor-0', 'of.party=actor-0&side=target', 'of.party=actor-0'),
  ...numbered('/actors/actor-', 4),
  ...numbered('/places/place-', 4),
  ...numbered('/documents/document-', 4),
  ...numbered('/statements/statement-', 12),
  ...numbered('/assessments/assessment-', 2),
  ...numbered('/incidents/incident-', 4),
  ...ask('/incidents/incident-0', ...each('policy', POLICIES), ...each('saidBy', SAID_BY)),
  ...ask('/records', '', 'entity=incident-0'),
  ...['1', '16', '30'].map((sequence) => `/records/${sequence}`),

  ...each('policy', POLICIES).flatMap((policy) =>
    ask(
      '/tallies',
      policy,
      `${policy}&of=killed,casualties,force-level&side=target&of.party=actor-0`,
      `${policy}&bucket=day&by=place:country&zone=${ZONES[0]}`,
      `${policy}&saidBy=${SAID_BY[2]}&bucket=month`,
    ),
  ),
  ...ask('/tallies', ...each('side', SIDES), ...each('bucket', BUCKETS), ...each('by', GROUPINGS)),
  ...ask('/tallies', ...each('saidBy', SAID_BY), ...each('bucket=day&zone', ZONES)),
  ...ask('/tallies', 'of=force-level&place=place-0', 'of=force-level&of.party=actor-0&saidBy=2023-04-20'),
  ...ask('/totals', '', 'of=killed', 'line=actor-0', 'of.party=actor-0', 'place=place-0', 'counter=toll'),
  ...ask('/totals', ...each('saidBy', SAID_BY)),
  ...ask('/levels', '', 'of.party=actor-0&place=place-0', 'measure=present', 'component=all'),
  ...ask('/levels', ...each('policy', POLICIES), ...each('saidBy', SAID_BY)),
  ...ask('/tallies', 'from=2023-04-05&to=2023-04-15', 'attacker=actor-0', 'method=rocket', 'incident=incident-0'),
  ...ask('/tallies', 'place=place-0&by=place:site'),

  ...['explain', 'diff'].flatMap((route) =>
    [
      ...each('policy', POLICIES),
      'of=killed&side=target&of.party=actor-0',
      'bucket=day&zone=Asia/Damascus&by=place:country',
      'from=2023-04-05&to=2023-04-15',
      'attacker=actor-0&method=rocket',
      'incident=incident-0',
      'place=place-0',
      `saidBy=${SAID_BY[2]}`,
    ].map((query) => `/tallies/${route}?${query}${route === 'diff' ? '&since=0' : ''}`),
  ),
  ...ask('/incidents/incident-0/explain', '', ...each('policy', POLICIES), ...each('saidBy', SAID_BY)),
  ...ask('/incidents/incident-0/history', ...each('policy', POLICIES)),
  ...['/incidents/incident-', '/actors/actor-', '/places/place-', '/documents/document-', '/assessments/assessment-']
    .flatMap((of) => numbered(of, 4))
    .concat(numbered('/statements/statement-', 12), '/statements/statement-last')
    .map((of) => `${of}/history`),
];

/** Lists that are also leafed through: their cursors keep the moment. */
const PAGES = ['/actors', '/places', '/documents', '/statements', '/incidents', '/records'] as const;
const PAGE = 4;

/** What stands outside of any moment, and why. */
const WITHOUT_MOMENT: Readonly<Record<string, string>> = {
  '/v1/ledgers': 'which ledgers there are now',
  '/v1/ledgers/{ledger}': 'how far a ledger is read now',
  '/schemas/{file}': 'schemas never change',
};
/** What an answer does not hang on, or what is asked by the test itself. */
const NO_QUESTION: ReadonlySet<string> = new Set(['ledger', 'wait', 'asOf', 'cursor', 'limit']);

interface OpenApi {
  paths: Record<string, { get?: { parameters?: { name: string; in: string }[] } }>;
}
const CONTRACT = new URL('../../contracts/openapi-reader.json', import.meta.url);
const { paths } = JSON.parse(readFileSync(CONTRACT, 'utf8')) as OpenApi;
const routes = Object.entries(paths).map(([path, { get }]) => {
  const under = path.replace('/v1/ledgers/{ledger}', '').replaceAll(/\{\w+\}/g, '[^/?]+');
  const parameters = (get?.parameters ?? []).map(({ name }) => name);
  const pattern = new RegExp(`^${under}$`);
  return { path, parameters, asked: (question: string) => pattern.test(question.split('?')[0] ?? '') };
});

describe('every route of the reader', () => {
  const timeless = routes.filter(({ parameters }) => !parameters.includes('asOf')).map(({ path }) => path);
  const timed = routes.filter(({ path }) => !timeless.includes(path));

  test('takes asOf, or stands outside of any moment', () => {
    expect(timeless.sort()).toEqual(Object.keys(WITHOUT_MOMENT).sort());
  });

  test.each(timed)('is asked with each of its parameters: $path', ({ parameters, asked }) => {
    const used = QUESTIONS.filter(asked).map((question) => new URLSearchParams(question.split('?')[1]));
    expect(used.length).toBeGreaterThan(0);
    const inPath = new Set(['id', 'sequence']);
    const needed = parameters.filter((name) => !NO_QUESTION.has(name) && !inPath.has(name));
    expect(needed.filter((name) => !used.some((query) => query.has(name)))).toEqual([]);
  });

  test('every question is of one of them', () => {
    expect(QUESTIONS.filter((question) => !timed.some(({ asked }) => asked(question)))).toEqual([]);
  });
});

/** What histories by chance say too rarely: a level of force, a total, and a judgement of a line. */
const JUDGING: Command = {
  act: 'record-assessment',
  id: 'assessment-0',
  assessment: { about: { line: 'actor-0' }, reliability: 'B', grounds: 'Made up.' },
};
const COUNTING: Command = {
  act: 'record-statement',
  id: 'statement-last',
  statement: {
    document: 'document-0',
    speaker: 'actor-0',
    utterance: 'utterance-last',
    form: 'direct',
    claims: [
      {
        predicate: 'force-level',
        about: { scope: { actor: 'actor-0', places: ['place-0'] } },
        stance: 'asserts',
        value: { measure: 'present', component: 'all', low: 900, best: 900, high: 900 },
      },
      {
        predicate: 'total',
        about: { scope: { of: 'killed', places: ['place-0'] } },
        stance: 'asserts',
        value: { low: 7, best: 7, high: 7, counter: { id: 'toll' } },
      },
    ],
  },
};

describe('random histories', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app?.stop());

  const whole = (question: string): string => {
    const isList = PAGES.some((list) => list === question.split('?')[0]) || question.startsWith('/assessments?');
    return isList ? `${question}${question.includes('?') ? '&' : '?'}limit=500` : question;
  };
  const asOf = (question: string, sequence: number): string =>
    `${question}${question.includes('?') ? '&' : '?'}asOf=${sequence}`;

  /** Everything asked, as it is answered, to the byte. A question to which there is no answer yet is answered so too. */
  async function answers(ledger: LedgerClient, at?: number): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const question of QUESTIONS.map(whole)) {
      const { status, text, body } = await ledger.ask<unknown>(at === undefined ? question : asOf(question, at));
      const isNamed = status === 400 && (body as ProblemBody).code === 'bad-parameter';
      expect(status === 200 || status === 404 || isNamed).toBe(true);
      found.set(question, `${status} ${text}`);
    }
    return found;
  }

  /** All pages of a list as of a sequence, to the byte: the cursors in them too. */
  async function leafed(ledger: LedgerClient, list: string, at: number): Promise<string[]> {
    const pages: string[] = [];
    let cursor: string | null | undefined = '';
    while (typeof cursor === 'string') {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, text, body } = await ledger.ask<{ next: string | null }>(
        `${list}?limit=${PAGE}&asOf=${at}${next}`,
      );
      expect(status).toBe(200);
      pages.push(text);
      cursor = body.next;
    }
    return pages;
  }

  /** But for the sequence that it names. */
  const contentOf = (text = ''): string => text.replace(/"sequence":\d+,"final"/, '').replace(/as of record \d+/, '');

  test('the answer at a record is the answer as of it, whatever is recorded later', async () => {
    let ledgers = 0;
    const found = new Set<string>();
    const moved = new Set<string>();
    const cuts = fc.array(fc.integer({ min: 4, max: 74 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(histories, cuts, async (made, cut) => {
        const commands = [...made.slice(0, 3), JUDGING, ...made.slice(3), COUNTING];
        const ledger = await app.client(`history-${(ledgers += 1)}`);
        // The first batch ends before there is much, so that something changes of everything.
        const ends = new Set([3, ...cut, commands.length]);
        const then: { at: number; answered: Map<string, string>; pages: Map<string, string[]> }[] = [];
        let position = 0;
        for (const [index, command] of commands.entries()) {
          const beside = 'id' in command ? { id: command.id } : {};
          const { status, body } = await ledger.send(command.act, bodyOf(command), beside);
          if (status < 300) position = Math.max(position, body.position);
          if (!ends.has(index + 1) || then.at(-1)?.at === position) continue;
          await ledger.read(`/actors?wait=${position}`);
          const pages = new Map<string, string[]>();
          for (const list of PAGES) pages.set(list, await leafed(ledger, list, position));
          then.push({ at: position, answered: await answers(ledger), pages });
        }
        const last = then.at(-1);
        for (const { at, answered, pages } of then) {
          const now = await answers(ledger, at);
          for (const [question, text] of answered) {
            expect({ question, at, text: now.get(question) }).toEqual({ question, at, text });
            const route = routes.find(({ asked }) => asked(question))?.path ?? '';
            if (text.startsWith('200 ')) found.add(route);
            if (contentOf(text) !== contentOf(last?.answered.get(question))) moved.add(route);
          }
          for (const [list, texts] of pages) expect(await leafed(ledger, list, at)).toEqual(texts);
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
    // Nobody could fail where nothing was ever found, or nothing ever moved.
    const timed = routes.filter(({ path }) => WITHOUT_MOMENT[path] === undefined).map(({ path }) => path);
    expect([...found].sort()).toEqual(timed.sort());
    expect([...moved].sort()).toEqual(timed);
  }, 240_000);
});
