/**
 * THE WRITER of a ledger: one at a time decides what is appended, in rounds.
 *
 * Glossary. *Round*: the commands taken from the queue together, decided one after another on the committed state plus an
 * overlay, appended in one storage transaction, answered together (group commit). *Term*: the right to write, taken from
 * the storage, lost when somebody takes the next one. *Proof*: a commit of our term, or a probe of it, that began after a
 * command arrived. *In doubt*: an append ended without an answer; its records may be in the log, now or later.
 *
 * Three rules keep every answer true:
 * - No answer without proof, refusals and "unchanged" included: a former owner's state may be old.
 * - After a doubt, first a new term, then read: only then the log says what became of the append. Every command of the
 *   round is then decided again; one that had landed is found by its command id and gets its first outcome.
 * - A refused or unchanged command leaves no trace. An accepted one is found again by its id for ever.
 */
import type { KeyObject } from 'node:crypto';
import {
  commitOverlay,
  decide,
  evolve,
  LEDGER_ENTITY,
  overlayOn,
  Rejected,
  type Act,
  type Command,
  type Expectation,
  type Fact,
  type StateOverlay,
} from '#domain';
import { RECORD_BYTES_MAX, Unreadable, type Codec } from './codec.js';
import { digestPrefix } from './command-ids.js';
import { Committed } from './committed.js';
import { digestOf, loadDigestKey, makeLedgerKeys, sealPrivateTexts, type MasterKey, type Unsealed } from './keyring.js';
import type { Recovery, WriterObserver } from './observe.js';
import { recall, snapshotDueAfter, SnapshotInProgress } from './snapshots.js';
import { Fenced, NotNow, Refused, UnknownLedger, type LedgerStorage, type Term, type WrappedKey } from './storage.js';

/** A command as it reaches the writer: checked for form, its private texts still open. */
export interface Request {
  ledger: string;
  act: Unsealed<Act>;
  expect?: Expectation[];
  /** RFC 8785 form of the body without private text and without what the server adds: what makes a repeat a repeat. */
  canonicalBody: string;
  /** Pseudonymous id of the caller's key. */
  recorder: string;
  /** Unique for this recorder: the Idempotency-Key, or one made where the command entered. */
  commandKey: string;
}

/** What an accepted (or needless) command led to. A repeat gets the same. */
export interface Outcome {
  entity: string;
  version: number;
  /** The sequence of the record; where nothing changed, the ledger's end when that was so. */
  position: number;
  unchanged?: true;
}

/** Why there is no outcome, although the rules did not refuse. */
export type WriteFailureCode =
  /** Too much is waiting: come again in a second. Nothing was written. */
  | 'busy'
  /** The storage does not answer. The command may be in the log: repeat it with the same Idempotency-Key. */
  | 'unavailable'
  /** There is no room for more records: make some, then repeat the command with the same Idempotency-Key. */
  | 'storage-full'
  /** Another process owns the ledger now: repeat the command there, with the same Idempotency-Key. */
  | 'not-owner'
  /** This one command can never be stored. Nothing was written. */
  | 'not-storable'
  /** The process is stopping. Nothing was written. */
  | 'stopping';

export class WriteFailure extends Error {
  constructor(
    readonly code: WriteFailureCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'WriteFailure';
  }
}

export interface WriterOptions {
  /** Milliseconds since 1970. */
  now?: () => number;
  /**
   * Whether this process may (still) write the ledger; asked after it was fenced, and answered from news younger than
   * the call. Without it a fenced process would fence its rightful successor back.
   */
  mayClaim: (ledger: string) => Promise<boolean>;
  /** Told of what a person should know: a lost term, a doubt, a recovery. */
  log?: (message: string, about: { ledger: string; level: 'warn' }) => void;
  /** Told of what is to be counted. */
  observe?: WriterObserver;
  queueCommandsMax?: number;
  queueBytesMax?: number;
  roundCommandsMax?: number;
  roundBytesMax?: number;
  /** After how many records a snapshot is taken of a ledger with so many. */
  snapshotDueAfter?: (end: number) => number;
}

interface Waiting {
  request: Request;
  resolve: (outcome: Outcome) => void;
  reject: (reason: Error) => void;
  /** What came together is given up together: a later command must not be decided where an earlier one was not. */
  together: { failure?: Error };
}

/** How often a round in doubt is taken up again before its callers are told to repeat. */
const ATTEMPTS_MAX = 3;

