/**
 * A tally that moved: every cell of the table of the case, after each step as the ledger answered then, and as of that
 * step after every later one.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExplainAnswer, IncidentAnswer, TalliesAnswer } from '#contracts';
import { POLICY_VERSIONS, type PolicyName } from '#domain';
import type { LedgerClient } from '#testing';
import { flat } from './explained.js';
import { startApp, type RunningApp } from './running-app.js';
import { atLeast, exactly, hit, say } from './told.js';
import { openTower22, TOLD, type TowerStep } from './tower-22.js';

const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];
const ON_US = 'of=attacks,killed,injured&side=target&of.party=us&place=jordan';
const QUESTIONS = [
  ...POLICIES.flatMap((policy) => [
    `/tallies/explain?policy=${policy}&${ON_US}`,
    `/incidents/tower-22?policy=${policy}`,
  ]),
  `/tallies?${ON_US}`,
  '/tallies?by=place:country&bucket=day',
  ...['documents', 'statements', 'incidents', 'records'].map((list) => `/${list}?limit=500`),
];
const asOf = (question: string, at: number) => `${question}${question.includes('?') ? '&' : '?'}asOf=${at}`;

let app: RunningApp;
let ledger: LedgerClient;
/** The position of each step, and what was answered then, to the byte. */
const steps = new Map<TowerStep, { at: number; texts: Map<string, string> }>();
const at = (step: TowerStep): number => steps.get(step)?.at ?? 0;

beforeAll(async () => {
  app = await startApp();
  ledger = await app.open('tower-22');
  await openTower22(ledger);
  for (const told of TOLD) {
    const position = await say(ledger, told);
    await ledger.read(`/incidents?wait=${position}`);
    const texts = new Map<string, string>();
    for (const question of QUESTIONS) texts.set(question, (await ledger.ask(question)).text);
    steps.set(told.id, { at: position, texts });
    // Whatever was answered before is still the answer as of then.
    for (const earlier of steps.values()) {
      for (const [question, text] of earlier.texts) {
        const { status, text: now } = await ledger.ask(asOf(question, earlier.at));
        expect({ after: told.id, question, status, now }).toEqual({ after: told.id, question, status: 200, now: text });
      }
    }
  }
}, 180_000);
afterAll(() => app?.stop());

/** As it was answered at a step. */
const answered = (step: TowerStep, question: string): unknown =>
  JSON.parse(steps.get(step)?.texts.get(question) ?? 'null');
const pageAt = (step: TowerStep) => answered(step, '/incidents/tower-22?policy=official-first') as IncidentAnswer;
const tallyAt = (step: TowerStep, policy: PolicyName) =>
  flat(answered(step, `/tallies/explain?policy=${policy}&${ON_US}`) as ExplainAnswer);
const answerTo = ({ answers }: IncidentAnswer, predicate: string, key?: string) =>
  answers.find(({ question }) => question.predicate === predicate && question.key === key);

const CELLS: readonly [TowerStep, killed: object, injured: object][] = [
  ['release', exactly(3), exactly(25)],
  ['president', exactly(3), exactly(25)],
  ['jordan-first', exactly(3), exactly(25)],
  ['jordan-then', exactly(3), exactly(25)],
  ['resistance', exactly(3), exactly(25)],
  ['update', exactly(3), atLeast(34)],
  ['briefing', exactly(3), atLeast(41)],
  ['mission', exactly(3), atLeast(41)],
  ['kirby', exactly(3), atLeast(41)],
];

describe.each(POLICIES)('killed and injured under %s', (policy) => {
  test.each(CELLS)('at %s', async (step, killed, injured) => {
    const { figures, rows } = tallyAt(step, policy);
    const figure = { status: 'reported', contested: false, basis: 'official', lines: 1 };
    expect(figures.filter(({ measure }) => measure === 'killed')).toMatchObject([{ ...figure, ...killed }]);
    expect(figures.filter(({ measure }) => measure === 'injured')).toMatchObject([{ ...figure, ...injured }]);
    const attacks = rows.find(({ measure }) => measure === 'attacks');
    expect(attacks).toMatchObject({ ...exactly(1), incidents: 1, unreported: 0 });
  });
});

test('each number of the US replaces the one before, which is set aside as superseded', () => {
  const { figures } = tallyAt('kirby', 'envelope');
  expect(figures.find(({ measure }) => measure === 'injured')).toMatchObject({
    used: ['briefing#2'],
    setAside: [
      { claim: 'release#2', code: 'superseded' },
      { claim: 'update#2', code: 'superseded' },
    ],
  });
});

test('the line of injured over the time it was said', async () => {
  const line: [string, object][] = [];
  for (const saidBy of ['2024-01-27', '2024-01-28T12:00', '2024-01-28T20:59', '2024-01-28T21:00', '2024-01-29']) {
    const { figures } = await hit(ledger, 'injured', 'official-first', `saidBy=${saidBy}`);
    line.push([saidBy, figures.map(({ low, best, high }) => ({ low, best, high }))]);
  }
  expect(line).toEqual([
    ['2024-01-27', []],
    ['2024-01-28T12:00', [exactly(25)]],
    ['2024-01-28T20:59', [exactly(25)]],
    ['2024-01-28T21:00', [atLeast(34)]],
    ['2024-01-29', [atLeast(41)]],
  ]);
});

