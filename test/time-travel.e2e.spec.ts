/**
 * Time travel over HTTP: as of a record or a time (what the ledger knew), as said by a day (what had been said), and both.
 * The attack on al-Asad of January 2020 is read from real records, where they are; they are no part of this project.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitiesAnswer, IncidentAnswer, RecordsAnswer, TalliesAnswer } from '#contracts';
import type { Claim, PolicyName } from '#domain';
import type { LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const exactly = (n: number) => ({ low: n, best: n, high: n });
const atLeast = (n: number) => ({ low: n, best: null, high: null });
const triple = (low: number | null, best: number | null, high: number | null) => ({ low, best, high });
const US_MILITARY = { side: 'target', category: 'military', of: 'us' } as const;
const day = (date: string) => ({ from: date, to: date, precision: date.length === 10 ? 'day' : 'minute' });

/** Registers by name: `['dod', 'state-body', 'us']` is a part of the US. */
async function register(ledger: LedgerClient, actors: readonly (readonly [string, string, string?])[]): Promise<void> {
  for (const [id, kind, partOf] of actors) {
    await ledger.record('register-actor', { id, kind, names: [{ text: id }], ...(partOf !== undefined && { partOf }) });
  }
}

async function place(ledger: LedgerClient, id: string, kind: string, rest: object = {}): Promise<void> {
  await ledger.record('register-place', { id, kind, names: [{ text: id }], ...rest });
}

interface Step {
  id: string;
  by: string;
  in: string;
  said?: string | null;
  published?: string | null;
  chain?: string[];
  form?: string;
  utterance?: string;
  claims: object[];
}

/** Records a statement, and its document where that is new; the position. */
async function say(ledger: LedgerClient, step: Step): Promise<number> {
  const { id, by, said, published, chain, form = 'reported', utterance, claims } = step;
  const key = `${step.in} ${published ?? 'undated'} ${id}`;
  const document = key.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  await ledger.record('register-document', {
    id: document,
    publisher: step.in,
    kind: 'citation',
    title: `Document of ${id}`,
    ...(published && { published: day(published) }),
  });
  const { position } = await ledger.record('record-statement', {
    id,
    document,
    speaker: by,
    form,
    ...(said && { said: day(said) }),
    ...(chain && { chain }),
    ...(utterance !== undefined && { utterance }),
    claims,
  });
  return position;
}

/** The one figure about the Americans who were hit, and the sum over it. */
async function hit(ledger: LedgerClient, of: string, policy: PolicyName, when: string): Promise<TalliesAnswer> {
  return ledger.read(`/tallies?of=${of}&side=target&of.party=us&policy=${policy}&${when}`);
}

