/**
 * Hasakah, Green Village and Conoco, 23 and 24 March 2023: victims by category, one number given for two attacks, a kind of
 * injury found later, injuries that a spokesman moves from one place to another. Numbers, days and attributions are those
 * that were published, typed by hand; ids are ours.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitiesAnswer, IncidentAnswer, TalliesAnswer } from '#contracts';
import { POLICY_VERSIONS, type PolicyName } from '#domain';
import type { LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';
import {
  about,
  atLeast,
  day,
  exactly,
  hit,
  place,
  register,
  say,
  US_CONTRACTOR,
  US_MILITARY,
  type Said,
} from './told.js';

const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];
const [HASAKAH, VILLAGE, CONOCO] = ['hasakah', 'green-village', 'conoco-2023-03-24'] as const;
const ATTACKS = [HASAKAH, VILLAGE, CONOCO] as const;
const military = { who: US_MILITARY };

/** One number for several attacks. */
const together = (incidents: readonly string[], value: object, who: object = US_MILITARY): object => ({
  predicate: 'injured',
  about: { incidents },
  stance: 'asserts',
  who,
  value,
});

const TOLD: readonly Said[] = [
  {
    id: 'pentagon-24-march',
    by: 'dod',
    in: 'dod',
    said: '2023-03-24',
    form: 'direct',
    claims: [
      about(HASAKAH).killed(exactly(1), { who: US_CONTRACTOR }),
      about(HASAKAH).injured(exactly(5), military),
      about(HASAKAH).injured(exactly(1), { who: US_CONTRACTOR }),
      ...about(VILLAGE).none({ of: 'us' }),
      about(CONOCO).injured(exactly(1), military),
    ],
  },
  {
    id: 'additional-six',
    by: 'ryder',
    in: 'ap',
    said: '2023-03-30',
    published: '2023-03-30',
    utterance: 'briefing-30-march',
    claims: [together([HASAKAH, VILLAGE], { change: 6 })],
  },
  {
    id: 'four-and-two',
    by: 'ryder',
    in: 'reuters',
    said: '2023-03-30',
    published: '2023-03-30',
    utterance: 'briefing-30-march',
    claims: [
      about(HASAKAH).injured({ change: 4, from: 'pentagon-24-march#2' }, military),
      about(HASAKAH).injured({ ...exactly(4), kind: 'tbi' }, military),
      about(VILLAGE).injured(exactly(2), military),
      about(VILLAGE).injured({ ...exactly(2), kind: 'tbi' }, military),
    ],
  },
  {
    id: 'centcom-13-april',
    by: 'centcom',
    in: 'centcom',
    said: '2023-04-13',
    form: 'direct',
    claims: [together(ATTACKS, { change: 11, kind: 'tbi' }), together(ATTACKS, exactly(23))],
  },
  {
    id: 'pentagon-17-april',
    by: 'ryder',
    in: 'dod',
    said: '2023-04-17',
    form: 'direct',
    claims: [
      about(HASAKAH).injured({ ...exactly(11), kind: 'tbi' }, military),
      ...about(VILLAGE).none({}),
      about(CONOCO).injured({ ...exactly(12), kind: 'tbi' }, military),
      together([HASAKAH, CONOCO], { change: 1 }),
      together([HASAKAH, CONOCO], { change: 1 }, US_CONTRACTOR),
    ],
  },
];

let app: RunningApp;
let ledger: LedgerClient;
/** The position of each statement. */
const at = new Map<string, number>();

