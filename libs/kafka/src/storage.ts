/**
 * THE LOG ON KAFKA: a topic of one partition for each ledger. Composes what the other files of this room do: terms write,
 * ledger logs read, the watch notices, the keys topic keeps keys.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { UnknownLedger } from '#ledger';
import type { LedgerStorage, StoredRecord, Term, WrappedKey } from '#ledger';
import type { Foreign } from './acceptance.js';
import { AppendWatch } from './append-watch.js';
import { Brokers, connectKafka, connectKafkaToAsk, kafkaErrorType, type KafkaOptions } from './client.js';
import { LedgerKeys, writeFirstKeys } from './keys.js';
import { LedgerLog } from './ledger-log.js';
import { LedgerSnapshots } from './snapshots.js';
import { ALL_PROTECTIONS, ClockIsWrong, takeTerm, type KafkaTerm, type Protections } from './term.js';
import {
  assertSafe,
  assertTransactionLogSafe,
  eventsTopic,
  keysTopic,
  ledgerOfTopic,
  makeEventsTopic,
  makeKeysTopic,
  makeSnapshotsTopic,
  replicationFor,
  snapshotsTopic,
  UnsafeSettings,
  whenReady,
  type Replication,
} from './topics.js';

export interface KafkaStorageOptions extends KafkaOptions {
  /**
   * Whether this process may take a term of the ledger now, by news younger than the call; asked before every one.
   * Left out: always. Processes that share ledgers must ask their group (`Membership`), or they fence each other.
   */
  mayTakeTerm?: (ledger: string) => Promise<boolean>;
  /** Told that this machine cannot write any ledger until a person has done something: another one should. */
  onUnfit?: (reason: Error) => void;
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

/** What it means that `hungFor` names a ledger, for whoever has to mend it. */
export const TRANSACTION_HUNG =
  'A transaction is open in the topic of this ledger: what is recorded cannot be read by others until it ends. Find out who began it.';

export class KafkaStorage implements LedgerStorage {
  readonly #kafka: Kafka;
  readonly #asking: Kafka;
  #admin: Admin;
  readonly #brokers: Brokers;
  readonly #watch: AppendWatch;
  readonly #logs = new Map<string, LedgerLog>();
  readonly #keys = new Map<string, LedgerKeys>();
  readonly #snapshots = new Map<string, LedgerSnapshots>();
  readonly #terms = new Set<KafkaTerm>();
  readonly #known = new Set<string>();
  readonly #quarantined = new Map<string, Map<number, Foreign>>();
  readonly #protections: Protections;
  readonly #log: NonNullable<KafkaOptions['log']>;

  constructor(private readonly options: KafkaStorageOptions) {
    this.#log = options.log ?? (() => undefined);
    this.#protections = { ...ALL_PROTECTIONS, ...options.protections };
    this.#kafka = connectKafka(options);
    this.#asking = connectKafkaToAsk(options);
    this.#admin = this.#asking.admin();
    this.#brokers = new Brokers(this.#asking);
    this.#watch = new AppendWatch(this.#asking, () => this.ledgers());
  }

