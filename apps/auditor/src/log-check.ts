/**
 * THE LOG BY ITSELF: its records taken one after another, each held against what every record must be and against those
 * before it. Looks at the log only; what the read models make of it is another matter (`verify.ts`).
 */
import { evolve, initialState, type LedgerRecord, type State } from '#domain';
import { RECORD_BYTES_MAX, Unreadable, type Codec, type StoredRecord } from '#ledger';
import { faultsOfForm, isBase64url, isInstant } from './byte-form.js';
import type { Check, Found } from './findings.js';
import { claimsNamedBy, kindOfChange, namedBy } from './references.js';

/** HMAC-SHA-256. */
const DIGEST_BYTES = 32;

export class LogCheck {
  readonly #state: State = initialState();
  /** Command id → the record that has it. The recorder is in it. */
  readonly #commands = new Map<string, number>();
  #next = 1;
  #lastTime = '';
  #faults = 0;
  #records = 0;

  constructor(
    private readonly ledger: string,
    private readonly codec: Codec,
    private readonly found: Found,
  ) {}

  get faults(): number {
    return this.#faults;
  }

  /** How many records there were. */
  get records(): number {
    return this.#records;
  }

  /** Takes the next record that the log gives; what it says, if it can be read. */
  take({ sequence, bytes }: StoredRecord): LedgerRecord | undefined {
    const fault = (check: Check, what: string): void => this.fault(sequence, check, what);
    if (sequence !== this.#next) {
      const missing =
        sequence - 1 === this.#next ? `record ${this.#next} is` : `records ${this.#next} to ${sequence - 1} are`;
      this.fault(this.#next, 'sequence', `${missing} missing: ${sequence} is the next one there`);
    }
    this.#next = sequence + 1;
    this.#records += 1;

    if (bytes.byteLength > RECORD_BYTES_MAX) {
      fault('bytes', `it is ${bytes.byteLength} bytes long, more than ${RECORD_BYTES_MAX}`);
    }
    let record: LedgerRecord;
    try {
      record = this.codec.decode(bytes);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      fault('schema', error.message);
      return undefined;
    }
    for (const what of faultsOfForm(bytes)) fault('bytes', what);
    const isHere = record.ledger === this.ledger && record.sequence === sequence;
    if (!isHere) fault('sequence', `it says that it is ${record.ledger}/${record.sequence}`);
    this.#checkEnvelope(record, sequence, isHere);
    this.#checkHistory(record, sequence);
    try {
      evolve(this.#state, record);
    } catch (error) {
      fault('fold', `it cannot be applied to what was before: ${(error as Error).message}`);
    }
    return record;
  }

  /** The log gives no more, because what comes next cannot be told from what is not of the ledger. */
  cannotGoOn(what: string): void {
    this.fault(this.#next, 'schema', what);
  }

  fault(record: number, check: Check, what: string): void {
    this.#faults += 1;
    this.found({ kind: 'log', record, check, what });
  }

  #checkEnvelope(
    { recordedtime, commandid, commanddigest, recorder }: LedgerRecord,
    sequence: number,
    isHere: boolean,
  ): void {
    if (!isInstant(recordedtime)) this.fault(sequence, 'time', `there was no ${recordedtime}`);
    else if (isHere) {
      // One that belongs elsewhere has the time of there.
      if (recordedtime < this.#lastTime) {
        this.fault(sequence, 'time', `it was recorded at ${recordedtime}, and the one before it at ${this.#lastTime}`);
      }
      this.#lastTime = recordedtime;
    }
    const first = this.#commands.get(commandid);
    if (first !== undefined) this.fault(sequence, 'command-id', `record ${first} has the command id ${commandid} too`);
    this.#commands.set(commandid, sequence);
    if (!commandid.startsWith(`${recorder}:`) || commandid === `${recorder}:`) {
      this.fault(sequence, 'command-id', `the command id ${commandid} is none of the recorder ${recorder}`);
    }
    if (!isBase64url(commanddigest, DIGEST_BYTES)) {
      this.fault(sequence, 'digest', `${commanddigest} is no HMAC-SHA-256, which is 43 letters of base64url`);
    }
  }

  /** Against the records before. */
  #checkHistory(record: LedgerRecord, sequence: number): void {
    const { entities } = this.#state;
    const isOpening = record.name === 'LedgerOpened';
    if (this.#state.closed !== undefined) this.fault(sequence, 'ledger', 'the ledger was closed before');
    else if (isOpening !== (this.#state.inForce === undefined)) {
      this.fault(sequence, 'ledger', isOpening ? 'the ledger was opened before' : 'the ledger is not open yet');
    }

    const own = new Map<string, number>();
    for (const [index, { entity, version }] of record.data.changes.entries()) {
      const { kind, isNew } = kindOfChange(record, index);
      const before = entities.get(entity);
      if (own.has(entity)) this.fault(sequence, 'version', `it changes ${entity} twice`);
      own.set(entity, version);
      if (before !== undefined && before.kind !== kind) {
        this.fault(sequence, 'reference', `it changes the ${kind} ${entity}, which is of the kind ${before.kind}`);
      } else if (before === undefined && !isNew) {
        this.fault(sequence, 'reference', `it changes ${entity}, and there is no such ${kind} by then`);
      } else if (version !== (before?.version ?? 0) + 1) {
        const held = before === undefined ? 'is not there yet' : `is at version ${before.version}`;
        this.fault(sequence, 'version', `it makes version ${version} of ${entity}, which ${held}`);
      } else if (isNew && before !== undefined) {
        this.fault(sequence, 'version', `it makes ${entity}, which is there already`);
      }
    }
    for (const { kind, id } of namedBy(record)) {
      const named = entities.get(id);
      // What it makes itself it may name: a claim is about what a split has just made.
      if (named === undefined && !own.has(id)) {
        this.fault(sequence, 'reference', `it names the ${kind} ${id}, which is not there by then`);
      } else if (named !== undefined && named.kind !== kind) {
        this.fault(sequence, 'reference', `it names the ${kind} ${id}, which is of the kind ${named.kind}`);
      }
    }
    for (const claim of claimsNamedBy(record)) {
      if (!this.#isThere(claim, record)) {
        this.fault(sequence, 'reference', `it names the claim ${claim}, which is not there by then`);
      }
    }
  }

  #isThere(claim: string, { data }: LedgerRecord): boolean {
    const hash = claim.lastIndexOf('#');
    const [statement, number] = [claim.slice(0, hash), Number(claim.slice(hash + 1))];
    const isOwn = 'statement' in data && data.changes[0]?.entity === statement;
    const known = this.#state.entities.get(statement);
    const count = isOwn ? data.statement.claims.length : known?.kind === 'statement' ? known.claims.length : 0;
    return number <= count;
  }
}
