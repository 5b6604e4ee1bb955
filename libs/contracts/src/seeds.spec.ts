/** What the seeds hold: every act is one that the doors and the rules take, codes are unique, and they are those of UCDP. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { canonicalText, decide, evolve, initialState, type Command } from '#domain';
import { completeAct, readBody } from './acts.js';
import { actsOf, SEEDS, type Seed, type SeedAct } from './seeds.js';

const noId = (): never => {
  throw new Error('An act of a seed has no id.');
};

const commandOf = ({ act, body }: SeedAct): Command => completeAct(readBody(act, body), noId) as Command;

const duplicates = <T>(values: readonly T[]): T[] => values.filter((value, index) => values.indexOf(value) !== index);

/** Changing what stands behind a name would change what an opening that is repeated leads to. */
const HASHES: Record<Seed, string> = {
  states: '38ecf394f228b05f7c611e66faf154f73260de7e765bdaa6e1782906a8f00a78',
};

describe.each(SEEDS)('the seed %s', (seed) => {
  const steps = actsOf(seed);

  test('goes through the door and the rules, act by act; only what earlier steps made is named', () => {
    const state = initialState();
    const open: Command = { act: 'open-ledger', origin: { title: 'A test' } };
    const opened = decide(state, open);
    if (opened !== null) evolve(state, opened);
    for (const step of steps) {
      // All of a step are decided before any of it has happened.
      const facts = step.map((one) => decide(state, commandOf(one)));
      expect(facts.every((fact) => fact?.data.changes.length === 1)).toBe(true);
      for (const fact of facts) if (fact !== null) evolve(state, fact);
    }
    const ids = steps.flat().map(({ body }) => body.id);
    expect(duplicates(ids)).toEqual([]);
    expect(state.entities.get(ids[0] ?? '')?.version).toBe(1);
  });

  test('is as it was when it was named', () => {
    const hash = createHash('sha256').update(canonicalText(steps)).digest('hex');
    expect(hash).toBe(HASHES[seed]);
  });
});

const all = actsOf('states').flat();
const actors = all.flatMap((one) => (one.act === 'register-actor' ? [one.body] : []));
const places = all.flatMap((one) => (one.act === 'register-place' ? [one.body] : []));
const states = actors.filter(({ kind }) => kind === 'state');
const countries = places.filter(({ kind }) => kind === 'country');

describe('the states', () => {
  test('have codes of their own, and each its country with the same names and codes', () => {
    expect(duplicates(states.flatMap(({ codes }) => codes?.iso ?? []))).toEqual([]);
    expect(duplicates(states.flatMap(({ codes }) => codes?.gw ?? []))).toEqual([]);
    // The members of the United Nations and its two observers; Kosovo, Taiwan, Yugoslavia.
    expect(states).toHaveLength(193 + 2 + 3);
    expect(states.filter(({ codes }) => codes?.gw === undefined).map(({ id }) => id)).toEqual(['ps', 'va']);
    expect(states.filter(({ codes }) => codes?.iso === undefined).map(({ id }) => id)).toEqual(['yu']);
    expect(states.every(({ id, codes }) => codes?.iso === undefined || codes.iso.toLowerCase() === id)).toBe(true);
    expect(countries.map(({ id, state, names, codes }) => ({ id, state, names, codes }))).toEqual(
      states.map(({ id, names, codes }) => ({ id: `country:${id}`, state: id, names, codes })),
    );
  });

  test.each([
    ['us', 'US', 2],
    ['sy', 'SY', 652],
    ['iq', 'IQ', 645],
    ['jo', 'JO', 663],
    ['ir', 'IR', 630],
    ['de', 'DE', 260],
    ['rs', 'RS', 340],
    ['xk', 'XK', 347],
    ['ye', 'YE', 678],
    ['vn', 'VN', 816],
    ['tz', 'TZ', 510],
  ])('%s is %s and %i', (id, iso, gw) => {
    expect(states.find((state) => state.id === id)?.codes).toEqual({ iso, gw });
  });

  test('have armed forces that are part of them, where there are any', () => {
    const forces = actors.filter(({ kind }) => kind === 'armed-force');
    expect(forces.every(({ id, partOf }) => id === `forces:${partOf}`)).toBe(true);
    expect(forces.find(({ id }) => id === 'forces:us')?.names).toEqual([
      { text: 'Armed forces of the United States', language: 'en' },
    ]);
    const kept = new Set(forces.map(({ partOf }) => partOf));
    expect(states.filter(({ id }) => !kept.has(id))).toHaveLength(21);
    expect(kept.has('cr')).toBe(false);
  });

  test('are part of no organisation', () => {
    expect(states.every(({ partOf }) => partOf === undefined)).toBe(true);
    const organisations = actors.filter(({ kind }) => kind === 'intergovernmental').map(({ id }) => id);
    expect(organisations).toEqual(expect.arrayContaining(['igo:un', 'igo:nato', 'igo:eu', 'igo:las', 'igo:au']));
  });
});