  /**
   * Looks at everything that must hold before a process may serve. Says what one copy of everything means.
   * @throws UnsafeSettings, or anything else where Kafka cannot be reached
   */
  async assertSafe(): Promise<void> {
    const transactions = await this.#asAdmin(assertTransactionLogSafe);
    for (const ledger of await this.ledgers()) {
      await this.#asAdmin((admin) => assertSafe(admin, this.#brokers, ledger));
    }
    if ((transactions?.factor ?? (await this.#replication()).factor) === 1) {
      this.#log(
        'Kafka keeps ONE COPY of every record: what is acknowledged survives a crash of every process, but not the loss of that machine. For more than trying out use three brokers.',
        { level: 'warn' },
      );
    }
  }

  async ledgers(): Promise<string[]> {
    const topics = await this.#asAdmin((admin) => admin.listTopics());
    return topics.flatMap((topic) => ledgerOfTopic(topic) ?? []).sort();
  }

  async create(ledger: string, keys: WrappedKey[]): Promise<void> {
    if (this.#known.has(ledger)) return;
    if (!(await this.ledgers()).includes(ledger)) {
      const replication = await this.#replication();
      await this.#asAdmin((admin) => makeKeysTopic(admin, ledger, replication));
      await whenReady(this.#brokers, keysTopic(ledger));
      const { requestMsMax } = this.options;
      await writeFirstKeys({ kafka: this.#kafka, brokers: this.#brokers, requestMsMax }, ledger, keys);
      // Last: where the ledger's topic is, its keys are.
      await this.#asAdmin((admin) => makeEventsTopic(admin, ledger, replication));
      await whenReady(this.#brokers, eventsTopic(ledger));
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
      if (this.#protections.settings) {
        // The log of transactions comes into being with the first of them, which may have been after the start.
        await this.#asAdmin(assertTransactionLogSafe);
        await this.#asAdmin((admin) => assertSafe(admin, this.#brokers, ledger));
      }
      const log = this.#logOf(ledger);
      const taken = takeTerm({
        kafka: this.#kafka,
        brokers: this.#brokers,
        ledger,
        lastSequence: () => log.end(),
        snapshots: this.#snapshotsOf(ledger),
        mayTake: async () => mayTakeTerm === undefined || mayTakeTerm(ledger),
        protections: this.#protections,
        requestMsMax: this.options.requestMsMax,
      });
      const term = await taken.catch((error: unknown) => {
        if (error instanceof ClockIsWrong) this.options.onUnfit?.(error);
        throw error;
      });
      await this.#endTerms(ledger);
      this.#terms.add(term);
      return term;
    });
  }

  async read(ledger: string, after: number, limit = 1_000, place?: string): Promise<StoredRecord[]> {
    return this.#ofLedger(ledger, () => this.#logOf(ledger).read(after, limit, place));
  }

  async snapshot(ledger: string): ReturnType<LedgerStorage['snapshot']> {
    return this.#snapshotsOf(ledger).read();
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
    this.#snapshots.delete(ledger);
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

  /**
   * Asks on the connection for administration. Where that fails it is given up and made anew, once: kafkajs would go on
   * with one that does not answer.
   */
  async #asAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#admin;
    await admin.connect();
    try {
      return await ask(admin);
    } catch (error) {
      if (error instanceof UnsafeSettings || kafkaErrorType(error) !== undefined) throw error;
      if (this.#admin === admin) {
        this.#admin = this.#asking.admin();
        void admin.disconnect().catch(() => undefined);
      }
      await this.#admin.connect();
      return ask(this.#admin);
    }
  }

  async #replication(): Promise<Replication> {
    const { brokers } = await this.#asAdmin((admin) => admin.describeCluster());
    return replicationFor(brokers.length);
  }

  #logOf(ledger: string): LedgerLog {
    let log = this.#logs.get(ledger);
    if (log === undefined) {
      log = new LedgerLog(
        ledger,
        this.#brokers,
        (foreign) => this.#setAside(ledger, foreign),
        this.#protections.commitFilter,
      );
      this.#logs.set(ledger, log);
    }
    return log;
  }

  #snapshotsOf(ledger: string): LedgerSnapshots {
    const topic = snapshotsTopic(ledger);
    const snapshots =
      this.#snapshots.get(ledger) ??
      new LedgerSnapshots(
        ledger,
        this.#brokers,
        async () => (await this.#asAdmin((admin) => admin.listTopics())).includes(topic),
        async () => {
          const replication = await this.#replication();
          await this.#asAdmin((admin) => makeSnapshotsTopic(admin, ledger, replication));
          await whenReady(this.#brokers, topic);
        },
      );
    this.#snapshots.set(ledger, snapshots);
    return snapshots;
  }

  #setAside(ledger: string, foreign: Foreign): void {
    const found = this.#quarantined.get(ledger) ?? new Map<number, Foreign>();
    this.#quarantined.set(ledger, found);
    if (found.has(foreign.offset) || found.size >= QUARANTINE_MAX) return;
    found.set(foreign.offset, foreign);
    if (found.size > QUARANTINE_SHOWN_MAX) return;
    this.#log(
      `Not a record of ${ledger}: offset ${foreign.offset} of its topic, because ${foreign.why}. It counts for nothing; find out who writes there.`,
      { ledger, level: 'warn' },
    );
  }

  /** @throws UnknownLedger where Kafka does not know the topic */
  async #ofLedger<T>(ledger: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        if (!(await this.ledgers()).includes(ledger)) throw new UnknownLedger(ledger);
        throw new Error(`The topic of ${ledger} was made just now, and not every broker knows it yet.`, {
          cause: error,
        });
      }
      // Where a connection breaks at the wrong moment kafkajs stumbles over its own state; that passes.
      if (error instanceof TypeError) throw new Error(`The Kafka client failed: ${error.message}`, { cause: error });
      throw error;
    }
  }
}
