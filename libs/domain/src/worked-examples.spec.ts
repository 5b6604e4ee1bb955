/**
 * The worked examples of docs/codebook.md, section 13, and the acceptance cases behind them. Numbers and dates are those
 * that were published; ids are ours.
 */
import { describe, expect, it } from '@jest/globals';
import {
  about,
  all,
  answers,
  atLeast,
  changeOf,
  claim,
  exactly,
  figure,
  HIT,
  incident,
  recorded,
  saidBy,
  text,
  US_CONTRACTOR,
  US_HIT,
  US_MILITARY,
  type Said,
} from './claims.fixture.js';
import { sum, sumOfAttacks, UNREPORTED } from './sums.js';

const conoco = incident('conoco', { at: 'conoco-site', target: ['cjtf-oir'], method: 'rocket' });
const centcomOnConoco: Said = {
  by: 'centcom',
  in: 'the-national',
  copiedBy: 'reuters',
  said: '2023-04-10',
  published: '2023-04-11',
  form: 'reported',
  grade: { reliability: 'B', credibility: 2 },
  claims: [
    claim('injured', exactly(0)),
    claim('killed', exactly(0), { basis: 'entailed' }),
    claim('damage', { level: 'none', items: [] }),
    claim('outcome', { outcome: 'ineffective' }),
    claim('munitions', { munition: 'rocket', ...exactly(1), of: { 'fell-nearby': 1 }, atOrigin: 1 }),
  ],
};
const buccino: Said = {
  by: 'buccino',
  in: 'the-national',
  published: '2023-04-11',
  claims: [
    claim(
      'relation',
      { kind: 'linked-to', to: { text: 'the escalation' } },
      { stance: 'not-confirms', manner: 'did-not' },
    ),
    claim('relation', { kind: 'retaliation-for', to: { incident: 'jabouri' } }, { stance: 'doubts' }),
  ],
};
const unnamedOfficial: Said = {
  by: 'us-official',
  in: 'cnn',
  published: '2023-04-13',
  grade: { reliability: 'C', credibility: 3 },
  claims: [claim('injured', exactly(2), { who: US_MILITARY })],
};
const ungraded = (said: Said): Said => ({ ...said, grade: {} });

const hasakah = incident('hasakah', { at: 'hasakah' });
const paperOnHasakah: Said = {
  by: 'the-national',
  form: 'own-voice',
  published: '2023-04-11',
  claims: [claim('killed', exactly(1), { who: US_CONTRACTOR })],
};

