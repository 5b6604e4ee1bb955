/**
 * Whatever is sent that is not right is answered with a problem that names the place and the reason, repeats nothing that
 * might be private, and leaves the log as it was. The whole application, over HTTP; where no client would send it, bytes.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PROBLEMS, type ProblemBody, type ProblemCode } from '#contracts';
import type { ActName } from '#domain';
import { answerOf, exchange, head, type Answer, type LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

/** Stands in the values that are sent, and never in an answer. */
const SECRET = 'name-of-a-private-person';

let app: RunningApp;
let ledger: LedgerClient;
let end: number;

const CARD = { kind: 'single', method: 'rocket', parties: [], reason: 'Nothing to correct.' };

/** A correction that corrects nothing is answered with the end of the log, as the writer proves it. */
const endOfLog = async () =>
  (await ledger.record('correct-incident', CARD, { id: 'incident', ifMatch: '"1"' })).position;

beforeAll(async () => {
  app = await startApp();
  ledger = await app.open('bad-input');
  const { reason: _, ...incident } = CARD;
  await ledger.record('register-actor', { id: 'state', kind: 'state', names: [{ text: 'A state' }] });
  await ledger.record('register-place', { id: 'country', kind: 'country', names: [{ text: 'A country' }] });
  await ledger.record('register-document', { id: 'document', publisher: 'state', kind: 'full', title: 'A document' });
  await ledger.record('record-incident', { id: 'incident', ...incident });
  await ledger.record('record-statement', STATEMENT);
  end = await endOfLog();
  await ledger.read(`?wait=${end}`);
});
afterAll(() => app?.stop());

afterEach(async () => {
  expect(await endOfLog()).toBe(end);
  expect(app.logged()).not.toContain(SECRET);
});

/** What every refusal has, and never has. */
function expectProblem(answer: Answer<ProblemBody>, code: ProblemCode, fault?: [pointer: string, code: string]): void {
  const { status, title } = PROBLEMS[code];
  const { body, headers, text } = answer;
  expect({ status: answer.status, code: body?.code, errors: body?.errors }).toMatchObject({
    status,
    code,
    ...(fault && { errors: expect.arrayContaining([expect.objectContaining({ pointer: fault[0], code: fault[1] })]) }),
  });
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: `/problems/${code}`, title, status, detail: expect.stringMatching(/\w+ \w+/) });
  for (const { reason } of body.errors ?? []) expect(reason).toMatch(/\w+ \w+/);
  expect(text).not.toContain(SECRET);
  expect(text.length).toBeLessThan(20_000);
}

async function post(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer<ProblemBody>> {
  return answerOf(
    await fetch(`${app.url}/v1/ledgers/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ledger.key}`, 'content-type': 'application/json', ...headers },
      body,
    }),
  );
}

const QUANTITY = { low: 1, best: 1, high: 1 };
const CLAIM = { predicate: 'killed', about: { incident: 'incident' }, stance: 'asserts', value: QUANTITY };
const ACTOR = { kind: 'media', names: [{ text: SECRET }] };
const PLACE = { kind: 'site', names: [{ text: SECRET }] };
const DOCUMENT = { publisher: 'state', kind: 'full', title: SECRET };
const INCIDENT = { title: SECRET, kind: 'single', method: 'rocket', parties: [] };
const STATEMENT = { id: 'statement', document: 'document', speaker: 'state', form: 'reported', claims: [CLAIM] };
const PRIVATE = { private: true, text: SECRET };
const DAY = { from: '2023-04-10', to: '2023-04-10', precision: 'day' };

/** A statement of one claim that differs from a good one. */
const claiming = (claim: object, more: object = {}) => {
  const { id: _, ...statement } = STATEMENT;
  const quote = { text: PRIVATE, language: 'en' };
  return { ...statement, quote, claims: [{ ...CLAIM, words: PRIVATE, ...claim }], ...more };
};

