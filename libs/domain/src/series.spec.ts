/** Totals and levels as series: phases, re-basings, continuous counts, steps and their ends; each with the smallest case. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { about, atLeast, changeOf, claim, exactly, recorded, registers, upTo, type Said } from './claims.fixture.js';
import { levelSteps } from './levels.js';
import { qualifierOf } from './quantities.js';
import { daysBetween } from './times.js';
import { totalSeries, type TotalSeries, type TotalStep } from './totals.js';
import type { Claim, Quantity, TotalValue } from './vocabulary.js';

interface Counted {
  from?: string;
  to?: string;
  counter?: TotalValue['counter'];
  of?: string;
  places?: string[];
}

/** "killed in Lebanon", by a counter of the ministry unless it says otherwise. */
function total(value: Quantity | undefined, counted: Counted = {}, rest: Parameters<typeof claim>[2] = {}): Claim {
  const { counter = { id: 'toll' }, of = 'killed', places = ['jordan'], ...dates } = counted;
  const full = value === undefined ? undefined : { ...value, ...(counter.id !== '' && { counter }) };
  return claim('total', full, { about: { scope: { of, places, ...dates } }, ...rest });
}

const NO_COUNTER = { id: '' };
const says = (by: string, said: string, ...claims: Claim[]): Said => ({ by, said, claims });
const series = (...said: Said[]) => totalSeries(recorded(...said), registers);

function only(all: readonly TotalSeries[]): TotalSeries {
  expect(all).toHaveLength(1);
  return all[0] as TotalSeries;
}

const shown = ({ low, best, high }: Pick<TotalStep, 'low' | 'best' | 'high'>) =>
  [low, best, high].map((n) => n ?? '–').join('/');
const told = ({ steps }: TotalSeries) =>
  steps.map((one) => [one.date, shown(one), one.phase, one.rebased, one.continuous && shown(one.continuous)]);

const MINISTRY = 'jordan-government';

