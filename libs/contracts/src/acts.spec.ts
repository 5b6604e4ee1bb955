import { describe, expect, test } from '@jest/globals';
import type { Act, ActName, Actor, Document, Incident, Place, Predicate, Statement } from '#domain';
import { ACTS, completeAct, readBody, type BesideBody, type CheckedBody } from './acts.js';
import { Problem, type Fault } from './problems.js';
import type { ActorDto, ClaimDto, DocumentDto, IncidentDto, Open, PlaceDto, StatementDto } from './vocabulary.dto.js';

const span = { from: '2023-04-10', to: '2023-04-10', precision: 'day' };
const actor = { names: [{ text: 'Centcom', language: 'en' }], kind: 'armed-force', partOf: 'us' };
const place = { names: [{ text: 'Conoco' }], kind: 'site', inside: 'deir-ezzor', point: { lat: 35.33, lon: 40.3 } };
const document = { publisher: 'the-national', kind: 'full', title: 'Failed rocket attack', published: span };
const incident = { kind: 'single', method: 'rocket', parties: [{ actor: 'us', side: 'target' }] };
const claim = {
  about: { incident: 'conoco' },
  predicate: 'injured',
  stance: 'asserts',
  value: { low: 0, best: 0, high: 0 },
};
const statement = { document: 'd1', speaker: 'centcom', form: 'reported', claims: [claim] };

const bodies: Record<ActName, Record<string, unknown>> = {
  'open-ledger': { origin: { title: 'Attacks in Syria', keeper: 'The desk' }, seed: 'states' },
  'close-ledger': { reason: 'It is full.', successor: 'syria-2' },
  adopt: { codebook: 1, policies: { envelope: 1 }, reason: 'A rule was mended.' },
  'register-actor': actor,
  'correct-actor': { ...actor, id: 'centcom', reason: 'The name was mistyped.' },
  'reparent-actor': { id: 'centcom', partOf: 'us', reason: 'It is a part of it.' },
  'merge-actor': { id: 'centcom-2', into: 'centcom', reason: 'Registered twice.' },
  'register-place': place,
  'correct-place': { ...place, id: 'conoco-site', reason: 'The point was mistyped.' },
  'reparent-place': { id: 'conoco-site', inside: 'deir-ezzor', reason: 'It lies there.' },
  'merge-place': { id: 'conoco-2', into: 'conoco-site', reason: 'Registered twice.' },
  'register-document': document,
  'correct-document': { ...document, id: 'd1', reason: 'The title was mistyped.' },
  'record-document-version': { ...document, id: 'd1', dropped: ['s1'], reason: 'The paragraph is gone.' },
  'record-incident': incident,
  'correct-incident': { ...incident, id: 'conoco', reason: 'The time was misread.' },
  'merge-incident': { id: 'conoco-2', into: 'conoco', reason: 'Recorded twice.' },
  'split-incident': {
    ...incident,
    id: 'conoco',
    newId: 'conoco-b',
    claims: [{ claim: 's1#1', to: 'both' }],
    reason: 'Two.',
  },
  'record-statement': statement,
  'reassign-statement': {
    id: 's1',
    utterance: 'u2',
    incidents: [{ from: 'conoco', to: 'april' }],
    reason: 'Of another.',
  },
  'tie-incident': { id: 'conoco', whole: 'april', kind: 'part-of', reason: 'It was one of them.' },
  'untie-incident': { id: 'conoco', whole: 'april', reason: 'It was not.' },
  'correct-statement': { ...statement, id: 's1', reason: 'The number was misread.' },
  'retract-incident': { id: 'conoco', reason: 'Two reports of one attack.' },
  'retract-statement': { id: 's1', reason: 'Never said.', takesBack: 2 },
  'withdraw-document': { id: 'd1', reason: 'Its publisher took it down.' },
  'record-assessment': { about: { claim: 's1#2' }, credibility: 2, reliability: 'B', grounds: 'Seen by two.' },
  'retract-assessment': { id: 'a1', reason: 'It was of another claim.' },
  'mark-document-unreachable': { id: 'd1', reason: 'The address answers 404.' },
};

