/** What the process that records is made of, on Kafka. Any number of them share the ledgers of one cluster. */
import { Module, type DynamicModule } from '@nestjs/common';
import { KafkaStorage, Membership, UnsafeSettings, type KafkaStorageOptions } from '#kafka';
import { MasterKey, recordCodec, Writers } from '#ledger';
import {
  createHttpApp,
  HealthModule,
  KeysFile,
  listenAt,
  readConfig,
  serveOpenApi,
  troubleOnly,
  Undo,
  type ProcessTools,
  type Readiness,
} from '#runtime';
import { Dispatcher } from './dispatcher.js';
import { RECORDER_API, RecorderModule } from './index.js';

const HAND_OVER_MS_MAX = 5_000;
/** Longer than a busy recorder takes to say that it lives. */
const UNCONFIRMED_MS_MAX = 10_000;
const HUNG_MS_MAX = 5_000;
const RETRY_MS = 1_000;

@Module({})
class RecorderProcess {
  static with(dispatcher: Dispatcher, readiness: () => Readiness): DynamicModule {
    return { module: RecorderProcess, imports: [RecorderModule.with(dispatcher), HealthModule.with(readiness)] };
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
  const writers: Writers = new Writers(storage, new MasterKey(config.masterKey), codec, {
    mayClaim: (ledger) => membership.mayClaim(ledger),
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
  let unsafe: string | undefined = 'Kafka was not reached yet';
  const dispatcher = new Dispatcher(writers, membership);
  undo.add(() => dispatcher.close());
  const app = await createHttpApp(
    RecorderProcess.with(dispatcher, () =>
      readinessOf(stopping ? 'This process is stopping.' : unsafe, storage, membership),
    ),
    {
      keys: new KeysFile(config.keysFile),
      openReads: config.openReads,
      allowedOrigins: config.allowedOrigins,
      answerWhileStopping: true,
      prepare: (nest) => serveOpenApi(nest, RECORDER_API),
      logger: troubleOnly(log),
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
      if (unsafe !== reason) log(`Waiting for Kafka at ${config.kafkaBrokers.join(', ')}: ${reason}`);
      unsafe = reason;
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

function readinessOf(unsafe: string | undefined, storage: KafkaStorage, membership: Membership): Readiness {
  const group = membership.health();
  const hung = storage.hungFor(HUNG_MS_MAX);
  const trouble = unsafe ?? group.trouble ?? storage.trouble();
  const ready = trouble === undefined && group.member && group.confirmedMsAgo < UNCONFIRMED_MS_MAX && hung.length === 0;
  return {
    ready,
    ...group,
    ...(trouble !== undefined && { trouble }),
    ...(hung.length > 0 && {
      hung,
      hint: 'A transaction is open in the topics of these ledgers: what is recorded cannot be read by others until it ends. Find out who began it.',
    }),
    quarantine: Object.fromEntries(storage.quarantine()),
  };
}
