/** What a writer tells of its work to whoever counts it. Knows no such program; being told costs nothing else. */
import type { WriteFailureCode } from './writer.js';

/** How a new term came to know what the log holds: all of it anew, a snapshot and what followed, or only what followed what this process held already. */
export type Recovery = 'replay' | 'snapshot' | 'tail';

/** What became of a command. Refused is by the rules; a repeat is accepted as it was the first time. */
export type CommandOutcome = 'accepted' | 'unchanged' | 'refused' | WriteFailureCode;

export interface WriterObserver {
  /** A round is durable, proved and answered; `ms` since its commands were taken from the queue, every attempt included. */
  committed(ledger: string, round: { ms: number; commands: number; records: number }): void;
  /** A command was answered. */
  answered(ledger: string, outcome: CommandOutcome): void;
  /** A term was taken, and the log was read up to its end. */
  recovered(ledger: string, recovery: { how: Recovery; ms: number; records: number }): void;
  /** Another process took the next term. */
  fenced(ledger: string): void;
  /** The log did not answer: nobody knows yet what became of the round. */
  inDoubt(ledger: string): void;
}
