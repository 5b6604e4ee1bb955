/**
 * THE IMPORT: rows in, acts out, in chunks. Two chunks are on their way at once, none before what its rows name is registered.
 * What a chunk was answered is noted in the journal before the next one takes its place, so that a kill at any moment costs two
 * chunks of lines sent once more.
 */
import { randomUUID } from 'node:crypto';
import { Undoable, type BatchDoor, type Line, type Refusal } from './batch-door.js';
import type { DataSet, Entry, Register } from './dataset.js';
import { RETRACTED, type Journal, type Standing } from './journal.js';
import { cardLine, planRow, probeLine, registerLine, retractionLine, type Plan, type Step } from './plan.js';
import type { Progress } from '#runtime/progress';
import type { Rejects } from './rejects.js';
import { Unreadable, UnreadableFile, type Row, type Table } from './rows.js';

/** Of some 700 bytes each: far below the 8 MiB and 10,000 lines that the recorder takes at once. Fewer are slower. */
const CHUNK_LINES = 2_000;
/** A new row is two lines. */
const CHUNK_ROWS = CHUNK_LINES / 2;
const IN_FLIGHT_MAX = 2;
/** Entities that one probe asks for: at most 500. */
const PROBED = 400;
/** Without being told otherwise, no more rows are retracted than a tenth of those in question, or these. */
const RETRACTED_ANYWAY = 10;

export interface Tally {
  rows: number;
  new: number;
  revised: number;
  /** Cards that a later release changed. */
  cards: number;
  same: number;
  older: number;
  /** The same row a second time in the file. */
  repeated: number;
  retracted: number;
  /** Rows that stand and that the file, a later release, has no more; they were left as they are. */
  missing: number;
  /** The last position that the recorder answered; 0: nothing was sent. */
  position: number;
}

export interface Importing {
  dataSet: DataSet;
  table: Table;
  journal: Journal;
  door: BatchDoor;
  rejects: Rejects;
  progress: Progress;
  /** How much of the file was read, from 0 to 1. */
  share: () => number;
  signal: AbortSignal;
  retractMissing: boolean;
  retractAtMost: number | undefined;
}

/** A row that waits to be sent, with what it needs. */
interface Planned extends Plan {
  row: Row;
  entry: Entry;
  standing: Standing | undefined;
}

export async function importRows(importing: Importing): Promise<Tally> {
  return new Run(importing).run();
}

class Run {
  readonly tally: Tally = {
    rows: 0,
    new: 0,
    revised: 0,
    cards: 0,
    same: 0,
    older: 0,
    repeated: 0,
    retracted: 0,
    missing: 0,
    position: 0,
  };
  #chunk: Planned[] = [];
  #registers = new Map<string, Register>();
  /** Values of the rows that were sent or wait for it, and are not in the journal yet. */
  readonly #pending = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  #failure: unknown;
  #unread = 0;
  /** Which rows the file speaks for. */
  readonly #countries = new Set<number>();
  #years: [first: number, last: number] = [Infinity, -Infinity];
  #isFirstChunk: boolean;

  constructor(private readonly on: Importing) {
    this.#isFirstChunk = on.journal.rowCount === 0;
  }

