/**
 * What a recorder may rely on when acting on a ledger: versions, repeats, seeing one's own writes, records as they were
 * written, private text, and who may do what. The whole application, over HTTP.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  EntitiesAnswer,
  EntityAnswer,
  IncidentAnswer,
  LedgerDto,
  ProblemBody,
  RecordsAnswer,
  StatementAnswer,
  TalliesAnswer,
  WriteAnswer,
} from '#contracts';
import { EmbeddedStorage, startPostgres } from '#embedded';
import { exchange, head, LedgerClient, type Answer } from '#testing';
import { explained } from './explained.js';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
let ledger: LedgerClient;

beforeAll(async () => {
  app = await startApp();
  ({ client: ledger } = await app.openExample('syria'));
});
afterAll(() => app?.stop());

const CARD = { kind: 'single', method: 'rocket', parties: [{ actor: 'us', side: 'target' }] };

/** Where the log ends, proved by the writer: a correction that corrects nothing is answered with it. */
async function endOf(client: LedgerClient): Promise<number> {
  const [first] = (await client.read<EntitiesAnswer>('/incidents?limit=1')).items;
  if (first === undefined) throw new Error('There is no incident to look at.');
  const body = { ...(first.body as object), reason: 'Nothing to correct.' };
  const answer = await client.record('correct-incident', body, { id: first.id, ifMatch: `"${first.version}"` });
  expect(answer.unchanged).toBe(true);
  return answer.position;
}

