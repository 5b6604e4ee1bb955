/** The words of this room's tests: commands to a ledger on a real Kafka, and strangers who write to its topic too. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Message, type Producer, type Transaction } from 'kafkajs';
import type { Act } from '#domain';
import { MasterKey, recordCodec, type Request, type StoredRecord, type WriterOptions, Writers } from '#ledger';
import { SEQUENCE_HEADER, TERM_TYPE, TYPE_HEADER } from './acceptance.js';
import { KafkaStorage } from './storage.js';
import { eventsTopic } from './topics.js';

const codec = recordCodec();

export function writersOn(storage: KafkaStorage, options: Partial<WriterOptions> = {}): Writers {
  const master = new MasterKey(Buffer.alloc(32, 7));
  return new Writers(storage, master, codec, { mayClaim: async () => true, ...options });
}

function request(ledger: string, act: Act, commandKey: string): Request {
  return { ledger, act, canonicalBody: JSON.stringify(act), recorder: 'k1', commandKey };
}

/** The first record of every ledger. */
export function open(ledger: string): Request {
  return request(ledger, { act: 'open-ledger', origin: { title: 'Test' } }, 'open');
}

/** A record whose id is what a test looks for. */
export function register(ledger: string, id: string, names: readonly string[] = [id]): Request {
  const actor = { names: names.map((text) => ({ text })), kind: 'state' as const };
  return request(ledger, { act: 'register-actor', id, actor }, id);
}

/** A record that is refused where the actor is not known. */
export function incidentOf(ledger: string, id: string, actor: string): Request {
  const incident = {
    kind: 'single' as const,
    method: 'rocket' as const,
    parties: [{ actor, side: 'target' as const }],
  };
  return request(ledger, { act: 'record-incident', id, incident }, id);
}

/** What the records are about, after checking that each stands where it says. */
export function idsOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ sequence, bytes }) => {
    const record = codec.decode(bytes);
    if (record.sequence !== sequence) throw new Error(`${record.sequence} is given as ${sequence}.`);
    return record.data.changes[0]?.entity ?? '';
  });
}

/** What the ledger says to one who knows nothing of it yet. */
export async function readAnew(brokers: string[], ledger: string): Promise<string[]> {
  const storage = new KafkaStorage({ brokers });
  try {
    return idsOf(await storage.read(ledger, 0, 100_000));
  } finally {
    await storage.close();
  }
}

export function clientOf(brokers: string[]): Kafka {
  const retry = { initialRetryTime: 20, retries: 10 };
  return new Kafka({ clientId: 'stranger', brokers, logLevel: logLevel.NOTHING, retry });
}

/** A record that looks like one of ours. */
export function forged(sequence: number, key: Buffer | null = null): Message {
  return { key, value: 'forged', headers: { [SEQUENCE_HEADER]: String(sequence).padStart(20, '0') } };
}

/** What another writer begins with. */
export const TERM: Message = { value: '{}', headers: { [TYPE_HEADER]: TERM_TYPE } };

/** Somebody else who writes to the topics of ledgers. */
export class Stranger {
  readonly #transactional: Producer;
  readonly #plain: Producer;
  #transaction: Transaction | undefined;

  private constructor(kafka: Kafka, transactionalId: string) {
    this.#transactional = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    this.#plain = kafka.producer();
  }

  static async at(brokers: string[], transactionalId = `stranger-${randomUUID()}`): Promise<Stranger> {
    const stranger = new Stranger(clientOf(brokers), transactionalId);
    await stranger.#transactional.connect();
    await stranger.#plain.connect();
    return stranger;
  }

  async writePlainly(ledger: string, ...messages: Message[]): Promise<void> {
    await this.#plain.send({ topic: eventsTopic(ledger), acks: -1, messages });
  }

  /** In the transaction that is open, or a new one. */
  async write(ledger: string, ...messages: Message[]): Promise<void> {
    this.#transaction ??= await this.#transactional.transaction();
    await this.#transaction.send({ topic: eventsTopic(ledger), acks: -1, messages });
  }

  async end(how: 'commit' | 'abort'): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    await transaction?.[how]();
  }

  async leave(): Promise<void> {
    await Promise.all([this.#transactional.disconnect(), this.#plain.disconnect()]);
  }
}
