import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { given, histories } from '#testing';
import { canonicalText } from './canonical.js';
import type { Command } from './commands.js';
import { decide } from './decide.js';
import { evolve } from './evolve.js';
import type { Fact } from './records.js';
import { Rejected } from './rejected.js';
import { commitOverlay, initialState, overlayOn } from './state.js';
import type { Claim, Incident, Statement } from './vocabulary.js';

const open: Command = { act: 'open-ledger', origin: { title: 'Made up' } };
const actor = (id: string, partOf?: string): Command => ({
  act: 'register-actor',
  id,
  actor: { kind: 'state', names: [{ text: id }], ...(partOf !== undefined && { partOf }) },
});
const place = (id: string): Command => ({ act: 'register-place', id, place: { kind: 'site', names: [{ text: id }] } });
const document = (id: string, more: object = {}): Command => ({
  act: 'register-document',
  id,
  document: { publisher: 'us', kind: 'citation', title: 'A release', ...more },
});
const card: Incident = { kind: 'single', method: 'rocket', parties: [] };
const incident = (id: string, more: Partial<Incident> = {}): Command => ({
  act: 'record-incident',
  id,
  incident: { ...card, ...more },
});
const correct = (id: string, more: Partial<Incident>, version?: number): Command => ({
  act: 'correct-incident',
  id,
  incident: { ...card, ...more },
  reason: 'Mistyped.',
  ...(version !== undefined && { expect: [{ entity: id, version }] }),
});
const killed: Claim = {
  predicate: 'killed',
  about: { incident: 'i' },
  stance: 'asserts',
  value: { low: 1, best: 1, high: 1 },
};
const statement = (id: string, claims: unknown[], more: Partial<Statement> = {}): Command => ({
  act: 'record-statement',
  id,
  statement: { document: 'd', speaker: 'us', utterance: id, form: 'direct', claims: claims as Claim[], ...more },
});
const country: Command = { act: 'register-place', id: 'land', place: { kind: 'country', names: [{ text: 'C' }] } };
const begun = [open, actor('us'), actor('iran'), place('p'), country, document('d'), incident('i'), incident('j')];

describe('a ledger', () => {
  test('is opened once, with the versions of today', () => {
    given()
      .when(open)
      .then({ changes: [{ entity: 'ledger', version: 1 }], codebook: 1 });
    given(open).when(open).thenRejected('ledger-exists');
  });
  test('takes nothing before', () => {
    given().when(actor('us')).thenRejected('ledger-not-open');
  });
});

describe('registers', () => {
  test('give each thing version 1, and each id once over all kinds of things', () => {
    given(open)
      .when(actor('us'))
      .then({ changes: [{ entity: 'us', version: 1 }] });
    given(open, actor('us')).when(place('us')).thenRejected('id-taken', '/id');
    given(open).when(actor('ledger')).thenRejected('id-taken', '/id');
  });
  test('need a parent that exists and is of their kind', () => {
    given(open).when(actor('centcom', 'us')).thenRejected('unknown-reference', '/partOf');
    given(open, place('us')).when(actor('centcom', 'us')).thenRejected('wrong-kind-of-reference', '/partOf');
  });
  test.each([
    [{ kind: 'governorate', point: { lat: 1, lon: 1 } }, 'does-not-fit', '/point'],
    [{ kind: 'area', point: { lat: 1, lon: 1 } }, 'does-not-fit', '/point'],
    [{ kind: 'site', point: { lat: 90.5, lon: 1 } }, 'contradiction', '/point/lat'],
    [{ kind: 'site', point: { lat: Number.NaN, lon: 1 } }, 'contradiction', '/point/lat'],
    [{ kind: 'town', point: { lat: 1, lon: -181 } }, 'contradiction', '/point/lon'],
    [{ kind: 'country', state: 'nobody' }, 'unknown-reference', '/state'],
  ] as const)('a place cannot be %j', (more, code, pointer) => {
    given(open)
      .when({ act: 'register-place', id: 'p', place: { names: [{ text: 'P' }], ...more } })
      .thenRejected(code, pointer);
  });
});

describe('a document', () => {
  const bytes = { kind: 'full', sha256: 'a'.repeat(64) };
  const day = (from: string) => ({ published: { from, to: from, precision: 'day' } });
  test('is known by publisher, date and title where nobody holds its bytes', () => {
    const first = document('d', day('2023-04-11'));
    given(open, actor('us'), first)
      .when(document('e', day('2023-04-11')))
      .thenRejected('duplicate-document', '/title');
    given(open, actor('us'), first)
      .when(document('e', day('2023-04-12')))
      .then({});
  });
  test('is known by its bytes where somebody does', () => {
    given(open, actor('us'), document('d', bytes))
      .when(document('e', { ...bytes, title: 'Another title' }))
      .thenRejected('duplicate-document', '/sha256');
    given(open, actor('us'), document('d', bytes))
      .when(document('e', { ...bytes, sha256: 'b'.repeat(64) }))
      .then({});
  });
  test('a citation of what is held with its bytes is the same document; the bytes of what was cited are new', () => {
    given(open, actor('us'), document('d', bytes)).when(document('e')).thenRejected('duplicate-document', '/title');
    given(open, actor('us'), document('d')).when(document('e', bytes)).then({});
  });
  test('of another publisher is another, the same bytes or not', () => {
    given(...begun, document('c', bytes))
      .when(document('e', { ...bytes, publisher: 'iran' }))
      .then({});
  });
  test('cannot end before it begins', () => {
    given(open, actor('us'))
      .when(document('d', { published: { from: '2023-04-11', to: '2023-04-10', precision: 'days' } }))
      .thenRejected('contradiction', '/published/to');
  });
});

