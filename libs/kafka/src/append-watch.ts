/**
 * NOTICING that something was appended to any ledger: one waiting fetch for all topics that a broker leads, on connections
 * of their own, since a broker answers the requests of a connection one after another. What it fetches is thrown away;
 * the answer's head says how far each topic goes, and whether a transaction holds up others' reading.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { Brokers, fetchFrom } from './client.js';
import { eventsTopic, ledgerOfTopic } from './topics.js';

const WAIT_MS_MAX = 500;
const LOOK_FOR_LEDGERS_EVERY_MS = 1_000;
const RETRY_MS = 500;

interface Watched {
  /** One past the last record seen. */
  end: number;
  /** One past the last record before which every transaction has ended, and since when it has been that one. */
  stable: number;
  stableSince: number;
}

export class AppendWatch {
  readonly #brokers: Brokers;
  readonly #subscribers = new Set<(ledger: string) => void>();
  readonly #watched = new Map<string, Watched>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Broken off before its time, with what to do about it; none while all is well. */
  trouble: string | undefined;

  constructor(
    kafka: Kafka,
    private readonly ledgers: () => Promise<string[]>,
  ) {
    this.#brokers = new Brokers(kafka);
  }

  subscribe(notify: (ledger: string) => void): () => void {
    this.#subscribers.add(notify);
    if (this.#running === undefined) this.#running = this.#watch();
    // Whatever was appended before this moment is news to the newcomer.
    else for (const ledger of this.#watched.keys()) notify(ledger);
    return () => this.#subscribers.delete(notify);
  }

  /**
   * Ledgers in which one transaction has been open for longer than this: who reads as Kafka proposes cannot read past it.
   * That some transaction is open says nothing: on a busy ledger one always is.
   */
  hungFor(ms: number): string[] {
    const now = performance.now();
    return [...this.#watched].flatMap(([ledger, { end, stable, stableSince }]) =>
      stable < end && now - stableSince > ms ? [ledger] : [],
    );
  }

  async close(): Promise<void> {
    this.#subscribers.clear();
    this.#stop.abort();
    // Its fetch waits at the broker for a while; nobody waits for that.
    await this.#brokers.close();
    await this.#running;
    // It may have been about to connect.
    await this.#brokers.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    let lookAt = 0;
    let led = new Map<string, string[]>();
    while (!signal.aborted) {
      try {
        if (performance.now() >= lookAt) {
          const topics = (await this.ledgers()).map(eventsTopic);
          led = topics.length === 0 ? new Map() : await this.#brokers.leaders(topics);
          lookAt = performance.now() + LOOK_FOR_LEDGERS_EVERY_MS;
        }
        await Promise.all([...led].map(([nodeId, topics]) => this.#waitAt(nodeId, topics)));
        if (led.size === 0) await pause(LOOK_FOR_LEDGERS_EVERY_MS, undefined, { signal });
        this.trouble = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.trouble = error instanceof Error ? error.message : String(error);
        lookAt = 0;
        await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
        this.#brokers.refresh();
      }
    }
  }

  /** Waits until something is appended to one of the topics of a broker, or for a while. */
  async #waitAt(nodeId: string, topics: readonly string[]): Promise<void> {
    const broker = await this.#brokers.broker(nodeId);
    const offsets = new Map<string, number>();
    for (const topic of topics) {
      const ledger = ledgerOfTopic(topic) ?? '';
      offsets.set(topic, this.#watched.get(ledger)?.end ?? (await this.#begin(ledger)));
    }
    const fetched = await fetchFrom(broker, offsets, 1, WAIT_MS_MAX);
    for (const [topic, { highWatermark, lastStableOffset }] of fetched) {
      const ledger = ledgerOfTopic(topic) ?? '';
      const watched = this.#watched.get(ledger);
      if (watched === undefined) continue;
      const end = Number(highWatermark);
      const stable = Number(lastStableOffset);
      // Where all had ended, what is open now has begun since.
      if (stable !== watched.stable || watched.stable === watched.end) watched.stableSince = performance.now();
      watched.stable = stable;
      if (end === watched.end) continue;
      watched.end = end;
      this.#tell(ledger);
    }
  }

  async #begin(ledger: string): Promise<number> {
    const end = await this.#brokers.endOffset(eventsTopic(ledger));
    this.#watched.set(ledger, { end, stable: end, stableSince: performance.now() });
    this.#tell(ledger);
    return end;
  }

  #tell(ledger: string): void {
    for (const notify of this.#subscribers) notify(ledger);
  }
}
