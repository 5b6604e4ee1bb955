import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Body, Controller, Get, HttpException, Module, Param, Post, Put, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Problem, readBody, type AccessRole } from '#contracts';
import { Rejected } from '#domain';
import { Access } from './auth.js';
import { createHttpApp } from './http.js';
import { KeysFile } from './keys-file.js';
import { listenAt } from './process.js';

@Controller('/v1/ledgers/:ledger')
class Ledgers {
  @Post('actors')
  @Access('recorder')
  register(@Body() body: unknown): object {
    return readBody('register-actor', body);
  }

  @Post('incidents/:id/correct')
  @Access('curator')
  correct(@Param('id') id: string): object {
    throw new Rejected('wrong-version', `${id} changed since.`, '/expect', { current: [{ entity: id, version: 3 }] });
  }

  @Get('incidents/:id')
  read(@Param('id') id: string): object {
    return { id };
  }

  @Put('incidents/:id')
  @Access('admin')
  replace(): object {
    return {};
  }

  @Get('busy')
  busy(): never {
    throw new Problem('busy', 'Too much is waiting.');
  }

  @Get('broken')
  broken(): never {
    throw new Error('SELECT secret FROM table');
  }

  @Get('http-exception')
  teapot(): never {
    throw new HttpException('secret words', 418);
  }

  @Get('half')
  half(@Res() reply: FastifyReply): never {
    reply.raw.writeHead(200).write('half of ');
    throw new Error('in the middle');
  }
}

let slowArrived = (): void => undefined;
let letSlowGo = (): void => undefined;

@Controller()
class Outside {
  @Get('slow')
  async slow(): Promise<object> {
    slowArrived();
    await new Promise<void>((resolve) => (letSlowGo = resolve));
    return { ok: true };
  }

  @Get('health')
  health(): object {
    return { ok: true };
  }

  @Get('v1/ledgers')
  @Access('open')
  open(): object {
    return [];
  }
}

@Module({ controllers: [Ledgers, Outside] })
class TestModule {}

let folder: string;
let app: NestFastifyApplication;
const keyOf: Partial<Record<AccessRole | 'other', string>> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-'));
  const keys = new KeysFile(join(folder, 'keys.json'));
  for (const role of ['recorder', 'curator', 'admin'] as const) {
    keyOf[role] = (await keys.add({ roles: [role], ledgers: ['syria'] })).text;
  }
  keyOf.other = (await keys.add({ roles: ['admin'], ledgers: ['red-sea'] })).text;
  app = await createHttpApp(TestModule, {
    keys,
    openReads: false,
    allowedOrigins: ['https://ledger.example.org'],
  });
});

afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

type Answer = Awaited<ReturnType<NestFastifyApplication['inject']>>;

function as(who: AccessRole | 'other' | undefined): Record<string, string> {
  return who === undefined ? {} : { authorization: `Bearer ${keyOf[who]}` };
}

function post(url: string, payload: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...as('recorder'), ...headers },
  });
}

function get(url: string, who?: AccessRole | 'other'): Promise<Answer> {
  return app.inject({ method: 'GET', url, headers: as(who) });
}

/** Every problem has the whole shape, and what goes with it. */
function expectProblem(answer: Answer, status: number, code: string): Record<string, unknown> {
  const body = answer.json<Record<string, unknown>>();
  expect([answer.statusCode, body['code'], body['detail']]).toEqual([status, code, expect.any(String)]);
  expect(body).toMatchObject({ type: `/problems/${code}`, status, title: expect.any(String) });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['x-request-id']).toEqual(expect.any(String));
  return body;
}

const ACTORS = '/v1/ledgers/syria/actors';
const actor = '{"names":[{"text":"Centcom"}],"kind":"armed-force"}';

