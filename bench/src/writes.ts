/**
 * `npm run bench:writes`: what writing in bulk takes, embedded. Batches beside the same without the append and beside bare
 * INSERTs of the same bytes; what a writer remembers, at two sizes; and how long a new owner of a large ledger takes until it
 * answers its first command, with a snapshot and without.
 */
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { Command, Statement } from '#domain';
import { EmbeddedStorage, startPostgres } from '#embedded';
import { MasterKey, recordCodec, Writers, type Request } from '#ledger';
import { furnish, statementBody, type Server } from './commands.js';
import { Figures } from './figures.js';
import { writeLog } from './large-ledger.js';
import { answer, createDatabase, end } from './processes.js';
import { conditions, measureInRounds, runMeasurement, type Length, type Stretch } from './rounds.js';

const BATCH_LINES = 5_000;
const INSERT_ROWS = 1_000;
const SIZES = [100_000, 500_000] as const;
const program = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

type Subject = Server & { process: ChildProcess };

async function startServer(kind: string, folder: string, database: string): Promise<Subject> {
  const child = fork(program('server.js'), [kind, folder, database]);
  const server = await answer<Server>(child);
  await furnish(server);
  return { ...server, process: child };
}

// ---- batches

let sent = 0;

/** A batch of statements, each with an id of its own. */
function batch(): string {
  return Array.from({ length: BATCH_LINES }, () => {
    sent += 1;
    return `{"id":"bench-${sent}","act":"record-statement","body":${statementBody(sent)}}\n`;
  }).join('');
}

async function measureBatches(name: string, subject: Subject, seconds: number, figures: Figures): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  let lines = 0;
  let spentMs = 0;
  do {
    const body = batch();
    const started = performance.now();
    const response = await fetch(`${subject.url}/v1/ledgers/bench/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${subject.key}`, 'content-type': 'application/x-ndjson' },
      body,
    });
    const text = await response.text();
    if (!text.endsWith('{"done":true}\n') || text.includes('"problem"')) throw new Error(text.slice(0, 500));
    spentMs += performance.now() - started;
    lines += BATCH_LINES;
  } while (performance.now() < until);
  figures.add(name, lines / (spentMs / 1_000));
}

async function measureInserts(client: Client, row: Buffer, seconds: number, figures: Figures): Promise<void> {
  const rows = Array.from({ length: INSERT_ROWS }, () => row);
  const started = performance.now();
  let count = 0;
  do {
    await client.query({
      name: 'bulk',
      text: 'INSERT INTO plain (bytes) SELECT bytes FROM unnest($1::bytea[]) AS r (bytes)',
      values: [rows],
    });
    count += INSERT_ROWS;
  } while (performance.now() - started < seconds * 1_000);
  figures.add('insert/s', count / ((performance.now() - started) / 1_000));
}

async function rowLike(database: string): Promise<Buffer> {
  const client = new Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<{ bytes: Buffer }>(
    'SELECT bytes FROM ledger_log.records ORDER BY sequence DESC LIMIT 1',
  );
  await client.end();
  return rows[0]?.bytes ?? Buffer.alloc(0);
}

// ---- a large ledger

interface Weights {
  command: number;
  claim: number;
  incident: number;
  statement: number;
  document: number;
}

const weights = (records: number): Weights =>
  JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', program('memory.js'), String(records)], { encoding: 'utf8' }),
  ) as Weights;

/** Incidents and a statement about each, until there are so many records. */
function* generated(records: number): Generator<Command> {
  yield { act: 'open-ledger', origin: { title: 'Generated' } };
  yield { act: 'register-actor', id: 'compiler', actor: { kind: 'compiler', names: [{ text: 'A data set' }] } };
  yield {
    act: 'register-document',
    id: 'release',
    document: { publisher: 'compiler', kind: 'dataset-release', title: 'A release' },
  };
  for (let row = 0; 3 + 2 * row < records; row += 1) {
    yield { act: 'record-incident', id: `row:${row}`, incident: { kind: 'single', method: 'other', parties: [] } };
    yield { act: 'record-statement', id: `said:${row}`, statement: said(`said:${row}`, `row:${row}`, row % 50) };
  }
}

const said = (utterance: string, incident: string, number: number): Statement => ({
  document: 'release',
  speaker: 'compiler',
  utterance,
  form: 'own-voice',
  claims: [
    {
      predicate: 'killed',
      about: { incident },
      stance: 'asserts',
      value: { low: number, best: number, high: number },
    },
  ],
});

/** A new owner, until its first command is answered: ms. */
async function measureStart(
  database: string,
  master: MasterKey,
  ledger: string,
  then: (writers: Writers) => Promise<void>,
): Promise<number> {
  const started = performance.now();
  const storage = await EmbeddedStorage.open(database);
  try {
    const writers = new Writers(storage, master, recordCodec(), { mayClaim: async () => true });
    await writers.execute(command(ledger, `start-${(sent += 1)}`));
    const took = performance.now() - started;
    await then(writers);
    await writers.drain();
    return took;
  } finally {
    await storage.close();
  }
}

