/**
 * What changed and why, over HTTP: one story in which a number moves for every reason there is, compared step by step and
 * told as a history. The example's report is real; everything that is said of it afterwards is made up for the test.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  DiffAnswer,
  HistoryAnswer,
  IncidentExplainAnswer,
  IncidentHistoryAnswer,
  ProblemBody,
  RecordsAnswer,
} from '#contracts';
import type { LedgerClient } from '#testing';
import { recordLines, startApp, type RunningApp } from './running-app.js';
import { about, atLeast, exactly, say, triple, US_MILITARY } from './told.js';
import { openTower22, TOLD, type TowerStep } from './tower-22.js';

const CONOCO = 'conoco-2023-04-10';
const INJURED = 'of=injured&side=target&of.party=us&policy=envelope';
const why = (text: string) => `Made up for a test: ${text}`;

let app: RunningApp;
let ledger: LedgerClient;
/** The last record before the story, and after each of its steps. */
const at: Record<string, number> = {};

/** What an unnamed official says of the injured: with another value, or taking it back. */
const official = (id: string, day: string, claim: object): object => ({
  id,
  document: 'made-up-gazette-2023-04-13',
  speaker: 'unnamed-us-official',
  form: 'reported',
  said: { from: day, to: day, precision: 'day' },
  claims: [
    {
      predicate: 'injured',
      about: { incident: CONOCO },
      stance: 'asserts',
      who: { side: 'target', category: 'military', of: 'us' },
      ...claim,
    },
  ],
});
const saying = (n: number) => ({ value: exactly(n) });

beforeAll(async () => {
  app = await startApp();
  const example = await app.openExample('changes');
  ledger = example.client;
  at['start'] = example.end;
  at['said'] = await recordLines(ledger, 'conoco-later.ndjson');
  const step = async (name: string, ...[act, body, beside]: Parameters<LedgerClient['record']>) => {
    at[name] = (await ledger.record(act, body, beside)).position;
  };
  const document = 'made-up-gazette-2023-04-13';
  await step('withdrawn', 'withdraw-document', { reason: why('it was taken back.') }, { id: document, ifMatch: '"1"' });
  await step(
    'restored',
    'withdraw-document',
    { reason: why('it was another one.'), takesBack: 2 },
    { id: document, ifMatch: '"2"' },
  );
  await step('revised', 'record-statement', official('official-again', '2023-04-14', saying(3)));
  const again = { ...official('official-again', '2023-04-14', saying(4)), reason: why('it said four.') };
  await step('mistyped', 'correct-statement', again, { id: 'official-again', ifMatch: '"1"' });
  const takesBack = { stance: 'retracts', retracts: 'official-again#1' };
  await step('retracted', 'record-statement', official('official-retracts', '2023-04-15', takesBack));
  await step('graded', 'record-assessment', {
    id: 'desk',
    about: { claim: 'unnamed-official-on-conoco#1' },
    credibility: 5,
    grounds: why('nobody else knows of it.'),
  });
  const { entity } = await ledger.read<IncidentExplainAnswer>(`/incidents/${CONOCO}/explain?wait=${at['graded']}`);
  const card = { ...(entity.body as object), parties: [], reason: why('nobody knows who was the target.') };
  await step('corrected', 'correct-incident', card, { id: CONOCO, ifMatch: `"${entity.version}"` });
  await step(
    'gone',
    'retract-incident',
    { reason: why('there was none.') },
    { id: CONOCO, ifMatch: `"${entity.version + 1}"` },
  );
  await ledger.read(`/incidents?wait=${at['gone']}`);
});
afterAll(() => app?.stop());

const diff = (from: string, to: string, query = INJURED) =>
  ledger.read<DiffAnswer>(`/tallies/diff?${query}&since=${at[from]}&asOf=${at[to]}`);

