/**
 * A TERM on Kafka: one transactional producer, alone with its transactional id. Taking one ends whatever an earlier one
 * had begun; its first act is a marker, so that readers and a former owner's probe notice.
 *
 * Kafka cannot append "only if the log ends here". What it lacks is put together from two things: an older producer is
 * fenced by the epoch, and a commit follows only on the expected offset, which shows whoever else may write.
 *
 * Nothing is ever tried again with a producer in whose transaction anything threw: kafkajs then takes its sequence numbers
 * back, and the broker takes the next batch for the lost one, acknowledges it and drops it.
 */
import { randomUUID } from 'node:crypto';
import type { Kafka, Message, Producer as KafkaProducer, RecordMetadata, Transaction } from 'kafkajs';
import { Fenced, Refused, type Term, type WrappedKey } from '#ledger';
import { SEQUENCE_HEADER, TERM_TYPE, TYPE_HEADER } from './acceptance.js';
import { kafkaErrorType, REQUEST_MS_MAX, within, type Brokers } from './client.js';
import type { LedgerSnapshots } from './snapshots.js';
import { eventsTopic, keysTopic, snapshotsTopic } from './topics.js';

/** After it the broker aborts what a dead owner left open. */
const TRANSACTION_MS_MAX = 15_000;
/**
 * Of the time of one request: all retries of kafkajs together know no end on a broker that takes connections and says
 * nothing.
 */
const PATIENCE = 1.6;
const ABORT_MS_MAX = 500;
const ACKNOWLEDGE_MS_MAX = 5_000;
/** Values of one produce request: with headers and framing it stays well below what a broker takes. */
const REQUEST_BYTES_MAX = 512 * 1024;
const CLOCK_MS_MAX = 2_000;
const CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';

/** Switches that tests turn off, each once, to see that something notices. */
export interface Protections {
  /** A commit follows only on the expected offset. */
  expectOffset: boolean;
  /** A proof asks Kafka. */
  probe: boolean;
  /** The transactional id is the topic's name, so that a new term fences the earlier ones. */
  fence: boolean;
  /** What a committed transaction holds is read, and nothing else. */
  commitFilter: boolean;
  /** The settings of the topics are looked at before every term. */
  settings: boolean;
}

export const ALL_PROTECTIONS: Protections = {
  expectOffset: true,
  probe: true,
  fence: true,
  commitFilter: true,
  settings: true,
};

export interface TermContext {
  kafka: Kafka;
  brokers: Brokers;
  ledger: string;
  /** The last sequence of the log up to the term's marker, asked once, before the first append. */
  lastSequence: () => Promise<number>;
  /** Whether this process may take one, by news younger than the call. */
  mayTake: () => Promise<boolean>;
  snapshots: LedgerSnapshots;
  protections: Protections;
  requestMsMax?: number | undefined;
}

/** A term may be lost as soon as it is taken: then it is one that can do nothing. @throws Fenced where it may not be taken, or anything */
export async function takeTerm(context: TermContext): Promise<KafkaTerm> {
  const topic = eventsTopic(context.ledger);
  const patienceMs = patienceOf(context);
  const producer = transactionalProducer(context.kafka, context.protections.fence ? topic : `${topic}.${randomUUID()}`);
  try {
    await within(patienceMs, producer.connect(), 'A connection');
    // Last of all: nothing that takes time may lie between this and the term.
    if (!(await context.mayTake())) throw new MayNot(context.ledger);
    const marker: Message = {
      value: termMarker(context.ledger),
      headers: { 'content-type': CONTENT_TYPE, [TYPE_HEADER]: TERM_TYPE },
    };
    const { baseOffset } = await inTransaction(producer, patienceMs, async (transaction) => {
      const sentAt = Date.now();
      const sent = await transaction.send({ topic, acks: -1, timeout: ACKNOWLEDGE_MS_MAX, messages: [marker] });
      const metadata = onlyOne(sent);
      assertSameClock(sentAt, Number(metadata.logAppendTime), Date.now());
      return metadata;
    });
    // Behind the marker lies the marker of its transaction's end.
    return new KafkaTerm(context, producer, Number(baseOffset), Number(baseOffset) + 2);
  } catch (error) {
    const failure = classified(error, context.ledger);
    if (failure instanceof Fenced && !(failure instanceof MayNot)) return KafkaTerm.lost(context, producer, failure);
    void producer.disconnect().catch(() => undefined);
    throw failure;
  }
}

