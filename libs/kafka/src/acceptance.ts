/**
 * WHICH RECORDS COUNT, decided from the bytes of the topic alone, the same for every reader (docs/consume.md):
 * 1. A record is looked at when the COMMIT marker of its producer's transaction is seen, never when ABORT is.
 * 2. A term marker makes its producer (id and epoch) the current one.
 * 3. A record counts iff the current producer wrote it and its sequence is the next one.
 * 4. Everything else is foreign: quarantined, named, never counted.
 *
 * The transactions are followed here because no client's own filter can be trusted with it: that of kafkajs passes aborted
 * records where producers meet and takes a record with the key 00 00 00 00 for a marker (docs/adr/0007).
 */
import { Unreadable } from '#ledger';
import type { RawMessage } from './client.js';

/** Type of the marker with which a term begins: a CloudEvent without `sequence`, no part of the ledger's history. */
export const TERM_TYPE = 'incident-ledger.term';
/** Header that repeats the record's sequence: 20 digits, as in the record. Named as CloudEvents names such headers. */
export const SEQUENCE_HEADER = 'ce_sequence';
export const TYPE_HEADER = 'ce_type';

/** Who writes: the id that the transactional id has, and the epoch that every new term raises. */
export interface Producer {
  id: string;
  epoch: number;
}

export interface Counted {
  sequence: number;
  offset: number;
  bytes: Uint8Array;
}

/** A record on the topic that the ledger did not write. */
export interface Foreign {
  offset: number;
  why: string;
}

interface Transaction {
  kept: RawMessage[];
  foreign: number[];
}

/** Of one transaction; for more nobody would look. */
const FOREIGN_MAX = 1_000;
const NO_TERM = 'its producer does not hold the current term';

/** What has been understood of a topic up to an offset. */
export interface Progress {
  /** Everything before it was looked at. */
  offset: number;
  /** The last sequence that counted. */
  sequence: number;
  /** Whose records count. */
  producer: Producer | undefined;
}

/** Follows a topic, message by message, in the order of its offsets. */
export class Acceptance {
  #offset: number;
  #sequence: number;
  #producer: Producer | undefined;
  /** Transactions that have not ended, by the id of their producer. */
  readonly #open = new Map<string, Transaction>();

  constructor(
    private readonly ledger: string,
    from: Progress = { offset: 0, sequence: 0, producer: undefined },
    private readonly commitFilter = true,
  ) {
    this.#offset = from.offset;
    this.#sequence = from.sequence;
    this.#producer = from.producer;
  }

  get progress(): Progress {
    return { offset: this.#offset, sequence: this.#sequence, producer: this.#producer };
  }

  /** Whether some transaction has begun and not ended: then reading cannot be begun here. */
  get isAmidst(): boolean {
    return this.#open.size > 0;
  }

  /** Whether the ledger's own writer, a new one included, is in the middle of a transaction. */
  get isOwnerAmidst(): boolean {
    return [...this.#open].some(([id, { kept }]) => id === this.#producer?.id || kept.some(isTermMarker));
  }

  /** Begins in the middle: at the record of this sequence, which is known to have counted. */
  static at(ledger: string, message: RawMessage, sequence: number, commitFilter = true): Acceptance {
    const from = { offset: Number(message.offset), sequence: sequence - 1, producer: producerOf(message) };
    return new Acceptance(ledger, from, commitFilter);
  }

  /**
   * @throws Unreadable for a record of ours that cannot be understood: nothing after it may be counted. Whoever goes on
   * nevertheless meets it again.
   */
  take(message: RawMessage): { counted: Counted[]; foreign: Foreign[] } {
    const offset = Number(message.offset);
    const taken: { counted: Counted[]; foreign: Foreign[] } = { counted: [], foreign: [] };
    // A fetch begins with the whole batch that the offset lies in.
    if (offset < this.#offset) return taken;
    const { producerId, inTransaction } = message.batchContext;
    if (message.isControlRecord) {
      const ended = this.#open.get(producerId);
      if (ended !== undefined && isCommit(message)) {
        for (const one of ended.foreign) taken.foreign.push({ offset: one, why: NO_TERM });
        this.#judgeAll(ended.kept, taken);
      }
      this.#open.delete(producerId);
    } else if (inTransaction && !this.commitFilter) {
      this.#judgeAll([message], taken);
    } else if (inTransaction) {
      const begun = this.#open.get(producerId) ?? { kept: [], foreign: [] };
      this.#open.set(producerId, begun);
      // What cannot count however its transaction ends is not kept: somebody may write a lot, and never end.
      const mayCount = producerId === this.#producer?.id || begun.kept.length > 0 || isTermMarker(message);
      if (mayCount) begun.kept.push(message);
      else if (begun.foreign.length < FOREIGN_MAX) begun.foreign.push(offset);
    } else {
      taken.foreign.push({ offset, why: 'it was written outside of any transaction' });
    }
    this.#offset = offset + 1;
    return taken;
  }

  #judgeAll(messages: readonly RawMessage[], taken: { counted: Counted[]; foreign: Foreign[] }): void {
    const { sequence, producer } = this.progress;
    try {
      for (const message of messages) this.#judge(message, taken);
    } catch (error) {
      this.#sequence = sequence;
      this.#producer = producer;
      throw error;
    }
  }

  #judge(message: RawMessage, { counted, foreign }: { counted: Counted[]; foreign: Foreign[] }): void {
    const offset = Number(message.offset);
    if (isTermMarker(message)) {
      this.#producer = producerOf(message);
      return;
    }
    const { id, epoch } = producerOf(message);
    if (id !== this.#producer?.id || epoch !== this.#producer.epoch) {
      foreign.push({ offset, why: NO_TERM });
      return;
    }
    const sequence = sequenceOf(message);
    if (sequence === undefined || message.value === null) {
      throw new Unreadable(
        `The record at offset ${offset} of the ledger ${this.ledger} was written by its own writer, but it says no sequence: ask for help before anything else is written.`,
      );
    }
    if (sequence !== this.#sequence + 1) {
      foreign.push({ offset, why: `its sequence is ${sequence}, and ${this.#sequence + 1} is the next` });
      return;
    }
    this.#sequence = sequence;
    counted.push({ sequence, offset, bytes: message.value });
  }
}

/** The sequence that a message claims for itself. */
export function sequenceOf({ headers }: RawMessage): number | undefined {
  const text = headers[SEQUENCE_HEADER]?.toString();
  return text !== undefined && /^\d{20}$/.test(text) ? Number(text) : undefined;
}

function producerOf({ batchContext }: RawMessage): Producer {
  return { id: batchContext.producerId, epoch: batchContext.producerEpoch };
}

function isTermMarker({ headers }: RawMessage): boolean {
  return headers[TYPE_HEADER]?.toString() === TERM_TYPE;
}

/** A marker's key: version and type, two bytes each; type 0 is ABORT, 1 is COMMIT. */
function isCommit({ key }: RawMessage): boolean {
  return key !== null && key.byteLength >= 4 && key.readInt16BE(2) === 1;
}