describe('the injured of the rocket attack, by the envelope of all sources', () => {
  test.each([
    ['start', 'said', triple(0, 0, 0), triple(0, null, 2), 'on', 'new-statement', 'StatementRecorded'],
    ['said', 'withdrawn', triple(0, null, 2), triple(0, 0, 0), 'off', 'publisher-withdrew', 'DocumentWithdrawn'],
    ['withdrawn', 'restored', triple(0, 0, 0), triple(0, null, 2), 'on', 'publisher-withdrew', 'DocumentWithdrawn'],
    ['restored', 'revised', triple(0, null, 2), triple(0, null, 3), null, 'source-revised', 'StatementRecorded'],
    ['revised', 'mistyped', triple(0, null, 3), triple(0, null, 4), null, 'recorder-error', 'StatementCorrected'],
    ['mistyped', 'retracted', triple(0, null, 4), triple(0, null, 2), null, 'source-retracted', 'StatementRecorded'],
    ['retracted', 'graded', triple(0, null, 2), triple(0, 0, 0), 'off', 'regraded', 'AssessmentRecorded'],
  ] as const)('%s → %s', async (from, to, before, after, contested, cause, type) => {
    const answer = await diff(from, to);
    expect(answer).toMatchObject({ sequence: at[to], final: true, since: { sequence: at[from], final: true } });
    expect(answer.figures).toMatchObject([
      { incident: CONOCO, measure: 'injured', side: 'target', before, after, contested, causes: [cause] },
    ]);
    const [figure] = answer.figures;
    expect(figure?.records.map((one) => [one.sequence, one.type, one.cause, one.recorder])).toEqual([
      [at[to], type, cause, expect.stringMatching(/^k/)],
    ]);
    const by = (of: 'low' | 'best' | 'high') =>
      before[of] === null || after[of] === null ? null : after[of] - before[of];
    expect(figure?.delta).toEqual({ low: by('low'), best: by('best'), high: by('high') });
    const turned = contested === null ? 0 : contested === 'on' ? 1 : -1;
    const [row] = answer.rows;
    expect(answer.rows).toMatchObject([{ measure: 'injured', side: 'target', delta: { high: by('high') } }]);
    expect((row?.after?.contested ?? 0) - (row?.before?.contested ?? 0)).toBe(turned);
    expect([answer.incidents, answer.answers, answer.next]).toEqual([[], [], null]);
  });

  test('an incident that is no longer of the party leaves the tally, with its figures; so does one that was none', async () => {
    const corrected = await diff('graded', 'corrected');
    expect(corrected.incidents).toMatchObject([
      { incident: CONOCO, before: { bucket: null }, after: null, causes: ['incident-corrected'] },
    ]);
    expect(corrected.figures).toMatchObject([
      { before: { ...triple(0, 0, 0), status: 'affirmed-none' }, after: null, causes: ['incident-corrected'] },
    ]);
    expect(corrected.incidents[0]?.records).toMatchObject([
      { sequence: at['corrected'], reason: why('nobody knows who was the target.') },
    ]);
    const gone = await diff('corrected', 'gone', 'of=attacks');
    expect(gone.incidents).toMatchObject([{ incident: CONOCO, after: null, causes: ['recorder-error'] }]);
    expect(gone.figures).toMatchObject([{ before: triple(1, 1, 1), after: null, causes: ['recorder-error'] }]);
    expect(gone.rows).toMatchObject([{ delta: { low: -1, best: -1 } }]);
  });

  test('over the whole story: nothing is left, and every record that moved it is named', async () => {
    const answer = await diff('start', 'gone');
    expect(answer.figures).toMatchObject([{ before: triple(0, 0, 0), after: null, contested: null }]);
    const steps = ['said', 'withdrawn', 'restored', 'revised', 'mistyped', 'retracted', 'graded', 'corrected', 'gone'];
    expect(answer.figures[0]?.records.map(({ sequence }) => sequence)).toEqual(steps.map((step) => at[step]));
  });

  test('between a record and itself nothing changed, and since the beginning everything is new', async () => {
    const none = await diff('said', 'said');
    expect([none.rows, none.incidents, none.figures, none.answers]).toEqual([[], [], [], []]);
    at['beginning'] = 0;
    const { figures, incidents, rows } = await diff('beginning', 'start');
    expect(incidents.map(({ incident, before }) => [incident, before])).toEqual([
      [CONOCO, null],
      ['hasakah-drone-2023-03', null],
    ]);
    expect(figures).toMatchObject([
      { incident: CONOCO, before: null, after: triple(0, 0, 0), causes: ['new-statement'] },
    ]);
    expect(rows).toMatchObject([{ before: null, after: { incidents: 2, unreported: 1 }, delta: triple(0, 0, 0) }]);
  });

  test('page by page, with both moments of the first page', async () => {
    const query = `/tallies/diff?of=attacks&since=0&asOf=${at['start']}&limit=1`;
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: DiffAnswer = await ledger.read<DiffAnswer>(next === '' ? query : `${query}&cursor=${next}`);
      expect([page.sequence, page.since]).toEqual([at['start'], { sequence: 0, final: true }]);
      seen.push(...page.incidents.map(({ incident }) => incident));
      next = page.next;
    }
    expect(seen).toEqual(seen.toSorted());
    expect(seen).toHaveLength(4);
  });

  test('of what had been said by a day', async () => {
    const query = `/tallies/diff?${INJURED}&since=${at['start']}&asOf=${at['mistyped']}`;
    const early = await ledger.read<DiffAnswer>(`${query}&saidBy=2023-04-13`);
    expect(early).toMatchObject({ saidBy: '2023-04-13', figures: [{ after: triple(0, null, 2) }] });
    const late = await ledger.read<DiffAnswer>(`${query}&saidBy=2023-04-14`);
    expect(late.figures).toMatchObject([{ after: triple(0, null, 4) }]);
  });
});

