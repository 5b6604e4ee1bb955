/** Facts as the log would hold them, for tests that need no writer. */
import type { Fact, LedgerRecord } from '#domain';
import { type ReadRecord, recordCodec } from '#ledger';

export const codec = recordCodec();

/** Records 1, 2, 3 … of a ledger, a second apart. */
export function recordsOf(ledger: string, facts: readonly Fact[]): ReadRecord[] {
  return facts.map((fact, index) => {
    const sequence = index + 1;
    const envelope = {
      ledger,
      sequence,
      recordedtime: new Date(Date.UTC(2023, 3, 11) + sequence * 1_000).toISOString(),
      commandid: `k1:${sequence}`,
      commanddigest: 'A'.repeat(43),
      recorder: 'k1',
    };
    const record: LedgerRecord = { ...fact, ...envelope };
    return { record, bytes: codec.encode(fact, envelope) };
  });
}
