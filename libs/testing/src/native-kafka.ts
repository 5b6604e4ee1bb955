/**
 * A Kafka on this machine's own Java, for machines without Docker, and for specs that kill their broker: Apache Kafka's
 * jars, fetched once through Maven (../kafka/pom.xml) into the user's cache, run as a single node that listens on
 * 127.0.0.1 only. Linux and macOS.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { holdFreePort } from '#embedded';
import { kafkaSettings } from './kafka-settings.js';

const POM = fileURLToPath(new URL('../../../../libs/testing/kafka/pom.xml', import.meta.url));
const JAVA_MAJOR_MIN = 17;
const FETCH_MS_MAX = 300_000;
const START_MS_MAX = 90_000;
const GENTLE_STOP_MS_MAX = 10_000;
/** A port was free when we looked and taken when Kafka came. */
const PORT_TAKEN = /Address already in use|BindException/;
const PORT_TRIES_MAX = 5;
const SAID_LINES_MAX = 40;
/** No adaptive collector for so small a heap, no files of the JVM outside its folder. */
const JVM = ['-XX:+UseSerialGC', '-Xshare:auto', '-XX:-UsePerfData', '-Djava.io.tmpdir=.'];
/** It says little but that it is up, which is what we wait for. */
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
];
const UP = 'Kafka Server started';

const execute = promisify(execFile);

export interface NativeKafka {
  readonly version: string;
  readonly java: string;
  readonly javaMajor: number;
  /** The folder of its jars. */
  readonly jars: string;
}

/** Everything needed to start one; what is missing is fetched. @throws Error that says what to install */
export async function findNativeKafka(log: (line: string) => void = () => undefined): Promise<NativeKafka> {
  const { version, java, javaMajor, jars, fetched } = await lookForNativeKafka();
  if (!fetched) {
    log(`Fetching Apache Kafka ${version} through Maven, once for this user.`);
    await fetchJars(jars);
  }
  return { version, java, javaMajor, jars };
}

/** The same, but fetches nothing. */
export async function lookForNativeKafka(): Promise<NativeKafka & { fetched: boolean }> {
  if (process.platform === 'win32') throw new Error('on Windows it takes a Docker');
  const { java, javaMajor } = await findJava();
  const version = await kafkaVersion();
  const jars = join(cacheFolder(), `kafka-${version}`);
  const fetched = await isThere(jars);
  if (!fetched) await assertMaven();
  return { version, java, javaMajor, jars, fetched };
}