test('since a time stands for the last record by then, and the answer says whether both moments are final', async () => {
  const { items } = await ledger.read<RecordsAnswer>(`/records?limit=500&asOf=${at['said']}`);
  const [time = ''] = items.slice(-1).map(({ event }) => (event as { recordedtime: string }).recordedtime);
  // Nobody could tell a record from the one after it that has the same time.
  const { since, final, sequence } = await ledger.read<DiffAnswer>(`/tallies/diff?since=${time}&asOf=${at['gone']}`);
  expect(since.sequence).toBeGreaterThanOrEqual(at['said'] ?? Infinity);
  expect([sequence, final]).toEqual([at['gone'], since.final]);
  const now = await ledger.read<DiffAnswer>(`/tallies/diff?since=${new Date().toISOString()}`);
  expect([now.since.sequence, now.since.final, now.final, now.figures]).toEqual([at['gone'], false, false, []]);
});

describe('the history', () => {
  test('of an incident: every step with what it moved, why, when and by whom', async () => {
    const { items, statements, policy } = await ledger.read<IncidentHistoryAnswer>(
      `/incidents/${CONOCO}/history?policy=envelope@1`,
    );
    expect(policy).toBe('envelope@1');
    const story = items.filter(({ sequence }) => sequence > (at['start'] ?? 0));
    const injured = ({ figures }: (typeof items)[number]) =>
      figures
        .filter(({ question: { predicate, who } }) => {
          return predicate === 'injured' && (who as { side: string }).side === 'target';
        })
        .map(({ before, after, cause }) => [before?.high ?? null, after?.high ?? null, cause]);
    expect(story.map((step) => [step.sequence, ...injured(step)])).toEqual([
      [at['said'], [0, 2, 'new-statement']],
      [at['withdrawn'], [2, 0, 'publisher-withdrew']],
      [at['restored'], [0, 2, 'publisher-withdrew']],
      [at['revised'], [2, 3, 'source-revised']],
      [at['mistyped'], [3, 4, 'recorder-error']],
      [at['retracted'], [4, 2, 'source-retracted']],
      [at['graded'], [2, 0, 'regraded']],
      [at['corrected']],
      [at['gone'], [0, null, 'recorder-error']],
    ]);
    const [first] = items;
    expect(first).toMatchObject({
      type: 'IncidentRecorded',
      before: null,
      after: { version: 1, status: 'live' },
      causes: [],
    });
    expect(story.at(-1)).toMatchObject({
      before: { version: 2, status: 'live' },
      after: { version: 3, status: 'retracted' },
      reason: why('there was none.'),
      recorder: expect.stringMatching(/^k/),
      causes: ['recorder-error'],
    });
    for (const id of ['centcom-on-conoco', 'official-again', 'official-retracts']) {
      expect(statements.map((one) => one.id)).toContain(id);
    }
  });

  test('of a statement, with its claims before and after', async () => {
    const { items } = await ledger.read<HistoryAnswer>('/statements/official-again/history');
    expect(items).toMatchObject([
      { sequence: at['revised'], causes: ['new-statement'], before: null, after: { body: { claims: [saying(3)] } } },
      {
        sequence: at['mistyped'],
        causes: ['recorder-error'],
        reason: why('it said four.'),
        before: { version: 1, body: { claims: [saying(3)] } },
        after: { version: 2, body: { claims: [saying(4)] } },
      },
    ]);
  });

  test('of a document, page by page and as of a moment', async () => {
    const path = '/documents/made-up-gazette-2023-04-13/history';
    const first = await ledger.read<HistoryAnswer>(`${path}?limit=2`);
    const second = await ledger.read<HistoryAnswer>(`${path}?limit=2&cursor=${first.next}`);
    expect([...first.items, ...second.items].map(({ causes, after }) => [causes, after?.status])).toEqual([
      [[], 'live'],
      [['publisher-withdrew'], 'withdrawn'],
      [['publisher-withdrew'], 'live'],
    ]);
    expect(second.next).toBeNull();
    const then = await ledger.read<HistoryAnswer>(`${path}?asOf=${at['withdrawn']}`);
    expect([then.sequence, then.items.length]).toEqual([at['withdrawn'], 2]);
  });

  test('of an actor, a place and an assessment', async () => {
    for (const [path, type] of [
      ['/actors/centcom', 'ActorRegistered'],
      ['/places/syria', 'PlaceRegistered'],
      ['/assessments/desk', 'AssessmentRecorded'],
    ] as const) {
      const { items } = await ledger.read<HistoryAnswer>(`${path}/history`);
      expect(items).toMatchObject([{ type, before: null, after: { version: 1 } }]);
    }
  });

  test('of nothing there is none', async () => {
    for (const path of ['/actors/nobody', '/incidents/none', '/statements/%00', '/documents/syria', '/actors/CONOCO']) {
      expect((await ledger.ask(`${path}/history`)).status).toBe(404);
    }
    expect((await ledger.ask(`/incidents/${CONOCO}/history?asOf=1`)).status).toBe(404);
  });
});