function faultsOf(act: ActName, body: unknown, beside?: BesideBody): readonly Fault[] {
  try {
    readBody(act, body, beside);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
    return error.errors;
  }
  return [];
}

const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** Where and what, of a body with these fields in place of a good one's. */
function faults(act: ActName, changed: Record<string, unknown>): [string, string][] {
  return faultsOf(act, { ...bodies[act], ...changed }).map(({ pointer, code }) => [pointer, code]);
}

const claimFaults = (changed: Record<string, unknown>): [string, string][] =>
  faults('record-statement', { claims: [{ ...claim, ...changed }] });

describe('every act', () => {
  test.each(Object.keys(ACTS) as ActName[])('%s: a good body is taken, any other shape is refused', (act) => {
    expect(readBody(act, bodies[act]).act.act).toBe(act);
    for (const [body, code] of [
      [undefined, 'wrong-type'],
      [null, 'wrong-type'],
      ['text', 'wrong-type'],
      [[], 'wrong-type'],
    ] as const) {
      expect(faultsOf(act, body)).toMatchObject([{ pointer: '', code }]);
    }
    expect(faultsOf(act, {}).every(({ code }) => code === 'missing')).toBe(true);
    expect(faultsOf(act, {}).length).toBeGreaterThan(0);
  });

  test.each(Object.keys(ACTS) as ActName[])(
    '%s: unknown fields are refused by name, whatever they are called',
    (act) => {
      for (const name of ['surprise', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'act', 'a/b~c']) {
        const pointer = `/${name.replace('~', '~0').replace('/', '~1')}`;
        expect(faults(act, { [name]: 1 })).toEqual([[pointer, 'unknown-field']]);
      }
    },
  );
});

describe('unknown fields at depth', () => {
  test.each([
    ['/names/0/nick', 'register-actor', { names: [{ text: 'A', nick: 'B' }] }],
    ['/codes/iso3', 'register-actor', { codes: { iso3: 'SYR' } }],
    ['/names/0/text/sealed', 'register-actor', { names: [{ text: { private: true, text: 'A', sealed: true } }] }],
    ['/place/point/alt', 'record-incident', { place: { place: 'p', point: { lat: 1, lon: 1, alt: 1 } } }],
    ['/claims/0/value/median', 'record-statement', { claims: [{ ...claim, value: { median: 3 } }] }],
    ['/claims/0/value/constructor', 'record-statement', { claims: [{ ...claim, value: { constructor: 3 } }] }],
    ['/claims/0/about/scope/where', 'record-statement', { claims: [{ ...claim, about: { scope: { where: 'x' } } }] }],
    [
      '/claims/0/parts/0/who/sex',
      'record-statement',
      { claims: [{ ...claim, parts: [{ who: { sex: 'f' }, value: {} }] }] },
    ],
    [
      '/quote/translation/by',
      'record-statement',
      {
        quote: { text: 'q', language: 'ar', translation: { text: 't', language: 'en', by: 'x' } },
      },
    ],
  ] as [string, ActName, Record<string, unknown>][])('%s', (pointer, act, changed) => {
    expect(faults(act, changed)).toEqual([[pointer, 'unknown-field']]);
  });
});