/** Times would be recorded that are not true: this machine cannot write. */
export class ClockIsWrong extends Error {}

/** The ledger is another's: nothing was done. */
class MayNot extends Fenced {}

export class KafkaTerm implements Term {
  /** The last sequence of the log, known from the first append on. */
  #last: number | undefined;
  /** What ended it. */
  #end: Error | undefined;

  constructor(
    private readonly context: TermContext,
    private readonly producer: KafkaProducer,
    /** The offset of the term's marker: it rises with every term. */
    readonly number: number,
    /** Where the next record must come to lie. */
    private expectedOffset: number,
  ) {}

  get ledger(): string {
    return this.context.ledger;
  }

  get isFenced(): boolean {
    return this.#end instanceof Fenced;
  }

  static lost(context: TermContext, producer: KafkaProducer, fence: Fenced): KafkaTerm {
    const term = new KafkaTerm(context, producer, 0, 0);
    void term.close(fence);
    return term;
  }

  async append(first: number, records: readonly Uint8Array[], keys: readonly WrappedKey[]): Promise<string> {
    const { ledger, protections } = this.context;
    if (this.#end !== undefined) throw this.#end;
    this.#last ??= await this.context.lastSequence();
    if (first !== this.#last + 1) {
      throw new Error(`The log of ${ledger} ends at ${this.#last}, so ${first} cannot be the next.`);
    }
    const topic = eventsTopic(ledger);
    const messages = records.map((bytes, index) => ({
      value: asBuffer(bytes),
      headers: { 'content-type': CONTENT_TYPE, [SEQUENCE_HEADER]: String(first + index).padStart(20, '0') },
    }));
    await this.#commit(async (transaction) => {
      let offset = this.expectedOffset;
      for (const portion of inPortions(messages)) {
        const sent = await transaction.send({ topic, acks: -1, timeout: ACKNOWLEDGE_MS_MAX, messages: portion });
        const { baseOffset } = onlyOne(sent);
        if (Number(baseOffset) !== offset && protections.expectOffset) {
          throw new AppendedByAnother(ledger, Number(baseOffset), offset);
        }
        offset += portion.length;
      }
      if (keys.length > 0) {
        const wrapped = keys.map(({ keyid, wrapped: value }) => ({ key: keyid, value: asBuffer(value) }));
        await transaction.send({
          topic: keysTopic(ledger),
          acks: -1,
          timeout: ACKNOWLEDGE_MS_MAX,
          messages: wrapped,
        });
      }
    });
    this.#last += records.length;
    // Behind the records lies the marker of their transaction's end.
    this.expectedOffset += records.length + 1;
    return String(this.expectedOffset - 2);
  }

  async keepPart(snapshot: string, part: number, bytes: Uint8Array): Promise<void> {
    await this.#keep(await this.context.snapshots.part(snapshot, part, bytes));
  }

  async keepSnapshot(snapshot: string, manifest: Uint8Array): Promise<void> {
    await this.#keep(this.context.snapshots.manifest(snapshot, manifest));
    this.context.snapshots.kept();
  }

  /** By the term's own producer: whoever is fenced from the log is fenced from its snapshots too. */
  async #keep(message: Message): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    const topic = snapshotsTopic(this.ledger);
    await this.#commit(async (transaction) => {
      await transaction.send({ topic, acks: -1, timeout: ACKNOWLEDGE_MS_MAX, messages: [message] });
    });
  }

  /** Where anything fails, the term has ended. */
  async #commit(act: (transaction: Transaction) => Promise<void>): Promise<void> {
    try {
      await inTransaction(this.producer, patienceOf(this.context), act);
    } catch (error) {
      const failure = classified(error, this.ledger);
      void this.close(failure);
      throw failure;
    }
  }

  async prove(): Promise<void> {
    const { brokers, ledger, protections } = this.context;
    if (this.#end !== undefined) throw this.#end;
    if (!protections.probe) return;
    // A successor's first act is its marker, so while nothing lies past our last commit nobody else has answered anybody.
    const end = await brokers.endOffset(eventsTopic(ledger));
    if (end > this.expectedOffset) {
      const fence = new Fenced(ledger);
      void this.close(fence);
      throw fence;
    }
  }

  /** Lets go of the producer. What it had begun is aborted by the next term, or by the broker in time. */
  async close(why = new Error(`This term of ${this.context.ledger} has ended: take a new one.`)): Promise<void> {
    this.#end ??= why;
    await this.producer.disconnect().catch(() => undefined);
  }
}