describe('an incident', () => {
  test('names places and parties that exist, each party once a side', () => {
    given(...begun)
      .when(incident('k', { place: { place: 'nowhere' } }))
      .thenRejected('unknown-reference', '/place/place');
    given(...begun)
      .when(
        incident('k', {
          parties: [
            { actor: 'us', side: 'target' },
            { actor: 'us', side: 'target' },
          ],
        }),
      )
      .thenRejected('does-not-fit', '/parties/1');
  });
  test('may begin and end on one day, and at one minute, but not end before', () => {
    const time = (from: string, to: string) => ({ time: { from, to, precision: 'day' as const } });
    given(...begun)
      .when(incident('k', time('2023-04-10T17:51', '2023-04-10')))
      .then({});
    given(...begun)
      .when(incident('k', time('2023-04-10T17:51', '2023-04-10T17:51')))
      .then({});
    given(...begun)
      .when(incident('k', time('2023-04-10T17:51', '2023-04-10T17:50')))
      .thenRejected('contradiction', '/time/to');
  });
  test('is corrected as a whole, from the version that was seen', () => {
    given(...begun)
      .when(correct('i', { method: 'drone' }, 1))
      .then({ changes: [{ entity: 'i', version: 2 }] });
    given(...begun)
      .when(correct('i', { method: 'drone' }))
      .thenRejected('expect-required', '/expect');
    given(...begun, correct('i', { method: 'drone' }, 1))
      .when(correct('i', { method: 'missile' }, 1))
      .thenRejected('wrong-version', '/expect');
    given(...begun)
      .when(correct('nothing', {}, 1))
      .thenRejected('wrong-version', '/expect');
    given(...begun)
      .when({ ...correct('us', {}, 1), id: 'us' } as Command)
      .thenRejected('unknown-entity');
  });
  test('a correction that says the same, in whatever order, is none', () => {
    given(...begun, correct('i', { title: 'A', note: 'B' }, 1))
      .when(correct('i', { note: 'B', title: 'A' }, 2))
      .thenNothing();
  });
  test('a statement about it does not change its version', () => {
    given(...begun, statement('s', [killed]))
      .when(correct('i', { method: 'drone' }, 1))
      .then({});
  });
});

describe('a statement', () => {
  test('names what exists', () => {
    given(...begun)
      .when(statement('s', [killed], { document: 'none' }))
      .thenRejected('unknown-reference', '/document');
    given(...begun)
      .when(statement('s', [killed], { speaker: 'p' }))
      .thenRejected('wrong-kind-of-reference', '/speaker');
    given(...begun)
      .when(statement('s', [killed], { chain: ['us', 'x'] }))
      .thenRejected('unknown-reference', '/chain/1');
  });

  test('contradicts nobody by contradicting others, or itself in numbers: that is data', () => {
    const low = { ...killed, value: { low: 9, best: 5, high: 1 } };
    given(...begun, statement('s', [killed]))
      .when(statement('t', [low]))
      .then({ statement: { claims: [low] } });
  });

  test('makes a claim once; the same in another statement is no duplicate', () => {
    given(...begun)
      .when(statement('s', [killed, { ...killed }]))
      .thenRejected('duplicate-claim', '/claims/1');
    given(...begun)
      .when(statement('s', [killed, { ...killed, who: { side: 'target' } }]))
      .then({});
    given(...begun, statement('s', [killed]))
      .when(statement('t', [killed]))
      .then({});
  });

  const cases: [string, object, string, string][] = [
    ['an unknown incident', { about: { incident: 'x' } }, 'unknown-reference', '/about/incident'],
    ['an incident named twice', { about: { incidents: ['i', 'i'] } }, 'does-not-fit', '/about/incidents'],
    ['a scope where incidents are needed', { about: { scope: { places: ['p'] } } }, 'does-not-fit', '/about'],
    ['an incident where a scope is needed', { predicate: 'total' }, 'does-not-fit', '/about'],
    [
      'a total of nothing',
      { predicate: 'total', about: { scope: { places: ['p'] } } },
      'does-not-fit',
      '/about/scope/of',
    ],
    [
      'a level of nobody',
      { predicate: 'force-level', about: { scope: { places: ['p'] } } },
      'does-not-fit',
      '/about/scope/actor',
    ],
    ['people of an unknown actor', { who: { of: 'x' } }, 'unknown-reference', '/who/of'],
    [
      'people where none are counted',
      { predicate: 'munitions', value: { munition: 'rocket', low: 1 }, who: {} },
      'does-not-fit',
      '/who',
    ],
    ['an assertion of nothing', { value: undefined }, 'does-not-fit', '/value'],
    ['a refusal without manner', { stance: 'not-confirms' }, 'does-not-fit', '/manner'],
    ['a manner without refusal', { manner: 'declined' }, 'does-not-fit', '/manner'],
    ['a retraction of nothing', { stance: 'retracts' }, 'does-not-fit', '/retracts'],
    ['a retraction of what nobody said', { stance: 'retracts', retracts: 'x#1' }, 'unknown-reference', '/retracts'],
    [
      'a retraction of a claim that is not there',
      { stance: 'retracts', retracts: 'before#9' },
      'unknown-reference',
      '/retracts',
    ],
    ['a retraction of another predicate', { stance: 'retracts', retracts: 'before#2' }, 'does-not-fit', '/retracts'],
    [
      'a retraction of a claim about another incident',
      { about: { incident: 'j' }, stance: 'retracts', retracts: 'before#1' },
      'does-not-fit',
      '/retracts',
    ],
    [
      'a change of a number about another incident',
      { about: { incident: 'j' }, value: { change: 1, from: 'before#1' } },
      'does-not-fit',
      '/value/from',
    ],
    [
      'a point on a country',
      { predicate: 'place', value: { place: 'land', point: { lat: 1, lon: 1 } } },
      'does-not-fit',
      '/value/point',
    ],
    ['a number and a change', { value: { low: 1, change: 1 } }, 'does-not-fit', '/value/change'],
    ['a start without change', { value: { low: 1, from: 'before#1' } }, 'does-not-fit', '/value/from'],
    ['a change of another predicate', { value: { change: 1, from: 'before#2' } }, 'does-not-fit', '/value/from'],
    [
      'a blamed nobody',
      { predicate: 'responsibility', value: { actor: 'x', role: 'any' } },
      'unknown-reference',
      '/value/actor',
    ],
    ['a place nobody knows', { predicate: 'place', value: { place: 'x' } }, 'unknown-reference', '/value/place'],
    [
      'a point off the globe',
      { predicate: 'place', value: { place: 'p', point: { lat: 91, lon: 0 } } },
      'contradiction',
      '/value/point/lat',
    ],
    [
      'a time that ends before',
      { predicate: 'time', value: { from: '2023-04-11', to: '2023-04-10', precision: 'days' } },
      'contradiction',
      '/value/to',
    ],
    [
      'a relation to nothing',
      { predicate: 'relation', value: { kind: 'linked-to', to: { incident: 'x' } } },
      'unknown-reference',
      '/value/to/incident',
    ],
  ];
  test.each(cases)('is refused for %s', (_what, change, code, pointer) => {
    const before = statement('before', [
      killed,
      { predicate: 'injured', about: { incident: 'i' }, stance: 'asserts', value: { low: 1 } },
    ]);
    given(...begun, before)
      .when(statement('s', [{ ...killed, ...change }]))
      .thenRejected(code as never, `/claims/0${pointer}`);
  });

  test('takes back only what its speaker said', () => {
    const before = statement('before', [killed]);
    const back = { ...killed, stance: 'retracts', value: undefined, retracts: 'before#1' };
    given(...begun, before)
      .when(statement('s', [back], { speaker: 'iran' }))
      .thenRejected('does-not-fit', '/claims/0/retracts');
    given(...begun, before)
      .when(statement('s', [back]))
      .then({});
  });

  test('may count on from a claim of its own that comes before', () => {
    const change = { ...killed, who: { side: 'target' }, value: { change: 1, from: 's#1' } };
    given(...begun)
      .when(statement('s', [killed, change]))
      .then({});
    given(...begun)
      .when(statement('s', [change, killed]))
      .thenRejected('unknown-reference', '/claims/0/value/from');
  });
});

