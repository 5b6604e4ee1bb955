/**
 * IS A SNAPSHOT WHAT IT SHOULD BE: the newest one with the records behind it, held byte for byte against the whole log folded
 * from its first record. A writer that goes on from a snapshot decides on what is in it.
 */
import { Committed, recall, type Codec, type LedgerStorage } from '#ledger';
import type { Progress } from '#runtime';

export interface SnapshotVerdict {
  outcome: 'same' | 'differs' | 'passed-over' | 'none';
  /** The last record that was folded on both ways. */
  asOf: number;
  /** The last record in the snapshot; 0 where there is none that fits. */
  snapshotAt: number;
  /** Why, where it is not as it should be. */
  why?: string;
}

interface Asked {
  ledger: string;
  storage: LedgerStorage;
  codec: Codec;
  progress: Progress;
  signal: AbortSignal;
}

export async function verifySnapshot(asked: Asked): Promise<SnapshotVerdict> {
  const { ledger, storage, progress } = asked;
  const asOf = await storage.end(ledger);
  if ((await storage.snapshot(ledger)) === undefined) return { outcome: 'none', asOf, snapshotAt: 0 };
  let why: string | undefined;
  const recalled = await recall(storage, ledger, (message) => (why = message));
  const snapshotAt = recalled.end;
  if (why !== undefined) return { outcome: 'passed-over', asOf, snapshotAt, why };
  await fold(recalled, Math.max(asOf, snapshotAt), asked);
  const whole = new Committed(ledger);
  await fold(whole, recalled.end, asked);
  progress.tell(`${ledger}: folded ${recalled.end} records, and those behind ${snapshotAt} onto the snapshot.`);
  const difference = differenceOf(recalled, whole);
  return difference === undefined
    ? { outcome: 'same', asOf: recalled.end, snapshotAt }
    : { outcome: 'differs', asOf: recalled.end, snapshotAt, why: difference };
}

async function fold(committed: Committed, until: number, { storage, codec, progress, signal }: Asked): Promise<void> {
  while (committed.end < until) {
    signal.throwIfAborted();
    const stored = await storage.read(committed.ledger, committed.end, Math.min(1_000, until - committed.end));
    if (stored.length === 0) throw new Error(`The log of ${committed.ledger} ended before record ${until}.`);
    for (const { bytes, place } of stored) committed.fold(codec.decode(bytes), bytes, place);
    progress.copied(committed.end, until);
  }
}

/** Where the two differ first, or undefined. Where a record lies is the storage's word, and no part of it. */
function differenceOf(one: Committed, other: Committed): string | undefined {
  const [a, b] = [one.snapshot(), other.snapshot()];
  for (let part = 0; ; part += 1) {
    const [left, right] = [a.next(), b.next()];
    if (left === undefined && right === undefined) break;
    if (left === undefined || right === undefined || !left.equals(right)) return `part ${part} has other bytes`;
  }
  const manifests = [a, b].map((snapshot) => JSON.stringify({ ...snapshot.manifest(), place: undefined }));
  return manifests[0] === manifests[1] ? undefined : `it says of itself ${manifests[0]}, and the log ${manifests[1]}`;
}