/** The writers of all ledgers of this process. */
export class Writers {
  readonly #writers = new Map<string, LedgerWriter>();
  #stopping = false;

  constructor(
    private readonly storage: LedgerStorage,
    private readonly master: MasterKey,
    private readonly codec: Codec,
    private readonly options: WriterOptions,
  ) {}

  /**
   * Decides the command and answers when its outcome is durable and proved.
   * @throws Rejected       the rules refuse it
   * @throws WriteFailure   nobody can say, or nobody may: see its code
   * @throws UnknownLedger
   */
  async execute(request: Request): Promise<Outcome> {
    const [verdict] = await this.executeAll(request.ledger, [request]);
    if (verdict === undefined || verdict instanceof Error) throw verdict;
    return verdict;
  }

  /**
   * Decides commands of one ledger in their order, as if they had come one by one. Each gets its outcome or its refusal
   * (Rejected, or a WriteFailure `not-storable`); they wait for one append as far as they fit into a round.
   * @throws WriteFailure   nobody can say, or nobody may: what of them is recorded is a number of the first ones
   * @throws UnknownLedger
   */
  async executeAll(ledger: string, requests: readonly Request[]): Promise<(Outcome | Error)[]> {
    if (this.#stopping) throw new WriteFailure('stopping', 'This process is stopping: send the command again.');
    if (requests.some(({ act }) => act.act === 'open-ledger')) await this.create(ledger);
    let writer = this.#writers.get(ledger);
    if (writer === undefined) {
      writer = new LedgerWriter(ledger, this.storage, this.master, this.codec, this.options);
      this.#writers.set(ledger, writer);
    }
    try {
      const verdicts = await writer.execute(requests);
      for (const verdict of verdicts) this.#tell(ledger, verdict);
      return verdicts;
    } catch (error) {
      requests.forEach(() => this.#tell(ledger, error));
      if (error instanceof UnknownLedger && this.#writers.get(ledger) === writer) {
        this.#writers.delete(ledger);
      }
      throw error;
    }
  }

  /** Makes room for a ledger that is to be opened: any process may, whoever will write it. */
  async create(ledger: string): Promise<void> {
    await asked(this.storage.create(ledger, makeLedgerKeys(this.master, ledger)));
  }

  async exists(ledger: string): Promise<boolean> {
    return (await asked(this.storage.ledgers())).includes(ledger);
  }

  /**
   * Lets go of a ledger that another process writes, or wrote in the meantime; returns once every command of it that waits
   * here is answered. What comes from now on is decided anew.
   */
  async release(ledger: string): Promise<void> {
    const writer = this.#writers.get(ledger);
    this.#writers.delete(ledger);
    await writer?.release();
  }

  /** Of a ledger that does not exist nothing is told: its name is whatever a client has sent. */
  #tell(ledger: string, verdict: unknown): void {
    const { observe } = this.options;
    if (verdict instanceof WriteFailure) observe?.answered(ledger, verdict.code);
    else if (verdict instanceof Rejected) {
      if (verdict.code !== 'ledger-not-open') observe?.answered(ledger, 'refused');
    } else if (!(verdict instanceof Error)) {
      observe?.answered(ledger, (verdict as Outcome).unchanged === true ? 'unchanged' : 'accepted');
    }
  }

  /** What waits, by ledger. */
  queues(): { ledger: string; commands: number; bytes: number }[] {
    return [...this.#writers].map(([ledger, writer]) => ({ ledger, ...writer.queue() }));
  }

  /** The ledgers whose round has been under way for longer than this. */
  hungFor(ms: number): string[] {
    return [...this.#writers].flatMap(([ledger, writer]) => (writer.roundMs() > ms ? [ledger] : []));
  }

  /** Takes no more commands and returns when every one that waits is answered. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#writers.values()].map((writer) => writer.drain()));
  }
}

/** What the storage answers; where it does not, nothing was recorded. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotNow) throw new WriteFailure(error.code, error.message, { cause: error });
    const reason = error instanceof Error ? error.message : String(error);
    throw new WriteFailure('unavailable', `The log does not answer (${reason}). Nothing was recorded: try again.`, {
      cause: error,
    });
  }
}

class LedgerWriter {
  readonly #queue: Waiting[] = [];
  #queueBytes = 0;
  /** When the round under way began, in performance.now() time. */
  #roundSince: number | undefined;
  #running: Promise<void> | undefined;

  #committed: Committed;
  /** The last record in a snapshot that is kept, or was tried to be. */
  #snapshotAt = 0;
  #keeping: SnapshotInProgress | undefined;
  #term: Term | undefined;
  #released = false;
  #draining = false;
  #digestKey: KeyObject | undefined;

  readonly #now: () => number;
  readonly #log: (message: string) => void;
  readonly #limits: { queueCommands: number; queueBytes: number; roundCommands: number; roundBytes: number };

  constructor(
    private readonly ledger: string,
    private readonly storage: LedgerStorage,
    private readonly master: MasterKey,
    private readonly codec: Codec,
    private readonly options: WriterOptions,
  ) {
    this.#committed = new Committed(ledger);
    this.#now = options.now ?? Date.now;
    this.#log = (message) => options.log?.(message, { ledger, level: 'warn' });
    this.#limits = {
      queueCommands: options.queueCommandsMax ?? 10_000,
      queueBytes: options.queueBytesMax ?? 64 * 1024 * 1024,
      roundCommands: options.roundCommandsMax ?? 1_000,
      roundBytes: options.roundBytesMax ?? 4 * 1024 * 1024,
    };
  }

  async execute(requests: readonly Request[]): Promise<(Outcome | Error)[]> {
    const bytes = requests.reduce((sum, { canonicalBody }) => sum + canonicalBody.length, 0);
    const fits =
      this.#queue.length + requests.length <= this.#limits.queueCommands &&
      this.#queueBytes + bytes <= this.#limits.queueBytes;
    // What alone is more than may wait is taken by who has nothing else to do.
    if (this.#queue.length > 0 && !fits) {
      throw new WriteFailure('busy', 'Too many commands are waiting: send this one again in a second.');
    }
    const together: Waiting['together'] = {};
    const answers = requests.map(
      (request) =>
        new Promise<Outcome>((resolve, reject) => {
          this.#queue.push({ request, resolve, reject, together });
        }),
    );
    this.#queueBytes += bytes;
    this.#running ??= this.#run();
    const settled = await Promise.allSettled(answers);
    return settled.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value;
      if (isVerdict(answer.reason)) return answer.reason;
      throw answer.reason;
    });
  }

