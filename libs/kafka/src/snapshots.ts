/**
 * THE SNAPSHOTS OF A LEDGER on Kafka: a compacted topic with two places. A snapshot is written into the place that the
 * newest one does not lie in, part by part; the manifest, which is written last, says in which of them it lies. So a
 * snapshot that is cut leaves the one before it whole, and two are all that the topic keeps.
 */
import type { Message } from 'kafkajs';
import type { Brokers, RawMessage } from './client.js';
import { CompactedTopic } from './compacted-topic.js';
import { snapshotsTopic } from './topics.js';

const MANIFEST_KEY = 'manifest';
const NAME_HEADER = 'snapshot';
const SLOT_HEADER = 'slot';

type Slot = 'a' | 'b';

interface Kept {
  name: string;
  slot: Slot;
  manifest: Uint8Array;
}

export class LedgerSnapshots {
  /** Where the newest one lies, once that is known; none: the topic has none. */
  #newest: Pick<Kept, 'name' | 'slot'> | undefined | 'unknown' = 'unknown';
  #writing: Pick<Kept, 'name' | 'slot'> | undefined;

  constructor(
    private readonly ledger: string,
    private readonly brokers: Brokers,
    /** Whether the topic is there; asked, because Kafka may make a topic that is only asked for. */
    private readonly exists: () => Promise<boolean>,
    private readonly make: () => Promise<void>,
  ) {}

  /** The newest that was kept whole; of its parts those that are there. */
  async read(): Promise<{ manifest: Uint8Array; parts: AsyncIterable<Uint8Array> } | undefined> {
    const found: { kept?: Kept } = {};
    const parts = new Map<string, { name: string; bytes: Uint8Array }>();
    const keep = ({ key, value, headers }: RawMessage): void => {
      const [name, where] = [headers[NAME_HEADER]?.toString() ?? '', key?.toString('utf8') ?? ''];
      if (value === null) return;
      // Copies: a message is a view of all that was fetched with it.
      if (where !== MANIFEST_KEY) parts.set(where, { name, bytes: Buffer.from(value) });
      else
        found.kept = { name, slot: headers[SLOT_HEADER]?.toString() === 'b' ? 'b' : 'a', manifest: Buffer.from(value) };
    };
    if (await this.exists()) await new CompactedTopic(snapshotsTopic(this.ledger), this.brokers, keep).readOn();
    const { kept } = found;
    this.#newest = kept;
    if (kept === undefined) return undefined;
    async function* inOrder({ name, slot }: Kept): AsyncGenerator<Uint8Array> {
      for (let part = 0; ; part += 1) {
        const one = parts.get(`${slot}/${part}`);
        if (one?.name !== name) return;
        yield one.bytes;
      }
    }
    return { manifest: kept.manifest, parts: inOrder(kept) };
  }

  /** What is to be written for a part. */
  async part(name: string, part: number, bytes: Uint8Array): Promise<Message> {
    if (this.#writing?.name !== name) {
      if (!(await this.exists())) await this.make();
      if (this.#newest === 'unknown') await this.read();
      const used = this.#newest === 'unknown' ? undefined : this.#newest?.slot;
      this.#writing = { name, slot: used === 'a' ? 'b' : 'a' };
    }
    return { key: `${this.#writing.slot}/${part}`, value: Buffer.from(bytes), headers: { [NAME_HEADER]: name } };
  }

  /** What is to be written last. */
  manifest(name: string, manifest: Uint8Array): Message {
    if (this.#writing?.name !== name) throw new Error(`No part of the snapshot ${name} was written.`);
    const headers = { [NAME_HEADER]: name, [SLOT_HEADER]: this.#writing.slot };
    return { key: MANIFEST_KEY, value: Buffer.from(manifest), headers };
  }

  /** The manifest was written. */
  kept(): void {
    this.#newest = this.#writing;
    this.#writing = undefined;
  }
}
