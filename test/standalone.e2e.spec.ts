/**
 * The command that users start, as a process: what it prints and who can reach it, and that nothing acknowledged is lost
 * or done twice however it ends, at whatever moment. Writers repeat what they got no answer to, as clients are told to.
 */
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import type { LedgerDto, ProblemBody, RecordsAnswer, TalliesAnswer, WriteAnswer } from '#contracts';
import type { ActName } from '#domain';
import { startPostgres } from '#embedded';
import { LedgerClient, RunningCommand, temporaryPostgresFolder, type PostgresFolder } from '#testing';

const MAIN = fileURLToPath(new URL('../apps/standalone/src/main.js', import.meta.url));
/** So that the environment of whoever runs the tests does not decide; empty is as unset. */
const UNSET = { HOST: '', KEYS_FILE: '', MASTER_KEY: '', OPEN_READS: '', ALLOWED_ORIGINS: '' };
const EXAMPLE_END = 43;

// Each starts processes, some of them several, on a machine that may be busy.
jest.setTimeout(60_000);

let kept: PostgresFolder;
const commands: RunningCommand[] = [];

beforeEach(async () => {
  kept = await temporaryPostgresFolder('postgres');
});
afterEach(async () => {
  await Promise.all(commands.splice(0).map((command) => command.end('SIGKILL')));
  await kept.remove();
});

function start(...options: string[]): RunningCommand {
  const command = new RunningCommand([MAIN, ...options], { ...UNSET, DATA_DIR: kept.folder, PORT: '0' });
  commands.push(command);
  return command;
}

const addressOf = async (command: RunningCommand): Promise<string> =>
  (await command.printed(/^ +Address +(http:\S+)$/m))[1] ?? '';

/** The ledger of the example, as the one with the printed key. */
async function ledgerOf(command: RunningCommand): Promise<LedgerClient> {
  const [, keyFile = ''] = await command.printed(/^ +Key +(\S+)/m);
  return new LedgerClient(await addressOf(command), 'syria', readFileSync(keyFile, 'utf8').trim());
}

const postmasterPid = (): number =>
  Number(readFileSync(join(kept.folder, 'postgres', 'cluster', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);

/** Whether a process runs. One that has ended but that nobody has collected does not: its command line is empty. */
function runs(pid: number): boolean {
  if (process.platform !== 'linux') return kill(pid, 0);
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) && readFileSync(commandLine).length > 0;
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The processes that serve the connections of a server; only Linux tells. */
function childrenOf(pid: number): number[] {
  const children = `/proc/${pid}/task/${pid}/children`;
  return existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ').map(Number) : [];
}

interface Attempt {
  act: ActName;
  body: object;
}

/** Writers that write on until they get no answer: each an incident, then a statement that one was killed in it. */
class Load {
  readonly attempts = new Map<string, Attempt>();
  readonly acknowledged = new Map<string, WriteAnswer>();
  /** How those that were answered, but not with success, were answered. */
  readonly problems: ProblemBody[] = [];
  readonly #writers: Promise<void>[];
  #enough = { count: Infinity, reached: (): void => undefined };

  constructor(
    private readonly ledger: LedgerClient,
    private readonly name: string,
    writers = 8,
  ) {
    this.#writers = Array.from({ length: writers }, (_, index) => this.#write(`${name}-${index}`));
  }

  /** When so many are acknowledged. @throws Error when there will not be */
  acknowledgments(count: number): Promise<void> {
    return new Promise((reached, reject) => {
      this.#enough = { count, reached };
      const tooFew = (): void => reject(new Error(`Only ${this.acknowledged.size} were acknowledged.`));
      void this.over().then(tooFew);
    });
  }

  /** When every writer has given up. */
  async over(): Promise<void> {
    await Promise.all(this.#writers);
  }

  async #write(writer: string): Promise<void> {
    for (let n = 1; ; n += 1) {
      const incident = `${writer}-${n}`;
      const recorded = await this.#try(incident, {
        act: 'record-incident',
        body: {
          id: incident,
          kind: 'single',
          method: 'rocket',
          parties: [{ actor: 'us', side: 'target' }],
          place: { place: 'mss-conoco' },
          note: `Made up by ${this.name}.`,
        },
      });
      const said = recorded && (await this.#try(`${incident}-killed`, killedIn(incident)));
      if (!said) return;
    }
  }

  async #try(commandKey: string, attempt: Attempt): Promise<boolean> {
    this.attempts.set(commandKey, attempt);
    try {
      const answer = await this.ledger.send(attempt.act, attempt.body, { commandKey });
      if (answer.status !== 201) {
        this.problems.push(answer.body as unknown as ProblemBody);
        return false;
      }
      this.acknowledged.set(commandKey, answer.body);
      if (this.acknowledged.size >= this.#enough.count) this.#enough.reached();
      return true;
    } catch {
      return false;
    }
  }
}

const PRIVATE = 'said in confidence, one-of-many';

const killedIn = (incident: string): Attempt => ({
  act: 'record-statement',
  body: {
    id: `${incident}-killed`,
    document: 'national-conoco-copy',
    speaker: 'centcom',
    form: 'direct',
    quote: { text: { private: true, text: PRIVATE }, language: 'en' },
    claims: [
      {
        predicate: 'killed',
        about: { incident },
        stance: 'asserts',
        who: { side: 'target', of: 'us' },
        value: { low: 1, best: 1, high: 1 },
      },
    ],
  },
});

interface Logged {
  sequence: number;
  commandid: string;
  type: string;
}

/** The whole log, in its order. */
async function logOf(ledger: LedgerClient): Promise<Logged[]> {
  const found: Logged[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: RecordsAnswer = await ledger.read(`/records?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`);
    for (const { sequence, event } of page.items) {
      const { commandid, type } = event as { commandid: string; type: string };
      found.push({ sequence, commandid, type });
    }
    cursor = page.next;
  }
  return found;
}

/** Everything acknowledged is in the log, once, where it was said to be; whatever else, at most once. */
function expectKept(log: readonly Logged[], { acknowledged }: Load): void {
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1));
  const at = new Map(log.map(({ commandid, sequence }) => [commandid.replace(/^k\d+:/, ''), sequence]));
  expect(at.size).toBe(log.length);
  const said = [...acknowledged].map(([commandKey, { position }]) => [commandKey, position]);
  expect([...acknowledged.keys()].map((commandKey) => [commandKey, at.get(commandKey)])).toEqual(said);
}