describe('whatever is asked', () => {
  test('what is accepted evolves, and asked again is refused or nothing', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const state = initialState();
        for (const command of commands) {
          const fact = attempt(() => decide(state, command));
          if (fact === null) continue;
          evolve(state, fact);
          expect(attempt(() => decide(state, command))).toBeNull();
        }
      }),
    );
  });

  test('deciding changes nothing, and an overlay decides like the state it becomes', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const [plain, layered] = [initialState(), initialState()];
        for (const command of commands) {
          const overlay = overlayOn(layered);
          const [fact, same] = [attempt(() => decide(plain, command)), attempt(() => decide(overlay, command))];
          expect(same).toEqual(fact);
          if (fact === null) continue;
          evolve(plain, fact);
          evolve(overlay, fact);
          commitOverlay(overlay, layered);
        }
      }),
    );
  });

  test('one value has one canonical text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalText(turned)).toBe(canonicalText(value));
        expect(JSON.parse(canonicalText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

describe('taking back', () => {
  const said = statement('s', [killed]);
  const things = [
    { act: 'retract-statement', id: 's', name: 'StatementRetracted' },
    { act: 'retract-incident', id: 'i', name: 'IncidentRetracted' },
    { act: 'withdraw-document', id: 'd', name: 'DocumentWithdrawn' },
  ] as const;

  describe.each(things)('$act', ({ act, id }) => {
    const takeBack = (version?: number, takesBack?: number): Command => ({
      act,
      id,
      reason: 'Made up.',
      ...(takesBack !== undefined && { takesBack }),
      ...(version !== undefined && { expect: [{ entity: id, version }] }),
    });
    const before = [...begun, said];

    test('gives the next version, with the reason', () => {
      given(...before)
        .when(takeBack(1))
        .then({ changes: [{ entity: id, version: 2 }], reason: 'Made up.' });
    });
    test('needs the version that was seen, of something that exists and is of that kind', () => {
      given(...before)
        .when(takeBack())
        .thenRejected('expect-required', '/expect');
      given(...before)
        .when(takeBack(2))
        .thenRejected('wrong-version', '/expect');
      given(open).when(takeBack()).thenRejected('unknown-entity');
      given(...before)
        .when({ act, id: 'us', reason: 'Made up.', expect: [{ entity: 'us', version: 1 }] })
        .thenRejected('unknown-entity');
    });
    test('once: a second time is refused, and says how to bring it back', () => {
      const refused = given(...before, takeBack(1))
        .when(takeBack(2))
        .thenRejected('already-so');
      expect(refused.details).toEqual({ id, goneSince: 2 });
      expect(refused.message).toContain('"takesBack": 2');
    });
    test('is itself taken back, by the version that did it, as often as one likes', () => {
      given(...before, takeBack(1))
        .when(takeBack(2, 2))
        .then({ changes: [{ entity: id, version: 3 }], takesBack: 2 });
      given(...before, takeBack(1), takeBack(2, 2), takeBack(3))
        .when(takeBack(4, 4))
        .then({ changes: [{ entity: id, version: 5 }] });
      given(...before)
        .when(takeBack(1, 1))
        .thenRejected('already-so', '/takesBack');
      given(...before, takeBack(1))
        .when(takeBack(2, 1))
        .thenRejected('already-so', '/takesBack');
      given(...before, takeBack(1), takeBack(2, 2))
        .when(takeBack(3, 2))
        .thenRejected('already-so', '/takesBack');
    });
  });

  test('a retracted incident can be corrected and stays retracted', () => {
    const retract: Command = { act: 'retract-incident', id: 'i', reason: 'No.', expect: [{ entity: 'i', version: 1 }] };
    const again: Command = { ...retract, expect: [{ entity: 'i', version: 3 }] };
    given(...begun, retract, correct('i', { method: 'drone' }, 2))
      .when(again)
      .thenRejected('already-so');
  });

  test('that a document cannot be reached is noted once', () => {
    const gone = (version: number): Command => ({
      act: 'mark-document-unreachable',
      id: 'd',
      reason: '404',
      expect: [{ entity: 'd', version }],
    });
    given(...begun)
      .when(gone(1))
      .then({ changes: [{ entity: 'd', version: 2 }], reason: '404' });
    given(...begun, gone(1))
      .when(gone(2))
      .thenNothing();
  });
});

describe('an assessment', () => {
  const assess = (about: object, more: object = { credibility: 2 }): Command =>
    ({ act: 'record-assessment', id: 'a', assessment: { about, grounds: 'Made up.', ...more } }) as Command;
  const unnamed: Command = {
    act: 'register-actor',
    id: 'official',
    actor: { kind: 'unnamed', partOf: 'us', names: [{ text: 'An official' }] },
  };
  const army: Command = {
    act: 'register-actor',
    id: 'army',
    actor: { kind: 'armed-force', partOf: 'us', names: [{ text: 'Its army' }] },
  };
  const before = [...begun, statement('s', [killed]), unnamed, army];

  test('is of a claim, or of a line: the topmost actor, or an unnamed speaker by who published it first', () => {
    for (const about of [{ claim: 's#1' }, { line: 'us' }, { line: 'unnamed@us' }]) {
      given(...before)
        .when(assess(about))
        .then({ changes: [{ entity: 'a', version: 1 }], assessment: { about, credibility: 2 } });
    }
  });
  test('is of what exists', () => {
    given(...before)
      .when(assess({ claim: 's#2' }))
      .thenRejected('unknown-reference', '/about/claim');
    given(...before)
      .when(assess({ claim: 'x#1' }))
      .thenRejected('unknown-reference', '/about/claim');
    given(...before)
      .when(assess({ claim: 'us#1' }))
      .thenRejected('wrong-kind-of-reference', '/about/claim');
    given(...before)
      .when(assess({ line: 'x' }))
      .thenRejected('unknown-reference', '/about/line');
    given(...before)
      .when(assess({ line: 'unnamed@x' }))
      .thenRejected('unknown-reference', '/about/line');
    given(...before)
      .when(assess({ line: 'us' }, { reliability: 'A', by: 'x' }))
      .thenRejected('unknown-reference', '/by');
  });
  test('is of a whole line, not of a part of one that speaks with its voice, nor of a speaker without a name', () => {
    const refused = given(...before)
      .when(assess({ line: 'army' }))
      .thenRejected('does-not-fit', '/about/line');
    expect(refused.details).toEqual({ line: 'us' });
    given(...before)
      .when(assess({ line: 'official' }))
      .thenRejected('does-not-fit', '/about/line');
  });
  test('says something', () => {
    given(...before)
      .when(assess({ line: 'us' }, {}))
      .thenRejected('does-not-fit', '/credibility');
  });
  test('is retracted and brought back', () => {
    const retract = (version: number, takesBack?: number): Command => ({
      act: 'retract-assessment',
      id: 'a',
      reason: 'Made up.',
      ...(takesBack !== undefined && { takesBack }),
      expect: [{ entity: 'a', version }],
    });
    given(...before, assess({ line: 'us' }), retract(1))
      .when(retract(2, 2))
      .then({ takesBack: 2 });
    given(...before, assess({ line: 'us' }), retract(1))
      .when(retract(2))
      .thenRejected('already-so');
  });
});

describe('correcting a statement', () => {
  const said = statement('s', [killed]);
  const correctTo = (claims: unknown[], version?: number, more: Partial<Statement> = {}): Command => {
    const { statement: whole } = statement('s', claims, more) as Extract<Command, { act: 'record-statement' }>;
    const expected = version === undefined ? {} : { expect: [{ entity: 's', version }] };
    return { act: 'correct-statement', id: 's', statement: whole, reason: 'Misread.', ...expected };
  };
  const two = { ...killed, value: { low: 2, best: 2, high: 2 } };

  test('replaces the whole of it, with the reason', () => {
    given(...begun, said)
      .when(correctTo([two], 1))
      .then({ changes: [{ entity: 's', version: 2 }], reason: 'Misread.', statement: { claims: [two] } });
  });
  test('is checked as when it is recorded', () => {
    given(...begun, said)
      .when(correctTo([two]))
      .thenRejected('expect-required', '/expect');
    given(...begun, said)
      .when(correctTo([two, two], 1))
      .thenRejected('duplicate-claim', '/claims/1');
    given(...begun, said)
      .when(correctTo([two], 1, { speaker: 'x' }))
      .thenRejected('unknown-reference', '/speaker');
    given(...begun)
      .when(correctTo([two], 1))
      .thenRejected('wrong-version', '/expect');
  });
  test('to what it says already is no change', () => {
    given(...begun, said)
      .when(correctTo([killed], 1))
      .thenNothing();
    given(...begun, said, correctTo([two], 1))
      .when(correctTo([two], 2))
      .thenNothing();
    given(...begun, said, correctTo([two], 1))
      .when(correctTo([killed], 2))
      .then({ changes: [{ entity: 's', version: 3 }] });
  });
  test('later claims that name its claims see them as corrected', () => {
    const change = statement('t', [{ ...killed, value: { change: 1, from: 's#1' } }]);
    const injured = { ...killed, predicate: 'injured' };
    given(...begun, said, correctTo([injured], 1))
      .when(change)
      .thenRejected('does-not-fit', '/claims/0/value/from');
  });
  test('leaves one that was retracted retracted', () => {
    const retract = (version: number): Command => ({
      act: 'retract-statement',
      id: 's',
      reason: 'No.',
      expect: [{ entity: 's', version }],
    });
    given(...begun, said, retract(1), correctTo([two], 2))
      .when(retract(3))
      .thenRejected('already-so');
  });
});

describe('tying incidents', () => {
  const tie = (id: string, whole: string, version?: number, kind: 'part-of' | 'group' = 'part-of'): Command => ({
    act: 'tie-incident',
    id,
    tie: { whole, kind },
    reason: 'Made up.',
    ...(version !== undefined && { expect: [{ entity: id, version }] }),
  });
  const untie = (id: string, whole: string, version: number): Command => ({
    act: 'untie-incident',
    id,
    whole,
    reason: 'Made up.',
    expect: [{ entity: id, version }],
  });
  const three = [...begun, incident('k')];

  test('makes one a part of another; the part changes', () => {
    given(...three)
      .when(tie('i', 'j', 1))
      .then({ changes: [{ entity: 'i', version: 2 }], tie: { whole: 'j', kind: 'part-of' }, reason: 'Made up.' });
    given(...three, tie('i', 'j', 1))
      .when(tie('i', 'k', 2, 'group'))
      .then({ tie: { whole: 'k', kind: 'group' } });
  });
  test('is of incidents that exist and count, by the version that was seen', () => {
    given(...three)
      .when(tie('i', 'j'))
      .thenRejected('expect-required', '/expect');
    given(...three)
      .when(tie('i', 'x', 1))
      .thenRejected('unknown-reference', '/whole');
    given(...three)
      .when(tie('i', 'us', 1))
      .thenRejected('wrong-kind-of-reference', '/whole');
    const gone: Command = { act: 'retract-incident', id: 'j', reason: 'No.', expect: [{ entity: 'j', version: 1 }] };
    given(...three, gone)
      .when(tie('i', 'j', 1))
      .thenRejected('does-not-fit', '/whole');
  });
  test('twice is no change; in another way it is refused', () => {
    given(...three, tie('i', 'j', 1))
      .when(tie('i', 'j', 2))
      .thenNothing();
    given(...three, tie('i', 'j', 1))
      .when(tie('i', 'j', 2, 'group'))
      .thenRejected('already-so', '/kind');
  });
  test('goes never in a circle', () => {
    given(...three)
      .when(tie('i', 'i', 1))
      .thenRejected('contradiction', '/whole');
    given(...three, tie('i', 'j', 1))
      .when(tie('j', 'i', 1))
      .thenRejected('contradiction', '/whole');
    given(...three, tie('i', 'j', 1), tie('j', 'k', 1))
      .when(tie('k', 'i', 1))
      .thenRejected('contradiction', '/whole');
  });
  test('is undone', () => {
    given(...three, tie('i', 'j', 1))
      .when(untie('i', 'j', 2))
      .then({ whole: 'j' });
    given(...three, tie('i', 'j', 1), untie('i', 'j', 2))
      .when(tie('j', 'i', 1))
      .then({});
    given(...three)
      .when(untie('i', 'j', 1))
      .thenRejected('already-so', '/whole');
  });
});

describe('closing a ledger', () => {
  const close: Command = { act: 'close-ledger', reason: 'It is full.', successor: 'next' };
  test('is a change of the ledger itself', () => {
    given(...begun)
      .when(close)
      .then({ changes: [{ entity: 'ledger', version: 2 }], reason: 'It is full.', successor: 'next' });
    given().when(close).thenRejected('ledger-not-open');
    given(...begun)
      .when({ ...close, expect: [{ entity: 'ledger', version: 2 }] })
      .thenRejected('wrong-version', '/expect');
  });
  test('is for good: nothing is recorded any more, and where it goes on is said', () => {
    for (const one of [actor('x'), correct('i', {}, 1), close, open]) {
      const refused = given(...begun, close)
        .when(one)
        .thenRejected('ledger-closed');
      expect(refused.details).toEqual({ successor: 'next' });
      expect(refused.message).toContain('next');
    }
  });
});

describe('the registers change', () => {
  const seen = (...entities: [string, number][]) => ({
    reason: 'Made up.',
    expect: entities.map(([entity, version]) => ({ entity, version })),
  });
  const reparent = (id: string, partOf: string | undefined, version: number): Command => ({
    act: 'reparent-actor',
    id,
    ...(partOf !== undefined && { partOf }),
    ...seen([id, version]),
  });
  const merge = (id: string, into: string, versions: [number, number] = [1, 1]): Command => ({
    act: 'merge-actor',
    id,
    into,
    ...seen([id, versions[0]], [into, versions[1]]),
  });
  const three = [...begun, actor('army', 'us'), actor('corps', 'army')];

  test('a card is corrected whole, with the parent that it has; the same again is no change', () => {
    const corrected = (kind: 'armed-force' | 'state', partOf?: string, version = 1): Command => ({
      act: 'correct-actor',
      id: 'army',
      actor: { kind, names: [{ text: 'army' }], ...(partOf !== undefined && { partOf }) },
      ...seen(['army', version]),
    });
    given(...three)
      .when(corrected('armed-force', 'us'))
      .then({ changes: [{ entity: 'army', version: 2 }], actor: { kind: 'armed-force', partOf: 'us' } });
    given(...three)
      .when(corrected('state', 'us'))
      .thenNothing();
    given(...three)
      .when(corrected('armed-force'))
      .thenRejected('does-not-fit', '/partOf');
    given(...three)
      .when(corrected('armed-force', 'us', 2))
      .thenRejected('wrong-version', '/expect');
  });
  test('a parent that was merged is the same parent by either name', () => {
    const corps = (partOf: string): Command => ({
      act: 'correct-actor',
      id: 'corps',
      actor: { kind: 'armed-force', names: [{ text: 'The corps' }], partOf },
      ...seen(['corps', 1]),
    });
    const after = [...three, actor('forces', 'us'), merge('army', 'forces')];
    for (const parent of ['army', 'forces']) {
      given(...after)
        .when(corps(parent))
        .then({ changes: [{ entity: 'corps', version: 2 }] });
    }
    given(...after)
      .when(corps('us'))
      .thenRejected('does-not-fit', '/partOf');
  });
  test('a parent is changed, or taken away, and never in a circle', () => {
    given(...three)
      .when(reparent('corps', 'us', 1))
      .then({ changes: [{ entity: 'corps', version: 2 }], partOf: 'us' });
    given(...three)
      .when(reparent('corps', undefined, 1))
      .then({ reason: 'Made up.' });
    given(...three)
      .when(reparent('corps', 'army', 1))
      .thenNothing();
    given(...three)
      .when(reparent('us', 'corps', 1))
      .thenRejected('contradiction', '/partOf');
    given(...three)
      .when(reparent('us', 'us', 1))
      .thenRejected('contradiction', '/partOf');
    given(...three)
      .when(reparent('us', 'p', 1))
      .thenRejected('wrong-kind-of-reference', '/partOf');
    // What was merged is climbed through.
    given(...three, merge('army', 'iran'))
      .when(reparent('iran', 'corps', 2))
      .thenRejected('contradiction', '/partOf');
  });
  test('two are merged for ever: what names the one may go on, what changes it is sent to the other', () => {
    given(...three)
      .when(merge('army', 'iran'))
      .then({
        changes: [
          { entity: 'army', version: 2 },
          { entity: 'iran', version: 2 },
        ],
        into: 'iran',
      });
    given(...three, merge('army', 'iran'))
      .when(actor('militia', 'army'))
      .then({ changes: [{ entity: 'militia', version: 1 }] });
    const { details } = given(...three, merge('army', 'iran'), merge('iran', 'us', [2, 1]))
      .when(reparent('army', 'us', 2))
      .thenRejected('merged');
    expect(details).toEqual({ id: 'army', mergedInto: 'us' });
  });
  test('nothing is merged in a circle, unseen, or with another kind', () => {
    given(...three)
      .when(merge('us', 'us'))
      .thenRejected('contradiction', '/into');
    given(...three, merge('army', 'iran'))
      .when(merge('iran', 'army', [2, 2]))
      .thenRejected('contradiction', '/into');
    given(...three)
      .when(merge('us', 'corps'))
      .thenRejected('contradiction', '/into');
    given(...three)
      .when({ act: 'merge-actor', id: 'us', into: 'iran', ...seen(['us', 1]) })
      .thenRejected('expect-required', '/expect');
    given(...three)
      .when(merge('us', 'p'))
      .thenRejected('wrong-kind-of-reference', '/into');
    given(...three, merge('army', 'iran'))
      .when(merge('us', 'army', [1, 2]))
      .thenRejected('merged');
  });
  test('places likewise: corrected, moved, merged, and never in a circle', () => {
    const site: Command = {
      act: 'register-place',
      id: 'gate',
      place: { kind: 'site', inside: 'land', names: [{ text: 'G' }] },
    };
    const places = [...begun, site];
    const moved = (id: string, inside: string | undefined): Command => ({
      act: 'reparent-place',
      id,
      ...(inside !== undefined && { inside }),
      ...seen([id, 1]),
    });
    given(...places)
      .when(moved('gate', 'p'))
      .then({ inside: 'p' });
    given(...places)
      .when(moved('gate', 'land'))
      .thenNothing();
    given(...places)
      .when(moved('land', 'gate'))
      .thenRejected('contradiction', '/inside');
    const corrected = (inside: string | undefined, point: object): Command => ({
      act: 'correct-place',
      id: 'gate',
      place: { kind: 'site', names: [{ text: 'G' }], ...(inside !== undefined && { inside }), ...point },
      ...seen(['gate', 1]),
    });
    given(...places)
      .when(corrected('land', { point: { lat: 1, lon: 2 } }))
      .then({ changes: [{ entity: 'gate', version: 2 }] });
    given(...places)
      .when(corrected('land', {}))
      .thenNothing();
    given(...places)
      .when(corrected('land', { point: { lat: 91, lon: 2 } }))
      .thenRejected('contradiction', '/point/lat');
    given(...places)
      .when(corrected(undefined, {}))
      .thenRejected('does-not-fit', '/inside');
    const mergePlace = (id: string, into: string): Command => ({
      act: 'merge-place',
      id,
      into,
      ...seen([id, 1], [into, 1]),
    });
    given(...places)
      .when(mergePlace('gate', 'p'))
      .then({ into: 'p' });
    given(...places)
      .when(mergePlace('land', 'gate'))
      .thenRejected('contradiction', '/into');
  });
});

describe('a document changes', () => {
  const described = (more: object, version = 1, dropped?: string[]): Command => ({
    id: 'd',
    document: { publisher: 'us', kind: 'citation', title: 'A release', ...more },
    reason: 'Made up.',
    expect: [{ entity: 'd', version }],
    ...(dropped === undefined ? { act: 'correct-document' } : { act: 'record-document-version', dropped }),
  });
  const titled = (id: string, title: string): Command => document(id, { title });

  test('is corrected whole; the same again is no change', () => {
    given(...begun)
      .when(described({ title: 'Another' }))
      .then({ changes: [{ entity: 'd', version: 2 }], document: { title: 'Another' } });
    given(...begun)
      .when(described({}))
      .thenNothing();
    given(...begun)
      .when(described({ publisher: 'p' }))
      .thenRejected('wrong-kind-of-reference', '/publisher');
  });
  test('what it was wrongly called is free again, what an earlier version was called is not', () => {
    given(...begun, described({ title: 'Another' }))
      .when(titled('e', 'A release'))
      .then({ changes: [{ entity: 'e', version: 1 }] });
    given(...begun, described({ title: 'Another' }))
      .when(titled('e', 'Another'))
      .thenRejected('duplicate-document', '/title');
    given(...begun, described({ title: 'Another' }, 1, []))
      .when(titled('e', 'A release'))
      .thenRejected('duplicate-document', '/title');
    given(...begun, titled('e', 'Another'))
      .when(described({ title: 'Another' }))
      .thenRejected('duplicate-document', '/title');
  });
  test('is free again within the round of the writer that sets it free', () => {
    const state = initialState();
    for (const command of begun) evolve(state, decide(state, command) as Fact);
    const round = overlayOn(state);
    evolve(round, decide(round, described({ title: 'Another' })) as Fact);
    const another = titled('e', 'A release');
    expect(decide(round, another)).toMatchObject({ data: { changes: [{ entity: 'e', version: 1 }] } });
    commitOverlay(round, state);
    expect(decide(state, another)).toMatchObject({ data: { changes: [{ entity: 'e', version: 1 }] } });
  });
  test('is no copy of itself, straight or by others', () => {
    given(...begun)
      .when(described({ copyOf: 'd' }))
      .thenRejected('contradiction', '/copyOf');
    given(...begun, document('e', { title: 'Two', copyOf: 'd' }), document('f', { title: 'Three', copyOf: 'e' }))
      .when(described({ copyOf: 'f' }))
      .thenRejected('contradiction', '/copyOf');
  });
  test('a new version drops statements of its own, each once', () => {
    const said = [
      ...begun,
      titled('e', 'Another'),
      statement('s', [killed]),
      statement('t', [killed], { document: 'e' }),
    ];
    given(...said)
      .when(described({}, 1, ['s']))
      .then({ changes: [{ entity: 'd', version: 2 }], dropped: ['s'] });
    given(...said)
      .when(described({}, 1, []))
      .then({ dropped: [] });
    given(...said)
      .when(described({}, 1, ['t']))
      .thenRejected('does-not-fit', '/dropped/0');
    given(...said)
      .when(described({}, 1, ['s', 's']))
      .thenRejected('does-not-fit', '/dropped/1');
    given(...said)
      .when(described({}, 1, ['x']))
      .thenRejected('unknown-reference', '/dropped/0');
  });
});

describe('merging and splitting incidents', () => {
  const merge = (id: string, into: string, versions: [number, number] = [1, 1]): Command => ({
    act: 'merge-incident',
    id,
    into,
    reason: 'Recorded twice.',
    expect: [
      { entity: id, version: versions[0] },
      { entity: into, version: versions[1] },
    ],
  });
  const split = (claims: [string, 'old' | 'new' | 'both'][], version = 1, newId = 'n'): Command => ({
    act: 'split-incident',
    id: 'i',
    newId,
    incident: card,
    claims: claims.map(([claim, to]) => ({ claim, to })),
    reason: 'There were two.',
    expect: [{ entity: 'i', version }],
  });
  const joint = { ...killed, about: { incidents: ['i', 'j'] } };
  const aboutJ = { ...killed, about: { incident: 'j' } };

  test('a merger changes both, and what is said of the one is said of the other', () => {
    given(...begun)
      .when(merge('j', 'i'))
      .then({
        changes: [
          { entity: 'j', version: 2 },
          { entity: 'i', version: 2 },
        ],
        into: 'i',
      });
    const base = statement('s', [killed]);
    const change = { ...aboutJ, value: { change: 1, from: 's#1' } };
    given(...begun, base)
      .when(statement('t', [change]))
      .thenRejected('does-not-fit', '/claims/0/value/from');
    given(...begun, base, merge('j', 'i'))
      .when(statement('t', [change]))
      .then({ changes: [{ entity: 't', version: 1 }] });
  });
  test('is refused in a circle, between whole and part, of what was retracted', () => {
    given(...begun, merge('j', 'i'))
      .when(merge('i', 'j', [2, 2]))
      .thenRejected('contradiction', '/into');
    given(...begun)
      .when(merge('i', 'i'))
      .thenRejected('contradiction', '/into');
    const tie: Command = {
      act: 'tie-incident',
      id: 'i',
      tie: { whole: 'j', kind: 'part-of' },
      reason: 'Made up.',
      expect: [{ entity: 'i', version: 1 }],
    };
    given(...begun, tie)
      .when(merge('i', 'j', [2, 1]))
      .thenRejected('contradiction', '/into');
    given(...begun, tie)
      .when(merge('j', 'i', [1, 2]))
      .thenRejected('contradiction', '/into');
    const gone: Command = { act: 'retract-incident', id: 'i', reason: 'No.', expect: [{ entity: 'i', version: 1 }] };
    given(...begun, gone)
      .when(merge('j', 'i', [1, 2]))
      .thenRejected('does-not-fit', '/into');
    given(...begun, merge('j', 'i'))
      .when(correct('j', { note: 'Late.' }, 2))
      .thenRejected('merged');
  });
  test('ties go over to the survivor', () => {
    const tie = (id: string, whole: string, version: number): Command => ({
      act: 'tie-incident',
      id,
      tie: { whole, kind: 'part-of' },
      reason: 'Made up.',
      expect: [{ entity: id, version }],
    });
    const merged = [...begun, incident('k'), tie('j', 'k', 1), merge('j', 'i', [2, 1])];
    given(...merged)
      .when(tie('i', 'k', 2))
      .thenNothing();
    given(...merged)
      .when(tie('k', 'i', 1))
      .thenRejected('contradiction', '/whole');
  });
  test('a split says of every claim where it belongs; the statements whose claims move change', () => {
    const said = [...begun, statement('s', [killed, { ...killed, predicate: 'injured' }]), statement('t', [joint])];
    given(...said)
      .when(
        split([
          ['s#1', 'old'],
          ['s#2', 'new'],
          ['t#1', 'both'],
        ]),
      )
      .then({
        changes: [
          { entity: 'i', version: 2 },
          { entity: 'n', version: 1 },
          { entity: 's', version: 2 },
          { entity: 't', version: 2 },
        ],
      });
    const left = given(...said)
      .when(split([['s#1', 'old']]))
      .thenRejected('does-not-fit', '/claims');
    expect(left.details).toEqual({ unassigned: ['s#2', 't#1'], count: 2 });
    given(...said)
      .when(
        split([
          ['s#1', 'old'],
          ['s#1', 'new'],
          ['s#2', 'old'],
          ['t#1', 'old'],
        ]),
      )
      .thenRejected('does-not-fit', '/claims/1/claim');
    given(...begun, statement('u', [aboutJ]))
      .when(split([['u#1', 'new']]))
      .thenRejected('does-not-fit', '/claims/0/claim');
    given(...begun)
      .when(split([], 1, 'us'))
      .thenRejected('id-taken', '/newId');
    given(...begun, merge('i', 'j'))
      .when(split([], 2))
      .thenRejected('merged');
  });
  test('a split moves as many statements as one record can list', () => {
    const many = Array.from({ length: 499 }, (_, n) => `t-${n}`);
    const moving = (moved: number): Command => ({
      act: 'split-incident',
      id: 'i',
      newId: 'n',
      incident: card,
      claims: many.map((id, n) => ({ claim: `${id}#1`, to: n < moved ? 'new' : 'old' })),
      reason: 'Made up.',
      expect: [{ entity: 'i', version: 1 }],
    });
    const said = [...begun, ...many.map((id) => statement(id, [killed]))];
    given(...said)
      .when(moving(499))
      .thenRejected('record-too-large', '/claims');
    const allMoved = [
      { entity: 'i', version: 2 },
      { entity: 'n', version: 1 },
    ].concat(many.slice(0, 498).map((entity) => ({ entity, version: 2 })));
    given(...said)
      .when(moving(498))
      .then({ changes: allMoved });
  });
  test('claims that moved are claims about the new one, also those of what was merged', () => {
    const moved = [...begun, statement('s', [aboutJ]), merge('j', 'i'), split([['s#1', 'new']], 2)];
    given(...moved)
      .when(statement('t', [{ ...killed, about: { incident: 'n' }, value: { change: 1, from: 's#1' } }]))
      .then({ changes: [{ entity: 't', version: 1 }] });
    given(...moved)
      .when(statement('t', [{ ...killed, value: { change: 1, from: 's#1' } }]))
      .thenRejected('does-not-fit', '/claims/0/value/from');
  });
});

describe('reassigning a statement', () => {
  const reassign = (more: object, version = 1): Command => ({
    act: 'reassign-statement',
    id: 's',
    reason: 'It was of another attack.',
    expect: [{ entity: 's', version }],
    ...more,
  });
  const said = [...begun, statement('s', [killed])];

  test('moves it to another utterance, or its claims to other incidents', () => {
    given(...said)
      .when(reassign({ utterance: 'january', incidents: [{ from: 'i', to: 'j' }] }))
      .then({ changes: [{ entity: 's', version: 2 }], utterance: 'january', incidents: [{ from: 'i', to: 'j' }] });
    const moved = [...said, reassign({ incidents: [{ from: 'i', to: 'j' }] })];
    given(...moved)
      .when(statement('t', [{ ...killed, about: { incident: 'j' }, value: { change: 1, from: 's#1' } }]))
      .then({ changes: [{ entity: 't', version: 1 }] });
  });
  test('says what changes, of incidents that it is about, to ones that exist', () => {
    given(...said)
      .when(reassign({}))
      .thenRejected('does-not-fit', '/utterance');
    given(...said)
      .when(reassign({ incidents: [{ from: 'j', to: 'i' }] }))
      .thenRejected('does-not-fit', '/incidents/0/from');
    given(...said)
      .when(reassign({ incidents: [{ from: 'i', to: 'i' }] }))
      .thenRejected('does-not-fit', '/incidents/0/to');
    given(...said)
      .when(reassign({ incidents: [{ from: 'i', to: 'x' }] }))
      .thenRejected('unknown-reference', '/incidents/0/to');
    given(...said)
      .when(
        reassign({
          incidents: [
            { from: 'i', to: 'j' },
            { from: 'i', to: 'j' },
          ],
        }),
      )
      .thenRejected('does-not-fit', '/incidents/1/from');
    // Called by what was merged into it, it is the same one all the same.
    const merger: Command = {
      act: 'merge-incident',
      id: 'k',
      into: 'i',
      reason: 'Made up.',
      expect: [
        { entity: 'k', version: 1 },
        { entity: 'i', version: 1 },
      ],
    };
    const twice = [
      { from: 'i', to: 'j' },
      { from: 'k', to: 'j' },
    ];
    given(...said, incident('k'), merger)
      .when(reassign({ incidents: twice }))
      .thenRejected('does-not-fit', '/incidents/1/from');
  });
});

describe('adopting', () => {
  const adopt = (more: object, version = 1): Command => ({
    act: 'adopt',
    reason: 'A policy was added.',
    expect: [{ entity: 'ledger', version }],
    ...more,
  });
  const older = (): ReturnType<typeof initialState> => {
    const state = initialState();
    evolve(state, {
      name: 'LedgerOpened',
      data: {
        changes: [{ entity: 'ledger', version: 1 }],
        codebook: 1,
        policies: { 'official-first': 1 },
        origin: { title: 'Opened by an older program' },
      },
    });
    return state;
  };

  test('puts what an older ledger lacks in force, from then on', () => {
    const state = older();
    const fact = decide(state, adopt({ policies: { envelope: 1 } }));
    expect(fact?.data).toEqual({
      changes: [{ entity: 'ledger', version: 2 }],
      codebook: 1,
      policies: { 'official-first': 1, envelope: 1 },
      reason: 'A policy was added.',
    });
    if (fact !== null) evolve(state, fact);
    expect(state.inForce).toEqual({ codebook: 1, policies: { 'official-first': 1, envelope: 1 } });
    expect(decide(state, adopt({ policies: { envelope: 1 } }, 2))).toBeNull();
  });
  test('of what this program does not know, or what was before, is refused', () => {
    given(open)
      .when(adopt({ policies: { envelope: 2 } }))
      .thenRejected('unknown-version');
    given(open)
      .when(adopt({ codebook: 2 }))
      .thenRejected('unknown-version');
    given(open).when(adopt({})).thenNothing();
    given(open).when(adopt({}, 2)).thenRejected('wrong-version', '/expect');
    const state = older();
    if (state.inForce !== undefined) state.inForce.codebook = 3;
    expect(() => decide(state, adopt({ codebook: 1 }))).toThrow(Rejected);
  });
});
