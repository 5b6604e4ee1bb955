/**
 * COPIES the log into the read models: a plain loop for each ledger, one transaction a batch, its place kept in the same
 * transaction. What passes (Postgres away) is waited for; what does not (a record that cannot be read) stops that ledger
 * alone and is named at /health/ready.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Unreadable, type LogReader } from '#ledger';
import { CheckpointMoved, type ReadModels } from '#read-models';
import type { Log, Standing, Trouble } from '#runtime';

export interface ProjectorOptions {
  /** Records a transaction at most. */
  batchMax?: number;
  /** How often a ledger to which nothing is added is looked at, to note that nothing was. */
  lookEveryMs?: number;
  /** How long the log may be ahead and nothing be copied before that is a fault. A batch takes a second or two. */
  stallMsMax?: number;
  log?: Log;
}

/** How a ledger's copy stands. `stopped` says why it cannot go on, and needs a person. */
export interface ProjectionHealth {
  ledger: string;
  /** The last record that is in the read models. */
  sequence: number;
  /** How many records follow it in the log, about; null where the log does not say, or was not asked. */
  behind: number | null;
  /** Whether something that a record moved is still being worked out: answers are not final until then. */
  recomputing: boolean;
  /** How long ago it was last at the end of the log, in seconds; 0 while it is. */
  behindSeconds: number;
  stopped?: string;
  /** What it is waiting for, when the last try failed. */
  waiting?: string;
  /** That it stands still although there is more, and nothing failed. */
  stalled?: string;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 5_000;
/** How often it looks whether other read models are live. Whoever has something to copy looks anyway. */
const LOOK_MS = 1_000;
const STALL_MS_MAX = 15_000;
/** Whoever asks how things stand is not kept waiting by a log that does not answer. */
const LOG_ANSWER_MS_MAX = 1_000;
/** The end of a busy log is reached again and again; that it was is noted so often at most. */
const NOTE_END_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 30_000;

export class Projector {
  readonly #ledgers = new Map<string, LedgerCopy>();
  readonly #batchMax: number;
  readonly #lookEveryMs: number;
  readonly #stallMsMax: number;
  readonly #log: Log;
  #unlisten: (() => void) | undefined;
  #following: Promise<void> | undefined;
  #lookingAgain: Promise<void> | undefined;
  /** When the loop that follows the live read models last turned, in performance.now() time. */
  #followedAt = performance.now();
  readonly #stop = new AbortController();

  constructor(
    private readonly reader: LogReader,
    /** The read models to write: asked before each batch, since others may become the live ones. */
    private readonly live: () => Promise<ReadModels>,
    options: ProjectorOptions = {},
  ) {
    this.#batchMax = options.batchMax ?? 500;
    this.#lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
    this.#stallMsMax = options.stallMsMax ?? STALL_MS_MAX;
    this.#log = options.log ?? (() => undefined);
  }

  /** Begins with every ledger there is; ledgers opened later are picked up with their first record. */
  start(): void {
    this.#unlisten = this.reader.storage.onAppend((ledger) => this.#wake(ledger));
    this.#following = this.#follow();
    this.#lookingAgain = this.#lookAgain();
  }