describe('Tower 22, 28 January 2024 (typed by hand)', () => {
  const POLICIES = ['latest-official', 'official-first', 'best-graded', 'envelope'] as const;
  const injured = (value: object): object => ({
    predicate: 'injured',
    about: { incident: 'tower-22' },
    stance: 'asserts',
    who: US_MILITARY,
    value,
  });
  const killed = { ...injured(exactly(3)), predicate: 'killed' };
  const responsible = (actor: string, role: string, stance = 'asserts'): object => ({
    predicate: 'responsibility',
    about: { incident: 'tower-22' },
    stance,
    value: { actor, role },
  });
  const at = (where: string): object => ({
    predicate: 'place',
    about: { incident: 'tower-22' },
    stance: 'asserts',
    value: { place: where },
  });
  let ledger: LedgerClient;
  /** The positions at which the numbers stood as they were said. */
  const steps: number[] = [];

  beforeAll(async () => {
    ledger = await app.open('tower-22');
    await register(ledger, [
      ['us', 'state'],
      ['dod', 'state-body', 'us'],
      ['centcom', 'armed-force', 'dod'],
      ['white-house', 'state-body', 'us'],
      ['iran', 'state'],
      ['jordan-government', 'state'],
      ['islamic-resistance', 'armed-group'],
      ['reuters', 'media'],
    ]);
    await place(ledger, 'jordan', 'country', { state: 'jordan-government' });
    await place(ledger, 'syria', 'country');
    await place(ledger, 'tower-22-site', 'site', { inside: 'jordan' });
    await place(ledger, 'al-tanf', 'site', { inside: 'syria' });
    await ledger.record('record-incident', {
      id: 'tower-22',
      kind: 'single',
      method: 'drone',
      time: day('2024-01-28'),
      place: { place: 'tower-22-site' },
      parties: [{ actor: 'us', side: 'target' }],
    });
    const told: Step[] = [
      {
        id: 'release',
        by: 'centcom',
        in: 'centcom',
        said: '2024-01-28T12:00',
        claims: [killed, injured(exactly(25)), at('tower-22-site')],
      },
      { id: 'jordan-first', by: 'jordan-government', in: 'reuters', said: '2024-01-28T14:00', claims: [at('al-tanf')] },
      { id: 'jordan-then', by: 'jordan-government', in: 'reuters', said: '2024-01-28T16:00', claims: [at('jordan')] },
      { id: 'update', by: 'centcom', in: 'centcom', said: '2024-01-28T21:00', claims: [killed, injured(atLeast(34))] },
      {
        id: 'briefing',
        by: 'dod',
        in: 'dod',
        said: '2024-01-29',
        claims: [killed, injured(atLeast(41)), responsible('iran', 'backed')],
      },
      {
        id: 'mission',
        by: 'iran',
        in: 'reuters',
        said: '2024-01-29',
        claims: [responsible('iran', 'any', 'denies')],
      },
      {
        id: 'kirby',
        by: 'white-house',
        in: 'white-house',
        said: '2024-01-31',
        claims: [responsible('islamic-resistance', 'carried-out')],
      },
    ];
    for (const step of told) steps.push(await say(ledger, step));
    await ledger.read(`/incidents?wait=${steps.at(-1)}`);
  });

  test.each(POLICIES)(
    'injured as said by each hour and day, under %s: one line, each number replaces the last',
    async (policy) => {
      const known = {
        '2024-01-27': triple(null, null, null),
        '2024-01-28T11:59': triple(null, null, null),
        '2024-01-28T12:00': triple(25, 25, 25),
        '2024-01-28T20:59:59': triple(25, 25, 25),
        '2024-01-28': triple(34, null, null),
        '2024-01-29': triple(41, null, null),
        '2030-01-01': triple(41, null, null),
      };
      for (const [saidBy, expected] of Object.entries(known)) {
        const { rows, figures, ...answer } = await hit(ledger, 'injured', policy, `saidBy=${saidBy}`);
        expect(answer).toMatchObject({ saidBy, sequence: steps.at(-1), final: true });
        expect(rows).toMatchObject([
          { incidents: 1, unreported: expected.low === null ? 1 : 0, best: expected.low ?? 0 },
        ]);
        expect(figures).toMatchObject(
          expected.low === null ? [] : [{ ...expected, status: 'reported', contested: false }],
        );
      }
    },
  );

  test('as of a record and as said by a day together: what the ledger then knew of what had been said', async () => {
    const [release, , , update, briefing] = steps;
    const ask = async (when: string) => (await hit(ledger, 'injured', 'official-first', when)).figures[0]?.low;
    expect(await ask(`asOf=${release}&saidBy=2024-01-31`)).toBe(25);
    expect(await ask(`asOf=${update}&saidBy=2024-01-31`)).toBe(34);
    expect(await ask(`asOf=${briefing}&saidBy=2024-01-28`)).toBe(34);
    expect(await ask(`asOf=${briefing}&saidBy=2024-01-28T12:00`)).toBe(25);
    expect(await ask(`asOf=${(release ?? 0) - 1}&saidBy=2024-01-31`)).toBeUndefined();
  });

  test('the page of the incident: card, answers and claims as said by then', async () => {
    const page = (saidBy: string) => ledger.read<IncidentAnswer>(`/incidents/tower-22?saidBy=${saidBy}`);
    const answer = ({ answers }: IncidentAnswer, predicate: string, key?: string) =>
      answers.find(({ question }) => question.predicate === predicate && question.key === key);
    const disputed = ({ card }: IncidentAnswer) => card.find(({ field }) => field === 'place')?.disputed;

    const afternoon = await page('2024-01-28T15:00');
    expect(afternoon).toMatchObject({ saidBy: '2024-01-28T15:00', policy: 'official-first@1' });
    expect([answer(afternoon, 'place')?.contested, disputed(afternoon)]).toEqual([true, true]);
    const evening = await page('2024-01-28');
    expect([answer(evening, 'place')?.contested, disputed(evening)]).toEqual([false, false]);
    expect(answer(evening, 'place')?.setAside).toEqual([{ claim: 'jordan-first#1', code: 'superseded' }]);
    expect(evening.claims.map(({ predicate }) => predicate)).toEqual(['killed', 'injured', 'place']);

    expect(answer(await page('2024-01-29'), 'responsibility', 'backed')).toMatchObject({ contested: true });
    expect(answer(await page('2024-01-30'), 'responsibility', 'carried-out')).toBeUndefined();
    expect(answer(await page('2024-01-31'), 'responsibility', 'carried-out')?.positions).toMatchObject([
      { line: 'us', attribution: 'blames' },
    ]);
    const { saidBy: by, ...all } = await page('2024-02-01');
    const { saidBy: none, ...stored } = await ledger.read<IncidentAnswer>('/incidents/tower-22');
    expect([by, none, all]).toEqual(['2024-02-01', null, stored]);
  });

  test('a time stands for the last record by then, and the answer names it', async () => {
    const { items } = await ledger.read<RecordsAnswer>('/records?limit=500');
    const times = items.map(({ event }) => (event as { recordedtime: string }).recordedtime);
    for (const time of [times[steps[0] ?? 0], times.at(-1)] as string[]) {
      const sequence = times.findLastIndex((one) => one <= time) + 1;
      const shifted = new Date(Date.parse(time) + 3 * 3_600_000).toISOString().replace('Z', '%2B03:00');
      const bySequence = await hit(ledger, 'injured', 'envelope', `asOf=${sequence}`);
      for (const asOf of [time, shifted]) {
        const byTime = await hit(ledger, 'injured', 'envelope', `asOf=${asOf}`);
        expect({ ...byTime, final: true }).toEqual(bySequence);
      }
    }
  });

  test('a page after the first is as of the record of the first; a cursor goes with its moment only', async () => {
    const fresh = await app.open('cursors');
    await register(fresh, [
      ['a', 'state'],
      ['c', 'state'],
    ]);
    await pause(2);
    const asOf = new Date().toISOString();
    await fresh.read(`/actors?wait=3`);
    await pause(2);
    const first = await fresh.read<EntitiesAnswer>(`/actors?limit=1&asOf=${asOf}`);
    expect([first.sequence, first.items.map(({ id }) => id)]).toEqual([3, ['a']]);
    await register(fresh, [['b', 'state']]);
    await fresh.read('/actors?wait=4');
    const second = await fresh.read<EntitiesAnswer>(`/actors?limit=1&asOf=${asOf}&cursor=${first.next}`);
    expect([second.sequence, second.items.map(({ id }) => id)]).toEqual([3, ['c']]);
    for (const other of ['', '&asOf=3', '&asOf=2000-01-01']) {
      const answer = await fresh.ask(`/actors?limit=1&cursor=${first.next}${other}`);
      expect([answer.status, answer.body['code'] ?? answer.body['type'], answer.body['parameter']]).toEqual([
        400,
        expect.stringContaining('bad-parameter'),
        'cursor',
      ]);
    }
  });

  test.each([
    ['asOf=yesterday', 'asOf'],
    ['asOf=2024-02-30', 'asOf'],
    ['asOf=2024-01-28T12:00', 'asOf'],
    ['asOf=2024-01-28T12:00:00+03:00', 'asOf'],
    ['asOf=9999-12-31', 'asOf'],
    [`asOf=${new Date(Date.now() + 86_400_000).toISOString()}`, 'asOf'],
    ['asOf=2000-01-01', 'asOf'],
    ['asOf=0001-01-01T00:00:00%2B14:00', 'asOf'],
    ['asOf=1&asOf=2', 'asOf'],
    ['saidBy=yesterday', 'saidBy'],
    ['saidBy=2024-02-30', 'saidBy'],
    ['saidBy=2024-01-28T12:00:00Z', 'saidBy'],
    ['saidBy=12', 'saidBy'],
    ['saidBy=', 'saidBy'],
  ])('%s is refused by name', async (query, parameter) => {
    for (const path of ['/tallies', '/incidents/tower-22']) {
      const { status, body } = await ledger.ask<{ parameter?: string; errors?: { pointer: string }[] }>(
        `${path}?${query}`,
      );
      expect(status).toBe(400);
      expect([body.parameter, ...(body.errors ?? []).map(({ pointer }) => pointer.slice(1))]).toContain(parameter);
    }
  });

  test('said by goes with claims only: where none are counted it is refused by name', async () => {
    for (const path of ['/actors', '/incidents', '/records']) {
      expect((await ledger.ask(`${path}?saidBy=2024-01-28`)).status).toBe(400);
    }
  });

  test('a time is final once the projector has stood at the end of the log for long enough', async () => {
    const { items } = await ledger.read<RecordsAnswer>(`/records?limit=500`);
    const times = items.map(({ event }) => (event as { recordedtime: string }).recordedtime);
    const asOf = times.at(-1) ?? '';
    const final = async (of: string): Promise<[number, boolean]> => {
      const { sequence, final: is } = await hit(ledger, 'injured', 'envelope', `asOf=${of}`);
      return [sequence, is];
    };
    // Days ago nothing was recorded; seconds ago something may have been that is still on its way.
    const other = await app.open('another');
    await register(other, [['us', 'state']]);
    const now = new Date().toISOString();
    await pause(5);
    const { final: isFinal } = await other.read<EntitiesAnswer>(`/actors?wait=2&asOf=${now}`);
    expect(isFinal).toBe(false);
    await pause(Math.max(0, Date.parse(asOf) + 5_200 - Date.now()));
    const { position } = await ledger.record('register-actor', { id: 'later', kind: 'media', names: [{ text: 'x' }] });
    await ledger.read(`/actors?wait=${position}`);
    for (let tries = 0; tries < 50 && !(await final(asOf))[1]; tries += 1) await pause(100);
    expect(await final(asOf)).toEqual([items.length, true]);
    expect((await final(new Date(Date.now() - 1).toISOString()))[1]).toBe(false);
  });
});

