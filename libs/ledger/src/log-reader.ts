/** Reading the log for those who copy or check it: exact bytes, the record they say, private texts opened. */
import type { LedgerRecord, SealedText } from '#domain';
import { Unreadable, type Codec } from './codec.js';
import { openText, type MasterKey } from './keyring.js';
import type { LedgerStorage } from './storage.js';

export interface ReadRecord {
  record: LedgerRecord;
  /** The record's exact bytes in the log. */
  bytes: Uint8Array;
  /** Where the storage says that it lies. */
  place?: string;
}

/** What stands in place of a sealed text once it is opened; `text` is null where its key was destroyed. */
export interface OpenedText {
  private: true;
  text: string | null;
}

export class LogReader {
  constructor(
    readonly storage: LedgerStorage,
    private readonly codec: Codec,
    private readonly master: MasterKey,
  ) {}

  /**
   * Records after a sequence, in order; empty at the end of the log. What lies before one that cannot be read is given
   * away first, so that whoever copies the log comes as far as anybody.
   * @throws Unreadable @throws UnknownLedger
   */
  async read(ledger: string, after: number, limit: number): Promise<ReadRecord[]> {
    const entries: ReadRecord[] = [];
    for (const { sequence, bytes, place } of await this.storage.read(ledger, after, limit)) {
      try {
        const record = this.#decode(ledger, sequence, bytes);
        entries.push({ record, bytes, ...(place !== undefined && { place }) });
      } catch (error) {
        if (!(error instanceof Unreadable) || entries.length === 0) throw error;
        break;
      }
    }
    const keyids = new Set<string>();
    for (const { record } of entries) visitSealed(record.data, ({ keyid }) => keyids.add(keyid));
    if (keyids.size === 0) return entries;

    const wrapped = await this.storage.keys(ledger, [...keyids]);
    const keys = new Map(wrapped.map((key) => [key.keyid, this.master.unwrap(ledger, key)]));
    const open = (sealed: SealedText): OpenedText => {
      const key = keys.get(sealed.keyid);
      return { private: true, text: key === undefined ? null : openText(key, sealed) };
    };
    return entries.map((entry) => {
      const data = replaceSealed(entry.record.data, open);
      return { ...entry, record: { ...entry.record, data } as LedgerRecord };
    });
  }

  #decode(ledger: string, sequence: number, bytes: Uint8Array): LedgerRecord {
    try {
      const record = this.codec.decode(bytes);
      if (record.ledger === ledger && record.sequence === sequence) return record;
      throw new Unreadable(`It says that it is ${record.ledger}/${record.sequence}.`);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      throw new Unreadable(
        `Record ${sequence} of the ledger ${ledger} cannot be read: ${error.message} If a newer version wrote it, run that one; if not, find out who wrote it before anything else is written.`,
        { cause: error },
      );
    }
  }
}

function isSealed(value: object): value is SealedText {
  const { enc, nonce, keyid, keyhash } = value as Partial<SealedText>;
  return [enc, nonce, keyid, keyhash].every((part) => typeof part === 'string');
}

function visitSealed(value: unknown, visit: (sealed: SealedText) => void): void {
  if (value === null || typeof value !== 'object') return;
  if (isSealed(value)) visit(value);
  else for (const inner of Object.values(value)) visitSealed(inner, visit);
}

function replaceSealed(value: unknown, open: (sealed: SealedText) => OpenedText): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((inner) => replaceSealed(inner, open));
  if (isSealed(value)) return open(value);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaceSealed(inner, open)]));
}
