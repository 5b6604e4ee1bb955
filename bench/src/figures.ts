/** FIGURES of a measurement: one for each round, told as their median and range; ratios are those of each round. */
/** What is measured, by the name of its row: a figure for each round. */
export class Figures {
  readonly #rounds = new Map<string, number[]>();

  add(name: string, figure: number): void {
    this.#rounds.set(name, [...this.of(name), figure]);
  }

  of(name: string): number[] {
    return this.#rounds.get(name) ?? [];
  }

  row(name: string, what: string, digits = 0): string {
    const figures = this.of(name);
    const [low, high] = [Math.min(...figures), Math.max(...figures)];
    return `| ${what} | ${median(figures).toFixed(digits)} | ${low.toFixed(digits)}–${high.toFixed(digits)} |`;
  }

  ratio(name: string, to: string, what: string, goal: string): string {
    const ratios = this.of(name).map((figure, round) => figure / (this.of(to)[round] ?? Number.NaN));
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
    return `| ${what} | ${median(ratios).toFixed(2)} | ${low.toFixed(2)}–${high.toFixed(2)} | ${goal} |`;
  }
}

export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (figures: readonly number[]): number => quantile(figures, 0.5);