describe('one rule after the other', () => {
  const cases: [ActName, string, unknown, string | null, string?][] = [
    // acts on what exists
    ['merge-actor', 'into', null, 'wrong-type'],
    ['merge-incident', 'into', 'No Id', 'wrong-form'],
    ['reparent-actor', 'partOf', '', 'wrong-form'],
    ['record-document-version', 'dropped', null, 'wrong-type'],
    ['record-document-version', 'dropped', [], null],
    ['record-document-version', 'dropped', many(501, 's1'), 'too-many'],
    ['record-document-version', 'dropped', ['S 1'], 'wrong-form', '/dropped/0'],
    ['split-incident', 'newId', 'No Id', 'wrong-form'],
    ['split-incident', 'claims', null, 'wrong-type'],
    ['split-incident', 'claims', [{ claim: 's1', to: 'old' }], 'wrong-form', '/claims/0/claim'],
    ['split-incident', 'claims', [{ claim: 's1#1', to: 'neither' }], 'not-in-list', '/claims/0/to'],
    ['split-incident', 'claims', many(1001, { claim: 's1#1', to: 'old' }), 'too-many'],
    ['reassign-statement', 'incidents', [], 'too-few'],
    ['reassign-statement', 'incidents', [{ from: 'a' }], 'missing', '/incidents/0/to'],
    ['adopt', 'policies', { newest: 1 }, 'unknown-field', '/policies/newest'],
    ['adopt', 'policies', { envelope: 0 }, 'out-of-range', '/policies/envelope'],
    ['adopt', 'codebook', 0, 'out-of-range'],
    ['open-ledger', 'seed', 'planets', 'not-in-list'],
    ['open-ledger', 'seed', ['states'], 'wrong-type'],
    // ids
    ['register-actor', 'id', 'us', null],
    ['register-actor', 'id', 'ged:12345', null],
    ['register-actor', 'id', 'a'.repeat(100), null],
    ['register-actor', 'id', 'a'.repeat(101), 'wrong-form'],
    ['register-actor', 'id', 'Us', 'wrong-form'],
    ['register-actor', 'id', '', 'wrong-form'],
    ['register-actor', 'id', '-us', 'wrong-form'],
    ['register-actor', 'id', 'us\n', 'wrong-form'],
    ['register-actor', 'id', 7, 'wrong-type'],
    ['register-actor', 'id', null, 'wrong-type'],
    // words, flags, lists
    ['register-actor', 'kind', 'army', 'not-in-list'],
    ['register-actor', 'kind', null, 'wrong-type'],
    ['register-actor', 'official', true, null],
    ['register-actor', 'official', false, 'wrong-type'],
    ['register-actor', 'official', 'true', 'wrong-type'],
    ['register-actor', 'names', [], 'too-few'],
    ['register-actor', 'names', many(51, { text: 'A' }), 'too-many'],
    ['register-actor', 'names', { 0: { text: 'A' } }, 'wrong-type'],
    ['register-actor', 'names', [['A']], 'wrong-type', '/names/0'],
    ['register-actor', 'names', ['A'], 'wrong-type', '/names/0'],
    ['register-document', 'collects', ['killed', 'dead'], 'not-in-list', '/collects/1'],
    ['register-document', 'collects', many(17, 'killed'), 'too-many'],
    // labels
    ['register-document', 'title', 'x'.repeat(300), null],
    ['register-document', 'title', 'x'.repeat(301), 'too-long'],
    ['register-document', 'title', '😀'.repeat(150), null],
    ['register-document', 'title', '😀'.repeat(151), 'too-long'],
    ['register-document', 'title', '', 'blank'],
    ['register-document', 'title', ' \t', 'blank'],
    ['register-document', 'title', 'two\nlines', 'control-character'],
    ['register-document', 'title', 'two\u2028lines', 'control-character'],
    ['register-document', 'title', 'a\u0007bell', 'control-character'],
    ['register-document', 'title', 'a\u009fb', 'control-character'],
    ['register-document', 'title', 'نص \u200fعربي', null],
    // prose
    ['register-document', 'note', 'two\nlines\tand tab', null],
    ['register-document', 'note', 'x'.repeat(2000), null],
    ['register-document', 'note', 'x'.repeat(2001), 'too-long'],
    ['register-document', 'note', 'a\r\nb', 'control-character'],
    ['register-document', 'note', 'a\u0000b', 'control-character'],
    ['register-document', 'note', 'a\ud800b', 'control-character'],
    ['register-document', 'note', null, 'wrong-type'],
    // moments, languages, addresses, hashes
    ['register-document', 'retrieved', '2023-04-11T08:00:00Z', null],
    ['register-document', 'retrieved', '2023-04-11T08:00:00.123456+03:00', null],
    ['register-document', 'retrieved', '2024-02-29T08:00:00-14:00', null],
    ['register-document', 'retrieved', '2023-04-11T08:00:00+14:01', 'unreal-date'],
    ['register-document', 'retrieved', '2023-04-11T08:00:00+25:00', 'unreal-date'],
    ['register-document', 'retrieved', '2023-02-29T08:00:00Z', 'unreal-date'],
    ['register-document', 'retrieved', '0000-01-01T08:00:00Z', 'unreal-date'],
    ['register-document', 'retrieved', '2023-04-11T24:00:00Z', 'unreal-date'],
    ['register-document', 'retrieved', '2023-04-11T23:59:60Z', 'unreal-date'],
    ['register-document', 'retrieved', '2023-04-11T08:00:00', 'wrong-form'],
    ['register-document', 'retrieved', '2023-04-11', 'wrong-form'],
    ['register-document', 'retrieved', 1681200000, 'wrong-type'],
    ['register-document', 'language', 'ar', null],
    ['register-document', 'language', 'zh-Hant-TW', null],
    ['register-document', 'language', 'english language', 'wrong-form'],
    ['register-document', 'language', 'e', 'wrong-form'],
    ['register-document', 'language', 'en-a', 'wrong-form'],
    ['register-document', 'url', 'https://www.thenationalnews.com/a?b=c', null],
    ['register-document', 'url', 'ftp://example.org/', 'wrong-form'],
    ['register-document', 'url', 'https://exa mple.org/', 'wrong-form'],
    ['register-document', 'url', 'https://[', 'wrong-form'],
    ['register-document', 'url', '/relative', 'wrong-form'],
    ['register-document', 'sha256', 'a'.repeat(64), null],
    ['register-document', 'sha256', 'A'.repeat(64), 'wrong-form'],
    ['register-document', 'sha256', 'a'.repeat(63), 'wrong-form'],
    // local times and zones
    [
      'record-incident',
      'time',
      { ...span, from: '2023-04-10T17:51', to: '2023-04-10T17:51:30', zone: 'Asia/Damascus' },
      null,
    ],
    ['record-incident', 'time', { ...span, from: '2023-02-30' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '1900-02-29' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2000-02-29' }, null],
    ['record-incident', 'time', { ...span, from: '0000-01-01' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-13-01' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-00-10' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-04-10T24:00' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-04-10T23:60' }, 'unreal-date', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-04-10T10:00Z' }, 'wrong-form', '/time/from'],
    ['record-incident', 'time', { ...span, from: '2023-4-1' }, 'wrong-form', '/time/from'],
    ['record-incident', 'time', { ...span, zone: 'Asia/Nowhere' }, 'wrong-form', '/time/zone'],
    ['record-incident', 'time', { ...span, zone: 'asia/damascus' }, 'wrong-form', '/time/zone'],
    ['record-incident', 'time', { ...span, zone: '+03:00' }, 'wrong-form', '/time/zone'],
    ['record-incident', 'time', { ...span, zone: 'UTC' }, null],
    ['record-incident', 'time', { ...span, assumed: false }, 'wrong-type', '/time/assumed'],
    ['record-incident', 'time', { from: '2023-04-10', to: '2023-04-10' }, 'missing', '/time/precision'],
    ['record-incident', 'time', null, 'wrong-type'],
    ['record-incident', 'parties', undefined, 'wrong-type'],
    // points and other numbers
    ['register-place', 'point', { lat: 90, lon: -180 }, null],
    ['register-place', 'point', { lat: 90.1, lon: 0 }, 'out-of-range', '/point/lat'],
    ['register-place', 'point', { lat: 0, lon: 180.5 }, 'out-of-range', '/point/lon'],
    ['register-place', 'point', { lat: '1.5', lon: 0 }, 'wrong-type', '/point/lat'],
    ['register-place', 'point', { lat: 1 }, 'missing', '/point/lon'],
    ['register-place', 'radiusKm', 0.5, null],
    ['register-place', 'radiusKm', 20001, 'out-of-range'],
    ['register-place', 'radiusKm', -1, 'out-of-range'],
    ['register-place', 'codes', { iso: 'SY', gw: 652 }, null],
    ['register-place', 'codes', { iso: 'sy' }, 'wrong-form', '/codes/iso'],
    ['register-place', 'codes', { gw: 1000 }, 'out-of-range', '/codes/gw'],
    ['register-place', 'codes', { gw: 1.5 }, 'wrong-type', '/codes/gw'],
    ['open-ledger', 'origin', { title: 'x', owner: 'y' }, 'unknown-field', '/origin/owner'],
    ['open-ledger', 'origin', 'Syria', 'wrong-type'],
    // expectations
    ['record-incident', 'expect', [{ entity: 'us', version: 1 }], null],
    ['record-incident', 'expect', [{ entity: 'us', version: 0 }], 'out-of-range', '/expect/0/version'],
    ['record-incident', 'expect', [{ entity: 'us', version: '1' }], 'wrong-type', '/expect/0/version'],
    ['open-ledger', 'expect', [], 'unknown-field'],
  ];

  test.each(cases)('%s: %s %j → %s', (act, field, value, code, pointer = `/${field}`) => {
    expect(faults(act, { [field]: value })).toEqual(code === null ? [] : [[pointer, code]]);
  });
});

describe('claims', () => {
  const incidents = (count: number): string[] => Array.from({ length: count }, (_, index) => `i${index}`);
  const people = { low: 41, best: null, high: null };

  const good: Record<Predicate, unknown> = {
    happened: { low: 2, best: null, high: null },
    killed: { low: 1, best: 1, high: 1 },
    injured: { ...people, kind: 'tbi' },
    casualties: { low: 100, best: 100, high: 100, about: true },
    munitions: { munition: 'rocket', low: 1, best: 1, high: 1, of: { 'fell-nearby': 1 }, atOrigin: 1 },
    damage: { level: 'none', items: [{ thing: 'truck', best: 2 }] },
    outcome: { outcome: 'ineffective' },
    responsibility: { actor: 'iran', role: 'any' },
    place: { place: 'al-tanf', near: true, point: { lat: 33.5, lon: 38.6 } },
    time: { ...span, words: 'Monday' },
    relation: { kind: 'linked-to', to: { text: 'the escalation with Iran' } },
    count: { of: 'returned-to-duty', low: 31, best: 31, high: 31 },
    'force-level': { measure: 'present', component: 'all', best: 900, at: { from: '2023-03-01', to: '2023-04-11' } },
    total: { low: 165, counter: { id: 'moh', startedOn: '2023-10-17', phase: 2 } },
    outlook: { text: 'ISIS returns', within: { low: 1, high: null, unit: 'year' }, if: 'the US withdraws' },
    remark: { text: { private: true, text: 'of a private person' } },
  };

  test.each(Object.entries(good))('%s takes its own value', (predicate, value) => {
    expect(claimFaults({ predicate, value })).toEqual([]);
  });

  test.each(Object.keys(good))('%s takes no value of another predicate', (predicate) => {
    const foreign = predicate === 'outcome' ? { actor: 'iran', role: 'any' } : { outcome: 'effective' };
    const found = claimFaults({ predicate, value: foreign });
    expect(found).toContainEqual([`/claims/0/value/${Object.keys(foreign)[0]}`, 'unknown-field']);
  });

  test.each([
    ['value', 3, '/claims/0/value', 'wrong-type'],
    ['value', null, '/claims/0/value', 'wrong-type'],
    ['value', { low: 1.5 }, '/claims/0/value/low', 'wrong-type'],
    ['value', { low: -1 }, '/claims/0/value/low', 'out-of-range'],
    ['value', { best: '3' }, '/claims/0/value/best', 'wrong-type'],
    ['value', { about: null }, '/claims/0/value/about', 'wrong-type'],
    ['value', { change: null }, '/claims/0/value/change', 'wrong-type'],
    ['value', { change: 1, from: 'statement' }, '/claims/0/value/from', 'wrong-form'],
    ['value', { change: 1, from: 's#0' }, '/claims/0/value/from', 'wrong-form'],
    ['about', {}, '/claims/0/about', 'exactly-one'],
    ['about', { incident: 'a', scope: {} }, '/claims/0/about', 'exactly-one'],
    ['about', { incident: null }, '/claims/0/about/incident', 'wrong-type'],
    ['about', { incidents: ['a'] }, '/claims/0/about/incidents', 'too-few'],
    ['about', { incidents: incidents(101) }, '/claims/0/about/incidents', 'too-many'],
    ['about', { incidents: ['a', 'B'] }, '/claims/0/about/incidents/1', 'wrong-form'],
    ['about', { scope: { places: incidents(51) } }, '/claims/0/about/scope/places', 'too-many'],
    ['predicate', 'constructor', '/claims/0/predicate', 'not-in-list'],
    ['predicate', ['killed'], '/claims/0/predicate', 'wrong-type'],
    ['stance', 'says', '/claims/0/stance', 'not-in-list'],
    ['retracts', 'x', '/claims/0/retracts', 'wrong-form'],
    ['parts', many(21, { who: {}, value: {} }), '/claims/0/parts', 'too-many'],
    ['parts', [{ who: {} }], '/claims/0/parts/0/value', 'missing'],
    ['words', 7, '/claims/0/words', 'wrong-type'],
    ['words', ['x'], '/claims/0/words', 'wrong-type'],
    ['words', { private: false, text: 'x' }, '/claims/0/words/private', 'wrong-type'],
    ['words', { private: true }, '/claims/0/words/text', 'missing'],
    ['words', { private: true, text: 'x'.repeat(2001) }, '/claims/0/words/text', 'too-long'],
    ['words', { enc: 'x', nonce: 'y', keyid: 'k', keyhash: 'h' }, '/claims/0/words/enc', 'unknown-field'],
  ])('%s %j', (field, value, pointer, code) => {
    expect(claimFaults({ [field]: value })).toContainEqual([pointer, code]);
  });

  test('a relation is to exactly one thing', () => {
    expect(claimFaults({ predicate: 'relation', value: { kind: 'linked-to', to: {} } })).toEqual([
      ['/claims/0/value/to', 'exactly-one'],
    ]);
  });

  test('of a wrong predicate only the predicate is at fault', () => {
    expect(claimFaults({ predicate: 'wounded' })).toEqual([['/claims/0/predicate', 'not-in-list']]);
  });

  test('at most 200', () => {
    expect(faults('record-statement', { claims: many(200, claim) })).toEqual([]);
    expect(faults('record-statement', { claims: many(201, claim) })).toEqual([['/claims', 'too-many']]);
  });
});

describe('faults', () => {
  test('all come at once, and the detail names the first', () => {
    const body = { ...statement, form: 'spoken', speaker: 1, claims: [{ ...claim, value: { low: 'a', best: -1 } }] };
    expect(faultsOf('record-statement', body).map(({ pointer }) => pointer)).toEqual([
      '/speaker',
      '/form',
      '/claims/0/value/low',
      '/claims/0/value/best',
    ]);
    expect(() => readBody('record-statement', body)).toThrow('/speaker must be a string. And 3 more, see errors.');
  });

  test('are not more than a hundred', () => {
    const junk = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, 1]));
    expect(faultsOf('register-actor', junk).length).toBeLessThanOrEqual(110);
  });

  test('never repeat a value', () => {
    const names = [{ text: { private: true, text: 'Jane Doe\u0007', nick: 'Jane Doe' } }];
    expect(JSON.stringify(faultsOf('register-actor', { ...actor, names }))).not.toContain('Jane');
  });
});

