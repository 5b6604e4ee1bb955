/** The batch door as a client meets it: cut, busy, forbidden, gone. The recorder here is a made-up one that answers as told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { BatchDoor, type Line } from './batch-door.js';

type Reply = (lines: Line[], response: ServerResponse) => void;

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Answers the first request by the first reply, and so on; the last one again and again. */
async function recorder(...replies: Reply[]) {
  const requests: { lines: Line[]; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      requests.push({ lines, headers: request.headers });
      (replies[requests.length - 1] ?? replies.at(-1))?.(lines, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const told: string[] = [];
  const aborting = new AbortController();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door = (patienceMs = 60_000): BatchDoor =>
    new BatchDoor({
      url,
      ledger: 'syria',
      key: 'il_made-up',
      patienceMs,
      tell: (line) => told.push(line),
      signal: aborting.signal,
    });
  return { door, requests, told, aborting };
}

const ndjson = (response: ServerResponse, ...answers: object[]): ServerResponse => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  return response;
};
const takesAll: Reply = (lines, response) =>
  void ndjson(response, { through: lines.length, position: 100 + lines.length }, { done: true }).end();
const problem = (status: number, code: string, more: object = {}) => ({
  status,
  code,
  detail: `It is ${code}.`,
  ...more,
});
const refuses =
  (status: number, code: string, headers: Record<string, string> = {}): Reply =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(JSON.stringify(problem(status, code)));
  };
const linesOf = (count: number): Line[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `c-${index}`,
    act: 'record-incident',
    body: { id: `i-${index}` },
  }));
const idsOf = (requests: { lines: Line[] }[]): string[][] => requests.map(({ lines }) => lines.map(({ id }) => id));

test('lines go to the door of the ledger, and come back with what was refused', async () => {
  const taken = { line: 2, problem: problem(409, 'id-taken') };
  const { door, requests } = await recorder((_, response) => {
    ndjson(response, taken, { through: 3, position: 9 }, { done: true }).end();
  });
  const { refusals, position } = await door().send(linesOf(3));
  expect(position).toBe(9);
  expect([...refusals].map(([index, { code }]) => [index, code])).toEqual([[1, 'id-taken']]);
  expect(requests[0]?.headers).toMatchObject({
    authorization: 'Bearer il_made-up',
    'content-type': 'application/x-ndjson',
  });
  expect(requests[0]?.lines).toEqual(linesOf(3));
});

describe('what is sent again', () => {
  test('whatever was not decided when the answer was cut; refusals behind the cut count for nothing', async () => {
    const { door, requests } = await recorder((_, response) => {
      const early = { line: 1, problem: problem(409, 'id-taken') };
      const late = { line: 4, problem: problem(422, 'unknown-reference') };
      ndjson(response, early, { through: 2, position: 7 }, late);
      setImmediate(() => response.destroy());
    }, takesAll);
    const { refusals, position } = await door().send(linesOf(4));
    expect(idsOf(requests)).toEqual([
      ['c-0', 'c-1', 'c-2', 'c-3'],
      ['c-2', 'c-3'],
    ]);
    expect([...refusals.keys()]).toEqual([0]);
    expect(position).toBe(102);
  });

  test('all, where it ended without saying that it is done', async () => {
    const { door, requests } = await recorder((_, response) => void ndjson(response).end(), takesAll);
    await door().send(linesOf(2));
    expect(idsOf(requests)[1]).toEqual(['c-0', 'c-1']);
  });

  test('lines that were answered with a fault that passes', async () => {
    const { door, requests } = await recorder((_, response) => {
      ndjson(response, { line: 2, problem: problem(503, 'busy') }, { through: 3, position: 5 }, { done: true }).end();
    }, takesAll);
    const { refusals } = await door().send(linesOf(3));
    expect(idsOf(requests)[1]).toEqual(['c-1']);
    expect(refusals.size).toBe(0);
  });

  test.each<[string, Reply]>([
    ['busy', refuses(503, 'busy', { 'retry-after': '0.01' })],
    ['too many', refuses(429, 'too-many-requests', { 'retry-after': '0.01' })],
    ['a broken connection', (_, response) => void response.destroy()],
  ])('all, after %s', async (_, reply) => {
    const { door, told } = await recorder(reply, takesAll);
    expect((await door().send(linesOf(2))).refusals.size).toBe(0);
    expect(told.join()).toContain('sending again in');
  });
});

test('more than the recorder takes at once goes in halves; one line that is too much ends it', async () => {
  const small: Reply = (lines, response) =>
    lines.length > 2 ? refuses(413, 'body-too-large')(lines, response) : takesAll(lines, response);
  const { door, requests, told } = await recorder(small);
  const { refusals } = await door().send(linesOf(5));
  expect(refusals.size).toBe(0);
  expect(
    idsOf(requests)
      .filter((ids) => ids.length <= 2)
      .flat(),
  ).toEqual(['c-0', 'c-1', 'c-2', 'c-3', 'c-4']);
  expect(told).toEqual([]);
  const narrow = await recorder(refuses(413, 'body-too-large'));
  await expect(narrow.door().send(linesOf(5))).rejects.toThrow('look at the longest row of the file');
});

describe('what ends an import, with what to do', () => {
  test.each([
    [refuses(401, 'unauthenticated'), 'It is unauthenticated. Give the text of a valid API key'],
    [refuses(403, 'forbidden'), 'It is forbidden. Ask the operator for a key of that ledger'],
    [refuses(404, 'not-found'), 'Mend --url or --ledger'],
    [refuses(400, 'bad-json'), 'It is bad-json.'],
  ])('%#', async (reply, message) => {
    const { door, requests } = await recorder(reply);
    await expect(door().send(linesOf(2))).rejects.toThrow(message);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['ledger-not-open', 404, 'have an admin open it first'],
    ['ledger-closed', 409, 'Import into its successor.'],
    ['forbidden', 403, 'needs a key with the role curator'],
  ])('a line that is %s: so would be all others', async (code, status, message) => {
    const { door } = await recorder((_, response) => {
      ndjson(response, { line: 1, problem: problem(status, code) }, { through: 1, position: 1 }, { done: true }).end();
    });
    await expect(door().send(linesOf(1))).rejects.toThrow(message);
  });

  test('a recorder that stays away longer than one is patient', async () => {
    const { door } = await recorder(refuses(503, 'unavailable', { 'retry-after': '0.01' }));
    await expect(door(50).send(linesOf(1))).rejects.toThrow(
      'give the same command again: it goes on where this one ended',
    );
  });

  test('being told to stop, also while it waits', async () => {
    const { door, aborting } = await recorder(refuses(503, 'busy', { 'retry-after': '600' }));
    const sending = door().send(linesOf(1));
    setTimeout(() => aborting.abort(new Error('Stopped.')), 50);
    await expect(sending).rejects.toThrow(/Stopped|aborted/);
  });
});
