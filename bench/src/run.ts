/**
 * THE MEASUREMENT, `npm run bench`: everything that is compared runs on one embedded PostgreSQL with the durable settings
 * that ship, in turns (a round is a stretch of each), so that a slow moment of the machine meets all of them. What counts
 * are medians over the rounds, of ratios the medians of each round's ratio. docs/benchmarks.md says what is compared and
 * why, and holds a run's figures.
 *
 * It writes its table to standard output, and nothing of the machine but what a reader needs: no names, no paths.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { startPostgres } from '#embedded';
import { Figures, median, quantile } from './figures.js';
import { ALTERNATIVES, answer, ask, createDatabase, end } from './processes.js';
import { conditions, measureInRounds, runMeasurement, type Length, type Stretch } from './rounds.js';
import { furnish, OneByOne, readPosition, statementBody, underLoad, type Server } from './commands.js';
import type { Kind } from './server.js';

const HTTP_CONNECTIONS = 64;
const EMMETT_CALLERS = 32;
const SINGLES_A_ROUND = 200;

// ---- the processes

interface Subject extends Server {
  process: ChildProcess;
}

async function startServer(kind: Kind, folder: string, database: string): Promise<Subject> {
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [kind, folder, database]);
  const server = await answer<Server>(child);
  await furnish(server);
  return { ...server, process: child };
}

// ---- what is measured

async function measureLoad(name: string, subject: Subject, seconds: number, figures: Figures): Promise<void> {
  const one = new OneByOne(subject);
  const before = await one.send();
  const ownBefore = process.cpuUsage();
  const cpuBefore = await ask<number>(subject.process, {});
  const load = await underLoad(subject, HTTP_CONNECTIONS, seconds);
  const cpuMicros = (await ask<number>(subject.process, {})) - cpuBefore;
  const own = process.cpuUsage(ownBefore);
  const after = await one.send();
  one.close();
  if (after - before <= load.acknowledged) {
    throw new Error(`${load.acknowledged} commands were acknowledged, and the log grew by ${after - before - 1}.`);
  }
  figures.add(`${name}/s`, load.perSecond);
  figures.add(`${name} p50`, load.p50Ms);
  figures.add(`${name} p99`, load.p99Ms);
  figures.add(`${name} cpu`, cpuMicros / load.acknowledged);
  figures.add(`load cpu`, (own.user + own.system) / load.acknowledged);
  if (name !== 'standalone') return;
  const caughtUp = performance.now();
  while ((await readPosition(subject)) < after) await pause(20);
  figures.add('catch-up', (performance.now() - caughtUp) / 1000);
}

async function measureEmmett(child: ChildProcess, seconds: number, figures: Figures): Promise<void> {
  const run = await ask<{ appends: number; seconds: number; cpuMicros: number }>(child, {
    callers: EMMETT_CALLERS,
    seconds,
    body: statementBody(0),
  });
  figures.add('emmett/s', run.appends / run.seconds);
  figures.add('emmett cpu', run.cpuMicros / run.appends);
}

/** One INSERT and one command, in turns: nobody else is at work. */
async function measureSingles(subject: Subject, plain: Client, row: Buffer, figures: Figures): Promise<void> {
  const one = new OneByOne(subject);
  await one.send();
  const commands: number[] = [];
  const inserts: number[] = [];
  for (let index = 0; index < SINGLES_A_ROUND; index += 1) {
    const start = performance.now();
    await one.send();
    const between = performance.now();
    await plain.query({ name: 'insert', text: 'INSERT INTO plain (bytes) VALUES ($1)', values: [row] });
    commands.push(between - start);
    inserts.push(performance.now() - between);
  }
  one.close();
  figures.add('command p50', median(commands));
  figures.add('command p99', quantile(commands, 0.99));
  figures.add('insert p50', median(inserts));
  figures.add('insert p99', quantile(inserts, 0.99));
}

/** The bytes of a command's record: what a bare INSERT of the same size takes. */
async function recordOf(recorder: Subject, database: string): Promise<Buffer> {
  const one = new OneByOne(recorder);
  await one.send();
  one.close();
  const client = new Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<{ bytes: Buffer }>(
    'SELECT bytes FROM ledger_log.records ORDER BY sequence DESC LIMIT 1',
  );
  await client.end();
  return rows[0]?.bytes ?? Buffer.alloc(0);
}