describe('the place', () => {
  const placeAt = (step: TowerStep) => {
    const page = pageAt(step);
    const { positions = [], setAside, contested } = answerTo(page, 'place') ?? {};
    const held = positions.map(({ line, value }) => [line, (value as { place: string }).place]);
    return { held, setAside, contested, disputed: page.card.find(({ field }) => field === 'place')?.disputed };
  };

  test('is Jordan, says the US', () => {
    const said = { held: [['us', 'jordan']], contested: false, disputed: false };
    expect(placeAt('release')).toMatchObject(said);
    expect(placeAt('president')).toMatchObject(said);
  });

  test('is al-Tanf in Syria, says Jordan: contested', () => {
    const held = [
      ['us', 'jordan'],
      ['jordan-state', 'al-tanf'],
    ];
    expect(placeAt('jordan-first')).toEqual({ held, setAside: [], contested: true, disputed: true });
  });

  test.each(['jordan-then', 'kirby'] as const)(
    'is on the border, says Jordan then: contested no longer (%s)',
    (step) => {
      const held = [
        ['us', 'jordan'],
        ['jordan-state', 'jordan-border'],
      ];
      const setAside = [{ claim: 'jordan-first#1', code: 'superseded' }];
      expect(placeAt(step)).toEqual({ held, setAside, contested: false, disputed: false });
    },
  );
});

describe('responsibility', () => {
  /** By role: who holds what, whether claiming or blaming, and whether it is contested. */
  const held = (step: TowerStep) =>
    pageAt(step)
      .answers.filter(({ question }) => question.predicate === 'responsibility')
      .map(({ question, positions, contested }) => ({
        role: question.key,
        contested,
        held: positions.map(({ line, value, attribution, basis }) => {
          return [line, attribution, (value as { actor: string }).actor, basis].join(' ');
        }),
      }));
  const RESISTANCE = 'islamic-resistance claims islamic-resistance computed';

  test('the US President blames groups that Iran backs', () => {
    expect(held('release')).toEqual([]);
    expect(held('president')).toEqual([
      { role: 'carried-out', contested: false, held: ['us blames iran-backed-groups said'] },
    ]);
  });

  test('the Islamic Resistance claims attacks; that this is one of them is the recorder’s', () => {
    expect(held('resistance')).toEqual([
      { role: 'carried-out', contested: false, held: ['us blames iran-backed-groups said', RESISTANCE] },
    ]);
  });

  test('the Pentagon suspects Kataib Hezbollah, which is no position, and blames Iran for backing', () => {
    expect(held('briefing')).toEqual([
      { role: 'backed', contested: false, held: ['us blames iran said'] },
      { role: 'carried-out', contested: false, held: ['us blames iran-backed-groups said', RESISTANCE] },
    ]);
    expect(answerTo(pageAt('briefing'), 'responsibility', 'carried-out')?.setAside).toEqual([
      { claim: 'briefing#3', code: 'no-figure' },
    ]);
  });

  test('Iran’s mission denies any role: contested where Iran is blamed, and nowhere else', () => {
    const roles = [
      { role: 'any', contested: false, held: [] },
      { role: 'backed', contested: true, held: ['us blames iran said'] },
    ];
    expect(held('mission')).toEqual([
      ...roles,
      { role: 'carried-out', contested: false, held: ['us blames iran-backed-groups said', RESISTANCE] },
    ]);
    expect(held('kirby')).toEqual([
      ...roles,
      { role: 'carried-out', contested: false, held: ['us blames islamic-resistance said', RESISTANCE] },
    ]);
  });

  test('stays as many claims as were made, each with who made it, none merged into another', () => {
    const { lines = [] } = pageAt('kirby').claims.find(({ predicate }) => predicate === 'responsibility') ?? {};
    expect(
      lines.map(({ line, claims }) => [line, claims.map(({ id, claim, speaker }) => [id, speaker.id, claim.stance])]),
    ).toEqual([
      [
        'us',
        [
          ['president#1', 'us-president', 'asserts'],
          ['briefing#3', 'dod', 'suspects'],
          ['briefing#4', 'dod', 'asserts'],
          ['kirby#1', 'white-house', 'asserts'],
        ],
      ],
      ['islamic-resistance', [['resistance#1', 'islamic-resistance', 'asserts']]],
      ['iran', [['mission#1', 'iran-un-mission', 'denies']]],
    ]);
  });
});

describe('the totals since October', () => {
  const beside = async (query: string) => {
    const { beside: shown, rows } = await ledger.read<TalliesAnswer>(`/tallies?side=target&of.party=us&${query}`);
    return { rows, totals: shown.map(({ claim }) => claim.value as { best: number; about?: true }) };
  };

  test('stand beside the attacks, overlap this one, and are never added', async () => {
    const { rows, totals } = await beside('of=attacks');
    expect(totals.map(({ best }) => best)).toEqual([165, 66, 98, 1]);
    expect(totals.map(({ about }) => about)).toEqual([true, undefined, undefined, undefined]);
    expect(rows).toMatchObject([{ ...exactly(1), incidents: 1 }]);
    const inJordan = await beside('of=attacks&place=jordan');
    expect(inJordan.totals.map(({ best }) => best)).toEqual([165, 1]);
    expect(inJordan.rows).toMatchObject([exactly(1)]);
  });

  test('about 80 injured stand beside the injured', async () => {
    const { rows, totals } = await beside('of=injured');
    expect(totals).toMatchObject([{ ...exactly(80), about: true }]);
    expect(rows).toMatchObject([{ low: 41, best: 41, high: null, floors: 1 }]);
  });

  test('were not there before they were said', async () => {
    const { beside: shown } = await ledger.read<TalliesAnswer>(`/tallies?of=attacks,injured&asOf=${at('update')}`);
    expect(shown).toEqual([]);
  });
});

test('after all of it the auditor finds the logs whole, and every figure as it works it out itself', async () => {
  const { wrong, rows } = await app.audit();
  expect(wrong).toEqual([]);
  expect(rows).toBeGreaterThan(0);
}, 60_000);
