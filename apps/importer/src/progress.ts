/** How far an import is: a bar that is drawn anew on a terminal, a line every few seconds elsewhere. */

const LINE_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;
const BAR_LETTERS = 24;

export class Progress {
  #isDrawn = false;
  readonly #startedAt = performance.now();
  #toldAt = this.#startedAt;

  constructor(private readonly out: { write(text: string): unknown; isTTY?: boolean | undefined }) {}

  /** A line that stays. */
  tell(line: string): void {
    this.erase();
    this.out.write(`${line}\n`);
  }

  /** `share` of the file, from 0 to 1: time goes by that, because nobody knows how many rows there are. */
  rows(done: number, rejected: number, share: number): void {
    const now = performance.now();
    const isTerminal = this.out.isTTY === true;
    if (now - this.#toldAt < (isTerminal ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#toldAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    const left = share > 0.01 ? `, ${Math.ceil((seconds * (1 - share)) / share)} s left` : '';
    const figures = `${count(done)} rows, ${count(Math.round(done / Math.max(seconds, 0.001)))}/s${left}`;
    const rejects = rejected === 0 ? '' : `, ${count(rejected)} rejected`;
    const full = Math.floor(share * BAR_LETTERS);
    const bar = isTerminal ? `[${'#'.repeat(full)}${'.'.repeat(BAR_LETTERS - full)}] ` : '';
    this.erase();
    this.#isDrawn = isTerminal;
    this.out.write(`${bar}${Math.floor(share * 100)} %  ${figures}${rejects}${isTerminal ? '' : '\n'}`);
  }

  /** Before something else is written. */
  erase(): void {
    if (this.#isDrawn) this.out.write('\r\u001B[K');
    this.#isDrawn = false;
  }
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}