describe('Conoco, 10 April 2023', () => {
  const seed = recorded(centcomOnConoco, buccino);
  const both = recorded(ungraded(centcomOnConoco), ungraded(unnamedOfficial));

  it('says none on the seed alone, under every policy', () => {
    expect(answers({ predicate: 'injured', who: HIT }, seed, conoco)).toEqual(all('0/0/0'));
    expect(answers({ predicate: 'killed', who: HIT }, seed, conoco)).toEqual(all('0/0/0'));
    expect(figure({ predicate: 'injured' }, seed, conoco)).toMatchObject({
      status: 'affirmed-none',
      basis: 'official',
    });
    const [killed] = figure({ predicate: 'killed' }, seed, conoco).positions;
    expect(killed).toMatchObject({ line: 'us', basis: 'entailed', rank: 1, interest: 'own-side' });
  });

  it.each([[HIT], [undefined], [US_HIT]])('is contested once an unnamed official says two: %j', (who) => {
    expect(answers({ predicate: 'injured', ...(who && { who }) }, both, conoco)).toEqual({
      latestOfficial: '0/0/0',
      officialFirst: '0/0/0',
      bestGraded: '0/–/2',
      envelope: '0/–/2',
      contested: true,
    });
    const shown = figure({ predicate: 'injured', ...(who && { who }) }, both, conoco, 'envelope');
    expect(shown.status).toBe('reported');
    expect(shown.used).toEqual(['s1#1', 's2#1']);
    expect(shown.positions.map((one) => one.line)).toEqual(['us', 'unnamed@cnn']);
    expect(shown).toMatchObject({ lines: 1, unnamedLines: 1 });
  });

  it('goes by the better grade: Centcom 2B, the unnamed official 3C', () => {
    const graded = recorded(centcomOnConoco, unnamedOfficial);
    const best = figure({ predicate: 'injured', who: HIT }, graded, conoco, 'best-graded');
    expect(text(best)).toBe('0/0/0');
    expect(best.setAside).toEqual([{ claim: 's2#1', code: 'lower-grade' }]);
  });

  it('is back at the first answer when the second document is withdrawn', () => {
    const withdrawn = recorded(centcomOnConoco, { ...unnamedOfficial, setAside: 'document-withdrawn' });
    expect(answers({ predicate: 'injured', who: HIT }, withdrawn, conoco)).toEqual(all('0/0/0'));
    expect(figure({ predicate: 'injured', who: HIT }, withdrawn, conoco).setAside).toEqual([
      { claim: 's2#1', code: 'document-withdrawn' },
    ]);
  });

  it('answers what else was asked of the report', () => {
    expect(figure({ predicate: 'damage' }, seed, conoco).positions).toMatchObject([
      { line: 'us', value: { level: 'none' } },
    ]);
    expect(text(figure({ predicate: 'munitions', key: 'rocket' }, seed, conoco))).toBe('1/1/1');
    const who = figure({ predicate: 'responsibility', key: 'carried-out' }, seed, conoco);
    expect(who).toMatchObject({ status: 'unreported', positions: [], others: 0 });
    const linked = figure({ predicate: 'relation', key: 'linked-to:{"text":"the escalation"}' }, seed, conoco);
    expect(linked).toMatchObject({ status: 'unreported', others: 1, contested: false });
  });

  it('keeps one rocket when another outlet renders the same utterance with two', () => {
    const upi: Said = {
      ...ungraded(centcomOnConoco),
      utterance: 's1',
      in: 'upi',
      published: '2023-04-12',
      claims: [claim('munitions', { munition: 'rocket', ...exactly(2), atOrigin: 1 })],
    };
    const rockets = figure({ predicate: 'munitions', key: 'rocket' }, recorded(centcomOnConoco, upi), conoco);
    expect(text(rockets)).toBe('1/1/1');
    expect(rockets).toMatchObject({ flags: ['readings-differ'], setAside: [{ claim: 's2#1', code: 'other-reading' }] });
  });
});

describe('Hasakah killed, seed only', () => {
  const seed = recorded(paperOnHasakah);

  it("rests on the paper's own voice, and is unreported by officials", () => {
    expect(answers({ predicate: 'killed', who: HIT }, seed, hasakah)).toEqual({
      ...all('1/1/1'),
      latestOfficial: 'unreported',
    });
    expect(figure({ predicate: 'killed', who: HIT }, seed, hasakah)).toMatchObject({ basis: 'other', used: ['s1#1'] });
    expect(figure({ predicate: 'killed', who: HIT }, seed, hasakah, 'latest-official')).toMatchObject({
      others: 1,
      setAside: [{ claim: 's1#1', code: 'not-official' }],
      basis: null,
    });
  });

  it('leaves injured unreported: not zero', () => {
    expect(answers({ predicate: 'injured', who: HIT }, seed, hasakah)).toEqual(all('unreported'));
  });
});