  async run(): Promise<Tally> {
    let broken: UnreadableFile | undefined;
    try {
      await this.#readAll();
    } catch (error) {
      // What is on its way is waited for, so that the journal knows of it.
      if (error instanceof UnreadableFile) broken = error;
      else {
        await Promise.allSettled(this.#inFlight);
        throw error;
      }
    }
    // Where the file breaks off, what stands before is imported.
    await this.#flush();
    await this.#settled(0);
    if (broken !== undefined) throw broken;
    await this.#takeBackMissing();
    return this.tally;
  }

  async #readAll(): Promise<void> {
    const { table, dataSet, progress, rejects, share, signal } = this.on;
    let isChecked = false;
    for await (const row of table.rows()) {
      signal.throwIfAborted();
      this.tally.rows += 1;
      if ('reason' in row) {
        rejects.add(row.at, row.reason, row.raw);
        this.#unread += 1;
        continue;
      }
      if (!isChecked) {
        dataSet.checkColumns(row);
        await this.#checkJournal();
        await this.#register(dataSet.registers);
        isChecked = true;
      }
      this.#take(row);
      if (this.#chunk.length >= CHUNK_ROWS) await this.#flush();
      progress.rows(this.tally.rows, rejects.count, share());
    }
  }

  /** Reads a row and plans what it needs. */
  #take(row: Row): void {
    const { dataSet, journal } = this.on;
    try {
      const entry = dataSet.read(row);
      this.#countries.add(entry.country);
      this.#years = [Math.min(this.#years[0], entry.year), Math.max(this.#years[1], entry.year)];
      const standing = journal.of(entry.row);
      const metAt = journal.meet(entry.row, row.at);
      if (metAt !== 0) {
        const values = this.#pending.get(entry.row) ?? standing?.values;
        if (values !== undefined && values !== entry.values) {
          throw new Unreadable(`its id stands in ${this.on.table.unit} ${metAt} already, with other values`);
        }
        this.tally.repeated += 1;
        return;
      }
      const plan = planRow(dataSet, entry, standing, (one, other) => journal.isLater(one, other));
      if (plan.steps.length === 0) {
        this.tally[plan.is] += 1;
        return;
      }
      this.#pending.set(entry.row, entry.values);
      this.#chunk.push({ ...plan, row, entry, standing });
      for (const register of entry.registers()) {
        if (!journal.knowsRegister(register.body.id)) this.#registers.set(register.body.id, register);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.on.rejects.add(row.at, error.message, row.raw());
      this.#unread += 1;
    }
  }

  /** Sends what waits, as soon as one of those on their way has come back. */
  async #flush(): Promise<void> {
    const chunk = this.#chunk;
    if (chunk.length === 0) return;
    const registers = [...this.#registers.values()];
    this.#chunk = [];
    this.#registers = new Map();
    if (this.#isFirstChunk) await this.#checkUnknown(chunk);
    this.#isFirstChunk = false;
    await this.#register(registers);
    await this.#settled(IN_FLIGHT_MAX - 1);
    const sent: Promise<void> = this.#send(chunk)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  /** Waits until at most so many chunks are on their way. */
  async #settled(most: number): Promise<void> {
    while (this.#inFlight.size > most) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #register(registers: readonly Register[]): Promise<void> {
    const { journal, door, progress } = this.on;
    const unknown = registers.filter(({ body }) => !journal.knowsRegister(body.id));
    for (let from = 0; from < unknown.length; from += CHUNK_LINES) {
      const some = unknown.slice(from, from + CHUNK_LINES);
      const { refusals, position } = await door.send(some.map(registerLine));
      this.tally.position = Math.max(this.tally.position, position);
      const failed = new Set([...refusals].filter(([, refusal]) => !isThere(refusal)).map(([index]) => index));
      for (const index of failed) {
        progress.tell(`${some[index]?.body.id} was not registered: ${reasonOf(refusals.get(index))}`);
      }
      journal.addRegisters(some.filter((_, index) => !failed.has(index)).map(({ body }) => body.id));
    }
  }

  async #send(chunk: readonly Planned[]): Promise<void> {
    const steps = chunk.flatMap((planned) => planned.steps.map(({ step, line }) => ({ planned, step, line })));
    const { refusals, position } = await this.on.door.send(steps.map(({ line }) => line));
    this.tally.position = Math.max(this.tally.position, position);
    const stands = new Map<Planned, { standing: Standing; failure?: string }>();
    const cardsAgain: { planned: Planned; version: number }[] = [];
    for (const [index, { planned, step }] of steps.entries()) {
      const refusal = refusals.get(index);
      const current = step === 'card' ? refusal?.current?.[0]?.version : undefined;
      if (current !== undefined) cardsAgain.push({ planned, version: current });
      else this.#note(stands, planned, step, refusal, planned.standing?.version ?? 0);
    }
    for (const { planned, version } of cardsAgain) {
      const again = await this.#cardAgain(planned, version);
      this.#note(stands, planned, 'card', again.refusal, again.version);
    }
    const kept: [string, Standing][] = [];
    for (const [{ row, entry, is, steps: needed }, { standing, failure }] of stands) {
      if (failure === undefined) {
        this.tally[is] += 1;
        if (needed.some(({ step }) => step === 'card')) this.tally.cards += 1;
      } else {
        this.on.rejects.add(row.at, failure, row.raw());
      }
      // A row whose statement was refused is met again by the next run, as if for the first time.
      if (standing.values === entry.values) kept.push([entry.row, standing]);
      this.#pending.delete(entry.row);
    }
    this.on.journal.set(kept);
  }

  /** Adds what one step was answered to what stands of the row. */
  #note(
    stands: Map<Planned, { standing: Standing; failure?: string }>,
    planned: Planned,
    step: Step,
    refusal: Refusal | undefined,
    expected: number,
  ): void {
    const { entry, standing: before } = planned;
    const { country, year } = entry;
    const note = stands.get(planned) ?? {
      standing: {
        version: 1,
        card: 0,
        ...before,
        release: this.on.dataSet.release,
        values: before?.values ?? RETRACTED,
        country,
        year,
      },
    };
    stands.set(planned, note);
    const isDone = refusal === undefined || ACCEPTABLE[step].includes(refusal.code);
    if (!isDone) {
      note.failure ??= step === 'card' ? `its card stays as it is: ${reasonOf(refusal)}` : reasonOf(refusal);
      return;
    }
    if (step === 'statement') note.standing.values = entry.values;
    else note.standing.card = entry.card;
    if (step === 'card') note.standing.version = expected + 1;
  }

  /** Somebody changed the incident since: the release's card is recorded over that, and the history shows both. */
  async #cardAgain(planned: Planned, version: number): Promise<{ refusal: Refusal | undefined; version: number }> {
    const { door, dataSet } = this.on;
    let expected = version;
    for (let tried = 0; ; tried += 1) {
      const { refusals, position } = await door.send([cardLine(dataSet, planned.entry, expected)]);
      this.tally.position = Math.max(this.tally.position, position);
      const refusal = refusals.get(0);
      const current = refusal?.current?.[0]?.version;
      if (current === undefined || tried === 5) return { refusal, version: expected };
      expected = current;
    }
  }

