/**
 * COPIES the log into the read models: a plain loop for each ledger, one transaction a batch, its place kept in the same
 * transaction. What passes (Postgres away) is waited for; what does not (a record that cannot be read) stops that ledger
 * alone and is named at /health/ready.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Unreadable, type LogReader } from '#ledger';
import { CheckpointMoved, type ReadModels } from '#read-models';

export interface ProjectorOptions {
  /** Records a transaction at most. */
  batchMax?: number;
  log?: (message: string) => void;
}

/** How a ledger's copy stands. `stopped` says why it cannot go on, and needs a person. */
export interface ProjectionHealth {
  ledger: string;
  /** The last record that is in the read models. */
  sequence: number;
  stopped?: string;
  /** What it is waiting for, when the last try failed. */
  waiting?: string;
}

const RETRY_MS_MAX = 5_000;

export class Projector {
  readonly #ledgers = new Map<string, LedgerCopy>();
  readonly #batchMax: number;
  readonly #log: (message: string) => void;
  #unlisten: (() => void) | undefined;
  readonly #stop = new AbortController();

  constructor(
    private readonly reader: LogReader,
    private readonly readModels: ReadModels,
    options: ProjectorOptions = {},
  ) {
    this.#batchMax = options.batchMax ?? 500;
    this.#log = options.log ?? (() => undefined);
  }

  /** Begins with every ledger there is; ledgers opened later are picked up with their first record. */
  async start(): Promise<void> {
    this.#unlisten = this.reader.storage.onAppend((ledger) => this.#wake(ledger));
    for (const ledger of await this.reader.storage.ledgers()) this.#wake(ledger);
  }

  /** Ends after the batches under way. */
  async stop(): Promise<void> {
    this.#unlisten?.();
    this.#stop.abort();
    for (const { running } of this.#ledgers.values()) await running;
  }

  health(): ProjectionHealth[] {
    return [...this.#ledgers.values()].map(({ health }) => ({ ...health }));
  }

  /** Read models behind the log catch up; a log that ends before its read models is another log, or was restored. */
  async #expectEnd(ledger: string, checkpoint: number): Promise<void> {
    const end = await this.reader.storage.end(ledger);
    if (end < checkpoint) {
      throw new Unreadable(
        `the log ends at ${end}, but the read models hold ${checkpoint} records: it is not the log they were made from. Restore the newer log, or drop the read models and start again.`,
      );
    }
  }

  #wake(ledger: string): void {
    if (this.#stop.signal.aborted) return;
    let copy = this.#ledgers.get(ledger);
    if (copy === undefined) {
      copy = { health: { ledger, sequence: 0 }, woken: false, running: undefined };
      this.#ledgers.set(ledger, copy);
    }
    copy.woken = true;
    copy.running ??= this.#copy(copy);
  }

  async #copy(copy: LedgerCopy): Promise<void> {
    const { health } = copy;
    let retryMs = 50;
    let after: number | undefined;
    while (copy.woken && health.stopped === undefined && !this.#stop.signal.aborted) {
      copy.woken = false;
      try {
        const from: number = after ?? (await this.readModels.checkpoint(health.ledger));
        after = from;
        health.sequence = from;
        const entries = await this.reader.read(health.ledger, from, this.#batchMax);
        const last = entries.at(-1);
        if (last === undefined) {
          await this.#expectEnd(health.ledger, from);
          continue;
        }
        await this.readModels.apply(health.ledger, from, entries);
        after = last.record.sequence;
        health.sequence = after;
        delete health.waiting;
        retryMs = 50;
        copy.woken = true;
      } catch (error) {
        after = undefined;
        copy.woken = true;
        if (error instanceof CheckpointMoved) continue;
        const reason = error instanceof Error ? error.message : String(error);
        if (isPermanent(error)) {
          health.stopped = reason;
          this.#log(`The projection of ${health.ledger} stops after record ${health.sequence}: ${reason}`);
          continue;
        }
        if (health.waiting === undefined) this.#log(`The projection of ${health.ledger} waits: ${reason}`);
        health.waiting = reason;
        await pause(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
    copy.running = undefined;
  }
}

interface LedgerCopy {
  health: ProjectionHealth;
  woken: boolean;
  running: Promise<void> | undefined;
}

/**
 * A record that cannot be read or projected will not get better by waiting; a database or network that is away will.
 * Postgres' classes 08, 53, 57 and 58 and errors of the socket pass; its other errors are about the data.
 */
function isPermanent(error: unknown): boolean {
  if (error instanceof Unreadable || error instanceof TypeError || error instanceof RangeError) return true;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(0A|21|22|23|42|54)/.test(code);
}
