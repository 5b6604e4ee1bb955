/** What the process that records is made of, on Kafka. Any number of them share the ledgers of one cluster. */
import { Module, type DynamicModule } from '@nestjs/common';
import { KafkaStorage, Membership, TRANSACTION_HUNG, UnsafeSettings, type KafkaStorageOptions } from '#kafka';
import { MasterKey, recordCodec, Writers } from '#ledger';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  Metrics,
  readConfig,
  serveOpenApi,
  Undo,
  type HealthOptions,
  type ProcessTools,
  type Standing,
  type Trouble,
} from '#runtime';
import { Dispatcher } from './dispatcher.js';
import { ForwardProof } from './forward-proof.js';
import { RECORDER_API, RecorderModule } from './index.js';

const HAND_OVER_MS_MAX = 5_000;
/** Longer than a busy recorder takes to say that it lives. */
const UNCONFIRMED_MS_MAX = 10_000;
const HUNG_MS_MAX = 5_000;
const RETRY_MS = 1_000;
/** Longer than a round takes that goes well, on a slow machine too. */
const ROUND_MS_MAX = 15_000;
/** Longer than it takes to give up a log that does not answer, as often as that is tried. */
const LOOP_MS_MAX = 120_000;

@Module({})
class RecorderProcess {
  static with(dispatcher: Dispatcher, health: HealthOptions): DynamicModule {
    return { module: RecorderProcess, imports: [RecorderModule.with(dispatcher), HealthModule.with(health)] };
  }
}

/** `kafka` is for tests: to put something between our log and Kafka, or to turn a protection off. */
export async function startRecorder(
  { log, fail }: ProcessTools,
  kafka: Pick<KafkaStorageOptions, 'protections' | 'socketFactory' | 'requestMsMax'> = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  const config = readConfig(process.env, { needs: ['KAFKA_BROKERS', 'MASTER_KEY', 'ADVERTISED_URL'], port: 7410 });
  const undo = new Undo(log);
  const storage = new KafkaStorage({
    ...kafka,
    brokers: config.kafkaBrokers,
    log,
    mayTakeTerm: (ledger) => membership.mayClaim(ledger),
    onUnfit: fail,
  });
  const codec = recordCodec();
  const metrics = new Metrics();
  metrics.watchQuarantine(() => storage.quarantine());
  const writers: Writers = new Writers(storage, new MasterKey(config.masterKey), codec, {
    mayClaim: (ledger) => membership.mayClaim(ledger),
    observe: metrics.watchWriters(() => writers.queues()),
    log,
  });
  const membership: Membership = new Membership({
    brokers: config.kafkaBrokers,
    address: config.advertisedUrl,
    ledgers: () => storage.ledgers(),
    onLost: (ledgers) => {
      for (const ledger of ledgers) {
        void writers.release(ledger).then(async () => {
          if (membership.ownerOf(ledger) !== 'here') await storage.release(ledger);
        });
      }
    },
    onFatal: fail,
    log,
  });
  undo.add(() => storage.close());
  undo.add(() => membership.close());
  undo.add(() => writers.drain());
  // Told of what is appended only to see whether a transaction holds up others' reading.
  undo.add(storage.onAppend(() => undefined));

  let stopping = false;
  let unsafe: Trouble | undefined = { code: 'not-reached-yet', reason: 'Kafka was not reached yet.' };
  const proof = new ForwardProof(config.masterKey);
  const dispatcher = new Dispatcher(writers, membership, proof);
  undo.add(() => dispatcher.close());
  const app = await createHttpApp(
    RecorderProcess.with(dispatcher, {
      standing: () =>
        standingOf(
          stopping ? { code: 'process-stopping', reason: 'This process is stopping.' } : unsafe,
          storage,
          membership,
          writers,
        ),
      hung: () => writers.hungFor(LOOP_MS_MAX).map((ledger) => `The writer of ${ledger} does not end its round.`),
      metrics,
    }),
    {
      keys: new KeysFile(config.keysFile),
      openReads: config.openReads,
      allowedOrigins: config.allowedOrigins,
      writesPerSecond: config.writesPerSecond,
      isSentOn: (request) => proof.holds(request),
      behindTls: config.behindTls,
      answerWhileStopping: true,
      prepare: (nest) => serveOpenApi(nest, RECORDER_API),
      metrics,
      log,
    },
  );
  undo.add(() => app.close());
  const url = await listenAt(app, config);
  undo.add(() => membership.handOver(HAND_OVER_MS_MAX));

  const joinWhenSafe = async (): Promise<void> => {
    if (stopping) return;
    try {
      await storage.assertSafe();
      unsafe = undefined;
      membership.start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof UnsafeSettings) return fail(error);
      if (unsafe?.reason !== reason) {
        log(`Waiting for Kafka at ${config.kafkaBrokers.join(', ')}: ${reason}`, { level: 'warn' });
      }
      unsafe = { code: 'kafka-away', reason };
      setTimeout(() => void joinWhenSafe(), RETRY_MS).unref();
    }
  };
  await joinWhenSafe();
  return {
    url,
    stop() {
      stopping = true;
      return undo.run();
    },
  };
}

function standingOf(
  first: Trouble | undefined,
  storage: KafkaStorage,
  membership: Membership,
  writers: Writers,
): Standing {
  const { trouble: groupTrouble, ...group } = membership.health();
  const troubles: Trouble[] = first === undefined ? [] : [first];
  if (first === undefined) {
    const kafkaTrouble = storage.trouble();
    if (kafkaTrouble !== undefined) {
      troubles.push({ code: 'kafka-away', reason: `Kafka cannot be read: ${kafkaTrouble}` });
    }
    if (groupTrouble !== undefined) {
      troubles.push({ code: 'group-away', reason: `The group of recorders cannot be reached: ${groupTrouble}` });
    } else if (!group.member) {
      troubles.push({ code: 'not-a-member', reason: 'This process is not in the group of recorders yet.' });
    } else if (group.confirmedMsAgo >= UNCONFIRMED_MS_MAX) {
      const reason = `Kafka has not confirmed for ${group.confirmedMsAgo} ms that this process owns its ledgers.`;
      troubles.push({ code: 'group-away', reason });
    }
  }
  const hung = storage.hungFor(HUNG_MS_MAX);
  for (const ledger of hung) troubles.push({ code: 'transaction-hung', ledger, reason: TRANSACTION_HUNG });
  for (const ledger of writers.hungFor(ROUND_MS_MAX)) {
    const reason = `Commands to ${ledger} have waited for more than ${ROUND_MS_MAX / 1_000} s.`;
    troubles.push({ code: 'writer-stalled', ledger, reason });
  }
  return {
    troubles,
    details: { ...group, ...(hung.length > 0 && { hung }), quarantine: Object.fromEntries(storage.quarantine()) },
  };
}