  queue(): { commands: number; bytes: number } {
    return { commands: this.#queue.length, bytes: this.#queueBytes };
  }

  roundMs(): number {
    return this.#roundSince === undefined ? 0 : performance.now() - this.#roundSince;
  }

  /** Returns once nobody waits. A snapshot under way is left: the next term takes another. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || this.#keeping !== undefined) {
      if (this.#queue.length > 0) {
        this.#roundSince = performance.now();
        await this.#settle(this.#takeRound());
        this.#roundSince = undefined;
      }
      await this.#keepOn();
    }
    this.#running = undefined;
  }

  /** Between two rounds: writes on at a snapshot, or begins one that is due. One that fails is left until the next is due. */
  async #keepOn(): Promise<void> {
    const term = this.#term;
    if (term === undefined || this.#released || this.#draining) {
      this.#keeping = undefined;
      return;
    }
    const { end } = this.#committed;
    const dueAfter = (this.options.snapshotDueAfter ?? snapshotDueAfter)(end);
    if (this.#keeping === undefined) {
      if (end - this.#snapshotAt < dueAfter) return;
      this.#snapshotAt = end;
      this.#keeping = new SnapshotInProgress(this.#committed.snapshot());
    }
    try {
      if (await this.#keeping.writeOn(term)) this.#keeping = undefined;
    } catch (error) {
      this.#keeping = undefined;
      // A fenced term says so at the next append too, where it is asked whether another may be taken. Whatever else it was,
      // the term is not to be trusted any more than after an append.
      if (!(error instanceof NotNow || error instanceof Fenced)) this.#term = undefined;
      this.#log(
        `A snapshot of the ledger ${this.ledger} could not be kept: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #takeRound(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < this.#limits.roundCommands) {
      bytes += this.#queue[count]?.request.canonicalBody.length ?? 0;
      if (count > 0 && bytes > this.#limits.roundBytes) break;
      count += 1;
    }
    const round = this.#queue.splice(0, count);
    for (const { request } of round) this.#queueBytes -= request.canonicalBody.length;
    return round;
  }

  /** Brings every command of a round to its answer. Never throws. */
  async #settle(round: readonly Waiting[]): Promise<void> {
    for (const { together, reject } of round) if (together.failure !== undefined) reject(together.failure);
    const waiting = round.filter(({ together }) => together.failure === undefined);
    for (let attempt = 1; waiting.length > 0; attempt += 1) {
      try {
        const term = await this.#claim();
        const decided = this.#decideRound(waiting);
        await this.#make(decided, term);
        this.options.observe?.committed(this.ledger, {
          ms: this.roundMs(),
          commands: waiting.length,
          records: decided.records.length,
        });
        for (const answer of decided.answers) answer();
        return;
      } catch (error) {
        if (!(error instanceof NotNow)) this.#term = undefined;
        if (error instanceof Refused && waiting.length > 1) return this.#bisect(waiting);
        const failure = await this.#failure(error, attempt);
        if (failure !== undefined) {
          this.#giveUp(waiting, failure);
          return;
        }
      }
    }
  }

  #giveUp(waiting: readonly Waiting[], failure: Error): void {
    for (const { reject, together } of waiting) {
      if (!isVerdict(failure)) together.failure = failure;
      reject(failure);
    }
  }

  /** One of them can never be stored: the others must not suffer for it. */
  async #bisect(waiting: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(waiting.length / 2);
    await this.#settle(waiting.slice(0, middle));
    await this.#settle(waiting.slice(middle));
  }

  /** What to tell those who wait, or undefined to take the round up again under a new term. */
  async #failure(error: unknown, attempt: number): Promise<Error | undefined> {
    if (error instanceof UnknownLedger) return error;
    if (error instanceof NotNow) return new WriteFailure(error.code, error.message, { cause: error });
    if (error instanceof Refused) return new WriteFailure('not-storable', error.message, { cause: error });
    if (error instanceof Unreadable) {
      this.#log(`The ledger ${this.ledger} cannot be read, so nothing can be decided: ${error.message}`);
      return new WriteFailure('unavailable', `The ledger ${this.ledger} cannot be read: ${error.message}`, {
        cause: error,
      });
    }
    const what = error instanceof Error ? error.message : String(error);
    if (error instanceof Fenced) {
      this.#log(`The ledger ${this.ledger} was taken over by another process.`);
      this.options.observe?.fenced(this.ledger);
      if (this.#released || !(await this.options.mayClaim(this.ledger).catch(() => false))) {
        return new WriteFailure('not-owner', 'Another process writes this ledger now: repeat the command there.', {
          cause: error,
        });
      }
    } else {
      this.#log(`In doubt about an append to the ledger ${this.ledger}: ${what}`);
      this.options.observe?.inDoubt(this.ledger);
    }
    if (attempt < ATTEMPTS_MAX) return undefined;
    return new WriteFailure(
      'unavailable',
      'The log does not answer. The command may have been recorded: repeat it with the same Idempotency-Key.',
      { cause: error },
    );
  }

  /** Our term; where there is none, takes a new one and only then reads what the log holds. */
  async #claim(): Promise<Term> {
    if (this.#term !== undefined) return this.#term;
    this.#assertHeld();
    const since = performance.now();
    let how: Recovery = 'tail';
    const term = await this.storage.takeTerm(this.ledger);
    this.#digestKey ??= await loadDigestKey(this.storage, this.master, this.ledger);
    if (this.#committed.end === 0) {
      this.#committed = await recall(this.storage, this.ledger, this.#log);
      this.#snapshotAt = this.#committed.end;
      how = this.#snapshotAt === 0 ? 'replay' : 'snapshot';
    }
    const from = this.#committed.end;
    for (;;) {
      const stored = await this.storage.read(this.ledger, this.#committed.end);
      if (stored.length === 0) break;
      for (const { bytes, place } of stored) this.#committed.fold(this.codec.decode(bytes), bytes, place);
    }
    const end = await this.storage.end(this.ledger);
    if (end < this.#committed.end) {
      throw new Unreadable(
        `its log ends at ${end}, but this process saw ${this.#committed.end} records: it was replaced; start the process anew.`,
      );
    }
    this.#assertHeld();
    this.#term = term;
    this.options.observe?.recovered(this.ledger, {
      how,
      ms: performance.now() - since,
      records: end - from,
    });
    return term;
  }

  /**
   * What waits here since before the ledger was lost may have been sent to the next owner and refused there. If it comes
   * back to this process, nothing of that may be recorded after all.
   */
  #assertHeld(): void {
    if (this.#released) throw new Fenced(this.ledger);
  }

  #decideRound(waiting: readonly Waiting[]): Round {
    const state = overlayOn(this.#committed.state);
    const lastTime = this.#committed.recordedtime;
    const round: Round = { state, accepted: new Map(), records: [], keys: [], answers: [], lastTime };
    for (const one of waiting) {
      try {
        const outcome = this.#decideOne(one.request, round);
        round.answers.push(() => one.resolve(outcome));
      } catch (error) {
        round.answers.push(() => one.reject(error as Error));
      }
    }
    return round;
  }

  #decideOne(request: Request, round: Round): Outcome {
    if (this.#digestKey === undefined) throw new Error('The digest key is loaded when the term is taken.');
    const digest = digestOf(this.#digestKey, request.canonicalBody);
    const commandid = `${request.recorder}:${request.commandKey}`;
    const first = round.accepted.get(commandid) ?? this.#committed.accepted(commandid);
    if (first !== undefined) {
      if (first.digest !== digestPrefix(digest)) {
        throw new Rejected(
          'command-id-reused',
          `The Idempotency-Key ${request.commandKey} belongs to another command (position ${first.position}): use a new one.`,
          undefined,
          { position: first.position },
        );
      }
      return { entity: first.entity, version: first.version, position: first.position };
    }

    const { act, keys } = hasPrivateText(request)
      ? sealPrivateTexts<Act>(this.master, request.ledger, request.act)
      : { act: request.act as Act, keys: [] };
    const command: Command = request.expect === undefined ? act : { ...act, expect: request.expect };
    // Later commands of the round may change it again, so the end of the round is not the state that is spoken of.
    const end = this.#committed.end + round.records.length;
    const fact = decide(round.state, command);
    if (fact === null) {
      const entity = 'id' in act ? act.id : LEDGER_ENTITY;
      const version = round.state.entities.get(entity)?.version ?? 0;
      return { entity, version, position: end, unchanged: true };
    }

    const sequence = end + 1;
    const recordedtime = later(new Date(this.#now()).toISOString(), round.lastTime);
    const bytes = this.codec.encode(fact, {
      ledger: this.ledger,
      sequence,
      recordedtime,
      commandid,
      commanddigest: digest,
      recorder: request.recorder,
    });
    if (bytes.byteLength > RECORD_BYTES_MAX) {
      throw new Rejected(
        'record-too-large',
        `The record would be ${bytes.byteLength} bytes, ${RECORD_BYTES_MAX} are the limit: split it into several.`,
      );
    }
    evolve(round.state, fact);
    const subject = fact.data.changes[0];
    const outcome = { entity: subject?.entity ?? '', version: subject?.version ?? 0, position: sequence };
    round.accepted.set(commandid, { ...outcome, digest: digestPrefix(digest) });
    round.records.push({ bytes, fact, commandid, digest });
    round.keys.push(...keys);
    round.lastTime = recordedtime;
    return outcome;
  }

  /** Makes what was decided durable, and then what is; or, where nothing is to be recorded, proves that it was ours to say. */
  async #make({ state, records, keys, lastTime }: Round, term: Term): Promise<void> {
    const last = records.at(-1);
    if (last === undefined) return term.prove();
    const all = records.map(({ bytes }) => bytes);
    const place = await term.append(this.#committed.end + 1, all, keys);
    commitOverlay(state, this.#committed.state);
    for (const { commandid, digest, fact } of records) this.#committed.accept(commandid, digest, fact);
    this.#committed.moveTo(lastTime, last.bytes, place);
  }
}

interface Round {
  state: StateOverlay;
  /** Commands that were accepted in this round, by their ids. */
  accepted: Map<string, Outcome & { digest: string }>;
  records: { bytes: Uint8Array; fact: Fact; commandid: string; digest: string }[];
  keys: WrappedKey[];
  /** One for each command, called when the round is proved. */
  answers: (() => void)[];
  lastTime: string;
}

/** A refusal of this very command, which says nothing of the others. */
function isVerdict(error: unknown): error is Error {
  return error instanceof Rejected || (error instanceof WriteFailure && error.code === 'not-storable');
}

/** recordedtime never falls, whatever the clock does. Same form, so text compares like time. */
function later(a: string, b: string): string {
  return a > b ? a : b;
}

/** Most acts hold none, and then need not be walked through. */
function hasPrivateText({ canonicalBody }: Request): boolean {
  return canonicalBody.includes('"private":true');
}