  /** Which of some entities the ledger has, asked without reading. */
  async #existing(entities: readonly string[]): Promise<ReadonlySet<string>> {
    const { refusals } = await this.on.door.send([probeLine(`probe:${randomUUID()}`, entities)]);
    const refusal = refusals.get(0);
    if (refusal?.current === undefined)
      throw new Undoable(`The recorder did not say what it has: ${reasonOf(refusal)}`);
    return new Set(refusal.current.filter(({ version }) => version > 0).map(({ entity }) => entity));
  }

  /** A journal of a ledger that was there before this one, under the same name, would leave rows out. */
  async #checkJournal(): Promise<void> {
    const { journal, dataSet } = this.on;
    if (journal.rowCount === 0) return;
    const statements: string[] = [];
    for (const [row, { release }] of journal.sample(PROBED)) {
      if (statements.length < PROBED) statements.push(dataSet.statementId(release, row));
    }
    const existing = await this.#existing(statements);
    if (statements.every((id) => existing.has(id))) return;
    throw new Undoable(
      `The journal ${journal.path} remembers rows that the ledger does not have: it is of another ledger of this name. ` +
        'Name another folder with --journal, or move it away if the ledger was made anew.',
    );
  }

  /** Without a journal, rows that an earlier release brought would all be stated once more. */
  async #checkUnknown(chunk: readonly Planned[]): Promise<void> {
    const { dataSet, journal } = this.on;
    const rows = chunk.slice(0, PROBED / 2).map(({ entry }) => entry.row);
    const existing = await this.#existing(
      rows.flatMap((row) => [dataSet.incidentId(row), dataSet.statementId(dataSet.release, row)]),
    );
    const others = rows.filter(
      (row) => existing.has(dataSet.incidentId(row)) && !existing.has(dataSet.statementId(dataSet.release, row)),
    );
    // One may have lost its statement to a kill.
    if (others.length < 2) return;
    throw new Undoable(
      `The ledger has rows of another release of this data set, such as ${dataSet.incidentId(others[0] ?? '')}, of which the ` +
        `journal ${journal.path} knows nothing. Name the folder of that import with --journal; if it is lost, import the ` +
        'earlier releases again first: that adds nothing, and writes the journal anew.',
    );
  }

  /** Rows of the countries and years of this file which stand, and which this later release has no more. */
  async #takeBackMissing(): Promise<void> {
    const { dataSet, journal, progress, retractMissing, retractAtMost } = this.on;
    if (dataSet.retraction === undefined) return;
    const isMissing = ({ country, year, release }: Standing): boolean =>
      this.#countries.has(country) &&
      year >= this.#years[0] &&
      year <= this.#years[1] &&
      release.name !== dataSet.release.name &&
      journal.isLater(dataSet.release, release);
    const missing = [...journal.unmet()].filter(([, standing]) => isMissing(standing));
    this.tally.missing = missing.length;
    if (!retractMissing || missing.length === 0) return;
    if (this.#unread > 0) {
      progress.tell('Nothing was retracted: rows that cannot be read may be those that are missing. Mend them first.');
      return;
    }
    const most = retractAtMost ?? Math.max(RETRACTED_ANYWAY, Math.floor((this.tally.rows + missing.length) / 10));
    if (missing.length > most) {
      throw new Undoable(
        `${missing.length} rows that stand are not in this file, more than ${most}. If it is the whole release for its ` +
          `countries and years, give --retract-at-most ${missing.length}. All other rows are in.`,
      );
    }
    for (let from = 0; from < missing.length; from += CHUNK_LINES) {
      const some = missing.slice(from, from + CHUNK_LINES);
      const lines = some.map(([row, standing]) => retractionLine(dataSet, row, standing)).filter(isLine);
      const { refusals, position } = await this.on.door.send(lines);
      this.tally.position = Math.max(this.tally.position, position);
      const gone: [string, Standing][] = [];
      for (const [index, [row, standing]] of some.entries()) {
        const refusal = refusals.get(index);
        if (refusal === undefined || isThere(refusal)) {
          gone.push([row, { ...standing, release: dataSet.release, values: RETRACTED }]);
        } else this.on.rejects.add(0, `row ${row} was not retracted: ${reasonOf(refusal)}`, '');
      }
      journal.set(gone);
      this.tally.retracted += gone.length;
      this.tally.missing -= gone.length;
    }
  }
}

const isLine = (line: Line | undefined): line is Line => line !== undefined;

/** It was recorded before: by a run that was cut, or by hand. */
const isThere = ({ code }: Refusal): boolean => code === 'id-taken' || code === 'command-id-reused';

/**
 * Refusals after which nothing is left to do: it was recorded before, where a card may have been in other words; or the
 * incident was merged, and has no card of its own any more.
 */
const ACCEPTABLE: Readonly<Record<Step, readonly string[]>> = {
  incident: ['id-taken', 'command-id-reused'],
  statement: ['id-taken'],
  card: ['merged'],
};

function reasonOf(refusal: Refusal | undefined): string {
  if (refusal === undefined) return 'it was not refused';
  if (refusal.code === 'command-id-reused') {
    return 'another rendering of this release recorded the row with other words, and there is no journal of that';
  }
  return `${refusal.code}: ${refusal.detail}`;
}
