/**
 * What was recorded turns out otherwise: entries were one, one was two, a parent was another. Each act over HTTP, with its
 * answer, what it moves from its record on, what stays as of before, and everything that is refused.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  EntitiesAnswer,
  EntityAnswer,
  IncidentAnswer,
  ProblemBody,
  StatementAnswer,
  TalliesAnswer,
  WriteAnswer,
} from '#contracts';
import type { ActName } from '#domain';
import { answerOf, type Answer, type LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const REASON = 'Made up for a test.';
const triple = (number: number) => ({ low: number, best: number, high: number });
const named = (text: string) => [{ text }];
const seen = (...entities: [string, number][]) => entities.map(([entity, version]) => ({ entity, version }));
const injured = (incidents: string | string[], number: number, more: object = {}) => ({
  predicate: 'injured',
  about: typeof incidents === 'string' ? { incident: incidents } : { incidents },
  stance: 'asserts',
  value: triple(number),
  ...more,
});
const card = (more: object = {}) => ({
  kind: 'single',
  method: 'rocket',
  parties: [{ actor: 'us', side: 'target' }],
  ...more,
});

/** A ledger with a state and its command, a group, a wire, a country with a site, and a release. */
async function begin(name: string): Promise<LedgerClient> {
  const ledger = await app.open(name);
  const actors = [
    ['us', 'state'],
    ['centcom', 'armed-force', 'us'],
    ['group', 'armed-group'],
    ['wire', 'media'],
  ] as const;
  for (const [id, kind, partOf] of actors) {
    await ledger.record('register-actor', { id, kind, names: named(id), ...(partOf !== undefined && { partOf }) });
  }
  await ledger.record('register-place', { id: 'land', kind: 'country', names: named('A country') });
  await ledger.record('register-place', { id: 'site', kind: 'site', inside: 'land', names: named('A site') });
  await ledger.record('register-document', { id: 'release', publisher: 'wire', kind: 'citation', title: 'A release' });
  return ledger;
}

const say = (ledger: LedgerClient, id: string, claims: object[], speaker = 'centcom'): Promise<WriteAnswer> =>
  ledger.record('record-statement', { id, document: 'release', speaker, form: 'direct', claims });

/** Sends an act that changes something, twice with one key, and checks the answer; returns the position. */
async function change(
  ledger: LedgerClient,
  act: ActName,
  id: string,
  body: object,
  versions: [string, number][],
): Promise<number> {
  const whole = { ...body, reason: REASON, expect: seen(...versions) };
  const beside = { id, commandKey: `${act} ${id} ${JSON.stringify(versions)}`.replaceAll(' ', '-') };
  const first = await ledger.send(act, whole, beside);
  const version = (versions.find(([entity]) => entity === id)?.[1] ?? 0) + 1;
  expect([first.status, first.body]).toEqual([200, expect.objectContaining({ entity: id, version })]);
  expect(first.headers.get('etag')).toBe(`"${version}"`);
  const collection = new URL(ledger.addressOf(act, id)).pathname.replace(/\/[\w-]+$/, '');
  expect(first.headers.get('location')).toBe(collection);
  const again = await ledger.send(act, whole, beside);
  expect([again.status, again.body]).toEqual([200, first.body]);
  await ledger.read(`/incidents?wait=${first.body.position}`);
  return first.body.position;
}

async function expectRefused(
  sent: Promise<Answer<unknown>>,
  status: number,
  code: string,
  pointer?: string,
): Promise<ProblemBody> {
  const { headers, body, status: found } = await sent;
  const problem = body as ProblemBody;
  expect([found, problem.code, headers.get('content-type')]).toEqual([status, code, 'application/problem+json']);
  expect(problem.errors?.map((one) => one.pointer)).toEqual(pointer === undefined ? undefined : [pointer]);
  return problem;
}

/** Where one is sent, without following. */
async function sentTo(ledger: LedgerClient, path: string): Promise<[number, string | null]> {
  const address = `${ledger.url}/v1/ledgers/${ledger.ledger}${path}`;
  const { status, headers } = await answerOf(await fetch(address, { redirect: 'manual' }));
  return [status, headers.get('location')?.replace(`/v1/ledgers/${ledger.ledger}`, '') ?? null];
}

const figuresOf = async (ledger: LedgerClient, query: string) => {
  const { figures, wholes } = await ledger.read<TalliesAnswer>(`/tallies?of=injured&${query}`);
  return [...figures, ...wholes];
};

