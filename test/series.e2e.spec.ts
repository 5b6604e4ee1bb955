/** Published totals and levels of force over HTTP: series, what they rest on, moments, pages, refusals. All made up for the test. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LevelsAnswer, TalliesAnswer, TotalsAnswer } from '#contracts';
import type { Claim } from '#domain';
import type { LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
let ledger: LedgerClient;
/** Where the ledger stood after each statement, by its id; retractions as `-id`. */
const at: Record<string, number> = {};

const exactly = (n: number) => ({ low: n, best: n, high: n });
const atLeast = (n: number) => ({ low: n, best: null, high: null });
const day = (date: string) => ({ from: date, to: date, precision: 'day' });

interface Told {
  id: string;
  by: string;
  said: string;
  in?: string;
  form?: string;
  utterance?: string;
  claims: object[];
}

async function say({ id, by, said, in: publisher = by, form = 'own-voice', utterance, claims }: Told): Promise<void> {
  const document = `in-${id}`;
  await ledger.record('register-document', {
    id: document,
    publisher,
    kind: 'citation',
    title: id,
    published: day(said),
  });
  const body = { id, document, speaker: by, said: day(said), form, ...(utterance && { utterance }), claims };
  at[id] = (await ledger.record('record-statement', body)).position;
}

const killed = (to: string, value: object | undefined, rest: object = {}) => ({
  predicate: 'total',
  about: { scope: { of: 'killed', places: ['coast'], to } },
  stance: 'asserts',
  ...(value && { value: { counter: { id: 'toll' }, ...value } }),
  ...rest,
});
const level = (value: object | undefined, held?: string, rest: object = {}) => ({
  predicate: 'force-level',
  about: { scope: { actor: 'northern-army', places: ['coast'] } },
  stance: 'asserts',
  ...(value && {
    value: { measure: 'present', component: 'all', ...(held && { at: { from: held, to: held } }), ...value },
  }),
  ...rest,
});

beforeAll(async () => {
  app = await startApp();
  ledger = await app.open('made-up');
  for (const [id, kind, partOf] of [
    ['north', 'state'],
    ['northern-army', 'armed-force', 'north'],
    ['ministry', 'state-body', 'north'],
    ['south', 'state'],
    ['paper', 'media'],
    ['data-set', 'compiler'],
  ] as const) {
    await ledger.record('register-actor', { id, kind, names: [{ text: `The ${id}` }], ...(partOf && { partOf }) });
  }
  await ledger.record('register-place', { id: 'land', kind: 'country', state: 'north', names: [{ text: 'The land' }] });
  await ledger.record('register-place', { id: 'coast', kind: 'area', inside: 'land', names: [{ text: 'The coast' }] });

  const first = { phase: 1 };
  const second = { phase: 2, startedOn: '2024-03-01' };
  const toll = (phase: object) => ({ counter: { id: 'toll', ...phase } });
  await say({
    id: 'a',
    by: 'ministry',
    said: '2024-01-10',
    claims: [killed('2024-01-10', { ...exactly(40), ...toll(first) })],
  });
  await say({
    id: 'b',
    by: 'ministry',
    said: '2024-01-20',
    claims: [killed('2024-01-20', { ...exactly(55), ...toll(first) })],
  });
  await say({
    id: 'c',
    by: 'ministry',
    said: '2024-03-05',
    claims: [killed('2024-03-05', { ...exactly(7), ...toll(second) })],
  });
  await say({
    id: 'd',
    by: 'ministry',
    said: '2024-03-10',
    claims: [killed('2024-03-10', { ...atLeast(12), ...toll(second) })],
  });
  await say({
    id: 'e',
    by: 'ministry',
    in: 'paper',
    form: 'reported',
    utterance: 'd',
    said: '2024-03-10',
    claims: [killed('2024-03-10', { ...exactly(21), ...toll(second) })],
  });
  await say({
    id: 'f',
    by: 'ministry',
    said: '2024-03-12',
    claims: [killed('2024-03-12', { ...exactly(10), ...toll(second) })],
  });
  await say({ id: 'g', by: 'data-set', said: '2024-04-01', claims: [killed('2024-03-10', exactly(67))] });
  await say({
    id: 'h',
    by: 'ministry',
    said: '2024-03-15',
    claims: [killed('2024-03-15', { ...exactly(99), ...toll(second) })],
  });
  await say({
    id: 'i',
    by: 'ministry',
    said: '2024-03-16',
    claims: [killed('2024-03-15', undefined, { stance: 'retracts', retracts: 'h#1' })],
  });
  await say({ id: 'j', by: 'paper', said: '2024-03-20', claims: [killed('2024-03-20', exactly(1))] });
  const reason = 'Made up for the test, and taken back for it.';
  at['-j'] = (
    await ledger.record('retract-statement', { reason, expect: [{ entity: 'j', version: 1 }] }, { id: 'j' })
  ).position;

  await say({
    id: 'k',
    by: 'ministry',
    said: '2023-06-01',
    claims: [level({ ...exactly(900), about: true }, '2023-06-01')],
  });
  await say({ id: 'l', by: 'paper', said: '2023-09-01', claims: [level(atLeast(1500))] });
  await say({
    id: 'm',
    by: 'ministry',
    said: '2024-02-01',
    claims: [level({ ...exactly(1200), component: 'core' }, '2024-02-01')],
  });
  await say({
    id: 'n',
    by: 'ministry',
    said: '2024-05-01',
    claims: [level(undefined, undefined, { stance: 'not-confirms', manner: 'declined' })],
  });
  await ledger.read(`/totals?wait=${at['n']}`);
});
afterAll(() => app?.stop());

