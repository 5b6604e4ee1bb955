/**
 * THE FILE: its bytes, unpacked where it is gzip, and how far they were read. Never more of it is in memory than a few
 * chunks. What is in it is told by its first bytes, not by its name.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { csvTable } from './csv-table.js';
import { geojsonTable } from './geojson-table.js';
import { UnreadableFile, type Table } from './rows.js';

const CHUNK_BYTES = 64 * 1024;
/** Enough for the head of a GeoJSON file and for the columns of any CSV. */
const HEAD_BYTES = 64 * 1024;

export class SourceFile {
  #bytesRead = 0;
  readonly name: string;

  private constructor(
    readonly path: string,
    /** Of the file as it lies on the disk. */
    readonly size: number,
    private readonly isGzip: boolean,
  ) {
    this.name = basename(path);
  }

  static async open(path: string): Promise<SourceFile> {
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      throw new UnreadableFile(`${path} cannot be opened (${error.code}): mend its name, or who may read it.`);
    });
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new UnreadableFile(`${path} is not a file.`);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return new SourceFile(path, stat.size, bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b);
    } finally {
      await file.close();
    }
  }

  /** From 0 to 1: how much of it was read. */
  get share(): number {
    return this.size === 0 ? 1 : Math.min(1, this.#bytesRead / this.size);
  }

  /** Its content as bytes, without the mark that some programs begin a file with. */
  async *bytes(): AsyncGenerator<Buffer> {
    this.#bytesRead = 0;
    const file = createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
    file.on('data', (chunk) => (this.#bytesRead += chunk.length));
    const content = this.isGzip ? file.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : file;
    if (content !== file) file.on('error', (error) => content.destroy(error));
    let isFirst = true;
    try {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        yield isFirst ? withoutMark(chunk) : chunk;
        isFirst = false;
      }
    } catch (error) {
      const what = this.isGzip ? 'is no whole gzip file: fetch it again' : 'cannot be read';
      throw new UnreadableFile(`${this.path} ${what} (${(error as Error).message}).`, { cause: error });
    } finally {
      file.destroy();
    }
  }

  /** The rows of the file, as which its first bytes say that it is. `head` is the beginning of the text. */
  async table(): Promise<{ table: Table; head: string }> {
    let head = Buffer.alloc(0);
    for await (const chunk of this.bytes()) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= HEAD_BYTES) break;
    }
    const text = head.toString('latin1').trimStart();
    if (text === '') throw new UnreadableFile(`${this.path} is empty.`);
    if (text.startsWith('PK')) throw new UnreadableFile(`${this.path} is a zip archive: unpack it first.`);
    const table = text.startsWith('{') ? geojsonTable(() => this.bytes()) : csvTable(() => this.bytes());
    return { table, head: text };
  }
}

function withoutMark(chunk: Buffer): Buffer {
  if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) return chunk.subarray(3);
  if ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)) {
    throw new UnreadableFile('The file is UTF-16: save it as UTF-8.');
  }
  return chunk;
}
