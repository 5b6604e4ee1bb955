/**
 * WHO WRITES a ledger, where several processes could. One does at a time; the others send it what they are asked. Being
 * wrong about it for a while does no harm, since the storage fences: it only costs a detour.
 */
export type Owner =
  /** This process. */
  | 'here'
  /** Another one, at this address (http://host:port). */
  | { readonly address: string }
  /** Nobody yet, or nobody that this process has heard of. */
  | 'nobody';

export interface Ownership {
  ownerOf(ledger: string): Owner;
  /** How often the ledgers were given out so far, as this process knows: rises with every time. */
  readonly generation: number;
  /** The generation since which this process has owned the ledger without a break. */
  heldSince(ledger: string): number | undefined;
  /** Sees to it that a ledger that was made just now gets an owner. */
  expect(ledger: string): void;
  /** Calls back each time that some ledger may have another owner than before. Returns what ends it. */
  onChange(notify: () => void): () => void;
  /** Resolves at the next change, after `ms` at the latest. */
  changed(ms: number): Promise<void>;
}
