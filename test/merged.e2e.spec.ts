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
import { explained } from './explained.js';
import { plant } from './planted.js';
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
  const { figures, wholes } = await explained(ledger, `of=injured&${query}`);
  return [...figures, ...wholes.flatMap(({ id, figures: some }) => some.map((one) => ({ ...one, incident: id })))];
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
    const merge = (id: string, into: string, expected?: object) =>
      ledger.send('merge-incident', { into, reason: REASON, ...expected }, { id });
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

describe('registers that change', () => {
  let ledger: LedgerClient;
  let before: number;
  let merged: number;

  beforeAll(async () => {
    ledger = await begin('registers');
    await ledger.record('register-actor', {
      id: 'corps',
      kind: 'state-body',
      partOf: 'centcom',
      names: named('Corps'),
    });
    await ledger.record('register-actor', { id: 'group-2', kind: 'armed-group', names: named('The group again') });
    await ledger.record('register-actor', {
      id: 'cell',
      kind: 'armed-group',
      partOf: 'group-2',
      names: named('A cell'),
    });
    await ledger.record('register-actor', { id: 'wire-2', kind: 'media', names: named('The wire again') });
    await ledger.record('register-place', { id: 'land-2', kind: 'country', names: named('The country again') });
    await ledger.record('register-place', { id: 'town', kind: 'town', inside: 'land-2', names: named('A town') });
    const copy = { id: 'copy', publisher: 'wire-2', kind: 'citation', title: 'Another' };
    await ledger.record('register-document', copy);
    const parties = [
      { actor: 'us', side: 'target' },
      { actor: 'group-2', side: 'attacker' },
    ];
    await ledger.record('record-incident', { id: 'i', ...card({ parties, place: { place: 'town' } }) });
    await ledger.record('record-incident', { id: 'j', ...card({ place: { place: 'site' } }) });
    await say(ledger, 'of-group', [injured('i', 5)], 'group');
    const level = { measure: 'present', component: 'all', ...triple(900) };
    const scope = { actor: 'group-2', places: ['land-2'] };
    await say(
      ledger,
      'level',
      [{ predicate: 'force-level', about: { scope }, stance: 'asserts', value: level }],
      'wire',
    );
    ({ position: before } = await say(ledger, 'of-group-2', [injured('i', 7)], 'group-2'));
    await change(ledger, 'merge-actor', 'group-2', { into: 'group' }, [
      ['group-2', 1],
      ['group', 1],
    ]);
    await change(ledger, 'merge-actor', 'wire-2', { into: 'wire' }, [
      ['wire-2', 1],
      ['wire', 1],
    ]);
    merged = await change(ledger, 'merge-place', 'land-2', { into: 'land' }, [
      ['land-2', 1],
      ['land', 1],
    ]);
  });

  test.each([
    ['/actors/group-2', '/actors/group'],
    ['/places/land-2', '/places/land'],
  ])('%s is found at %s for ever', async (from, to) => {
    expect(await sentTo(ledger, from)).toEqual([308, to]);
    expect(await sentTo(ledger, `${from}?asOf=${merged}`)).toEqual([308, `${to}?asOf=${merged}`]);
    expect(await sentTo(ledger, `${from}?asOf=${before}`)).toEqual([200, null]);
  });

  test('two lines are one: the newest of what they say holds, and as of before both do', async () => {
    const lines = async (when: string) => {
      const { answers } = await ledger.read<IncidentAnswer>(`/incidents/i?${when}`);
      const found = answers.find(({ question }) => question.predicate === 'injured' && question.who === undefined);
      return found?.positions.map(({ line, best }) => [line, best]);
    };
    expect((await lines(`asOf=${before}`))?.sort()).toEqual([
      ['group', 5],
      ['group-2', 7],
    ]);
    expect(await lines('')).toEqual([['group', 7]]);
  });

  test.each([
    ['/incidents', 'attacker', 'group-2', 'group', ['i']],
    ['/incidents', 'of.party', 'group-2', 'group', ['i']],
    ['/incidents', 'place', 'land-2', 'land', ['i', 'j']],
    ['/actors', 'partOf', 'group-2', 'group', ['cell']],
    ['/places', 'inside', 'land-2', 'land', ['site', 'town']],
    ['/documents', 'publisher', 'wire-2', 'wire', ['copy', 'release']],
    ['/statements', 'speaker', 'group-2', 'group', ['of-group', 'of-group-2']],
  ])('%s?%s=%s answers as for %s', async (list, parameter, id, survivor, found) => {
    expect(await ids(ledger, `${list}?${parameter}=${id}`)).toEqual(found);
    expect(await ids(ledger, `${list}?${parameter}=${survivor}`)).toEqual(found);
    // As of before they were two, and each had its own.
    const then = await Promise.all(
      [id, survivor].map((one) => ids(ledger, `${list}?${parameter}=${one}&asOf=${before}`)),
    );
    expect(then[0]).not.toEqual(then[1]);
    expect(then.flat().sort()).toEqual(found);
  });

  test.each([
    ['/tallies?of=attacks,injured', 'attacker'],
    ['/tallies?of=attacks,injured,force-level', 'of.party'],
    ['/levels?component=all', 'of.party'],
  ])('%s&%s= by the merged one answers as for the survivor', async (question, parameter) => {
    const asked = (id: string) => ledger.read<object>(`${question}&${parameter}=${id}`);
    const answer = await asked('group');
    expect(await asked('group-2')).toEqual(answer);
    expect(JSON.stringify(answer)).toContain(parameter === 'attacker' ? '"incidents":1' : '900');
  });

  test('tallies of a place that was merged, by place, are those of the survivor', async () => {
    const by = async (id: string) =>
      (await ledger.read<TalliesAnswer>(`/tallies?of=attacks&by=place:country&place=${id}`)).rows;
    expect(await by('land')).toMatchObject([{ group: { id: 'land' }, incidents: 2 }]);
    expect(await by('land-2')).toEqual(await by('land'));
  });

  test.each([
    ['/tallies', 'place'],
    ['/tallies', 'of.party'],
    ['/tallies', 'attacker'],
    ['/tallies', 'incident'],
    ['/incidents', 'place'],
    ['/incidents', 'of.party'],
    ['/incidents', 'attacker'],
  ])('%s?%s= of what is not registered is refused, not answered with nothing', async (path, parameter) => {
    const problem = await expectRefused(ledger.ask(`${path}?${parameter}=nobody`), 400, 'bad-parameter');
    expect(problem).toMatchObject({ parameter });
    const wrong = parameter === 'place' ? 'us' : 'land';
    await expectRefused(ledger.ask(`${path}?${parameter}=${wrong}`), 400, 'bad-parameter');
    const there = { place: 'town', 'of.party': 'group', attacker: 'group', incident: 'i' }[parameter];
    expect((await ledger.ask(`${path}?${parameter}=${there}`)).status).toBe(200);
    await expectRefused(ledger.ask(`${path}?${parameter}=${there}&asOf=2`), 400, 'bad-parameter');
    if (path === '/incidents') return;
    await expectRefused(ledger.ask(`/tallies/explain?${parameter}=nobody`), 400, 'bad-parameter');
    await expectRefused(ledger.ask(`/tallies/diff?since=2&${parameter}=nobody`), 400, 'bad-parameter');
    // What was not there at the earlier moment had nothing then: everything came since.
    expect((await ledger.ask(`/tallies/diff?since=2&${parameter}=${there}`)).status).toBe(200);
  });

  test('a command that gets another parent speaks with another voice from then on, and as of before with its own', async () => {
    await ledger.record('record-incident', { id: 'k', ...card() });
    const { position } = await say(ledger, 'of-corps', [injured('k', 2)], 'corps');
    await ledger.read(`/incidents?wait=${position}`);
    const line = async (when = '') => {
      const { claims } = await ledger.read<IncidentAnswer>(`/incidents/k?${when}`);
      return claims.flatMap(({ lines }) => lines.map((one) => one.line));
    };
    expect(await line()).toEqual(['us']);
    await change(ledger, 'reparent-actor', 'centcom', {}, [['centcom', 1]]);
    expect(await line()).toEqual(['centcom']);
    expect(await line(`asOf=${position}`)).toEqual(['us']);
    const entity = (await ledger.read<EntityAnswer>('/actors/centcom')).entity;
    expect([entity.version, entity.body]).toEqual([2, { kind: 'armed-force', names: named('centcom') }]);
    await change(ledger, 'reparent-actor', 'centcom', { partOf: 'us' }, [['centcom', 2]]);
    expect(await line()).toEqual(['us']);
    const same = { partOf: 'us', reason: REASON };
    expect(await ledger.record('reparent-actor', same, { id: 'centcom', ifMatch: '"3"' })).toMatchObject({
      unchanged: true,
    });
  });

  test('a place is moved, and corrected', async () => {
    const inLand = (when = '') => ids(ledger, `/incidents?place=land${when}`);
    const { position } = await ledger.record('register-place', { id: 'far', kind: 'country', names: named('Far') });
    await change(ledger, 'reparent-place', 'town', { inside: 'far' }, [['town', 1]]);
    expect(await inLand()).toEqual(['j']);
    expect(await inLand(`&asOf=${position}`)).toEqual(['i', 'j']);
    const point = { lat: 35, lon: 40 };
    const body = { kind: 'town', names: named('A town, spelt right'), inside: 'far', point };
    await change(ledger, 'correct-place', 'town', body, [['town', 2]]);
    expect((await ledger.read<EntityAnswer>('/places/town')).entity.body).toEqual(body);
  });

  test('a card is corrected whole', async () => {
    const body = { kind: 'armed-group', names: named('The group') };
    await change(ledger, 'correct-actor', 'group', body, [['group', 2]]);
    expect((await ledger.read<EntityAnswer>('/actors/group')).entity).toMatchObject({ version: 3, body });
  });

  test('what is refused', async () => {
    const send = (act: ActName, id: string, body: object, ...versions: [string, number][]) =>
      ledger.send(act, { ...body, reason: REASON, ...(versions.length > 0 && { expect: seen(...versions) }) }, { id });
    const names = named('X');
    const version = async (id: string) => (await ledger.read<EntityAnswer>(`/actors/${id}`)).entity.version;
    const [us, centcom, group, land] = [await version('us'), await version('centcom'), await version('group'), 2];
    for (const [id, parent] of [
      ['us', 'centcom'],
      ['us', 'corps'],
      ['us', 'us'],
    ] as const) {
      await expectRefused(send('reparent-actor', id, { partOf: parent }, ['us', us]), 422, 'contradiction', '/partOf');
    }
    const both = [
      ['us', us],
      ['corps', 1],
    ] as [string, number][];
    await expectRefused(send('merge-actor', 'us', { into: 'corps' }, ...both), 422, 'contradiction', '/into');
    await expectRefused(
      send('merge-actor', 'group', { into: 'group-2' }, ['group', group]),
      422,
      'contradiction',
      '/into',
    );
    await expectRefused(
      send('merge-actor', 'group', { into: 'land' }, ['group', group]),
      422,
      'wrong-kind-of-reference',
      '/into',
    );
    await expectRefused(
      send('merge-actor', 'group', { into: 'us' }, ['group', group]),
      428,
      'expect-required',
      '/expect',
    );
    await expectRefused(
      send('merge-actor', 'group', { into: 'us' }, ['group', 1], ['us', us]),
      412,
      'wrong-version',
      '/expect',
    );
    await expectRefused(
      send('reparent-actor', 'centcom', { partOf: 'nobody' }, ['centcom', centcom]),
      422,
      'unknown-reference',
      '/partOf',
    );
    await expectRefused(send('reparent-actor', 'centcom', { partOf: 'us' }), 428, 'expect-required', '/expect');
    const other = { kind: 'armed-force', names, partOf: 'group' };
    await expectRefused(send('correct-actor', 'centcom', other, ['centcom', centcom]), 422, 'does-not-fit', '/partOf');
    for (const [act, body] of [
      ['correct-actor', { kind: 'armed-group', names }],
      ['reparent-actor', { partOf: 'us' }],
      ['merge-actor', { into: 'us' }],
    ] as const) {
      const answer = send(act, 'group-2', body, ['group-2', 2], ['us', us]);
      expect(await expectRefused(answer, 409, 'merged')).toMatchObject({ mergedInto: 'group' });
    }
    await expectRefused(
      send('reparent-place', 'land', { inside: 'site' }, ['land', land]),
      422,
      'contradiction',
      '/inside',
    );
    await expectRefused(
      send('merge-place', 'land', { into: 'site' }, ['land', land], ['site', 1]),
      422,
      'contradiction',
      '/into',
    );
    await expectRefused(
      send('correct-place', 'site', { kind: 'site', names }, ['site', 1]),
      422,
      'does-not-fit',
      '/inside',
    );
    await expectRefused(send('correct-place', 'land-2', { kind: 'country', names }, ['land-2', 2]), 409, 'merged');
    const country = { kind: 'country', names, point: { lat: 1, lon: 1 } };
    await expectRefused(send('correct-place', 'land', country, ['land', land]), 422, 'does-not-fit', '/point');
  });
});

