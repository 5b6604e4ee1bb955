/** The rules one by one, each with the smallest case that shows it; then what holds for any claims at all. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  about,
  answers,
  atLeast,
  changeOf,
  claim,
  exactly,
  figure,
  HIT,
  incident,
  POLICIES,
  recorded,
  registers,
  text,
  upTo,
  US_CONTRACTOR,
  US_HIT,
  US_MILITARY,
  type Said,
} from './claims.fixture.js';
import { applyPolicy } from './figures.js';
import { positionsOf } from './positions.js';
import { intervalOf } from './quantities.js';
import { concerns, questionsOf, scopeKey, type Question, type Subject } from './questions.js';
import type { Claim, Side, Who } from './vocabulary.js';

const attack = incident('it', { at: 'al-asad', target: ['cjtf-oir'], attacker: ['irgc'] });
const killed: Question = { predicate: 'killed' };
const injured: Question = { predicate: 'injured' };

const says = (by: string, day: number, ...claims: Claim[]): Said => ({
  by,
  said: `2024-01-${String(day).padStart(2, '0')}`,
  claims,
});
const shownOf = (question: Question, said: Said[], subject: Subject = attack) =>
  text(figure(question, recorded(...said), subject, 'envelope'));
const contested = (question: Question, said: Said[], subject: Subject = attack) =>
  figure(question, recorded(...said), subject).contested;
const codes = (question: Question, said: Said[], subject: Subject = attack) =>
  Object.fromEntries(
    figure(question, recorded(...said), subject, 'envelope').setAside.map((one) => [one.claim, one.code]),
  );

describe('live', () => {
  it('keeps each reason apart', () => {
    const said: Said[] = [
      { ...says('npr', 1, claim('killed', exactly(1))), setAside: 'statement-retracted' },
      { ...says('upi', 1, claim('killed', exactly(1))), setAside: 'publisher-corrected' },
      { ...says('nbc', 1, claim('killed', exactly(1))), grade: { credibility: 5 } },
      says('cnn', 1, claim('killed', exactly(1), { stance: 'suspects' })),
      says('afp', 1, claim('killed', {})),
      says('mehr', 1, claim('killed', exactly(1), { about: { incidents: ['it', 'other'] } })),
      says('reuters', 1, claim('killed', exactly(1), { who: { side: 'attacker' } })),
    ];
    expect(codes({ ...killed, who: HIT }, said)).toEqual({
      's1#1': 'statement-retracted',
      's2#1': 'publisher-corrected',
      's3#1': 'graded-false',
      's4#1': 'no-figure',
      's5#1': 'no-figure',
      's6#1': 'joint',
      's7#1': 'other-victims',
    });
    expect(figure({ ...killed, who: HIT }, recorded(...said), attack)).toMatchObject({
      status: 'unreported',
      others: 7,
    });
  });

  it('lets a source take back what it uttered, in every document that renders it', () => {
    const first: Said[] = [
      { ...says('pentagon', 1, claim('killed', exactly(5))), utterance: 'u', in: 'nbc' },
      { ...says('pentagon', 1, claim('killed', exactly(6))), utterance: 'u', in: 'cnn' },
    ];
    const back = says('white-house', 2, claim('killed', undefined, { stance: 'retracts', retracts: 's1#1' }));
    expect(codes(killed, [...first, back])).toEqual({
      's1#1': 'source-retracted',
      's2#1': 'source-retracted',
      's3#1': 'no-figure',
    });
    const backAgain = says('pentagon', 3, claim('killed', undefined, { stance: 'retracts', retracts: 's3#1' }));
    expect(shownOf(killed, [...first, back, backAgain])).toBe('5/5/5');
  });

  it('does not let anybody else take it back', () => {
    const back = says('mehr', 2, claim('killed', undefined, { stance: 'retracts', retracts: 's1#1' }));
    expect(shownOf(killed, [says('irgc', 1, claim('killed', atLeast(80))), back])).toBe('80/–/–');
  });

  it('counts a change from the number it names, and else only lists it', () => {
    const first = says('pentagon', 1, claim('injured', atLeast(3)), claim('killed', exactly(1)));
    const change = (by: number, from?: string) => says('pentagon', 2, claim('injured', changeOf(by, from)));
    expect(shownOf(injured, [first, change(4, 's1#1')])).toBe('7/–/–');
    expect(shownOf(injured, [first, change(-4, 's1#1')])).toBe('0/–/–');
    expect(shownOf(injured, [first, change(4)])).toBe('3/–/–');
    expect(codes(injured, [first, change(4)])).toEqual({ 's2#1': 'no-figure' });
    expect(shownOf(injured, [{ ...first, setAside: 'statement-retracted' }, change(4, 's1#1')])).toBe('unreported');
    expect(shownOf(injured, [first, change(1, 's1#1'), change(1, 's2#1')])).toBe('5/–/–');
    // The dead of the injured are moved by the source that says so, never by the ledger.
    const died = says('pentagon', 3, claim('injured', changeOf(-1, 's1#1')), claim('killed', changeOf(1, 's1#2')));
    expect([shownOf(injured, [first, died]), shownOf(killed, [first, died])]).toEqual(['2/–/–', '2/2/2']);
  });
});

describe('readings', () => {
  const reading = (publisher: string, n: number, more: Partial<Said> = {}): Said => ({
    ...says('centcom', 1, claim('killed', exactly(n))),
    utterance: 'u',
    in: publisher,
    published: '2024-01-02',
    ...more,
  });

  it.each([
    [
      "the speaker's own publication",
      reading('nbc', 1),
      reading('pentagon', 2, { form: 'reported', published: '2024-01-09' }),
    ],
    [
      'direct words before reported ones',
      reading('nbc', 1, { form: 'reported' }),
      reading('cnn', 2, { published: '2024-01-09' }),
    ],
    ['what was published first', reading('nbc', 1), reading('cnn', 2, { published: '2024-01-01' })],
    ['what has a date of publication', reading('nbc', 1, { published: null }), reading('cnn', 2)],
    ['what was recorded first', reading('cnn', 2), reading('nbc', 1)],
  ])('keeps %s', (_, ...said) => {
    const shown = figure(killed, recorded(...said), attack);
    expect(shown).toMatchObject({ best: 2, flags: ['readings-differ'] });
    expect(shown.setAside.map((one) => one.code)).toEqual(['other-reading']);
  });

  it('says nothing of readings that agree', () => {
    expect(figure(killed, recorded(reading('nbc', 2), reading('cnn', 2)), attack).flags).toEqual([]);
  });

  it('keeps all that one statement names', () => {
    const blamed = (...actors: string[]): Said => ({
      ...says('pentagon', 1, ...actors.map((actor) => claim('responsibility', { actor, role: 'carried-out' }))),
      utterance: 'u',
      in: 'nbc',
    });
    const shown = figure(
      { predicate: 'responsibility', key: 'carried-out' },
      recorded(blamed('isis', 'iran'), { ...blamed('isis'), in: 'cnn' }),
      attack,
    );
    expect(shown).toMatchObject({ used: ['s1#1', 's1#2'], flags: ['readings-differ'], contested: false, lines: 1 });
  });
});

describe('positions', () => {
  it('keeps what a line said last, then published last, then recorded last', () => {
    const order: Said[] = [
      says('centcom', 3, claim('killed', exactly(3))),
      says('white-house', 2, claim('killed', exactly(2))),
      says('pentagon', 3, claim('killed', exactly(4))),
    ];
    expect(shownOf(killed, order)).toBe('4/4/4');
    const [first, ...rest] = order;
    expect(shownOf(killed, [{ ...(first as Said), published: '2024-01-05' }, ...rest])).toBe('3/3/3');
    expect(
      shownOf(killed, [
        says('centcom', 3, claim('killed', exactly(3))),
        { by: 'pentagon', claims: [claim('killed', exactly(9))] },
      ]),
    ).toBe('3/3/3');
  });

  it('takes a date to reach to the end of its day', () => {
    const at = (by: string, said: string, n: number): Said => ({ by, said, claims: [claim('killed', exactly(n))] });
    expect(shownOf(killed, [at('centcom', '2024-01-28', 1), at('pentagon', '2024-01-28T21:00', 2)])).toBe('1/1/1');
    expect(shownOf(killed, [at('centcom', '2024-01-28T09:00', 1), at('pentagon', '2024-01-28T21:00', 2)])).toBe(
      '2/2/2',
    );
  });

  it('hears compilers only where nobody else speaks', () => {
    const ucdp = says('ucdp-coder', 9, claim('killed', exactly(7)));
    expect(figure(killed, recorded(ucdp), attack)).toMatchObject({ best: 7, basis: 'other', lines: 0 });
    expect(codes(killed, [ucdp, says('sohr', 1, claim('killed', exactly(5)))])).toEqual({ 's1#1': 'compiler' });
  });

  it('takes none of many for none of each, and no other number', () => {
    expect(shownOf({ ...killed, who: US_MILITARY }, [says('centcom', 1, claim('killed', exactly(0)))])).toBe('0/0/0');
    expect(shownOf({ ...killed, who: US_MILITARY }, [says('centcom', 1, claim('killed', exactly(1)))])).toBe(
      'unreported',
    );
    // Nor does a split of a number answer for its part: parts are shown with the number they split.
    const split = claim('killed', exactly(2), { parts: [{ who: US_MILITARY, value: exactly(2) }] });
    expect(shownOf({ ...killed, who: US_MILITARY }, [says('centcom', 1, split)])).toBe('unreported');
  });

  it('adds narrower groups that cannot overlap, and of others takes the latest', () => {
    const said = (day: number, n: number, who: Who) => says('centcom', day, claim('killed', exactly(n), { who }));
    expect(shownOf(killed, [said(1, 5, US_MILITARY), said(1, 1, US_CONTRACTOR)])).toBe('6/6/6');
    expect(shownOf(killed, [said(1, 5, HIT), said(2, 1, { side: 'attacker' })])).toBe('6/6/6');
    expect(shownOf(killed, [said(1, 5, { of: 'us' }), said(2, 1, { of: 'uk' })])).toBe('6/6/6');
    expect(shownOf(killed, [said(1, 5, { of: 'us' }), said(2, 1, { of: 'nato' })])).toBe('1/1/1');
    expect(shownOf(killed, [said(1, 5, { of: 'us' }), said(2, 1, { category: 'military' })])).toBe('1/1/1');
    expect(shownOf(killed, [said(1, 5, HIT), said(2, 1, { side: 'a' })])).toBe('1/1/1');
    expect(shownOf(killed, [said(1, 5, US_HIT), said(2, 1, { ...US_HIT, of: 'us-army' })])).toBe('5/5/5');
    expect(figure(killed, recorded(said(1, 5, US_HIT)), attack).flags).toEqual(['partial']);
  });

  it('leaves best and high open where a group has none', () => {
    const groups = says(
      'centcom',
      1,
      claim('killed', atLeast(2), { who: US_MILITARY }),
      claim('killed', exactly(1), { who: US_CONTRACTOR }),
    );
    expect(shownOf(killed, [groups])).toBe('3/–/–');
  });

  it('lets a later number for some overturn none for all, but not a number for all', () => {
    const some = says('centcom', 2, claim('killed', exactly(2), { who: US_MILITARY }));
    expect(shownOf(killed, [says('centcom', 1, claim('killed', exactly(0))), some])).toBe('2/2/2');
    expect(shownOf(killed, [says('centcom', 3, claim('killed', exactly(0))), some])).toBe('0/0/0');
    expect(shownOf(killed, [says('centcom', 1, claim('killed', exactly(1))), some])).toBe('1/1/1');
  });

  it('takes people of a party for people of its side', () => {
    const harmed = says('pentagon', 1, claim('killed', exactly(0), { who: { of: 'us' } }));
    expect(shownOf({ ...killed, who: HIT }, [harmed])).toBe('0/0/0');
    const bothSides = incident('it', { target: ['us'], attacker: ['centcom'] });
    expect(shownOf({ ...killed, who: HIT }, [harmed], bothSides)).toBe('unreported');
  });

  it('shows a kind of injury under the plain figure, unless it outgrew it later', () => {
    const tbi = (day: number, n: number) => says('pentagon', day, claim('injured', { ...exactly(n), kind: 'tbi' }));
    const plain = says('pentagon', 2, claim('injured', exactly(10)));
    expect(shownOf(injured, [plain, tbi(3, 4)])).toBe('10/10/10');
    expect(shownOf(injured, [plain, tbi(1, 40)])).toBe('10/10/10');
    expect(shownOf(injured, [plain, tbi(3, 11)])).toBe('11/–/–');
    expect(shownOf(injured, [plain, tbi(3, 11), says('pentagon', 4, claim('injured', exactly(10)))])).toBe('10/10/10');
    expect(shownOf(injured, [says('pentagon', 2, claim('injured', upTo(12))), tbi(3, 11)])).toBe('0/–/12');
    expect(shownOf(injured, [tbi(3, 11)])).toBe('11/–/–');
    expect(codes(injured, [plain, tbi(3, 4), tbi(4, 5)])).toEqual({ 's2#1': 'superseded', 's3#1': 'kind-only' });
    const same = says('pentagon', 2, claim('injured', exactly(2)), claim('injured', { ...exactly(3), kind: 'tbi' }));
    expect(shownOf(injured, [same])).toBe('2/2/2');
  });
});

describe('happened', () => {
  const happened: Question = { predicate: 'happened' };
  const bundle = incident('it', { kind: 'bundle' });

  it('is entailed by anything that is asserted of the incident alone', () => {
    const remark = says('sohr', 1, claim('remark', { text: 'loud' }));
    expect(figure(happened, recorded(remark), attack)).toMatchObject({ ...exactly(1), used: ['s1#1'] });
    expect(figure(happened, recorded(remark), attack).positions[0]?.basis).toBe('entailed');
    expect(shownOf(happened, [remark], bundle)).toBe('1/–/–');
    expect(shownOf(happened, [says('sohr', 1, claim('happened', {}))], bundle)).toBe('1/–/–');
    const doubted = says('sohr', 1, claim('killed', exactly(1), { stance: 'doubts' }));
    const joint = says('npr', 1, claim('killed', exactly(1), { about: { incidents: ['it', 'other'] } }));
    expect(shownOf(happened, [doubted, joint])).toBe('unreported');
  });

  it('goes by what the line says itself, where it does', () => {
    const said = [says('centcom', 1, claim('happened', exactly(3))), says('centcom', 2, claim('killed', exactly(1)))];
    expect(shownOf(happened, said, bundle)).toBe('3/3/3');
    expect(figure(happened, recorded(...said), bundle).used).toEqual(['s1#1']);
  });

  it('is contested by a denial', () => {
    const denial = says('iran-un-mission', 2, claim('happened', undefined, { stance: 'denies' }));
    expect(contested(happened, [says('sohr', 1, claim('killed', exactly(1))), denial])).toBe(true);
  });
});

describe('officials', () => {
  const ranks = (subject: Subject, who?: Who) =>
    Object.fromEntries(
      ['centcom', 'iraqi-military', 'irgc', 'uk', 'sohr'].map((by) => {
        const question = { ...killed, ...(who && { who }) };
        const [position] = figure(question, recorded(says(by, 1, claim('killed', exactly(0)))), subject).positions;
        return [by, `${position?.interest} ${position?.rank}`];
      }),
    );

  it('are ranked by how near they are to those hit', () => {
    expect(ranks(attack)).toEqual({
      centcom: 'own-side 1',
      'iraqi-military': 'host 2',
      irgc: 'attacker 3',
      uk: 'third 4',
      sohr: 'third null',
    });
    expect(ranks(attack, { side: 'attacker' })).toMatchObject({ irgc: 'own-side 1', centcom: 'third 4' });
    expect(ranks(attack, { of: 'uk' })).toMatchObject({ uk: 'own-side 1', centcom: 'third 4', irgc: 'attacker 3' });
    const clash = incident('it', {
      target: [],
      parties: [
        { actor: 'iraq', side: 'a' },
        { actor: 'us', side: 'b' },
      ],
    });
    expect(ranks(clash)).toMatchObject({ centcom: 'own-side 1', 'iraqi-military': 'own-side 1' });
  });

  it('of one rank, the one who spoke last is heard', () => {
    const said = [
      says('us', 1, claim('killed', exactly(1))),
      says('uk', 3, claim('killed', exactly(2))),
      says('iran', 4, claim('killed', exactly(9))),
    ];
    const coalition = incident('it', { target: ['us', 'uk'], attacker: ['iran'] });
    expect(figure(killed, recorded(...said), coalition, 'latest-official')).toMatchObject({
      best: 2,
      setAside: [
        { claim: 's1#1', code: 'earlier-said' },
        { claim: 's3#1', code: 'lower-rank' },
      ],
    });
  });

  it('of one rank only the attacker speaks: his numbers count', () => {
    const strike = incident('strike', { at: 'deir-ezzor', target: ['isis'], attacker: ['us'], kind: 'bundle' });
    expect(
      text(
        figure(
          { predicate: 'happened' },
          recorded(says('centcom', 1, claim('happened', exactly(4)))),
          strike,
          'latest-official',
        ),
      ),
    ).toBe('4/4/4');
  });
});

describe('contested', () => {
  const two = (a: Claim['value'], b: Claim['value']) => [
    says('npr', 1, claim('killed', a)),
    says('upi', 1, claim('killed', b)),
  ];

  it('means numbers that cannot both be true', () => {
    expect(contested(killed, two(exactly(3), exactly(4)))).toBe(true);
    expect(contested(killed, two(exactly(3), atLeast(2)))).toBe(false);
    expect(contested(killed, two(about(100), exactly(109)))).toBe(false);
    expect(contested(killed, two(about(100), exactly(111)))).toBe(true);
    expect(contested(killed, two({ low: 9, best: 5, high: 4 }, exactly(6)))).toBe(false);
  });

  const denies = (value?: object, rest: object = {}) =>
    says('us', 2, claim('killed', value, { stance: 'denies', ...rest }));
  const eighty = says('irgc', 1, claim('killed', atLeast(80), { who: US_HIT }));

  it('means a denial of what another line asserts', () => {
    expect(contested(killed, [eighty, denies(atLeast(80))])).toBe(true);
    expect(contested(killed, [eighty, denies(exactly(12))])).toBe(false);
    expect(contested(killed, [eighty, denies()])).toBe(true);
    expect(contested(killed, [says('irgc', 1, claim('killed', exactly(0))), denies()])).toBe(false);
    expect(contested(killed, [eighty, denies(undefined, { who: US_CONTRACTOR })])).toBe(false);
    expect(contested(killed, [eighty, denies(undefined, { who: { of: 'us' } })])).toBe(true);
    expect(contested({ ...killed, who: HIT }, [eighty, denies(undefined, { who: { of: 'us' } })])).toBe(true);
    expect(contested(killed, [says('centcom', 1, claim('killed', exactly(80))), denies(exactly(80))])).toBe(false);
  });

  it('ends when the denial falls', () => {
    expect(contested(killed, [eighty, { ...denies(), setAside: 'document-withdrawn' }])).toBe(false);
    expect(contested(killed, [eighty, denies(), says('us', 3, claim('killed', atLeast(80)))])).toBe(false);
    const back = says('us', 3, claim('killed', undefined, { stance: 'retracts', retracts: 's2#1' }));
    expect(contested(killed, [eighty, denies(), back])).toBe(false);
  });

  it('means places of which neither lies in the other', () => {
    const at = (by: string, ...places: [string, true?][]) =>
      says(by, 1, ...places.map(([place, near]) => claim('place', { place, ...(near && { near }) })));
    const place: Question = { predicate: 'place' };
    expect(contested(place, [at('npr', ['syria']), at('upi', ['conoco-site'])])).toBe(false);
    expect(contested(place, [at('npr', ['hasakah']), at('upi', ['conoco-site'])])).toBe(true);
    expect(contested(place, [at('npr', ['conoco-site', true]), at('upi', ['mayadin-district'])])).toBe(false);
    expect(contested(place, [at('npr', ['hasakah'], ['deir-ezzor']), at('upi', ['conoco-site'])])).toBe(false);
    expect(contested(place, [at('npr', ['hasakah'], ['deir-ezzor']), at('upi', ['jordan'])])).toBe(true);
    const denial = says('iran', 2, claim('place', { place: 'syria' }, { stance: 'denies' }));
    expect(contested(place, [at('npr', ['hasakah']), denial])).toBe(true);
    expect(contested(place, [at('npr', ['levant']), denial])).toBe(false);
  });

  it('means times of which neither lies in the other', () => {
    const at = (by: string, from: string, to: string) => says(by, 1, claim('time', { from, to, precision: 'day' }));
    const time: Question = { predicate: 'time' };
    expect(
      contested(time, [at('npr', '2024-01-28', '2024-01-28'), at('upi', '2024-01-28T05:30', '2024-01-28T05:30')]),
    ).toBe(false);
    expect(contested(time, [at('npr', '2024-01-28', '2024-01-28'), at('upi', '2024-01-27', '2024-01-28')])).toBe(false);
    expect(contested(time, [at('npr', '2024-01-28', '2024-01-28'), at('upi', '2024-01-27', '2024-01-27')])).toBe(true);
  });

  it('does not mean outcomes that are called differently, unless one is denied', () => {
    const said = [
      says('npr', 1, claim('outcome', { outcome: 'effective' })),
      says('upi', 1, claim('outcome', { outcome: 'repelled' })),
    ];
    const denial = says('us', 1, claim('outcome', { outcome: 'effective' }, { stance: 'denies' }));
    expect(contested({ predicate: 'outcome' }, said)).toBe(false);
    expect(contested({ predicate: 'outcome' }, [...said, denial])).toBe(true);
  });
});

describe('levels', () => {
  const syria: Subject = { scope: { actor: 'us', places: ['syria'] } };
  const question: Question = { predicate: 'force-level', key: 'present:all' };
  const level = (value: object, day?: string) =>
    claim(
      'force-level',
      { measure: 'present', component: 'all', ...value, ...(day && { at: { from: day, to: day } }) },
      { about: syria },
    );

  it('are what held last, not what was said last', () => {
    const said = [
      says('pentagon', 9, level(exactly(2000), '2024-01-08')),
      says('pentagon', 20, level(exactly(503), '2017-09-30')),
      says('npr', 10, level(about(900), '2023-12-01')),
      says(
        'pentagon',
        25,
        claim('force-level', { measure: 'planned', component: 'all', ...upTo(999) }, { about: syria }),
      ),
    ];
    const now = figure(question, recorded(...said), syria, 'latest-official');
    expect(now).toMatchObject({ best: 2000, contested: false });
    expect(now.positions[0]).toMatchObject({ rank: 1, at: { to: '2024-01-08' } });
  });

  it('do not outlive the day their source no longer reports them', () => {
    const first = says('pentagon', 9, level(exactly(2000)));
    const declines = claim('force-level', undefined, { about: syria, stance: 'not-confirms', manner: 'declined' });
    expect(text(figure(question, recorded(first, says('pentagon', 10, level({}))), syria))).toBe('unreported');
    expect(text(figure(question, recorded(first, says('centcom', 10, declines)), syria))).toBe('unreported');
    expect(text(figure(question, recorded(says('centcom', 8, declines), first), syria))).toBe('2000/2000/2000');
    expect(text(figure(question, recorded(first, says('npr', 10, declines)), syria))).toBe('2000/2000/2000');
  });

  it('are no levels where only a change is given', () => {
    const change = { measure: 'change', component: 'all' } as const;
    const by = (day: number, value: object) =>
      says('pentagon', day, claim('force-level', { ...change, ...value }, { about: syria }));
    const said = recorded(by(1, exactly(500)), by(2, { change: -400 }));
    expect(text(figure({ predicate: 'force-level', key: 'change:all' }, said, syria))).toBe('500/500/500');
  });

  it('answer for exactly their places, in any order', () => {
    expect(scopeKey({ actor: 'us', places: ['syria', 'iraq'] })).toBe(
      scopeKey({ places: ['iraq', 'syria', 'iraq'], actor: 'us' }),
    );
    expect(scopeKey({ actor: 'us', places: ['syria'] })).not.toBe(scopeKey({ actor: 'us', places: ['iraq', 'syria'] }));
  });
});

describe('policies', () => {
  it('publish a single position as it is, disordered or not', () => {
    const said = [says('sohr', 1, claim('killed', { low: 5, best: 3, high: 4 }))];
    expect(answers(killed, recorded(...said), attack)).toMatchObject({
      envelope: '5/3/4',
      latestOfficial: 'unreported',
    });
    expect(figure(killed, recorded(...said), attack).flags).toEqual(['disordered']);
  });

  it('go by grade: credibility 1, 2, 3, 6, 4, then reliability', () => {
    const graded = (by: string, n: number, grade: Said['grade']): Said => ({
      ...says(by, 1, claim('killed', exactly(n))),
      ...(grade && { grade }),
    });
    const best = (...said: Said[]) => text(figure(killed, recorded(...said), attack, 'best-graded'));
    expect(best(graded('npr', 1, { credibility: 4, reliability: 'A' }), graded('upi', 2, undefined))).toBe('2/2/2');
    expect(best(graded('npr', 1, { credibility: 3, reliability: 'E' }), graded('upi', 2, undefined))).toBe('1/1/1');
    expect(best(graded('npr', 1, { reliability: 'D' }), graded('upi', 2, { reliability: 'C' }))).toBe('2/2/2');
    expect(best(graded('npr', 1, { reliability: 'D' }), graded('upi', 2, undefined))).toBe('2/2/2');
    expect(best(graded('npr', 1, { credibility: 2 }), graded('upi', 2, { credibility: 2 }))).toBe('1/–/2');
  });

  it('refuse a version that this program does not know', () => {
    expect(() => applyPolicy(positionsOf(killed, [], attack, registers), 'envelope', 2)).toThrow('envelope@2');
  });
});

describe('questions', () => {
  it('are those that the claims can answer', () => {
    const asked = (...claims: Claim[]) =>
      questionsOf(claims, attack).map(({ predicate, key, who }) =>
        [predicate, key, who?.side].filter(Boolean).join(' '),
      );
    expect(asked(claim('killed', exactly(0)))).toEqual([
      'happened',
      'killed',
      'killed target',
      'killed attacker',
      'killed bystander',
    ]);
    expect(asked(claim('killed', exactly(3)))).toEqual(['happened', 'killed']);
    expect(asked(claim('injured', { ...exactly(3), kind: 'tbi' }, { who: HIT }))).toEqual([
      'happened',
      'injured',
      'injured target',
      'injured tbi',
      'injured tbi target',
    ]);
    expect(asked(claim('damage', { level: 'some', items: [{ thing: 'truck', ...exactly(1) }] }))).toEqual([
      'happened',
      'damage',
      'damage truck',
    ]);
    expect(asked(claim('munitions', { munition: 'rocket' }, { stance: 'suspects' }))).toEqual(['munitions rocket']);
    expect(asked(claim('remark', { text: 'loud' }, { stance: 'doubts' }))).toEqual([]);
    const counter = { ...exactly(123), counter: { id: 'lebanon', phase: 2 } };
    expect(asked(claim('total', counter, { about: { scope: { of: 'killed' } } }))).toEqual(['total lebanon:2']);
  });

  it('of none are asked for every side there may be: with letters, where nobody is the attacker', () => {
    const clash = incident('it', { target: [], parties: [{ actor: 'iraq', side: 'a' }] });
    const sides = questionsOf([claim('killed', exactly(0))], clash).flatMap(({ who }) => who?.side ?? []);
    expect(sides).toEqual(['a', 'b', 'bystander']);
  });

  it('of damage are answered thing by thing', () => {
    const said = says('centcom', 1, claim('damage', { items: [{ thing: 'truck', ...exactly(2) }] }));
    expect(shownOf({ predicate: 'damage', key: 'truck' }, [said])).toBe('2/2/2');
    expect(figure({ predicate: 'damage' }, recorded(said), attack)).toMatchObject({ status: 'unreported', others: 0 });
  });
});

// ---- For any claims ----

const day = fc.integer({ min: 1, max: 9 }).map((n) => `2024-01-0${n}`);
const whole = fc.option(fc.integer({ min: 0, max: 9 }), { freq: 3 });
const who: fc.Arbitrary<Who> = fc
  .record({
    side: fc.option(fc.constantFrom<Side>('target', 'attacker', 'a'), { nil: undefined }),
    category: fc.option(fc.constantFrom('military' as const, 'contractor' as const), { nil: undefined }),
    of: fc.option(fc.constantFrom('us', 'us-army', 'uk', 'nato'), { nil: undefined }),
  })
  .map((parts) => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)));
const value = fc.oneof(
  { weight: 5, arbitrary: fc.record({ low: whole, best: whole, high: whole }) },
  { weight: 2, arbitrary: fc.constant(exactly(0)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }).map((n) => ({ ...exactly(n), kind: 'tbi' })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }).map(about) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 1, max: 6 }))
      .map(([n, from]) => changeOf(n, `s${from}#1`)),
  },
);
const anyClaim: fc.Arbitrary<Claim> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(value, who).map(([n, people]) => claim('injured', n, { who: people })) },
  {
    weight: 1,
    arbitrary: fc.tuple(value, who).map(([n, people]) => claim('injured', n, { who: people, stance: 'denies' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 6 })
      .map((n) => claim('injured', undefined, { stance: 'retracts', retracts: `s${n}#1` })),
  },
  { weight: 1, arbitrary: value.map((n) => claim('injured', n, { about: { incidents: ['it', 'other'] } })) },
  { weight: 1, arbitrary: fc.constant(claim('outcome', { outcome: 'effective' })) },
);
const anySaid: fc.Arbitrary<Said> = fc.record({
  by: fc.constantFrom('centcom', 'pentagon', 'iraqi-military', 'irgc', 'us-official', 'npr', 'ucdp'),
  in: fc.constantFrom('pentagon', 'nbc', 'cnn'),
  said: fc.option(day),
  published: fc.option(day),
  form: fc.constantFrom('direct' as const, 'reported' as const),
  utterance: fc.option(fc.constantFrom('u', 'v'), { nil: undefined, freq: 2 }),
  grade: fc.constantFrom({}, { credibility: 2 as const }, { credibility: 5 as const }, { reliability: 'B' as const }),
  claims: fc.array(anyClaim, { minLength: 1, maxLength: 3 }),
});
/** As the ledger takes them: a change starts from what was recorded before it. */
const history = fc
  .array(anySaid, { minLength: 1, maxLength: 7 })
  .map((said) =>
    recorded(...said).filter(
      ({ claim: { value: number }, statement }) => !(number && 'from' in number) || `${number.from}` < statement,
    ),
  );
