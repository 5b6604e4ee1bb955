/**
 * Time travel over HTTP: as of a record or a time (what the ledger knew), as said by a day (what had been said), and both.
 * Numbers are those of Tower 22, whose table tower-22.e2e.spec.ts holds; claims-dev.e2e.spec.ts travels in real records.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitiesAnswer, IncidentAnswer, RecordsAnswer, TalliesAnswer } from '#contracts';
import type { LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';
import { hit, register, say, triple } from './told.js';
import { openTower22, TOLD } from './tower-22.js';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

describe('Tower 22, 28 January 2024 (typed by hand)', () => {
  const POLICIES = ['latest-official', 'official-first', 'best-graded', 'envelope'] as const;
  let ledger: LedgerClient;
  const steps = new Map<string, number>();
  let end = 0;

  beforeAll(async () => {
    ledger = await app.open('tower-22');
    await openTower22(ledger);
    for (const told of TOLD) {
      end = await say(ledger, told);
      steps.set(told.id, end);
    }
    await ledger.read(`/incidents?wait=${end}`);
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
        expect(answer).toMatchObject({ saidBy, sequence: end, final: true });
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
    const [release, update, briefing] = ['release', 'update', 'briefing'].map((step) => steps.get(step));
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
    expect(evening.claims.map(({ predicate }) => predicate)).toEqual(['killed', 'injured', 'responsibility', 'place']);

    expect(answer(await page('2024-01-29'), 'responsibility', 'backed')).toMatchObject({ contested: true });
    const blamed = async (saidBy: string) => {
      const { positions = [] } = answer(await page(saidBy), 'responsibility', 'carried-out') ?? {};
      return positions.map(({ line, value }) => [line, (value as { actor: string }).actor]);
    };
    expect(await blamed('2024-01-28T12:00')).toEqual([]);
    const claimed = ['islamic-resistance', 'islamic-resistance'];
    expect(await blamed('2024-01-30')).toEqual([['us', 'iran-backed-groups'], claimed]);
    expect(await blamed('2024-01-31')).toEqual([['us', 'islamic-resistance'], claimed]);
    const { saidBy: by, ...all } = await page('2024-02-01');
    const { saidBy: none, ...stored } = await ledger.read<IncidentAnswer>('/incidents/tower-22');
    expect([by, none, all]).toEqual(['2024-02-01', null, stored]);
  });

  test('a time stands for the last record by then, and the answer names it', async () => {
    const { items } = await ledger.read<RecordsAnswer>('/records?limit=500');
    const times = items.map(({ event }) => (event as { recordedtime: string }).recordedtime);
    for (const time of [times[steps.get('release') ?? 0], times.at(-1)] as string[]) {
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
    for (const path of ['/tallies', '/tallies/explain', '/incidents/tower-22', '/incidents/tower-22/explain']) {
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

test('said by a day, a tally is of 5,000 incidents at most: more are refused by name, with what to do', async () => {
  const ledger = await app.open('many');
  const record = (n: number, method: string) =>
    ledger.record('record-incident', { id: `incident-${n}`, kind: 'single', method, parties: [] });
  for (let done = 0; done < 5_000; done += 250) {
    await Promise.all(Array.from({ length: 250 }, (_, n) => record(done + n, 'rocket')));
  }
  const { position } = await record(5_000, 'drone');
  await ledger.read(`/incidents?limit=1&wait=${position}`);
  const { status, body } = await ledger.ask('/tallies?of=attacks&saidBy=2024-01-28');
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'bad-parameter', parameter: 'saidBy', incidentsMax: 5_000 });
  expect(body['detail']).toMatch(/narrow them by place, from and to/);
  const { rows } = await ledger.read<TalliesAnswer>('/tallies?of=attacks&saidBy=2024-01-28&method=rocket');
  expect(rows).toMatchObject([{ incidents: 5_000, unreported: 5_000 }]);
  expect((await ledger.ask('/tallies?of=attacks')).status).toBe(200);
}, 120_000);
