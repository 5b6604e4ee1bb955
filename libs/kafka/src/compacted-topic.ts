/** READING a compacted topic of one partition from its beginning on: what committed transactions have written, in order. */
import type { Brokers, RawMessage } from './client.js';

const FETCH_BYTES_MAX = 1024 * 1024;
const POLL_MS = 20;

export class CompactedTopic {
  #offset = 0;
  readonly #open = new Map<string, RawMessage[]>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly topic: string,
    private readonly brokers: Brokers,
    private readonly keep: (message: RawMessage) => void,
  ) {}

  /** What was written by transactions that have not ended. */
  get pending(): readonly RawMessage[] {
    return [...this.#open.values()].flat();
  }

  /** Reads on to the end, as it is by then. */
  readOn(): Promise<void> {
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
      const { messages } = await this.brokers.fetch(this.topic, this.#offset, FETCH_BYTES_MAX, POLL_MS);
      if (messages.every(({ offset }) => Number(offset) < this.#offset)) return;
      for (const message of messages) this.#take(message);
    } while (this.#offset < (await this.brokers.endOffset(this.topic)));
  }

  #take(message: RawMessage): void {
    const offset = Number(message.offset);
    if (offset < this.#offset) return;
    this.#offset = offset + 1;
    const { producerId, inTransaction: isInTransaction } = message.batchContext;
    if (message.isControlRecord) {
      const committed = message.key?.readInt16BE(2) === 1;
      if (committed) for (const one of this.#open.get(producerId) ?? []) this.keep(one);
      this.#open.delete(producerId);
    } else if (isInTransaction) {
      const begun = this.#open.get(producerId) ?? [];
      begun.push(message);
      this.#open.set(producerId, begun);
    }
  }
}
