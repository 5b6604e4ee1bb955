/** UCDP GED, row by row: how its cells are read in all their forms, and what acts become of them. All rows are made up. */
import { describe, expect, test } from '@jest/globals';
import { ACTS, readBody } from '#contracts';
import type { Entry, Register } from './dataset.js';
import { gedDataSet } from './ged.js';
import { sourcesOf } from './ged-row.js';
import { EVENT, event, rowOf } from './made-up.fixture.js';

const dataSet = gedDataSet({ name: '23.1', published: '2023-12-31' }, true);
const read = (changes: Record<string, string> = {}): Entry => dataSet.read(rowOf(event(changes)));
const claimOf = (changes: Record<string, string> = {}) => read(changes).statement().claims[0];
const registered = (changes: Record<string, string>, id: string): Register['body'] | undefined =>
  read(changes)
    .registers()
    .find(({ body }) => body.id === id)?.body;

describe('a row as acts', () => {
  test('an incident', () => {
    expect(read().incident()).toEqual({
      title: 'Government of Syria - Example group, Example town',
      kind: 'single',
      method: 'other',
      place: {
        place: 'ged:place:652:example-governorate:example-district:example-town',
        point: { lat: 35.5, lon: 36.25 },
      },
      time: { from: '2020-03-01', to: '2020-03-01', precision: 'day' },
      parties: [
        { actor: 'ucdp:actor:118', side: 'a' },
        { actor: 'ucdp:actor:9002', side: 'b' },
      ],
      note: 'State-based violence, as UCDP counts it.',
    });
  });

  test('a statement of the compiler, in its own voice', () => {
    const exactly = (n: number) => ({ low: n, best: n, high: n });
    expect(read().statement()).toEqual({
      document: 'ged:release:23.1',
      speaker: 'ucdp',
      form: 'own-voice',
      utterance: 'ucdp:23.1:101',
      locator: 'id 101',
      claims: [
        {
          predicate: 'killed',
          about: { incident: 'ged:101' },
          stance: 'asserts',
          value: { low: 3, best: 4, high: 6 },
          parts: [
            { who: { side: 'a', of: 'ucdp:actor:118' }, value: exactly(2) },
            { who: { side: 'b', of: 'ucdp:actor:9002' }, value: exactly(1) },
            { who: { category: 'civilian' }, value: exactly(0) },
            { who: {}, value: exactly(1) },
          ],
          words: '2 sources: Example Agency, 2020-03-02; Example Post, 2020-03-03',
        },
      ],
    });
  });

  test('a row that a later release has no more is taken back by the compiler', () => {
    expect(dataSet.retraction?.('101', { name: '22.1', published: '2022-12-31' }).claims).toEqual([
      { predicate: 'killed', about: { incident: 'ged:101' }, stance: 'retracts', retracts: 'ged:22.1:101#1' },
    ]);
  });

  test('every act is one that the doors take', () => {
    const { registers, incident, statement } = read({ side_a: 'Government of Russia (Soviet Union)', gwnoa: '' });
    for (const { act, body } of [...dataSet.registers, ...registers()]) {
      expect(ACTS[act]).toBeDefined();
      expect(readBody(act, body).id).toBe(body.id);
    }
    readBody('record-incident', { id: 'ged:101', ...incident() });
    readBody('record-statement', { id: 'ged:23.1:101', ...statement() });
  });
});

describe('numbers are kept as published', () => {
  test.each([
    ['low above best', { low: '5' }, { low: 5, best: 4, high: 6 }],
    ['high below best', { high: '2' }, { low: 3, best: 4, high: 2 }],
    [
      'best 0 with high above',
      { deaths_a: '0', deaths_b: '0', deaths_unknown: '0', low: '0', best: '0', high: '9' },
      { low: 0, best: 0, high: 9 },
    ],
    ['with a point', { low: '3.0', best: '4.', high: '6.00' }, { low: 3, best: 4, high: 6 }],
  ])('%s', (_, changes, value) => {
    expect(claimOf(changes as Record<string, string>)).toMatchObject({ value });
  });

  test.each([
    [{ best: '' }, 'best is empty'],
    [{ best: '4.5' }, 'best is not a whole number: "4.5"'],
    [{ low: '-1' }, 'low is less than none: -1'],
    [{ best: '5' }, 'deaths_a, deaths_b, deaths_civilians and deaths_unknown add up to 4, but best is 5'],
    [{ high: 'x'.repeat(1_000_000) }, `high is not a whole number: "${'x'.repeat(40)}…"`],
    [{ id: '' }, 'id is empty'],
    [{ id: '0' }, 'id is not between 1 and 999999999: 0'],
    [{ event_clarity: '3' }, 'event_clarity is not between 1 and 2: 3'],
    [{ country: '' }, 'country is empty'],
    [{ date_start: '2020-02-30' }, 'date_start is a date that does not exist: "2020-02-30"'],
    [{ date_start: '03/01/2020' }, 'date_start is not a date as 2017-01-30: "03/01/2020"'],
    [{ date_end: '2020-02-28' }, 'date_end 2020-02-28 is before date_start 2020-03-01'],
    [{ latitude: '95' }, 'latitude is not between -90 and 90 degrees: "95"'],
  ])('%j is refused', (changes, reason) => {
    expect(() => read(changes as unknown as Record<string, string>)).toThrow(reason);
  });
});

