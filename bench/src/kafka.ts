/**
 * THE MEASUREMENT ON KAFKA, `npm run bench:kafka`: two recorders as they ship share a ledger on one broker; emmett appends
 * to a PostgreSQL beside it, and kafkajs alone commits transactions on the same broker. In turns, as in `run.ts`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KafkaStorage } from '#kafka';
import { KeysFile } from '#runtime';
import { startInfrastructure } from '../../libs/testing/src/infrastructure.js';
import { holdFreePort } from '#embedded';
import { furnish, OneByOne, statementBody, underLoad, type Server } from './commands.js';
import { Figures, median, quantile } from './figures.js';
import { ALTERNATIVES, answer, ask, createDatabase, end } from './processes.js';
import { conditions, measureInRounds, runMeasurement, type Length, type Stretch } from './rounds.js';

const HTTP_CONNECTIONS = 64;
const EMMETT_CALLERS = 32;
const SINGLES_A_ROUND = 150;

interface Recorder extends Server {
  process: ChildProcess;
}

async function startRecorders(brokers: readonly string[], folder: string): Promise<Recorder[]> {
  const keysFile = join(folder, 'keys.json');
  const { text: key } = await new KeysFile(keysFile).add({ roles: ['admin'], ledgers: '*' });
  const masterKey = randomBytes(32).toString('base64url');
  const recorders: Recorder[] = [];
  while (recorders.length < 2) {
    const held = await holdFreePort();
    await held.release();
    const { port } = held;
    const url = `http://127.0.0.1:${port}`;
    const child = fork(fileURLToPath(new URL('../../apps/recorder/src/main.js', import.meta.url)), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        ...process.env,
        PORT: String(port),
        ADVERTISED_URL: url,
        KAFKA_BROKERS: brokers.join(','),
        MASTER_KEY: masterKey,
        KEYS_FILE: keysFile,
      },
    });
    recorders.push({ url, key, process: child });
  }
  return recorders;
}

async function owns(recorder: Recorder): Promise<string[] | undefined> {
  const response = await fetch(`${recorder.url}/health/ready`).catch(() => undefined);
  if (response === undefined || response.status !== 200) return undefined;
  return ((await response.json()) as { owns: string[] }).owns;
}

/** The owner of the ledger first. */
async function byOwnership(recorders: readonly Recorder[]): Promise<[Recorder, Recorder]> {
  for (;;) {
    const owned = await Promise.all(recorders.map(owns));
    const owner = recorders[owned.findIndex((ledgers) => ledgers?.includes('bench'))];
    const other = recorders.find((one) => one !== owner);
    if (owner !== undefined && other !== undefined && owned.every((one) => one !== undefined)) return [owner, other];
    await pause(100);
  }
}

async function measureSingles(owner: Server, other: Server, bare: ChildProcess, figures: Figures): Promise<void> {
  const [direct, forwarded] = [new OneByOne(owner), new OneByOne(other)];
  await direct.send();
  await forwarded.send();
  const times: Record<'command' | 'forwarded' | 'bare', number[]> = { command: [], forwarded: [], bare: [] };
  const timed = async (into: number[], act: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    await act();
    into.push(performance.now() - started);
  };
  for (let index = 0; index < SINGLES_A_ROUND; index += 1) {
    await timed(times.command, () => direct.send());
    times.bare.push((await ask<{ ms: number }>(bare, {})).ms);
    await timed(times.forwarded, () => forwarded.send());
  }
  direct.close();
  forwarded.close();
  for (const [name, some] of Object.entries(times)) {
    figures.add(`${name} p50`, median(some));
    figures.add(`${name} p99`, quantile(some, 0.99));
  }
  figures.add('forwarding p50', median(times.forwarded) - median(times.command));
}