test('a retracted incident explains why nothing of it counts', async () => {
  const { entity, answers, statements } = await ledger.read<IncidentExplainAnswer>(`/incidents/${CONOCO}/explain`);
  expect(entity.status).toBe('retracted');
  const shown = new Set(statements.flatMap(({ claims }) => claims.map(({ id }) => id)));
  for (const { positions, setAside } of answers) {
    expect(positions).toEqual([]);
    for (const { claim, code } of setAside) expect([code, shown.has(claim)]).toEqual(['incident-not-live', true]);
  }
  expect(answers.length).toBeGreaterThan(5);
});

test.each<[string, string]>([
  ['/tallies/diff', 'since'],
  ['/tallies/diff?since=', 'since'],
  ['/tallies/diff?since=yesterday', 'since'],
  ['/tallies/diff?since=2023-02-30', 'since'],
  ['/tallies/diff?since=2000-01-01', 'since'],
  ['/tallies/diff?since=9999-12-31', 'since'],
  ['/tallies/diff?since=1000000', 'since'],
  ['/tallies/diff?since=2&asOf=1', 'since'],
  ['/tallies/diff?since=1&since=2', 'since'],
  ['/tallies/diff?since=1&asOf=1000000', 'asOf'],
  ['/tallies/diff?since=1&of=force-level', 'of'],
  ['/tallies/diff?since=1&of=killed,force-level', 'of'],
  ['/tallies/diff?since=1&by=place:galaxy', 'by'],
  ['/tallies/diff?since=1&bucket=week', 'bucket'],
  ['/tallies/diff?since=1&policy=envelope@2', 'policy'],
  ['/tallies/diff?since=1&policy=median', 'policy'],
  ['/tallies/diff?since=1&limit=0', 'limit'],
  ['/tallies/diff?since=1&of.party=centcom', 'of.party'],
  ['/tallies/explain?policy=official-first@0', 'policy'],
  ['/tallies/explain?since=1', 'since'],
  ['/tallies/explain?limit=2001', 'limit'],
  ['/tallies/explain?cursor=bm8', 'cursor'],
  ['/tallies/explain?saidBy=then', 'saidBy'],
  [`/incidents/${CONOCO}/explain?policy=envelope@2`, 'policy'],
  [`/incidents/${CONOCO}/explain?limit=2`, 'limit'],
  [`/incidents/${CONOCO}/history?policy=envelope@2`, 'policy'],
  [`/incidents/${CONOCO}/history?saidBy=2023-04-10`, 'saidBy'],
  ['/actors/us/history?policy=envelope', 'policy'],
  ['/actors/us/history?cursor=bm8', 'cursor'],
  ['/actors/us/history?limit=501', 'limit'],
])('%s is refused, naming %s', async (path, parameter) => {
  const { status, body } = await ledger.ask<ProblemBody & Record<string, unknown>>(path);
  expect([status, body.code]).toEqual([400, 'bad-parameter']);
  expect([body['parameter'], ...(body.errors ?? []).map(({ pointer }) => pointer.slice(1))]).toContain(parameter);
});