describe('totals', () => {
  it('go on across phases: the last figure of each earlier phase and the current one, whatever the order of recording', () => {
    const second = { id: 'toll', phase: 2, startedOn: '2026-03-02' };
    const all = series(
      says(MINISTRY, '2026-03-05', total(exactly(123), { to: '2026-03-05', counter: second })),
      says(MINISTRY, '2024-12-04', total(exactly(4047), { to: '2024-12-04', counter: { id: 'toll', phase: 1 } })),
      says(MINISTRY, '2024-11-28', total(exactly(3961), { to: '2024-11-28', counter: { id: 'toll', phase: 1 } })),
      says(MINISTRY, '2026-08-02', total(exactly(4333), { to: '2026-08-02', counter: second })),
    );
    expect(told(only(all))).toEqual([
      ['2024-11-28', '3961/3961/3961', 1, null, '3961/3961/3961'],
      ['2024-12-04', '4047/4047/4047', 1, null, '4047/4047/4047'],
      ['2026-03-05', '123/123/123', 2, 'new-phase', '4170/4170/4170'],
      ['2026-08-02', '4333/4333/4333', 2, null, '8380/8380/8380'],
    ]);
    expect(all[0]?.steps[3]?.continuous?.of).toEqual(['s2#1', 's4#1']);
  });

  it('without recorded phases begin a new one where the counter started after all that was counted before', () => {
    const all = series(
      says(MINISTRY, '2024-12-04', total(exactly(4047), { to: '2024-12-04', counter: { id: 'toll', phase: 1 } })),
      says(MINISTRY, '2026-03-05', total(exactly(123), { counter: { id: 'toll', startedOn: '2026-03-02' } })),
      says(MINISTRY, '2026-03-06', total(exactly(217), { counter: { id: 'toll', startedOn: '2026-03-02' } })),
      says(
        MINISTRY,
        '2026-08-07',
        total(exactly(4335), { counter: { id: 'toll', startedOn: '2026-03-02', phase: 2 } }),
      ),
      says(MINISTRY, '2026-08-09', total(exactly(4335), { counter: { id: 'toll', phase: 2 } })),
    );
    expect(told(only(all)).map(([, , phase, rebased, sum]) => [phase, rebased, sum])).toEqual([
      [1, null, '4047/4047/4047'],
      [2, 'new-phase', '4170/4170/4170'],
      [2, null, '4264/4264/4264'],
      [2, null, '8382/8382/8382'],
      [2, null, '8382/8382/8382'],
    ]);
  });

  it('that fall within a phase are marked, and nothing is added for it: sources revise downwards too', () => {
    const all = series(
      says(MINISTRY, '2024-01-01', total(about(22_000))),
      says(MINISTRY, '2024-01-02', total(about(21_600))),
      says(MINISTRY, '2024-01-03', total(atLeast(21_601))),
      says(MINISTRY, '2024-01-04', total(upTo(21_000))),
    );
    expect(told(only(all)).map(([, , phase, rebased, sum]) => [phase, rebased, sum])).toEqual([
      [1, null, '22000/22000/22000'],
      [1, 'lower', '21600/21600/21600'],
      [1, null, '21601/–/–'],
      [1, 'lower', '0/–/21000'],
    ]);
  });

  it('without a counter each stand for themselves', () => {
    const all = series(
      says(MINISTRY, '2026-03-06', total(exactly(94), { from: '2026-03-06', to: '2026-03-06', counter: NO_COUNTER })),
      says(MINISTRY, '2026-03-07', total(exactly(11), { from: '2026-03-07', to: '2026-03-07', counter: NO_COUNTER })),
      says(MINISTRY, '2026-03-07', total(exactly(105), { from: '2026-03-06', to: '2026-03-07', counter: NO_COUNTER })),
    );
    expect(told(only(all))).toEqual([
      ['2026-03-06', '94/94/94', null, null, null],
      ['2026-03-07', '11/11/11', null, null, null],
      ['2026-03-07', '105/105/105', null, null, null],
    ]);
  });

  it('make a series for each line, scope, people and counter; a compiler has its own', () => {
    const all = series(
      says(MINISTRY, '2024-01-01', total(exactly(1))),
      says(MINISTRY, '2024-01-02', total(exactly(2), { of: 'injured' })),
      says(MINISTRY, '2024-01-03', total(exactly(3), { counter: { id: 'other' } })),
      says(MINISTRY, '2024-01-04', total(exactly(4), {}, { who: { category: 'civilian' } })),
      says(MINISTRY, '2024-01-05', total(exactly(5), { places: ['jordan', 'syria'] })),
      says(MINISTRY, '2024-01-06', total(exactly(6), { places: ['syria', 'jordan'] })),
      says('ucdp', '2024-01-07', total(exactly(7))),
    );
    expect(all.map(({ line, compiler, steps }) => [line, compiler, steps.map(shown)])).toEqual([
      ['jordan-state', false, ['2/2/2']],
      ['jordan-state', false, ['5/5/5', '6/6/6']],
      ['jordan-state', false, ['3/3/3']],
      ['jordan-state', false, ['1/1/1']],
      ['jordan-state', false, ['4/4/4']],
      ['ucdp', true, ['7/7/7']],
    ]);
  });

  it('said again of the same period are replaced, at their place in time', () => {
    const all = series(
      says(MINISTRY, '2024-01-01', total(exactly(10), { to: '2024-01-01' })),
      says(MINISTRY, '2024-01-02', total(exactly(20), { to: '2024-01-02' })),
      says(MINISTRY, '2024-03-01', total(exactly(12), { to: '2024-01-01' })),
    );
    expect(told(only(all)).map(([date, figure]) => [date, figure])).toEqual([
      ['2024-01-01', '12/12/12'],
      ['2024-01-02', '20/20/20'],
    ]);
    expect(all[0]?.setAside).toEqual([{ claim: 's1#1', code: 'superseded' }]);
  });

  it('that count no more are listed with their code', () => {
    const at = { to: '2024-01-01' };
    const all = series(
      { ...says(MINISTRY, '2024-01-01', total(exactly(1), at)), setAside: 'statement-retracted' },
      { ...says(MINISTRY, '2024-01-02', total(exactly(2))), setAside: 'document-withdrawn' },
      { ...says(MINISTRY, '2024-01-03', total(exactly(3))), grade: { credibility: 5 } },
      says(MINISTRY, '2024-01-04', total(exactly(4))),
      says(MINISTRY, '2024-01-05', total(undefined, {}, { stance: 'retracts', retracts: 's4#1' })),
      { ...says(MINISTRY, '2024-01-06', total(exactly(6))), in: 'reuters', form: 'reported', utterance: 'one' },
      { ...says(MINISTRY, '2024-01-06', total(exactly(7))), utterance: 'one' },
      says(MINISTRY, '2024-01-08', total(changeOf(-5))),
    );
    const { steps, setAside } = only(all);
    expect(steps.map(({ claim: id }) => id)).toEqual(['s7#1']);
    expect(Object.fromEntries(setAside.map((one) => [one.claim, one.code]))).toEqual({
      's1#1': 'statement-retracted',
      's2#1': 'document-withdrawn',
      's3#1': 'graded-false',
      's4#1': 'source-retracted',
      's5#1': 'no-figure',
      's6#1': 'other-reading',
      's8#1': 'no-figure',
    });
  });

  it('of several days in one utterance are no readings of each other', () => {
    const days = ['2024-01-01', '2024-01-02'].map((to, index) => total(exactly(10 + index), { to }));
    expect(only(series(says(MINISTRY, '2024-01-02', ...days))).steps.map(shown)).toEqual(['10/10/10', '11/11/11']);
  });

  it('every claim is a step or set aside, once, and every continuous count is the sum of what it names', () => {
    const counters = fc.record(
      {
        id: fc.constantFrom('a', 'b'),
        phase: fc.constantFrom(1, 2, 3),
        startedOn: fc.constantFrom('2024-01-01', '2024-01-05'),
      },
      { requiredKeys: ['id'] },
    );
    const oneTotal = fc.record({
      by: fc.constantFrom(MINISTRY, 'ucdp', 'us-official'),
      said: fc.integer({ min: 1, max: 9 }),
      to: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      n: fc.integer({ min: 0, max: 50 }),
      counter: fc.option(counters, { nil: NO_COUNTER }),
      utterance: fc.constantFrom('x', 'y', undefined),
    });
    const day = (n: number) => `2024-01-0${n}`;
    fc.assert(
      fc.property(fc.array(oneTotal, { maxLength: 12 }), (drawn) => {
        const claims = recorded(
          ...drawn.map(({ by, said, to, n, counter, utterance }) => ({
            ...says(by, day(said), total(exactly(n), { counter, ...(to !== undefined && { to: day(to) }) })),
            ...(utterance !== undefined && { utterance }),
          })),
        );
        const all = totalSeries(claims, registers);
        const listed = all.flatMap(({ steps, setAside }) => [...steps, ...setAside].map(({ claim: id }) => id));
        expect(listed.toSorted()).toEqual(claims.map(({ id }) => id).toSorted());
        const bestOf = new Map(all.flatMap(({ steps }) => steps.map((one) => [one.claim, one.best] as const)));
        for (const { steps, counter } of all) {
          for (const { continuous, claim: id } of steps) {
            expect(continuous === null).toBe(counter === null);
            if (continuous === null) continue;
            expect(continuous.best).toBe(continuous.of.reduce((sum, one) => sum + (bestOf.get(one) ?? 0), 0));
            expect(continuous.of.at(-1)).toBe(id);
          }
        }
      }),
    );
  });
});