const FOLDER = `${process.env['REAL_DATA_DIR'] ?? '../shared/data'}/ged`;
const hasData = existsSync(FOLDER);
if (!hasData) process.stderr.write(`SKIPPED: the states against UCDP GED: there is no ${FOLDER} (REAL_DATA_DIR).\n`);

(hasData ? describe : describe.skip)('the states against every row of UCDP GED', () => {
  type Row = Record<string, string | number | null | undefined>;

  /** What a row says of one state: its number, what UCDP calls it, and for a country its region. */
  interface Said {
    gw: number;
    name: string;
    region?: string;
  }

  const number = (value: Row[string]): number => Number(value ?? 0);

  function saidIn(row: Row): Said[] {
    const sides = [
      { gw: number(row['gwnoa']), name: String(row['side_a']) },
      { gw: number(row['gwnob']), name: String(row['side_b']) },
    ];
    const country = { gw: number(row['country_id']), name: String(row['country']), region: String(row['region']) };
    return [country, ...sides].filter(({ gw }) => gw > 0);
  }

  let rows: Row[] = [];
  let said: Said[] = [];

  beforeAll(() => {
    const { features } = JSON.parse(readFileSync(`${FOLDER}/caf-231.geojson`, 'utf8')) as {
      features: { properties: Row }[];
    };
    rows = ['syr-2018.csv', 'global-sample-231.csv', 'ukr-vintage-2018.hdx.csv', 'ukr-vintage-2019.hdx.csv']
      .flatMap((file): Row[] => rowsOf(readFileSync(`${FOLDER}/${file}`, 'utf8')))
      .concat(features.map(({ properties }) => properties));
    const once = new Map(rows.flatMap(saidIn).map((one) => [`${one.gw} ${one.name} ${one.region}`, one]));
    said = [...once.values()];
  });

  const wordsOf = (text: string): string => ` ${text.toLowerCase().replaceAll(/[^\p{L}]+/gu, ' ')} `;
  const textsOf = (names: readonly { text: unknown }[] = []): string[] =>
    names.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));

  test('every number is one of ours, and the name is one that we know', () => {
    expect(rows.length).toBeGreaterThan(7_700);
    expect(said.length).toBeGreaterThan(100);
    const strangers = said.filter(({ gw, name }) => {
      const ours = textsOf(states.find(({ codes }) => codes?.gw === gw)?.names);
      return !ours.some((text) => wordsOf(name).includes(wordsOf(text)));
    });
    expect(strangers).toEqual([]);
  });

  test('every country lies in the region that UCDP says', () => {
    const regions = said.flatMap(({ gw, region }) => {
      const country = countries.find(({ codes }) => codes?.gw === gw);
      const ours = textsOf(places.find(({ id }) => id === country?.inside)?.names);
      return region === undefined ? [] : [{ gw, region, ours }];
    });
    expect(new Set(regions.map(({ region }) => region)).size).toBe(5);
    expect(regions.filter(({ region, ours }) => !ours.includes(region))).toEqual([]);
  });
});

/** The rows of a CSV file by the names of its columns: quoted cells hold commas and lines. */
function rowsOf(text: string): Record<string, string>[] {
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)];
  const lines: string[][] = [[]];
  for (const [, quoted, plain = '', end] of cells) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') lines.push([]);
  }
  const [names = [], ...rest] = lines;
  // A second line of tags, as in the files of HDX, has no number of a country; the last lines are empty.
  return rest
    .map((values) => Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])))
    .filter(({ country_id: id }) => id !== undefined && id !== '');
}