describe('text that is not JSON with one meaning', () => {
  const actor = (tail: string | Buffer) =>
    Buffer.concat([Buffer.from(`{"kind":"media","names":[{"text":"${SECRET}"}],`), Buffer.from(tail)]);

  test.each<[what: string, body: string | Buffer, pointer: string, code: string]>([
    ['NaN', actor('"codes":{"gw":NaN}}'), '/codes/gw', 'syntax'],
    ['-Infinity', actor('"codes":{"gw":-Infinity}}'), '/codes/gw', 'syntax'],
    ['1e400', actor('"codes":{"gw":1e400}}'), '/codes/gw', 'number-loses-digits'],
    ['12345678901234567890', actor('"codes":{"gw":12345678901234567890}}'), '/codes/gw', 'number-loses-digits'],
    ['a fraction too fine', actor('"codes":{"gw":0.12345678901234567890}}'), '/codes/gw', 'number-loses-digits'],
    ['a number of 200 digits', actor(`"codes":{"gw":${'1'.repeat(200)}}}`), '/codes/gw', 'number-loses-digits'],
    ['01', actor('"codes":{"gw":01}}'), '/codes', 'syntax'],
    ['NUL', actor('"partOf":"\0"}'), '/partOf', 'nul'],
    ['\\u0000', actor('"partOf":"\\u0000"}'), '/partOf', 'nul'],
    ['\\ud800', actor('"partOf":"\\ud800"}'), '/partOf', 'lone-surrogate'],
    ['\\udc00\\ud800', actor('"partOf":"\\udc00\\ud800"}'), '/partOf', 'lone-surrogate'],
    ['a surrogate in UTF-8', actor(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a])), '', 'not-utf-8'],
    ['Latin-1', actor(Buffer.from('"partOf":"é"}', 'latin1')), '', 'not-utf-8'],
    ['UTF-16', Buffer.from('{"kind":"media"}', 'utf16le'), '', 'syntax'],
    ['a byte order mark', Buffer.concat([Buffer.from('efbbbf', 'hex'), actor('"id":"a"}')]), '', 'byte-order-mark'],
    ['gzip', gzipSync(actor('"id":"a"}')), '', 'not-utf-8'],
    ['a key twice', actor('"kind":"media"}'), '/kind', 'duplicate-key'],
    ['a key twice, once escaped', actor('"\\u006bind":"media"}'), '/kind', 'duplicate-key'],
    ['a key twice, deep', actor('"codes":{"gw":1,"gw":2}}'), '/codes/gw', 'duplicate-key'],
    ['__proto__', actor('"__proto__":{"official":true}}'), '/__proto__', 'forbidden-key'],
    ['__proto__, deep and escaped', actor('"codes":{"\\u005f_proto__":1}}'), '/codes/__proto__', 'forbidden-key'],
    ['depth 200', actor(`"codes":${'['.repeat(200)}${']'.repeat(200)}}`), `/codes${'/0'.repeat(31)}`, 'too-deep'],
    ['depth 100,000, never closed', '['.repeat(100_000), '/0'.repeat(32), 'too-deep'],
    ['nothing', '', '', 'empty'],
    ['white space', ' \n ', '', 'empty'],
    ['two values', actor('"id":"a"}{}'), '', 'trailing-text'],
    ['single quotes', "{'kind':'media'}", '', 'syntax'],
    ['a trailing comma', '{"kind":"media",}', '', 'syntax'],
    ['a comment', '{"kind":"media"/**/}', '', 'syntax'],
    ['half of it', actor('"id":"a'), '/id', 'syntax'],
    ['a line break in a string', actor('"id":"a\nb"}'), '/id', 'syntax'],
  ])('%s', async (_what, body, pointer, code) => {
    expectProblem(await post('bad-input/actors', body), 'bad-json', [pointer, code]);
  });
});

/** A table of what differs from a good body of an act, with the place and the code of what it is refused for. */
type Refusals = readonly (readonly [what: string, differs: object, pointer: string, code: string])[];

function refused(act: ActName, bodyOf: (differs: object) => object, refusals: Refusals): void {
  test.each(refusals)(`${act}: %s`, async (_what, differs, pointer, code) => {
    const answer = await ledger.send<ProblemBody>(act, bodyOf(differs), { id: 'incident' });
    expectProblem(answer, code in PROBLEMS ? (code as ProblemCode) : 'bad-body', [pointer, code]);
  });
}

const anActor = (differs: object) => ({ ...ACTOR, ...differs });
const aPlace = (differs: object) => ({ ...PLACE, ...differs });
const aDocument = (differs: object) => ({ ...DOCUMENT, ...differs });
const anIncident = (differs: object) => ({ ...INCIDENT, ...differs });
const aTime = (differs: object) => anIncident({ time: { ...DAY, ...differs } });
const aStatement = (differs: object) => claiming({}, differs);
const aClaim = (differs: object) => claiming(differs);
const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