describe('judgements of a line', () => {
  test('go over to the line that it is merged into, for all that this line says', async () => {
    const ledger = await begin('judged');
    for (const id of ['first', 'second'])
      await ledger.record('register-actor', { id, kind: 'armed-group', names: named(id) });
    await ledger.record('record-incident', { id: 'i', ...card() });
    await say(ledger, 'of-first', [injured('i', 1)], 'first');
    await say(ledger, 'of-group', [injured('i', 9)], 'group');
    const { position: before } = await ledger.record('record-assessment', {
      about: { line: 'second' },
      reliability: 'A',
      credibility: 1,
      grounds: REASON,
    });
    const best = async (when = '') => (await figuresOf(ledger, `policy=best-graded&incident=i${when}`))[0];
    await change(ledger, 'merge-actor', 'second', { into: 'first' }, [
      ['second', 1],
      ['first', 1],
    ]);
    // It has said nothing itself; but now the first is the one that was judged.
    expect(await best()).toMatchObject({ ...triple(1), used: ['of-first#1'] });
    expect(await best(`&asOf=${before}`)).toMatchObject({ low: 1, high: 9 });
    expect(await ids(ledger, '/assessments?line=first')).toEqual(await ids(ledger, '/assessments?line=second'));
  });
});

describe('a document that changes', () => {
  let ledger: LedgerClient;
  let before: number;
  const description = { publisher: 'wire', kind: 'citation', title: 'A release' };
  beforeAll(async () => {
    ledger = await begin('documents');
    await ledger.record('record-incident', { id: 'i', ...card() });
    ({ position: before } = await say(ledger, 's', [injured('i', 3)]));
  });
  const figure = async (when = '') => (await figuresOf(ledger, `incident=i${when}`))[0];

  test('a new version that dropped a statement sets it aside until a later one carries it again', async () => {
    const versions = (version: number): [string, number][] => [['release', version]];
    const dropped = { ...description, title: 'Changed', dropped: ['s'] };
    const at = await change(ledger, 'record-document-version', 'release', dropped, versions(1));
    expect(await figure()).toMatchObject({
      status: 'unreported',
      setAside: [{ claim: 's#1', code: 'publisher-corrected' }],
    });
    await change(ledger, 'record-document-version', 'release', { ...dropped, dropped: [] }, versions(2));
    expect(await figure()).toMatchObject(triple(3));
    expect(await figure(`&asOf=${at}`)).toMatchObject({ status: 'unreported' });
    expect(await figure(`&asOf=${before}`)).toMatchObject(triple(3));
    await change(ledger, 'correct-document', 'release', { ...description, title: 'Spelt right' }, versions(3));
    expect((await ledger.read<EntityAnswer>('/documents/release')).entity).toMatchObject({
      version: 4,
      body: { title: 'Spelt right' },
    });
    expect((await ledger.read<EntityAnswer>(`/documents/release?asOf=${at}`)).entity).toMatchObject({
      version: 2,
      body: { title: 'Changed' },
    });
  });

  test('what is refused', async () => {
    await ledger.record('register-document', { id: 'second', ...description, title: 'Second', copyOf: 'release' });
    await say(ledger, 't', [injured('i', 3)]);
    const { version } = (await ledger.read<EntityAnswer>('/documents/release')).entity;
    const send = (act: ActName, body: object, seenVersion = version, id = 'release') =>
      ledger.send(act, { ...description, ...body, reason: REASON }, { id, ifMatch: `"${seenVersion}"` });
    await expectRefused(send('correct-document', { copyOf: 'release' }), 422, 'contradiction', '/copyOf');
    await expectRefused(send('correct-document', { copyOf: 'second' }), 422, 'contradiction', '/copyOf');
    await expectRefused(send('correct-document', { title: 'Second' }), 409, 'duplicate-document', '/title');
    await expectRefused(send('correct-document', { publisher: 'nobody' }), 422, 'unknown-reference', '/publisher');
    await expectRefused(send('correct-document', {}, version + 1), 412, 'wrong-version', '/expect');
    await expectRefused(send('record-document-version', { dropped: ['s', 's'] }), 422, 'does-not-fit', '/dropped/1');
    await expectRefused(
      send('record-document-version', { dropped: ['nothing'] }),
      422,
      'unknown-reference',
      '/dropped/0',
    );
    const others = send('record-document-version', { title: 'Third', dropped: ['t'] }, 1, 'second');
    await expectRefused(others, 422, 'does-not-fit', '/dropped/0');
    await expectRefused(
      ledger.send('correct-document', { ...description, reason: REASON }, { id: 'release' }),
      428,
      'expect-required',
      '/expect',
    );
    const unlike = { ...injured('i', 0), predicate: 'killed', value: { change: 1, from: 's#1' } };
    const said = ledger.send('record-statement', {
      document: 'release',
      speaker: 'centcom',
      form: 'direct',
      claims: [unlike],
    });
    await expectRefused(said, 422, 'does-not-fit', '/claims/0/value/from');
  });
});