function expectProblem(answer: Answer<unknown>, status: number, code: string): ProblemBody {
  const body = answer.body as ProblemBody;
  expect([answer.status, body.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  return body;
}

describe('taking back', () => {
  const quantity = { low: 7, best: 7, high: 7 };
  const said = (id: string, claims: object[]) => ({
    id,
    document: 'seen-document',
    speaker: 'seen-actor',
    form: 'direct',
    claims,
  });
  const back = (id: string, act: 'retract-statement' | 'retract-incident' | 'withdraw-document', version: number) => ({
    send: (body: object = {}) =>
      ledger.send<ProblemBody & WriteAnswer>(act, { reason: 'A test.', ...body }, { id, ifMatch: `"${version}"` }),
  });
  const injured = async (): Promise<object | undefined> => {
    const { figures } = await explained(ledger, `of=injured&incident=taken&wait=${position}`);
    return figures[0];
  };
  let position = 0;

  beforeAll(async () => {
    await ledger.record('register-actor', { id: 'seen-actor', names: [{ text: 'Made up' }], kind: 'monitor' });
    await ledger.record('register-document', {
      id: 'seen-document',
      publisher: 'seen-actor',
      kind: 'full',
      title: 'T',
    });
    await ledger.record('record-incident', { id: 'taken', ...CARD });
    const claims = [
      { predicate: 'injured', about: { incident: 'taken' }, stance: 'asserts', value: quantity },
      { predicate: 'total', about: { scope: { of: 'injured' } }, stance: 'asserts', value: quantity },
    ];
    ({ position } = await ledger.record('record-statement', said('taken-statement', claims)));
  });

  const totals = async (): Promise<string[]> => {
    const { beside } = await ledger.read<TalliesAnswer>(`/tallies?of=injured&wait=${position}`);
    return beside.map(({ id }) => id).filter((id) => id.startsWith('taken-'));
  };

  test.each([
    ['retract-statement', 'taken-statement', 'statements', 'retracted', 'statement-retracted'],
    ['withdraw-document', 'seen-document', 'documents', 'withdrawn', 'document-withdrawn'],
    ['retract-incident', 'taken', 'incidents', 'retracted', 'incident-not-live'],
  ] as const)('%s: counts no more, stays to be seen, and comes back', async (act, id, list, status, code) => {
    const before = await injured();
    expect(before).toMatchObject({ best: 7, status: 'reported' });

    const answer = await back(id, act, 1).send();
    expect([answer.status, answer.body.version]).toEqual([200, 2]);
    ({ position } = answer.body);
    const setAside = await injured();
    if (act === 'retract-incident') expect(setAside).toBeUndefined();
    else expect(setAside).toMatchObject({ status: 'unreported', others: 1, setAside: [{ code }] });
    expect(await totals()).toEqual(act === 'retract-incident' ? ['taken-statement#2'] : []);
    const page = await ledger.read<{ entity?: object; incident?: object }>(`/${list}/${id}`);
    expect(page.entity ?? page.incident).toMatchObject({ version: 2, status, reason: 'A test.' });
    const listed = await ledger.read<EntitiesAnswer>(`/${list}?limit=500`);
    // Of incidents, lists and tallies have those that count; of what is said, everything stays to be looked at.
    expect(listed.items.some((item) => item.id === id)).toBe(act !== 'retract-incident');

    const again = expectProblem(await back(id, act, 2).send(), 409, 'already-so');
    expect(again).toMatchObject({ goneSince: 2 });
    const wrong = expectProblem(await back(id, act, 2).send({ takesBack: 1 }), 409, 'already-so');
    expect(wrong.errors).toMatchObject([{ pointer: '/takesBack' }]);

    const returned = await back(id, act, 2).send({ takesBack: 2 });
    expect(returned.body.version).toBe(3);
    ({ position } = returned.body);
    expect(await injured()).toEqual(before);
    expect(await totals()).toEqual(['taken-statement#2']);
  });

  test('a corrected statement counts as corrected, from then on', async () => {
    const seven = await injured();
    const { sequence: before } = await ledger.read<{ sequence: number }>('');
    const { version } = (await ledger.read<EntityAnswer>('/statements/taken-statement')).entity;
    const { id: _, ...whole } = said('taken-statement', [
      { predicate: 'injured', about: { incident: 'taken' }, stance: 'asserts', value: { low: 8, best: 8, high: 8 } },
    ]);
    const beside = { id: 'taken-statement', ifMatch: `"${version}"` };
    const body = { ...whole, reason: 'The number was misread.' };
    ({ position } = await ledger.record('correct-statement', body, beside));
    expect(await injured()).toMatchObject({ best: 8 });
    expect(await totals()).toEqual([]);
    const { claims } = await ledger.read<StatementAnswer>('/statements/taken-statement');
    expect(claims.map(({ id, sequence }) => [id, sequence])).toEqual([['taken-statement#1', position]]);
    const again = await ledger.record('correct-statement', body, { ...beside, ifMatch: `"${version + 1}"` });
    expect(again).toMatchObject({ unchanged: true });
    const then = await explained(ledger, `of=injured&incident=taken&asOf=${before}`);
    expect(then.figures[0]).toEqual(seven);
    expect((await ledger.read<StatementAnswer>(`/statements/taken-statement?asOf=${before}`)).claims).toHaveLength(2);
  });

  test('is for curators, and needs the version that was seen', async () => {
    const recorder = await app.client('syria', 'recorder');
    const body = { reason: 'A test.' };
    expectProblem(await recorder.send('retract-incident', body, { id: 'taken', ifMatch: '"3"' }), 403, 'forbidden');
    expectProblem(await ledger.send('retract-incident', body, { id: 'taken' }), 428, 'expect-required');
    expectProblem(await back('taken', 'retract-incident', 1).send(), 412, 'wrong-version');
    expectProblem(await ledger.send('retract-statement', body, { id: 'taken' }), 404, 'unknown-entity');
    expectProblem(await ledger.send('retract-incident', {}, { id: 'taken', ifMatch: '"3"' }), 400, 'bad-body');
  });

  test('a document that cannot be reached still counts', async () => {
    const before = await injured();
    const beside = { id: 'seen-document', ifMatch: '"3"' };
    ({ position } = await ledger.record('mark-document-unreachable', { reason: 'It answers 404.' }, beside));
    expect(await injured()).toEqual(before);
    expect((await ledger.read<EntityAnswer>('/documents/seen-document')).entity).toMatchObject({
      status: 'unreachable',
      reason: 'It answers 404.',
    });
    const again = await ledger.record('mark-document-unreachable', { reason: 'Still.' }, { ...beside, ifMatch: '"4"' });
    expect(again).toMatchObject({ unchanged: true, version: 4 });
  });
});

describe('a whole and its parts', () => {
  const attacks = async (position: number) => {
    const path = `/tallies?of=attacks&method=artillery&wait=${position}`;
    const { rows, wholes } = await ledger.read<TalliesAnswer>(path);
    return { best: rows[0]?.best, incidents: rows[0]?.incidents, wholes: wholes.map(({ id }) => id) };
  };

  test('the whole is shown beside its parts, never added; untied, or without live parts, it counts', async () => {
    const actor = { id: 'whole-actor', names: [{ text: 'Made up' }], kind: 'monitor' };
    await ledger.record('register-actor', actor);
    await ledger.record('register-document', {
      id: 'whole-document',
      publisher: actor.id,
      kind: 'full',
      title: 'Whole',
    });
    const card = { ...CARD, method: 'artillery' };
    await ledger.record('record-incident', { id: 'whole', ...card, kind: 'bundle' });
    for (const id of ['part-1', 'part-2']) await ledger.record('record-incident', { id, ...card });
    const claim = (incident: string, best: number) => ({
      predicate: 'happened',
      about: { incident },
      stance: 'asserts',
      value: { low: best, best, high: best },
    });
    const said = { document: 'whole-document', speaker: actor.id, form: 'direct' };
    const claims = [claim('whole', 5), claim('part-1', 1), claim('part-2', 1)];
    const { position: start } = await ledger.record('record-statement', { ...said, claims });
    expect(await attacks(start)).toEqual({ best: 7, incidents: 3, wholes: [] });

    let position = start;
    for (const id of ['part-1', 'part-2']) {
      const tie = { whole: 'whole', kind: 'part-of', reason: 'It is one of the five.' };
      ({ position } = await ledger.record('tie-incident', tie, { id, ifMatch: '"1"' }));
    }
    expect(await attacks(position)).toEqual({ best: 2, incidents: 2, wholes: ['whole'] });
    const page = await ledger.read<IncidentAnswer>('/incidents/whole');
    expect([page.wholes, page.parts.map(({ id }) => id)]).toEqual([[], ['part-1', 'part-2']]);
    expect((await ledger.read<IncidentAnswer>('/incidents/part-1')).wholes).toEqual([{ id: 'whole', kind: 'part-of' }]);

    ({ position } = await ledger.record('retract-incident', { reason: 'No.' }, { id: 'part-1', ifMatch: '"2"' }));
    expect(await attacks(position)).toEqual({ best: 1, incidents: 1, wholes: ['whole'] });
    const untie = { whole: 'whole', reason: 'It was another one.' };
    ({ position } = await ledger.record('untie-incident', untie, { id: 'part-2', ifMatch: '"2"' }));
    expect(await attacks(position)).toEqual({ best: 6, incidents: 2, wholes: [] });
    const asOf = await ledger.read<TalliesAnswer>(`/tallies?of=attacks&method=artillery&asOf=${start}`);
    expect(asOf.rows[0]).toMatchObject({ best: 7, incidents: 3 });
  });
});

describe('a closed ledger', () => {
  test('takes nothing any more, repeats what it took, and is read as before', async () => {
    const closing = await app.open('closing');
    const actor = { id: 'a', names: [{ text: 'Made up' }], kind: 'state' };
    const first = await closing.record('register-actor', actor, { commandKey: 'first' });
    const recorder = await app.client('closing', 'curator');
    const body = { reason: 'It goes on by year.', successor: 'closing-2' };
    expectProblem(await recorder.send('close-ledger', body), 403, 'forbidden');
    const { position, version } = await closing.record('close-ledger', body);
    expect([position, version]).toEqual([3, 2]);
    const refused = expectProblem(await closing.send('register-actor', { ...actor, id: 'b' }), 409, 'ledger-closed');
    expect(refused).toMatchObject({ successor: 'closing-2' });
    expect(await closing.record('register-actor', actor, { commandKey: 'first' })).toEqual(first);
    const ledgerNow = await closing.read<LedgerDto>(`?wait=${position}`);
    expect(ledgerNow).toMatchObject({ sequence: 3, closed: { reason: body.reason, successor: 'closing-2' } });
    expect((await closing.read<EntitiesAnswer>('/actors')).items.map(({ id }) => id)).toEqual(['a']);
    expect((await ledger.read<LedgerDto>('')).closed).toBeNull();
  });
});

describe('changing an incident', () => {
  const correct = (id: string, title: string, ifMatch?: string) =>
    ledger.send(
      'correct-incident',
      { ...CARD, title, reason: 'The name was wrong.' },
      { id, ...(ifMatch && { ifMatch }) },
    );

  test('builds on the version seen, gives the next one, and keeps what was', async () => {
    const made = await ledger.record('record-incident', { id: 'corrected', ...CARD, title: 'Before' });
    const answer = await correct('corrected', 'After', '"1"');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ entity: 'corrected', version: 2, position: made.position + 1 });
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(answer.headers.get('location')).toBe('/v1/ledgers/syria/incidents/corrected');

    const now = await ledger.read<IncidentAnswer>(`/incidents/corrected?wait=${answer.body.position}`);
    expect(now.entity).toMatchObject({ version: 2, sequence: answer.body.position, body: { title: 'After' } });
    const then = await ledger.read<IncidentAnswer>(`/incidents/corrected?asOf=${made.position}`);
    expect(then.entity).toMatchObject({ version: 1, body: { title: 'Before' } });
    const { items } = await ledger.read<RecordsAnswer>('/records?entity=corrected');
    expect(items.map(({ event }) => (event as { type: string }).type)).toEqual([
      'incident-ledger.IncidentRecorded.v1',
      'incident-ledger.IncidentCorrected.v1',
    ]);
  });

  test('on an old version is refused, with the versions now', async () => {
    await ledger.record('record-incident', { id: 'stale', ...CARD });
    await correct('stale', 'First', '"1"');
    const body = expectProblem(await correct('stale', 'Second', '"1"'), 412, 'wrong-version');
    expect(body['current']).toEqual([{ entity: 'stale', version: 2 }]);
    expect(body.errors).toMatchObject([{ pointer: '/expect' }]);
  });

  test('without a version is refused', async () => {
    await ledger.record('record-incident', { id: 'unseen', ...CARD });
    const body = expectProblem(await correct('unseen', 'Blind'), 428, 'expect-required');
    expect(body.errors).toMatchObject([{ pointer: '/expect' }]);
  });

  test('into what it is already records nothing', async () => {
    const made = await ledger.record('record-incident', { id: 'same', ...CARD, title: 'Same' });
    const answer = await correct('same', 'Same', '"1"');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ entity: 'same', version: 1, position: made.position, unchanged: true });
  });

  test('of many at once that saw one version exactly one wins', async () => {
    await ledger.record('record-incident', { id: 'wanted', ...CARD });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => correct('wanted', `Writer ${n}`, '"1"')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 11 }, () => 412)]);
  });
});