describe('a body that does not have the form of its act', () => {
  test.each([[[ACTOR]], [SECRET], [null], [7]])('%j', async (body) => {
    const answer = await ledger.send<ProblemBody>('register-actor', body as object);
    expectProblem(answer, 'bad-body', ['', 'wrong-type']);
  });

  refused('register-actor', (differs) => differs, [
    ['nothing in it', {}, '/kind', 'missing'],
    ['an act’s own name', { act: 'open-ledger' }, '/act', 'unknown-field'],
  ]);

  refused('register-actor', anActor, [
    ['a number for a word', { kind: 7 }, '/kind', 'wrong-type'],
    ['a word not in the list', { kind: SECRET }, '/kind', 'not-in-list'],
    ['a string for a list', { names: SECRET }, '/names', 'wrong-type'],
    ['an object for a list', { names: { 0: SECRET, length: 1 } }, '/names', 'wrong-type'],
    ['a string for an object', { names: [SECRET] }, '/names/0', 'wrong-type'],
    ['null for an object', { names: [null] }, '/names/0', 'wrong-type'],
    ['false for a flag', { official: false }, '/official', 'wrong-type'],
    ['"true" for a flag', { official: 'true' }, '/official', 'wrong-type'],
    ['digits for a number', { codes: { gw: '2' } }, '/codes/gw', 'wrong-type'],
    ['a fraction for a whole', { codes: { gw: 2.5 } }, '/codes/gw', 'wrong-type'],
    ['a number out of range', { codes: { gw: 1000 } }, '/codes/gw', 'out-of-range'],
    ['null for what may be left out', { partOf: null }, '/partOf', 'wrong-type'],
    ['no names', { names: [] }, '/names', 'too-few'],
    ['51 names', { names: many(51, { text: SECRET }) }, '/names', 'too-many'],
    ['no language', { names: [{ text: SECRET, language: SECRET }] }, '/names/0/language', 'wrong-form'],
    ['501 expectations', { expect: many(501, { entity: 'state', version: 1 }) }, '/expect', 'too-many'],
    ['version 0', { expect: [{ entity: 'state', version: 0 }] }, '/expect/0/version', 'out-of-range'],

    ['an unknown field', { name: SECRET }, '/name', 'unknown-field'],
    ['an unknown field, deep', { names: [{ text: SECRET, txt: SECRET }] }, '/names/0/txt', 'unknown-field'],
    ['a field that a pointer escapes', { 'a/b~c': SECRET }, '/a~1b~0c', 'unknown-field'],
    ['a field of 500 characters', { ['x'.repeat(500)]: 1 }, `/${'x'.repeat(100)}…`, 'unknown-field'],

    ['an id with capitals', { id: 'US' }, '/id', 'wrong-form'],
    ['an id with ../', { id: '../syria' }, '/id', 'wrong-form'],
    ['an id with a space', { id: 'a b' }, '/id', 'wrong-form'],
    ['an id that begins with -', { id: '-a' }, '/id', 'wrong-form'],
    ['an id with #', { id: 'a#1' }, '/id', 'wrong-form'],
    ['an id with a line break', { id: 'a\n' }, '/id', 'wrong-form'],
    ['an id in other letters', { id: 'é' }, '/id', 'wrong-form'],
    ['an id of nothing', { id: '' }, '/id', 'wrong-form'],
    ['an id of 101 characters', { id: 'a'.repeat(101) }, '/id', 'wrong-form'],
    ['an id that is a number', { id: 1 }, '/id', 'wrong-type'],
    ['the id __proto__', { id: '__proto__' }, '/id', 'wrong-form'],
    ['the id toString', { id: 'toString' }, '/id', 'wrong-form'],
    ['a part of __proto__', { partOf: '__proto__' }, '/partOf', 'wrong-form'],
  ]);

  for (const field of ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'prototype', '__defineGetter__', '']) {
    refused('register-actor', anActor, [
      [`the field "${field}"`, { [field]: SECRET }, `/${field}`, 'unknown-field'],
      [`the field "${field}", deep`, { codes: { [field]: 1 } }, `/codes/${field}`, 'unknown-field'],
    ]);
  }

  refused('register-place', aPlace, [
    ['off the globe', { point: { lat: 91, lon: 0 } }, '/point/lat', 'out-of-range'],
    ['a point in words', { point: { lat: '35', lon: '40' } }, '/point/lat', 'wrong-type'],
    ['half a point', { point: { lat: 35 } }, '/point/lon', 'missing'],
  ]);

  refused('register-document', aDocument, [
    ['an offset of 25 hours', { retrieved: '2023-04-11T08:00:00+25:00' }, '/retrieved', 'unreal-date'],
    ['a local time for a moment', { retrieved: '2023-04-11T08:00:00' }, '/retrieved', 'wrong-form'],
    ['a title of two lines', { title: `${SECRET}\n${SECRET}` }, '/title', 'control-character'],
    ['a title of 301 characters', { title: SECRET.padEnd(301, 'x') }, '/title', 'too-long'],
    ['a title of white space', { title: '  ' }, '/title', 'blank'],
    ['a bell in a note', { note: `${SECRET}\u0007` }, '/note', 'control-character'],
    ['javascript:', { url: `javascript:alert('${SECRET}')` }, '/url', 'wrong-form'],
    ['a SHA-256 in capitals', { sha256: 'A'.repeat(64) }, '/sha256', 'wrong-form'],
  ]);

  refused('record-incident', aTime, [
    ['the year 0000', { from: '0000-01-01' }, '/time/from', 'unreal-date'],
    ['30 February', { to: '2023-02-30' }, '/time/to', 'unreal-date'],
    ['29 February of a common year', { to: '2100-02-29' }, '/time/to', 'unreal-date'],
    ['24:00', { to: '2023-04-10T24:00' }, '/time/to', 'unreal-date'],
    ['a moment for a local time', { to: '2023-04-10T10:00:00Z' }, '/time/to', 'wrong-form'],
    ['yesterday', { to: 'yesterday' }, '/time/to', 'wrong-form'],
    ['a zone that is an offset', { zone: '+03:00' }, '/time/zone', 'wrong-form'],
    ['a zone on Mars', { zone: 'Mars/Olympus' }, '/time/zone', 'wrong-form'],
  ]);

  refused('correct-incident', (differs) => ({ ...CARD, ...differs }), [
    ['an id unlike the address', { id: 'another' }, '/id', 'differs-from-address'],
    ['without a reason', { reason: ' ' }, '/reason', 'blank'],
  ]);

  const quoteOf = (text: unknown) => ({ quote: { text, language: 'en' } });
  refused('record-statement', aStatement, [
    ['a quote of 2,001 characters', quoteOf(SECRET.padEnd(2001, 'x')), '/quote/text', 'too-long'],
    ['a private one', quoteOf({ private: true, text: SECRET.padEnd(2001, 'x') }), '/quote/text/text', 'too-long'],
    ['no claims', { claims: [] }, '/claims', 'too-few'],
    ['201 claims', { claims: many(201, CLAIM) }, '/claims', 'too-many'],
  ]);

  refused('record-statement', aClaim, [
    ['an unknown field of its value', { value: { ...QUANTITY, who: SECRET } }, '/claims/0/value/who', 'unknown-field'],
    ['a field of another value', { value: { munition: SECRET } }, '/claims/0/value/munition', 'unknown-field'],
    ['text that is not private', { words: { private: false, text: SECRET } }, '/claims/0/words/private', 'wrong-type'],
    ['sealed text', { words: { enc: 'a', nonce: 'b', keyid: 'c' } }, '/claims/0/words/enc', 'unknown-field'],
    ['about nothing', { about: {} }, '/claims/0/about', 'exactly-one'],
    ['about two things', { about: { incident: 'incident', scope: {} } }, '/claims/0/about', 'exactly-one'],
    ['a negative number', { value: { low: -1 } }, '/claims/0/value/low', 'out-of-range'],
    ['half a person', { value: { best: 1.5 } }, '/claims/0/value/best', 'wrong-type'],
    ['a place without its value', { predicate: 'place', value: {} }, '/claims/0/value/place', 'missing'],
    ['the predicate constructor', { predicate: 'constructor' }, '/claims/0/predicate', 'not-in-list'],
  ]);
});