test('a cursor goes with its own question only', async () => {
  const { next } = await ledger.read<DiffAnswer>(`/tallies/diff?of=attacks&since=0&limit=1&asOf=${at['start']}`);
  const { next: ofHistory } = await ledger.read<HistoryAnswer>('/documents/made-up-gazette-2023-04-13/history?limit=1');
  for (const path of [
    `/tallies/diff?of=killed&since=0&asOf=${at['start']}&cursor=${next}`,
    `/tallies/diff?of=attacks&since=1&asOf=${at['start']}&cursor=${next}`,
    `/tallies/explain?of=attacks&asOf=${at['start']}&cursor=${next}`,
    `/actors/us/history?cursor=${ofHistory}`,
    `/incidents/${CONOCO}/history?cursor=${ofHistory}`,
  ]) {
    const { status, body } = await ledger.ask<{ parameter?: string }>(path);
    expect([status, body.parameter]).toEqual([400, 'cursor']);
  }
});

describe('Tower 22: the number, who did it and where, step by step', () => {
  let tower: LedgerClient;
  const told = new Map<string, number>();
  beforeAll(async () => {
    tower = await app.open('tower-22');
    await openTower22(tower);
    for (const step of TOLD) told.set(step.id, await say(tower, step));
    await tower.read(`/incidents?wait=${told.get('kirby')}`);
  });

  const between = (since: TowerStep, until: TowerStep) =>
    tower.read<DiffAnswer>(
      `/tallies/diff?of=injured&side=target&of.party=us&since=${told.get(since)}&asOf=${told.get(until)}`,
    );
  const answersOf = ({ answers }: DiffAnswer) =>
    answers.map(({ question: { predicate, key }, lines, contested, causes, records }) => ({
      of: key === undefined ? predicate : `${predicate} ${key}`,
      lines,
      contested,
      causes,
      records: records.map(({ sequence }) => sequence),
    }));

  test('another place is contested; said again otherwise it is contested no more', async () => {
    expect(answersOf(await between('president', 'jordan-first'))).toEqual([
      {
        of: 'place',
        lines: [{ line: 'jordan-state', before: [], after: [{ place: 'al-tanf' }] }],
        contested: 'on',
        causes: ['new-statement'],
        records: [told.get('jordan-first')],
      },
    ]);
    expect(answersOf(await between('jordan-first', 'jordan-then'))).toEqual([
      {
        of: 'place',
        lines: [{ line: 'jordan-state', before: [{ place: 'al-tanf' }], after: [{ place: 'jordan-border' }] }],
        contested: 'off',
        causes: ['source-revised'],
        records: [told.get('jordan-then')],
      },
    ]);
  });

  test('a newer number of the same line revises the one before', async () => {
    const { figures, rows } = await between('resistance', 'update');
    expect(figures).toMatchObject([
      { before: exactly(25), after: atLeast(34), delta: triple(9, null, null), causes: ['source-revised'] },
    ]);
    expect(rows).toMatchObject([{ before: { floors: 0 }, after: { floors: 1 }, delta: triple(9, 9, null) }]);
  });

  test('who is blamed is told by line; who denies holds nothing, and contests', async () => {
    expect(answersOf(await between('update', 'briefing'))).toMatchObject([
      {
        of: 'responsibility backed',
        lines: [{ line: 'us', before: [], after: [{ actor: 'iran', attribution: 'blames' }] }],
        contested: null,
      },
    ]);
    expect(answersOf(await between('briefing', 'mission'))).toMatchObject([
      { of: 'responsibility backed', lines: [], contested: 'on', causes: ['new-statement'] },
    ]);
  });

  test('from the first to the last every record that moved the number, and no other', async () => {
    const { figures } = await between('release', 'kirby');
    expect(figures).toMatchObject([{ before: exactly(25), after: atLeast(41) }]);
    expect(figures[0]?.records.map(({ sequence }) => sequence)).toEqual([told.get('update'), told.get('briefing')]);
  });
});