describe('adopting', () => {
  test('changes nothing where the newest is in force, and refuses what the program does not have', async () => {
    const ledger = await begin('adopting');
    const send = (body: object, version = 1) =>
      ledger.send('adopt', { ...body, reason: REASON, expect: seen(['ledger', version]) });
    const unchanged = await send({ policies: { envelope: 1 } });
    expect([unchanged.status, unchanged.body]).toEqual([
      200,
      expect.objectContaining({ entity: 'ledger', version: 1, unchanged: true }),
    ]);
    expect(unchanged.headers.get('location')).toBe('/v1/ledgers/adopting');
    expect(unchanged.headers.get('etag')).toBe('"1"');
    await expectRefused(send({ policies: { envelope: 2 } }), 422, 'unknown-version');
    await expectRefused(send({ codebook: 2 }), 422, 'unknown-version');
    await expectRefused(send({ codebook: 1 }, 2), 412, 'wrong-version', '/expect');
    await expectRefused(ledger.send('adopt', { codebook: 1, reason: REASON }), 428, 'expect-required', '/expect');
    const recorder = await app.client('adopting', 'recorder');
    const forbidden = await recorder.send('adopt', { codebook: 1, reason: REASON, expect: seen(['ledger', 1]) });
    expect(forbidden.status).toBe(403);
  });

  test('a policy that an older ledger lacks answers from the record on that adopts it, and never as of before', async () => {
    const inForce = { 'official-first': 1, 'latest-official': 1, envelope: 1 };
    const opened = {
      changes: [{ entity: 'ledger', version: 1 }],
      codebook: 1,
      policies: inForce,
      origin: { title: 'Old' },
    };
    await plant(app.dataDir, 'older', [{ name: 'LedgerOpened', data: opened }]);
    const ledger = await app.client('older');
    for (const [id, kind] of [
      ['us', 'state'],
      ['wire', 'media'],
    ]) {
      await ledger.record('register-actor', { id, kind, names: named('X') });
    }
    await ledger.record('register-document', {
      id: 'release',
      publisher: 'wire',
      kind: 'citation',
      title: 'A release',
    });
    await ledger.record('record-incident', { id: 'i', ...card() });
    const { position: before } = await say(ledger, 's', [injured('i', 3)], 'us');
    const graded = (when: string) => ledger.ask<ProblemBody>(`/tallies?of=injured&policy=best-graded${when}`);
    const lacking = await expectRefused(graded(`&wait=${before}`), 400, 'bad-parameter');
    expect(lacking).toMatchObject({ parameter: 'policy', inForce: expect.not.arrayContaining(['best-graded']) });
    await expectRefused(ledger.ask('/incidents/i?policy=best-graded'), 400, 'bad-parameter');
    await expectRefused(ledger.ask('/levels?policy=best-graded'), 400, 'bad-parameter');

    const body = { policies: { 'best-graded': 1 }, reason: REASON, expect: seen(['ledger', 1]) };
    const adopted = await ledger.send('adopt', body, { commandKey: 'adopt' });
    expect([adopted.status, adopted.body]).toEqual([200, expect.objectContaining({ entity: 'ledger', version: 2 })]);
    expect(adopted.headers.get('location')).toBe('/v1/ledgers/older');
    expect((await ledger.send('adopt', body, { commandKey: 'adopt' })).body).toEqual(adopted.body);
    const { position } = adopted.body;
    const answer = await explained(ledger, `of=injured&policy=best-graded&wait=${position}`);
    expect(answer).toMatchObject({ policy: 'best-graded@1', figures: [triple(3)], final: true });
    expect(await explained(ledger, `of=injured&policy=best-graded&asOf=${position}`)).toEqual(answer);
    await expectRefused(graded(`&asOf=${before}`), 400, 'bad-parameter');
    expect(await ledger.read('')).toMatchObject({ policies: { ...inForce, 'best-graded': 1 } });
    await expectRefused(
      ledger.send('adopt', { ...body, expect: seen(['ledger', 1]) }),
      412,
      'wrong-version',
      '/expect',
    );
  });
});

test('after all of it the auditor finds the logs whole, and every figure as it works it out itself', async () => {
  const { wrong, rows } = await app.audit();
  expect(wrong).toEqual([]);
  expect(rows).toBeGreaterThan(0);
}, 60_000);