describe('Tower 22, 28 January 2024', () => {
  const tower = incident('tower-22', { at: 'tower-22-site' });
  const release: Said = {
    by: 'centcom',
    said: '2024-01-28',
    published: '2024-01-28',
    claims: [
      claim('killed', exactly(3), { who: US_MILITARY }),
      claim('injured', exactly(25), { who: US_MILITARY }),
      claim('place', { place: 'jordan' }),
    ],
  };
  const update: Said = {
    by: 'centcom',
    said: '2024-01-28',
    claims: [claim('injured', atLeast(34), { who: US_MILITARY })],
  };
  const briefing: Said = {
    by: 'pentagon',
    said: '2024-01-29',
    claims: [claim('injured', atLeast(41), { who: US_MILITARY })],
  };
  const injured = { predicate: 'injured', who: HIT } as const;

  it('moves with each US statement, under every policy', () => {
    expect(answers(injured, recorded(release), tower)).toEqual(all('25/25/25'));
    expect(answers(injured, recorded(release, update), tower)).toEqual(all('34/–/–'));
    const third = recorded(release, update, briefing);
    expect(answers(injured, third, tower)).toEqual(all('41/–/–'));
    expect(answers({ predicate: 'killed', who: HIT }, third, tower)).toEqual(all('3/3/3'));
    expect(figure(injured, third, tower).setAside).toEqual([
      { claim: 's1#2', code: 'superseded' },
      { claim: 's2#1', code: 'superseded' },
    ]);
  });

  it('does not take a number for some of the injured for one of them all', () => {
    const guards: Said = {
      by: 'pentagon',
      said: '2024-01-31',
      claims: [claim('injured', exactly(2), { who: { ...US_MILITARY, of: 'us-guard' } })],
    };
    const claims = recorded(release, briefing, guards);
    expect(answers(injured, claims, tower)).toEqual(all('41/–/–'));
    expect(figure(injured, claims, tower).setAside).toContainEqual({ claim: 's3#1', code: 'other-victims' });
  });

  it('contests the place while Jordan says Syria, and no longer when Jordan says its border', () => {
    const syria: Said = { by: 'jordan-government', said: '2024-01-28', claims: [claim('place', { place: 'al-tanf' })] };
    const border: Said = {
      by: 'jordan-government',
      said: '2024-01-28',
      claims: [claim('place', { place: 'jordan-border' })],
    };
    const at = (...said: Said[]) => figure({ predicate: 'place' }, recorded(...said), tower);
    expect(at(release).contested).toBe(false);
    expect(at(release, syria)).toMatchObject({ contested: true, used: ['s1#3', 's2#1'], status: 'reported' });
    expect(at(release, syria, border)).toMatchObject({
      contested: false,
      used: ['s1#3', 's3#1'],
      setAside: [{ claim: 's2#1', code: 'superseded' }],
    });
  });

  it('keeps who is blamed apart by role, and contests what Iran denies', () => {
    const blame = (
      by: string,
      on: string,
      role: 'carried-out' | 'backed',
      stance: 'asserts' | 'suspects' = 'asserts',
    ): Said => ({
      by,
      said: '2024-01-29',
      claims: [claim('responsibility', { actor: on, role }, { stance })],
    });
    const said = [
      blame('pentagon', 'kataib-hezbollah', 'carried-out', 'suspects'),
      blame('pentagon', 'iran', 'backed'),
      blame('islamic-resistance', 'islamic-resistance', 'carried-out'),
    ];
    const denial: Said = {
      by: 'iran-un-mission',
      said: '2024-01-29',
      claims: [claim('responsibility', { actor: 'iran', role: 'any' }, { stance: 'denies' })],
    };
    const role = (key: string, claims = recorded(...said, denial)) =>
      figure({ predicate: 'responsibility', key }, claims, tower);
    expect(role('backed', recorded(...said)).contested).toBe(false);
    expect(role('backed')).toMatchObject({
      contested: true,
      positions: [{ line: 'us', attribution: 'blames' }],
      setAside: [{ claim: 's4#1', code: 'no-figure' }],
    });
    expect(role('carried-out')).toMatchObject({ contested: false, positions: [{ attribution: 'claims' }] });
  });
});

