/**
 * All records of claims-dev.jsonl, which really were published, recorded over HTTP: contradicting, revised, misprinted, in no
 * order. Every one lands in the ledger, and each series answers as it was known. How they are read: claims-dev.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitiesAnswer, IncidentAnswer, StatementAnswer, TalliesAnswer } from '#contracts';
import { POLICY_VERSIONS, type PolicyName } from '#domain';
import type { LedgerClient } from '#testing';
import { claimsOf, hasClaims, readRows, recordRows, type Row } from './claims-dev.js';
import { explained } from './explained.js';
import { startApp, type RunningApp } from './running-app.js';
import { atLeast, exactly, hit, triple } from './told.js';

const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];
const describeWithClaims = hasClaims ? describe : describe.skip;

let app: RunningApp;
let ledger: LedgerClient;
let records: Row[] = [];
/** After each row of the file, in its order. */
let positions = new Map<string, number>();
beforeAll(async () => {
  if (!hasClaims) return;
  app = await startApp();
  ledger = await app.open('claims-dev');
  records = readRows();
  positions = await recordRows(ledger, records);
}, 60_000);
afterAll(() => app?.stop());

describeWithClaims('every record', () => {
  test('stands in the ledger as one statement, with its claims, words, times and source', async () => {
    expect(records).toHaveLength(55);
    for (const row of records) {
      const { entity, claims } = await ledger.read<StatementAnswer>(`/statements/${row.id}`);
      expect({ id: row.id, claims: claims.map(({ claim }) => claim) }).toEqual({ id: row.id, claims: claimsOf(row) });
      expect(claims.length).toBeGreaterThan(0);
      expect(entity).toMatchObject({ status: 'live', sequence: positions.get(row.id) });
      for (const { claim, said, document, form } of claims) {
        expect(claim.words).toBe(row.quote);
        expect((said as { to: string } | null)?.to ?? null).toBe(row.as_of);
        expect((document.published as { to: string } | null)?.to ?? null).toBe(row.published);
        expect(form === 'own-voice').toBe(row.attributed_to === null || row.attributed_to === '"reports"');
      }
    }
    const { items } = await ledger.read<EntitiesAnswer>('/statements?limit=500');
    expect(items).toHaveLength(records.length);
  });

  test('of a series leads from its incident or its scope to the claim', async () => {
    const beside = await ledger.read<TalliesAnswer>('/tallies?of=attacks');
    const { claims: ofLevels } = await explained(ledger, 'of=force-level');
    const { items } = await ledger.read<EntitiesAnswer>('/incidents?limit=500');
    const shown = new Set([...beside.beside, ...ofLevels].map(({ id }) => id));
    for (const { id } of items) {
      const { claims } = await ledger.read<IncidentAnswer>(`/incidents/${id}`);
      for (const { lines } of claims) for (const { claims: some } of lines) for (const one of some) shown.add(one.id);
    }
    const recorded = records.flatMap((row) => claimsOf(row).map((_, index) => `${row.id}#${index + 1}`));
    expect([...shown].sort()).toEqual(recorded.sort());
  });
});

