/**
 * A proxy between Kafka clients and one broker, for tests in which a step of the protocol must come out ambiguous: it
 * was done, or it was not, and the client cannot tell.
 *
 * Requests and replies pass whole and unchanged. The proxy reads of them what it must: their lengths, which call a
 * request is, and which request a reply belongs to. It knows no TLS. A Produce that wants no acknowledgement gets no
 * reply, so of the mishaps only `cut-request` can meet it.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

/** The calls of the protocol, by the numbers that requests carry. */
export const API_KEYS = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  DeleteGroups: 42,
  IncrementalAlterConfigs: 44,
} as const;

export type Api = keyof typeof API_KEYS;

/**
 * What may befall a request.
 * - `drop-reply`: it is done; its reply and all later ones of the connection never arrive, and the client must time out.
 * - `cut-reply`: it is done; the connection is cut in place of its reply.
 * - `delay-reply`: it is done; its reply and all later ones of the connection wait until the test releases them.
 * - `cut-request`: it is not done; the connection is cut in place of it. What the connection carried just before may
 *   be lost as well.
 *
 * Replies of a connection stay in order, so a mishap behind a delayed reply happens after its release.
 */
export type Mishap = 'drop-reply' | 'cut-reply' | 'delay-reply' | 'cut-request';

export interface Which {
  /** How many matching requests go by first. Those that meet another mishap count too. */
  readonly skip?: number;
  /** Tells matching requests from others of their kind, by their bytes from the header on, without the length. */
  readonly when?: (request: Buffer) => boolean;
}

/** A mishap that a test has asked for, once. */
export interface Met {
  /**
   * Resolves when it has happened: for the three that concern a reply, when the broker has sent that. Rejects if it
   * no longer can, because the connection ended before the reply or the proxy was stopped.
   */
  readonly happened: Promise<void>;
  /** Lets a delayed reply go, or keeps it from being delayed if there is none yet. */
  release(): void;
}

export interface KafkaProxy {
  /** Where it listens, on the loopback address. */
  readonly port: number;
  /**
   * For a client's configuration: brings it to the proxy, whatever address the broker advertises. With several brokers
   * there is a proxy for each, and the test chooses among them by the port it is asked for.
   */
  readonly socketFactory: ISocketFactory;
  /** How many connections are open. */
  readonly connections: number;
  /** Asks for a mishap. Of several that are due at a request, the one asked for first takes it. */
  once(api: Api, mishap: Mishap, which?: Which): Met;
  /** How many requests of a kind went on to the broker. */
  count(api: Api): number;
  /** Cuts every connection there is. New ones may come. */
  cutAll(): void;
  /** Whether new connections are refused. Those that exist go on. */
  refuse(whether: boolean): Promise<void>;
  /** Ends everything. Rejects if a connection had carried what the proxy could not read, and was cut for it. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** What kafkajs does by itself. */
const KEEP_ALIVE_MS = 60_000;

/** What brokers accept by default: a larger length is none, but TLS, HTTP or a mistake of ours. */
const LARGEST_FRAME = 100 * 1024 * 1024;

const LENGTH_BYTES = 4;

export async function startKafkaProxy(broker: { host: string; port: number }): Promise<KafkaProxy> {
  const proxy = new RunningProxy(broker);
  await proxy.listen();
  return proxy;
}

/** Finds the frames, each with its length before it, in bytes that arrive in pieces of any size. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that a piece completes. */
  *completedBy(piece: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, piece]);
    while (this.#rest.length >= LENGTH_BYTES) {
      const length = this.#rest.readInt32BE(0);
      if (length < 0 || length > LARGEST_FRAME) throw new Error(`${length} is not the length of a frame.`);
      const end = LENGTH_BYTES + length;
      if (this.#rest.length < end) return;
      const frame = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield frame;
    }
  }
}

class Meeting implements Met {
  readonly happened: Promise<void>;
  readonly released: Promise<void>;
  happen!: () => void;
  fail!: (why: Error) => void;
  release!: () => void;
  #skip: number;

