/**
 * SNAPSHOTS: what is committed, written down between rounds and read back by the next term. They are a shortcut and never
 * the truth: one that does not fit (another version, another log, a part missing) is passed over, and the log is read from
 * its first record.
 */
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Committed, sha256, Unfit, type Snapshot, type SnapshotManifest } from './committed.js';
import type { LedgerStorage, Term } from './storage.js';

const [pack, unpack] = [promisify(gzip), promisify(gunzip)];
/** Of a fast machine's time a sixth, for a fifth of the bytes. */
const PACKING = { level: 1 };

/** After so many records a snapshot is worth its writing: ever more, the larger the ledger is. */
export function snapshotDueAfter(end: number): number {
  return Math.min(200_000, Math.max(20_000, Math.floor(end / 10)));
}

/** A snapshot that is being written down. */
export class SnapshotInProgress {
  readonly #name = randomUUID();
  #part = 0;

  constructor(private readonly snapshot: Snapshot) {}

  get sequence(): number {
    return this.snapshot.sequence;
  }

  /** Writes one part more, or the manifest, which is the last of all. True once all is written. @throws as `Term.append` */
  async writeOn(term: Term): Promise<boolean> {
    const part = this.snapshot.next();
    if (part === undefined) {
      await term.keepSnapshot(this.#name, Buffer.from(JSON.stringify(this.snapshot.manifest()), 'utf8'));
      return true;
    }
    await term.keepPart(this.#name, this.#part, await pack(part, PACKING));
    this.#part += 1;
    return false;
  }
}

/**
 * What the newest snapshot of a ledger holds, if it fits the log; else nothing, as of a log of which nothing was read.
 * `tell` hears why a snapshot was passed over.
 */
export async function recall(
  storage: LedgerStorage,
  ledger: string,
  tell: (message: string) => void,
): Promise<Committed> {
  try {
    const kept = await storage.snapshot(ledger);
    if (kept === undefined) return new Committed(ledger);
    const manifest = JSON.parse(Buffer.from(kept.manifest).toString('utf8')) as SnapshotManifest;
    const committed = await Committed.restore(ledger, manifest, unpacked(kept.parts));
    const { sequence, record, place } = manifest;
    const [last] = await storage.read(ledger, sequence - 1, 1, place);
    if (last === undefined || sha256(last.bytes) !== record)
      throw new Unfit(`record ${sequence} of the log is another`);
    committed.moveTo(manifest.recordedtime, last.bytes, last.place);
    return committed;
  } catch (error) {
    tell(
      `The ledger ${ledger} is read from its first record, because its snapshot could not be used: ${error instanceof Error ? error.message : String(error)}`,
    );
    return new Committed(ledger);
  }
}

async function* unpacked(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const part of parts) yield unpack(part);
}
