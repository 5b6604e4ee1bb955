/**
 * Waiting until the projection has reached a position. One small query serves everybody who waits, as often as the
 * shortest wait is worth, and none runs while nobody does.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Generations } from './generations.js';

const LOOK_EVERY_MS = 10;

interface Waiter {
  ledger: string;
  position: number;
  deadline: number;
  settle: (reached: boolean) => void;
  fail: (reason: Error) => void;
}

export class PositionWatch {
  readonly #waiters = new Set<Waiter>();
  #looking = false;

  constructor(private readonly generations: Generations) {}

  /** Whether the ledger's projection reached the position within the time; at once where it is there already. */
  reached(ledger: string, position: number, withinMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + withinMs;
      this.#waiters.add({ ledger, position, deadline, settle: resolve, fail: reject });
      if (this.#looking) return;
      this.#looking = true;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    try {
      while (this.#waiters.size > 0) {
        const ledgers = [...new Set([...this.#waiters].map(({ ledger }) => ledger))];
        // Of the live one at each look: the one that was live when they came may have been left meanwhile.
        const schema = await this.generations.live();
        const { rows } = await this.generations.pool.query<{ ledger: string; sequence: string }>(
          `select ledger, sequence from ${schema}.checkpoints where ledger = any($1)`,
          [ledgers],
        );
        const at = new Map(rows.map(({ ledger, sequence }) => [ledger, Number(sequence)]));
        for (const waiter of this.#waiters) {
          const there = (at.get(waiter.ledger) ?? 0) >= waiter.position;
          if (!there && performance.now() < waiter.deadline) continue;
          this.#waiters.delete(waiter);
          waiter.settle(there);
        }
        if (this.#waiters.size > 0) await pause(LOOK_EVERY_MS);
      }
    } catch (error) {
      for (const { fail } of this.#waiters) fail(error as Error);
      this.#waiters.clear();
    } finally {
      this.#looking = false;
    }
  }
}
