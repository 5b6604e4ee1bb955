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
import { CompactedTopic } from './compacted-topic.js';
import { inTransaction, isFence, patienceOf, transactionalProducer } from './term.js';
import { keysTopic } from './topics.js';

const MARKER_MS_MAX = 5_000;
/** How often one who is ended by another maker looks again, and how long it leaves that one alone before. */
const ATTEMPTS_MAX = 10;
const TRUCE_MS_MAX = 300;

/** What a ledger's keys topic says, as far as it was read. */
export class LedgerKeys {
  readonly #topic: CompactedTopic;
  readonly #keys = new Map<string, Uint8Array>();

  constructor(
    private readonly ledger: string,
    brokers: Brokers,
  ) {
    this.#topic = new CompactedTopic(keysTopic(ledger), brokers, (message) => this.#keep(message));
  }

  /**
   * Those of the asked ones that there are. Kafka is asked where one is not known yet. A record can be seen a moment before
   * the key that was committed with it: that moment is waited for, or the key would be taken for a destroyed one.
   */
  async get(keyids: readonly string[]): Promise<WrappedKey[]> {
    const deadline = performance.now() + MARKER_MS_MAX;
    while (keyids.some((keyid) => !this.#keys.has(keyid))) {
      await this.#topic.readOn();
      if (!this.#isPending(keyids)) break;
      if (performance.now() > deadline)
        throw new Error(`A transaction on ${keysTopic(this.ledger)} does not end: its keys are not known yet.`);
    }
    return keyids.flatMap((keyid) => {
      const wrapped = this.#keys.get(keyid);
      return wrapped === undefined ? [] : [{ keyid, wrapped }];
    });
  }

  #isPending(keyids: readonly string[]): boolean {
    const written = this.#topic.pending.map(({ key }) => key?.toString('utf8') ?? '');
    return written.some((keyid) => keyids.includes(keyid) && !this.#keys.has(keyid));
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