beforeAll(async () => {
  app = await startApp();
  ledger = await app.open('march-2023');
  await register(ledger, [
    ['us', 'state'],
    ['dod', 'state-body', 'us'],
    ['ryder', 'person', 'dod'],
    ['centcom', 'armed-force', 'dod'],
    ['reuters', 'media'],
    ['ap', 'media'],
  ]);
  await place(ledger, 'syria', 'country');
  for (const site of ['us-base-hasakah', 'green-village-site', 'mss-conoco']) {
    await place(ledger, site, 'site', { inside: 'syria' });
  }
  for (const [id, method, date, where] of [
    ['conoco-2023-01-04', 'rocket', '2023-01-04', 'mss-conoco'],
    [HASAKAH, 'drone', '2023-03-23', 'us-base-hasakah'],
    [VILLAGE, 'rocket', '2023-03-24', 'green-village-site'],
    [CONOCO, 'rocket', '2023-03-24', 'mss-conoco'],
    ['conoco-2023-04-10', 'rocket', '2023-04-10', 'mss-conoco'],
  ] as const) {
    const parties = [{ actor: 'us', side: 'target' }];
    const card = { kind: 'single', method, time: day(date), place: { place: where }, parties };
    await ledger.record('record-incident', { id, ...card });
  }
  for (const said of TOLD) at.set(said.id, await say(ledger, said));
  await ledger.read(`/incidents?wait=${at.get('pentagon-17-april')}`);
});
afterAll(() => app?.stop());

const NONE = { ...exactly(0), status: 'affirmed-none' };
const injured = (numbers: object) => ({ ...numbers, status: 'reported' });
const INJURED: readonly [saidBy: string, asOf: string, hasakah: object, village: object, conoco: object][] = [
  ['2023-03-24', 'pentagon-24-march', injured(exactly(6)), NONE, injured(exactly(1))],
  // The six of two attacks alone move neither: half of a briefing is recorded.
  ['2023-03-29', 'additional-six', injured(exactly(6)), NONE, injured(exactly(1))],
  ['2023-03-30', 'four-and-two', injured(exactly(10)), injured(exactly(2)), injured(exactly(1))],
  ['2023-04-13', 'centcom-13-april', injured(exactly(10)), injured(exactly(2)), injured(exactly(1))],
  ['2023-04-17', 'pentagon-17-april', injured(atLeast(11)), NONE, injured(atLeast(12))],
];

describe.each(POLICIES)('injured under %s', (policy) => {
  const figuresOf = async (when: string) =>
    Promise.all(
      ATTACKS.map(async (incident) => (await hit(ledger, 'injured', policy, `incident=${incident}&${when}`)).figures),
    );

  test.each(INJURED)('as said by %s, and as of %s', async (saidBy, step, ...expected) => {
    const figures = expected.map((one) => [{ ...one, contested: false, basis: 'official' }]);
    expect(await figuresOf(`saidBy=${saidBy}`)).toMatchObject(figures);
    expect(await figuresOf(`asOf=${at.get(step)}`)).toMatchObject(figures);
  });

  test('added up: with how many have none and how many are a floor', async () => {
    const sum = async (saidBy: string) => {
      const { rows } = await hit(ledger, 'injured', policy, `from=2023-03-23&to=2023-03-24&saidBy=${saidBy}`);
      return rows;
    };
    expect(await sum('2023-03-24')).toMatchObject([{ ...exactly(7), incidents: 3, affirmedNone: 1, floors: 0 }]);
    expect(await sum('2023-03-30')).toMatchObject([{ ...exactly(13), affirmedNone: 0, floors: 0 }]);
    expect(await sum('2023-04-17')).toMatchObject([{ low: 23, best: 23, high: null, affirmedNone: 1, floors: 2 }]);
  });
});

test('killed: one contractor at Hasakah, nobody at Green Village; of Conoco nobody says', async () => {
  for (const policy of POLICIES) {
    const [hasakah, village, conoco] = await Promise.all(
      ATTACKS.map((incident) => hit(ledger, 'killed', policy, `incident=${incident}`)),
    );
    expect(hasakah?.figures).toMatchObject([{ ...exactly(1), status: 'reported', contested: false }]);
    expect(hasakah?.claims.map(({ claim }) => claim.who)).toEqual([US_CONTRACTOR]);
    expect(village?.figures).toMatchObject([NONE]);
    expect(conoco?.figures).toEqual([]);
    expect(conoco?.rows).toMatchObject([{ incidents: 1, unreported: 1 }]);
  }
});

