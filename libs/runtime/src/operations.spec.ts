/** What a process shows to those who run it and to browsers, over its edge: headers, limits, numbers, log lines, health. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Body, Controller, Get, Module, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Access } from './auth.js';
import { HealthModule, type Trouble } from './health.js';
import { createHttpApp } from './http.js';
import { KeysFile } from './keys-file.js';
import type { About } from './log.js';
import { Metrics } from './metrics.js';
import { serveOpenApi } from './openapi.js';

const SECRET = 'a-name-nobody-may-see';

@Controller('v1/ledgers/:ledger')
class Ledgers {
  @Post('actors/:id/correct')
  @Access('recorder')
  correct(@Req() request: FastifyRequest, @Body() _body: unknown): object {
    request.commandId = 'command-1';
    return { done: true };
  }

  @Post('broken')
  @Access('recorder')
  broken(): never {
    throw new Error('In the middle.');
  }

  @Get('actors/:id')
  read(): object {
    return { id: 'x' };
  }
}
@Module({ controllers: [Ledgers] })
class LedgersModule {}
@Module({})
class TestModule {}

let folder: string;
let keys: KeysFile;
let key: string;
let other: string;
let app: NestFastifyApplication;
let troubles: Trouble[] = [];
let hung: string[] = [];
const logged: { message: string; about: About | undefined }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'operations-'));
  keys = new KeysFile(join(folder, 'keys.json'));
  key = (await keys.add({ roles: ['recorder'], ledgers: ['syria'] })).text;
  other = (await keys.add({ roles: ['recorder'], ledgers: '*' })).text;
  const metrics = new Metrics();
  const health = HealthModule.with({ standing: () => ({ troubles }), hung: () => hung, metrics });
  app = await createHttpApp(
    { module: TestModule, imports: [LedgersModule, health] },
    {
      keys,
      openReads: true,
      writesPerSecond: 20,
      isSentOn: ({ headers }) => headers['sent-on'] === 'yes',
      allowedOrigins: ['https://ledger.example.org'],
      behindTls: true,
      metrics,
      log: (message, about) => logged.push({ message, about }),
      prepare: (nest) => serveOpenApi(nest, { name: 'test', title: 'T', about: 'A.', module: LedgersModule }),
    },
  );
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  logged.length = 0;
  troubles = [];
  hung = [];
});

type Answer = Awaited<ReturnType<NestFastifyApplication['inject']>>;
const get = (url: string): Promise<Answer> => app.inject({ method: 'GET', url });
const write = (text = key, headers: Record<string, string> = {}, url = '/v1/ledgers/syria/actors/x/correct') =>
  app.inject({ method: 'POST', url, payload: {}, headers: { authorization: `Bearer ${text}`, ...headers } });

describe('security headers', () => {
  const preflight = { origin: 'https://ledger.example.org', 'access-control-request-method': 'POST' };

  test.each<[what: string, ask: () => Promise<Answer>, status: number]>([
    ['an answer', () => get('/v1/ledgers/syria/actors/x'), 200],
    ['a problem', () => write('x'), 401],
    ['a fault of ours', () => write(other, {}, '/v1/ledgers/syria/broken'), 500],
    ['no address', () => get('/nothing'), 404],
    ['no proper address', () => get('/v1/ledgers/syria/actors/%E0%A4%A'), 400],
    ['a preflight', () => app.inject({ method: 'OPTIONS', url: '/v1/ledgers/syria/broken', headers: preflight }), 204],
    ['the numbers', () => get('/metrics'), 200],
    ['health', () => get('/health/ready'), 200],
    ['the description of an API', () => get('/docs/test/json'), 200],
  ])('%s may not be framed, sniffed, run or lent', async (_what, ask, status) => {
    const { headers, statusCode } = await ask();
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'permissions-policy': expect.stringContaining('geolocation=()'),
      'strict-transport-security': 'max-age=31536000',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  test('only the pages that describe an API run scripts, and only their own', async () => {
    const page = await get('/docs/test');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    // Whatever script the page has must come from where the policy lets it.
    const scripts = [...page.body.matchAll(/<script([^>]*)>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes = '', text = ''] of scripts) {
      expect(attributes).toMatch(/src="\.\//);
      expect(text.trim()).toBe('');
    }
    for (const { headers } of [await get('/v1/ledgers/syria/actors/x'), await get('/nothing')]) {
      expect(headers['content-security-policy']).not.toContain('script-src');
    }
  });

  test('nobody is told to insist on TLS where it is not known', async () => {
    const plain = await createHttpApp(LedgersModule, { keys, openReads: true });
    const { headers } = await plain.inject({ method: 'GET', url: '/v1/ledgers/syria/actors/x' });
    expect(headers).not.toHaveProperty('strict-transport-security');
    await plain.close();
  });
});

describe('the limit of writes', () => {
  test('a key that writes too often is told when to come again; others, reads and what was counted already go on', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => write()));
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(20);
    const [first] = refused;
    expect(first?.headers['content-type']).toBe('application/problem+json');
    expect(first?.headers['retry-after']).toBe('1');
    expect(first?.json()).toMatchObject({ code: 'too-many-requests', status: 429, writesPerSecond: 20 });
    for (const { statusCode } of await Promise.all(
      Array.from({ length: 60 }, () => write(key, { 'sent-on': 'yes' })),
    )) {
      expect(statusCode).toBe(201);
    }
    expect((await write(other)).statusCode).toBe(201);
    for (const { statusCode } of await Promise.all(
      Array.from({ length: 60 }, () => get('/v1/ledgers/syria/actors/x')),
    )) {
      expect(statusCode).toBe(200);
    }
  });
});

describe('lines of the log', () => {
  test('a write has one, with ids and the pattern of its address, and nothing that was sent', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/ledgers/syria/actors/${SECRET}/correct?${SECRET}=${SECRET}`,
      payload: { name: SECRET },
      headers: { authorization: `Bearer ${other}`, 'x-request-id': 'r-1', 'user-agent': SECRET },
    });
    expect(answer.statusCode).toBe(201);
    expect(logged).toEqual([
      {
        message: 'POST /v1/ledgers/:ledger/actors/:id/correct 201',
        about: {
          requestId: 'r-1',
          commandId: 'command-1',
          key: 'k2',
          ledger: 'syria',
          access: {
            method: 'POST',
            route: '/v1/ledgers/:ledger/actors/:id/correct',
            status: 201,
            ms: expect.any(Number),
          },
        },
      },
    ]);
  });

  test('a write that was refused says why; who is not known may not write into our log', async () => {
    const answer = await app.inject({ method: 'POST', url: `/v1/ledgers/${SECRET}/broken`, payload: {} });
    expect(answer.statusCode).toBe(401);
    expect(logged.map(({ about }) => about)).toEqual([
      {
        requestId: answer.headers['x-request-id'],
        access: expect.objectContaining({
          route: '/v1/ledgers/:ledger/broken',
          status: 401,
          problem: 'unauthenticated',
        }),
      },
    ]);
    expect(JSON.stringify(logged)).not.toContain(SECRET);
  });

  test('a read has none, a fault of ours one more, found by its request id', async () => {
    await get('/v1/ledgers/syria/actors/x');
    expect(logged).toEqual([]);
    const answer = await write(other, {}, '/v1/ledgers/syria/broken');
    expect(logged).toContainEqual({
      message: expect.stringContaining('A fault of ours: POST /v1/ledgers/:ledger/broken'),
      about: {
        level: 'error',
        requestId: answer.headers['x-request-id'],
        stack: expect.stringContaining('In the middle.'),
      },
    });
  });
});

describe('/metrics', () => {
  test('counts answers by pattern and status, and shows nothing of what was asked for', async () => {
    await get(`/v1/ledgers/syria/actors/${SECRET}?${SECRET}`);
    await get(`/${SECRET}`);
    const { body, headers } = await get('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const count = 'incident_ledger_http_request_duration_seconds_count';
    expect(body).toMatch(
      new RegExp(`^${count}\\{method="GET",route="/v1/ledgers/:ledger/actors/:id",status="200"\\} [1-9]`, 'm'),
    );
    expect(body).toMatch(new RegExp(`^${count}\\{method="GET",route="none",status="404"\\} [1-9]`, 'm'));
    expect(body).toMatch(/^process_resident_memory_bytes \d/m);
    expect(body).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(body).not.toContain(SECRET);
  });

  test('tells the state', async () => {
    troubles = [{ code: 'kafka-away', reason: 'Away.' }];
    const { body } = await get('/metrics');
    expect(body).toContain('incident_ledger_state{state="outage"} 1');
    expect(body).toContain('incident_ledger_state{state="ready"} 0');
  });
});

describe('/health', () => {
  test('is ready where nothing is wrong', async () => {
    const { statusCode, headers, ...answer } = await get('/health/ready');
    expect([statusCode, answer.json()]).toEqual([200, { ready: true, state: 'ready' }]);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('names what is wrong, in one word and in sentences, with what to do', async () => {
    troubles = [
      { code: 'projection-stalled', ledger: 'syria', reason: 'It stands still.' },
      { code: 'kafka-away', reason: 'Kafka is away.' },
    ];
    const answer = await get('/health/ready');
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      {
        ready: false,
        // It stands still because Kafka is away, and not because of us.
        state: 'outage',
        trouble: 'It stands still. Kafka is away.',
        troubles: [
          {
            code: 'projection-stalled',
            ledger: 'syria',
            reason: 'It stands still.',
            runbook: 'docs/runbook.md#projection-stalled',
          },
          { code: 'kafka-away', reason: 'Kafka is away.', runbook: 'docs/runbook.md#kafka-away' },
        ],
      },
    ]);
  });

  test.each<[Trouble['code'][], string]>([
    [['not-a-member'], 'starting'],
    [['projection-stalled'], 'stalled'],
    [['writer-stalled', 'projection-stopped'], 'broken'],
    [['projection-stopped', 'database-away'], 'outage'],
    [['kafka-away', 'process-stopping'], 'stopping'],
  ])('%s is %s', async (codes, state) => {
    troubles = codes.map((code) => ({ code, reason: 'So.' }));
    expect((await get('/health/ready')).json()).toMatchObject({ ready: false, state });
  });

  test('a loop of ours that hangs is a reason to be started anew; an outage is none, however long', async () => {
    expect((await get('/health/live')).json()).toEqual({ live: true });
    hung = ['The writer of syria does not end its round.'];
    const answer = await get('/health/live');
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      { live: false, troubles: [{ code: 'loop-hung', reason: hung[0], runbook: 'docs/runbook.md#loop-hung' }] },
    ]);
    troubles = [{ code: 'database-away', reason: 'Away.' }];
    expect((await get('/health/live')).statusCode).toBe(200);
  });
});