/** A line of claims-dev.jsonl. */
interface Row {
  id: string;
  series: string;
  metric: string;
  value: number | null;
  qualifier: string;
  as_of: string | null;
  published: string | null;
  attributed_to: string | null;
  publisher: string;
  quote: string;
}

const FOLDER = process.env['REAL_DATA_DIR'] ?? '../shared/data';
const FILE = `${FOLDER}/claims/claims-dev.jsonl`;
const hasData = existsSync(FILE);
if (!hasData) process.stderr.write(`SKIPPED: al-Asad 2020, from real records: there is no ${FILE} (REAL_DATA_DIR).\n`);

(hasData ? describe : describe.skip)('al-Asad, 8 January 2020, from real records', () => {
  const DAYS = {
    '2020-01-08': 0,
    '2020-01-16': 11,
    '2020-01-24': 34,
    '2020-01-28': 50,
    '2020-01-30': 64,
    '2020-02-10': 109,
    '2020-02-21': 110,
  };
  /** How the file names speakers, and who passed on what they said. */
  const SPEAKERS: Record<string, [string, ...string[]]> = {
    'IRGC via Iranian state television': ['irgc', 'irib'],
    'Iraqi statement': ['iraq-government'],
    'IRGC source': ['irgc-source'],
    'informed IRGC source via Mehr': ['irgc-source', 'mehr'],
    'Iraqi military': ['iraqi-military'],
    'Press TV via CBS reporter E. Palmer': ['press-tv', 'cbs'],
    'President D. Trump': ['trump'],
    'Pentagon spokesperson T. Campbell': ['campbell'],
    'Pentagon spokesman T. Campbell': ['campbell'],
    'Pentagon spokesman J. Hoffman': ['hoffman'],
    Pentagon: ['dod'],
    'Department of Defense': ['dod'],
    'Defense Department via NBC News': ['dod', 'nbc'],
    'last Pentagon report, as recalled by Military.com': ['dod'],
    'a US official via CNN': ['us-official', 'cnn'],
  };
  /** The briefings that several documents render. */
  const UTTERANCES: Record<string, string> = {
    c101: 'briefing-01-28',
    c102: 'briefing-01-28',
    c105: 'briefing-01-28',
    c106: 'briefing-01-28',
    c107: 'report-01-30',
    c108: 'report-01-30',
    c109: 'report-01-30',
  };
  const AT = { incident: 'al-asad-2020' };
  const BOTH = { incidents: ['al-asad-2020', 'erbil-2020'] };

  function numberOf({ value, qualifier }: Row): object {
    const n = value ?? 0;
    if (qualifier === 'at least') return atLeast(n);
    if (qualifier === 'over') return atLeast(n + 1);
    return { ...exactly(n), ...(['some', 'estimated'].includes(qualifier) && { about: true }) };
  }

  function claimsOf(row: Row): object[] {
    const { quote: words } = row;
    const said = (predicate: Claim['predicate'], about: object, value: object, rest: object = {}) => ({
      predicate,
      about,
      stance: 'asserts',
      value,
      words,
      ...rest,
    });
    const number = numberOf(row);
    switch (row.metric) {
      case 'deaths':
        if (row.value === null) return [said('remark', AT, { text: 'It backs away from the figure of 80.' })];
        return [said('killed', AT, number, { who: US_MILITARY })];
      case 'injured':
        // "No Americans were harmed": none injured, and so none killed.
        if (row.value === 0) {
          const who = { of: 'us' };
          return [said('injured', AT, number, { who }), said('killed', AT, number, { who, basis: 'entailed' })];
        }
        // "Increased by 45 from an update in January": a change of the number of 30 January.
        if (row.id === 'c113') return [said('injured', AT, { change: 45, from: 'c107#1' }, { who: US_MILITARY })];
        return [said('injured', AT, number, { who: US_MILITARY })];
      case 'returned_to_duty':
        return [said('count', AT, { of: 'returned-to-duty', ...number })];
      case 'missiles_launched':
        return [said('munitions', BOTH, { munition: 'missile', ...number })];
      case 'missiles_at_erbil':
        return [said('munitions', { incident: 'erbil-2020' }, { munition: 'missile', ...number })];
      case 'missiles_hit_al_asad':
      case 'missiles_at_al_asad':
        return [said('munitions', AT, { munition: 'missile', ...number })];
      case 'personnel_present':
        return [
          said(
            'force-level',
            { scope: { actor: 'us', places: ['al-asad'] } },
            { measure: 'present', component: 'all', ...number },
          ),
        ];
      default:
        throw new Error(`No rule for ${row.metric} of ${row.id}.`);
    }
  }

  let ledger: LedgerClient;
  /** After each row of the file, in its order. */
  const positions = new Map<string, number>();
  let end = 0;

  beforeAll(async () => {
    ledger = await app.open('al-asad');
    await register(ledger, [
      ['us', 'state'],
      ['dod', 'state-body', 'us'],
      ['trump', 'person', 'us'],
      ['campbell', 'person', 'dod'],
      ['hoffman', 'person', 'dod'],
      ['iran', 'state'],
      ['irgc', 'armed-force', 'iran'],
      ['iraq-government', 'state'],
      ['iraqi-military', 'armed-force', 'iraq-government'],
      ['irgc-source', 'unnamed'],
      ['us-official', 'unnamed'],
      ...['irib', 'mehr', 'press-tv', 'cbs', 'nbc', 'cnn'].map((id) => [id, 'media'] as const),
    ]);
    await place(ledger, 'iraq', 'country', { state: 'iraq-government' });
    await place(ledger, 'al-asad', 'site', { inside: 'iraq' });
    await place(ledger, 'erbil', 'town', { inside: 'iraq' });
    for (const [id, where] of [
      ['al-asad-2020', 'al-asad'],
      ['erbil-2020', 'erbil'],
    ] as const) {
      await ledger.record('record-incident', {
        id,
        kind: 'single',
        method: 'missile',
        time: day('2020-01-08'),
        place: { place: where },
        parties: [
          { actor: 'us', side: 'target' },
          { actor: 'irgc', side: 'attacker' },
        ],
      });
    }

    const rows = readFileSync(FILE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
      .filter(({ series }) => series.startsWith('al-asad-2020'));
    expect(rows).toHaveLength(26);
    const publishers = new Set<string>();
    for (const row of rows) {
      const publisher = row.publisher
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/-$/, '');
      if (!publishers.has(publisher)) await register(ledger, [[publisher, 'media']]);
      publishers.add(publisher);
      const [by, ...chain] = row.attributed_to === null ? [publisher] : (SPEAKERS[row.attributed_to] ?? []);
      if (by === undefined) throw new Error(`Nobody is known as ${row.attributed_to}.`);
      const utterance = UTTERANCES[row.id];
      const position = await say(ledger, {
        id: row.id,
        by,
        in: publisher,
        said: row.as_of,
        published: row.published,
        ...(chain.length > 0 && { chain }),
        ...(utterance !== undefined && { utterance }),
        form: row.attributed_to === null ? 'own-voice' : 'reported',
        claims: claimsOf(row),
      });
      positions.set(row.id, position);
      end = position;
    }
    await ledger.read(`/incidents?wait=${end}`);
  });

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
