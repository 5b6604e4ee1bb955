/**
 * CONFIGURATION: read once from the environment, here and nowhere else. Whatever is wrong stops the process at boot, all
 * of it at once, each by the name of its variable. What is derived (a default from another variable) is derived here.
 */
import { join, resolve } from 'node:path';
import type { LogFormat } from './log.js';
import { MASTER_KEY_FORM, masterKeyFrom } from './master-key.js';

export interface Config {
  /** Where everything lies that this machine keeps: keys and, embedded, the log. Absolute. */
  dataDir: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** The API keys. Absolute. */
  keysFile: string;
  /** 32 bytes; left out, the file `master.key` in the data folder holds it. */
  masterKey?: Uint8Array;
  /** Pages of these origins may write and read from a browser. */
  allowedOrigins: readonly string[];
  /** Whether reading needs no key. Only ever on loopback. */
  openReads: boolean;
  /** How many writes a second an API key may send to this process; 0: as many as it likes. */
  writesPerSecond: number;
  /** Whether browsers reach this only over TLS, which a proxy before it speaks. */
  behindTls: boolean;
  /** host:port of some brokers of Kafka. */
  kafkaBrokers?: readonly string[];
  /** The database of the read models. */
  databaseUrl?: string;
  /** Where other recorders reach this one. */
  advertisedUrl?: string;
}

/** What a process cannot do without, by the name of its variable. */
const NEEDS = {
  KAFKA_BROKERS: 'kafkaBrokers',
  DATABASE_URL: 'databaseUrl',
  ADVERTISED_URL: 'advertisedUrl',
  MASTER_KEY: 'masterKey',
} as const satisfies Record<string, keyof Config>;

type Needed = keyof typeof NEEDS;
type ConfigWith<N extends Needed> = Config & Required<Pick<Config, (typeof NEEDS)[N]>>;

const DEFAULT_PORT = 7410;
/** Off loopback. A batch is one write. */
const WRITES_PER_SECOND = 50;

/** @throws Error naming every variable that is wrong or, of those that are needed, missing */
export function readConfig<N extends Needed = never>(
  env: Readonly<Record<string, string | undefined>> = process.env,
  { needs = [], port = DEFAULT_PORT }: { needs?: readonly N[]; port?: number } = {},
): ConfigWith<N> {
  const faults: string[] = [];
  /** What a variable says, by a reader that returns undefined for what it does not understand; empty is as unset. */
  const read = <T>(name: string, fallback: T, what: string, parse: (text: string) => T | undefined): T => {
    const text = env[name]?.trim() ?? '';
    if (text === '') return fallback;
    const value = parse(text);
    if (value === undefined) faults.push(`${name} must be ${what}`);
    return value ?? fallback;
  };

  const dataDir = resolve(read('DATA_DIR', 'ledger-data', 'a folder', String));
  const host = read('HOST', '127.0.0.1', 'an address or a host name', (text) => (/\s/.test(text) ? undefined : text));
  const loopback = isLoopback(host);
  const masterKey = read('MASTER_KEY', undefined, MASTER_KEY_FORM, masterKeyFrom);
  const kafkaBrokers = read('KAFKA_BROKERS', undefined, 'host:port, several separated by commas', brokersFrom);
  const databaseUrl = read(
    'DATABASE_URL',
    undefined,
    'an address such as postgres://user:password@host/name',
    postgresUrl,
  );
  const advertisedUrl = read('ADVERTISED_URL', undefined, 'an address such as http://recorder-1:7410', httpOrigin);
  const config: Config = {
    dataDir,
    host,
    port: read('PORT', port, 'a whole number from 0 to 65535', portFrom),
    keysFile: resolve(read('KEYS_FILE', join(dataDir, 'keys.json'), 'a file', String)),
    ...(masterKey !== undefined && { masterKey }),
    allowedOrigins: read(
      'ALLOWED_ORIGINS',
      [],
      'origins such as https://ledger.example.org, separated by commas',
      origins,
    ),
    openReads: read('OPEN_READS', loopback, 'true or false', booleanFrom),
    writesPerSecond: read(
      'WRITES_PER_SECOND',
      loopback ? 0 : WRITES_PER_SECOND,
      'a whole number up to 100000, or 0 for no limit',
      rateFrom,
    ),
    behindTls: read('BEHIND_TLS', false, 'true or false', booleanFrom),
    ...(kafkaBrokers !== undefined && { kafkaBrokers }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(advertisedUrl !== undefined && { advertisedUrl }),
  };
  read('LOG_FORMAT', undefined, 'text or json', logFormatFrom);
  for (const name of needs) {
    const isWrong = faults.some((fault) => fault.startsWith(`${name} `));
    if (config[NEEDS[name]] === undefined && !isWrong) faults.push(`${name} is missing`);
  }
  if (config.openReads && !loopback) {
    faults.push(`OPEN_READS can be true on loopback only, and HOST is ${host}: leave it out, and readers use API keys`);
  }
  if (faults.length > 0) throw new Error(`Wrong configuration. ${faults.join('; ')}.`);
  return config as ConfigWith<N>;
}

/** Of LOG_FORMAT, which a process must know before anything else: it may have to log what is wrong with the others. */
export function logFormat(text: string | undefined, isTerminal: boolean): LogFormat {
  return logFormatFrom(text?.trim() ?? '') ?? (isTerminal ? 'text' : 'json');
}

function logFormatFrom(text: string): LogFormat | undefined {
  return text === 'text' || text === 'json' ? text : undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function portFrom(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function rateFrom(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) && Number(text) <= 100_000 ? Number(text) : undefined;
}

function booleanFrom(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function brokersFrom(text: string): string[] | undefined {
  const list = text.split(',').map((one) => one.trim());
  return list.every((one) => /^[^\s:/]+:\d{1,5}$/.test(one)) ? list : undefined;
}

function postgresUrl(text: string): string | undefined {
  return /^postgres(ql)?:\/\/\S+$/.test(text) && URL.canParse(text) ? text : undefined;
}

/** Without a path: addresses of routes are put behind it. */
function httpOrigin(text: string): string | undefined {
  return URL.canParse(text) && new URL(text).protocol === 'http:' && new URL(text).origin === text ? text : undefined;
}

function origins(text: string): string[] | undefined {
  const list = text.split(',').map((one) => one.trim());
  const isOrigin = (one: string): boolean =>
    URL.canParse(one) && /^https?:$/.test(new URL(one).protocol) && new URL(one).origin === one;
  return list.every(isOrigin) ? list : undefined;
}