describe('a good body', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])(
    'arrives as %s',
    async (type) => {
      const answer = await post(ACTORS, actor, { 'content-type': type });
      expect(answer.statusCode).toBe(201);
      expect(answer.json()).toMatchObject({ act: { act: 'register-actor' } });
      expect(answer.headers['cache-control']).toBe('no-store');
    },
  );
});

describe('a bad body is a problem that names place and reason:', () => {
  test.each([
    ['no body', '', '', 'empty'],
    ['a duplicate key', '{"kind":"state","kind":"media"}', '/kind', 'duplicate-key'],
    ['a number that loses digits', '{"gw":12345678901234567890}', '/gw', 'number-loses-digits'],
    ['__proto__', '{"__proto__":{}}', '/__proto__', 'forbidden-key'],
    ['invalid UTF-8', Buffer.from([0x22, 0xe4, 0x22]), '', 'not-utf-8'],
    ['broken JSON', '{"kind":', '/kind', 'syntax'],
  ])('%s', async (_what, payload, pointer, code) => {
    const body = expectProblem(await post(ACTORS, payload), 400, 'bad-json');
    expect(body['errors']).toMatchObject([{ pointer, code }]);
    expect(body['byteOffset']).toEqual(expect.any(Number));
  });

  test('fields', async () => {
    const body = expectProblem(await post(ACTORS, '{"names":[{"text":""}],"sort":"state"}'), 400, 'bad-body');
    expect(body['errors']).toMatchObject([
      { pointer: '/names/0/text', code: 'blank' },
      { pointer: '/sort', code: 'unknown-field' },
      { pointer: '/kind', code: 'missing' },
    ]);
  });

  test('no body and no type', async () => {
    const answer = await app.inject({ method: 'POST', url: ACTORS, headers: as('recorder') });
    expectProblem(answer, 400, 'bad-body');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/problem+json', 'nonsense'])(
    'of the type %s',
    async (type) => {
      expectProblem(await post(ACTORS, actor, { 'content-type': type }), 415, 'unsupported-media-type');
    },
  );

  test('of more than 1 MiB', async () => {
    const body = expectProblem(await post(ACTORS, ' '.repeat(1024 * 1024) + actor), 413, 'body-too-large');
    expect(body['bytesMax']).toBe(1024 * 1024);
  });
});

describe('addresses', () => {
  test('that do not exist', async () => {
    for (const url of ['/nowhere', '/v1/ledgers/syria/nothing', '/v1/ledgers/syria/actors/', '/v1/ledgers//actors']) {
      expectProblem(await get(url, 'admin'), 404, 'not-found');
    }
  });

  test('that do not exist are refused before the body is read', async () => {
    expectProblem(await post('/nowhere', '{'), 404, 'not-found');
  });

  test('that take other methods', async () => {
    const answer = await get(ACTORS, 'recorder');
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers['allow']).toBe('POST');
    const other = await app.inject({ method: 'DELETE', url: '/v1/ledgers/syria/incidents/conoco?x=1' });
    expectProblem(other, 405, 'method-not-allowed');
    expect(other.headers['allow']).toBe('GET, HEAD, PUT');
  });

  test('that cannot be decoded', async () => {
    expectProblem(await get('/v1/ledgers/syria/incidents/%E0%A4%A', 'recorder'), 400, 'bad-url');
  });

  test('with a part that is too long', async () => {
    expectProblem(await get(`/v1/ledgers/syria/incidents/${'a'.repeat(400)}`, 'recorder'), 404, 'not-found');
  });

  test('of a ledger that cannot be called so', async () => {
    const body = expectProblem(await get('/v1/ledgers/Syria/incidents/x', 'recorder'), 400, 'bad-parameter');
    expect(body['parameter']).toBe('ledger');
  });

  test('with escapes are read', async () => {
    expect((await get('/v1/ledgers/syria/incidents/ged%3A123', 'recorder')).json()).toEqual({ id: 'ged:123' });
  });
});

