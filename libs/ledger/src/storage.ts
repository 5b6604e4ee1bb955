/**
 * The port between the writer and whatever keeps the log. An implementation is thin: it stores bytes in order, fences
 * former owners, and tells its callers in which of three ways an append failed. `contract.ts` is the test of every one.
 */

/** A record as it lies in the log: the exact bytes of its CloudEvent. */
export interface StoredRecord {
  sequence: number;
  bytes: Uint8Array;
  /** Where it lies, in the storage's own words, if finding it again could take long. A hint: see `read`. */
  place?: string;
}

/** A key of a ledger (its digest key, or a data key of private text), wrapped by the master key. */
export interface WrappedKey {
  keyid: string;
  wrapped: Uint8Array;
}

export interface LedgerStorage {
  /** The names of the ledgers that exist here. */
  ledgers(): Promise<string[]>;

  /** Makes room for a ledger, with its first keys. Where it exists already, nothing changes and its keys stay. */
  create(ledger: string, keys: WrappedKey[]): Promise<void>;

  /** The wrapped keys of these ids; those that do not exist (any more) are left out. */
  keys(ledger: string, keyids: string[]): Promise<WrappedKey[]>;

  /**
   * Takes a new term: from its return on, no append of an earlier term can become visible, and every one that was
   * under way is either visible or gone. So take the term first, then read.
   * @throws UnknownLedger @throws NotNow
   */
  takeTerm(ledger: string): Promise<Term>;

  /**
   * Committed records after a sequence, in order without gaps; at most `limit` (default 1,000). Anybody may read.
   * `place` is what an earlier read said of the first of them: it spares a search, and is no harm if it is wrong.
   * @throws MissingRecords where one is not there that others follow
   */
  read(ledger: string, after: number, limit?: number, place?: string): Promise<StoredRecord[]>;

  /** The newest snapshot that was kept whole, as it was kept. Parts that are missing or changed are for the caller to find. */
  snapshot(ledger: string): Promise<{ manifest: Uint8Array; parts: AsyncIterable<Uint8Array> } | undefined>;

  /** The sequence of the last committed record, 0 for none. @throws UnknownLedger */
  end(ledger: string): Promise<number>;

  /** How many records follow a sequence: about, but 0 only where there is none. @throws UnknownLedger */
  behind(ledger: string, after: number): Promise<number>;

  /** Calls back (coalesced, at least once) soon after records were appended to any ledger. Returns what ends it. */
  onAppend(notify: (ledger: string) => void): () => void;

  /** Lets go of connections. */
  close(): Promise<void>;
}

/** The right to write a ledger, until somebody takes the next term. */
export interface Term {
  /** Rises with every term of the ledger. */
  readonly number: number;

  /**
   * Makes the records (`first`, `first` + 1 …) and keys durable, all of them or none.
   * @throws Fenced    a later term was taken; nothing was written
   * @throws Refused   this very batch can never be written; nothing was written
   * @throws NotNow    nothing can be written at the moment; nothing was written
   * @throws anything else: in doubt; it may be written, now or later. Take a new term before reading.
   * Returns where the last of them lies, as `read` would say.
   */
  append(first: number, records: readonly Uint8Array[], keys: readonly WrappedKey[]): Promise<string | undefined>;

  /** Keeps a part (0, 1 …) of a snapshot of that name; nobody sees it before the snapshot is kept. @throws as `append` */
  keepPart(snapshot: string, part: number, bytes: Uint8Array): Promise<void>;

  /** Makes a snapshot whose parts are all kept the ledger's newest, in place of any other. @throws as `append` */
  keepSnapshot(snapshot: string, manifest: Uint8Array): Promise<void>;

  /** Returns if this term was still the newest at a moment after the call. @throws Fenced, or anything else: in doubt. */
  prove(): Promise<void>;
}

/** A later term was taken: this one can write no more. */
export class Fenced extends Error {
  constructor(ledger: string, options?: ErrorOptions) {
    super(`Another process took over the ledger ${ledger}.`, options);
    this.name = 'Fenced';
  }
}

/** The storage will never take these bytes, however often they are sent. */
export class Refused extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The storage refuses this record: ${reason}`, options);
    this.name = 'Refused';
  }
}

/**
 * Nothing can be written for now, and this call wrote nothing. It passes, and the term stays what it was. The message says
 * why and what to do.
 */
export class NotNow extends Error {
  constructor(
    /** `storage-full`: somebody has to make room; `unavailable`: it comes back by itself. */
    readonly code: 'unavailable' | 'storage-full',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'NotNow';
  }
}

export class UnknownLedger extends Error {
  constructor(readonly ledger: string) {
    super(`There is no ledger ${ledger}. An admin opens it with POST /v1/ledgers/${ledger}/open.`);
    this.name = 'UnknownLedger';
  }
}

/** Somebody took records out of the log, or wrote past its end: what should come next is not there, and a later one is. */
export class MissingRecords extends Error {
  constructor(
    readonly ledger: string,
    readonly expected: number,
    readonly found: number,
  ) {
    super(`The log of ${ledger} was damaged: ${expected} should follow, and ${found} does.`);
    this.name = 'MissingRecords';
  }
}
