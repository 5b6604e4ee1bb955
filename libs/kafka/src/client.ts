/**
 * THE KAFKA CLIENT, and what we reach below its public face. kafkajs offers records to members of a consumer group only,
 * through a filter of aborted ones that lets some through, and no way to ask for a heartbeat; its protocol layer has all
 * of it. So reading and membership speak Kafka's own requests through the `Broker` objects of kafkajs (docs/adr/0007), and
 * only here is it known how they are got. kafkajs is pinned to one version: nothing below its face is promised.
 */
import { Kafka, logLevel, type ISocketFactory, type KafkaConfig, type RetryOptions } from 'kafkajs';

/** How Kafka is reached. */
export interface KafkaOptions {
  /** host:port of some brokers; the others are learnt from them. */
  brokers: readonly string[];
  /** How a connection is opened, where not as usual (tests put a proxy between). */
  socketFactory?: ISocketFactory;
  /** How long a request may go unanswered before its fate is in doubt (tests shorten it). */
  requestMsMax?: number;
  /** Told of what a person should know. */
  log?: (message: string, about: { ledger?: string; level: 'warn' }) => void;
}

export const REQUEST_MS_MAX = 5_000;
const CONNECT_MS_MAX = 3_000;
/**
 * Back-to-back transactions meet CONCURRENT_TRANSACTIONS while markers of the last one are written, a few milliseconds
 * long; the default of 300 ms would make them crawl. All retries together take some four seconds.
 */
const RETRY: RetryOptions = { initialRetryTime: 5, multiplier: 2, maxRetryTime: 300, retries: 18, factor: 0.2 };

/** Of questions that are asked anew where they fail: some two seconds. */
const RETRY_ASKING: RetryOptions = { initialRetryTime: 50, multiplier: 2, maxRetryTime: 300, retries: 7, factor: 0.2 };

/** For reading and administration. */
export function connectKafkaToAsk(options: KafkaOptions): Kafka {
  return connectKafka(options, RETRY_ASKING);
}

export function connectKafka(options: KafkaOptions, retry: RetryOptions = RETRY): Kafka {
  const config: KafkaConfig = {
    clientId: 'incident-ledger',
    brokers: [...options.brokers],
    connectionTimeout: CONNECT_MS_MAX,
    requestTimeout: options.requestMsMax ?? REQUEST_MS_MAX,
    // What goes wrong is thrown, and told by whoever knows what it means.
    logLevel: logLevel.NOTHING,
    retry,
    ...(options.socketFactory !== undefined && { socketFactory: options.socketFactory }),
  };
  return new Kafka(config);
}

/** A record as it lies in a topic, markers of transactions included. */
export interface RawMessage {
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[] | undefined>;
  /** A marker: its producer's transaction ended here. */
  isControlRecord: boolean;
  batchContext: { producerId: string; producerEpoch: number; inTransaction: boolean };
}

/** What a broker says of one partition in answer to a fetch. */
export interface FetchedPartition {
  errorCode: number;
  /** One past the last record that can be read. */
  highWatermark: string;
  /** One past the last record before which every transaction has ended. */
  lastStableOffset: string;
  messages: RawMessage[];
}

export interface JoinedGroup {
  generationId: number;
  leaderId: string;
  memberId: string;
  /** Of the leader: who else is there. Empty for the others. */
  members: { memberId: string; memberMetadata: Buffer }[];
}

/** The requests of kafkajs' `Broker` that we use; each throws an error with Kafka's name for it in `type`. */
export interface Broker {
  nodeId: string;
  fetch(request: {
    replicaId: -1;
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
  listOffsets(request: {
    replicaId: -1;
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: { topic: string; partitions: { offset: string }[] }[] }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    protocolType: string;
    groupProtocols: { name: string; metadata: Buffer }[];
  }): Promise<JoinedGroup>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
}

interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(which: { nodeId: string }): Promise<Broker>;
  findGroupCoordinator(which: { groupId: string }): Promise<Broker>;
}