describe('errors', () => {
  test('a refusal of the rules keeps its code, place and details', async () => {
    const answer = await post('/v1/ledgers/syria/incidents/conoco/correct', '{}', as('curator'));
    const body = expectProblem(answer, 412, 'wrong-version');
    expect(body['errors']).toMatchObject([{ pointer: '/expect', code: 'wrong-version' }]);
    expect(body['current']).toEqual([{ entity: 'conoco', version: 3 }]);
  });

  test('a problem that passes says when to come again', async () => {
    const answer = await get('/v1/ledgers/syria/busy', 'recorder');
    expectProblem(answer, 503, 'busy');
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('a fault of ours says nothing but the request id', async () => {
    const answer = await get('/v1/ledgers/syria/broken', 'recorder');
    const body = expectProblem(answer, 500, 'internal');
    expect(answer.body).not.toContain('secret');
    expect(body['requestId']).toBe(answer.headers['x-request-id']);
  });

  test("the framework's own exceptions do not show their words", async () => {
    const answer = await get('/v1/ledgers/syria/http-exception', 'recorder');
    expectProblem(answer, 400, 'bad-request');
    expect(answer.body).not.toContain('secret');
  });

  test('an answer that breaks off does not look whole', async () => {
    await expect(get('/v1/ledgers/syria/half', 'recorder')).rejects.toThrow(/destroyed/);
  });
});

describe('who may', () => {
  const CORRECT = '/v1/ledgers/syria/incidents/x/correct';
  const REPLACE = '/v1/ledgers/syria/incidents/x';

  test.each([
    ['recorder', 'POST', ACTORS, 400],
    ['curator', 'POST', ACTORS, 400],
    ['admin', 'POST', ACTORS, 400],
    ['other', 'POST', ACTORS, 403],
    [undefined, 'POST', ACTORS, 401],
    ['recorder', 'POST', CORRECT, 403],
    ['curator', 'POST', CORRECT, 412],
    ['admin', 'POST', CORRECT, 412],
    ['recorder', 'PUT', REPLACE, 403],
    ['curator', 'PUT', REPLACE, 403],
    ['admin', 'PUT', REPLACE, 200],
    ['recorder', 'GET', '/v1/ledgers/syria/incidents/x', 200],
    ['other', 'GET', '/v1/ledgers/syria/incidents/x', 403],
    [undefined, 'GET', '/v1/ledgers/syria/incidents/x', 401],
    [undefined, 'GET', '/v1/ledgers', 200],
    [undefined, 'GET', '/health', 200],
  ] as const)('%s %s %s → %i', async (who, method, url, status) => {
    const answer = await app.inject({ method, url, headers: as(who), ...(method !== 'GET' && { payload: {} }) });
    expect(answer.statusCode).toBe(status);
  });

  test.each(['Bearer', 'Bearer x', 'Basic aTp4', `Bearer il_k1_${'A'.repeat(43)}`, `Bearer il_k99_${'A'.repeat(43)}`])(
    'not %s',
    async (authorization) => {
      const answer = await post(ACTORS, actor, { authorization });
      expectProblem(answer, 401, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    },
  );

  test('is asked before the body is read', async () => {
    expectProblem(await post(ACTORS, '{', { authorization: 'Bearer x' }), 401, 'unauthenticated');
  });

  test('reads may be open, writes never; a bad key is bad even then', async () => {
    const keys = new KeysFile(join(folder, 'keys.json'));
    const open = await createHttpApp(TestModule, { keys, openReads: true });
    try {
      const read = { method: 'GET', url: '/v1/ledgers/syria/incidents/x' } as const;
      expect((await open.inject(read)).statusCode).toBe(200);
      expect((await open.inject({ ...read, headers: { authorization: 'Bearer x' } })).statusCode).toBe(401);
      for (const [host, status] of [
        ['127.0.0.1:7410', 200],
        ['[::1]:7410', 200],
        ['evil.example:7410', 401],
      ] as const) {
        expect((await open.inject({ ...read, headers: { host } })).statusCode).toBe(status);
      }
      expect((await open.inject({ method: 'POST', url: ACTORS, payload: {} })).statusCode).toBe(401);
    } finally {
      await open.close();
    }
  });

  test('a write that does not say what it needs stops the process at boot', async () => {
    @Controller('/v1/ledgers/:ledger')
    class Careless {
      @Post('anything')
      anything(): object {
        return {};
      }
    }
    @Module({ controllers: [Careless] })
    class CarelessModule {}
    const keys = new KeysFile(join(folder, 'keys.json'));
    await expect(createHttpApp(CarelessModule, { keys, openReads: true })).rejects.toThrow(
      'POST /v1/ledgers/:ledger/anything does not say who may use it',
    );
  });
});

describe('request ids', () => {
  test('a harmless one is kept, any other replaced', async () => {
    const withId = (id: string): Promise<Answer> =>
      app.inject({ method: 'GET', url: '/health', headers: { 'x-request-id': id } });
    expect((await withId('trace-1.a')).headers['x-request-id']).toBe('trace-1.a');
    expect((await withId('a b\u007f')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect((await withId('x'.repeat(65))).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string): Promise<Answer> =>
    app.inject({
      method: 'OPTIONS',
      url: ACTORS,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key',
      },
    });

  test('may call if they are allowed', async () => {
    const asked = await preflight('https://ledger.example.org');
    expect(asked.statusCode).toBe(204);
    expect(asked.headers['access-control-allow-origin']).toBe('https://ledger.example.org');
    expect(asked.headers['access-control-allow-headers']).toContain('Idempotency-Key');
    const answered = await post(ACTORS, '{', { origin: 'https://ledger.example.org' });
    expect(answered.headers['access-control-allow-origin']).toBe('https://ledger.example.org');
    expect(answered.headers['access-control-expose-headers']).toContain('ETag');
  });

  test('may not otherwise', async () => {
    expect((await preflight('https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('over a real socket', () => {
  let port: number;

  beforeAll(async () => {
    await app.listen(0, '127.0.0.1');
    ({ port } = app.getHttpServer().address() as AddressInfo);
  });

  const say = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
      socket.on('end', () => resolve(heard)).on('error', reject);
    });

  test.each([
    ['what is not HTTP', 'GARBAGE\r\n\r\n', 400, 'bad-request'],
    ['headers that are too long', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ])('%s is a problem', async (_what, bytes, status, code) => {
    const answer = await say(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });

  test('a port that is taken is named, with what to do', async () => {
    const second = await createHttpApp(TestModule, {
      keys: new KeysFile(join(folder, 'keys.json')),
      openReads: true,
    });
    await expect(listenAt(second, { host: '127.0.0.1', port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 already: end it, or choose another port with PORT.`,
    );
    await second.close();
  });

  test('a request that meets a stopping process is told to come again', async () => {
    const keys = new KeysFile(join(folder, 'keys.json'));
    const leaving = await createHttpApp(TestModule, { keys, openReads: true });
    await leaving.listen(0, '127.0.0.1');
    const socket = connect((leaving.getHttpServer().address() as AddressInfo).port, '127.0.0.1');
    let heard = '';
    const ended = new Promise((resolve) => socket.setEncoding('utf8').on('end', resolve));
    socket.on('data', (text: string) => (heard += text));

    const arrived = new Promise<void>((resolve) => (slowArrived = resolve));
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived;
    const closing = new Promise<void>((resolve) => {
      leaving.getHttpServer().on('close', resolve);
    });
    const closed = leaving.close();
    while (leaving.getHttpServer().listening) await new Promise((resolve) => setImmediate(resolve));
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    letSlowGo();
    await Promise.all([ended, closed, closing]);
    socket.destroy();
    expect(heard).toMatch(/HTTP\/1.1 200 [^]*HTTP\/1.1 503 [^]*connection: close[^]*"code":"stopping"/);
  });
});
