/** WHAT CLIENTS SAW: every call with when it began, when it ended and what came back. */
import type { Command } from '#domain';

/** What a client was told. */
export type Told =
  | { kind: 'accepted'; entity: string; version: number; position: number }
  /** A line of a batch: accepted or unchanged, and if there is a record of it, it lies no further than `position`. */
  | { kind: 'done'; position: number }
  /** `position` is the ledger's end at that moment. */
  | { kind: 'unchanged'; entity: string; version: number; position: number }
  /** By the rules: the code, where the body is to blame, and what else the problem says for programs. */
  | { kind: 'refused'; code: string; pointer?: string; details: Readonly<Record<string, unknown>> }
  /** It may have been done, now or later. */
  | { kind: 'unknown'; why: string };

export interface Call {
  client: string;
  /** As in the log: the recorder and its key for this command. */
  commandid: string;
  command: Command;
  /** Milliseconds on one clock. */
  invoked: number;
  returned: number;
  told: Told;
  /** The line of the same batch that was decided before this one. */
  after?: Call;
}
