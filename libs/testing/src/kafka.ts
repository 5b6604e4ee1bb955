/**
 * A real Kafka for tests, from the first that is there:
 *
 * 1. the brokers that KAFKA_BROKERS names, separated by commas;
 * 2. a container of KAFKA_IMAGE, where a Docker answers and holds the image or can pull it within a minute;
 * 3. native: Apache Kafka on this machine's own Java.
 *
 * All spec files of a run share one broker, which the first that asks for it starts (a run that needs none pays only for
 * the look at what is there). Specs that kill their broker have one of their own, which is always native: a broker that
 * was given is not ours to kill, and a container would be another road for a rare thing. Whatever happens to the tests,
 * the keeper (`server-keeper.ts`) ends the broker and removes its folder.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askKeeper, containerKeeper, Keeper } from './keeper.js';
import { findNativeKafka, kafkaVersion, lookForNativeKafka, type NativeBroker } from './native-kafka.js';

/** Set by the set-up of a run: a `Prepared`, as JSON. */
const PREPARED = 'TEST_KAFKA';
const GIVEN_ANSWER_MS_MAX = 5_000;
/**
 * After a crash the controller takes the broker that comes back for a second one until the session of the first is over:
 * 9 seconds in production, too long for tests of a restart.
 */
const TEMPORARY_PROPERTIES = { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '200' };

/** What there is, chosen but not started. */
export type ChosenKafka =
  | { readonly how: 'given'; readonly why: string; readonly brokers: string[] }
  | { readonly how: 'container' | 'native'; readonly why: string; readonly keeper: Keeper };

/** What the spec files of a run are told. */
interface Prepared {
  /** The shared broker: given, or to be asked for; neither where there is none. */
  readonly brokers?: string[];
  readonly keeperPort?: number;
  /** How it was found, or why not. */
  readonly why: string;
  /** Why there is no broker of one's own, if so. */
  readonly whyNoTemporary?: string;
  /** Where skipped suites are noted, by a line each. */
  readonly skippedFile: string;
}

/** @throws NoKafka */
export async function chooseKafka(log: (line: string) => void): Promise<ChosenKafka> {
  const given = givenBrokers();
  if (given !== undefined) {
    for (const broker of given) await assertListens(broker);
    return { how: 'given', why: 'KAFKA_BROKERS names them', brokers: given };
  }
  const version = await kafkaVersion();
  const notTaken = ['KAFKA_BROKERS is not set'];
  const image = process.env['KAFKA_IMAGE'] || `apache/kafka:${version}`;
  const container = await containerKeeper({ kind: 'kafka-container', image });
  if (container instanceof Keeper) return { how: 'container', why: `${image} (${notTaken[0]})`, keeper: container };
  notTaken.push(container);
  try {
    const kafka = await findNativeKafka(log);
    const keeper = await Keeper.of({ kind: 'native-kafka', kafka, properties: {} });
    const why = `Apache Kafka ${version} on Java ${kafka.javaMajor} (${notTaken.join('; ')})`;
    return { how: 'native', why, keeper };
  } catch (cause) {
    throw new NoKafka([...notTaken, `native: ${(cause as Error).message}`].join('; '), { cause });
  }
}

export class NoKafka extends Error {}

/** What a person can do about it. */
const HOW_TO_HAVE_KAFKA =
  'Start Docker, or install a Java of 17 or newer and Maven, or name a running Kafka in KAFKA_BROKERS.';

function givenBrokers(): string[] | undefined {
  const given = process.env['KAFKA_BROKERS'];
  return given ? given.split(',').map((broker) => broker.trim()) : undefined;
}

async function assertListens(broker: string): Promise<void> {
  const { hostname, port } = new URL(`kafka://${broker}`);
  const socket = connect({ host: hostname, port: Number(port || '9092'), timeout: GIVEN_ANSWER_MS_MAX });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('timeout', () => reject(new Error('no answer')));
      socket.once('error', reject);
    });
  } catch (cause) {
    throw new Error(`KAFKA_BROKERS names ${broker}, but nobody listens there.`, { cause });
  } finally {
    socket.destroy();
  }
}

// ---- the broker that all spec files of a run share

/**
 * To be called once before all spec files of a run; what it returns, once after them.
 * @throws NoKafka in CI, where a skipped test is a failure
 */
