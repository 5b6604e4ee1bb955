/** Strike lines: what becomes of a line, and what is read out of its words. Lines are made up in the manner of the releases. */
import { describe, expect, test } from '@jest/globals';
import { readBody } from '#contracts';
import { centcomDataSet } from './centcom.js';
import { rowOf } from './made-up.fixture.js';
import type { Row } from './rows.js';
import { damageOf, woundedOf } from './strike-line.js';

const LINE = {
  date: '3/7/2016',
  country: 'Syria',
  location: 'Example Town',
  number: '2',
  description: 'strikes struck an ISIL tactical unit and destroyed two ISIL vehicles and wounded an ISIL fighter.',
  line: '- Near Example Town, two strikes struck an ISIL tactical unit and destroyed two ISIL vehicles and wounded an ISIL fighter.',
};
const lineOf = (changes: Partial<typeof LINE> = {}, at = 12): Row => ({ ...rowOf({ ...LINE, ...changes }), at });
const read = (changes: Partial<typeof LINE> = {}) => centcomDataSet('strikes-made-up.csv.gz').read(lineOf(changes));

describe('a line as acts', () => {
  test('an incident by file and line: a bundle of two strikes', () => {
    expect(read().incident()).toEqual({
      kind: 'bundle',
      method: 'air-strike',
      place: { place: 'centcom:place:sy:example-town', near: true },
      time: { from: '2016-03-07', to: '2016-03-07', precision: 'day' },
      parties: [
        { actor: 'centcom', side: 'attacker' },
        { actor: 'isis', side: 'target' },
      ],
    });
    expect(read({ number: '1' }).incident().kind).toBe('single');
  });

  test('a statement in its own voice, with the line as quote', () => {
    const about = { incident: 'centcom:strikes-made-up:12' };
    expect(read().statement()).toEqual({
      document: 'centcom:file:strikes-made-up',
      speaker: 'centcom',
      said: { from: '2016-03-07', to: '2016-03-07', precision: 'day', assumed: true },
      form: 'own-voice',
      utterance: 'centcom:strikes-made-up:12:said',
      quote: { text: LINE.line, language: 'en' },
      locator: 'line 12',
      claims: [
        { predicate: 'happened', about, stance: 'asserts', value: { low: 2, best: 2, high: 2 } },
        {
          predicate: 'damage',
          about,
          stance: 'asserts',
          value: { level: 'destroyed', items: [{ thing: 'vehicle', low: 2, best: 2, high: 2 }] },
        },
        {
          predicate: 'injured',
          about,
          stance: 'asserts',
          who: { side: 'target', category: 'militant' },
          value: { low: 1, best: 1, high: 1 },
        },
      ],
    });
  });

  test('inconclusive is an outcome', () => {
    const { claims } = read({ description: 'strike produced inconclusive results.' }).statement();
    expect(claims.map(({ predicate, value }) => [predicate, value])).toEqual([
      ['happened', { low: 2, best: 2, high: 2 }],
      ['outcome', { outcome: 'inconclusive' }],
    ]);
  });

  test('two lines that say the same stay two, and the second is flagged', () => {
    const dataSet = centcomDataSet('strikes-made-up.csv');
    const [one, twin] = [dataSet.read(lineOf()), dataSet.read(lineOf({}, 13))];
    expect([one.row, twin.row]).toEqual(['12', '13']);
    expect(one.incident().note).toBeUndefined();
    expect(twin.incident().note).toBe('twin: line 12 of the file says the same.');
  });

  test('one place in several spellings is one place', () => {
    const places = ["Mar'a", 'Mar’a', 'MAR’A', 'Near Mar’a'].map(
      (location) => read({ location }).incident().place?.place,
    );
    expect(new Set(places)).toEqual(new Set(['centcom:place:sy:mara']));
  });

  test('every act is one that the doors take', () => {
    const dataSet = centcomDataSet('strikes-made-up.csv');
    const entry = dataSet.read(lineOf());
    for (const { act, body } of [...dataSet.registers, ...entry.registers()]) readBody(act, body);
    readBody('record-incident', { id: dataSet.incidentId(entry.row), ...entry.incident() });
    readBody('record-statement', { id: dataSet.statementId(dataSet.release, entry.row), ...entry.statement() });
  });

  test.each([
    [{ number: '' }, 'number is empty'],
    [{ number: '0' }, 'number is 0: no strike'],
    [{ number: 'two' }, 'number is not a whole number: "two"'],
    [{ date: '13/1/2016' }, 'date is a date that does not exist: "13/1/2016"'],
    [{ date: '2016-01-13' }, 'date is not a date as 10/17/2016'],
    [{ country: 'Atlantis' }, 'country is none that is known: "Atlantis"'],
  ])('%j is refused', (changes, reason) => {
    expect(() => read(changes)).toThrow(reason);
  });

  test('another file', () => {
    expect(() => centcomDataSet('x.csv').checkColumns(rowOf({ date: '', country: '' }))).toThrow(
      'there is no column location, number, description, line',
    );
  });
});

describe('damage', () => {
  const items = (description: string) =>
    Object.fromEntries((damageOf(description)?.items ?? []).map(({ thing, best }) => [thing, best]));

  test.each([
    ['strike destroyed an ISIL vehicle.', { vehicle: 1 }],
    [
      'strikes destroyed 15 ISIL fighting positions, two mortar systems, and a bunker.',
      { 'fighting position': 15, 'mortar system': 2, bunker: 1 },
    ],
    [
      'strike destroyed an ISIL command and control node and three weapons caches.',
      { 'command and control node': 1, 'weapons cache': 3 },
    ],
    ['strike destroyed two supply caches and a headquarters.', { 'supply cache': 2, headquarters: 1 }],
    ['strike destroyed twenty-one ISIL-held buildings and two trenches.', { building: 21, trench: 2 }],
    [
      'strike destroyed an ISIL vehicle borne improvised explosive device (VBIED) and two facilities.',
      { 'vehicle borne improvised explosive device': 1, facility: 2 },
    ],
    ['strike destroyed two vehicles and damaged a separate ISIL vehicle.', { vehicle: 2, 'vehicle, damaged': 1 }],
    ['strike destroyed a tank, a vehicle, and another thing, and two vehicles.', { tank: 1, vehicle: 3, thing: 1 }],
    ['strike destroyed a tunnel and suppressed two mortar positions and denied access to terrain.', { tunnel: 1 }],
    [
      'strike destroyed a tunnel. The strikes also suppressed a mortar, cratered an ISIL-used road.',
      { tunnel: 1, 'road, damaged': 1 },
    ],
    [
      'strike destroyed a bunker.     A strike, as defined in the releases, means a thousand vehicles destroyed.',
      { bunker: 1 },
    ],
  ])('%s', (description, expected) => {
    expect(items(description)).toEqual(expected);
  });

  test.each([
    ['strike struck an ISIL tactical unit.', undefined],
    ['strike damaged a road.', 'some'],
    ['strike damaged a road and destroyed a bridge.', 'destroyed'],
  ])('%s: how heavy', (description, level) => {
    expect(damageOf(description)?.level).toBe(level);
  });

  test('wounded', () => {
    expect(woundedOf('destroyed a tank, wounded five ISIL fighters, and denied access.')?.best).toBe(5);
    expect(woundedOf('wounded ISIL fighters')).toEqual({ low: 2, best: null, high: null });
    expect(woundedOf('destroyed a tank')).toBeUndefined();
  });
});
