/** The proxy between a client and a broker that know of Kafka's protocol only how it is framed. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { API_KEYS, Frames, startKafkaProxy, type Api, type KafkaProxy } from './kafka-proxy.js';

let broker: FakeBroker;
let proxy: KafkaProxy;

beforeEach(async () => {
  broker = await startFakeBroker();
  proxy = await startKafkaProxy({ host: '127.0.0.1', port: broker.port });
});

afterEach(async () => {
  await proxy.stop();
  await broker.stop();
});

describe('frames', () => {
  const sent = [requestOf('Produce', 1, 'first'), requestOf('EndTxn', 2), requestOf('Fetch', 3, 'x'.repeat(300))];
  const stream = Buffer.concat(sent);

  it('are found wherever the stream is split in two', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      expect(framesIn([stream.subarray(0, at), stream.subarray(at)])).toEqual(sent);
    }
  });

  it('are found in pieces of any sizes', () => {
    expect(framesIn([...stream].map((byte) => Buffer.from([byte])))).toEqual(sent);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), stream.length];
        const pieces = cuts.slice(1).map((end, index) => stream.subarray(cuts[index], end));
        expect(framesIn(pieces)).toEqual(sent);
      }),
    );
  });

  it('may be empty, but of no impossible length', () => {
    expect(framesIn([Buffer.alloc(4)])).toEqual([Buffer.alloc(4)]);
    expect(() => framesIn([Buffer.from('GET / HTTP/1.1')])).toThrow('not the length of a frame');
    expect(() => framesIn([Buffer.alloc(4, 0xff)])).toThrow('not the length of a frame');
  });
});

describe('without a mishap', () => {
  it('requests and replies pass unchanged', async () => {
    const client = await connected();
    client.send('Produce', 7, 'some records');
    expect(await client.reply(7)).toBe('done');
    expect(broker.heard).toEqual([requestOf('Produce', 7, 'some records')]);
  });

  it('requests and replies in single bytes pass', async () => {
    broker.answersInSingleBytes = true;
    const client = await connected();
    for (const byte of Buffer.concat([requestOf('Fetch', 1, 'from 5'), requestOf('Fetch', 2)])) {
      client.socket.write(Buffer.from([byte]));
      await turn();
    }
    await client.reply(2);
    expect(client.replies()).toEqual([1, 2]);
  });

  it('requests sent without waiting are answered in order', async () => {
    const client = await connected();
    const ids = Array.from({ length: 200 }, (_, index) => index);
    client.socket.write(Buffer.concat(ids.map((id) => requestOf('Metadata', id))));
    await client.reply(199);
    expect(client.replies()).toEqual(ids);
  });

  it('large requests and replies pass', async () => {
    const client = await connected();
    broker.answer = 'y'.repeat(5_000_000);
    client.send('Fetch', 1, 'x'.repeat(5_000_000));
    expect(await client.reply(1)).toHaveLength(5_000_000);
    expect(broker.heard[0]).toHaveLength(requestOf('Fetch', 1).length + 5_000_000);
  });

  it('requests are counted by kind', async () => {
    const [one, other] = [await connected(), await connected()];
    for (const id of [1, 2]) one.send('Produce', id);
    other.send('Produce', 1);
    other.send('EndTxn', 2);
    await Promise.all([one.reply(2), other.reply(2)]);
    expect(proxy.count('Produce')).toBe(3);
    expect(proxy.count('EndTxn')).toBe(1);
    expect(proxy.count('Fetch')).toBe(0);
  });

  it('a client that ends still gets its replies, and the end', async () => {
    const client = await connected();
    client.socket.end(requestOf('Produce', 1));
    await client.closed;
    expect(client.replies()).toEqual([1]);
    await until(() => proxy.connections === 0);
  });

  it('the end of the broker reaches the client', async () => {
    const client = await connected();
    client.send('Produce', 1);
    await client.reply(1);
    for (const socket of broker.sockets) socket.end();
    await client.closed;
    await until(() => proxy.connections === 0);
  });

  it('a broker that is not there ends the connection', async () => {
    await broker.stop();
    const client = await connected();
    await client.closed;
  });
});

describe('drop-reply', () => {
  it('the request is done, and the client hears of nothing any more', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'drop-reply');
    client.socket.write(Buffer.concat([requestOf('Produce', 1), requestOf('EndTxn', 2), requestOf('Produce', 3)]));
    await met.happened;
    client.send('Heartbeat', 4);
    await until(() => broker.done.length === 4);
    await turns();
    expect(broker.done).toEqual([1, 2, 3, 4]);
    expect(client.replies()).toEqual([1]);
    expect(client.isOpen).toBe(true);
  });

  it('not of the end of the broker either', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'drop-reply');
    client.send('EndTxn', 1);
    await met.happened;
    for (const socket of broker.sockets) socket.end();
    await turns();
    expect(client.isOpen).toBe(true);
    client.socket.end();
    await client.closed;
    await until(() => proxy.connections === 0);
  });

  it('a client that gives up leaves nothing behind', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'drop-reply');
    client.send('EndTxn', 1);
    await met.happened;
    client.socket.end();
    await client.closed;
    await until(() => proxy.connections === 0 && broker.sockets.size === 0);
  });
});

describe('cut-reply', () => {
  it('the request is done, and the connection cut in place of its reply', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'cut-reply');
    client.send('Produce', 1);
    await client.reply(1);
    client.send('EndTxn', 2);
    await met.happened;
    expect(broker.done).toEqual([1, 2]);
    expect(proxy.connections).toBe(0);
    await client.closed;
    expect(client.replies()).toEqual([1]);
    await until(() => broker.sockets.size === 0);
  });

  it('replies before it arrive, even in one piece with it', async () => {
    const client = await connected();
    proxy.once('EndTxn', 'cut-reply');
    client.socket.write(Buffer.concat([requestOf('Produce', 1), requestOf('Produce', 2), requestOf('EndTxn', 3)]));
    await client.closed;
    expect(client.replies()).toEqual([1, 2]);
  });
});

describe('delay-reply', () => {
  it('the reply and those after it wait until they are released', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'delay-reply');
    for (const [id, api] of (['Produce', 'EndTxn', 'Produce'] as const).entries()) client.send(api, id);
    await met.happened;
    await until(() => broker.done.length === 3);
    await turns();
    expect(client.replies()).toEqual([0]);
    met.release();
    await client.reply(2);
    expect(client.replies()).toEqual([0, 1, 2]);
  });

  it('released beforehand, it does not wait', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'delay-reply');
    met.release();
    client.send('EndTxn', 1);
    await Promise.all([client.reply(1), met.happened]);
  });

  it('a mishap behind it happens after its release', async () => {
    const client = await connected();
    const delayed = proxy.once('Produce', 'delay-reply');
    const cut = proxy.once('EndTxn', 'cut-reply');
    client.socket.write(Buffer.concat([requestOf('Produce', 1), requestOf('EndTxn', 2)]));
    await delayed.happened;
    await until(() => broker.done.length === 2);
    await turns();
    expect(client.isOpen).toBe(true);
    delayed.release();
    await cut.happened;
    await client.closed;
    expect(client.replies()).toEqual([1]);
  });

  it('released when the client has gone, it harms nobody', async () => {
    const client = await connected();
    const met = proxy.once('EndTxn', 'delay-reply');
    client.send('EndTxn', 1);
    await met.happened;
    client.socket.resetAndDestroy();
    await until(() => proxy.connections === 0);
    met.release();
  });
});

describe('cut-request', () => {
  it('the request is not done, and the connection cut in place of it', async () => {
    const client = await connected();
    client.send('Produce', 1);
    await client.reply(1);
    const met = proxy.once('EndTxn', 'cut-request');
    client.socket.write(Buffer.concat([requestOf('EndTxn', 2), requestOf('Produce', 3)]));
    await met.happened;
    await client.closed;
    await until(() => broker.sockets.size === 0);
    expect(broker.done).toEqual([1]);
    expect(client.replies()).toEqual([1]);
    expect(proxy.count('EndTxn')).toBe(0);
  });
});

describe('which request it is', () => {
  it('the n-th of its kind, counted over all connections', async () => {
    const [one, other] = [await connected(), await connected()];
    const met = proxy.once('Produce', 'drop-reply', { skip: 2 });
    one.send('Produce', 1);
    await one.reply(1);
    other.send('Produce', 1);
    await other.reply(1);
    other.send('EndTxn', 2);
    await other.reply(2);
    one.send('Produce', 2);
    await met.happened;
    expect(one.replies()).toEqual([1]);
  });

  it('one that looks as asked', async () => {
    const client = await connected();
    const met = proxy.once('Produce', 'cut-reply', { skip: 1, when: (request) => request.includes('events') });
    for (const [id, text] of ['events 1', 'other', 'events 2'].entries()) client.send('Produce', id, text);
    await met.happened;
    await client.closed;
    expect(client.replies()).toEqual([0, 1]);
    expect(broker.done).toEqual([0, 1, 2]);
  });

  it('is shown from its header on', async () => {
    const client = await connected();
    const shown: Buffer[] = [];
    proxy.once('EndTxn', 'cut-reply', { when: (request) => shown.push(request) === 0 });
    client.send('EndTxn', 5, 'commit');
    await client.reply(5);
    expect(shown).toEqual([requestOf('EndTxn', 5, 'commit').subarray(4)]);
  });

  it('of several mishaps the first asked for comes first, and each only once', async () => {
    const first = proxy.once('InitProducerId', 'cut-reply');
    const second = proxy.once('InitProducerId', 'cut-request');
    const third = proxy.once('InitProducerId', 'delay-reply', { skip: 2 });
    for (const [met, done] of [
      [first, 1],
      [second, 1],
    ] as const) {
      const client = await connected();
      client.send('InitProducerId', 1);
      await met.happened;
      await client.closed;
      expect(broker.done).toHaveLength(done);
    }
    const client = await connected();
    client.send('InitProducerId', 1);
    await third.happened;
    third.release();
    await client.reply(1);
    client.send('InitProducerId', 2);
    await client.reply(2);
  });

  it.each(['drop-reply', 'cut-reply', 'delay-reply', 'cut-request'] as const)(
    '%s leaves other connections alone',
    async (mishap) => {
      const [one, other] = [await connected(), await connected()];
      const met = proxy.once('EndTxn', mishap);
      other.send('EndTxn', 1);
      await met.happened;
      for (const id of [1, 2, 3]) {
        one.send('EndTxn', id);
        await one.reply(id);
      }
      expect(other.replies()).toEqual([]);
    },
  );
});

describe('what can no longer happen is told', () => {
  it('when the connection ended before the reply', async () => {
    broker.isSilent = true;
    const client = await connected();
    const met = proxy.once('EndTxn', 'delay-reply');
    client.send('EndTxn', 1);
    await until(() => broker.done.length === 1);
    proxy.cutAll();
    await expect(met.happened).rejects.toThrow('before the reply to EndTxn');
  });

  it('when the proxy was stopped', async () => {
    const met = proxy.once('EndTxn', 'cut-reply');
    await proxy.stop();
    await expect(met.happened).rejects.toThrow('stopped');
  });
});

describe('all connections', () => {
  it('are counted, and cut at once', async () => {
    const clients = [await connected(), await connected()];
    for (const client of clients) client.send('Metadata', 1);
    await Promise.all(clients.map((client) => client.reply(1)));
    expect(proxy.connections).toBe(2);
    proxy.cutAll();
    expect(proxy.connections).toBe(0);
    await Promise.all(clients.map((client) => client.closed));
    const client = await connected();
    client.send('Metadata', 1);
    await client.reply(1);
  });

  it('are refused while they should be; those that exist go on', async () => {
    const before = await connected();
    const { port } = proxy;
    for (let times = 0; times < 2; times += 1) {
      await proxy.refuse(true);
      await proxy.refuse(true);
      await expect(connected()).rejects.toThrow('ECONNREFUSED');
      await proxy.refuse(false);
      await proxy.refuse(false);
      expect(proxy.port).toBe(port);
      const after = await connected();
      after.send('Metadata', 1);
      await after.reply(1);
    }
    before.send('Metadata', 1);
    await before.reply(1);
  });

  it('end with the proxy, whatever state they are in', async () => {
    const clients = [await connected(), await connected(), await connected()];
    const [dropped, delayed] = [proxy.once('EndTxn', 'drop-reply'), proxy.once('EndTxn', 'delay-reply')];
    for (const client of clients) client.send('EndTxn', 1);
    await Promise.all([dropped.happened, delayed.happened]);
    await proxy.refuse(true);
    await proxy.stop();
    await proxy.stop();
    await Promise.all(clients.map((client) => client.closed));
    await until(() => broker.sockets.size === 0);
    await expect(connected()).rejects.toThrow('ECONNREFUSED');
  });

  it('go without TLS', () => {
    expect(() =>
      proxy.socketFactory({ host: 'broker', port: 9093, ssl: { ca: 'any' }, onConnect: () => undefined }),
    ).toThrow('TLS');
  });
});

describe('what the proxy cannot read is cut, and told when it is stopped', () => {
  it.each([
    ['a length that is none', Buffer.from('GET / HTTP/1.1')],
    ['a request without a whole header', Buffer.from([0, 0, 0, 2, 0, 0])],
  ])('%s', async (_, bytes) => {
    const unread = await startKafkaProxy({ host: '127.0.0.1', port: broker.port });
    const client = await connected(unread);
    client.socket.write(bytes);
    await client.closed;
    await expect(unread.stop()).rejects.toThrow();
  });

  it('a reply to nothing', async () => {
    const unread = await startKafkaProxy({ host: '127.0.0.1', port: broker.port });
    const client = await connected(unread);
    await until(() => broker.sockets.size > 0);
    for (const socket of broker.sockets) socket.write(replyOf(9, 'unasked'));
    await client.closed;
    await expect(unread.stop()).rejects.toThrow('Reply 9 belongs to no request.');
  });
});

/** Keeps what it gets and answers it, in order. */
interface FakeBroker {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  readonly heard: Buffer[];
  /** The correlation ids of what it was asked to do. */
  readonly done: number[];
  answer: string;
  answersInSingleBytes: boolean;
  isSilent: boolean;
  stop(): Promise<void>;
}

