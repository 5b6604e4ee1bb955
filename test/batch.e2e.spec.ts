/**
 * The batch door: commands by the thousand, with the verdicts of the single routes, and nothing twice however it is cut.
 * The whole application, over HTTP.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ACTS, type ProblemBody, type RecordsAnswer, type WriteAnswer } from '#contracts';
import type { Command } from '#domain';
import { answerOf, head, histories, type LedgerClient } from '#testing';
import { bodyOf } from './body-of.js';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

interface Line {
  id?: unknown;
  act?: unknown;
  expect?: unknown;
  body?: unknown;
}

const textOf = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const register = (id: string, more: object = {}): Line => ({
  id: `register-${id}`,
  act: 'register-actor',
  body: { id, kind: 'media', names: [{ text: id }], ...more },
});

/** What the records of a ledger say, all of them. */
async function dataOf(ledger: LedgerClient, end: number): Promise<unknown[]> {
  const all: unknown[] = [];
  let cursor = '';
  do {
    const page: RecordsAnswer = await ledger.read<RecordsAnswer>(`/records?limit=500&wait=${end}${cursor}`);
    all.push(...page.items.map(({ event }) => (event as { data: unknown }).data));
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
  return all;
}

/** Where the log ends, as the writer proves it. */
async function endOf(ledger: LedgerClient): Promise<number> {
  const { text } = await ledger.sendAll([{ id: 'end', act: 'register-actor', body: { id: 'ledger' } }]);
  expect(text).toContain('bad-body');
  const probe = { kind: 'media', names: [{ text: 'probe' }], id: 'probe-of-the-end' };
  const made = await ledger.send('register-actor', probe, { commandKey: 'probe-of-the-end' });
  const again = await ledger.send(
    'correct-actor',
    { kind: 'media', names: probe.names, reason: 'None.' },
    {
      id: probe.id,
      ifMatch: '"1"',
    },
  );
  expect([made.status, again.body]).toEqual([201, expect.objectContaining({ unchanged: true })]);
  return again.body.position;
}

describe('a batch', () => {
  test('is decided line by line, in order, and answered with what it came to', async () => {
    const ledger = await app.open('in-order');
    const answer = await ledger.sendAll([
      register('a'),
      { ...register('b', { partOf: 'a' }), id: 'b' },
      {
        id: 'no-such',
        act: 'reparent-actor',
        expect: [{ entity: 'x', version: 1 }],
        body: { id: 'x', reason: 'None.' },
      },
      {
        id: 'correct',
        act: 'correct-actor',
        expect: [{ entity: 'b', version: 1 }],
        body: { id: 'b', kind: 'media', names: [{ text: 'B' }], partOf: 'a', reason: 'It is a capital.' },
      },
      { id: 'again', act: 'register-actor', body: { id: 'a', kind: 'media', names: [{ text: 'a' }] } },
    ]);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.answers).toEqual([
      { line: 3, problem: expect.objectContaining({ code: 'wrong-version', status: 412 }) },
      { line: 5, problem: expect.objectContaining({ code: 'id-taken', status: 409 }) },
      { through: 5, position: 4 },
      { done: true },
    ]);
    expect(await ledger.read('/actors/b?wait=4')).toMatchObject({
      entity: { version: 2, body: { names: [{ text: 'B' }] } },
    });
  });

  test('sent again adds nothing, and says where the last of it stands', async () => {
    const ledger = await app.open('again');
    const lines = Array.from({ length: 2_500 }, (_, n) => register(`a-${n}`));
    const first = await ledger.sendAll(lines);
    expect(first.answers.map(({ through }) => through)).toEqual([1_000, 2_000, 2_500, undefined]);
    expect(first.answers.at(-2)).toEqual({ through: 2_500, position: 2_501 });
    expect((await ledger.sendAll(lines)).answers).toEqual(first.answers);
    expect((await ledger.sendAll([...lines, register('last')])).answers.at(-2)).toEqual({
      through: 2_501,
      position: 2_502,
    });
  });

  test('cut by the client anywhere is completed by sending it again', async () => {
    const ledger = await app.open('cut');
    const lines = Array.from({ length: 3_000 }, (_, n) => register(`a-${n}`));
    const body = textOf(lines);
    for (const share of [0.3, 0.99, 1]) {
      const { hostname, port } = new URL(ledger.url);
      const socket = connect(Number(port), hostname);
      const gone = new Promise((resolve) => socket.once('close', resolve));
      const sent = body.slice(0, Math.floor(body.length * share));
      socket.write(
        head(`POST /v1/ledgers/${ledger.ledger}/batch`, {
          Authorization: `Bearer ${ledger.key}`,
          'Content-Type': 'application/x-ndjson',
          'Content-Length': body.length,
        }) + sent,
      );
      // With all of it sent, cut in the middle of the answer.
      if (share === 1) await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
      await gone;
    }
    expect((await ledger.sendAll(lines)).answers.at(-2)).toEqual({ through: 3_000, position: 3_001 });
    const data = await dataOf(ledger, await endOf(ledger));
    const names = data.map((one) => (one as { changes: { entity: string }[] }).changes[0]?.entity);
    expect(names).toEqual(['ledger', ...lines.map((_, n) => `a-${n}`), 'probe-of-the-end']);
  });

  test('a client that sends everything first and reads later gets the whole answer', async () => {
    const ledger = await app.open('reads-later');
    // Every line is refused, so that the answer is longer than any buffer on the way.
    const lines = Array.from({ length: 10_000 }, (_, n) => ({ ...register('x'), id: `c-${n}`, act: 'no-such-act' }));
    const { answers } = await ledger.sendAll(lines);
    expect(answers.filter(({ problem }) => problem?.code === 'bad-line')).toHaveLength(10_000);
    expect(answers.at(-1)).toEqual({ done: true });
  });
});

