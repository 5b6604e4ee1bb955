/**
 * A TABLE IN FEW BYTES: keys and values lie as bytes in chunks, found by a hash index, and a value is made an object again
 * when it is asked for. An object for each entity of a large ledger would take five times the memory, and the garbage
 * collector would walk through all of them.
 *
 * Bytes are only ever added; what was replaced is left behind until a third of them is such. So whoever holds the chunks
 * of a moment (a snapshot does) has that moment, whatever is set later.
 */
import type { Table } from '#domain';

const CHUNK_BITS = 20;
const CHUNK_BYTES = 1 << CHUNK_BITS;
/** Length of the key in one byte, of the value in four. */
const HEAD_BYTES = 5;
const INDEX_SIZE_MIN = 1024;
const FULL = 0.8;
/** Less left behind is not worth moving the rest. */
const LEFT_BEHIND_MIN = 8 * CHUNK_BYTES;
const PART_BYTES = 256 * 1024;

/** A table as it was at some moment. */
export interface PackedMoment {
  chunks: readonly Buffer[];
  places: Uint32Array;
}

/** Keys are ASCII, of at most 255 characters; values are whatever JSON keeps, undefined fields left out. */
export class PackedTable<Value> implements Table<Value> {
  #chunks: Buffer[] = [];
  /** How much of the last chunk is used. */
  #used = 0;
  #bytes = 0;
  #leftBehind = 0;
  /** Where each entry lies, in the order in which keys came: chunk and offset in it. */
  #places = new Uint32Array(INDEX_SIZE_MIN);
  #size = 0;
  /** By hash, the number of an entry and 1; 0 is free. */
  #index = new Uint32Array(INDEX_SIZE_MIN);

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    const entry = this.numberOf(key);
    return entry === undefined ? undefined : this.#valueOf(entry);
  }

  set(key: string, value: Value): void {
    const text = JSON.stringify(value);
    const found = this.numberOf(key);
    if (found === undefined) {
      this.#take(this.#write(key, text), hashOf(key));
      return;
    }
    this.#leftBehind += this.#lengthOf(found);
    this.#places[found] = this.#write(key, text);
    if (this.#leftBehind > LEFT_BEHIND_MIN && this.#leftBehind > this.#bytes / 3) this.#tidy();
  }

  *entries(mentioning?: readonly string[]): IterableIterator<[string, Value]> {
    for (let entry = 0; entry < this.#size; entry += 1) {
      const isMeant = mentioning === undefined || mentioning.some((text) => this.#bytesOf(entry).includes(text));
      if (isMeant) yield [this.keyOf(entry), this.#valueOf(entry)];
    }
  }

  /** The number of a key, from 0 in the order in which keys came; it keeps it for ever. */
  numberOf(key: string): number | undefined {
    const mask = this.#index.length - 1;
    for (let slot = hashOf(key) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#index[slot] ?? 0) - 1;
      if (entry < 0) return undefined;
      if (this.#hasKey(entry, key)) return entry;
    }
  }

  keyOf(entry: number): string {
    const { chunk, offset } = this.#at(entry);
    return chunk.toString('latin1', offset + HEAD_BYTES, offset + HEAD_BYTES + (chunk[offset] ?? 0));
  }

  /** How it is now, for reading whatever becomes of it. */
  moment(): PackedMoment {
    return { chunks: [...this.#chunks], places: this.#places.slice(0, this.#size) };
  }

  /** Takes what `partsOf` gave, part by part, into a table that is empty at first. */
  restore(part: Buffer): void {
    const place = this.#reserve(part.length);
    part.copy(this.#chunks[place >>> CHUNK_BITS] as Buffer, place & (CHUNK_BYTES - 1));
    for (let offset = 0; offset < part.length;) {
      const keyBytes = part[offset] ?? 0;
      this.#take(place + offset, hashOfBytes(part, offset + HEAD_BYTES, keyBytes));
      offset += HEAD_BYTES + keyBytes + part.readUInt32LE(offset + 1);
    }
  }

  #valueOf(entry: number): Value {
    const { chunk, offset } = this.#at(entry);
    const start = offset + HEAD_BYTES + (chunk[offset] ?? 0);
    return JSON.parse(chunk.toString('utf8', start, start + chunk.readUInt32LE(offset + 1))) as Value;
  }

  #bytesOf(entry: number): Buffer {
    const { chunk, offset } = this.#at(entry);
    return chunk.subarray(offset + HEAD_BYTES, offset + lengthAt(chunk, offset));
  }

  #at(entry: number): { chunk: Buffer; offset: number } {
    const place = this.#places[entry] ?? 0;
    return { chunk: this.#chunks[place >>> CHUNK_BITS] as Buffer, offset: place & (CHUNK_BYTES - 1) };
  }

  #lengthOf(entry: number): number {
    const { chunk, offset } = this.#at(entry);
    return lengthAt(chunk, offset);
  }

  #hasKey(entry: number, key: string): boolean {
    const { chunk, offset } = this.#at(entry);
    if (chunk[offset] !== key.length) return false;
    for (let index = 0; index < key.length; index += 1) {
      if (chunk[offset + HEAD_BYTES + index] !== key.charCodeAt(index)) return false;
    }
    return true;
  }

  #write(key: string, text: string): number {
    const textBytes = Buffer.byteLength(text, 'utf8');
    const place = this.#reserve(HEAD_BYTES + key.length + textBytes);
    const chunk = this.#chunks[place >>> CHUNK_BITS] as Buffer;
    let offset = place & (CHUNK_BYTES - 1);
    offset = chunk.writeUInt8(key.length, offset);
    offset = chunk.writeUInt32LE(textBytes, offset);
    offset += chunk.write(key, offset, 'latin1');
    chunk.write(text, offset, 'utf8');
    return place;
  }

  /** Room for so many bytes in one chunk. What is larger than chunks are has one of its own. */
  #reserve(bytes: number): number {
    const last = this.#chunks.at(-1);
    if (last === undefined || this.#used + bytes > last.length) {
      if (this.#chunks.length === 1 << (32 - CHUNK_BITS))
        throw new Error('A ledger this large does not fit in memory.');
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes)));
      this.#used = 0;
    }
    const place = ((this.#chunks.length - 1) << CHUNK_BITS) >>> 0;
    const offset = this.#used;
    this.#used += bytes;
    this.#bytes += bytes;
    return place + offset;
  }

  #take(place: number, hash: number): void {
    if (this.#size === this.#places.length) {
      const places = new Uint32Array(Math.ceil(this.#places.length * 1.5));
      places.set(this.#places);
      this.#places = places;
    }
    this.#places[this.#size] = place;
    this.#size += 1;
    if (this.#size > this.#index.length * FULL) this.#growIndex();
    else this.#enter(this.#size - 1, hash);
  }

  #enter(entry: number, hash: number): void {
    const mask = this.#index.length - 1;
    let slot = hash & mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
    this.#index[slot] = entry + 1;
  }

  #growIndex(): void {
    this.#index = new Uint32Array(this.#index.length * 2);
    for (let entry = 0; entry < this.#size; entry += 1) {
      const { chunk, offset } = this.#at(entry);
      this.#enter(entry, hashOfBytes(chunk, offset + HEAD_BYTES, chunk[offset] ?? 0));
    }
  }

  #tidy(): void {
    const { chunks, places } = this.moment();
    this.#chunks = [];
    this.#used = this.#bytes = this.#leftBehind = 0;
    for (const [entry, place] of places.entries()) {
      const chunk = chunks[place >>> CHUNK_BITS] as Buffer;
      const offset = place & (CHUNK_BYTES - 1);
      const length = lengthAt(chunk, offset);
      const moved = this.#reserve(length);
      chunk.copy(this.#chunks[moved >>> CHUNK_BITS] as Buffer, moved & (CHUNK_BYTES - 1), offset, offset + length);
      this.#places[entry] = moved;
    }
  }
}

/** A moment of a table as bytes, in parts of some 256 KiB: the entries in the order in which their keys came. */
export function* partsOf({ chunks, places }: PackedMoment): Generator<Buffer> {
  let part: Buffer[] = [];
  let bytes = 0;
  for (const place of places) {
    const chunk = chunks[place >>> CHUNK_BITS] as Buffer;
    const offset = place & (CHUNK_BYTES - 1);
    const entry = chunk.subarray(offset, offset + lengthAt(chunk, offset));
    if (bytes > 0 && bytes + entry.length > PART_BYTES) {
      yield Buffer.concat(part);
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry.length;
  }
  if (bytes > 0) yield Buffer.concat(part);
}

function lengthAt(chunk: Buffer, offset: number): number {
  return HEAD_BYTES + (chunk[offset] ?? 0) + chunk.readUInt32LE(offset + 1);
}

/** FNV-1a with the last mixing of MurmurHash3, or ids that differ in their last characters would lie side by side. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

function hashOfBytes(bytes: Buffer, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < start + length; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return mixed(hash);
}

function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