describe('what the rules refuse', () => {
  // Well formed, and the name of something that every object has.
  const nobody = 'constructor';

  refused('register-actor', anActor, [
    ['an id that is taken', { id: 'state' }, '/id', 'id-taken'],
    ['the id of the ledger itself', { id: 'ledger' }, '/id', 'id-taken'],
    ['a part of nobody', { partOf: nobody }, '/partOf', 'unknown-reference'],
    ['a part of a place', { partOf: 'country' }, '/partOf', 'wrong-kind-of-reference'],
    ['a part of the ledger', { partOf: 'ledger' }, '/partOf', 'wrong-kind-of-reference'],
    ['an expectation of nobody', { expect: [{ entity: nobody, version: 1 }] }, '/expect', 'wrong-version'],
    ['a version to come', { expect: [{ entity: 'state', version: 2 }] }, '/expect', 'wrong-version'],
  ]);
  refused('register-place', aPlace, [['inside nowhere', { inside: nobody }, '/inside', 'unknown-reference']]);
  refused('register-document', aDocument, [
    ['published by nobody', { publisher: nobody }, '/publisher', 'unknown-reference'],
    ['a copy of nothing', { copyOf: nobody }, '/copyOf', 'unknown-reference'],
  ]);
  refused('record-incident', aTime, [['an end before its start', { to: '2023-04-09' }, '/time/to', 'contradiction']]);
  refused('record-incident', anIncident, [
    ['a party that is nobody', { parties: [{ actor: nobody, side: 'a' }] }, '/parties/0/actor', 'unknown-reference'],
  ]);
  refused('correct-incident', () => CARD, [['what nobody saw', {}, '/expect', 'expect-required']]);
  refused('record-statement', aStatement, [
    ['said by nobody', { speaker: nobody }, '/speaker', 'unknown-reference'],
    ['passed on by nobody', { chain: ['state', nobody] }, '/chain/1', 'unknown-reference'],
    ['a claim twice', { claims: [CLAIM, CLAIM] }, '/claims/1', 'duplicate-claim'],
  ]);
  refused('record-statement', aClaim, [
    ['about no incident', { about: { incident: nobody } }, '/claims/0/about/incident', 'unknown-reference'],
    ['people of nobody', { who: { of: nobody } }, '/claims/0/who/of', 'unknown-reference'],
    ['a manner of asserting', { manner: 'did-not' }, '/claims/0/manner', 'does-not-fit'],
    ['no value', { value: undefined }, '/claims/0/value', 'does-not-fit'],
    ['a change and a number', { value: { ...QUANTITY, change: 1 } }, '/claims/0/value/change', 'does-not-fit'],
    [
      'taking back what was never said',
      { stance: 'retracts', retracts: 'statement#2' },
      '/claims/0/retracts',
      'unknown-reference',
    ],
  ]);

  test('a change of what does not exist, or is no incident', async () => {
    for (const id of ['nothing', 'constructor', '__proto__', 'state', 'ledger', '../incident', 'INCIDENT', '\0']) {
      expectProblem(await ledger.send<ProblemBody>('correct-incident', CARD, { id }), 'unknown-entity');
    }
    const asActor = await ledger.send<ProblemBody>('correct-incident', CARD, { id: 'state', ifMatch: '"1"' });
    expectProblem(asActor, 'unknown-entity');
  });

  test('a document that is there already', async () => {
    const citation = { ...DOCUMENT, title: 'A document', sha256: 'a'.repeat(64) };
    expect(await endOfLog()).toBe(end);
    end = (await ledger.record('register-document', { ...citation, id: 'with-bytes' })).position;
    expectProblem(await ledger.send<ProblemBody>('register-document', citation), 'duplicate-document');
  });

  test('a record of more than 65,535 bytes', async () => {
    const claims = Array.from({ length: 40 }, (_, n) => ({
      ...CLAIM,
      value: { low: n },
      words: SECRET.padEnd(2000, 'x'),
    }));
    expectProblem(await ledger.send<ProblemBody>('record-statement', claiming({}, { claims })), 'record-too-large');
  });

  test('a ledger that is open already, and one that nobody opened', async () => {
    const origin = { title: SECRET };
    expectProblem(await ledger.send<ProblemBody>('open-ledger', { origin }), 'ledger-exists');
    expectProblem(
      await (await app.client('constructor')).send<ProblemBody>('register-actor', ACTOR),
      'ledger-not-open',
    );
  });
});