/** Repeats everything: what has an outcome gets it again, what has none gets one, and a third time changes nothing. */
async function repeatAll(ledger: LedgerClient, { attempts, acknowledged }: Load): Promise<void> {
  const repeat = async (): Promise<Map<string, WriteAnswer>> => {
    const each = [...attempts].map(
      async ([commandKey, { act, body }]) => [commandKey, await ledger.record(act, body, { commandKey })] as const,
    );
    return new Map(await Promise.all(each));
  };
  const outcomes = await repeat();
  for (const [commandKey, answer] of acknowledged) expect(outcomes.get(commandKey)).toEqual(answer);
  expect(await repeat()).toEqual(outcomes);
}

/** The tallies are the sums of what the log says. */
async function expectTallied(ledger: LedgerClient, log: readonly Logged[]): Promise<void> {
  const ours = log.slice(EXAMPLE_END);
  const statements = ours.filter(({ type }) => type.includes('StatementRecorded')).length;
  const { rows, sequence } = await ledger.read<TalliesAnswer>(
    `/tallies?wait=${log.length}&of=attacks,killed&side=target&of.party=us&place=mss-conoco`,
  );
  expect(sequence).toBe(log.length);
  // The example's own attack on the site is one, and nobody was killed in it.
  expect(rows).toMatchObject([
    { measure: 'attacks', low: statements + 1, best: statements + 1, incidents: ours.length - statements + 1 },
    { measure: 'killed', low: statements, best: statements, high: statements, affirmedNone: 1 },
  ]);
}

function expectNoSecrets(command: RunningCommand): void {
  expect(command.output).not.toContain(PRIVATE);
  expect(command.output).not.toMatch(/il_k\d+_/);
  expect(readFileSync(join(kept.folder, 'postgres', 'server.log'), 'utf8')).not.toContain(PRIVATE);
}

/** Whether anybody listens there. */
function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false)).once('timeout', () => done(false));
  });
}

describe('started on an empty folder', () => {
  test('it says where everything is, and can be reached from this machine only', async () => {
    const command = start();
    const url = await addressOf(command);
    const [, data] = await command.printed(/^ +Data +(\S+)/m);
    const [, keyFile = ''] = await command.printed(/^ +Key +(\S+)/m);
    const [, reader = '', recorder = ''] = await command.printed(/^ +Try it +(\S+) +and +(\S+)$/m);
    const [, look = ''] = await command.printed(/^ +Look +(\S+)$/m);
    expect(data).toBe(kept.folder);
    for (const page of [reader, recorder, look]) {
      expect(page.startsWith(url)).toBe(true);
      expect((await fetch(page)).status).toBe(200);
    }

    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const ledger = await ledgerOf(command);
    await ledger.record('register-actor', { kind: 'media', names: [{ text: 'A paper' }] });
    expectNoSecrets(command);

    const [, postgresPort] = await command.printed(/PostgreSQL started on 127\.0\.0\.1:(\d+)/);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address);
    // Linux answers on the whole of 127/8, if somebody listens on every address.
    if (process.platform === 'linux') others.push('127.0.0.2');
    for (const port of [Number(new URL(url).port), Number(postgresPort)]) {
      expect(await listens('127.0.0.1', port)).toBe(true);
      for (const other of others)
        expect({ other, listens: await listens(other, port) }).toEqual({ other, listens: false });
    }
  });

  test('killed while it loads the example, it goes on with it at the next start', async () => {
    const first = start();
    await first.printed(/PostgreSQL started/);
    const { connectionString } = await startPostgres({ folder: join(kept.folder, 'postgres') });
    const client = new Client({ connectionString });
    client.on('error', () => undefined);
    await client.connect();
    const records = async (): Promise<number> => {
      // Until the tables are made, there are none.
      const { rows } = await client
        .query<{ count: string }>('SELECT count(*) FROM ledger_log.records')
        .catch(() => ({ rows: [] }));
      return Number(rows[0]?.count ?? 0);
    };
    while ((await records()) < 3) await pause(1);
    await first.end('SIGKILL');
    expect(await records()).toBeLessThan(EXAMPLE_END);
    await client.end();

    const ledger = await ledgerOf(start());
    await ledger.read(`?wait=${EXAMPLE_END}`);
    const log = await logOf(ledger);
    expect(log.map(({ sequence }) => sequence)).toEqual(Array.from({ length: EXAMPLE_END }, (_, index) => index + 1));
    expect(new Set(log.map(({ commandid }) => commandid)).size).toBe(EXAMPLE_END);
    expect(existsSync(join(kept.folder, 'example.unfinished'))).toBe(false);
  });
});

