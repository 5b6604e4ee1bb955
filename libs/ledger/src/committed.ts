/**
 * WHAT THE LOG IS KNOWN TO HOLD, as the writer remembers it: the state that the rules decide on, every accepted command by
 * its id, and where the log ends. Committed records only. It can be kept as a snapshot, so that a later term reads the
 * records behind it instead of all of them; a snapshot is only ever a shortcut, and anything that does not fit means
 * reading the whole log.
 */
import { createHash } from 'node:crypto';
import {
  evolve,
  EVOLVE_VERSION,
  initialState,
  type Entity,
  type Fact,
  type Id,
  type LedgerRecord,
  type State,
} from '#domain';
import { Unreadable } from './codec.js';
import { CommandIds, commandPartsOf, digestPrefix, type Accepted } from './command-ids.js';
import { PackedTable, partsOf } from './packed-table.js';

/** Raised with every change of what the parts of a snapshot look like. */
const SNAPSHOT_FORMAT = 1;

/** What a snapshot says of itself. It fits to a log if record `sequence` there is the one that it names. */
export interface SnapshotManifest {
  format: number;
  evolve: number;
  ledger: string;
  /** The last record that is in it. */
  sequence: number;
  /** SHA-256 of that record's bytes, hexadecimal. */
  record: string;
  /** Where the storage said that it lies. */
  place?: string;
  recordedtime: string;
  inForce?: State['inForce'];
  closed?: State['closed'];
  /** How many parts there are, and the SHA-256 of all of them one after another. */
  parts: number;
  sha256: string;
}

/** First byte of a part: what it is a part of. */
const ENTITIES = 0x65;
const DOCUMENTS = 0x64;
const COMMANDS = 0x63;

export class Committed {
  readonly state: State;
  readonly #entities = new PackedTable<Entity>();
  readonly #documents = new PackedTable<Id | null>();
  readonly #commands = new CommandIds();
  #last: { bytes: Uint8Array; place?: string | undefined } | undefined;
  /** The time of the last record; '' before the first. */
  recordedtime = '';

  constructor(readonly ledger: string) {
    this.state = initialState({ entities: this.#entities, documents: this.#documents });
  }

  /** The sequence of the last record. */
  get end(): number {
    return this.#commands.size;
  }

  accepted(commandid: string): (Omit<Accepted, 'entity'> & { entity: string }) | undefined {
    const found = this.#commands.get(commandid);
    return found && { ...found, entity: this.#entities.keyOf(found.entity) };
  }

  /** Takes the next record of the log, as it was read. */
  fold(record: LedgerRecord, bytes: Uint8Array, place?: string): void {
    if (record.ledger !== this.ledger || record.sequence !== this.end + 1) {
      throw new Unreadable(`${record.ledger}/${record.sequence} stands where ${this.ledger}/${this.end + 1} should.`);
    }
    evolve(this.state, record);
    this.accept(record.commandid, record.commanddigest, record);
    this.moveTo(record.recordedtime, bytes, place);
  }

  /** Remembers the command of the next record, whose changes are in the state already. */
  accept(commandid: string, commanddigest: string, { data }: Fact): void {
    const { entity, version } = data.changes[0] as Fact['data']['changes'][number];
    const number = this.#entities.numberOf(entity);
    if (number === undefined) throw new Error(`The record of ${entity} is to be in the state before its command.`);
    this.#commands.add(commandid, { entity: number, version, digest: digestPrefix(commanddigest) });
  }

  /** What the last record is, once its command is accepted. */
  moveTo(recordedtime: string, bytes: Uint8Array, place?: string): void {
    this.recordedtime = recordedtime;
    this.#last = { bytes, place };
  }

  /** As it is now, to be written down part by part whatever is folded meanwhile. */
  snapshot(): Snapshot {
    const { ledger, end, recordedtime, state } = this;
    if (this.#last === undefined) throw new Error('There is nothing yet of which a snapshot could be taken.');
    const { bytes, place } = this.#last;
    const moments = {
      entities: this.#entities.moment(),
      documents: this.#documents.moment(),
      commands: this.#commands.moment(),
    };
    function* parts(): Generator<Buffer> {
      for (const part of partsOf(moments.entities)) yield marked(ENTITIES, part);
      for (const part of partsOf(moments.documents)) yield marked(DOCUMENTS, part);
      for (const part of commandPartsOf(moments.commands)) yield marked(COMMANDS, part);
    }
    return new Snapshot(parts(), {
      format: SNAPSHOT_FORMAT,
      evolve: EVOLVE_VERSION,
      ledger,
      sequence: end,
      record: sha256(bytes),
      ...(place !== undefined && { place }),
      recordedtime,
      ...(state.inForce !== undefined && { inForce: state.inForce }),
      ...(state.closed !== undefined && { closed: state.closed }),
    });
  }

  /** @throws Unfit where the snapshot is of another version, another ledger, or not whole */
  static async restore(
    ledger: string,
    manifest: SnapshotManifest,
    parts: AsyncIterable<Uint8Array>,
  ): Promise<Committed> {
    if (manifest.format !== SNAPSHOT_FORMAT || manifest.evolve !== EVOLVE_VERSION) {
      throw new Unfit(
        `it is of version ${manifest.format}.${manifest.evolve}, not ${SNAPSHOT_FORMAT}.${EVOLVE_VERSION}`,
      );
    }
    if (manifest.ledger !== ledger) throw new Unfit(`it is of the ledger ${manifest.ledger}`);
    const committed = new Committed(ledger);
    const all = createHash('sha256');
    let count = 0;
    for await (const bytes of parts) {
      const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      all.update(part);
      count += 1;
      committed.#restorePart(part);
    }
    if (count !== manifest.parts || all.digest('hex') !== manifest.sha256) {
      throw new Unfit(`of its ${manifest.parts} parts not all are there as they were written`);
    }
    if (committed.end !== manifest.sequence)
      throw new Unfit(`it has ${committed.end} commands, not ${manifest.sequence}`);
    committed.state.inForce = manifest.inForce;
    committed.state.closed = manifest.closed;
    committed.recordedtime = manifest.recordedtime;
    return committed;
  }

  #restorePart(part: Buffer): void {
    const content = part.subarray(1);
    if (part[0] === ENTITIES) this.#entities.restore(content);
    else if (part[0] === DOCUMENTS) this.#documents.restore(content);
    else if (part[0] === COMMANDS) this.#commands.restore(content);
    else throw new Unfit('it has a part that nobody knows');
  }
}

/** A snapshot on its way to the storage. */
export class Snapshot {
  readonly #all = createHash('sha256');
  #count = 0;

  constructor(
    private readonly content: Iterator<Buffer>,
    private readonly about: Omit<SnapshotManifest, 'parts' | 'sha256'>,
  ) {}

  get sequence(): number {
    return this.about.sequence;
  }

  /** The next part; undefined after the last. */
  next(): Buffer | undefined {
    const { value, done } = this.content.next();
    if (done) return undefined;
    this.#all.update(value);
    this.#count += 1;
    return value;
  }

  /** What is written last, once there is no next part. */
  manifest(): SnapshotManifest {
    return { ...this.about, parts: this.#count, sha256: this.#all.copy().digest('hex') };
  }
}

/** A snapshot that cannot be gone on from: the whole log is read instead. */
export class Unfit extends Error {
  constructor(why: string) {
    super(`The snapshot is of no use: ${why}.`);
    this.name = 'Unfit';
  }
}

/** SHA-256 of a record's bytes, as a manifest names it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function marked(kind: number, part: Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind]), part]);
}