describe('headers of an act', () => {
  const actor = JSON.stringify(ACTOR);

  test.each(['a b', 'x'.repeat(201), 'é', ''])('Idempotency-Key: %s', async (key) => {
    const answer = await exchange<ProblemBody>(app.url, request('actors', actor, { 'Idempotency-Key': key }));
    expectProblem(answer, 'bad-parameter');
    expect(answer.body['parameter']).toBe('Idempotency-Key');
  });

  test.each(['1', '*', 'W/"1"', '"0"', '"01"', '"1e0"', '"-1"', '"1", "2"', '"99999999999999999999"', '"', SECRET])(
    'If-Match: %s',
    async (ifMatch) => {
      const answer = await ledger.send<ProblemBody>('correct-incident', CARD, { id: 'incident', ifMatch });
      expectProblem(answer, 'bad-parameter');
      expect(answer.body['parameter']).toBe('If-Match');
    },
  );

  test('If-Match where the address names nothing, or unlike the body', async () => {
    expectProblem(await ledger.send<ProblemBody>('register-actor', ACTOR, { ifMatch: '"1"' }), 'bad-parameter');
    const body = { ...CARD, expect: [{ entity: 'incident', version: 2 }] };
    const answer = await ledger.send<ProblemBody>('correct-incident', body, { id: 'incident', ifMatch: '"1"' });
    expectProblem(answer, 'bad-parameter');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/x-ndjson',
    'application/jsonp',
    'application/cloudevents+json',
    'json',
  ])('Content-Type: %s', async (type) => {
    expectProblem(await post('bad-input/actors', actor, { 'content-type': type }), 'unsupported-media-type');
  });

  test('no Content-Type, with a body and without', async () => {
    const authorization = { authorization: `Bearer ${ledger.key}` };
    const url = ledger.addressOf('register-actor');
    const bytes = Buffer.from(actor);
    const typeless: Answer<ProblemBody> = await answerOf(
      await fetch(url, { method: 'POST', headers: authorization, body: bytes }),
    );
    expectProblem(typeless, 'unsupported-media-type');
    const empty: Answer<ProblemBody> = await answerOf(await fetch(url, { method: 'POST', headers: authorization }));
    expectProblem(empty, 'bad-body', ['', 'wrong-type']);
  });

  test.each(['', 'Basic azE6eA==', 'Bearer', 'Bearer il_k1_', `Bearer ${SECRET}`, 'Bearer __proto__'])(
    'Authorization: %s',
    async (authorization) => {
      const answer = await exchange<ProblemBody>(app.url, request('actors', actor, { Authorization: authorization }));
      expectProblem(answer, 'unauthenticated');
    },
  );
});