describe('the same said in other texts is no change', () => {
  test.each<[string, Record<string, string>]>([
    ['ids and numbers with a point', { id: '101.0', best: '4.0', where_prec: '1.0', gwnoa: '652.0' }],
    ['a date with a clock time', { date_start: '2020-03-01 00:00:00.000', date_end: '2020-03-01T00:00:00' }],
    ['more or fewer digits', { latitude: '35.500000', longitude: '36.2500001' }],
    ['flags in other forms', { active_year: 'TRUE' }],
    ['flags in yet other forms', { active_year: '1.0' }],
    ['white space', { adm_1: ' Example  governorate\n' }],
    ['sources in other words', { source_article: '"Example Agency,2020-03-02,"', number_of_sources: '-1' }],
    ['an actor renamed, whose number stays', { side_b: 'Example Group (EG)' }],
  ])('%s', (_, changes) => {
    const [one, other] = [read(), read(changes)];
    expect([other.row, other.values, other.card]).toEqual([one.row, one.values, one.card]);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['deaths moved between the sides', { deaths_a: '1', deaths_b: '2' }, false],
    ['low', { low: '2' }, false],
    ['the place', { where_coordinates: 'Another town' }, true],
    ['the point', { latitude: '35.6' }, true],
    ['the day', { date_end: '2020-03-02', date_prec: '2' }, true],
    ['how clear it is', { event_clarity: '2' }, true],
    ['a side', { side_b_new_id: '9003' }, true],
  ])('but %s is; whether the card changes', (_, changes, changesCard) => {
    const [one, other] = [read(), read(changes)];
    expect(other.values).not.toBe(one.values);
    expect(other.card !== one.card).toBe(changesCard);
  });

  test('a middle of a governorate that moved is no change: nothing happened there', () => {
    expect(read({ where_prec: '4', latitude: '1' }).values).toBe(read({ where_prec: '4', latitude: '2' }).values);
  });
});

describe('where', () => {
  const DISTRICT = 'ged:place:652:example-governorate:example-district';
  test.each([
    ['1', { place: `${DISTRICT}:example-town`, point: { lat: 35.5, lon: 36.25 } }],
    ['2', { place: `${DISTRICT}:example-town`, near: true, point: { lat: 35.5, lon: 36.25 } }],
    ['3', { place: DISTRICT }],
    ['4', { place: 'ged:place:652:example-governorate' }],
    ['5', { place: `${DISTRICT}:area:example-town` }],
    ['6', { place: 'country:sy' }],
    ['7', { place: 'ged:place:652:waters:example-town' }],
  ])('where_prec %s', (precision, place) => {
    expect(read({ where_prec: precision }).incident().place).toEqual(place);
  });

  test('each place lies in the next larger one that is known, and comes after it', () => {
    const places = read()
      .registers()
      .filter(({ act }) => act === 'register-place')
      .map(({ body }) => body as { id: string; kind: string; inside?: string });
    expect(places.map(({ kind }) => kind)).toEqual(['region', 'country', 'governorate', 'district', 'town']);
    for (const [index, { inside }] of places.entries()) expect(inside).toBe(places[index - 1]?.id);
  });

  test('without district or governorate a town lies in the country', () => {
    const id = 'ged:place:652:::example-town';
    expect(registered({ adm_1: '', adm_2: '' }, id)).toMatchObject({ inside: 'country:sy' });
  });

  test('a base is a site; a point stands at a site or a town', () => {
    const id = `${DISTRICT}:example-base`;
    expect(registered({ where_coordinates: 'Example base' }, id)).toMatchObject({ kind: 'site', point: { lat: 35.5 } });
  });

  test('names without Latin letters, or too long for an id, are told apart by a hash', () => {
    const place = (where_coordinates: string) => read({ where_coordinates }).incident().place?.place ?? '';
    expect(place('حلب')).toMatch(/:[0-9a-f]{8}$/);
    expect(place('حلب')).not.toBe(place('دمشق'));
    const long = place(`Example ${'very '.repeat(500)}long town`);
    expect(long.length).toBeLessThanOrEqual(100);
    expect(long).not.toBe(place(`Example ${'very '.repeat(500)}tall town`));
    expect(place('Mar’a village')).toBe(place("Mar'a village"));
  });

  test('a country that the states of the seed do not have', () => {
    const changes = { country_id: '680', country: 'South Yemen', where_prec: '6' };
    expect(read(changes).incident().place).toEqual({ place: 'country:gw-680' });
    expect(registered(changes, 'country:gw-680')).toMatchObject({ kind: 'country', codes: { gw: 680 } });
  });
});