describe('repeating a command', () => {
  const actor = (text: string) => ({ kind: 'armed-group', names: [{ text }] });

  test('gives the first answer again and adds nothing', async () => {
    const beside = { commandKey: 'repeated' };
    const first = await ledger.send('register-actor', actor('Once'), beside);
    expect(first.status).toBe(201);
    const others = await Promise.all(
      Array.from({ length: 5 }, () => ledger.send('register-actor', actor('Once'), beside)),
    );
    for (const { status, body } of others) expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect(await endOf(ledger)).toBe(first.body.position);
  });

  test('with another body is refused', async () => {
    const { position } = await ledger.record('register-actor', actor('One'), { commandKey: 'reused' });
    const again = await ledger.send('register-actor', actor('Other'), { commandKey: 'reused' });
    expect(expectProblem(again, 422, 'command-id-reused')['position']).toBe(position);
    expect(await endOf(ledger)).toBe(position);
  });

  test('of another key is another command', async () => {
    const other = await app.client('syria', 'recorder');
    const mine = await ledger.record('register-actor', actor('Mine'), { commandKey: 'both' });
    const theirs = await other.record('register-actor', actor('Theirs'), { commandKey: 'both' });
    expect(theirs.position).toBe(mine.position + 1);
  });

  test('that was refused decides anew: it left no trace', async () => {
    const commandKey = 'mended';
    const refused = await ledger.send('register-actor', { id: 'us', ...actor('Taken') }, { commandKey });
    expectProblem(refused, 409, 'id-taken');
    const mended = await ledger.record('register-actor', { id: 'mended', ...actor('Free') }, { commandKey });
    expect(mended).toMatchObject({ entity: 'mended', version: 1 });
  });

  test('works with the id that was made for it, too', async () => {
    const first = await ledger.record('register-actor', actor('Made'));
    expect(first.commandId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ledger.record('register-actor', actor('Made'), { commandKey: first.commandId })).toEqual(first);
  });
});