describe('what is read', () => {
  test('has the shape of the act, with id and expect apart', () => {
    const expectations = [{ entity: 'us', version: 2 }];
    expect(readBody('register-actor', { ...actor, id: 'centcom', expect: expectations })).toMatchObject({
      act: { act: 'register-actor', actor },
      id: 'centcom',
      expect: expectations,
    });
    expect(readBody('register-actor', actor)).not.toHaveProperty('id');
    expect(readBody('correct-incident', bodies['correct-incident']).act).toEqual({
      act: 'correct-incident',
      incident,
      reason: 'The time was misread.',
    });
    const { seed, ...opening } = bodies['open-ledger'];
    expect(readBody('open-ledger', bodies['open-ledger'])).toMatchObject({
      act: { act: 'open-ledger', ...opening },
      seed,
    });
    expect(readBody('open-ledger', bodies['open-ledger']).act).not.toHaveProperty('seed');
    expect(readBody('open-ledger', bodies['open-ledger']).canonicalBody).toContain('"seed":"states"');
  });

  test('keeps private text open, for the writer to seal', () => {
    const names = [{ text: { private: true, text: 'A Name' } }];
    expect(readBody('register-actor', { ...actor, names }).act).toMatchObject({ actor: { names } });
  });

  test('gets an id from the server where the client gave none, and a statement its utterance', () => {
    const made = (): string => 'made';
    expect(completeAct(readBody('record-incident', incident), made)).toMatchObject({ id: 'made' });
    expect(completeAct(readBody('record-incident', { ...incident, id: 'own' }), made)).toMatchObject({ id: 'own' });
    expect(completeAct(readBody('record-statement', statement), made)).toMatchObject({
      id: 'made',
      statement: { utterance: 'made' },
    });
    expect(completeAct(readBody('record-statement', { ...statement, utterance: 'u' }), made)).toMatchObject({
      statement: { utterance: 'u' },
    });
    expect(completeAct(readBody('open-ledger', bodies['open-ledger']), made)).not.toHaveProperty('id');
  });
});

