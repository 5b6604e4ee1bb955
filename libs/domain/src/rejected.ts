/** Why the rules refuse a command: a closed list. The code is for programs, the detail tells a person what to do. */
export const REJECTION_CODES = [
  /** The ledger was never opened: open it first. */
  'ledger-not-open',
  /** The ledger is open already: use it, or choose another name. */
  'ledger-exists',
  /** The ledger was closed: nothing is recorded in it any more. */
  'ledger-closed',
  /** The id is taken by another entity of this ledger: choose another, or leave it out. */
  'id-taken',
  /** Something named here does not exist in this ledger: record it first, or mend the id. */
  'unknown-reference',
  /** What is named exists but is of the wrong kind: a place where an actor is needed. */
  'wrong-kind-of-reference',
  /** The entity to change does not exist. */
  'unknown-entity',
  /** A change of something that exists needs the version it builds on: send `expect` or `If-Match`. */
  'expect-required',
  /** Somebody changed it since: read it again, decide again. */
  'wrong-version',
  /** It counts no more already, or it counts and cannot be brought back: read its history. */
  'already-so',
  /** It was merged into another: change that one. */
  'merged',
  /** This document is registered already: use that one. */
  'duplicate-document',
  /** The statement makes the same claim twice. */
  'duplicate-claim',
  /** The input contradicts itself, not another source: an end before its start, a point off the globe. */
  'contradiction',
  /** The value does not belong to the predicate, the manner not to the stance and so on. */
  'does-not-fit',
  /** This program does not have that version of the codebook or of a policy: use a newer one, or ask for one it has. */
  'unknown-version',
  /** The record would be larger than 65,535 bytes: split the statement. */
  'record-too-large',
  /** This command id was used for another body: choose a new one. */
  'command-id-reused',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

export class Rejected extends Error {
  constructor(
    readonly code: RejectionCode,
    message: string,
    /** JSON pointer into the act's body, where one place is to blame. */
    readonly pointer?: string,
    /** For programs: current versions, the id of the duplicate. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'Rejected';
  }
}