describe('Al-Asad, January 2020', () => {
  const alAsad = incident('al-asad-2020', { at: 'al-asad', attacker: ['irgc'], method: 'missile' });
  const injured = (by: string, said: string, value: object, rest: Partial<Said> = {}): Said => ({
    by,
    said,
    published: said,
    claims: [claim('injured', value, { who: US_MILITARY })],
    ...rest,
  });
  /** In the order of the file that they were read from. */
  const history: Said[] = [
    {
      ...injured('irgc-source', '2020-01-08', about(200), { in: 'mehr' }),
      claims: [claim('injured', about(200), { who: US_HIT }), claim('killed', atLeast(81), { who: US_HIT })],
    },
    {
      by: 'trump',
      in: 'npr',
      said: '2020-01-08',
      published: '2020-01-29',
      claims: [
        claim('injured', exactly(0), { who: { of: 'us' } }),
        claim('killed', exactly(0), { who: { of: 'us' }, basis: 'entailed' }),
      ],
    },
    injured('pentagon', '2020-01-28', exactly(50), { in: 'npr', published: '2020-01-29', utterance: 'campbell' }),
    injured('pentagon', '2020-01-16', exactly(11), { in: 'nbc', published: '2020-02-10' }),
    injured('pentagon', '2020-01-24', exactly(34), { in: 'epoch-times' }),
    injured('pentagon', '2020-01-28', exactly(50), { in: 'upi', utterance: 'campbell' }),
    injured('pentagon', '2020-01-30', exactly(64), { in: 'nbc', published: '2020-02-01', utterance: 'january-report' }),
    injured('pentagon', '2020-01-30', exactly(74), {
      in: 'military-com',
      published: '2020-02-10',
      utterance: 'january-report',
      form: 'reported',
    }),
    injured('pentagon', '2020-02-10', exactly(109), { in: 'military-com' }),
    injured('us-official', '2020-02-10', atLeast(101), { in: 'cnn' }),
    injured('pentagon', '2020-02-10', changeOf(45, 's7#1'), { in: 'upi' }),
    injured('pentagon', '2020-02-21', exactly(110), { in: 'afp' }),
  ];
  const claims = recorded(...history);
  const question = { predicate: 'injured', who: HIT } as const;
  const days = ['2020-01-08', '2020-01-16', '2020-01-24', '2020-01-28', '2020-01-30', '2020-02-10', '2020-02-21'];

  it('shows what was known on each day', () => {
    const known = days.map((day) => answers(question, saidBy(day, claims), alAsad));
    expect(known).toEqual(
      [0, 11, 34, 50, 64, 109, 110].map((n) => ({
        latestOfficial: `${n}/${n}/${n}`,
        officialFirst: `${n}/${n}/${n}`,
        bestGraded: `${n}/–/200`,
        envelope: `${n}/–/200`,
        contested: true,
      })),
    );
  });

  it('gives other steps in the order of recording, hence saidBy', () => {
    const steps = history.map((_, index) =>
      figure(question, recorded(...history.slice(0, index + 1)), alAsad, 'latest-official'),
    );
    expect(steps.slice(1).map((one) => one.best)).toEqual([0, 50, 50, 50, 50, 64, 64, 109, 109, 109, 110]);
  });

  it('sets aside what misquotes and what is less precise', () => {
    const shown = figure(question, saidBy('2020-02-10', claims), alAsad, 'envelope');
    expect(shown.setAside).toContainEqual({ claim: 's8#1', code: 'other-reading' });
    expect(shown.setAside).toContainEqual({ claim: 's10#1', code: 'less-precise' });
    const january = figure(question, saidBy('2020-01-30', claims), alAsad);
    expect(january.flags).toContain('readings-differ');
  });

  it("does not let the attacker's number of killed displace the US zero, but shows the dispute", () => {
    const irgc: Said = { by: 'irgc', said: '2020-01-08', claims: [claim('killed', atLeast(80), { who: US_MILITARY })] };
    const killed = recorded(...history, irgc);
    expect(answers({ predicate: 'killed', who: HIT }, killed, alAsad)).toEqual({
      latestOfficial: '0/0/0',
      officialFirst: '0/0/0',
      bestGraded: '0/–/–',
      envelope: '0/–/–',
      contested: true,
    });
    const shown = figure({ predicate: 'killed', who: HIT }, killed, alAsad, 'latest-official');
    expect(shown).toMatchObject({ status: 'affirmed-none', basis: 'official' });
    expect(shown.setAside).toContainEqual({ claim: 's13#1', code: 'lower-rank' });
    expect(shown.positions.map(({ line, rank }) => [line, rank])).toEqual([
      ['us', 1],
      ['iran', 3],
      ['unnamed@mehr', null],
    ]);
  });
});