const question: fc.Arbitrary<Question> = fc.oneof(
  who.map((people) => ({ predicate: 'injured' as const, who: people })),
  fc.constant({ predicate: 'injured' as const, key: 'tbi' }),
  fc.constant({ predicate: 'happened' as const }),
  fc.constant({ predicate: 'outcome' as const }),
);

describe('for any claims', () => {
  it('the order in which they are handed in does not matter', () => {
    fc.assert(
      fc.property(
        history.chain((claims) =>
          fc.tuple(fc.constant(claims), fc.shuffledSubarray(claims, { minLength: claims.length })),
        ),
        question,
        ([claims, shuffled], asked) => {
          for (const policy of POLICIES)
            expect(figure(asked, shuffled, attack, policy)).toEqual(figure(asked, claims, attack, policy));
        },
      ),
    );
  });

  it('each claim that speaks to the question is used or set aside, once', () => {
    fc.assert(
      fc.property(history, question, (claims, asked) => {
        for (const policy of POLICIES) {
          const { used, setAside, others } = figure(asked, claims, attack, policy);
          const named = [...used, ...setAside.map((one) => one.claim)];
          expect(new Set(named).size).toBe(named.length);
          expect(others).toBe(setAside.length);
          const speaking = claims.filter((one) => concerns(one.claim, asked)).map((one) => one.id);
          // That an incident happened may also rest on claims of anything else about it.
          expect(
            asked.predicate === 'happened' ? named.filter((id) => speaking.includes(id)).sort() : [...named].sort(),
          ).toEqual([...speaking].sort());
        }
      }),
    );
  });

  it('another document that renders the same words later changes no figure', () => {
    fc.assert(
      fc.property(history, fc.nat(), question, (claims, pick, asked) => {
        const live = claims.filter((one) => !['graded-false', 'source-retracted'].includes(codeOf(one.id, claims)));
        const original = live[pick % live.length];
        fc.pre(original !== undefined && original.claim.stance === 'asserts');
        const copy = {
          ...original,
          id: 'copy#1',
          statement: 'copy',
          sequence: 99,
          publisher: 'upi',
          form: 'reported' as const,
          published: original.published && { from: '2024-02-01', to: '2024-02-01' },
          said: original.said ?? original.published,
        };
        for (const policy of POLICIES) {
          const { setAside: _, others: __, ...before } = figure(asked, claims, attack, policy);
          expect(figure(asked, [...claims, copy], attack, policy)).toMatchObject(before);
        }
      }),
    );
  });

  it('the envelope holds every position that it does not drop, and officials speak for themselves', () => {
    fc.assert(
      fc.property(history, who, (claims, people) => {
        const asked: Question = { ...injured, who: people };
        const { used, low, high, positions } = figure(asked, claims, attack, 'envelope');
        for (const one of positions.filter(({ claims: made }) => made.some((id) => used.includes(id)))) {
          const { from, to } = intervalOf(one);
          const envelope = intervalOf({ low, best: null, high });
          expect(envelope.from <= from && to <= envelope.to).toBe(true);
        }
        const official = figure(asked, claims, attack, 'latest-official');
        const speaker = positions.find((one) => one.claims.join() === official.used.join());
        expect(official.status === 'unreported' ? speaker : speaker?.official).not.toBe(false);
        expect(figure(asked, claims, attack, 'official-first').basis === 'official').toBe(
          official.basis === 'official',
        );
      }),
    );
  });
});

function codeOf(id: string, claims: ReturnType<typeof recorded>): string {
  const all = (['injured', 'outcome'] as const).flatMap((predicate) => figure({ predicate }, claims, attack).setAside);
  return all.find((one) => one.claim === id)?.code ?? '';
}