/** A total as it was published, from its claim alone. */
type Published = Claim & { predicate: 'total'; about: { scope: { from?: string; to?: string } } };

/**
 * The series of an answer worked out once more from its claims: nothing is taken from the steps. Phases count as they are
 * recorded here, which they all are.
 */
function workedOut({ claims }: TotalsAnswer, { line, counter, setAside }: TotalsAnswer['series'][number]) {
  const aside = new Set(setAside.map(({ claim }) => claim));
  const own = claims
    .filter(({ id, line: whose }) => whose === line && !aside.has(id))
    .map(({ id, claim }) => {
      const { value = {}, about } = claim as Published;
      const { low = null, best = null, high = null } = value;
      return {
        id,
        low,
        best,
        high,
        to: about.scope.to ?? '',
        phase: value.counter?.phase ?? 1,
        counter: value.counter?.id,
      };
    });
  const inOrder = own.filter((one) => one.counter === counter).sort((a, b) => (a.to < b.to ? -1 : 1));
  return inOrder.map(({ id, low, best, high, to, phase }) => {
    const ends = [...new Set(inOrder.map((one) => one.phase))]
      .filter((other) => other < phase)
      .map((other) => inOrder.findLast((one) => one.phase === other && one.to <= to));
    const carried = ends.reduce((sum, one) => sum + (one?.best ?? 0), 0);
    return { claim: id, low, best, high, to, phase, sum: best === null ? null : best + carried };
  });
}