const ids = async (ledger: LedgerClient, path: string): Promise<string[]> =>
  (await ledger.read<EntitiesAnswer>(path)).items.map(({ id }) => id);

describe('incidents that were one', () => {
  let ledger: LedgerClient;
  let before: number;
  let merged: number;
  let end: number;

  beforeAll(async () => {
    ledger = await begin('merged-incidents');
    const at = { from: '2024-02-01', to: '2024-02-01', precision: 'day' };
    for (const id of ['a', 'b', 'c', 'other', 'whole', 'part']) {
      await ledger.record('record-incident', { id, ...card({ time: at, place: { place: 'site' } }) });
    }
    await say(ledger, 'of-a', [injured('a', 3)]);
    await say(ledger, 'of-c', [injured('c', 5)], 'group');
    await say(ledger, 'joint', [injured(['a', 'c'], 4), injured(['b', 'other'], 9)], 'wire');
    await say(ledger, 'relation', [
      {
        predicate: 'relation',
        about: { incident: 'other' },
        stance: 'asserts',
        value: { kind: 'linked-to', to: { incident: 'a' } },
      },
    ]);
    await ledger.record(
      'tie-incident',
      { whole: 'whole', kind: 'part-of', reason: REASON },
      { id: 'a', ifMatch: '"1"' },
    );
    const tied = { whole: 'b', kind: 'part-of', reason: REASON };
    ({ position: before } = await ledger.record('tie-incident', tied, { id: 'part', ifMatch: '"1"' }));
    await change(ledger, 'merge-incident', 'a', { into: 'b' }, [
      ['a', 2],
      ['b', 1],
    ]);
    merged = await change(ledger, 'merge-incident', 'b', { into: 'c' }, [
      ['b', 2],
      ['c', 1],
    ]);
    ({ position: end } = await say(ledger, 'later', [injured('a', 6)], 'us'));
    await ledger.read(`/incidents?wait=${end}`);
  });

  test.each(['a', 'b'])('%s is found at the survivor’s address, straight, with whatever was asked', async (id) => {
    expect(await sentTo(ledger, `/incidents/${id}`)).toEqual([308, '/incidents/c']);
    const query = `?policy=envelope&saidBy=2024-02-03&asOf=${merged}`;
    expect(await sentTo(ledger, `/incidents/${id}${query}`)).toEqual([308, `/incidents/c${query}`]);
    expect(await ledger.read(`/incidents/${id}`)).toEqual(await ledger.read('/incidents/c'));
    expect(await sentTo(ledger, `/incidents/${id}?asOf=${before}`)).toEqual([200, null]);
  });

  test('as of the first merger, the first leads to the second, which is itself', async () => {
    expect(await sentTo(ledger, `/incidents/a?asOf=${before + 1}`)).toEqual([308, `/incidents/b?asOf=${before + 1}`]);
    expect(await sentTo(ledger, `/incidents/b?asOf=${before + 1}`)).toEqual([200, null]);
  });

  test('lists and tallies have the survivor alone, and all that was said of any of them, also afterwards', async () => {
    expect(await ids(ledger, '/incidents?limit=500')).toEqual(['c', 'other', 'part', 'whole']);
    expect(await ids(ledger, `/incidents?limit=500&asOf=${before}`)).toEqual(['a', 'b', 'c', 'other', 'part', 'whole']);
    const [figure] = await figuresOf(ledger, 'policy=envelope&incident=c');
    expect(figure).toMatchObject({ low: 4, high: 6 });
    const { claims } = await ledger.read<IncidentAnswer>('/incidents/c');
    const said = claims.flatMap(({ lines }) => lines.flatMap((one) => one.claims.map(({ id }) => id)));
    expect(said.sort()).toEqual(['joint#1', 'joint#2', 'later#1', 'of-a#1', 'of-c#1']);
    for (const id of ['a', 'b']) expect(await figuresOf(ledger, `policy=envelope&incident=${id}`)).toEqual([figure]);
    expect(await figuresOf(ledger, `policy=envelope&incident=a&asOf=${before}`)).toMatchObject([triple(3)]);
  });

  test('a claim about two that are one is about that one, and counts; another stays joint and is beside', async () => {
    const { answers } = await ledger.read<IncidentAnswer>(`/incidents/c?policy=envelope`);
    const about = answers.find(({ question }) => question.predicate === 'injured' && question.who === undefined);
    expect(about?.figure).toMatchObject({ used: expect.arrayContaining(['joint#1']) });
    expect(about?.setAside).toContainEqual(expect.objectContaining({ claim: 'joint#2', code: 'joint' }));
    const joint = await ledger.read<IncidentAnswer>('/incidents/other');
    expect(JSON.stringify(joint.claims)).toContain('joint#2');
  });

  test('ties go over, and a relation to it is one to the survivor', async () => {
    const { wholes, parts } = await ledger.read<IncidentAnswer>('/incidents/c');
    expect([wholes, parts]).toEqual([[{ id: 'whole', kind: 'part-of' }], [{ id: 'part', kind: 'part-of' }]]);
    const then = await ledger.read<IncidentAnswer>(`/incidents/a?asOf=${before}`);
    expect([then.wholes, then.parts]).toEqual([[{ id: 'whole', kind: 'part-of' }], []]);
    const { answers } = await ledger.read<IncidentAnswer>('/incidents/other');
    const relation = answers.find(({ question }) => question.predicate === 'relation');
    expect(JSON.stringify(relation?.positions)).toContain('"incident":"c"');
  });

  test('what is refused', async () => {
    const merge = (id: string, into: string, expect?: object) =>
      ledger.send('merge-incident', { into, reason: REASON, ...expect }, { id });
    const both = (...entities: [string, number][]) => ({ expect: seen(...entities) });
    await expectRefused(merge('c', 'a', both(['c', 2])), 422, 'contradiction', '/into');
    await expectRefused(merge('c', 'c', both(['c', 2])), 422, 'contradiction', '/into');
    await expectRefused(merge('other', 'c'), 428, 'expect-required', '/expect');
    await expectRefused(merge('other', 'c', both(['other', 1])), 428, 'expect-required', '/expect');
    await expectRefused(merge('other', 'c', both(['c', 2])), 428, 'expect-required', '/expect');
    await expectRefused(merge('other', 'c', both(['other', 1], ['c', 1])), 412, 'wrong-version', '/expect');
    await expectRefused(merge('other', 'c', both(['other', 2], ['c', 2])), 412, 'wrong-version', '/expect');
    await expectRefused(merge('other', 'nothing', both(['other', 1])), 422, 'unknown-reference', '/into');
    await expectRefused(merge('other', 'us', both(['other', 1])), 422, 'wrong-kind-of-reference', '/into');
    await expectRefused(merge('nothing', 'c', both(['c', 2])), 404, 'unknown-entity');
    await expectRefused(merge('c', 'whole', both(['c', 2], ['whole', 1])), 422, 'contradiction', '/into');
    expect(await expectRefused(merge('a', 'other', both(['a', 3], ['other', 1])), 409, 'merged')).toMatchObject({
      mergedInto: 'c',
    });
    expect(await expectRefused(merge('other', 'a', both(['other', 1], ['a', 3])), 409, 'merged')).toMatchObject({
      mergedInto: 'c',
    });
    for (const [act, body] of [
      ['correct-incident', card()],
      ['retract-incident', {}],
      ['tie-incident', { whole: 'other', kind: 'group' }],
      ['split-incident', { ...card(), claims: [] }],
    ] as const) {
      await expectRefused(ledger.send(act, { ...body, reason: REASON }, { id: 'a', ifMatch: '"3"' }), 409, 'merged');
    }
    await change(ledger, 'retract-incident', 'other', {}, [['other', 1]]);
    await expectRefused(merge('other', 'c', both(['other', 2], ['c', 2])), 422, 'does-not-fit');
    await expectRefused(merge('c', 'other', both(['other', 2], ['c', 2])), 422, 'does-not-fit', '/into');
  });
});

