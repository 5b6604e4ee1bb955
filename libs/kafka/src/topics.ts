/**
 * THE TOPICS OF A LEDGER: their names, how they are made, and what must hold of them. A setting that would lose or hide
 * records is found before anything is written, in the live topics and not in what somebody configured once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { kafkaErrorType, type Brokers } from './client.js';

const LEDGER_TOPIC = /^ledger\.([a-z0-9-]{1,48})\.events$/;
const TRANSACTION_LOG = '__transaction_state';
/** Kafka's number for "the settings of a topic"; kafkajs' own name for it cannot be imported from an ES module. */
const TOPIC_RESOURCE = 2;
/** A broker that has heard of a topic needs a moment more before it takes anything for it. */
const READY_MS_MAX = 5_000;
const LOOK_EVERY_MS = 20;
/** A produce request of ours carries half of it at most; Kafka's own default, asserted because it can be lowered. */
const MESSAGE_BYTES_MIN = 1024 * 1024;

/** One partition: the ledger's one total order. Its name is its transactional id, whoever deployed us and how. */
export function eventsTopic(ledger: string): string {
  return `ledger.${ledger}.events`;
}

/** Compacted, so that a key that is destroyed can be forgotten. */
export function keysTopic(ledger: string): string {
  return `ledger.${ledger}.keys`;
}

/** Compacted: a snapshot takes the place of the one before the last. Made with the first one; it can be deleted at any time. */
export function snapshotsTopic(ledger: string): string {
  return `ledger.${ledger}.snapshots`;
}

export function ledgerOfTopic(topic: string): string | undefined {
  return LEDGER_TOPIC.exec(topic)?.[1];
}

/** A setting of Kafka under which acknowledged records could be lost, or be seen that do not count. */
export class UnsafeSettings extends Error {
  constructor(topic: string, faults: readonly string[]) {
    super(`The topic ${topic} is not safe to keep a ledger in: ${faults.join('; ')}. Nothing is written until it is.`);
    this.name = 'UnsafeSettings';
  }
}

export interface Replication {
  factor: number;
  minInSync: number;
}

/** With three brokers or more every record is on three of them, and acknowledged when on two. */
export function replicationFor(brokers: number): Replication {
  return brokers >= 3 ? { factor: 3, minInSync: 2 } : { factor: 1, minInSync: 1 };
}

const EVENTS_SETTINGS = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'LogAppendTime',
  'max.message.bytes': String(MESSAGE_BYTES_MIN),
  'unclean.leader.election.enable': 'false',
  'compression.type': 'uncompressed',
};

const KEYS_SETTINGS = {
  'cleanup.policy': 'compact',
  'compression.type': 'uncompressed',
  'max.message.bytes': String(MESSAGE_BYTES_MIN),
  'unclean.leader.election.enable': 'false',
  // A destroyed key is gone within hours, not weeks.
  'segment.ms': '3600000',
  'max.compaction.lag.ms': '3600000',
};

const SNAPSHOTS_SETTINGS = {
  ...KEYS_SETTINGS,
  // What was replaced is read at every takeover until it is compacted.
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
};

export async function makeEventsTopic(admin: Admin, ledger: string, replication: Replication): Promise<void> {
  await make(admin, eventsTopic(ledger), EVENTS_SETTINGS, replication);
}

export async function makeKeysTopic(admin: Admin, ledger: string, replication: Replication): Promise<void> {
  await make(admin, keysTopic(ledger), KEYS_SETTINGS, replication);
}

export async function makeSnapshotsTopic(admin: Admin, ledger: string, replication: Replication): Promise<void> {
  await make(admin, snapshotsTopic(ledger), SNAPSHOTS_SETTINGS, replication);
}

/** What brokers say of a topic that was made a moment ago. */
const NOT_THERE_YET = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']);

/** Returns when a topic that was made just now can be used. */
export async function whenReady(brokers: Brokers, topic: string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      await brokers.endOffset(topic);
      return;
    } catch (error) {
      if (!NOT_THERE_YET.has(kafkaErrorType(error) ?? '') || performance.now() > deadline) throw error;
      await pause(LOOK_EVERY_MS);
    }
  }
}