async function startFakeBroker(): Promise<FakeBroker> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const frames = new Frames();
    socket.on('data', (piece: Buffer) => {
      for (const frame of frames.completedBy(piece)) take(socket, frame);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const take = (socket: Socket, frame: Buffer): void => {
    const correlationId = frame.readInt32BE(8);
    fake.heard.push(frame);
    fake.done.push(correlationId);
    if (fake.isSilent) return;
    const reply = replyOf(correlationId, fake.answer);
    if (fake.answersInSingleBytes) for (const byte of reply) socket.write(Buffer.from([byte]));
    else socket.write(reply);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeBroker = {
    port: (server.address() as AddressInfo).port,
    sockets,
    heard: [],
    done: [],
    answer: 'done',
    answersInSingleBytes: false,
    isSilent: false,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return fake;
}

interface FakeClient {
  readonly socket: Socket;
  readonly isOpen: boolean;
  readonly closed: Promise<void>;
  send(api: Api, correlationId: number, text?: string): void;
  /** The correlation ids of the replies so far. */
  replies(): number[];
  /** Waits for a reply and returns its text. */
  reply(correlationId: number): Promise<string>;
}

/** A client that reached the proxy as kafkajs does. */
async function connected(through = proxy): Promise<FakeClient> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const connecting = through.socketFactory({
      host: 'an address that only the broker knows',
      port: 9092,
      ssl: undefined as never,
      onConnect: () => resolve(connecting),
    });
    connecting.on('error', reject);
  });
  const replies = new Map<number, string>();
  const frames = new Frames();
  let isOpen = true;
  socket.on('data', (piece: Buffer) => {
    for (const frame of frames.completedBy(piece)) replies.set(frame.readInt32BE(4), frame.toString('utf8', 8));
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isOpen = false;
      resolve();
    });
  });
  return {
    socket,
    get isOpen() {
      return isOpen;
    },
    closed,
    send: (api, correlationId, text) => void socket.write(requestOf(api, correlationId, text)),
    replies: () => [...replies.keys()],
    async reply(correlationId) {
      await until(() => replies.has(correlationId));
      return replies.get(correlationId) ?? '';
    },
  };
}

function requestOf(api: Api, correlationId: number, text = ''): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt16BE(API_KEYS[api], 0);
  header.writeInt16BE(2, 2);
  header.writeInt32BE(correlationId, 4);
  return withLength(Buffer.concat([header, Buffer.from(text)]));
}

function replyOf(correlationId: number, text: string): Buffer {
  const header = Buffer.alloc(4);
  header.writeInt32BE(correlationId);
  return withLength(Buffer.concat([header, Buffer.from(text)]));
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function framesIn(pieces: Buffer[]): Buffer[] {
  const frames = new Frames();
  return pieces.flatMap((piece) => [...frames.completedBy(piece)]);
}

/** One turn of the event loop. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Enough of them for what would wrongly pass to have passed. */
async function turns(): Promise<void> {
  for (let count = 0; count < 50; count += 1) await turn();
}

/** Waits for what must come. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('It did not come.');
    await turn();
  }
}