describe('seeing one’s own writes', () => {
  test('a read that names the position of a write includes it', async () => {
    for (let n = 0; n < 20; n += 1) {
      const { entity, position } = await ledger.record('record-incident', CARD);
      const seen = await ledger.read<IncidentAnswer>(`/incidents/${entity}?wait=${position}`);
      expect(seen).toMatchObject({ entity: { id: entity, version: 1, sequence: position } });
      expect(seen.sequence).toBeGreaterThanOrEqual(position);
    }
  });

  test('it waits for a write still to come', async () => {
    const next = (await endOf(ledger)) + 1;
    const reading = ledger.read<LedgerDto>(`?wait=${next}`);
    await ledger.record('record-incident', CARD);
    expect((await reading).sequence).toBe(next);
  });

  test('but not for ever', async () => {
    const answer = await ledger.ask<ProblemBody>(`/actors?wait=${(await endOf(ledger)) + 1_000_000}`);
    expectProblem(answer, 503, 'not-yet-visible');
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('leafing through a list', () => {
  const pages = async (list: string, between: () => Promise<unknown>): Promise<EntitiesAnswer[]> => {
    const all: EntitiesAnswer[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const page: EntitiesAnswer = await ledger.read<EntitiesAnswer>(`${list}${cursor}`);
      all.push(page);
      ({ next } = page);
      await between();
    }
    return all;
  };

  test.each(['actors', 'places', 'documents', 'statements', 'incidents', 'records'])(
    '%s: the pages are the whole, as it was when the first was read, whatever is recorded meanwhile',
    async (list) => {
      await ledger.read(`?wait=${await endOf(ledger)}`);
      const whole = await ledger.read<EntitiesAnswer>(`/${list}?limit=500`);
      const found = await pages(`/${list}?limit=3`, async () => {
        const { position } = await ledger.record('record-incident', CARD);
        await ledger.record('register-actor', { kind: 'media', names: [{ text: 'A late comer' }] });
        await ledger.read(`?wait=${position + 1}`);
      });
      expect(found.flatMap(({ items }) => items)).toEqual(whole.items);
      expect(new Set(found.map(({ sequence }) => sequence))).toEqual(new Set([whole.sequence]));
      for (const { items } of found.slice(0, -1)) expect(items).toHaveLength(3);
    },
  );

  test('a cursor belongs to its question', async () => {
    const { next } = await ledger.read<EntitiesAnswer>('/actors?limit=1');
    for (const other of ['/places?limit=1', '/actors?kind=media', '/records?limit=1']) {
      const answer = await ledger.ask<ProblemBody>(`${other}&cursor=${next}`);
      expect(expectProblem(answer, 400, 'bad-parameter')['parameter']).toBe('cursor');
    }
  });
});

describe('a parameter that does not exist is refused by name', () => {
  test.each(
    ['', '/actors', '/actors/us', '/places', '/documents', '/statements', '/incidents', '/tallies', '/records'].concat(
      '/records/1',
      '/statements/centcom-on-conoco',
      '/incidents/conoco-2023-04-10',
    ),
  )('%s', async (path) => {
    const answer = await ledger.ask<ProblemBody>(`${path}?polcy=envelope`);
    const body = expectProblem(answer, 400, 'bad-parameter');
    expect(body.errors).toMatchObject([{ pointer: '/polcy', code: 'unknown-field' }]);
    expect(body.detail).toContain('polcy');
  });

  test('of the list of ledgers, too', async () => {
    expect((await fetch(`${app.url}/v1/ledgers?polcy=1`)).status).toBe(400);
  });
});

describe('the records', () => {
  test('at their own address are the bytes of the log, which say what the list says', async () => {
    const { items } = await ledger.read<RecordsAnswer>('/records?limit=44');
    const { connectionString } = await startPostgres({ folder: join(app.dataDir, 'postgres') });
    const storage = await EmbeddedStorage.open(connectionString);
    try {
      const stored = await storage.read('syria', 0, 44);
      expect(items.map(({ sequence }) => sequence)).toEqual(stored.map(({ sequence }) => sequence));
      for (const [index, { sequence, event }] of items.entries()) {
        const answer = await fetch(`${app.url}/v1/ledgers/syria/records/${sequence}`);
        expect(answer.headers.get('content-type')).toBe('application/cloudevents+json');
        const bytes = Buffer.from(await answer.arrayBuffer());
        expect(bytes.equals(stored[index]?.bytes ?? Buffer.alloc(0))).toBe(true);
        expect(JSON.parse(bytes.toString('utf8'))).toEqual(event);
      }
    } finally {
      await storage.close();
    }
  });

  test('are CloudEvents with exactly the attributes that are promised, in their order', async () => {
    const { items } = await ledger.read<RecordsAnswer>('/records?limit=500');
    const events = items.map(({ event }) => event as Record<string, unknown>);
    let lastTime = '';
    const versions = new Map<string, number>();
    for (const [index, event] of events.entries()) {
      const sequence = index + 1;
      const [, name] = /^incident-ledger\.([A-Z][A-Za-z]+)\.v1$/.exec(String(event['type'])) ?? [];
      const { changes } = event['data'] as { changes: { entity: string; version: number }[] };
      expect(Object.keys(event)).toEqual([
        'specversion',
        'id',
        'source',
        'type',
        'subject',
        'datacontenttype',
        'dataschema',
        'sequence',
        'recordedtime',
        'commandid',
        'commanddigest',
        'recorder',
        'data',
      ]);
      expect(event).toMatchObject({
        specversion: '1.0',
        id: `syria/${sequence}`,
        source: '/ledgers/syria',
        subject: changes[0]?.entity,
        datacontenttype: 'application/json',
        dataschema: `urn:incident-ledger:schemas/${name}.v1.json`,
        sequence: String(sequence).padStart(20, '0'),
        recordedtime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        commandid: expect.stringMatching(new RegExp(`^${String(event['recorder'])}:.+`)),
        commanddigest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        recorder: expect.stringMatching(/^k[1-9]\d*$/),
      });
      expect(String(event['recordedtime']) >= lastTime).toBe(true);
      lastTime = String(event['recordedtime']);
      for (const { entity, version } of changes) {
        expect(version).toBe((versions.get(entity) ?? 0) + 1);
        versions.set(entity, version);
      }
      const schema = String(event['dataschema']).replace('urn:incident-ledger:', `${app.url}/`);
      expect((await fetch(schema)).status).toBe(200);
    }
    expect(new Set(events.map((event) => event['commandid'])).size).toBe(events.length);
  });

  test('of one entity are those that changed it', async () => {
    const { items } = await ledger.read<RecordsAnswer>('/records?entity=centcom-on-conoco');
    expect(items).toMatchObject([{ event: { subject: 'centcom-on-conoco' } }]);
  });

  test('are only those there were, as of an earlier one', async () => {
    expect((await ledger.read<RecordsAnswer>('/records?asOf=5')).items).toHaveLength(5);
    expectProblem(await ledger.ask('/records/6?asOf=5'), 404, 'not-found');
  });
});

describe('private text', () => {
  const NAME = 'A Private Person, seven-of-nine';
  const QUOTE = 'words that only the ledger’s own readers see, eight-of-nine';
  const WORDS = 'private words, nine-of-nine';
  const SECRETS = /(seven|eight|nine)-of-nine/;
  const sealed = {
    enc: expect.stringMatching(/^[A-Za-z0-9_-]{22,}$/),
    nonce: expect.stringMatching(/^[A-Za-z0-9_-]{16}$/),
    keyid: expect.any(String),
    keyhash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  };
  const secret = (text: string) => ({ private: true, text });
  const statement = {
    id: 'a-private-statement',
    document: 'national-conoco-copy',
    speaker: 'a-private-person',
    form: 'direct',
    quote: { text: secret(QUOTE), language: 'en' },
    claims: [
      {
        predicate: 'remark',
        about: { incident: 'conoco-2023-04-10' },
        stance: 'asserts',
        value: { text: 'Said privately.' },
        words: secret(WORDS),
      },
    ],
  };
  const commandKey = 'private-statement';
  let written: WriteAnswer;

  beforeAll(async () => {
    await ledger.record('register-actor', { id: 'a-private-person', kind: 'person', names: [{ text: secret(NAME) }] });
    written = await ledger.record('record-statement', statement, { commandKey });
    await ledger.read(`?wait=${written.position}`);
  });

  test('is sealed in the records, and nothing of it is beside the seal', async () => {
    for (const [entity, at] of [
      ['a-private-person', { actor: { names: [{ text: sealed }] } }],
      ['a-private-statement', { statement: { quote: { text: sealed }, claims: [{ words: sealed }] } }],
    ] as const) {
      const { items } = await ledger.read<RecordsAnswer>(`/records?entity=${entity}`);
      expect(items).toMatchObject([{ event: { data: at } }]);
    }
    const { text } = await ledger.ask(`/records/${written.position}`);
    expect(text).not.toMatch(SECRETS);
    const { event } = (await ledger.read<RecordsAnswer>('/records?entity=a-private-statement')).items[0] ?? {};
    const { quote } = (event as { data: { statement: { quote: { text: object } } } }).data.statement;
    expect(Object.keys(quote.text)).toEqual(['enc', 'nonce', 'keyid', 'keyhash']);
    expect((await ledger.ask('/records?limit=500')).text).not.toMatch(SECRETS);
  });

  test('is open to those who read the statement and the actor', async () => {
    const { entity, claims } = await ledger.read<StatementAnswer>('/statements/a-private-statement');
    expect(entity.body).toMatchObject({ quote: { text: secret(QUOTE) } });
    expect(claims).toMatchObject([{ speaker: { name: NAME }, claim: { words: secret(WORDS) } }]);
    const actor = await ledger.read<EntityAnswer>('/actors/a-private-person');
    expect(actor.entity.body).toMatchObject({ names: [{ text: secret(NAME) }] });
  });

  test('is no part of what makes a repeat a repeat', async () => {
    expect(await ledger.record('record-statement', statement, { commandKey })).toEqual(written);
    const redacted = { ...statement, quote: { text: secret('something else, eight-of-nine'), language: 'en' } };
    expect(await ledger.record('record-statement', redacted, { commandKey })).toEqual(written);
  });

  test.each([
    ['the door', { ...statement, id: 'Not An Id', quote: { text: secret(QUOTE), language: 'en', mood: WORDS } }, 400],
    ['the rules', { ...statement, id: 'refused-1', document: 'no-such-document' }, 422],
    [
      'its size',
      { ...statement, id: 'refused-2', quote: { text: secret('eight-of-nine'.repeat(200)), language: 'en' } },
      400,
    ],
  ])('is not repeated when %s refuse it', async (_who, body, status) => {
    const answer = await ledger.send('record-statement', body);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(SECRETS);
  });

  test('is in no log', () => {
    expect(app.logged()).not.toMatch(SECRETS);
    expect(readFileSync(join(app.dataDir, 'postgres', 'server.log'), 'utf8')).not.toMatch(SECRETS);
  });
});

describe('who may', () => {
  const newActor = (client: LedgerClient) =>
    client.send<ProblemBody>('register-actor', { kind: 'media', names: [{ text: 'A paper' }] });
  const correction = (client: LedgerClient) =>
    client.send<ProblemBody>(
      'correct-incident',
      { ...CARD, reason: 'To see who may.' },
      { id: 'guarded', ifMatch: '"1"' },
    );

  beforeAll(() => ledger.record('record-incident', { id: 'guarded', ...CARD }));

  test('record: every key of the ledger', async () => {
    for (const role of ['recorder', 'curator', 'admin'] as const) {
      expect((await newActor(await app.client('syria', role))).status).toBe(201);
    }
  });

  test('correct: curators and admins', async () => {
    const refused = expectProblem(await correction(await app.client('syria', 'recorder')), 403, 'forbidden');
    expect(refused.detail).toContain('curator');
    expect((await correction(await app.client('syria', 'curator'))).status).toBe(200);
    expect((await correction(await app.client('syria', 'admin'))).status).toBe(200);
  });

  test('open a ledger: admins', async () => {
    for (const role of ['recorder', 'curator'] as const) {
      const client = await app.client('new-ledger', role);
      expectProblem(await client.send('open-ledger', { origin: { title: 'Mine' } }), 403, 'forbidden');
    }
  });

  test('anything in another ledger: nobody', async () => {
    const stranger = new LedgerClient(app.url, 'syria', (await app.client('red-sea')).key);
    expectProblem(await newActor(stranger), 403, 'forbidden');
    expectProblem(await stranger.ask('/actors'), 403, 'forbidden');
  });

  test('write without a key, or with a made-up one: nobody', async () => {
    const { key = '' } = await app.client('syria');
    for (const wrong of [undefined, 'x', `il_k1_${'A'.repeat(43)}`, key.slice(0, -1), `${key}A`]) {
      const answer = await newActor(new LedgerClient(app.url, 'syria', wrong));
      expectProblem(answer, 401, 'unauthenticated');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('a key that is revoked opens nothing from then on, without a restart', async () => {
    const client = await app.client('syria', 'recorder');
    expect((await newActor(client)).status).toBe(201);
    const [, id = ''] = /^il_(k\d+)_/.exec(client.key ?? '') ?? [];
    await app.keys.revoke(id, new Date());
    expectProblem(await newActor(client), 401, 'unauthenticated');
    expectProblem(await client.ask('/actors'), 401, 'unauthenticated');
  });

  test('read on this machine: anybody, but by no other name than its own', async () => {
    expect((await new LedgerClient(app.url, 'syria').ask('/actors')).status).toBe(200);
    const rebound = await exchange<ProblemBody>(
      app.url,
      head('GET /v1/ledgers/syria/actors', { Host: 'evil.example' }),
    );
    expectProblem(rebound, 401, 'unauthenticated');
  });
});

test('after all of it the auditor finds the logs whole, and every figure as it works it out itself', async () => {
  const { wrong, rows } = await app.audit();
  expect(wrong).toEqual([]);
  expect(rows).toBeGreaterThan(0);
}, 60_000);