describe('started with --empty', () => {
  test('it leaves the example out; a second one says who is there, ends, and does not disturb the first', async () => {
    const first = start('--empty');
    const ledger = await ledgerOf(first);
    expect(await ledger.read<LedgerDto>('?wait=1')).toMatchObject({ ledger: 'syria', sequence: 1 });

    const postmaster = postmasterPid();
    const second = start();
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.output).toMatch(new RegExp(`Another process \\(.*pid ${first.pid}\\) uses this data already`));
    expect(second.output).toMatch(/Stop it first, or start this one with another data folder/);
    expect(second.output).not.toMatch(/^ +at /m);

    expect(postmasterPid()).toBe(postmaster);
    expect(runs(postmaster)).toBe(true);
    const { position } = await ledger.record('register-actor', { kind: 'media', names: [{ text: 'A paper' }] });
    expect(await ledger.read<LedgerDto>(`?wait=${position}`)).toMatchObject({ sequence: 2 });
  });
});

describe('while many write', () => {
  test('told to stop, it answers who waits, keeps what it acknowledged, and leaves nothing running', async () => {
    const first = start();
    const load = new Load(await ledgerOf(first), 'stopped');
    await load.acknowledgments(100);
    const postmaster = postmasterPid();
    // A browser opens connections in advance; nobody waits for what may never be asked on them.
    const { hostname, port } = new URL(await addressOf(first));
    const silent = connect(Number(port), hostname).on('error', () => undefined);
    await once(silent, 'connect');
    const told = performance.now();
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - told).toBeLessThan(10_000);
    await load.over();
    expect(runs(postmaster)).toBe(false);
    for (const { code } of load.problems) expect(code).toBe('stopping');
    expectNoSecrets(first);

    const second = start();
    const ledger = await ledgerOf(second);
    expect(second.output).toMatch(/PostgreSQL started/);
    await ledger.read(`?wait=${lastOf(load)}`);
    expectKept(await logOf(ledger), load);
    await repeatAll(ledger, load);
    await ledger.read(`?wait=${EXAMPLE_END + load.attempts.size}`);
    const log = await logOf(ledger);
    expect(log).toHaveLength(EXAMPLE_END + load.attempts.size);
    await expectTallied(ledger, log);
  });

  test('killed, it goes on with the same server at the next start, and with a new one where that died too', async () => {
    let ledger = await ledgerOf(start());
    let before = EXAMPLE_END;
    for (const serverToo of [false, true]) {
      const load = new Load(ledger, serverToo ? 'both-killed' : 'killed');
      await load.acknowledgments(100);
      const postmaster = postmasterPid();
      // As when the power fails: what is under way is not brought to an end.
      const victims = serverToo ? [...childrenOf(postmaster), postmaster] : [];
      const killed = commands.at(-1)?.end('SIGKILL');
      for (const victim of victims) kill(victim, 'SIGKILL');
      expect(await killed).toEqual({ code: null, signal: 'SIGKILL' });
      await load.over();
      expect(runs(postmaster)).toBe(!serverToo);

      const next = start();
      ledger = await ledgerOf(next);
      expect(postmasterPid() === postmaster).toBe(!serverToo);
      expect(next.output).toMatch(serverToo ? /PostgreSQL started/ : /an earlier process still running/);
      await ledger.read(`?wait=${lastOf(load)}`);
      expectKept(await logOf(ledger), load);
      await repeatAll(ledger, load);
      before += load.attempts.size;
      await ledger.read(`?wait=${before}`);
      const log = await logOf(ledger);
      expect(log).toHaveLength(before);
      expectKept(log, load);
      await expectTallied(ledger, log);
      expectNoSecrets(next);
    }
  });
});

const lastOf = ({ acknowledged }: Load): number =>
  Math.max(...[...acknowledged.values()].map(({ position }) => position));