/** Connections to a cluster, and the topics whose leaders they know. */
interface Connections {
  cluster: Cluster;
  known: Set<string>;
}

const METADATA_MS_MAX = 300_000;
/** For a connection, what is asked on it, and some retries. */
const ASKING_MS_MAX = 15_000;
const READ_UNCOMMITTED = 0;
const LATEST = -1;
const EARLIEST = -2;

/**
 * Connections of their own to the brokers, for requests of Kafka's protocol.
 *
 * Where anything goes wrong they are given up and made anew, once: kafkajs goes on asking on a connection that has not
 * answered, for as long as the machine takes it for open; and a topic that was deleted takes along all others that it knows.
 */
export class Brokers {
  readonly #connect: () => Connections;
  #connections: Connections;
  #isClosed = false;

  constructor(kafka: Kafka) {
    const symbol = Object.getOwnPropertySymbols(kafka).find(
      ({ description }) => description === 'private:Kafka:createCluster',
    );
    const create = symbol && (kafka as unknown as Record<symbol, unknown>)[symbol];
    if (typeof create !== 'function') throw new Error('This is not the kafkajs we know: install version 2.2.4.');
    const options = { metadataMaxAge: METADATA_MS_MAX, allowAutoTopicCreation: false };
    this.#connect = () => ({ cluster: (create as (options: object) => Cluster)(options), known: new Set() });
    this.#connections = this.#connect();
  }

