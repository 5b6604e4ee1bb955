/**
 * READING one ledger's topic: from any sequence on, forward, counted records only. Kafka knows offsets and readers know
 * sequences, so some places are remembered where reading can begin again; nothing of it is needed to be right, only to
 * be quick.
 */
import { Unreadable, type StoredRecord } from '#ledger';
import { Acceptance, sequenceOf, type Foreign, type Progress } from './acceptance.js';
import { kafkaErrorType, type Brokers, type RawMessage } from './client.js';
import { eventsTopic } from './topics.js';

const FETCH_BYTES_MAX = 1024 * 1024;
/** How many records apart places are remembered. */
const PLACE_EVERY = 1_000;
/**
 * A transaction of the ledger's writer that is open at the end of the topic is over in milliseconds: commits are
 * acknowledged a moment before their marker is written. Only its writer's death leaves it open for longer.
 */
const MARKER_MS_MAX = 500;

interface Cursor {
  acceptance: Acceptance;
  /** Counted and not yet given to anybody. */
  ready: StoredRecord[];
}

export class LedgerLog {
  readonly #topic: string;
  /** Where reading can begin, in order; the first is the beginning. */
  readonly #places: Progress[] = [{ offset: 0, sequence: 0, producer: undefined }];
  #cursor: Cursor;
  /** Reads go one after another: they share the cursor. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ledger: string,
    private readonly brokers: Brokers,
    private readonly onForeign: (foreign: Foreign) => void,
    private readonly commitFilter = true,
  ) {
    this.#topic = eventsTopic(ledger);
    this.#cursor = this.#beginning({ offset: 0, sequence: 0, producer: undefined });
  }

  /** Counted records after a sequence; `place` is where the first of them lies, if it is known. */
  read(after: number, limit: number, place?: string): Promise<StoredRecord[]> {
    return this.#inTurn(async () => {
      if (!(await this.#moveTo(after, place))) return [];
      const { ready } = this.#cursor;
      let bytes = 0;
      while (ready.length < limit && bytes < FETCH_BYTES_MAX) {
        const before = ready.length;
        if (!(await this.#fetchWhatIsReadable(ready))) break;
        for (const record of ready.slice(before)) bytes += record.bytes.byteLength;
      }
      return ready.splice(0, limit);
    });
  }

  /** The last sequence that counts. */
  end(): Promise<number> {
    return this.#inTurn(async () => {
      const { acceptance } = this.#cursor;
      // What is read on the way is read again by whoever wants it: the cursor stays where its reader left it.
      const scout = this.#beginning(this.#latestPlace(acceptance));
      while (await this.#fetch(scout)) scout.ready.length = 0;
      return scout.acceptance.progress.sequence;
    });
  }

  /** How many records follow a sequence, about: exact where it is 0. */
  async behind(after: number): Promise<number> {
    const end = await this.brokers.endOffset(this.#topic);
    const { acceptance, ready } = this.#cursor;
    const { offset, sequence } = acceptance.progress;
    // An acknowledged commit is marked a moment later.
    const unmarked = acceptance.isOwnerAmidst ? 1 : 0;
    return Math.max(0, end - offset) + unmarked + ready.length + Math.max(0, sequence - ready.length - after);
  }

  /** A place where everything before is known to have ended, such as behind one's own commit. */
  #remember(place: Progress): void {
    const last = this.#places.at(-1);
    if (last === undefined || place.sequence - last.sequence >= PLACE_EVERY) this.#places.push(place);
  }

  /** False where the log does not go that far. */
  async #moveTo(after: number, place: string | undefined): Promise<boolean> {
    const { ready, acceptance } = this.#cursor;
    const at = (ready[0]?.sequence ?? acceptance.progress.sequence + 1) - 1;
    if (at === after) return true;
    // Even a cursor on the way there may have far to go.
    const hinted = place === undefined ? undefined : await this.#openAt(Number(place), after + 1);
    if (hinted !== undefined) this.#cursor = hinted;
    else {
      const known = this.#placeBefore(after);
      const isOnTheWay = at <= after && at >= known.sequence;
      if (!isOnTheWay) this.#cursor = this.#beginning(known);
    }
    // Forward over what the reader has already.
    for (;;) {
      const { ready: some } = this.#cursor;
      const skipped = some.findIndex(({ sequence }) => sequence > after);
      some.splice(0, skipped === -1 ? some.length : skipped);
      if (some.length > 0 || this.#cursor.acceptance.progress.sequence >= after) return true;
      if (!(await this.#fetch())) return false;
    }
  }

  /** A cursor at a record that once was there, if it still is. */
  async #openAt(offset: number, sequence: number): Promise<Cursor | undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0) return undefined;
    const end = await this.brokers.endOffset(this.#topic);
    if (offset >= end) return undefined;
    const { messages } = await this.brokers.fetch(this.#topic, offset, 1, 0);
    const message = messages.find((one) => Number(one.offset) === offset);
    if (message === undefined || sequenceOf(message) !== sequence) return undefined;
    return { acceptance: Acceptance.at(this.ledger, message, sequence, this.commitFilter), ready: [] };
  }

  #beginning(from: Progress): Cursor {
    return { acceptance: new Acceptance(this.ledger, from, this.commitFilter), ready: [] };
  }

  /** What lies before something unreadable is given away first; that is met again by the next reader. */
  async #fetchWhatIsReadable(ready: readonly StoredRecord[]): Promise<boolean> {
    try {
      return await this.#fetch();
    } catch (error) {
      if (error instanceof Unreadable && ready.length > 0) return false;
      throw error;
    }
  }

  /** Takes the next portion into a cursor. False at the end of the topic. */
  async #fetch(cursor = this.#cursor): Promise<boolean> {
    const { acceptance, ready } = cursor;
    const deadline = performance.now() + MARKER_MS_MAX;
    for (;;) {
      const { offset } = acceptance.progress;
      const waitMs = acceptance.isOwnerAmidst ? Math.max(1, deadline - performance.now()) : 0;
      for (const message of await this.#fetchFrom(offset, waitMs)) {
        const { counted, foreign } = acceptance.take(message);
        for (const record of counted) {
          ready.push({ sequence: record.sequence, bytes: record.bytes, place: String(record.offset) });
        }
        for (const one of foreign) this.onForeign(one);
        if (counted.length > 0 && !acceptance.isAmidst) this.#remember(acceptance.progress);
      }
      if (acceptance.progress.offset > offset) return true;
      if (!acceptance.isOwnerAmidst || performance.now() >= deadline) return false;
    }
  }

  async #fetchFrom(offset: number, waitMs: number): Promise<RawMessage[]> {
    try {
      return (await this.brokers.fetch(this.#topic, offset, FETCH_BYTES_MAX, Math.floor(waitMs))).messages;
    } catch (error) {
      if (kafkaErrorType(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
      throw new Unreadable(
        `its topic ${this.#topic} has no offset ${offset}, up to which this process saw it: it was replaced or cut. Restore it, then start the process anew.`,
        { cause: error },
      );
    }
  }

  #placeBefore(sequence: number): Progress {
    return (
      this.#places.findLast((place) => place.sequence <= sequence) ?? { offset: 0, sequence: 0, producer: undefined }
    );
  }

  #latestPlace({ isAmidst, progress }: Acceptance): Progress {
    const last = this.#places.at(-1);
    if (!isAmidst && progress.sequence >= (last?.sequence ?? 0)) return progress;
    return this.#placeBefore(Number.MAX_SAFE_INTEGER);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act, act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