  /** Ends after the batches under way. */
  async stop(): Promise<void> {
    this.#unlisten?.();
    this.#stop.abort();
    await this.#following;
    await this.#lookingAgain;
    for (const { running } of this.#ledgers.values()) await running;
  }

  async health(): Promise<ProjectionHealth[]> {
    return Promise.all([...this.#ledgers.values()].map((copy) => this.#healthOf(copy)));
  }

  async #healthOf({
    ledger,
    sequence,
    recomputing,
    stopped,
    waiting,
    atEndAt,
    movedAt,
  }: LedgerCopy): Promise<ProjectionHealth> {
    // Of one that has stopped the log may not even know the name, and would look for it for long.
    const asked = stopped === undefined ? this.reader.storage.behind(ledger, sequence).catch(() => null) : null;
    const behind = await Promise.race([asked, pause(LOG_ANSWER_MS_MAX, null, { ref: false })]);
    const now = performance.now();
    const isStalled = stopped === undefined && behind !== null && behind > 0 && now - movedAt > this.#stallMsMax;
    return {
      ledger,
      sequence,
      behind,
      recomputing,
      behindSeconds: behind === 0 ? 0 : Math.round((now - atEndAt) / 1_000),
      ...(stopped !== undefined && { stopped }),
      ...(waiting !== undefined && { waiting }),
      ...(isStalled && waiting === undefined && { stalled: `nothing was copied for ${secondsOf(now - movedAt)}` }),
    };
  }

  /** Loops of ours that have neither gone on nor failed for longer than this, in sentences. */
  hungFor(ms: number): string[] {
    if (this.#following === undefined || this.#stop.signal.aborted) return [];
    const now = performance.now();
    const hung = [...this.#ledgers.values()].flatMap(({ ledger, running, turnedAt }) =>
      running !== undefined && now - turnedAt > ms
        ? [`The projection of ${ledger} has not gone on for ${secondsOf(now - turnedAt)}.`]
        : [],
    );
    const followingMs = now - this.#followedAt;
    if (followingMs > ms) hung.push(`Nobody has looked which read models are live for ${secondsOf(followingMs)}.`);
    return hung;
  }

  /** Begins anew with every generation of read models that becomes the live one: there is no other news of a switch. */
  async #follow(): Promise<void> {
    let schema: string | undefined;
    let retryMs = RETRY_MS_MIN;
    while (!this.#stop.signal.aborted) {
      this.#followedAt = performance.now();
      try {
        const readModels = await this.live();
        if (readModels.schema !== schema) await this.#begin(readModels);
        schema = readModels.schema;
        retryMs = LOOK_MS;
      } catch (error) {
        // Later on the copies say it.
        const isNews = schema === undefined && retryMs === RETRY_MS_MIN;
        if (isNews)
          this.#log(`The projector waits for the log and its database: ${messageOf(error)}`, { level: 'warn' });
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
      await pause(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Wakes a copy for every ledger of the log; read models of which the log knows nothing are of another log. */
  async #begin(readModels: ReadModels): Promise<void> {
    const ledgers = await this.reader.storage.ledgers();
    const checkpoints = await readModels.checkpoints();
    // What could not go on in other tables may go on in these.
    for (const { ledger, stopped } of this.#ledgers.values()) {
      if (stopped !== undefined) this.#ledgers.delete(ledger);
    }
    for (const [ledger, sequence] of checkpoints) {
      if (ledgers.includes(ledger)) continue;
      const copy = this.#copyOf(ledger);
      copy.sequence = sequence;
      this.#halt(
        copy,
        `the read models hold ${sequence} records of it, and this log has no such ledger: it is not the log they were made from. Point this process at the right log, or drop the read models and start again.`,
      );
    }
    for (const ledger of ledgers) this.#wake(ledger);
  }

  /** Who asks about a time wants to know whether all of before is here, also where nothing is added any more. */
  async #lookAgain(): Promise<void> {
    const { signal } = this.#stop;
    const wait = (ms: number, until: AbortSignal): Promise<void> =>
      pause(ms, undefined, { signal: until }).catch(() => undefined);
    while (!signal.aborted) {
      await wait(this.#lookEveryMs, signal);
      for (const copy of this.#ledgers.values()) {
        if (signal.aborted) return;
        if (copy.running !== undefined || copy.stopped !== undefined) continue;
        this.#wake(copy.ledger);
        // One after another, since there may be many; but one that has work to do holds up nobody.
        const raced = new AbortController();
        const patience = wait(NOTE_END_EVERY_MS, AbortSignal.any([signal, raced.signal]));
        await Promise.race([Promise.resolve(copy.running), patience]);
        // Or the pauses of many ledgers would go on side by side.
        raced.abort();
      }
    }
  }

  /**
   * Where the copy is to go on. Read models behind the log catch up; that the last record they hold stands in the log as
   * it stands in them shows that it is their log, and not one that was restored, or another cluster's of the same name.
   */
  async #resume(copy: LedgerCopy, readModels: ReadModels): Promise<number> {
    const { sequence, place, bytes } = await readModels.last(copy.ledger);
    copy.sequence = sequence;
    if (sequence === 0) return 0;
    const [there] = await this.reader.storage.read(copy.ledger, sequence - 1, 1, place);
    if (there === undefined) {
      throw new Unreadable(
        `the log ends at ${await this.reader.storage.end(copy.ledger)}, but the read models hold ${sequence} records: it is not the log they were made from. Restore the newer log, or drop the read models and start again.`,
      );
    }
    if (!Buffer.from(there.bytes).equals(bytes)) {
      throw new Unreadable(
        `record ${sequence} of the log is not the one that the read models hold: it is another log of the same name, or it was changed. Point this process at the right log, or drop the read models and start again.`,
      );
    }
    return sequence;
  }

  #copyOf(ledger: string): LedgerCopy {
    let copy = this.#ledgers.get(ledger);
    if (copy === undefined) {
      const now = performance.now();
      copy = {
        ledger,
        sequence: 0,
        recomputing: false,
        woken: false,
        running: undefined,
        atEndAt: now,
        movedAt: now,
        turnedAt: now,
      };
      this.#ledgers.set(ledger, copy);
    }
    return copy;
  }

  #halt(copy: LedgerCopy, reason: string): void {
    copy.stopped = reason;
    delete copy.waiting;
    this.#log(`The projection of ${copy.ledger} stops after record ${copy.sequence}: ${reason}`, {
      level: 'error',
      ledger: copy.ledger,
    });
  }

  #wake(ledger: string): void {
    if (this.#stop.signal.aborted) return;
    const copy = this.#copyOf(ledger);
    copy.woken = true;
    // Until now it was at the end of the log, and had nothing to do.
    if (copy.running === undefined) copy.atEndAt = copy.movedAt = performance.now();
    copy.running ??= this.#copy(copy);
  }

  async #copy(copy: LedgerCopy): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    let schema: string | undefined;
    let after: number | undefined;
    while (copy.woken && copy.stopped === undefined && !this.#stop.signal.aborted) {
      copy.woken = false;
      copy.turnedAt = performance.now();
      try {
        const readModels = await this.live();
        if (readModels.schema !== schema) after = undefined;
        schema = readModels.schema;
        const from: number = after ?? (await this.#resume(copy, readModels));
        after = from;
        const readAt = new Date();
        const entries = await this.reader.read(copy.ledger, from, this.#batchMax);
        const last = entries.at(-1);
        if (last !== undefined) {
          await readModels.apply(copy.ledger, from, entries);
          // Whoever asks in between must not take it for done.
          copy.recomputing = true;
          after = last.record.sequence;
          copy.sequence = after;
        }
        // What a record moved is worked out between batches, one slice at a time, so that nothing waits for it.
        copy.recomputing = await readModels.recompute(copy.ledger);
        if (last !== undefined || copy.recomputing) copy.woken = true;
        else {
          copy.atEndAt = performance.now();
          await this.#noteEnd(copy, readModels, readAt);
        }
        copy.movedAt = performance.now();
        delete copy.waiting;
        retryMs = RETRY_MS_MIN;
      } catch (error) {
        after = undefined;
        copy.woken = true;
        if (error instanceof CheckpointMoved) continue;
        const reason = messageOf(error);
        if (isPermanent(error)) {
          this.#halt(copy, reason);
          continue;
        }
        if (copy.waiting === undefined) {
          this.#log(`The projection of ${copy.ledger} waits: ${reason}`, { level: 'warn', ledger: copy.ledger });
        }
        copy.waiting = reason;
        await pause(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
    copy.running = undefined;
  }

  /**
   * What is under way in the log is not read, and not the end either. Where noting fails nothing is lost but the word
   * `final` in answers about the last moments: copying goes on, and says what ails the database.
   */
  async #noteEnd(copy: LedgerCopy, readModels: ReadModels, at: Date): Promise<void> {
    const { ledger, sequence, noted } = copy;
    const { schema } = readModels;
    const now = performance.now();
    if (sequence === 0 || (noted?.schema === schema && now - noted.at < NOTE_END_EVERY_MS)) return;
    try {
      if ((await this.reader.storage.behind(ledger, sequence)) > 0) return;
      await readModels.noteEnd(ledger, at);
      copy.noted = { schema, at: now };
    } catch {
      delete copy.noted;
    }
  }
}

interface LedgerCopy {
  ledger: string;
  sequence: number;
  recomputing: boolean;
  stopped?: string;
  waiting?: string;
  woken: boolean;
  running: Promise<void> | undefined;
  /** When it last was at the end of the log, and when it last moved or was there, in performance.now() time. */
  atEndAt: number;
  movedAt: number;
  /** When its loop last began a turn, whatever came of it. */
  turnedAt: number;
  /** When it was last noted that it was there, and in which tables. */
  noted?: { schema: string; at: number };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

function secondsOf(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}

/** What is wrong as soon as one copy cannot go on by itself, waits, or stands still although there is more. */
export async function projectorStanding(
  projector: Projector,
): Promise<Standing & { details: { projections: ProjectionHealth[] } }> {
  const projections = await projector.health();
  const troubles = projections.flatMap(({ ledger, stopped, waiting, stalled }): Trouble[] => {
    const told = (code: Trouble['code'], how: string): Trouble[] => [
      { code, ledger, reason: `The projection of ${ledger} ${how}.` },
    ];
    if (stopped !== undefined) return told('projection-stopped', `has stopped: ${stopped.replace(/\.$/, '')}`);
    if (waiting !== undefined) return told('projection-waiting', `waits: ${waiting.replace(/\.$/, '')}`);
    return stalled === undefined ? [] : told('projection-stalled', `stands still: ${stalled}`);
  });
  return { troubles, details: { projections } };
}