function command(ledger: string, id: string): Request {
  const act: Command = { act: 'record-statement', id, statement: said(id, 'row:1', 1) };
  return { ledger, act, canonicalBody: JSON.stringify(act), recorder: 'bench', commandKey: id };
}

/** The middle of some rounds of 1,000 commands, in ms. */
async function roundMs(writers: Writers, ledger: string): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    const requests = Array.from({ length: 1_000 }, () => command(ledger, `round-${(sent += 1)}`));
    const started = performance.now();
    await writers.executeAll(ledger, requests);
    took.push(performance.now() - started);
  }
  return took.sort((a, b) => a - b)[7] ?? Number.NaN;
}

async function measureLarge(server: string, log: (text: string) => void): Promise<string> {
  const master = new MasterKey(Buffer.alloc(32, 1));
  const lines: string[] = [];
  for (const size of SIZES) {
    const database = await createDatabase(server, `large_${size}`);
    const ledger = `of-${size}`;
    log(`Writing ${size} records.`);
    await writeLog(database, master, ledger, generated(size));
    let round = 0;
    const replay = await measureStart(database, master, ledger, async (writers) => {
      round = await roundMs(writers, ledger);
      // It keeps its snapshot in the meantime.
      const storage = await EmbeddedStorage.open(database);
      while ((await storage.snapshot(ledger)) === undefined) await pause(100);
      await storage.close();
    });
    const starts: number[] = [];
    for (let time = 0; time < 3; time += 1)
      starts.push(await measureStart(database, master, ledger, async () => undefined));
    const snapshot = starts.sort((a, b) => a - b)[1] ?? Number.NaN;
    const { command: id, claim, incident, statement, document } = weights(size);
    const bytes = [id, claim, incident, statement, document].map((one) => one.toFixed(0)).join(' | ');
    lines.push(
      `| ${size.toLocaleString('en-US')} | ${bytes} | ${round.toFixed(0)} | ${(replay / 1_000).toFixed(1)} | ${(snapshot / 1_000).toFixed(2)} |`,
    );
  }
  return lines.join('\n');
}

async function measure(folder: string, length: Length): Promise<string> {
  const log = (text: string): void => void process.stderr.write(`${text}\n`);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const postgres = await startPostgres({ folder: join(folder, 'postgres') });
    undo.push(() => postgres.stop());
    const start = async (kind: string, database = ''): Promise<Subject> => {
      const subject = await startServer(kind, folder, database);
      undo.push(() => end(subject.process));
      return subject;
    };
    const database = await createDatabase(postgres.connectionString, 'recorder');
    const recorder = await start('recorder', database);
    const noAppend = await start('no-append');
    const plain = new Client({ connectionString: await createDatabase(postgres.connectionString, 'plain') });
    await plain.connect();
    undo.push(() => plain.end());
    await plain.query('CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL)');
    const first = new Figures();
    await measureBatches('first', recorder, 0, first);
    const row = await rowLike(database);
    const stretches: Stretch[] = [
      (figures, seconds) => measureBatches('batch/s', recorder, seconds, figures),
      (figures, seconds) => measureBatches('no-append/s', noAppend, seconds, figures),
      (figures, seconds) => measureInserts(plain, row, seconds, figures),
    ];
    const figures = await measureInRounds(stretches, length, ['batch/s', 'no-append/s', 'insert/s']);
    const large = await measureLarge(postgres.connectionString, log);
    return `
${conditions(length)}
A command is a body of ${Buffer.byteLength(statementBody(0))} bytes, its record ${row.byteLength}.

| a second, each acknowledged when durable | median | range |
|---|---|---|
${figures.row('batch/s', `recorder, batches of ${BATCH_LINES} lines`)}
${figures.row('no-append/s', 'the same without the append (nothing is kept)')}
${figures.row('insert/s', `bare INSERT … SELECT, ${INSERT_ROWS} rows of the same bytes a statement`)}

| ratio in one round | median | range | goal |
|---|---|---|---|
${figures.ratio('batch/s', 'no-append/s', 'batches / without the append', '0.60')}
${figures.ratio('batch/s', 'insert/s', 'batches / bare INSERT … SELECT', '0.20')}

| records | bytes a command id | a claim | an incident | a statement | a document | ms a round of 1,000 | start from the log, s | start from a snapshot, s |
|---|---|---|---|---|---|---|---|---|
${large}
`;
  } finally {
    for (const step of undo.toReversed()) await step().catch((error: unknown) => log(String(error)));
  }
}

await runMeasurement(measure);
