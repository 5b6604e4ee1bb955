/**
 * THE LOG ON KAFKA: a topic of one partition for each ledger. Composes what the other files of this room do: terms write,
 * ledger logs read, the watch notices, the keys topic keeps keys.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { Fenced, UnknownLedger } from '#ledger';
import type { LedgerStorage, StoredRecord, Term, WrappedKey } from '#ledger';
import type { Foreign } from './acceptance.js';
import { AppendWatch } from './append-watch.js';
import { Brokers, connectKafka, kafkaErrorType, type KafkaOptions } from './client.js';
import { LedgerKeys, writeFirstKeys } from './keys.js';
import { LedgerLog } from './ledger-log.js';
import { ALL_PROTECTIONS, takeTerm, type KafkaTerm, type Protections } from './term.js';
import {
  assertSafe,
  assertTransactionLogSafe,
  eventsTopic,
  ledgerOfTopic,
  makeEventsTopic,
  makeKeysTopic,
  replicationFor,
  type Replication,
} from './topics.js';

export interface KafkaStorageOptions extends KafkaOptions {
  /**
   * Whether this process may take a term of the ledger now, by news younger than the call; asked before every one.
   * Left out: always. Processes that share ledgers must ask their group (`Membership`), or they fence each other.
   */
  mayTakeTerm?: (ledger: string) => Promise<boolean>;
  /** For tests only. */
  protections?: Partial<Protections>;
}

/** Records on a ledger's topic that the ledger did not write: they count for nothing, and somebody should look. */
export interface Quarantine {
  /** At most 1,000 are counted. */
  count: number;
  /** The first ones. */
  first: Foreign[];
}

/** Some ten times as long as a term and an append take. */
const TRUCE_MS_MAX = 300;
const QUARANTINE_MAX = 1_000;
const QUARANTINE_SHOWN_MAX = 20;

export class KafkaStorage implements LedgerStorage {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  #adminConnected: Promise<void> | undefined;
  readonly #brokers: Brokers;
  readonly #watch: AppendWatch;
  readonly #logs = new Map<string, LedgerLog>();
  readonly #keys = new Map<string, LedgerKeys>();
  readonly #terms = new Set<KafkaTerm>();
  readonly #known = new Set<string>();
  readonly #quarantined = new Map<string, Map<number, Foreign>>();
  readonly #protections: Protections;
  readonly #log: (message: string) => void;

  constructor(private readonly options: KafkaStorageOptions) {
    this.#log = options.log ?? (() => undefined);
    this.#protections = { ...ALL_PROTECTIONS, ...options.protections };
    this.#kafka = connectKafka(options);
    this.#admin = this.#kafka.admin();
    this.#brokers = new Brokers(this.#kafka);
    this.#watch = new AppendWatch(this.#kafka, () => this.#connectedAdmin());
  }

