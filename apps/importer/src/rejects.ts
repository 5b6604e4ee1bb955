/** THE REJECTS FILE: rows that were not imported, one JSON object a line: file, where in it, why, and the row, shortened. */
import { mkdirSync, rmSync, writeSync, openSync, closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { shortened } from './rows.js';

export class Rejects {
  #count = 0;
  #file: number | undefined;

  constructor(
    readonly path: string,
    private readonly source: string,
    private readonly unit: 'line' | 'feature',
  ) {
    // What an earlier run rejected says nothing of this one.
    rmSync(path, { force: true });
  }

  get count(): number {
    return this.#count;
  }

  add(at: number, reason: string, raw: string): void {
    if (this.#file === undefined) {
      mkdirSync(dirname(this.path), { recursive: true });
      this.#file = openSync(this.path, 'w', 0o600);
    }
    this.#count += 1;
    writeSync(this.#file, `${JSON.stringify({ file: this.source, [this.unit]: at, reason, row: shortened(raw) })}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
