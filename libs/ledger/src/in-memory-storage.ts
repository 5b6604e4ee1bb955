/** The log in memory, for tests of everything above the port. What several processes share is a `SharedMemory`. */
import { Fenced, UnknownLedger, type LedgerStorage, type StoredRecord, type Term, type WrappedKey } from './storage.js';

interface MemoryLedger {
  term: number;
  records: Uint8Array[];
  keys: Map<string, Uint8Array>;
  parts: Map<string, Uint8Array[]>;
  snapshot?: { name: string; manifest: Uint8Array };
}

/** The log itself, which outlives the storages opened on it as a disk outlives processes. */
export class SharedMemory {
  readonly ledgers = new Map<string, MemoryLedger>();
  readonly listeners = new Set<(ledger: string) => void>();
}

export class InMemoryStorage implements LedgerStorage {
  readonly #listening = new Set<(ledger: string) => void>();

  constructor(private readonly shared: SharedMemory = new SharedMemory()) {}

  async ledgers(): Promise<string[]> {
    return [...this.shared.ledgers.keys()].sort();
  }

  async create(ledger: string, keys: WrappedKey[]): Promise<void> {
    if (this.shared.ledgers.has(ledger)) return;
    const kept = new Map(keys.map(({ keyid, wrapped }) => [keyid, wrapped]));
    this.shared.ledgers.set(ledger, { term: 0, records: [], keys: kept, parts: new Map() });
  }

  async keys(ledger: string, keyids: string[]): Promise<WrappedKey[]> {
    const { keys } = this.#ledger(ledger);
    return keyids.flatMap((keyid) => {
      const wrapped = keys.get(keyid);
      return wrapped === undefined ? [] : [{ keyid, wrapped }];
    });
  }

  async takeTerm(ledger: string): Promise<Term> {
    const kept = this.#ledger(ledger);
    kept.term += 1;
    const number = kept.term;
    const { listeners } = this.shared;
    const proveNow = (): void => {
      if (kept.term !== number) throw new Fenced(ledger);
    };
    return {
      number,
      async append(first, records, keys) {
        proveNow();
        if (first !== kept.records.length + 1)
          throw new Error(`Expected sequence ${kept.records.length + 1}, not ${first}.`);
        kept.records.push(...records.map((bytes) => Uint8Array.from(bytes)));
        for (const { keyid, wrapped } of keys) kept.keys.set(keyid, wrapped);
        for (const notify of listeners) setImmediate(notify, ledger);
        return undefined;
      },
      async keepPart(snapshot, part, bytes) {
        proveNow();
        const parts = kept.parts.get(snapshot) ?? [];
        parts[part] = Uint8Array.from(bytes);
        kept.parts.set(snapshot, parts);
      },
      async keepSnapshot(name, manifest) {
        proveNow();
        kept.snapshot = { name, manifest: Uint8Array.from(manifest) };
        for (const other of kept.parts.keys()) if (other !== name) kept.parts.delete(other);
      },
      async prove() {
        proveNow();
      },
    };
  }

  async read(ledger: string, after: number, limit = 1_000): Promise<StoredRecord[]> {
    return this.#ledger(ledger)
      .records.slice(after, after + limit)
      .map((bytes, index) => ({ sequence: after + index + 1, bytes: Uint8Array.from(bytes) }));
  }

  async snapshot(ledger: string): ReturnType<LedgerStorage['snapshot']> {
    const { snapshot, parts } = this.#ledger(ledger);
    if (snapshot === undefined) return undefined;
    const own = parts.get(snapshot.name) ?? [];
    async function* some(): AsyncGenerator<Uint8Array> {
      yield* own;
    }
    return { manifest: snapshot.manifest, parts: some() };
  }

  async end(ledger: string): Promise<number> {
    return this.#ledger(ledger).records.length;
  }

  async behind(ledger: string, after: number): Promise<number> {
    return Math.max(0, this.#ledger(ledger).records.length - after);
  }

  onAppend(notify: (ledger: string) => void): () => void {
    this.#listening.add(notify);
    this.shared.listeners.add(notify);
    return () => {
      this.#listening.delete(notify);
      this.shared.listeners.delete(notify);
    };
  }

  async close(): Promise<void> {
    for (const notify of this.#listening) this.shared.listeners.delete(notify);
    this.#listening.clear();
  }

  #ledger(ledger: string): MemoryLedger {
    const kept = this.shared.ledgers.get(ledger);
    if (kept === undefined) throw new UnknownLedger(ledger);
    return kept;
  }
}