test('a merger moves the numbers of both, and the history and the explanation of what was merged lead to the survivor', async () => {
  const merging = await app.open('merging');
  await openTower22(merging);
  await merging.record('record-incident', { id: 'twin', kind: 'single', method: 'drone', parties: [] });
  for (const step of TOLD.slice(0, 1)) await say(merging, step);
  const since = await say(merging, {
    id: 'twin-release',
    by: 'centcom',
    in: 'centcom',
    said: '2024-01-28T21:00',
    claims: [about('twin').injured(atLeast(34), { who: US_MILITARY })],
  });
  const body = { into: 'tower-22', reason: why('they were one.') };
  const expected = [
    { entity: 'twin', version: 1 },
    { entity: 'tower-22', version: 1 },
  ];
  const { position } = await merging.record('merge-incident', { ...body, expect: expected }, { id: 'twin' });
  const { figures, incidents } = await merging.read<DiffAnswer>(
    `/tallies/diff?of=injured&since=${since}&asOf=${position}&wait=${position}`,
  );
  expect(incidents).toMatchObject([{ incident: 'twin', after: null, causes: ['merged'] }]);
  expect(figures).toMatchObject([
    { incident: 'tower-22', side: 'target', before: exactly(25), after: atLeast(34), causes: ['merged'] },
    { incident: 'twin', after: null, causes: ['merged'] },
  ]);
  const { items } = await merging.read<IncidentHistoryAnswer>('/incidents/twin/history');
  expect(items.at(-1)).toMatchObject({ type: 'IncidentMerged', after: { status: 'merged' }, reason: body.reason });
  const { entity } = await merging.read<IncidentExplainAnswer>('/incidents/twin/explain');
  expect(entity.id).toBe('tower-22');
});
