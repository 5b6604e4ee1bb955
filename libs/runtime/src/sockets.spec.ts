/** Over real sockets: who holds a connection and gives nothing for it is cut off, and others are served meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from './http.js';
import { KeysFile } from './keys-file.js';
import { SOCKET_LIMITS, type SocketLimits } from './sockets.js';

const LARGE = 'x'.repeat(24 * 1024 * 1024);
const taken: unknown[] = [];

@Controller()
class Routes {
  @Get('large')
  large(): string {
    return LARGE;
  }

  @Post('take')
  take(@Body() body: unknown): object {
    taken.push(body);
    return { taken: true };
  }
}
@Module({ controllers: [Routes] })
class RoutesModule {}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockets-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Short enough to be waited for; what is not given cannot be met. */
async function serving(limits: Partial<SocketLimits>, act: (served: Served) => Promise<void>): Promise<void> {
  const app = await createHttpApp(RoutesModule, {
    keys: new KeysFile(join(folder, 'keys.json')),
    openReads: true,
    limits: { ...SOCKET_LIMITS, ...limits },
  });
  await app.listen(0, '127.0.0.1');
  const served = new Served(app);
  try {
    await act(served);
  } finally {
    for (const { socket } of served.callers) socket.destroy();
    await app.close();
  }
}

class Caller {
  heard = '';
  readonly socket: Socket;
  readonly closed: Promise<string>;

  constructor(port: number, { reads = true } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    // Who never reads does not see the end either.
    if (reads) this.socket.setEncoding('utf8').on('data', (text: string) => (this.heard += text));
    this.closed = new Promise((resolve) => {
      this.socket.on('end', () => resolve(this.heard)).on('close', () => resolve(this.heard));
    });
  }

  /** Sends a text bit by bit until the connection is closed. */
  async drip(text: string, everyMs: number): Promise<void> {
    for (const letter of text) {
      if (this.socket.destroyed || this.socket.readableEnded) return;
      this.socket.write(letter);
      await pause(everyMs);
    }
  }
}

class Served {
  readonly callers: Caller[] = [];
  readonly port: number;

  constructor(private readonly app: NestFastifyApplication) {
    this.port = (app.getHttpServer().address() as AddressInfo).port;
  }

  call(options?: { reads?: boolean }): Caller {
    const caller = new Caller(this.port, options);
    this.callers.push(caller);
    return caller;
  }

  /** Whether somebody who asks properly is answered. */
  async serves(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/take`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: '{"by":"somebody else"}',
    });
    return answer.status === 201;
  }

  async connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.app.getHttpServer().getConnections((error: Error | null, count: number) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }
}

const post = (length: number): string =>
  `POST /take HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const problem = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('slow-loris', () => {
  test('headers that come drop by drop are given up, with a problem', () =>
    serving({ headersMsMax: 300 }, async (served) => {
      const caller = served.call();
      void caller.drip(`GET /large HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(10_000)}`, 20);
      expect(await served.serves()).toBe(true);
      const answer = await caller.closed;
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(problem(answer)).toMatchObject({ code: 'request-timeout', status: 408 });
    }));

  test('a connection on which nothing comes is given up', () =>
    serving({ headersMsMax: 300 }, async (served) => {
      expect(await served.call().closed).toMatch(/^HTTP\/1.1 408 /);
    }));

  test('a body that comes drop by drop is given up, with a problem, and counts for nothing', () =>
    serving({ bodyGraceMs: 200, bodyBytesPerSecondMin: 500 }, async (served) => {
      taken.length = 0;
      const caller = served.call();
      caller.socket.write(post(10_000));
      void caller.drip(`{"slow":"${'y'.repeat(10_000)}`, 20);
      expect(await served.serves()).toBe(true);
      const answer = await caller.closed;
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(answer).toContain('Content-Type: application/problem+json');
      expect(problem(answer)).toMatchObject({ code: 'request-timeout', detail: expect.stringContaining('500 bytes') });
      expect(taken).toEqual([{ by: 'somebody else' }]);
    }));

  test('a body that is refused before it has come is not waited for either', () =>
    serving({ bodyGraceMs: 200 }, async (served) => {
      const caller = served.call();
      caller.socket.write(post(10_000).replace('/take', '/nothing'));
      void caller.drip('y'.repeat(10_000), 20);
      const answer = await caller.closed;
      expect(answer).toMatch(/^HTTP\/1.1 404 /);
      // And no second answer behind the first.
      expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
    }));

  test('a body that is large but comes steadily is taken', () =>
    serving({ bodyGraceMs: 200, bodyBytesPerSecondMin: 500 }, async (served) => {
      taken.length = 0;
      const caller = served.call();
      const body = JSON.stringify({ steady: 'y'.repeat(1_000) });
      caller.socket.write(post(body.length).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      // Longer than the grace, faster than the least.
      for (let from = 0; from < body.length; from += 50) {
        caller.socket.write(body.slice(from, from + 50));
        await pause(25);
      }
      expect(await caller.closed).toMatch(/^HTTP\/1.1 201 /);
      expect(taken).toEqual([{ steady: 'y'.repeat(1_000) }]);
    }));
});

describe('half-closed connections', () => {
  test('who has sent all and says that nothing more comes is answered', () =>
    serving({}, async (served) => {
      const caller = served.call();
      caller.socket.end(`${post(2)}{}`);
      expect(await caller.closed).toMatch(/^HTTP\/1.1 201 [^]*"taken":true/);
    }));

  test('a body that is cut is answered at once and counts for nothing', () =>
    serving({}, async (served) => {
      taken.length = 0;
      const caller = served.call();
      caller.socket.end(`${post(100)}{"cut":`);
      expect(problem(await caller.closed)).toMatchObject({ code: 'bad-request' });
      expect(taken).toEqual([]);
    }));

  test('who hangs up in the middle of its body leaves nothing behind', () =>
    serving({}, async (served) => {
      taken.length = 0;
      const caller = served.call();
      await new Promise<void>((resolve) => caller.socket.write(`${post(100)}{"cut":`, () => resolve()));
      caller.socket.resetAndDestroy();
      while ((await served.connections()) > 0) await pause(10);
      expect(taken).toEqual([]);
      expect(await served.serves()).toBe(true);
    }));
});

test('who asks and never reads is hung up on, and the answer is let go', () =>
  serving({ silenceMsMax: 1_000 }, async (served) => {
    const caller = served.call({ reads: false });
    caller.socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    while ((await served.connections()) === 0) await pause(10);
    expect(await served.serves()).toBe(true);
    while ((await served.connections()) > 0) await pause(20);
    expect(caller.socket.destroyed).toBe(false);
  }));

test('who reads slowly but reads gets all of it', () =>
  serving({ silenceMsMax: 1_000 }, async (served) => {
    const caller = served.call({ reads: false });
    caller.socket.write('GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let bytes = 0;
    const since = performance.now();
    for await (const chunk of caller.socket) {
      bytes += (chunk as Buffer).byteLength;
      // In all longer than the silence that is allowed.
      if (performance.now() - since < 3_000) await pause(15);
    }
    expect(bytes).toBeGreaterThan(LARGE.length);
  }));

test('of too many connections the last ones are hung up on, and there is room again when one ends', () =>
  serving({ connectionsMax: 3 }, async (served) => {
    const [first] = [served.call(), served.call(), served.call()];
    while ((await served.connections()) < 3) await pause(10);
    expect(await served.call().closed).toBe('');
    first?.socket.destroy();
    while ((await served.connections()) > 2) await pause(10);
    expect(await served.serves()).toBe(true);
  }));
