/**
 * THE KEYS OF A LEDGER on Kafka, each wrapped by the master key: a compacted topic whose message keys are key ids. A key
 * never changes; one that is destroyed is followed by an empty message.
 *
 * The first key, the digest key, is written by whoever makes the ledger. Of two who try at once one must win, so making
 * has a transactional id of its own: who comes later ends the earlier one's transaction, then reads, and finds a key or not.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { WrappedKey } from '#ledger';
import { kafkaErrorType, within, type Brokers, type RawMessage } from './client.js';
import { inTransaction, isFence, patienceOf, transactionalProducer } from './term.js';
import { keysTopic } from './topics.js';

const FETCH_BYTES_MAX = 1024 * 1024;
const MARKER_MS_MAX = 5_000;
const POLL_MS = 20;
/** How often one who is ended by another maker looks again, and how long it leaves that one alone before. */
const ATTEMPTS_MAX = 10;
const TRUCE_MS_MAX = 300;

/** What a ledger's keys topic says, as far as it was read. */
export class LedgerKeys {
  readonly #topic: string;
  #offset = 0;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #open = new Map<string, RawMessage[]>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    ledger: string,
    private readonly brokers: Brokers,
  ) {
    this.#topic = keysTopic(ledger);
  }

  /**
   * Those of the asked ones that there are. Kafka is asked where one is not known yet. A record can be seen a moment before
   * the key that was committed with it: that moment is waited for, or the key would be taken for a destroyed one.
   */
  async get(keyids: readonly string[]): Promise<WrappedKey[]> {
    const deadline = performance.now() + MARKER_MS_MAX;
    while (keyids.some((keyid) => !this.#keys.has(keyid))) {
      await this.#readOn();
      if (!this.#isPending(keyids)) break;
      if (performance.now() > deadline)
        throw new Error(`A transaction on ${this.#topic} does not end: its keys are not known yet.`);
    }
    return keyids.flatMap((keyid) => {
      const wrapped = this.#keys.get(keyid);
      return wrapped === undefined ? [] : [{ keyid, wrapped }];
    });
  }

  #isPending(keyids: readonly string[]): boolean {
    const written = [...this.#open.values()].flat().map(({ key }) => key?.toString('utf8') ?? '');
    return written.some((keyid) => keyids.includes(keyid) && !this.#keys.has(keyid));
  }

  #readOn(): Promise<void> {
    const turn = this.#turn.then(
      () => this.#readToEnd(),
      () => this.#readToEnd(),
    );
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #readToEnd(): Promise<void> {
    do {
      // Compaction leaves holes, at the end of the topic too: an empty answer is the end.
      const { messages } = await this.brokers.fetch(this.#topic, this.#offset, FETCH_BYTES_MAX, POLL_MS);
      if (messages.every(({ offset }) => Number(offset) < this.#offset)) return;
      for (const message of messages) this.#take(message);
    } while (this.#offset < (await this.brokers.endOffset(this.#topic)));
  }

  #take(message: RawMessage): void {
    const offset = Number(message.offset);
    if (offset < this.#offset) return;
    this.#offset = offset + 1;
    const { producerId, inTransaction: isInTransaction } = message.batchContext;
    if (message.isControlRecord) {
      const committed = message.key?.readInt16BE(2) === 1;
      if (committed) for (const one of this.#open.get(producerId) ?? []) this.#keep(one);
      this.#open.delete(producerId);
    } else if (isInTransaction) {
      this.#open.set(producerId, [...(this.#open.get(producerId) ?? []), message]);
    }
  }

  #keep({ key, value }: RawMessage): void {
    const keyid = key?.toString('utf8') ?? '';
    if (value === null) this.#keys.delete(keyid);
    else if (!this.#keys.has(keyid)) this.#keys.set(keyid, Buffer.from(value));
  }
}

/** Writes the first keys of a ledger unless they are there. The topic must exist. */
export async function writeFirstKeys(
  context: { kafka: Kafka; brokers: Brokers; requestMsMax?: number | undefined },
  ledger: string,
  keys: readonly WrappedKey[],
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await tryToWriteFirstKeys(context, ledger, keys);
      return;
    } catch (error) {
      // The topic is there; a broker may not have heard of it yet.
      const isNew = kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';
      if (!(isFence(error) || isNew) || attempt === ATTEMPTS_MAX) throw error;
      await pause(Math.random() * TRUCE_MS_MAX);
    }
  }
}

async function tryToWriteFirstKeys(
  context: { kafka: Kafka; brokers: Brokers; requestMsMax?: number | undefined },
  ledger: string,
  keys: readonly WrappedKey[],
): Promise<void> {
  const topic = keysTopic(ledger);
  const patienceMs = patienceOf(context);
  const producer = transactionalProducer(context.kafka, topic);
  try {
    await within(patienceMs, producer.connect(), 'A connection');
    await inTransaction(producer, patienceMs, async (transaction) => {
      const there = await new LedgerKeys(ledger, context.brokers).get(keys.map(({ keyid }) => keyid));
      const missing = keys.filter(({ keyid }) => there.every((one) => one.keyid !== keyid));
      if (missing.length === 0) return;
      const messages = missing.map(({ keyid, wrapped }) => ({ key: keyid, value: Buffer.from(wrapped) }));
      await transaction.send({ topic, acks: -1, messages });
    });
  } finally {
    void producer.disconnect().catch(() => undefined);
  }
}