describeWithClaims('al-Asad, 8 January 2020', () => {
  const DAYS = {
    '2020-01-08': 0,
    '2020-01-16': 11,
    '2020-01-24': 34,
    '2020-01-28': 50,
    '2020-01-30': 64,
    '2020-02-10': 109,
    '2020-02-21': 110,
  };
  const asked = (of: string, policy: PolicyName, when: string) =>
    hit(ledger, of, policy, `incident=al-asad-2020&${when}`);

  test.each(['latest-official', 'official-first'] as const)('injured as said by each day, under %s', async (policy) => {
    for (const [saidBy, n] of Object.entries(DAYS)) {
      const { figures, rows } = await asked('injured', policy, `saidBy=${saidBy}`);
      const status = n === 0 ? 'affirmed-none' : 'reported';
      expect(figures).toMatchObject([{ ...exactly(n), status, contested: true, basis: 'official' }]);
      expect(rows).toMatchObject([{ ...exactly(n), contested: 1, affirmedNone: n === 0 ? 1 : 0, unreported: 0 }]);
      // "Some 200", says the other side: shown beside.
      expect(figures[0]?.setAside).toContainEqual({ claim: 'c096#1', code: 'not-official' });
    }
  });

  test.each(['envelope', 'best-graded'] as const)(
    'from what the US says to what the other side says, under %s',
    async (policy) => {
      for (const [saidBy, n] of Object.entries(DAYS)) {
        const { figures } = await asked('injured', policy, `saidBy=${saidBy}`);
        expect(figures).toMatchObject([{ ...triple(n, null, 200), status: 'reported', contested: true }]);
        expect(figures[0]?.used).toContain('c096#1');
      }
      const { figures, claims } = await asked('injured', 'envelope', 'saidBy=2020-02-10');
      expect(figures[0]?.setAside).toContainEqual({ claim: 'c109#1', code: 'other-reading' });
      expect(figures[0]?.setAside).toContainEqual({ claim: 'c112#1', code: 'less-precise' });
      expect(claims.map(({ id }) => id)).not.toContain('c116#1');
    },
  );

  test('as of each record other numbers stood here: the file is not in the order in which they were said', async () => {
    const numbers = [];
    for (const id of ['c100', 'c101', 'c103', 'c104', 'c105', 'c107', 'c109', 'c110', 'c112', 'c113', 'c116']) {
      const { figures } = await asked('injured', 'latest-official', `asOf=${positions.get(id)}`);
      numbers.push(figures[0]?.best);
    }
    expect(numbers).toEqual([0, 50, 50, 50, 50, 64, 64, 109, 109, 109, 110]);
    const { figures } = await asked('injured', 'latest-official', `asOf=${positions.get('c101')}&saidBy=2020-01-24`);
    expect(figures).toMatchObject([exactly(0)]);
  });

  test('killed: none, says the US; at least 80, says the attacker: disputed, and in no sum', async () => {
    for (const saidBy of Object.keys(DAYS)) {
      for (const policy of ['latest-official', 'official-first'] as const) {
        const { figures, rows } = await asked('killed', policy, `saidBy=${saidBy}`);
        expect(figures).toMatchObject([{ ...exactly(0), status: 'affirmed-none', contested: true }]);
        expect(figures[0]?.setAside).toContainEqual({ claim: 'c092#1', code: 'lower-rank' });
        expect(rows).toMatchObject([{ ...exactly(0), affirmedNone: 1, contested: 1 }]);
      }
      const { figures } = await asked('killed', 'envelope', `saidBy=${saidBy}`);
      expect(figures).toMatchObject([{ ...triple(0, null, null), status: 'reported', contested: true }]);
    }
    const { answers } = await ledger.read<IncidentAnswer>('/incidents/al-asad-2020?saidBy=2020-01-08');
    const { positions: held = [] } =
      answers.find(({ question: { predicate, who } }) => {
        return predicate === 'killed' && JSON.stringify(who) === JSON.stringify({ side: 'target', of: 'us' });
      }) ?? {};
    expect(held.map(({ line, low, rank }) => [line, low, rank])).toEqual([
      ['us', 0, 1],
      ['iran', 80, 3],
      ['unnamed@mehr', 81, null],
    ]);
  });

  test('levels as said by a day', async () => {
    const level = async (saidBy: string) =>
      (await ledger.read<TalliesAnswer>(`/tallies?of=force-level&of.party=us&place=al-asad&saidBy=${saidBy}`)).levels;
    expect(await level('2020-02-09')).toEqual([]);
    expect(await level('2020-02-10')).toMatchObject([{ figure: { best: 2000, about: true } }]);
  });
});

describeWithClaims('the attacks of March 2023, as far as these records tell of them', () => {
  const injured = async (incident: string, when: string) =>
    (await hit(ledger, 'injured', 'official-first', `incident=${incident}&${when}`)).figures[0];

  test('Hasakah: killed 1, injured 6; four brain injuries are a part of them, six more are of two attacks', async () => {
    const { figures } = await hit(ledger, 'killed', 'latest-official', 'incident=hasakah-2023-03-23&saidBy=2023-03-23');
    expect(figures).toMatchObject([{ ...exactly(1), contested: false }]);
    expect(await injured('hasakah-2023-03-23', 'saidBy=2023-03-23')).toMatchObject({ ...exactly(6), used: ['c119#1'] });
    expect(await injured('hasakah-2023-03-23', '')).toMatchObject({
      ...exactly(6),
      setAside: expect.arrayContaining([
        { claim: 'c121#1', code: 'kind-only' },
        { claim: 'c123#1', code: 'no-figure' },
      ]),
    });
  });

  test('Green Village: two brain injuries, where no other number was given', async () => {
    expect(await injured('green-village-2023-03-24', 'saidBy=2023-03-29')).toBeUndefined();
    expect(await injured('green-village-2023-03-24', '')).toMatchObject({
      ...atLeast(2),
      flags: ['kind-exceeds'],
    });
  });
});

describeWithClaims('the drones at al-Tanf, 2 November 2023', () => {
  test('were one, says an official without a name; two, says an outlet: contested, and neither is official', async () => {
    const { answers } = await ledger.read<IncidentAnswer>('/incidents/al-tanf-2023-11-02?policy=envelope');
    const drones = answers.find(({ question }) => question.predicate === 'munitions');
    expect(drones).toMatchObject({ contested: true, figure: { ...triple(1, null, 2), basis: 'other' } });
    expect(drones?.positions.map(({ line, best, official }) => [line, best, official])).toEqual([
      ['unnamed@sofrep', 1, false],
      ['sabereen', 2, false],
    ]);
  });
});