describe('totals', () => {
  const ask = (asked = '') => ledger.read<TotalsAnswer>(`/totals?${asked}`);
  const bests = ({ series }: TotalsAnswer, line = 'north') =>
    series
      .find((one) => one.line === line)
      ?.steps.map(({ low, best, continuous }) => [best ?? `>= ${low}`, continuous?.low]);

  test('are series by line, with phases, what fell, and a continuous count', async () => {
    const { series, ...answer } = await ask('place=land');
    expect(series.map(({ line, compiler, counter }) => [line, compiler, counter])).toEqual([
      ['data-set', true, 'toll'],
      ['north', false, 'toll'],
      ['paper', false, 'toll'],
    ]);
    const north = series.find(({ line }) => line === 'north');
    expect(north?.scope).toEqual({
      of: 'killed',
      actor: null,
      attacker: null,
      target: null,
      places: [{ id: 'coast', name: 'The coast' }],
    });
    expect(north?.steps).toMatchObject([
      {
        claim: 'a#1',
        ...exactly(40),
        date: '2024-01-10',
        phase: 1,
        rebased: null,
        continuous: { ...exactly(40), of: ['a#1'] },
      },
      { claim: 'b#1', ...exactly(55), phase: 1, rebased: null, continuous: { ...exactly(55), of: ['b#1'] } },
      {
        claim: 'c#1',
        ...exactly(7),
        phase: 2,
        rebased: 'new-phase',
        continuous: { ...exactly(62), of: ['b#1', 'c#1'] },
      },
      {
        claim: 'd#1',
        ...atLeast(12),
        qualifier: 'at-least',
        rebased: null,
        continuous: { ...atLeast(67), of: ['b#1', 'd#1'] },
      },
      { claim: 'f#1', ...exactly(10), phase: 2, rebased: 'lower', continuous: { ...exactly(65), of: ['b#1', 'f#1'] } },
    ]);
    expect(Object.fromEntries(north?.setAside.map(({ claim, code }) => [claim, code]) ?? [])).toEqual({
      'e#1': 'other-reading',
      'h#1': 'source-retracted',
      'i#1': 'no-figure',
    });
    expect(series.find(({ line }) => line === 'paper')).toMatchObject({
      steps: [],
      setAside: [{ claim: 'j#1', code: 'statement-retracted' }],
    });
    expect(answer).toMatchObject({ ledger: 'made-up', sequence: at['n'], final: true, saidBy: null, next: null });
  });

  test('every number can be worked out from the claims of the answer alone', async () => {
    for (const asked of ['', `asOf=${at['e']}`, 'saidBy=2024-03-10', `asOf=${at['h']}&saidBy=2024-03-20`]) {
      const answer = await ask(asked);
      for (const series of answer.series) {
        const steps = series.steps.map(({ claim, low, best, high, to, phase, continuous }) => {
          return { claim, low, best, high, to, phase, sum: continuous?.best ?? null };
        });
        expect(steps).toEqual(workedOut(answer, series));
      }
      const known = new Set(answer.claims.map(({ id }) => id));
      const named = answer.series.flatMap(({ steps, setAside }) => [
        ...steps.flatMap(({ claim, continuous }) => [claim, ...(continuous?.of ?? [])]),
        ...setAside.map(({ claim }) => claim),
      ]);
      expect([...new Set(named)].toSorted()).toEqual([...known].toSorted());
      const sequences = answer.claims.map(({ sequence }) => sequence);
      expect(sequences.every((one) => one <= answer.sequence)).toBe(true);
    }
  });

  test('as of a record, as said by a day, and both', async () => {
    expect(bests(await ask(`asOf=${at['b']}`))).toEqual([
      [40, 40],
      [55, 55],
    ]);
    expect(bests(await ask('saidBy=2024-01-19'))).toEqual([[40, 40]]);
    // What was retracted later counted until then; the source's own retraction counts once it is said.
    expect(bests(await ask(`asOf=${at['h']}`))?.at(-1)).toEqual([99, 154]);
    expect(bests(await ask('saidBy=2024-03-15'))?.at(-1)).toEqual([99, 154]);
    expect(bests(await ask('saidBy=2024-03-16'))?.at(-1)).toEqual([10, 65]);
    expect(bests(await ask(`asOf=${at['c']}&saidBy=2024-03-10`))).toEqual([
      [40, 40],
      [55, 55],
      [7, 62],
    ]);
    expect(bests(await ask(`asOf=${at['j']}`), 'paper')).toEqual([[1, 1]]);
    expect(bests(await ask(`asOf=${at['-j']}`), 'paper')).toEqual([]);
  });

  test('by what, whom, where, which counter and whose voice', async () => {
    const lines = async (asked: string) => (await ask(asked)).series.map(({ line }) => line);
    expect(await lines('of=killed&line=north')).toEqual(['north']);
    expect(await lines('of=injured')).toEqual([]);
    expect(await lines('counter=toll&line=paper')).toEqual(['paper']);
    expect(await lines('counter=other')).toEqual([]);
    expect(await lines('place=coast')).toHaveLength(3);
    expect(await lines('place=nowhere')).toEqual([]);
    expect(await lines('of.party=north')).toEqual([]);
  });

  test('come in pages that go with their question and moment', async () => {
    const all = await ask();
    const one = await ask('limit=1');
    const two = await ask(`limit=2&cursor=${one.next}`);
    expect([...one.series, ...two.series]).toEqual(all.series);
    expect([one.next === null, two.next]).toEqual([false, null]);
    for (const other of ['of=killed&', 'saidBy=2024-03-10&', 'asOf=20&']) {
      expect((await ledger.ask(`/totals?${other}cursor=${one.next}`)).body['parameter']).toBe('cursor');
    }
  });

  test('are in no tally', async () => {
    const { rows, beside } = await ledger.read<TalliesAnswer>('/tallies?of=killed&place=coast');
    expect(rows.every(({ low, best, high }) => low === 0 && best === 0 && high === 0)).toBe(true);
    expect(beside.map(({ id }) => id)).toContain('a#1');
  });
});