describe('what the address says beside the body', () => {
  const { id: _id, ...correction } = bodies['correct-incident'];

  test('the entity to change comes from one of them, and must be the same', () => {
    expect(readBody('correct-incident', correction, { id: 'conoco' }).id).toBe('conoco');
    expect(faultsOf('correct-incident', correction)).toMatchObject([{ pointer: '/id', code: 'missing' }]);
    expect(faultsOf('correct-incident', { ...correction, id: 'other' }, { id: 'conoco' })).toMatchObject([
      { pointer: '/id', code: 'differs-from-address' },
    ]);
  });

  test('If-Match is short for expect', () => {
    const beside = { id: 'conoco', ifMatch: '"3"' };
    expect(readBody('correct-incident', correction, beside).expect).toEqual([{ entity: 'conoco', version: 3 }]);
    const expectations = [{ entity: 'us', version: 1 }];
    expect(readBody('correct-incident', { ...correction, expect: expectations }, beside).expect).toEqual([
      ...expectations,
      { entity: 'conoco', version: 3 },
    ]);
  });

  test.each(['3', 'W/"3"', '*', '"0"', '"3", "4"', '""', '"99999999999999999"'])(
    'If-Match %s is refused',
    (ifMatch) => {
      expect(() => readBody('correct-incident', correction, { id: 'conoco', ifMatch })).toThrow('If-Match must be');
    },
  );

  test('If-Match does not contradict the body, nor stand where no entity is named', () => {
    const body = { ...correction, expect: [{ entity: 'conoco', version: 2 }] };
    expect(() => readBody('correct-incident', body, { id: 'conoco', ifMatch: '"3"' })).toThrow('different versions');
    expect(() => readBody('record-incident', incident, { ifMatch: '"3"' })).toThrow('needs an entity');
  });
});