describeWithClaims('the US strikes in Iraq, 26 December 2023', () => {
  const figure = async (of: string, policy: PolicyName) => {
    const { figures } = await explained(
      ledger,
      `of=${of}&side=target&incident=us-strikes-iraq-2023-12-26&policy=${policy}`,
    );
    return figures[0];
  };

  test('injured 18, says Iraq; 24 militants, say sources without a name: contested', async () => {
    for (const policy of ['latest-official', 'official-first'] as const) {
      expect(await figure('injured', policy)).toMatchObject({ ...exactly(18), contested: true, basis: 'official' });
    }
    expect(await figure('injured', 'envelope')).toMatchObject({ ...triple(18, null, 24), contested: true });
  });

  test('killed: at least 1, by no official', async () => {
    expect(await figure('killed', 'latest-official')).toMatchObject({ status: 'unreported', others: 1 });
    expect(await figure('killed', 'official-first')).toMatchObject({ ...atLeast(1), basis: 'other' });
  });
});

describeWithClaims('78 attacks since January 2021', () => {
  test('are two totals of two periods, beside and never added', async () => {
    const { beside, rows: sums } = await ledger.read<TalliesAnswer>('/tallies?of=attacks&place=syria');
    expect(beside.map(({ id, claim, speaker }) => [id, speaker.id, claim.value, claim.about])).toMatchObject([
      ['c059#1', 'kurilla', exactly(78), { scope: { from: '2021-01-01', to: '2023-03-31' } }],
      ['c120#1', 'kurilla', exactly(78), { scope: { from: '2021-01-01', to: '2023-03-23' } }],
    ]);
    expect(sums).toMatchObject([{ incidents: 3 }]);
  });
});

describeWithClaims('levels of US forces', () => {
  const level = async (place: string, when: string, policy: PolicyName = 'official-first', kind = 'present all') => {
    const { levels } = await ledger.read<TalliesAnswer>(
      `/tallies?of=force-level&of.party=us&place=${place}&policy=${policy}&${when}`,
    );
    return levels.find(({ measure, component }) => `${measure} ${component}` === kind)?.figure;
  };

  test.each([
    ['2017-09-29', undefined],
    ['2017-09-30', exactly(1720)],
    ['2017-12-06', { ...exactly(2000), about: true }],
    ['2023-10-27', { ...exactly(2000), about: true }],
    ['2024-12-18', { ...exactly(2000), about: true }],
    ['2024-12-19', { ...exactly(2000), about: false, flags: ['readings-differ'] }],
  ])('in Syria as said by %s, by officials', async (saidBy, expected) => {
    const found = await level('syria', `saidBy=${saidBy}`, 'latest-official');
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ ...expected, basis: 'official' });
  });

  test.each([
    ['2017-09-30', exactly(8892)],
    ['2017-12-06', { ...exactly(5200), about: true }],
    ['2023-10-27', { ...exactly(5200), about: true }],
  ])('in Iraq as said by %s, by officials', async (saidBy, expected) => {
    expect(await level('iraq', `saidBy=${saidBy}`, 'latest-official')).toMatchObject(expected);
  });

  test('what a paper says in its own voice stands beside: 900 in Syria, 2,500 in Iraq', async () => {
    expect(await level('syria', 'saidBy=2023-10-27', 'envelope')).toMatchObject(triple(900, null, 2000));
    expect(await level('iraq', 'saidBy=2023-10-27', 'envelope')).toMatchObject(triple(2500, null, 5200));
  });

  test('200 for 2,000 is a misprint of the same briefing: another reading, which counts nothing', async () => {
    const now = await level('syria', '', 'latest-official');
    expect(now).toMatchObject({ ...exactly(2000), used: ['c143#1'], flags: ['readings-differ'] });
    expect(now?.setAside).toContainEqual({ claim: 'c144#1', code: 'other-reading' });
    // Nobody knows when 503 was said: it is superseded by whatever has a date.
    expect(now?.setAside).toContainEqual({ claim: 'c137#1', code: 'superseded' });
  });

  test('core and rotational troops, plans and changes are levels of their own', async () => {
    const kinds = ['present core', 'present rotational', 'planned all', 'change all'];
    const found = await Promise.all(kinds.map((kind) => level('syria', '', 'official-first', kind)));
    expect(found).toMatchObject([
      exactly(900),
      exactly(1100),
      triple(0, null, 999),
      { status: 'unreported', setAside: [{ claim: 'c150#1', code: 'no-figure' }] },
    ]);
  });

  test.each(POLICIES)('a number for two countries answers only for both, under %s', async (policy) => {
    const { levels } = await ledger.read<TalliesAnswer>(`/tallies?of=force-level&of.party=us&policy=${policy}`);
    const both = levels.filter(({ places }) => places.length === 2);
    expect(both).toMatchObject([{ places: [{ id: 'iraq' }, { id: 'syria' }], figure: { ...atLeast(4501) } }]);
  });
});
