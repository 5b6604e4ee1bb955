/** THE STAGE of a run of chaos: the processes on one kind of storage, what can be done to them, and a look at what is left. */
import type { Pool } from 'pg';
import type { LogReader } from '#ledger';
import type { Cast, Hit } from './nemesis.js';
import type { Server } from './server.js';

export interface Stage {
  /** Where the logs of the processes are. */
  readonly folder: string;
  /** Those that take commands, each of them any. */
  readonly nodes: readonly Server[];
  /** All that are to be ready when everything is healed. */
  readonly servers: readonly Server[];
  readonly cast: Cast;
  strike(hit: Hit): Promise<void>;
  /** An API key that opens everything. */
  key(): Promise<{ recorder: string; text: string }>;
  /** The log and the tables, as somebody sees them who has nothing to do with those who wrote them. */
  look(): Promise<Look>;
  /** What went wrong besides the answers, in words. */
  faults(): string[];
  /** Ends everything. The folder stays, with all logs, if they are worth a look. */
  remove(options: { keepFolder: boolean }): Promise<void>;
}

export interface Look {
  reader: LogReader;
  pool: Pool;
  /** By ledger: what lies in the log and was written by nobody of ours. */
  foreign: ReadonlyMap<string, { count: number; first: readonly unknown[] }>;
  close(): Promise<void>;
}