describe('the canonical body, of which the digest is made,', () => {
  const canonical = (act: ActName, body: unknown, beside?: BesideBody): string =>
    readBody(act, body, beside).canonicalBody;

  test('is in the form of RFC 8785', () => {
    expect(canonical('register-actor', { kind: 'state', names: [{ text: 'دمشق €' }], id: 'x' })).toBe(
      '{"act":"register-actor","id":"x","kind":"state","names":[{"text":"دمشق €"}]}',
    );
  });

  test('does not depend on the order of fields or the spelling of numbers', () => {
    const reversed = Object.fromEntries(Object.entries(place).toReversed());
    expect(canonical('register-place', reversed)).toBe(canonical('register-place', place));
    expect(canonical('register-place', JSON.parse('{"names":[{"text":"A"}],"kind":"site","radiusKm":1.50}'))).toBe(
      canonical('register-place', JSON.parse('{"names":[{"text":"A"}],"kind":"site","radiusKm":15e-1}')),
    );
  });

  test('differs for another act, another value, another expectation', () => {
    const bodyOfBoth = { names: [{ text: 'A' }], kind: 'state' };
    const some = new Set([
      canonical('register-actor', bodyOfBoth),
      canonical('register-actor', { ...bodyOfBoth, kind: 'media' }),
      canonical('register-actor', { ...bodyOfBoth, expect: [{ entity: 'us', version: 1 }] }),
      canonical('record-incident', incident),
    ]);
    expect(some.size).toBe(4);
  });

  test('is the same by every door', () => {
    const { id: _id, ...correction } = bodies['correct-incident'];
    const single = canonical('correct-incident', correction, { id: 'conoco', ifMatch: '"3"' });
    const batch = { ...correction, id: 'conoco', expect: [{ entity: 'conoco', version: 3 }] };
    expect(canonical('correct-incident', batch)).toBe(single);
  });

  test('says of private text only that it is there', () => {
    const withWords = (text: string): unknown => ({
      ...statement,
      claims: [claim, { ...claim, predicate: 'killed', words: { private: true, text } }],
      quote: {
        text: { private: true, text },
        language: 'en',
        translation: { text: { text, private: true }, language: 'fr' },
      },
    });
    const text = canonical('record-statement', withWords('Jane Doe'));
    expect(text).toBe(canonical('record-statement', withWords('Richard Roe')));
    expect(text).not.toContain('Jane');
    expect(text.match(/"private":true/g)).toHaveLength(3);
  });
});

test('the classes have the fields of the vocabulary, and no others', () => {
  type Same<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : false) : false;
  type ClaimKeys = keyof Statement['claims'][number];
  const same: [
    Same<ActorDto, Actor>,
    Same<PlaceDto, Place>,
    Same<DocumentDto, Document>,
    Same<IncidentDto, Incident>,
    Same<StatementDto, Statement>,
    Same<ClaimDto, Record<ClaimKeys, unknown>>,
  ] = [true, true, true, true, true, true];
  expect(same.every(Boolean)).toBe(true);
});

test('open and sealed text cannot be taken for each other', () => {
  const read: CheckedBody = readBody('register-actor', actor);
  const open: Open<Act> = completeAct(read, () => 'x');
  // @ts-expect-error its texts are not sealed
  const sealed: Act = open;
  expect(sealed).toBe(open);
});