async function measure(folder: string, length: Length): Promise<string> {
  const log = (text: string): void => void process.stderr.write(`${text}\n`);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    // Where the whole process looks for its own, so that all of them share it.
    const postgres = await startPostgres({ folder: join(folder, 'postgres') });
    undo.push(() => postgres.stop());
    const start = async (kind: Kind, database = ''): Promise<Subject> => {
      const subject = await startServer(kind, folder, database);
      undo.push(() => end(subject.process));
      return subject;
    };
    const database = await createDatabase(postgres.connectionString, 'recorder');
    // The whole process stops the server when it ends, so it must be the last to end.
    const standalone = await start('standalone');
    const recorder = await start('recorder', database);
    const noAppend = await start('no-append');
    const emmett = fork(join(ALTERNATIVES, 'emmett.js'), [await createDatabase(postgres.connectionString, 'emmett')]);
    undo.push(() => end(emmett));
    await answer(emmett);
    const plain = new Client({ connectionString: await createDatabase(postgres.connectionString, 'plain') });
    await plain.connect();
    undo.push(() => plain.end());
    await plain.query('CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL)');
    const { rows } = await plain.query<{ server_version: string }>('SHOW server_version');
    const row = await recordOf(recorder, database);

    const stretches: Stretch[] = [
      (figures, seconds) => measureLoad('recorder', recorder, seconds, figures),
      (figures, seconds) => measureEmmett(emmett, seconds, figures),
      (figures, seconds) => measureLoad('no-append', noAppend, seconds, figures),
      (figures) => measureSingles(recorder, plain, row, figures),
      (figures, seconds) => measureLoad('standalone', standalone, seconds, figures),
    ];
    const figures = await measureInRounds(stretches, length, ['recorder/s', 'standalone/s', 'emmett/s', 'no-append/s']);
    return report(figures, { length, rowBytes: row.byteLength, postgres: rows[0]?.server_version ?? '' });
  } finally {
    for (const step of undo.toReversed()) await step().catch((error: unknown) => log(String(error)));
  }
}

// ---- what is said of it

interface Conditions {
  length: Length;
  rowBytes: number;
  postgres: string;
}

function report(figures: Figures, { length, rowBytes, postgres }: Conditions): string {
  return `
${conditions(length, `PostgreSQL ${postgres.split(' ')[0]} (embedded)`)}
A command is a body of ${Buffer.byteLength(statementBody(0))} bytes, its record ${rowBytes}.

| appends a second, each acknowledged when durable | median | range |
|---|---|---|
${figures.row('recorder/s', `recorder, ${HTTP_CONNECTIONS} connections`)}
${figures.row('standalone/s', `whole process, ${HTTP_CONNECTIONS} connections`)}
${figures.row('emmett/s', `emmett-postgresql, in process, ${EMMETT_CALLERS} callers`)}
${figures.row('no-append/s', `recorder without the append, ${HTTP_CONNECTIONS} connections (nothing is kept)`)}

| ratio in one round | median | range | goal |
|---|---|---|---|
${figures.ratio('recorder/s', 'emmett/s', 'recorder / emmett', '2 (at least 1.5)')}
${figures.ratio('standalone/s', 'emmett/s', 'whole process / emmett', '–')}
${figures.ratio('recorder/s', 'no-append/s', 'recorder / without the append', '0.50')}
${figures.ratio('command p50', 'insert p50', 'one command / one bare INSERT, p50', 'at most 3')}

| milliseconds | median | range |
|---|---|---|
${figures.row('command p50', 'one command after another, p50', 2)}
${figures.row('command p99', 'one command after another, p99', 2)}
${figures.row('insert p50', 'bare one-row INSERT after another, p50', 2)}
${figures.row('insert p99', 'bare one-row INSERT after another, p99', 2)}
${figures.row('recorder p50', `recorder at ${HTTP_CONNECTIONS} connections, p50`)}
${figures.row('recorder p99', `recorder at ${HTTP_CONNECTIONS} connections, p99`)}
${figures.row('standalone p50', `whole process at ${HTTP_CONNECTIONS} connections, p50`)}
${figures.row('standalone p99', `whole process at ${HTTP_CONNECTIONS} connections, p99`)}

| processor time of a command, microseconds (PostgreSQL's own not counted) | median | range |
|---|---|---|
${figures.row('recorder cpu', 'recorder')}
${figures.row('no-append cpu', 'recorder without the append')}
${figures.row('standalone cpu', 'whole process')}
${figures.row('emmett cpu', 'emmett, in process')}
${figures.row('load cpu', 'the load generator')}

| seconds | median | range |
|---|---|---|
${figures.row('catch-up', `whole process: after ${length.seconds} s of load, until its read models hold all of it`, 1)}
`;
}

await runMeasurement(measure);
