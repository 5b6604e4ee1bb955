/**
 * NOTICING that something was appended to any ledger: one waiting fetch for all topics that a broker leads, on connections
 * of their own, since a broker answers the requests of a connection one after another. What it fetches is thrown away;
 * the answer's head says how far each topic goes, and whether a transaction holds up others' reading.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { Brokers, fetchFrom } from './client.js';
import { eventsTopic, ledgerOfTopic } from './topics.js';

const WAIT_MS_MAX = 500;
const LOOK_FOR_LEDGERS_EVERY_MS = 1_000;
const RETRY_MS = 500;

interface Watched {
  /** One past the last record seen. */
  end: number;
  /** Since when some transaction has been open, in performance.now() time. */
  openSince: number | undefined;
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
    private readonly admin: () => Promise<Admin>,
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

  /** Ledgers in which some transaction has been open for longer than this: others cannot read past it. */
  hungFor(ms: number): string[] {
    const now = performance.now();
    return [...this.#watched].flatMap(([ledger, { openSince }]) =>
      openSince !== undefined && now - openSince > ms ? [ledger] : [],
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
          const topics = (await (await this.admin()).listTopics()).filter(
            (topic) => ledgerOfTopic(topic) !== undefined,
          );
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
        await this.#brokers.refresh().catch(() => undefined);
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
      const isOpen = Number(lastStableOffset) < end;
      watched.openSince = isOpen ? (watched.openSince ?? performance.now()) : undefined;
      if (end === watched.end) continue;
      watched.end = end;
      this.#tell(ledger);
    }
  }

  async #begin(ledger: string): Promise<number> {
    const end = await this.#brokers.endOffset(eventsTopic(ledger));
    this.#watched.set(ledger, { end, openSince: undefined });
    this.#tell(ledger);
    return end;
  }

  #tell(ledger: string): void {
    for (const notify of this.#subscribers) notify(ledger);
  }
}