describe('at Hasakah', () => {
  const figure = async (when: string) =>
    (await hit(ledger, 'injured', 'official-first', `incident=${HASAKAH}&${when}`)).figures[0];

  test('six are five of the military and a contractor; ten come of a change by four', async () => {
    const first = await figure('saidBy=2023-03-24');
    expect(first?.used.toSorted()).toEqual(['pentagon-24-march#2', 'pentagon-24-march#3']);
    expect(first?.flags).toEqual(['partial']);
    expect((await figure('saidBy=2023-03-30'))?.used.toSorted()).toEqual(['four-and-two#1', 'pentagon-24-march#3']);
  });

  test('eleven brain injuries exceed the ten, and the figure says so; who gives only a kind gives no best', async () => {
    const { answers } = await ledger.read<IncidentAnswer>(`/incidents/${HASAKAH}?saidBy=2023-04-17`);
    const latest = await figure('saidBy=2023-04-17');
    expect(latest).toMatchObject({ ...atLeast(11), used: ['pentagon-17-april#1'] });
    expect(latest?.flags).toContain('kind-exceeds');
    const brainInjuries = answers.filter(({ question }) => question.predicate === 'injured' && question.key === 'tbi');
    expect(brainInjuries.length).toBeGreaterThan(0);
    for (const { figure: shown } of brainInjuries) expect(shown).toMatchObject(exactly(11));
  });
});

describe('what is said of several attacks together', () => {
  const JOINT = {
    [HASAKAH]: [
      'additional-six#1',
      'centcom-13-april#1',
      'centcom-13-april#2',
      'pentagon-17-april#5',
      'pentagon-17-april#6',
    ],
    [VILLAGE]: ['additional-six#1', 'centcom-13-april#1', 'centcom-13-april#2'],
    [CONOCO]: ['centcom-13-april#1', 'centcom-13-april#2', 'pentagon-17-april#5', 'pentagon-17-april#6'],
  };

  test.each(ATTACKS)('stands beside each of them and is never added: %s', async (incident) => {
    const { claims, answers } = await ledger.read<IncidentAnswer>(`/incidents/${incident}`);
    const shown = claims.flatMap(({ lines }) => lines.flatMap((line) => line.claims));
    const joint = shown.filter(({ claim }) => 'incidents' in claim.about).map(({ id }) => id);
    expect(joint.sort()).toEqual(JOINT[incident]);
    const used = answers.flatMap(({ positions }) => positions.flatMap((position) => position.claims));
    expect(used.filter((id) => joint.includes(id))).toEqual([]);
    const all = answers.find(({ question: { predicate, key, who } }) => {
      return predicate === 'injured' && key === undefined && who === undefined;
    });
    // One number for all three is joint; how many more there were than before is no number yet.
    expect(all?.setAside).toContainEqual({ claim: 'centcom-13-april#2', code: 'joint' });
    expect(all?.setAside).toContainEqual({ claim: 'centcom-13-april#1', code: 'no-figure' });
  });
});

test('the site of Conoco was attacked three times: three incidents at one place', async () => {
  const { items } = await ledger.read<EntitiesAnswer>('/incidents?place=mss-conoco');
  expect(items.map(({ id }) => id)).toEqual(['conoco-2023-01-04', CONOCO, 'conoco-2023-04-10']);
  const { rows } = await ledger.read<TalliesAnswer>('/tallies?of=injured&side=target&by=place:site&place=mss-conoco');
  expect(rows).toMatchObject([{ group: { id: 'mss-conoco' }, incidents: 3, unreported: 2, low: 12 }]);
});

test('after all of it the auditor finds the logs whole, and every figure as it works it out itself', async () => {
  const { wrong, rows } = await app.audit();
  expect(wrong).toEqual([]);
  expect(rows).toBeGreaterThan(0);
}, 60_000);