describe('when, and how many at once', () => {
  test.each([
    ['1', 'day', 'single'],
    ['2', 'days', 'single'],
    ['3', 'week', 'single'],
    ['4', 'month', 'bundle'],
    ['5', 'longer', 'bundle'],
  ])('date_prec %s', (date_prec, precision, kind) => {
    const incident = read({ date_prec, date_end: '2020-12-31' }).incident();
    expect(incident).toMatchObject({ kind, time: { from: '2020-03-01', to: '2020-12-31', precision } });
  });

  test('event_clarity 2 is a bundle', () => {
    expect(read({ event_clarity: '2' }).incident().kind).toBe('bundle');
  });
});

describe('who', () => {
  test('a government is a body of its state, by its number or by its name', () => {
    for (const gwnoa of ['652', '652.0', '', '2;200;900']) {
      expect(registered({ gwnoa }, 'ucdp:actor:118')).toMatchObject({ kind: 'state-body', partOf: 'sy' });
    }
    const zaire = { side_a: 'Government of DR Congo (Zaire)', gwnoa: '', side_a_new_id: '86' };
    expect(registered(zaire, 'ucdp:actor:86')).toMatchObject({ partOf: 'cd' });
    // A name that is another state's today: the row says which country it is.
    const yugoslavia = {
      side_a: 'Government of Serbia (Yugoslavia)',
      gwnoa: '',
      side_a_new_id: '4',
      country_id: '345',
    };
    const country = 'Serbia (Yugoslavia)';
    expect(registered({ ...yugoslavia, country }, 'ucdp:actor:4')).toMatchObject({ partOf: 'yu' });
    expect(registered({ side_a: 'Government of Nowhere', gwnoa: '' }, 'ucdp:actor:118')).not.toHaveProperty('partOf');
  });

  test('civilians are no party, and their dead are civilian', () => {
    const civilians = {
      type_of_violence: '3',
      side_b: 'Civilians',
      side_b_new_id: '1',
      deaths_b: '0',
      deaths_civilians: '1',
    };
    expect(read(civilians).incident().parties).toEqual([{ actor: 'ucdp:actor:118', side: 'a' }]);
    expect(claimOf(civilians)?.parts?.map(({ who }) => who)).toEqual([
      { side: 'a', of: 'ucdp:actor:118' },
      { side: 'b' },
      { category: 'civilian' },
      {},
    ]);
    expect(registered(civilians, 'ucdp:actor:1')).toBeUndefined();
  });
});

describe('sources', () => {
  test.each([
    ['"SOHR,2018-01-02,A";"SOHR,2018-01-02,B"', '1 source: SOHR, 2018-01-02'],
    [
      '"AFP,2014-01-22,Police, say, ""x"" 2014";"Reuters News,2014-01-23,Y"',
      '2 sources: AFP, 2014-01-22; Reuters News, 2014-01-23',
    ],
    ['Reuters 1989-05-17 "SOME HEADLINE', 'Cited: Reuters 1989-05-17'],
    ['BBC Monitoring 10/9-09; Example Post, 10 Sep 09', 'Cited: BBC Monitoring 10/9-09; Example Post, 10 Sep 09'],
    ['', ''],
    ['"', ''],
  ])('%s', (text, sources) => {
    expect(sourcesOf(text)).toBe(sources);
  });

  test('a million characters of them are cut', () => {
    expect(claimOf({ source_article: '"A,2020-01-01,x";'.repeat(60_000) })?.words).toBe('1 source: A, 2020-01-01');
    const many = Array.from({ length: 500 }, (_, index) => `"Office ${index},2020-01-01,x"`).join(';');
    expect(claimOf({ source_article: many })?.words).toHaveLength(1000);
  });
});

describe('whether it is UCDP GED at all', () => {
  test('all columns of any order', () => {
    expect(() => dataSet.checkColumns(rowOf(Object.fromEntries(Object.entries(EVENT).toReversed())))).not.toThrow();
  });

  test('missing columns are named', () => {
    const { best: _, adm_2: __, ...others } = EVENT;
    expect(() => dataSet.checkColumns(rowOf(others))).toThrow('it has no column adm_2, best. Nothing was imported.');
  });

  test('a file of ACLED is named', () => {
    const acled = { event_id_cnty: 'SYR1', event_date: '01 March 2020', fatalities: '3', country: 'Syria' };
    expect(() => dataSet.checkColumns(rowOf(acled))).toThrow('It looks like a file of ACLED');
  });
});
