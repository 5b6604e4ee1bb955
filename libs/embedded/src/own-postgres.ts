/**
 * THE POSTGRESQL OF ONE PROCESS, which starts it, holds the instance lock in it, and brings it back when it dies: killed,
 * crashed, or in a panic because its disk was full. Until then nothing is written, and `trouble` says why.
 *
 * It comes back at the port where it was, so that whoever connects anew finds it. The lock is lost with the server. If
 * another process was faster to take it, that one has the data, and we wait until it has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { NotNow } from '#ledger';
import { AlreadyRunning, takeInstanceLock, type InstanceLock } from './instance-lock.js';
import { startPostgres, type Postgres } from './postmaster.js';
import { Room } from './room.js';

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2_000;
const START_ATTEMPTS_MAX = 5;

const BEING_BROUGHT_BACK =
  'The database is away and is being brought back: repeat the command in a moment, with the same Idempotency-Key.';

export interface OwnPostgresOptions {
  folder: string;
  log: (message: string) => void;
  /** For tests only: do without the reserve of room on the disk. */
  reserve?: boolean;
}

export class OwnPostgres {
  #lock: InstanceLock | undefined;
  #away: string | undefined;
  #returning: Promise<void> | undefined;
  readonly #room: Room;
  readonly #stopping = new AbortController();

  /** @throws AlreadyRunning, or Error that says what to do */
  static async start(options: OwnPostgresOptions): Promise<OwnPostgres> {
    for (let attempt = 1; ; attempt += 1) {
      const postgres = await startPostgres(options);
      if (postgres.adopted) options.log('Found the database of an earlier process still running, and goes on with it.');
      try {
        // Whoever holds the lock may stop the server; before that it may be another's.
        return new OwnPostgres(options, postgres, await takeInstanceLock(postgres.connectionString));
      } catch (error) {
        // It may have died in between.
        if (error instanceof AlreadyRunning || attempt === START_ATTEMPTS_MAX) throw error;
      }
    }
  }

  private constructor(
    private readonly options: OwnPostgresOptions,
    private readonly postgres: Postgres,
    lock: InstanceLock,
  ) {
    this.#room = new Room(options.folder);
    this.#hold(lock);
  }

  /** The same for as long as this process lives. */
  get connectionString(): string {
    return this.postgres.connectionString;
  }

  /** Does something that does no harm if it is begun twice; once more if the database died in the middle of it. */
  async whileThere<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (this.#stopping.signal.aborted || (await this.held())) throw error;
        await this.#returning;
        await sleep(RETRY_MS_MIN);
      }
    }
  }

  /** Whether the data are this process' own, by news younger than the call. */
  async held(): Promise<boolean> {
    return (await this.#lock?.held()) ?? false;
  }

  /** To be asked before each term, or a process that lost its data would fence the one that has them. @throws NotNow */
  async assertOurs(): Promise<void> {
    if (this.#away === undefined) return;
    await this.#room.assert('records');
    // What else ails it is for those who run it: they read it in the log and at /health/ready.
    throw new NotNow('unavailable', BEING_BROUGHT_BACK);
  }

  /** To be asked before records are appended, or a batch of them is copied. @throws NotNow */
  async assertRoom(of: 'records' | 'copying'): Promise<void> {
    if (this.options.reserve !== false) await this.#room.assert(of);
  }

  /** Why nothing can be written, and what to do; undefined while all is well. */
  async trouble(): Promise<{ code: 'database-away' | 'storage-full'; reason: string } | undefined> {
    const shortage = await this.#room.shortage('records');
    const reason = this.#away ?? shortage;
    return reason === undefined
      ? undefined
      : { code: shortage === undefined ? 'database-away' : 'storage-full', reason };
  }

  /** Stops the server, unless another process has it, and lets go of it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#returning;
    // Stopped while we still hold the lock, or a successor would lose its server.
    if (this.#lock !== undefined) await this.postgres.stop();
    await this.#lock?.release();
  }

  #hold(lock: InstanceLock): void {
    this.#lock = lock;
    this.#away = undefined;
    lock.onLost(() => {
      if (this.#stopping.signal.aborted) return;
      this.#lock = undefined;
      this.#say('it broke off the connection');
      this.#returning = this.#comeBack();
    });
  }

  async #comeBack(): Promise<void> {
    const { folder, log } = this.options;
    const port = Number(new URL(this.connectionString).port);
    for (let retryMs = RETRY_MS_MIN; !this.#stopping.signal.aborted; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      try {
        const postgres = await startPostgres({ folder, log, again: { port } });
        const lock = await takeInstanceLock(postgres.connectionString);
        if (postgres.connectionString === this.connectionString) {
          log('The database is back.');
          this.#hold(lock);
          return;
        }
        // Another process started it, and has ended since. Nobody of ours would look for it there.
        try {
          await postgres.stop();
        } finally {
          await lock.release();
        }
      } catch (error) {
        this.#say((await this.#room.shortage('records')) ?? (error instanceof Error ? error.message : String(error)));
      }
      await sleep(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  #say(reason: string): void {
    const away = `The database is away and is being brought back: ${reason}`;
    if (away !== this.#away) this.options.log(away);
    this.#away = away;
  }
}