export async function kafkaVersion(): Promise<string> {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(await readFile(POM, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${POM} does not name kafka.version.`);
  return version;
}

async function findJava(): Promise<{ java: string; javaMajor: number }> {
  const home = process.env['JAVA_HOME'];
  const places = [{ java: 'java', name: 'that of PATH' }];
  if (home) places.unshift({ java: join(home, 'bin', 'java'), name: 'that of JAVA_HOME' });
  const found: string[] = [];
  for (const { java, name } of places) {
    const said = await execute(java, ['-version'], { timeout: 30_000 }).catch(() => undefined);
    // Before Java 9 it was "1.8".
    const major = /version "(?:1\.)?(\d+)/.exec(`${said?.stderr}${said?.stdout}`)?.[1];
    if (major === undefined) continue;
    if (Number(major) >= JAVA_MAJOR_MIN) return { java, javaMajor: Number(major) };
    found.push(`${name} is ${major}`);
  }
  throw new Error(`no Java ${JAVA_MAJOR_MIN} or newer is found${found.length > 0 ? ` (${found.join(', ')})` : ''}`);
}

async function assertMaven(): Promise<void> {
  try {
    await execute('mvn', ['--version'], { timeout: 30_000 });
  } catch (cause) {
    throw new Error('no Maven (mvn) is found to fetch its jars', { cause });
  }
}

// ---- the jars

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'incident-ledger');
}

/** Made aside and put in place by one rename: a cut or a simultaneous fetch leaves no half a Kafka. */
async function fetchJars(jars: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  await removeLeftovers();
  const fresh = await mkdtemp(join(cacheFolder(), 'new-'));
  try {
    await execute(
      'mvn',
      [
        '--batch-mode',
        '--quiet',
        '--file',
        POM,
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${fresh}`,
      ],
      { timeout: FETCH_MS_MAX, maxBuffer: 50_000_000 },
    );
    await rename(fresh, jars);
  } catch (cause) {
    // Somebody else's fetch was faster: theirs is as good.
    if (await isThere(jars)) return;
    const { stdout = '', message } = cause as { stdout?: string; message: string };
    throw new Error(`Maven could not fetch its jars: ${firstLine(stdout) || firstLine(message)}`, { cause });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Of fetches that were killed. One under way is not an hour old. */
async function removeLeftovers(): Promise<void> {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of await readdir(cacheFolder())) {
    if (!name.startsWith('new-')) continue;
    const path = join(cacheFolder(), name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < anHourAgo) await rm(path, { recursive: true, force: true });
  }
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? '';

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

// ---- the broker

export interface NativeBroker {
  readonly brokers: string[];
  readonly pid: number;
  readonly folder: string;
}

/** One broker and its folder, which holds server.properties, data/ and server.log. To be used by its keeper only. */
export class NativeKafkaServer {
  readonly #kafka: NativeKafka;
  readonly #properties: Readonly<Record<string, string>>;
  #folder = '';
  #port = 0;
  #child: ChildProcess | undefined;
  #started: Promise<NativeBroker> | undefined;
  #stopped = false;

  constructor(kafka: NativeKafka, properties: Readonly<Record<string, string>>) {
    this.#kafka = kafka;
    this.#properties = properties;
  }

  /** Once: whoever asks again gets the same broker. */
  start(): Promise<NativeBroker> {
    return (this.#started ??= this.#start());
  }

  /** Starts it again on the same port and data; if it still runs, it is stopped first as an operator stops it. */
  async restart(): Promise<NativeBroker> {
    const child = this.#running();
    if (child !== undefined) {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const enough = setTimeout(() => child.kill('SIGKILL'), GENTLE_STOP_MS_MAX);
      await once(child, 'exit');
      clearTimeout(enough);
    }
    return this.#launch();
  }

  /** Returns when the signal is sent, or when the broker has ended if that is what the signal is for. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#running();
    if (child === undefined) throw new Error('The broker does not run.');
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await once(child, 'exit');
  }

  /** Ends it at once and removes its folder: nothing of it is needed any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#running();
    if (child !== undefined) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    // A start under way fails now; until then it might make its folder.
    await this.#started?.catch(() => undefined);
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #start(): Promise<NativeBroker> {
    this.#folder = await mkdtemp(join(tmpdir(), 'incident-ledger-kafka-'));
    await this.#choosePorts();
    await this.#format();
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#launch();
      } catch (error) {
        if (!PORT_TAKEN.test(String(error)) || tries === PORT_TRIES_MAX) throw error;
        await this.#choosePorts();
      }
    }
  }

  async #choosePorts(): Promise<void> {
    // Held at the same time, so that they differ.
    const [one, other] = [await holdFreePort(), await holdFreePort()];
    await Promise.all([one.release(), other.release()]);
    this.#port = one.port;
    const clients = `127.0.0.1:${one.port}`;
    const settings = {
      ...kafkaSettings({ clients, advertised: clients, controller: `127.0.0.1:${other.port}` }),
      'log.dirs': join(this.#folder, 'data'),
      ...this.#properties,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(this.#folder, 'server.properties'), lines.join(''));
  }

  async #format(): Promise<void> {
    const { ended, failure } = this.#run(['-Xmx128m', '-XX:TieredStopAtLevel=1'], 'kafka.tools.StorageTool', [
      'format',
      // With an = because the id may begin with a dash.
      `--cluster-id=${randomBytes(16).toString('base64url')}`,
      '--config=server.properties',
    ]);
    if ((await ended) !== 0) throw failure();
  }

  async #launch(): Promise<NativeBroker> {
    const { child, up, ended, failure } = this.#run(['-Xmx512m', ...LOGGING], 'kafka.Kafka', ['server.properties']);
    const late = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
    const ready = await Promise.race([up.then(() => true), ended.then(() => false)]);
    clearTimeout(late);
    if (!ready) throw failure();
    return { brokers: [`127.0.0.1:${this.#port}`], pid: child.pid as number, folder: this.#folder };
  }

  /** Runs a program of Kafka; what it says goes to server.log. */
  #run(options: readonly string[], main: string, args: readonly string[]): Run {
    if (this.#stopped) throw new Error('The broker was stopped.');
    const { java, jars } = this.#kafka;
    const child = spawn(java, [...JVM, ...options, '-cp', join(jars, '*'), main, ...args], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const log = createWriteStream(join(this.#folder, 'server.log'), { flags: 'a' });
    // If the folder goes while it runs, nobody will read the log either.
    log.on('error', () => undefined);
    const said: string[] = [];
    const up = new Promise<void>((resolve) => {
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => {
          log.write(`${line}\n`);
          said.push(line);
          if (said.length > SAID_LINES_MAX) said.shift();
          if (line.includes(UP)) resolve();
        });
      }
    });
    const ended = new Promise<number | null>((resolve) => {
      child.once('error', ({ message }) => {
        said.push(message);
        resolve(null);
      });
      child.once('close', (code) => {
        log.end();
        resolve(code);
      });
    });
    const failure = (): Error => {
      const how = child.signalCode ?? (child.exitCode === null ? 'it cannot be run' : `code ${child.exitCode}`);
      return new Error(`${main} ended (${how}). It said:\n${said.join('\n')}`);
    };
    return { child, up, ended, failure };
  }

  #running(): ChildProcess | undefined {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null ? child : undefined;
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly up: Promise<void>;
  readonly ended: Promise<number | null>;
  /** What to say if it ended too early. */
  readonly failure: () => Error;
}
