/** Reading the log for those who copy or check it: exact bytes, the record they say, private texts opened. */
import type { LedgerRecord, SealedText } from '#domain';
import type { Codec } from './codec.js';
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

  /** Records after a sequence, in order; empty at the end of the log. @throws Unreadable @throws UnknownLedger */
  async read(ledger: string, after: number, limit: number): Promise<ReadRecord[]> {
    const stored = await this.storage.read(ledger, after, limit);
    const entries = stored.map(({ bytes, place }) => ({
      record: this.codec.decode(bytes),
      bytes,
      ...(place !== undefined && { place }),
    }));
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