  /**
   * Looks at everything that must hold before a process may serve. Says what one copy of everything means.
   * @throws UnsafeSettings, or anything else where Kafka cannot be reached
   */
  async assertSafe(): Promise<void> {
    const admin = await this.#connectedAdmin();
    const transactions = await assertTransactionLogSafe(admin);
    for (const ledger of await this.ledgers()) await assertSafe(admin, this.#brokers, ledger);
    if ((transactions?.factor ?? (await this.#replication()).factor) === 1) {
      this.#log(
        'Kafka keeps ONE COPY of every record: what is acknowledged survives a crash of every process, but not the loss of that machine. For more than trying out use three brokers.',
      );
    }
  }

  async ledgers(): Promise<string[]> {
    const topics = await (await this.#connectedAdmin()).listTopics();
    return topics.flatMap((topic) => ledgerOfTopic(topic) ?? []).sort();
  }

  async create(ledger: string, keys: WrappedKey[]): Promise<void> {
    if (this.#known.has(ledger)) return;
    const admin = await this.#connectedAdmin();
    if (!(await admin.listTopics()).includes(eventsTopic(ledger))) {
      const replication = await this.#replication();
      await makeKeysTopic(admin, ledger, replication);
      await writeFirstKeys(this.#kafka, this.#brokers, ledger, keys);
      // Last: where the ledger's topic is, its keys are.
      await makeEventsTopic(admin, ledger, replication);
    }
    this.#known.add(ledger);
  }

  async keys(ledger: string, keyids: string[]): Promise<WrappedKey[]> {
    return this.#ofLedger(ledger, () => {
      const keys = this.#keys.get(ledger) ?? new LedgerKeys(ledger, this.#brokers);
      this.#keys.set(ledger, keys);
      return keys.get(keyids);
    });
  }

  async takeTerm(ledger: string): Promise<Term> {
    return this.#ofLedger(ledger, async () => {
      const { mayTakeTerm } = this.options;
      // Two that both may (or both believe so) would fence each other for ever, each before the other can append.
      if ([...this.#terms].some((term) => term.ledger === ledger && term.isFenced)) {
        await pause(Math.random() * TRUCE_MS_MAX);
      }
      await assertSafe(await this.#connectedAdmin(), this.#brokers, ledger);
      // Last of all: nothing that takes time may lie between this and the term.
      if (mayTakeTerm !== undefined && !(await mayTakeTerm(ledger))) throw new Fenced(ledger);
      const log = this.#logOf(ledger);
      const term = await takeTerm({
        kafka: this.#kafka,
        brokers: this.#brokers,
        ledger,
        lastSequence: () => log.end(),
        protections: this.#protections,
      });
      await this.#endTerms(ledger);
      this.#terms.add(term);
      return term;
    });
  }

  async read(ledger: string, after: number, limit = 1_000, place?: string): Promise<StoredRecord[]> {
    return this.#ofLedger(ledger, () => this.#logOf(ledger).read(after, limit, place));
  }

  async end(ledger: string): Promise<number> {
    return this.#ofLedger(ledger, () => this.#logOf(ledger).end());
  }

  async behind(ledger: string, after: number): Promise<number> {
    return this.#ofLedger(ledger, () => this.#logOf(ledger).behind(after));
  }

  onAppend(notify: (ledger: string) => void): () => void {
    return this.#watch.subscribe(notify);
  }

  /** By ledger, what was found on its topic that is not its own. */
  quarantine(): ReadonlyMap<string, Quarantine> {
    return new Map(
      [...this.#quarantined].map(([ledger, found]) => [
        ledger,
        { count: found.size, first: [...found.values()].slice(0, QUARANTINE_SHOWN_MAX) },
      ]),
    );
  }

  /** Why Kafka cannot be read at present. */
  trouble(): string | undefined {
    return this.#watch.trouble;
  }

  /** Ledgers in which a transaction has been open for longer than this. */
  hungFor(ms: number): string[] {
    return this.#watch.hungFor(ms);
  }

  /** Lets go of a ledger that another process serves from now on. */
  async release(ledger: string): Promise<void> {
    await this.#endTerms(ledger);
    this.#logs.delete(ledger);
  }

  async close(): Promise<void> {
    await this.#endTerms();
    await this.#watch.close();
    await Promise.all([this.#brokers.close(), this.#admin.disconnect()]);
  }

  async #endTerms(ledger?: string): Promise<void> {
    for (const term of this.#terms) {
      if (ledger !== undefined && term.ledger !== ledger) continue;
      this.#terms.delete(term);
      await term.close();
    }
  }

  async #connectedAdmin(): Promise<Admin> {
    this.#adminConnected ??= this.#admin.connect();
    try {
      await this.#adminConnected;
    } catch (error) {
      this.#adminConnected = undefined;
      throw error;
    }
    return this.#admin;
  }

  async #replication(): Promise<Replication> {
    return replicationFor((await (await this.#connectedAdmin()).describeCluster()).brokers.length);
  }

  #logOf(ledger: string): LedgerLog {
    let log = this.#logs.get(ledger);
    if (log === undefined) {
      log = new LedgerLog(ledger, this.#brokers, (foreign) => this.#setAside(ledger, foreign));
      this.#logs.set(ledger, log);
    }
    return log;
  }

  #setAside(ledger: string, foreign: Foreign): void {
    const found = this.#quarantined.get(ledger) ?? new Map<number, Foreign>();
    this.#quarantined.set(ledger, found);
    if (found.has(foreign.offset) || found.size >= QUARANTINE_MAX) return;
    found.set(foreign.offset, foreign);
    if (found.size > QUARANTINE_SHOWN_MAX) return;
    this.#log(
      `Not a record of ${ledger}: offset ${foreign.offset} of its topic, because ${foreign.why}. It counts for nothing; find out who writes there.`,
    );
  }

  /** @throws UnknownLedger where Kafka does not know the topic */
  async #ofLedger<T>(ledger: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw new UnknownLedger(ledger);
      // Where a connection breaks at the wrong moment kafkajs stumbles over its own state; that passes.
      if (error instanceof TypeError) throw new Error(`The Kafka client failed: ${error.message}`, { cause: error });
      throw error;
    }
  }
}
