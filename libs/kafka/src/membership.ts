/**
 * WHICH PROCESS OWNS WHICH LEDGER: recorders are members of one Kafka group, and its leader shares the ledgers out.
 *
 * It is a group of a protocol of our own, as Kafka lets everybody have one, and not of consumers: nothing is fetched, so
 * nothing is fetched twice after a rebalance; a member says anew what it wants without leaving; and a heartbeat can be
 * asked for, whose answer says whether this process is still an owner (docs/adr/0008).
 *
 * Who holds a ledger goes on serving it while the group is gone through anew. Whoever is wrong about owning one is fenced
 * by its next owner's term.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Owner, Ownership } from '#ledger';
import { assign, decodeMember, decodeOwners, encodeMember, encodeOwners, type Owners } from './assignment.js';
import { Brokers, connectKafka, kafkaErrorType, type JoinedGroup, type KafkaOptions } from './client.js';

export interface MembershipOptions extends KafkaOptions {
  /** Where other recorders reach this one, such as http://recorder-1:7410. */
  address: string;
  /** The ledgers there are, as Kafka has them. */
  ledgers: () => Promise<string[]>;
  /**
   * Told which ledgers this process has to let go of, each time that there are some; also those that it owns again but
   * did not own all the time.
   */
  onLost: (ledgers: readonly string[]) => void;
  /** Nothing can be done any more without a person, such as a missing permission: the process should end. */
  onFatal: (reason: Error) => void;
}

/** One for all deployments: processes that share a Kafka share its ledgers. */
const GROUP = 'incident-ledger.owners';
const PROTOCOL_TYPE = 'incident-ledger';
const PROTOCOL = 'sticky-by-address';
/** The least that brokers allow unless told otherwise. A killed owner is noticed after it. */
const SESSION_MS = 6_000;
const HEARTBEAT_EVERY_MS = 500;
/** How long the group waits for members to say what they want: one that was stopped is left out after it. */
const REJOIN_MS_MAX = 3_000;
const LOOK_FOR_LEDGERS_EVERY_MS = 5_000;
const RETRY_MS = 250;
const TELL_AFTER_MS = 1_000;

/** Errors that no waiting mends. */
const FATAL =
  /AUTHORIZATION_FAILED|SASL|UNSUPPORTED|INVALID_SESSION_TIMEOUT|INCONSISTENT_GROUP_PROTOCOL|INVALID_GROUP_ID|GROUP_MAX_SIZE/;

export interface MembershipHealth {
  /** Whether Kafka counts this process among the members, by the last answer. */
  member: boolean;
  /** The ledgers that this process owns. */
  owns: string[];
  /** Milliseconds since Kafka last confirmed it. */
  confirmedMsAgo: number;
  trouble?: string;
}

export class Membership implements Ownership {
  readonly #brokers: Brokers;
  /** A heartbeat that is asked for must not wait behind a request to join, which takes as long as others need. */
  readonly #asking: Brokers;
  readonly #stop = new AbortController();
  readonly #log: NonNullable<KafkaOptions['log']>;
  readonly #knows = new Set<string>();
  #running: Promise<void> | undefined;
  #memberId = '';
  #generation = -1;
  #isLeader = false;
  #owners: Owners = new Map();
  /** By ledger of this process, the generation since which it has held it without a break. */
  readonly #since = new Map<string, number>();
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;
  #troubleSince: number | undefined;
  #leaving = false;
  #nonce = 0;
  #wake = new AbortController();
  readonly #told = new Set<() => void>();

  constructor(private readonly options: MembershipOptions) {
    const kafka = connectKafka(options, { retries: 0 });
    this.#brokers = new Brokers(kafka);
    this.#asking = new Brokers(kafka);
    this.#log = options.log ?? (() => undefined);
  }

  /** Joins the group and stays in it, through whatever Kafka does. */
  start(): void {
    this.#running ??= this.#live();
  }

  ownerOf(ledger: string): Owner {
    const address = this.#owners.get(ledger);
    if (address === undefined) return 'nobody';
    return address === this.options.address ? 'here' : { address };
  }

  get generation(): number {
    return this.#generation;
  }

  heldSince(ledger: string): number | undefined {
    return this.#since.get(ledger);
  }