describe('Hasakah, Green Village and Conoco, 23–24 March 2023', () => {
  const questions = { predicate: 'injured', who: HIT } as const;
  const pentagon = (said: string, ...claims: Said['claims']): Said => ({ by: 'pentagon', said, claims });
  const joint = { about: { incidents: ['it', 'green-village'] } };
  const days = ['2023-03-24', '2023-03-30', '2023-04-13', '2023-04-17'];
  const steps = (said: Said[], subject: ReturnType<typeof incident>) =>
    days.map((day) => answers(questions, saidBy(day, recorded(...said)), subject));

  it.each([
    [
      'as two numbers',
      [claim('injured', exactly(5), { who: US_MILITARY }), claim('injured', exactly(1), { who: US_CONTRACTOR })],
    ],
    [
      'as one number with its parts',
      [
        claim('injured', exactly(6), {
          who: US_HIT,
          parts: [
            { who: { category: 'military' }, value: exactly(5) },
            { who: { category: 'contractor' }, value: exactly(1) },
          ],
        }),
      ],
    ],
  ])('Hasakah: 6, 10, then at least the 11 brain injuries; first %s', (_, first) => {
    const said = [
      pentagon('2023-03-24', claim('killed', exactly(1), { who: US_CONTRACTOR }), ...first),
      pentagon(
        '2023-03-30',
        claim('injured', exactly(6), joint),
        claim('injured', changeOf(4, 's1#2'), { who: first[0]?.who ?? {} }),
        claim('injured', { ...exactly(4), kind: 'tbi' }, { who: US_MILITARY }),
      ),
      { by: 'centcom', said: '2023-04-13', claims: [claim('injured', { ...exactly(11), kind: 'tbi' }, joint)] },
      pentagon('2023-04-17', claim('injured', { ...exactly(11), kind: 'tbi' }, { who: US_MILITARY })),
    ];
    expect(steps(said, hasakah)).toEqual([all('6/6/6'), all('10/10/10'), all('10/10/10'), all('11/–/–')]);
    const latest = figure(questions, recorded(...said), hasakah);
    expect(latest.flags).toContain('kind-exceeds');
    expect(latest.used).toEqual(['s4#1']);
    expect(latest.setAside).toContainEqual({ claim: 's2#1', code: 'joint' });
    expect(latest.setAside).toContainEqual({ claim: 's2#3', code: 'superseded' });
    expect(text(figure({ predicate: 'injured', key: 'tbi', who: HIT }, recorded(...said), hasakah))).toBe('11/11/11');
  });

  it('Green Village: none, two, none again', () => {
    const said = [
      pentagon('2023-03-24', claim('injured', exactly(0), { who: { of: 'us' } })),
      pentagon(
        '2023-03-30',
        claim('injured', exactly(2), { who: US_MILITARY }),
        claim('injured', { ...exactly(2), kind: 'tbi' }, { who: US_MILITARY }),
      ),
      pentagon('2023-04-17', claim('injured', exactly(0)), claim('killed', exactly(0), { basis: 'entailed' })),
    ];
    const village = incident('green-village');
    expect(steps(said, village)).toEqual([all('0/0/0'), all('2/2/2'), all('2/2/2'), all('0/0/0')]);
    const status = days.map((day) => figure(questions, saidBy(day, recorded(...said)), village).status);
    expect(status).toEqual(['affirmed-none', 'reported', 'reported', 'affirmed-none']);
  });

  it('Conoco: one, then at least the 12 brain injuries', () => {
    const said = [
      pentagon('2023-03-24', claim('injured', exactly(1), { who: US_MILITARY })),
      pentagon('2023-04-17', claim('injured', { ...exactly(12), kind: 'tbi' }, { who: US_MILITARY })),
    ];
    expect(steps(said, incident('conoco-march'))).toEqual([all('1/1/1'), all('1/1/1'), all('1/1/1'), all('12/–/–')]);
  });
});