/** Makes a topic; where it exists, nothing changes. */
async function make(
  admin: Admin,
  topic: string,
  settings: Record<string, string>,
  { factor, minInSync }: Replication,
): Promise<void> {
  const configEntries = Object.entries({ ...settings, 'min.insync.replicas': String(minInSync) }).map(
    ([name, value]) => ({ name, value }),
  );
  const config: ITopicConfig = { topic, numPartitions: 1, replicationFactor: factor, configEntries };
  try {
    // kafkajs' own waiting gives up at once where a broker has not heard of the topic yet; `whenReady` waits.
    await admin.createTopics({ topics: [config], waitForLeaders: false });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

function isAlreadyThere(error: unknown): boolean {
  const types = ((error as { errors?: unknown[] }).errors ?? [error]).map(kafkaErrorType);
  return types.every((type) => type === 'TOPIC_ALREADY_EXISTS');
}

type Settings = ReadonlyMap<string, string>;

/** @throws UnsafeSettings naming everything that is wrong with the topic of a ledger or with the log of transactions */
export async function assertSafe(admin: Admin, brokers: Brokers, ledger: string): Promise<void> {
  const topic = eventsTopic(ledger);
  const names = await admin.listTopics();
  if (names.includes(topic) && !names.includes(keysTopic(ledger))) {
    throw new UnsafeSettings(topic, [`its keys are missing: restore the topic ${keysTopic(ledger)} from a backup`]);
  }
  const [{ topics }, settings, start] = await Promise.all([
    admin.fetchTopicMetadata({ topics: [topic, keysTopic(ledger)] }),
    settingsOf(admin, [topic, keysTopic(ledger)]),
    brokers.startOffset(topic),
  ]);
  const partitionsOf = (name: string) => topics.find(({ name: found }) => found === name)?.partitions ?? [];
  refuse(topic, [
    ...eventsFaults(settings.get(topic), partitionsOf(topic).length, start),
    ...copiesFaults(partitionsOf(topic)[0]?.replicas.length ?? 0, settings.get(topic)),
  ]);
  const keys = keysTopic(ledger);
  const policy = settings.get(keys)?.get('cleanup.policy');
  refuse(keys, [
    ...(policy === 'compact' ? [] : [`cleanup.policy is ${policy}, so keys would be lost in time: set it to compact`]),
    ...(partitionsOf(keys).length === 1 ? [] : [`it has ${partitionsOf(keys).length} partitions, not one`]),
    ...compressionFaults(settings.get(keys)),
    ...copiesFaults(partitionsOf(keys)[0]?.replicas.length ?? 0, settings.get(keys)),
  ]);
}

/**
 * The log of transactions: with it an acknowledged transaction is lost, whatever the topic's own copies. It comes into
 * being with the first transaction of a cluster; before that there is nothing to look at.
 * @throws UnsafeSettings
 */
export async function assertTransactionLogSafe(admin: Admin): Promise<Replication | undefined> {
  if (!(await admin.listTopics()).includes(TRANSACTION_LOG)) return undefined;
  const [{ topics }, settings] = await Promise.all([
    admin.fetchTopicMetadata({ topics: [TRANSACTION_LOG] }),
    settingsOf(admin, [TRANSACTION_LOG]),
  ]);
  const factor = Math.min(...(topics[0]?.partitions ?? []).map(({ replicas }) => replicas.length));
  const own = settings.get(TRANSACTION_LOG);
  const unclean = own?.get('unclean.leader.election.enable');
  refuse(TRANSACTION_LOG, [
    ...copiesFaults(factor, own),
    ...(unclean === 'false' ? [] : ['unclean.leader.election.enable is true: set it to false']),
  ]);
  return { factor, minInSync: Number(own?.get('min.insync.replicas')) };
}

function refuse(topic: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new UnsafeSettings(topic, faults);
}

function eventsFaults(settings: Settings | undefined, partitions: number, start: number): string[] {
  const faults: string[] = [];
  const must = (name: string, wanted: string, why: string): void => {
    const found = settings?.get(name);
    if (found !== wanted) faults.push(`${name} is ${found}, ${why}: set it to ${wanted}`);
  };
  if (partitions !== 1)
    faults.push(`it has ${partitions} partitions, so its records have no one order: it must have 1`);
  must('cleanup.policy', 'delete', 'so records would vanish or be merged');
  must('retention.ms', '-1', 'so records would be deleted in time');
  must('retention.bytes', '-1', 'so records would be deleted when it grows');
  must('message.timestamp.type', 'LogAppendTime', "so the broker's clock would not be known");
  must('unclean.leader.election.enable', 'false', 'so acknowledged records could be lost');
  faults.push(...compressionFaults(settings));
  if (Number(settings?.get('max.message.bytes')) < MESSAGE_BYTES_MIN) {
    faults.push(`max.message.bytes is ${settings?.get('max.message.bytes')}: set it to ${MESSAGE_BYTES_MIN} at least`);
  }
  if (start !== 0) faults.push(`its records before offset ${start} were deleted: restore it from a backup`);
  return faults;
}

/** Anybody may write compressed, by methods that kafkajs does not know: then nobody of us could read on behind it. */
function compressionFaults(settings: Settings | undefined): string[] {
  const found = settings?.get('compression.type');
  if (found === 'uncompressed') return [];
  return [`compression.type is ${found}, so one foreign record could stop all reading: set it to uncompressed`];
}

/** One copy is a machine that may die; with several, one must not be enough to acknowledge. */
export function copiesFaults(factor: number, settings: Settings | undefined): string[] {
  const minInSync = Number(settings?.get('min.insync.replicas'));
  if (minInSync > factor) {
    return [
      `min.insync.replicas is ${minInSync}, which ${factor === 1 ? 'one copy' : `${factor} copies`} can never reach: set it lower`,
    ];
  }
  if (factor > 1 && minInSync < 2) return [`min.insync.replicas is ${minInSync} with ${factor} copies: set it to 2`];
  return [];
}

async function settingsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, Settings>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}