describe('levels', () => {
  const scope = { actor: 'us', places: ['syria'] };
  const level = (value: Quantity | undefined, at?: [string, string], rest: Parameters<typeof claim>[2] = {}): Claim => {
    const held = at === undefined ? {} : { at: { from: at[0], to: at[1] } };
    const full = value === undefined ? undefined : { measure: 'present', component: 'all', ...held, ...value };
    return claim('force-level', full, { about: { scope }, ...rest });
  };
  const declines = level(undefined, undefined, { stance: 'not-confirms', manner: 'declined' });
  const steps = (...said: Said[]) =>
    levelSteps({ predicate: 'force-level', key: 'present:all' }, recorded(...said), { scope }, registers);

  it('follow each other by when they held, each ended by the next word of its line', () => {
    const found = steps(
      says('pentagon', '2023-04-11', level(about(900), ['2023-03-01', '2023-04-11'])),
      says('pentagon', '2017-12-06', level(about(2000), ['2017-12-06', '2017-12-06'])),
      says('reuters', '2020-01-01', level(atLeast(600))),
      says('pentagon', '2024-12-20', level(undefined, undefined, { stance: 'not-confirms', manner: 'declined' })),
    );
    expect(found.setAside).toEqual([]);
    expect(
      found.steps.map(({ date, line, qualifier, official, endedBy }) => [date, line, qualifier, official, endedBy]),
    ).toEqual([
      ['2017-12-06', 'us', 'about', true, { claim: 's1#1', why: 'next-figure' }],
      ['2020-01-01', 'reuters', 'at-least', false, null],
      ['2023-04-11', 'us', 'about', true, { claim: 's4#1', why: 'no-longer-reports' }],
      ['2024-12-20', 'us', null, true, null],
    ]);
  });

  it('said again of the same time are replaced', () => {
    const found = steps(
      says('pentagon', '2017-01-01', level(exactly(503), ['2017-01-01', '2017-01-01'])),
      says('pentagon', '2024-12-01', level(exactly(900), ['2024-12-01', '2024-12-01'])),
      says('pentagon', '2024-12-19', level(exactly(2000), ['2024-12-01', '2024-12-01'])),
    );
    expect(found.steps.map(({ best, endedBy }) => [best, endedBy?.claim])).toEqual([
      [503, 's3#1'],
      [2000, undefined],
    ]);
    expect(found.setAside).toEqual([{ claim: 's2#1', code: 'superseded' }]);
  });

  it('of another measure or component are other levels; a line that declines declines all', () => {
    const core = claim('force-level', { measure: 'present', component: 'core', ...exactly(900) }, { about: { scope } });
    const found = steps(
      says('pentagon', '2024-12-19', core, level(exactly(2000))),
      says('pentagon', '2025-01-01', declines),
    );
    expect(found.steps.map(({ best, reports }) => [best, reports])).toEqual([
      [2000, true],
      [null, false],
    ]);
  });
});

it('numbers are read as their source gives them', () => {
  const triples = [exactly(5), atLeast(5), upTo(5), { low: 2, best: null, high: 5 }, { low: 2, best: 3, high: 5 }];
  expect(triples.map((one) => qualifierOf(one, false))).toEqual(['exact', 'at-least', 'at-most', 'between', 'between']);
  expect([exactly(0), exactly(7)].map((one) => qualifierOf(one, true))).toEqual(['about', 'about']);
});

it('days are counted over leap years, centuries and clock times', () => {
  expect(daysBetween('2024-02-28', '2024-03-01T23:59')).toBe(2);
  expect(daysBetween('2023-03-01T00:01', '2023-02-28')).toBe(-1);
  expect(daysBetween('0001-01-01', '0002-01-01')).toBe(365);
});
