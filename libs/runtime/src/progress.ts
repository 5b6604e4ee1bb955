/** How far a command is: a bar that is drawn anew on a terminal, a line every few seconds elsewhere. */

const LINE_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;
const BAR_LETTERS = 24;

export class Progress {
  #drawn = '';
  #toldAt = -Infinity;
  readonly #startedAt = performance.now();

  constructor(private readonly out: { write(text: string): unknown; isTTY?: boolean }) {}

  /** A line that stays. */
  tell(line: string): void {
    this.#erase();
    this.out.write(`${line}\n`);
  }

  copied(done: number, total: number): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const rate = done / Math.max(seconds, 0.001);
    const left = rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : '';
    const share = total === 0 ? 1 : done / total;
    const figures = `${count(done)} of ${count(total)} records, ${count(Math.round(rate))}/s${done < total ? left : ''}`;
    const full = Math.floor(share * BAR_LETTERS);
    const bar = this.out.isTTY === true ? `[${'#'.repeat(full)}${'.'.repeat(BAR_LETTERS - full)}] ` : '';
    this.#show(`${bar}${Math.floor(share * 100)} %  ${figures}`, done === total);
  }

  doing(what: string): void {
    this.#show(what, false);
  }

  /** `isLast`: shown however soon after the one before. */
  #show(line: string, isLast: boolean): void {
    if (line === this.#drawn) return;
    const now = performance.now();
    const isTerminal = this.out.isTTY === true;
    if (!isLast && now - this.#toldAt < (isTerminal ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#toldAt = now;
    this.#erase();
    this.#drawn = line;
    this.out.write(isTerminal ? line : `${line}\n`);
  }

  #erase(): void {
    if (this.out.isTTY === true && this.#drawn !== '') this.out.write('\r\u001B[K');
    this.#drawn = '';
  }
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}