describe('levels', () => {
  const ask = (asked = '') => ledger.read<LevelsAnswer>(`/levels?of.party=north&place=coast&${asked}`);
  const all = ({ series }: LevelsAnswer) =>
    series.find(({ measure, component }) => measure === 'present' && component === 'all');

  test('are steps, each with its source, and no figure outlives a later word that none is given', async () => {
    const answer = await ask();
    expect(answer.series.map(({ actor, party, component }) => [actor.name, party, component])).toEqual([
      ['The northern-army', 'north', 'all'],
      ['The northern-army', 'north', 'core'],
    ]);
    expect(all(answer)?.steps).toMatchObject([
      {
        claim: 'k#1',
        line: 'north',
        official: true,
        best: 900,
        qualifier: 'about',
        at: { to: '2023-06-01' },
        endedBy: { claim: 'n#1', why: 'no-longer-reports' },
      },
      {
        claim: 'l#1',
        line: 'paper',
        official: false,
        ...atLeast(1500),
        qualifier: 'at-least',
        at: null,
        date: '2023-09-01',
        endedBy: null,
      },
      {
        claim: 'n#1',
        line: 'north',
        reports: false,
        low: null,
        best: null,
        high: null,
        qualifier: null,
        endedBy: null,
      },
    ]);
    expect(all(answer)?.now.figure).toMatchObject({ ...atLeast(1500), basis: 'other', used: ['l#1'] });
    expect(new Map(answer.claims.map(({ id, speaker }) => [id, speaker.id]))).toEqual(
      new Map([
        ['k#1', 'ministry'],
        ['l#1', 'paper'],
        ['m#1', 'ministry'],
        ['n#1', 'ministry'],
      ]),
    );
    const latest = await ask('policy=latest-official');
    expect(all(latest)?.now).toMatchObject({ figure: { status: 'unreported' }, at: null, ageDays: null });
  });

  test('now and age as of a record, as said by a day, and both', async () => {
    const now = async (asked: string) => {
      const answer = await ask(asked);
      const { figure, ageDays } = all(answer)?.now ?? {};
      return [answer.ageAt, figure?.best, figure?.low, ageDays];
    };
    expect(await now('saidBy=2024-04-30')).toEqual(['2024-04-30', 900, 900, 334]);
    expect(await now('saidBy=2023-08-31T12:00')).toEqual(['2023-08-31', 900, 900, 91]);
    expect(await now('saidBy=2024-05-02')).toEqual(['2024-05-02', null, 1500, 244]);
    expect(await now(`asOf=${at['k']}&saidBy=2024-05-02`)).toEqual(['2024-05-02', 900, 900, 336]);
    const today = new Date().toISOString().slice(0, 10);
    const [ageAt, best, , age] = await now(`asOf=${at['m']}`);
    expect([
      [today, new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)].includes(String(ageAt)),
      best,
    ]).toEqual([true, 900]);
    expect(age).toBe((Date.parse(String(ageAt)) - Date.parse('2023-06-01')) / 86_400_000);
  });

  test('of exactly that place, measure and component', async () => {
    const count = async (asked: string) => (await ledger.read<LevelsAnswer>(`/levels?${asked}`)).series.length;
    expect(await count('place=land')).toBe(0);
    expect(await count('place=coast,land')).toBe(0);
    expect(await count('of.party=northern-army')).toBe(2);
    expect(await count('of.party=south')).toBe(0);
    expect(await count('component=core')).toBe(1);
    expect(await count('measure=planned')).toBe(0);
  });
});

describe('both', () => {
  test.each([
    ['/totals?of=', 'of'],
    ['/totals?line=The North', 'line'],
    ['/totals?of.party=N', 'of.party'],
    ['/totals?place=coast,land', 'place'],
    ['/totals?counter=%20', 'counter'],
    ['/totals?saidBy=yesterday', 'saidBy'],
    ['/totals?asOf=yesterday', 'asOf'],
    ['/totals?asOf=100000', 'asOf'],
    ['/totals?limit=0', 'limit'],
    ['/totals?policy=envelope', 'policy'],
    ['/totals?cursor=abc', 'cursor'],
    ['/levels?place=coast,,land', 'place'],
    ['/levels?place=coast,coast', 'place'],
    ['/levels?measure=felt', 'measure'],
    ['/levels?component=legs', 'component'],
    ['/levels?policy=mine', 'policy'],
    ['/levels?of=killed', 'of'],
    ['/levels?saidBy=2024-02-30', 'saidBy'],
  ])('%s is refused by name', async (address, parameter) => {
    const { status, body } = await ledger.ask<{ parameter?: string; errors?: { pointer: string }[] }>(address);
    expect(status).toBe(400);
    expect([body.parameter, ...(body.errors ?? []).map(({ pointer }) => pointer.slice(1))]).toContain(parameter);
  });

  test.each(['/totals', '/levels'])('%s is cached by position, and says whether it is final', async (path) => {
    const first = await ledger.ask<TotalsAnswer>(path);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\//);
    const again = await fetch(`${ledger.url}/v1/ledgers/made-up${path}`, { headers: { 'if-none-match': tag } });
    expect(again.status).toBe(304);
    const time = new Date(Date.now() - 1).toISOString();
    expect((await ledger.read<TotalsAnswer>(`${path}?asOf=${time}`)).final).toBe(false);
  });
});