  constructor(
    readonly api: Api,
    readonly mishap: Mishap,
    readonly which: Which,
  ) {
    this.#skip = which.skip ?? 0;
    this.happened = new Promise((resolve, reject) => {
      this.happen = resolve;
      this.fail = reject;
    });
    // A test may not care whether it happens.
    this.happened.catch(() => undefined);
    this.released = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  /** Whether it is due at a request; one that it lets go by is counted. */
  isDue(apiKey: number, request: Buffer): boolean {
    if (apiKey !== API_KEYS[this.api] || this.which.when?.(request) === false) return false;
    if (this.#skip === 0) return true;
    this.#skip -= 1;
    return false;
  }
}

class RunningProxy implements KafkaProxy {
  readonly #broker: { host: string; port: number };
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #waiting = new Set<Meeting>();
  readonly #passed = new Map<number, number>();
  #unreadable: unknown;
  #port = 0;

  constructor(broker: { host: string; port: number }) {
    this.#broker = broker;
    // Each direction is ended when the other end of it was.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return [...this.#connections].filter((connection) => connection.isOpen).length;
  }

  readonly socketFactory: ISocketFactory = ({ ssl, onConnect }) => {
    if (ssl) throw new Error('The proxy knows no TLS.');
    const socket = connect({ host: HOST, port: this.#port, noDelay: true }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };

  once(api: Api, mishap: Mishap, which: Which = {}): Met {
    const meeting = new Meeting(api, mishap, which);
    this.#waiting.add(meeting);
    return meeting;
  }

  count(api: Api): number {
    return this.#passed.get(API_KEYS[api]) ?? 0;
  }

  cutAll(): void {
    for (const connection of this.#connections) connection.cut();
  }

  async refuse(whether: boolean): Promise<void> {
    if (!whether) await this.listen();
    // Listening ends at once; the event would wait for the last connection.
    else if (this.#server.listening) this.#server.close();
  }

  async stop(): Promise<void> {
    for (const meeting of this.#waiting) meeting.fail(new Error('The proxy was stopped before that.'));
    this.#waiting.clear();
    const closed = [...this.#connections].map((connection) => connection.closed);
    this.cutAll();
    // That it did not listen is no news.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(closed);
    if (this.#unreadable !== undefined) throw this.#unreadable;
  }

  async listen(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, HOST, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** What befalls a request, if anything. */
  meet(apiKey: number, request: Buffer): Meeting | undefined {
    let due: Meeting | undefined;
    for (const meeting of this.#waiting) {
      // Asked even if another one takes it, because each counts what goes by.
      if (meeting.isDue(apiKey, request)) due ??= meeting;
    }
    if (due !== undefined) this.#waiting.delete(due);
    return due;
  }

  passes(apiKey: number): void {
    this.#passed.set(apiKey, (this.#passed.get(apiKey) ?? 0) + 1);
  }

  /** A test must not take for a mishap what was a mistake: it is told in the end. */
  couldNotRead(error: unknown): void {
    this.#unreadable ??= error;
  }

  #accept(client: Socket): void {
    const broker = connect({ ...this.#broker, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(client, broker, this);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }
}

class Connection {
  /** Resolves when nothing is left of it. */
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #proxy: RunningProxy;
  /** The requests without a reply, by correlation id, and what is to befall each. */
  readonly #pending = new Map<number, Meeting | undefined>();
  readonly #met: Meeting[] = [];
  /** The replies before the next one have passed. */
  #passing: Promise<void> = Promise.resolve();
  #dropsReplies = false;

  constructor(client: Socket, broker: Socket, proxy: RunningProxy) {
    this.#client = client;
    this.#broker = broker;
    this.#proxy = proxy;
    this.closed = this.#whenClosed();
    const requests = new Frames();
    client.on('data', (piece: Buffer) => this.#read(requests, piece, (frame) => this.#request(frame)));
    client.on('end', () => this.#clientEnded());
    client.on('error', () => this.cut());
    const replies = new Frames();
    broker.on('data', (piece: Buffer) => this.#read(replies, piece, (frame) => this.#reply(frame)));
    broker.on('end', () => this.#brokerEnded());
    broker.on('error', () => this.cut());
  }

  get isOpen(): boolean {
    return !this.#client.destroyed;
  }

  cut(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }

  #read(frames: Frames, piece: Buffer, take: (frame: Buffer) => void): void {
    try {
      for (const frame of frames.completedBy(piece)) if (this.isOpen) take(frame);
    } catch (error) {
      this.#proxy.couldNotRead(error);
      this.cut();
    }
  }

  #request(frame: Buffer): void {
    const request = frame.subarray(LENGTH_BYTES);
    const apiKey = request.readInt16BE(0);
    const correlationId = request.readInt32BE(4);
    const meeting = this.#proxy.meet(apiKey, request);
    if (meeting?.mishap === 'cut-request') {
      this.cut();
      meeting.happen();
      return;
    }
    if (meeting !== undefined) this.#met.push(meeting);
    this.#pending.set(correlationId, meeting);
    this.#proxy.passes(apiKey);
    this.#broker.write(frame);
  }

  #reply(frame: Buffer): void {
    const correlationId = frame.readInt32BE(LENGTH_BYTES);
    if (!this.#pending.has(correlationId)) throw new Error(`Reply ${correlationId} belongs to no request.`);
    const meeting = this.#pending.get(correlationId);
    this.#pending.delete(correlationId);
    this.#passing = this.#passing.then(() => this.#pass(frame, meeting));
  }

  async #pass(frame: Buffer, meeting: Meeting | undefined): Promise<void> {
    if (!this.isOpen) return;
    if (meeting?.mishap === 'cut-reply') this.cut();
    if (meeting?.mishap === 'drop-reply') this.#dropsReplies = true;
    meeting?.happen();
    if (meeting?.mishap === 'delay-reply') await meeting.released;
    if (this.isOpen && !this.#dropsReplies) this.#client.write(frame);
  }

  #clientEnded(): void {
    this.#broker.end();
    // Nobody is left to be kept waiting.
    if (this.#dropsReplies && this.#broker.readableEnded) this.cut();
  }

  #brokerEnded(): void {
    this.#passing = this.#passing.then(() => {
      if (!this.#dropsReplies) this.#client.end();
      else if (this.#client.readableEnded) this.cut();
    });
  }

  async #whenClosed(): Promise<void> {
    const sockets = [this.#client, this.#broker];
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    for (const meeting of this.#met)
      meeting.fail(new Error(`The connection ended before the reply to ${meeting.api}.`));
  }
}