describe('injured who die later (made up; section 3)', () => {
  const attack = incident('attack');
  const announced: Said = {
    by: 'pentagon',
    said: '2023-03-24',
    claims: [claim('injured', exactly(6), { who: US_MILITARY }), claim('killed', exactly(1), { who: US_MILITARY })],
  };
  const diedLater: Said = {
    by: 'pentagon',
    said: '2023-03-30',
    claims: [
      claim('injured', changeOf(-1, 's1#1'), { who: US_MILITARY }),
      claim('killed', changeOf(1, 's1#2'), { who: US_MILITARY }),
    ],
  };
  const both = (...said: Said[]) =>
    (['injured', 'killed'] as const).map((predicate) => answers({ predicate, who: HIT }, recorded(...said), attack));

  it('are moved by two changes of the source that says so', () => {
    expect(both(announced)).toEqual([all('6/6/6'), all('1/1/1')]);
    expect(both(announced, diedLater)).toEqual([all('5/5/5'), all('2/2/2')]);
  });

  it('are never moved by the ledger itself: who says that one died says nothing of the injured', () => {
    const oneDied: Said = { ...diedLater, claims: diedLater.claims.slice(1) };
    expect(both(announced, oneDied)).toEqual([all('6/6/6'), all('2/2/2')]);
  });

  it('are only listed where the change names no number that it starts from', () => {
    const vague: Said = { ...diedLater, claims: [claim('injured', changeOf(-1), { who: US_MILITARY })] };
    expect(both(announced, vague)[0]).toEqual(all('6/6/6'));
    expect(figure({ predicate: 'injured', who: HIT }, recorded(announced, vague), attack).setAside).toEqual([
      { claim: 's2#1', code: 'no-figure' },
    ]);
  });
});

describe('none of whom (section 3)', () => {
  const attack = incident('attack');
  const said = (...claims: Said['claims']) => recorded({ by: 'centcom', said: '2023-04-10', claims });

  it('"nobody was killed" says nothing of the injured', () => {
    const claims = said(claim('killed', exactly(0)));
    expect(answers({ predicate: 'killed', who: HIT }, claims, attack)).toEqual(all('0/0/0'));
    expect(answers({ predicate: 'injured', who: HIT }, claims, attack)).toEqual(all('unreported'));
  });

  it('none of a wide group is none of every narrower one, and no other number is', () => {
    for (const who of [HIT, US_HIT, US_MILITARY, US_CONTRACTOR]) {
      const none = said(claim('injured', exactly(0), { who: { of: 'us' } }));
      const some = said(claim('injured', exactly(4)));
      expect(answers({ predicate: 'injured', who }, none, attack)).toEqual(all('0/0/0'));
      expect(answers({ predicate: 'injured', who }, some, attack)).toEqual(all('unreported'));
    }
  });

  it('"no Americans harmed" says nothing of others', () => {
    const claims = said(claim('injured', exactly(0), { who: { of: 'us' } }));
    expect(answers({ predicate: 'injured', who: { of: 'iraq' } }, claims, attack)).toEqual(all('unreported'));
  });
});

describe('contested (section 9)', () => {
  const attack = incident('attack');
  const apart = (first: object, second: object) =>
    figure(
      { predicate: 'injured' },
      recorded(
        { by: 'pentagon', said: '2023-04-10', claims: [claim('injured', first)] },
        { by: 'iraqi-military', said: '2023-04-10', claims: [claim('injured', second)] },
      ),
      attack,
      'envelope',
    ).contested;

  it.each([
    // About 25 reaches from 22 to 28: outward to whole numbers.
    [about(25), exactly(22), false],
    [about(25), exactly(21), true],
    [about(25), exactly(28), false],
    [about(25), exactly(29), true],
    [about(25), about(31), false],
    [atLeast(41), exactly(40), true],
    [atLeast(41), exactly(9_000), false],
    [{ low: 5, best: 3, high: 2 }, exactly(4), false],
  ])('%j and %j: %s', (first, second, contested) => {
    expect(apart(first, second)).toBe(contested);
  });
});