describe('one incident that was two', () => {
  let ledger: LedgerClient;
  let before: number;
  const CLAIMS = ['s#1', 's#2', 's#3', 'untouched#1'];
  const split = (claims: object[], more: object = {}) => ({ newId: 'new', ...card(), claims, ...more });
  const to = (...sides: string[]) => sides.map((side, index) => ({ claim: CLAIMS[index], to: side }));

  beforeAll(async () => {
    ledger = await begin('split-incident');
    await ledger.record('record-incident', { id: 'i', ...card() });
    await ledger.record('record-incident', { id: 'unlike', ...card() });
    const killed = { ...injured('i', 2), predicate: 'killed' };
    await say(ledger, 's', [injured('i', 3), killed, { ...injured('i', 1), predicate: 'casualties' }]);
    ({ position: before } = await say(ledger, 'untouched', [injured('i', 4)], 'group'));
  });

  test('what is refused', async () => {
    const send = (body: object, version = 1) =>
      ledger.send('split-incident', { ...body, reason: REASON }, { id: 'i', ifMatch: `"${version}"` });
    const left = await expectRefused(send(split(to('old', 'new'))), 422, 'does-not-fit', '/claims');
    expect(left).toMatchObject({ unassigned: ['s#3', 'untouched#1'], count: 2 });
    const all = to('old', 'new', 'both', 'old');
    const again = [...all, { claim: 's#1', to: 'new' }];
    await expectRefused(send(split(again)), 422, 'does-not-fit', '/claims/4/claim');
    const foreign = [...all, { claim: 'nobody#1', to: 'new' }];
    await expectRefused(send(split(foreign)), 422, 'does-not-fit', '/claims/4/claim');
    await expectRefused(send(split(all, { newId: 'unlike' })), 409, 'id-taken', '/newId');
    await expectRefused(send(split(all, { newId: 'i' })), 409, 'id-taken', '/newId');
    await expectRefused(
      send(split(all, { parties: [{ actor: 'x', side: 'target' }] })),
      422,
      'unknown-reference',
      '/parties/0/actor',
    );
    await expectRefused(send(split(all), 2), 412, 'wrong-version', '/expect');
    const unseen = ledger.send('split-incident', { ...split(all), reason: REASON }, { id: 'i' });
    await expectRefused(unseen, 428, 'expect-required', '/expect');
  });

  test('claims go to the old one, the new one or jointly to both, which adds nothing to either', async () => {
    await ledger.read(`/incidents?wait=${before}`);
    const sums = async (when = '') => {
      const { rows } = await ledger.read<TalliesAnswer>(`/tallies?policy=envelope&of=attacks,injured,killed${when}`);
      return rows
        .filter(({ side }) => side === null || side === 'all')
        .map((row) => [row.measure, row.low, row.high, row.incidents]);
    };
    const then = await sums();
    const at = await change(ledger, 'split-incident', 'i', split(to('old', 'new', 'both', 'old')), [['i', 1]]);
    const injuredAndKilled = [
      ['injured', 3, 4],
      ['killed', 2, 2],
    ];
    expect(then.slice(1)).toEqual(injuredAndKilled.map((row) => [...row, 2]));
    // One more incident; the same people, each counted where they were hit.
    expect((await sums()).slice(1)).toEqual(injuredAndKilled.map((row) => [...row, 3]));
    expect(await sums(`&asOf=${before}`)).toEqual(then);

    const about = async (id: string) => {
      const { claims } = await ledger.read<IncidentAnswer>(`/incidents/${id}`);
      return claims.flatMap(({ lines }) => lines.flatMap((one) => one.claims.map((claim) => claim.id))).sort();
    };
    expect([await about('i'), await about('new')]).toEqual([
      ['s#1', 's#3', 'untouched#1'],
      ['s#2', 's#3'],
    ]);
    for (const id of ['i', 'new']) {
      const { answers } = await ledger.read<IncidentAnswer>(`/incidents/${id}?policy=envelope`);
      const joint = answers.find(({ question }) => question.predicate === 'casualties');
      expect(joint).toMatchObject({ figure: { status: 'unreported', used: [] } });
      expect(joint?.setAside).toContainEqual(expect.objectContaining({ claim: 's#3', code: 'joint' }));
    }
    const statement = await ledger.read<StatementAnswer>('/statements/s');
    expect(statement.entity).toMatchObject({ version: 2, sequence: at });
    expect(statement.claims.map(({ claim }) => claim.about)).toEqual([
      { incident: 'i' },
      { incident: 'new' },
      { incidents: ['i', 'new'] },
    ]);
    // Nothing of it moved.
    expect((await ledger.read<StatementAnswer>('/statements/untouched')).entity.version).toBe(1);
    expect(await sentTo(ledger, `/incidents/new?asOf=${before}`)).toEqual([404, null]);
    const stale = {
      document: 'release',
      speaker: 'centcom',
      form: 'direct',
      claims: [injured('i', 3)],
      reason: REASON,
    };
    await expectRefused(
      ledger.send('correct-statement', stale, { id: 's', ifMatch: '"1"' }),
      412,
      'wrong-version',
      '/expect',
    );
  });
});