describe('both doors', () => {
  const verdictOf = (problem: ProblemBody) => ({
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    errors: problem.errors,
    current: problem['current'],
  });

  test('give the same verdicts, pointers and codes, and make the same records, for random histories and broken bodies', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(histories, fc.infiniteStream(fc.nat()), async (commands, chances) => {
        run += 1;
        const [single, batch] = [await app.client(`single-${run}`), await app.client(`batch-${run}`)];
        // Without its opening a ledger does not exist, which is the answer to a whole batch.
        const bodies = commands.map((command, index) =>
          index === 0 ? bodyOf(command) : broken(bodyOf(command), chances),
        );
        const alone: (ProblemBody | undefined)[] = [];
        for (const [index, command] of commands.entries()) {
          const answer = await sendSingle(single, command, bodies[index] ?? {}, `c-${index}`);
          alone.push(answer.status < 300 ? undefined : (answer.body as ProblemBody));
        }
        const lines = commands.map((command, index) => ({
          id: `c-${index}`,
          act: command.act,
          body: { ...('changes' in ACTS[command.act] && 'id' in command && { id: command.id }), ...bodies[index] },
        }));
        const answers = (await batch.sendAll(textOf(lines))).answers;
        const together = new Map(answers.flatMap(({ line, problem }) => (line === undefined ? [] : [[line, problem]])));
        for (const [index, problem] of alone.entries()) {
          const other = together.get(index + 1);
          expect(other && verdictOf(other)).toEqual(problem && verdictOf(problem));
        }
        const end = answers.at(-2)?.position;
        if (end === undefined) return;
        expect(withoutMadeIds(await dataOf(batch, end))).toEqual(withoutMadeIds(await dataOf(single, end)));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  async function sendSingle(ledger: LedgerClient, command: Command, body: object, commandKey: string) {
    return ledger.send<WriteAnswer | ProblemBody>(command.act, body, {
      commandKey,
      ...('id' in command && { id: command.id }),
    });
  }

  /** The server makes an id where the body has none any more. */
  const withoutMadeIds = (data: readonly unknown[]): unknown =>
    JSON.parse(JSON.stringify(data).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'made'));

  /** Now and then a body with something in it that does not belong there. */
  function broken(body: object, chances: Iterator<number>): object {
    const chance = (): number => chances.next().value as number;
    const names = Object.keys(body);
    const name = names[chance() % Math.max(1, names.length)] ?? 'x';
    switch (chance() % 12) {
      case 0:
        return { ...body, surplus: true };
      case 1:
        return Object.fromEntries(Object.entries(body).filter(([one]) => one !== name));
      case 2:
        return { ...body, [name]: null };
      case 3:
        return { ...body, [name]: 'x'.repeat(3_000) };
      default:
        return body;
    }
  }

  test.each([
    ['a key that stands there twice', '{"kind":"media","names":[{"text":"a","text":"b"}]}'],
    ['a number that loses digits', '{"kind":"media","names":[],"x":12345678901234567890}'],
    ['NUL', '{"kind":"media\\u0000","names":[]}'],
    ['half a surrogate pair', '{"kind":"\\ud800","names":[]}'],
    ['too deep', `{"kind":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['just deep enough', `{"kind":${'['.repeat(31)}${']'.repeat(31)}}`],
    ['one level too deep', `{"kind":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['no object', '5'],
  ])('of a body that is no good JSON: %s', async (_, body) => {
    const ledger = await app.client('texts');
    const response = await fetch(ledger.addressOf('register-actor'), {
      method: 'POST',
      headers: { authorization: `Bearer ${ledger.key}`, 'content-type': 'application/json' },
      body,
    });
    const alone = (await answerOf<ProblemBody>(response)).body;
    const { answers: lines } = await ledger.sendAll(`{"id":"c","act":"register-actor","body":${body}}`);
    const together = lines[0]?.problem;
    expect(together).toMatchObject({ code: alone.code, errors: alone.errors });
  });

  test('ask for the role of the act', async () => {
    await app.open('roles');
    const recorder = await app.client('roles', 'recorder');
    const { answers: lines } = await recorder.sendAll([
      register('a'),
      { id: 'c', act: 'merge-actor', body: { id: 'a', into: 'a', reason: 'None.', expect: [] } },
    ]);
    expect(lines).toEqual([
      { line: 2, problem: expect.objectContaining({ code: 'forbidden' }) },
      { through: 2, position: 2 },
      { done: true },
    ]);
  });
});

describe('what is no batch', () => {
  let ledger: LedgerClient;
  beforeAll(async () => {
    ledger = await app.open('no-batch');
  });

  const good = textOf([register('a')]).trim();

  test.each<[string, string, string, string, number]>([
    ['cut in a line', good.slice(0, -9), 'bad-json', '', 1],
    ['no json', 'attack', 'bad-line', '', 1],
    ['no object', '[]', 'bad-line', '', 1],
    ['no id', good.replace('"id":"register-a",', ''), 'bad-line', '/id', 1],
    ['an id with a space', good.replace('register-a', 'register a'), 'bad-line', '/id', 1],
    ['no act', good.replace('"act":"register-actor",', ''), 'bad-line', '/act', 1],
    ['an act that is none', good.replace('register-actor', 'attack'), 'bad-line', '/act', 1],
    ['a field that is none', good.replace('{', '{"surplus":1,'), 'bad-line', '/surplus', 1],
    ['a key twice', good.replace('{', '{"id":"x",'), 'bad-line', '/id', 1],
    ['no body', '{"id":"c","act":"register-actor"}', 'bad-line', '/body', 1],
    [
      'expect twice',
      '{"id":"c","act":"register-actor","expect":[],"body":{"id":"a","expect":[]}}',
      'bad-line',
      '/expect',
      1,
    ],
    [
      'a bad expect',
      '{"id":"c","act":"register-actor","expect":[{}],"body":{"kind":"media","names":[{"text":"a"}]}}',
      'bad-body',
      '/expect/0/entity',
      1,
    ],
    [
      'a seed',
      '{"id":"c","act":"open-ledger","body":{"origin":{"title":"t"},"seed":"states"}}',
      'bad-body',
      '/seed',
      1,
    ],
    ['blank lines before', `\n \r\n\t\nattack`, 'bad-line', '', 4],
    ['a line that is too long', `{"x":"${'x'.repeat(1_100_000)}"}`, 'body-too-large', '', 1],
  ])('%s: that line is refused, and the others count', async (name, text, code, pointer, line) => {
    const other = name.replaceAll(' ', '-');
    const { answers: lines } = await ledger.sendAll(`${text}\n${textOf([register(other)])}`);
    expect(lines[0]).toMatchObject({ line, problem: { code } });
    if (code !== 'body-too-large' && code !== 'bad-json') {
      expect(lines[0]?.problem?.errors?.[0]).toMatchObject({ pointer });
    }
    expect(lines.at(-2)).toMatchObject({ through: line + 1, position: expect.any(Number) });
    expect(lines.at(-1)).toEqual({ done: true });
    await ledger.read(`/actors/${other}?wait=${lines.at(-2)?.position}`);
  });

  test.each<[string, number, string, string | Buffer, Record<string, string>?]>([
    ['empty', 400, 'bad-json', ''],
    ['blank', 400, 'bad-json', '\n\r\n '],
    ['too many lines', 413, 'body-too-large', `${good}\n`.repeat(10_001)],
    ['too many bytes', 413, 'body-too-large', Buffer.alloc(8 * 1024 * 1024 + 1, 0x20)],
    ['JSON, not lines of it', 415, 'unsupported-media-type', good, { 'content-type': 'application/json' }],
    ['without a key', 401, 'unauthenticated', good, { authorization: 'Bearer il_x' }],
  ])('%s: nothing of it is looked at', async (_, status, code, body, headers = {}) => {
    const before = await endOf(ledger);
    const answer = await ledger.sendAll(body, headers);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(await endOf(ledger)).toBe(before);
  });

  test('lines where one value belongs are refused', async () => {
    const response = await fetch(ledger.addressOf('register-actor'), {
      method: 'POST',
      headers: { authorization: `Bearer ${ledger.key}`, 'content-type': 'application/x-ndjson' },
      body: good,
    });
    expect([response.status, await response.json()]).toEqual([
      415,
      expect.objectContaining({ detail: expect.stringContaining('send application/json') }),
    ]);
  });

  test('a ledger that was never opened', async () => {
    const { answers: lines } = await (await app.client('never-opened')).sendAll([register('a')]);
    expect(lines).toEqual([]);
  });
});