describe('sums', () => {
  const seedConoco = recorded(centcomOnConoco, buccino);
  const seedHasakah = recorded(paperOnHasakah);
  const attacks = [
    [seedConoco, conoco],
    [seedHasakah, hasakah],
  ] as const;
  const figures = (predicate: 'happened' | 'killed' | 'injured', policy: Parameters<typeof figure>[3]) =>
    attacks.map(([claims, subject]) =>
      figure({ predicate, ...(predicate === 'happened' ? {} : { who: HIT }) }, claims, subject, policy),
    );

  it('counts attacks as somebody said they happened', () => {
    expect(sumOfAttacks(figures('happened', 'official-first'))).toMatchObject({
      ...exactly(2),
      incidents: 2,
      notStated: 0,
    });
    expect(sumOfAttacks(figures('happened', 'latest-official'))).toMatchObject({
      ...exactly(1),
      incidents: 2,
      notStated: 1,
    });
  });

  it('says next to the number of whom nobody says anything', () => {
    expect(sum(figures('killed', 'official-first'))).toMatchObject({ ...exactly(1), affirmedNone: 1, unreported: 0 });
    expect(sum(figures('injured', 'official-first'))).toMatchObject({ ...exactly(0), affirmedNone: 1, unreported: 1 });
  });

  it('keeps an envelope open to both sides', () => {
    const disputed = recorded(ungraded(centcomOnConoco), ungraded(unnamedOfficial));
    const envelopes = [
      figure({ predicate: 'injured', who: HIT }, disputed, conoco, 'envelope'),
      figure({ predicate: 'injured', who: HIT }, seedHasakah, hasakah, 'envelope'),
    ];
    expect(sum(envelopes)).toMatchObject({ low: 0, best: 0, high: 2, contested: 1, unreported: 1 });
  });

  it('adds a floor as a floor', () => {
    const tower = incident('tower-22', { at: 'tower-22-site' });
    const third = recorded({
      by: 'pentagon',
      said: '2024-01-29',
      claims: [claim('injured', atLeast(41), { who: US_MILITARY }), claim('killed', exactly(3), { who: US_MILITARY })],
    });
    const with22 = (predicate: 'killed' | 'injured') => [
      ...figures(predicate, 'official-first'),
      figure({ predicate, who: HIT }, third, tower),
    ];
    expect(sum(with22('injured'))).toMatchObject({ low: 41, best: 41, high: null, floors: 1, unreported: 1 });
    expect(sum(with22('killed'))).toMatchObject(exactly(4));
  });

  it('counts US strikes, a bundle as at least what is said of it', () => {
    const bundle = incident('deir-ezzor-strikes', {
      kind: 'bundle',
      target: ['isis'],
      attacker: ['us'],
      method: 'air-strike',
    });
    const strike = incident('jabouri', { target: ['isis'], attacker: ['us'], method: 'air-strike' });
    const paper = (...claims: Said['claims']) => recorded({ by: 'the-national', form: 'own-voice', claims });
    const strikes = [
      figure({ predicate: 'happened' }, paper(claim('happened', atLeast(2))), bundle),
      figure(
        { predicate: 'happened' },
        paper(claim('killed', exactly(1), { who: { side: 'target', category: 'militant', of: 'isis' } })),
        strike,
      ),
    ];
    expect(sumOfAttacks(strikes)).toMatchObject({ low: 3, best: 3, high: null, incidents: 2, floors: 1 });
  });

  it('adds nothing for incidents of which nobody says anything, and starts at none', () => {
    expect(sum([])).toMatchObject({ ...exactly(0), incidents: 0 });
    expect(sum([UNREPORTED, UNREPORTED])).toMatchObject({
      ...exactly(0),
      incidents: 2,
      unreported: 2,
      affirmedNone: 0,
    });
  });

  it('keeps what a source published out of order, and counts it', () => {
    const disordered = { low: 5, best: 3, high: 4, status: 'reported', contested: false } as const;
    expect(sum([disordered, disordered])).toMatchObject({ low: 10, best: 6, high: 8, disordered: 2, floors: 0 });
  });
});