export async function prepareSharedKafka(log: (line: string) => void): Promise<() => Promise<void>> {
  const chosen = await chooseKafka(log).catch(noneIfNoKafka);
  const temporary = chosen.how === 'native' ? undefined : await lookForNativeKafka().catch((error: Error) => error);
  const prepared: Prepared = {
    why: chosen.why,
    ...(chosen.how === 'given' && { brokers: chosen.brokers }),
    ...('keeper' in chosen && { keeperPort: chosen.keeper.port }),
    ...(temporary instanceof Error && { whyNoTemporary: temporary.message }),
    skippedFile: join(tmpdir(), `incident-ledger-skipped-${randomUUID()}`),
  };
  process.env[PREPARED] = JSON.stringify(prepared);
  log(`Kafka for tests: ${chosen.how}: ${chosen.why}.`);
  const release = async (): Promise<void> => {
    if ('keeper' in chosen) await chosen.keeper.release();
  };
  if (inCi() && (chosen.how === 'none' || prepared.whyNoTemporary !== undefined)) {
    await release();
    const missing = prepared.whyNoTemporary ?? '';
    throw new NoKafka(
      `In CI every test must run, and those that need a Kafka cannot: ${chosen.how === 'none' ? chosen.why : missing}. ` +
        'Install a Java of 17 or newer and Maven (Debian: openjdk-17-jre-headless and maven).',
    );
  }
  return async () => {
    await release();
    await saySkipped(prepared);
  };
}

function noneIfNoKafka(error: unknown): { how: 'none'; why: string } {
  if (error instanceof NoKafka) return { how: 'none', why: error.message };
  throw error;
}

const inCi = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '');

function preparedKafka(): Prepared {
  const text = process.env[PREPARED];
  if (text === undefined) throw new Error('No Kafka was looked for: run the tests with jest and its jest.config.js.');
  return JSON.parse(text) as Prepared;
}

/** Whether this run has a Kafka to share. */
export function hasKafka(): boolean {
  const { brokers, keeperPort } = preparedKafka();
  return brokers !== undefined || keeperPort !== undefined;
}

/** Whether a spec of this run can have a broker of its own. */
export function hasTemporaryKafka(): boolean {
  return preparedKafka().whyNoTemporary === undefined;
}

/** The broker of this run, started by the first who asks. @throws NoKafka where there is none */
export async function sharedKafka(): Promise<{ brokers: string[] }> {
  const { brokers, keeperPort, why } = preparedKafka();
  if (brokers !== undefined) return { brokers };
  if (keeperPort === undefined) throw new NoKafka(`There is no Kafka (${why}). ${HOW_TO_HAVE_KAFKA}`);
  const started = await askKeeper<{ brokers: string[] }>(keeperPort, 'start');
  return { brokers: started.brokers };
}

/** Kept for the end of the run, when it is said what was not tested. */
export function noteSkipped(suite: string): void {
  appendFileSync(preparedKafka().skippedFile, `${suite}\n`);
}

/** After everything else that a run prints, because a summary in green must not be the last word. */
async function saySkipped({ skippedFile, why, whyNoTemporary }: Prepared): Promise<void> {
  const suites = await readFile(skippedFile, 'utf8').catch(() => '');
  if (suites === '') return;
  await rm(skippedFile, { force: true });
  const names = suites.trim().split('\n').sort();
  const bar = '='.repeat(100);
  process.stderr.write(
    [
      '',
      bar,
      `NOT EVERYTHING WAS TESTED: ${names.length} suites need a Kafka, and were skipped:`,
      ...names.map((name) => `  - ${name}`),
      `Why:      ${why}${hasKafka() ? `; ${whyNoTemporary}` : ''}.`,
      `To do:    ${HOW_TO_HAVE_KAFKA}`,
      bar,
      '',
    ].join('\n'),
  );
}

// ---- a broker of a spec's own

export interface TemporaryKafka {
  readonly brokers: string[];
  /** Of the Java process; another one after a restart. */
  readonly pid: number;
  /** Its server.properties, data/ and server.log; removed when it stops. */
  readonly folder: string;
  /** After SIGKILL and SIGTERM, returns when it has ended. SIGSTOP and SIGCONT take effect a moment later. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, stopping it first if it runs; returns when it is up. */
  restart(): Promise<void>;
  /** Ends it at once and removes its folder. */
  stop(): Promise<void>;
}

/**
 * A broker of its own, for a spec or a script that does to it what the others would not survive.
 * @throws NoKafka where it cannot be run natively
 */
export async function startTemporaryKafka(
  options: { properties?: Readonly<Record<string, string>> } = {},
): Promise<TemporaryKafka> {
  const kafka = await findNativeKafka().catch((cause: unknown) => {
    throw new NoKafka(`A broker of one's own runs natively, but ${(cause as Error).message}.`, { cause });
  });
  const properties = { ...TEMPORARY_PROPERTIES, ...options.properties };
  const keeper = await Keeper.of({ kind: 'native-kafka', kafka, properties });
  let broker = await keeper.start<NativeBroker>();
  return {
    brokers: broker.brokers,
    folder: broker.folder,
    get pid() {
      return broker.pid;
    },
    async kill(signal) {
      await keeper.ask(`kill/${signal}`);
    },
    async restart() {
      broker = await keeper.ask<NativeBroker>('restart');
    },
    stop: () => keeper.release(),
  };
}