async function measure(folder: string, length: Length): Promise<string> {
  const log = (text: string): void => void process.stderr.write(`${text}\n`);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const infrastructure = await startInfrastructure(log);
    undo.push(() => infrastructure.stop());
    const { brokers } = infrastructure.kafka;
    const recorders = await startRecorders(brokers, folder);
    for (const { process: one } of recorders) undo.push(async () => (one.kill('SIGTERM'), end(one)));
    for (const recorder of recorders) while ((await owns(recorder)) === undefined) await pause(100);
    if (recorders[0] !== undefined) await furnish(recorders[0]);
    const [owner, other] = await byOwnership(recorders);
    const storage = new KafkaStorage({ brokers });
    const one = new OneByOne(owner);
    const position = await one.send();
    one.close();
    const [record] = await storage.read('bench', position - 1, 1);
    await storage.close();
    const recordBytes = record?.bytes.byteLength ?? 0;

    const emmett = fork(join(ALTERNATIVES, 'emmett.js'), [await createDatabase(infrastructure.databaseUrl, 'emmett')]);
    undo.push(() => end(emmett));
    await answer(emmett);
    const bare = fork(join(ALTERNATIVES, 'kafkajs.js'), [brokers.join(','), String(recordBytes)]);
    undo.push(() => end(bare));
    await answer(bare);

    const load = async (name: string, server: Server, figures: Figures, seconds: number): Promise<void> => {
      const { perSecond, p50Ms, p99Ms } = await underLoad(server, HTTP_CONNECTIONS, seconds);
      figures.add(`${name}/s`, perSecond);
      figures.add(`${name} load p50`, p50Ms);
      figures.add(`${name} load p99`, p99Ms);
    };
    const stretches: Stretch[] = [
      (figures, seconds) => load('owner', owner, figures, seconds),
      async (figures, seconds) => {
        const run = await ask<{ appends: number; seconds: number }>(emmett, {
          callers: EMMETT_CALLERS,
          seconds,
          body: statementBody(0),
        });
        figures.add('emmett/s', run.appends / run.seconds);
      },
      (figures) => measureSingles(owner, other, bare, figures),
      (figures, seconds) => load('other', other, figures, seconds),
    ];
    const tell = ['owner/s', 'emmett/s', 'command p50', 'bare p50', 'forwarding p50'];
    const figures = await measureInRounds(stretches, length, tell);
    return report(figures, length, recordBytes);
  } finally {
    for (const step of undo.toReversed()) await step().catch((error: unknown) => log(String(error)));
  }
}

function report(figures: Figures, length: Length, recordBytes: number): string {
  return `
${conditions(length)}
One broker, which acknowledges without fsync; PostgreSQL with it. A command is a body of ${Buffer.byteLength(statementBody(0))} bytes, its record ${recordBytes}.

| appends a second, each acknowledged | median | range |
|---|---|---|
${figures.row('owner/s', `recorder that owns the ledger, ${HTTP_CONNECTIONS} connections`)}
${figures.row('other/s', `recorder that forwards all of it, ${HTTP_CONNECTIONS} connections`)}
${figures.row('emmett/s', `emmett-postgresql, in process, ${EMMETT_CALLERS} callers`)}

| ratio in one round | median | range | goal |
|---|---|---|---|
${figures.ratio('owner/s', 'emmett/s', 'recorder on Kafka / emmett on PostgreSQL', 'at least 1.2')}
${figures.ratio('command p50', 'bare p50', 'one command / one bare kafkajs transaction, p50', 'at most 1.5')}

| milliseconds | median | range |
|---|---|---|
${figures.row('command p50', 'one command after another, p50', 2)}
${figures.row('command p99', 'one command after another, p99', 2)}
${figures.row('bare p50', 'bare kafkajs transaction of one, p50', 2)}
${figures.row('bare p99', 'bare kafkajs transaction of one, p99', 2)}
${figures.row('forwarded p50', 'one command through the other recorder, p50', 2)}
${figures.row('forwarding p50', 'what forwarding adds at p50 (goal: at most 3)', 2)}
${figures.row('owner load p50', `owner at ${HTTP_CONNECTIONS} connections, p50`)}
${figures.row('owner load p99', `owner at ${HTTP_CONNECTIONS} connections, p99`)}
${figures.row('other load p50', `the other at ${HTTP_CONNECTIONS} connections, p50`)}
`;
}

await runMeasurement(measure);