/** Somebody else's record or marker lies where ours should. Whether they may is for the writer to find out. */
class AppendedByAnother extends Error {
  constructor(ledger: string, offset: number, expected: number) {
    super(`Somebody else wrote to ${eventsTopic(ledger)}: at ${offset}, where ${expected} was expected.`);
    this.name = 'AppendedByAnother';
  }
}

/** @throws where the broker's clock, read at some moment between, is another one than ours */
function assertSameClock(sentAt: number, brokerAt: number, answeredAt: number): void {
  if (!(brokerAt > 0)) return;
  const [aheadMs, behindMs] = [sentAt - brokerAt, brokerAt - answeredAt];
  if (Math.max(aheadMs, behindMs) <= CLOCK_MS_MAX) return;
  throw new ClockIsWrong(
    `The clock of this machine is ${Math.max(aheadMs, behindMs)} ms ${aheadMs > 0 ? 'ahead of' : 'behind'} the broker's, ${CLOCK_MS_MAX} at most: set it right, by NTP.`,
  );
}

/** Alone, the producer does what it is told, in order, and learns the offset of everything. */
export function transactionalProducer(kafka: Kafka, transactionalId: string): KafkaProducer {
  return kafka.producer({
    transactionalId,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_MS_MAX,
    allowAutoTopicCreation: false,
    createPartitioner: () => () => 0,
  });
}

/** Does something in a transaction and commits it. Where anything throws, tries to abort, so that nobody waits for it. */
export async function inTransaction<T>(
  producer: KafkaProducer,
  patienceMs: number,
  act: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  // The first one of a producer ends whatever an earlier producer of this id has begun, and waits until it has ended.
  const transaction = await within(patienceMs, producer.transaction(), 'A new term');
  let done: T;
  try {
    done = await within(patienceMs, act(transaction), 'A transaction');
  } catch (error) {
    await within(ABORT_MS_MAX, transaction.abort(), 'An abort').catch(() => undefined);
    throw error;
  }
  try {
    await within(deadline - performance.now(), transaction.commit(), 'A commit');
  } catch (error) {
    // It may have been committed: whatever Kafka calls this, it is no refusal.
    throw new CommitUnknown(error);
  }
  return done;
}

export function patienceOf({ requestMsMax = REQUEST_MS_MAX }: { requestMsMax?: number | undefined }): number {
  return requestMsMax * PATIENCE;
}

class CommitUnknown extends Error {
  constructor(cause: unknown) {
    super(`A commit was not answered: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'CommitUnknown';
  }
}

const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
]);

export function isFence(error: unknown): boolean {
  return FENCED.has(kafkaErrorType(error) ?? '');
}

const HOPELESS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

/** What the writer should make of an error of Kafka's. */
function classified(error: unknown, ledger: string): Error {
  const type = kafkaErrorType(error) ?? '';
  if (error instanceof AppendedByAnother || isFence(error)) return new Fenced(ledger, { cause: error });
  if (HOPELESS.has(type) && !(error instanceof CommitUnknown)) {
    return new Refused(`Kafka says ${type}: it takes less than its settings should let it.`, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

function onlyOne(sent: readonly RecordMetadata[] | undefined): RecordMetadata {
  const [metadata] = sent ?? [];
  if (metadata?.baseOffset === undefined) throw new Error('Kafka took a record and did not say where it lies.');
  return metadata;
}

function* inPortions<M extends { value: Buffer }>(messages: readonly M[]): Generator<M[]> {
  let portion: M[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (portion.length > 0 && bytes + message.value.byteLength > REQUEST_BYTES_MAX) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(message);
    bytes += message.value.byteLength;
  }
  if (portion.length > 0) yield portion;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function termMarker(ledger: string): Buffer {
  const event = {
    specversion: '1.0',
    id: `${ledger}/term/${randomUUID()}`,
    source: `/ledgers/${ledger}`,
    type: TERM_TYPE,
  };
  return Buffer.from(JSON.stringify(event), 'utf8');
}