  expect(ledger: string): void {
    if (this.#owners.has(ledger) || this.#knows.has(ledger)) return;
    this.#knows.add(ledger);
    this.#rejoin();
  }

  onChange(notify: () => void): () => void {
    this.#told.add(notify);
    return () => this.#told.delete(notify);
  }

  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, ms);
      const unsubscribe = this.onChange(done);
    });
  }

  /**
   * Whether this process may write the ledger, by an answer of Kafka's that is younger than the call. While the group is
   * gone through anew nobody else does yet: the present generation still holds.
   */
  async mayClaim(ledger: string): Promise<boolean> {
    if (this.ownerOf(ledger) !== 'here' || this.#memberId === '') return false;
    const [generation, memberId] = [this.#generation, this.#memberId];
    try {
      const broker = await this.#asking.coordinator(GROUP);
      await broker.heartbeat({ groupId: GROUP, groupGenerationId: generation, memberId });
    } catch (error) {
      if (kafkaErrorType(error) !== 'REBALANCE_IN_PROGRESS') return false;
    }
    return this.#generation === generation && this.ownerOf(ledger) === 'here';
  }

  /** Has the ledgers of this process given to others and returns once it knows to whom. It stays a member until closed. */
  async handOver(msMax: number): Promise<void> {
    const deadline = performance.now() + msMax;
    this.#leaving = true;
    this.#rejoin();
    while (this.#holds().length > 0 && performance.now() < deadline) {
      await this.changed(Math.max(1, deadline - performance.now()));
    }
  }

  health(): MembershipHealth {
    return {
      member: this.#memberId !== '' && this.#generation >= 0,
      owns: this.#holds(),
      confirmedMsAgo: Math.round(performance.now() - this.#confirmedAt),
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
    };
  }

  /** Leaves the group: its ledgers are shared out at once. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    if (this.#memberId !== '') {
      await this.#asking
        .coordinator(GROUP)
        .then((broker) => broker.leaveGroup({ groupId: GROUP, memberId: this.#memberId }))
        .catch(() => undefined);
    }
    await Promise.all([this.#brokers.close(), this.#asking.close()]);
    await this.#running;
    await Promise.all([this.#brokers.close(), this.#asking.close()]);
  }

  #holds(): string[] {
    return [...this.#owners].flatMap(([ledger, address]) => (address === this.options.address ? [ledger] : []));
  }

  #rejoin(): void {
    this.#nonce += 1;
    this.#wake.abort();
  }

  async #live(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#join();
        this.#trouble = undefined;
        this.#troubleSince = undefined;
        await this.#stay();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const type = kafkaErrorType(error) ?? '';
        // Kafka has forgotten us: we were too slow, or it was restarted.
        if (/UNKNOWN_MEMBER_ID|FENCED_INSTANCE/.test(type)) this.#memberId = '';
        if (/UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|REBALANCE_IN_PROGRESS/.test(type)) continue;
        const reason = error instanceof Error ? error : new Error(String(error));
        if (FATAL.test(type)) {
          this.#stop.abort();
          this.options.onFatal(
            new Error(`Kafka does not let this process share in the ledgers: ${reason.message}`, { cause: error }),
          );
          return;
        }
        this.#troubleSince ??= performance.now();
        // A broker that has just started, or a group that moves to another, takes a moment: that is nothing to tell.
        if (this.#trouble === undefined && performance.now() - this.#troubleSince > TELL_AFTER_MS) {
          this.#trouble = reason.message;
          this.#log(`The group of recorders cannot be reached: ${reason.message}`, { level: 'warn' });
        }
        await pause(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        this.#brokers.refresh();
      }
    }
  }

  async #join(): Promise<void> {
    const broker = await this.#brokers.coordinator(GROUP);
    this.#wake = new AbortController();
    const saidNonce = this.#nonce;
    const joined = await broker.joinGroup({
      groupId: GROUP,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REJOIN_MS_MAX,
      memberId: this.#memberId,
      protocolType: PROTOCOL_TYPE,
      groupProtocols: [
        {
          name: PROTOCOL,
          metadata: encodeMember({
            address: this.options.address,
            leaving: this.#leaving,
            holds: this.#holds(),
            generation: this.#generation,
            knows: [...this.#knows],
            nonce: this.#nonce,
          }),
        },
      ],
    });
    // Of every generation that we have missed, others may have been the owners.
    if (joined.generationId !== this.#generation + 1) this.#lose(this.#holds());
    this.#memberId = joined.memberId;
    this.#isLeader = joined.leaderId === joined.memberId;
    const groupAssignment = this.#isLeader ? await this.#shareOut(joined) : [];
    const { memberAssignment } = await broker.syncGroup({
      groupId: GROUP,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupAssignment,
    });
    this.#generation = joined.generationId;
    this.#confirmedAt = performance.now();
    this.#take(decodeOwners(memberAssignment));
    // Something new was to be said while this was under way.
    if (saidNonce !== this.#nonce) this.#wake.abort();
  }

  async #shareOut({ members }: JoinedGroup): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const owners = assign(
      await this.options.ledgers(),
      members.map(({ memberMetadata }) => decodeMember(memberMetadata)),
    );
    const memberAssignment = encodeOwners(owners);
    return members.map(({ memberId }) => ({ memberId, memberAssignment }));
  }

  #take(owners: Owners): void {
    const before = this.#holds();
    this.#owners = owners;
    for (const ledger of owners.keys()) this.#knows.delete(ledger);
    this.#lose(before.filter((ledger) => owners.get(ledger) !== this.options.address));
    for (const ledger of this.#holds()) if (!this.#since.has(ledger)) this.#since.set(ledger, this.#generation);
    for (const notify of this.#told) notify();
  }

  #lose(ledgers: readonly string[]): void {
    for (const ledger of ledgers) this.#since.delete(ledger);
    if (ledgers.length > 0) this.options.onLost(ledgers);
  }

  /** Says that we live, until the group is to be gone through anew. */
  async #stay(): Promise<void> {
    let lookAt = performance.now() + LOOK_FOR_LEDGERS_EVERY_MS;
    while (!this.#stop.signal.aborted) {
      await pause(HEARTBEAT_EVERY_MS, undefined, { signal: this.#wake.signal }).catch(() => undefined);
      if (this.#wake.signal.aborted) return;
      const broker = await this.#brokers.coordinator(GROUP);
      await broker.heartbeat({
        groupId: GROUP,
        groupGenerationId: this.#generation,
        memberId: this.#memberId,
      });
      this.#confirmedAt = performance.now();
      if (!this.#isLeader || performance.now() < lookAt) continue;
      lookAt = performance.now() + LOOK_FOR_LEDGERS_EVERY_MS;
      for (const ledger of await this.options.ledgers()) this.expect(ledger);
    }
  }
}