/** An act as bytes. */
function request(path: string, body: string | Buffer, headers: Record<string, string | number> = {}): Buffer {
  const bytes = Buffer.from(body as string);
  const common = { Authorization: `Bearer ${ledger.key}`, 'Content-Type': 'application/json' };
  const length = { 'Content-Length': bytes.length };
  return Buffer.concat([
    Buffer.from(head(`POST /v1/ledgers/bad-input/${path}`, { ...common, ...length, ...headers })),
    bytes,
  ]);
}

describe('too much', () => {
  test('10 MB at once, or bit by bit', async () => {
    const body = Buffer.alloc(10_000_000, 0x20);
    const whole = await exchange<ProblemBody>(app.url, request('actors', body));
    expectProblem(whole, 'body-too-large');
    expect(whole.body['bytesMax']).toBe(1024 * 1024);

    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 0x20), Buffer.from('\r\n')]);
    const headers = { Authorization: `Bearer ${ledger.key}`, 'Content-Type': 'application/json' };
    const chunked = Buffer.concat([
      Buffer.from(head('POST /v1/ledgers/bad-input/actors', { ...headers, 'Transfer-Encoding': 'chunked' })),
      ...Array.from({ length: 160 }, () => chunk),
      Buffer.from('0\r\n\r\n'),
    ]);
    expectProblem(await exchange<ProblemBody>(app.url, chunked), 'body-too-large');
  });

  test('10 MB without a key are not even read', async () => {
    const bytes = request('actors', Buffer.alloc(10_000_000, 0x20), { Authorization: 'Bearer x' });
    expectProblem(await exchange<ProblemBody>(app.url, bytes), 'unauthenticated');
  });

  test('100 kB of headers, or of address', async () => {
    const long = 'x'.repeat(100_000);
    expectProblem(await exchange(app.url, head('GET /', { 'X-Long': long })), 'headers-too-large');
    expectProblem(await exchange(app.url, head(`GET /v1/ledgers/bad-input/actors/${long}`)), 'headers-too-large');
  });

  test('100 faults are told, not more', async () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field-${n}`, SECRET]));
    const answer = await ledger.send<ProblemBody>('register-actor', body);
    expect(answer.body.errors).toHaveLength(100);
    expect(answer.text).not.toContain(SECRET);
  });
});

describe('what is not a request of ours', () => {
  test.each<[what: string, bytes: string | Buffer, code: ProblemCode]>([
    ['no HTTP', `${SECRET}\r\n\r\n`, 'bad-request'],
    ['TLS', Buffer.from('16030100050100000100', 'hex'), 'bad-request'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'bad-request'],
    ['a method nobody knows', head('BREW /v1/ledgers'), 'bad-request'],
    ['no Host', 'GET /v1/ledgers HTTP/1.1\r\nConnection: close\r\n\r\n', 'bad-request'],
    ['HTTP/1.0 without Host', 'GET /v1/ledgers/bad-input HTTP/1.0\r\n\r\n', 'unauthenticated'],
    ['a space in a header’s name', head('GET /v1/ledgers', { 'X Y': 'z' }), 'bad-request'],
    ['two lengths', head('POST /v1/ledgers/bad-input/actors', { 'Content-Length': '1, 2' }), 'bad-request'],
    [
      'a length and chunks',
      head('POST /v1/ledgers/bad-input/actors', { 'Content-Length': 5, 'Transfer-Encoding': 'chunked' }) + '0\r\n\r\n',
      'bad-request',
    ],
  ])('%s', async (_what, bytes, code) => {
    expectProblem(await exchange<ProblemBody>(app.url, bytes), code);
  });

  test('an expectation of its own is passed over', async () => {
    expect((await exchange(app.url, head('GET /v1/ledgers', { Expect: 'miracles' }))).status).toBe(200);
  });

  test('a body cut short records nothing', async () => {
    const bytes = request('actors', JSON.stringify(ACTOR), { 'Content-Length': 1_000 });
    expectProblem(await exchange<ProblemBody>(app.url, bytes, { half: true }), 'bad-request');
  });
});

describe('addresses', () => {
  const at = async (path: string, method = 'GET'): Promise<Answer<ProblemBody>> =>
    exchange<ProblemBody>(app.url, head(`${method} ${path}`, { Authorization: `Bearer ${ledger.key}` }));

  test.each<[path: string, code: ProblemCode]>([
    ['/v1/ledgers/bad-input/actors/%', 'bad-url'],
    ['/v1/ledgers/bad-input/actors/%zz', 'bad-url'],
    ['/v1/ledgers/bad-input/actors/%ff', 'bad-url'],
    ['/v1/ledgers/bad-input/actors/%ed%a0%80', 'bad-url'],
    ['/v1/ledgers/bad-input/actors/%00', 'not-found'],
    ['/v1/ledgers/bad-input/incidents/%00', 'not-found'],
    ['/v1/ledgers/bad-input/actors/STATE', 'not-found'],
    ['/v1/ledgers/bad-input/actors/..%2fstate', 'not-found'],
    ['/v1/ledgers/bad-input/actors/../../../etc/passwd', 'not-found'],
    ['/v1/ledgers/bad-input/actors/__proto__', 'not-found'],
    ['/v1/ledgers/bad-input/actors/constructor', 'not-found'],
    ['/v1/ledgers/bad-input/actors/country', 'not-found'],
    [`/v1/ledgers/bad-input/actors/${'a'.repeat(101)}`, 'not-found'],
    [`/v1/ledgers/bad-input/actors/${'a'.repeat(5_000)}`, 'not-found'],
    ['/v1/ledgers/bad-input/__proto__', 'not-found'],
    ['/v1/ledgers/bad-input/records/0', 'not-found'],
    ['/v1/ledgers/bad-input/records/-1', 'not-found'],
    ['/v1/ledgers/bad-input/records/1e1', 'not-found'],
    ['/v1/ledgers/bad-input/records/99999999999999999999', 'not-found'],
    ['/v1/ledgers/bad-input/records/1%20or%201=1', 'not-found'],
    ['/v1/ledgers/bad-input/', 'not-found'],
    ['/v2/ledgers', 'not-found'],
    ['/', 'not-found'],
    ['//evil.example/', 'not-found'],
    ['/schemas/constructor.v1.json', 'not-found'],
    ['/schemas/toString.v1.json', 'not-found'],
    ['/schemas/StatementRecorded.v0.json', 'not-found'],
    ['/schemas/StatementRecorded.v2.json', 'not-found'],
    ['/schemas/..%2f..%2fpackage.json', 'not-found'],
    ['/v1/ledgers//actors', 'bad-parameter'],
    ['/v1/ledgers/BAD-INPUT/actors', 'bad-parameter'],
    ['/v1/ledgers/bad_input', 'bad-parameter'],
    ['/v1/ledgers/__proto__', 'bad-parameter'],
    ['/v1/ledgers/..%2fbad-input', 'bad-parameter'],
    [`/v1/ledgers/${'a'.repeat(49)}`, 'bad-parameter'],
  ])('GET %s', async (path, code) => {
    expectProblem(await at(path), code);
  });

  test.each(['constructor', 'hasownproperty', 'nobody-opened-it'])('of the ledger %s', async (name) => {
    const stranger = await app.client(name);
    expectProblem(await stranger.ask<ProblemBody>(''), 'not-found');
    expectProblem(await stranger.ask<ProblemBody>('/actors'), 'not-found');
  });

  test.each([
    ['PUT', '/v1/ledgers/bad-input/actors', 'GET, HEAD, POST'],
    ['PATCH', '/v1/ledgers/bad-input/incidents/incident', 'GET, HEAD'],
    ['DELETE', '/v1/ledgers/bad-input/incidents/incident', 'GET, HEAD'],
    ['GET', '/v1/ledgers/bad-input/open', 'POST'],
    ['POST', '/v1/ledgers/bad-input/tallies', 'GET, HEAD'],
    ['TRACE', '/v1/ledgers', 'GET, HEAD'],
  ])('%s %s takes %s', async (method, path, allow) => {
    const answer = await at(path, method);
    expectProblem(answer, 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test('OPTIONS is no error', async () => {
    expect((await at('/v1/ledgers/bad-input/actors', 'OPTIONS')).status).toBe(204);
  });
});

describe('parameters', () => {
  test.each<[path: string, parameter: string]>([
    ['/actors?limit=0', 'limit'],
    ['/actors?limit=501', 'limit'],
    ['/actors?limit=1e1', 'limit'],
    ['/actors?limit=1&limit=2', 'limit'],
    ['/actors?limit[]=1', 'limit[]'],
    ['/actors?kind=constructor', 'kind'],
    ['/actors?__proto__=1', '__proto__'],
    ['/actors?constructor=1', 'constructor'],
    ['/actors?partOf=%00', 'partOf'],
    ['/actors?partOf=%zz', 'partOf'],
    ["/actors?partOf='or'1'='1", 'partOf'],
    ['/actors?cursor=%00', 'cursor'],
    ['/actors?cursor=bm8', 'cursor'],
    [`/actors?cursor=${'a'.repeat(401)}`, 'cursor'],
    ['/actors?wait=-1', 'wait'],
    ['/actors?asOf=99999999999999999999', 'asOf'],
    ['/actors?asOf=1000000', 'asOf'],
    ['/incidents?side=target', 'side'],
    ['/incidents?from=2023-02-30', 'from'],
    ['/incidents?from=0000-01-01', 'from'],
    ['/incidents?to=2023-04-10T10:00', 'to'],
    ['/incidents?place=../country', 'place'],
    ['/tallies?of=attacks,attacks', 'of'],
    ['/tallies?of=', 'of'],
    ['/tallies?of=toString', 'of'],
    ['/tallies?policy=__proto__', 'policy'],
    ['/tallies?policy=envelope@2', 'policy'],
    ['/tallies?policy=envelope@', 'policy'],
    ['/tallies?policy=envelope@01', 'policy'],
    ['/tallies?by=place:galaxy', 'by'],
    ['/tallies?by=place', 'by'],
    ['/tallies?by=incident&by=method', 'by'],
    ['/tallies?bucket=week', 'bucket'],
    ['/tallies?bucket=month:end', 'bucket'],
    ['/tallies?bucket=', 'bucket'],
    ['/tallies?policy=loudest', 'policy'],
    ['/tallies?policy=official-first@99', 'policy'],
    ['/incidents/incident?policy=loudest', 'policy'],
    ['/tallies?asOf=1000000', 'asOf'],
    ['/tallies?asOf=9999-12-31', 'asOf'],
    ['/incidents/incident?asOf=9999-12-31T00:00:00Z', 'asOf'],
    ['/tallies?saidBy=2023-02-30', 'saidBy'],
    ['/tallies?zone=Mars/Olympus', 'zone'],
    ['/tallies?zone=%2B03:00', 'zone'],
    ['/tallies?zone=asia/damascus', 'zone'],
    ['/tallies?zone=Asia%2FDamascus%00', 'zone'],
    ['/tallies?zone=', 'zone'],
    ['/tallies?zone=UTC&zone=Asia/Damascus', 'zone'],
    ['/incidents?zone=UTC', 'zone'],
    ['/tallies?from=2023-04-11&to=2023-04-10', 'to'],
    ['/incidents?from=2023-04-11&to=2023-04-10', 'to'],
    ['/tallies?place=%00', 'place'],
    ['/tallies?side=left', 'side'],
    ['/tallies?since=1', 'since'],
    ['/tallies?of.party=NATO', 'of.party'],
    ['/records?entity=%00', 'entity'],
  ])('%s', async (path, parameter) => {
    const answer = await ledger.ask<ProblemBody>(path);
    expectProblem(answer, 'bad-parameter');
    const named = [answer.body['parameter'], ...(answer.body.errors ?? []).map(({ pointer }) => pointer.slice(1))];
    expect(named).toContain(parameter);
  });

  test('a cursor goes with its question only', async () => {
    await ledger.record('register-actor', { id: 'another-state', kind: 'state', names: [{ text: 'Another' }] });
    end = await endOfLog();
    const { next } = await ledger.read<{ next: string }>(`/actors?limit=1&wait=${end}`);
    expect((await ledger.ask(`/actors?limit=1&cursor=${next}`)).status).toBe(200);
    const stranger = await app.open('another-ledger');
    const position = await stranger.record('register-actor', { id: 'state', kind: 'state', names: [{ text: 'A' }] });
    await stranger.read(`/actors?wait=${position.position}`);
    for (const ask of [
      ...['/actors?kind=state', '/actors?asOf=2', '/places?limit=1', '/incidents?limit=1', '/records?limit=1'].map(
        (path) => () => ledger.ask<ProblemBody>(`${path}&cursor=${next}`),
      ),
      () => stranger.ask<ProblemBody>(`/actors?limit=1&cursor=${next}`),
    ]) {
      const answer = await ask();
      expectProblem(answer, 'bad-parameter');
      expect(answer.body['parameter']).toBe('cursor');
    }
  });
});