  /** Asks the leader of a topic's only partition. */
  async atLeader<T>(topic: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#twice(async ({ cluster, known }) => {
      await know(cluster, known, [topic]);
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [0]));
      if (nodeId === undefined) throw new Error(`Nobody leads the topic ${topic} at present.`);
      return ask(await cluster.findBroker({ nodeId }));
    });
  }

  /** Topics by the broker that leads them. @throws where one of them does not exist */
  async leaders(topics: readonly string[]): Promise<Map<string, string[]>> {
    return this.#twice(async ({ cluster, known }) => {
      await know(cluster, known, topics);
      const led = new Map<string, string[]>();
      for (const topic of topics) {
        const [nodeId = ''] = Object.keys(cluster.findLeaderForPartitions(topic, [0]));
        led.set(nodeId, [...(led.get(nodeId) ?? []), topic]);
      }
      return led;
    });
  }

  async broker(nodeId: string): Promise<Broker> {
    return this.#twice(({ cluster }) => cluster.findBroker({ nodeId }));
  }

  /** Who keeps a group. */
  async coordinator(groupId: string): Promise<Broker> {
    return this.#twice(async ({ cluster }) => {
      await cluster.refreshMetadataIfNecessary();
      return cluster.findGroupCoordinator({ groupId });
    });
  }

  /** Gives up all connections: the next request makes them anew. */
  refresh(): void {
    this.#giveUp(this.#connections);
  }

  /** One past the last record that can be read, committed or not. */
  endOffset(topic: string): Promise<number> {
    return this.#offset(topic, LATEST);
  }

  /** The first record that was not deleted. */
  startOffset(topic: string): Promise<number> {
    return this.#offset(topic, EARLIEST);
  }

  #offset(topic: string, timestamp: number): Promise<number> {
    return this.atLeader(topic, async (broker) => {
      const { responses } = await broker.listOffsets({
        replicaId: -1,
        isolationLevel: READ_UNCOMMITTED,
        topics: [{ topic, partitions: [{ partition: 0, timestamp }] }],
      });
      const offset = Number(responses[0]?.partitions[0]?.offset);
      if (!Number.isSafeInteger(offset)) throw new Error(`Kafka does not say how far ${topic} goes.`);
      return offset;
    });
  }

  /** Records from an offset on; waits for the first one up to `waitMs`. */
  async fetch(topic: string, offset: number, bytesMax: number, waitMs: number): Promise<FetchedPartition> {
    const fetched = await this.atLeader(topic, (broker) =>
      fetchFrom(broker, new Map([[topic, offset]]), bytesMax, waitMs),
    );
    const partition = fetched.get(topic);
    if (partition === undefined) throw new Error(`Kafka left ${topic} out of its answer.`);
    return partition;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connections.cluster.disconnect();
  }

  async #twice<T>(ask: (connections: Connections) => Promise<T>): Promise<T> {
    const asked = this.#connections;
    try {
      return await within(ASKING_MS_MAX, ask(asked), 'A question');
    } catch (error) {
      if (this.#isClosed || isFinal(error)) throw error;
      // Somebody may ask for topics that never were, as often as they like: nobody else's connections suffer for it.
      const fresh = kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION' ? this.#connect() : undefined;
      if (fresh === undefined) this.#giveUp(asked);
      try {
        const answer = await within(ASKING_MS_MAX, ask(fresh ?? this.#connections), 'A question');
        if (fresh !== undefined) this.#giveUp(asked, fresh);
        return answer;
      } finally {
        if (fresh !== undefined && fresh !== this.#connections) void fresh.cluster.disconnect().catch(() => undefined);
      }
    }
  }

  /** Many may find out at once: one of them acts on it. */
  #giveUp(asked: Connections, fresh = this.#connect()): void {
    if (this.#isClosed || this.#connections !== asked) return;
    this.#connections = fresh;
    // Others may still be answered on it; what is not, fails in time, and is asked again on the new ones.
    void asked.cluster.disconnect().catch(() => undefined);
  }
}

async function know(cluster: Cluster, known: Set<string>, topics: readonly string[]): Promise<void> {
  const unknown = topics.filter((topic) => !known.has(topic));
  if (unknown.length > 0) {
    await cluster.connect();
    await cluster.addMultipleTargetTopics(unknown);
    for (const topic of unknown) known.add(topic);
  }
  await cluster.refreshMetadataIfNecessary();
}

/** Records of several topics that this broker leads, each from its offset on; waits for the first one up to `waitMs`. */
export async function fetchFrom(
  broker: Broker,
  offsets: ReadonlyMap<string, number>,
  bytesMax: number,
  waitMs: number,
): Promise<Map<string, FetchedPartition>> {
  const { responses } = await broker.fetch({
    replicaId: -1,
    isolationLevel: READ_UNCOMMITTED,
    maxWaitTime: waitMs,
    minBytes: 1,
    maxBytes: bytesMax,
    topics: [...offsets].map(([topic, offset]) => ({
      topic,
      partitions: [{ partition: 0, fetchOffset: String(offset), maxBytes: bytesMax }],
    })),
  });
  return new Map(responses.flatMap(({ topicName, partitions }) => partitions.map((one) => [topicName, one])));
}

/**
 * Whoever asked goes on after this time at the latest: kafkajs has no end to all its retries together, and sometimes loses
 * a request whose connection is ended. What is late goes on behind our back, and does no harm: it was a question, or it
 * belongs to a transaction which the next term ends before anybody reads.
 */
export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} was not answered by Kafka in time.`)), Math.max(1, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}

/** Kafka's name of an error, such as MESSAGE_TOO_LARGE, however deep kafkajs wrapped it. */
export function kafkaErrorType(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { type, originalError } = one as { type?: unknown; originalError?: unknown };
    if (typeof type === 'string') return type;
    const inner = (originalError as { type?: unknown } | undefined)?.type;
    if (typeof inner === 'string') return inner;
  }
  return undefined;
}

/** Answers about a group are about the asker, not about the picture of the cluster. */
function isFinal(error: unknown): boolean {
  const type = kafkaErrorType(error) ?? '';
  return /^(UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|REBALANCE_IN_PROGRESS|OFFSET_OUT_OF_RANGE|.*AUTHORIZATION_FAILED)$/.test(
    type,
  );
}
