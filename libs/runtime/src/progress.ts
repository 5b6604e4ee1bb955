/** How far a command is: a bar that is drawn anew on a terminal, a line every few seconds elsewhere. */

const LINE_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;
const BAR_LETTERS = 24;

export class Progress {
  #drawn = '';
  #toldAt = -Infinity;
  readonly #startedAt = performance.now();

  constructor(private readonly out: { write(text: string): unknown; isTTY?: boolean | undefined }) {}

  /** A line that stays. */
  tell(line: string): void {
    this.erase();
    this.out.write(`${line}\n`);
  }

  copied(done: number, total: number): void {
    const rate = done / Math.max(this.#seconds(), 0.001);
    const left = rate > 0 && done < total ? `, ${Math.ceil((total - done) / rate)} s left` : '';
    const figures = `${count(done)} of ${count(total)} records, ${count(Math.round(rate))}/s${left}`;
    this.#showShare(total === 0 ? 1 : done / total, figures, done === total);
  }

  /** `share` of a file, from 0 to 1: time goes by that, because nobody knows how many rows there are. */
  rows(done: number, rejected: number, share: number): void {
    // The first rows say nothing of how fast it goes.
    this.#toldAt = Math.max(this.#toldAt, this.#startedAt);
    const seconds = this.#seconds();
    const left = share > 0.01 ? `, ${Math.ceil((seconds * (1 - share)) / share)} s left` : '';
    const rate = count(Math.round(done / Math.max(seconds, 0.001)));
    const rejects = rejected === 0 ? '' : `, ${count(rejected)} rejected`;
    this.#showShare(share, `${count(done)} rows, ${rate}/s${left}${rejects}`, false);
  }

  doing(what: string): void {
    this.#show(what, false);
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  #showShare(share: number, figures: string, isLast: boolean): void {
    const full = Math.floor(share * BAR_LETTERS);
    const bar = this.out.isTTY === true ? `[${'#'.repeat(full)}${'.'.repeat(BAR_LETTERS - full)}] ` : '';
    this.#show(`${bar}${Math.floor(share * 100)} %  ${figures}`, isLast);
  }

  /** `isLast`: shown however soon after the one before. */
  #show(line: string, isLast: boolean): void {
    if (line === this.#drawn) return;
    const now = performance.now();
    const isTerminal = this.out.isTTY === true;
    if (!isLast && now - this.#toldAt < (isTerminal ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#toldAt = now;
    this.erase();
    this.#drawn = line;
    this.out.write(isTerminal ? line : `${line}\n`);
  }

  /** Before something else is written. */
  erase(): void {
    if (this.out.isTTY === true && this.#drawn !== '') this.out.write('\r\u001B[K');
    this.#drawn = '';
  }
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}
