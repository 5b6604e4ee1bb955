/**
 * EVERY ACCEPTED COMMAND of a ledger by its id, for ever, in some 40 bytes each: a repeat gets its first outcome. A ledger's
 * record is one accepted command, so the commands are numbered as the records are, and their positions need no room.
 */
import { hash as hashOnce } from 'node:crypto';

/** 16 bytes that stand for the id, 8 of the digest, the number of the entity, its version. */
const ENTRY_BYTES = 32;
const ID_BYTES = 16;
const DIGEST_BYTES = 8;
const ENTITY_AT = ID_BYTES + DIGEST_BYTES;
const VERSION_AT = ENTITY_AT + 4;
const CHUNK_ENTRIES = 8_192;
const CHUNK_BYTES = CHUNK_ENTRIES * ENTRY_BYTES;
const INDEX_SIZE_MIN = 1024;
const FULL = 0.8;

/** What an accepted command came to. */
export interface Accepted {
  /** The number of the entity in the table of entities. */
  entity: number;
  version: number;
  /** The sequence of its record. */
  position: number;
  /** The first bytes of its digest, as `digestPrefix` gives them. */
  digest: string;
}

/** As much of a digest as is kept: enough to tell a repeat from another body. */
export function digestPrefix(digest: string): string {
  return Buffer.from(digest.slice(0, 11), 'base64url').toString('latin1');
}

/** Command ids as they were at some moment. */
export interface CommandsMoment {
  chunks: readonly Buffer[];
  size: number;
}

export class CommandIds {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** By hash, the position of a command; 0 is free. */
  #index = new Uint32Array(INDEX_SIZE_MIN);

  get size(): number {
    return this.#size;
  }

  get(commandid: string): Accepted | undefined {
    const id = idOf(commandid);
    const mask = this.#index.length - 1;
    for (let slot = id.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const position = this.#index[slot] ?? 0;
      if (position === 0) return undefined;
      const { chunk, offset } = this.#at(position);
      if (chunk.compare(id, 0, ID_BYTES, offset, offset + ID_BYTES) !== 0) continue;
      return {
        entity: chunk.readUInt32LE(offset + ENTITY_AT),
        version: chunk.readUInt32LE(offset + VERSION_AT),
        position,
        digest: chunk.toString('latin1', offset + ID_BYTES, offset + ENTITY_AT),
      };
    }
  }

  /** Of the next record. */
  add(commandid: string, { entity, version, digest }: Omit<Accepted, 'position'>): void {
    const entry = Buffer.allocUnsafe(ENTRY_BYTES);
    idOf(commandid).copy(entry);
    entry.write(digest, ID_BYTES, 'latin1');
    entry.writeUInt32LE(entity, ENTITY_AT);
    entry.writeUInt32LE(version, VERSION_AT);
    this.#append(entry);
  }

  moment(): CommandsMoment {
    return { chunks: [...this.#chunks], size: this.#size };
  }

  /** Takes what `commandPartsOf` gave, part by part, at first. */
  restore(part: Buffer): void {
    for (let offset = 0; offset < part.length; offset += ENTRY_BYTES) {
      this.#append(part.subarray(offset, offset + ENTRY_BYTES));
    }
  }

  #append(entry: Buffer): void {
    const offset = (this.#size % CHUNK_ENTRIES) * ENTRY_BYTES;
    if (offset === 0) this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
    entry.copy(this.#chunks.at(-1) as Buffer, offset);
    this.#size += 1;
    if (this.#size > this.#index.length * FULL) this.#growIndex();
    else this.#enter(this.#size);
  }

  #at(position: number): { chunk: Buffer; offset: number } {
    const entry = position - 1;
    const chunk = this.#chunks[Math.floor(entry / CHUNK_ENTRIES)] as Buffer;
    return { chunk, offset: (entry % CHUNK_ENTRIES) * ENTRY_BYTES };
  }

  #enter(position: number): void {
    const { chunk, offset } = this.#at(position);
    const mask = this.#index.length - 1;
    let slot = chunk.readUInt32LE(offset) & mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
    this.#index[slot] = position;
  }

  #growIndex(): void {
    this.#index = new Uint32Array(this.#index.length * 2);
    for (let position = 1; position <= this.#size; position += 1) this.#enter(position);
  }
}

/** A moment of the command ids as bytes, in parts of 256 KiB. */
export function* commandPartsOf({ chunks, size }: CommandsMoment): Generator<Buffer> {
  for (let from = 0, chunk = 0; from < size; from += CHUNK_ENTRIES, chunk += 1) {
    yield (chunks[chunk] as Buffer).subarray(0, Math.min(CHUNK_ENTRIES, size - from) * ENTRY_BYTES);
  }
}

/** Half of a SHA-256: nobody finds two ids that share it. */
function idOf(commandid: string): Buffer {
  return hashOnce('sha256', commandid, 'buffer').subarray(0, ID_BYTES);
}
