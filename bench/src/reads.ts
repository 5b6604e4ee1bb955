/**
 * THE MEASUREMENT OF READS, `npm run bench:reads`: a generated ledger of 100,000 incidents, copied by the projector, asked
 * over HTTP of the whole process as `npm start` runs it. Tallies now are compared with the same tallies as of half of the
 * log and nine tenths of it, and with a plain `GROUP BY` over a flat table of the newest numbers, in turns. Then one command
 * every 100 ms, and how long until a read shows it. docs/benchmarks.md says what the figures mean.
 */
import { fork } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { startPostgres } from '#embedded';
import { MasterKey } from '#ledger';
import { loadMasterKey } from '#runtime';
import type { Server } from './commands.js';
import { Figures, quantile } from './figures.js';
import { flatTable, FLAT_TALLIES } from './flat-table.js';
import { ledgerEnd, project, writeLog } from './large-ledger.js';
import { manyIncidents, stateId } from './many-incidents.js';
import { answer, end } from './processes.js';
import { machine } from './rounds.js';

const LEDGER = 'bench';
/** As large as asked, and with no more than what a page asks for: attacks, killed and injured, by side. */
const TALLIES: readonly (readonly [name: string, query: string])[] = [
  ['all', ''],
  ['by month', 'bucket=month'],
  ['by governorate', 'by=place:governorate'],
  ['of a party', `of.party=${stateId(3)}`],
  ['killed by side', 'of=killed'],
];
const EXPLAINED_A_ROUND = 12;
const COMMAND_EVERY_MS = 100;
const FIRST_COMMANDS = 20;

const log = (text: string): void => void process.stderr.write(`${text}\n`);

class Reader {
  constructor(private readonly server: Server) {}

  /** Asks, reads the whole answer, and says how many milliseconds that took. */
  async timed(path: string): Promise<number> {
    const started = performance.now();
    await this.get(path);
    return performance.now() - started;
  }

  async get(path: string): Promise<Buffer> {
    const { url, key } = this.server;
    const response = await fetch(`${url}/v1/ledgers/${LEDGER}${path}`, { headers: { authorization: `Bearer ${key}` } });
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body.toString()}`);
    return body;
  }

  /** Records one more number about an incident and returns the id of its statement and its position. */
  async record(index: number): Promise<{ entity: string; position: number }> {
    const { url, key } = this.server;
    const about = { incident: `incident:${index}` };
    const response = await fetch(`${url}/v1/ledgers/${LEDGER}/statements`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        document: 'release',
        speaker: 'force-1',
        form: 'reported',
        claims: [
          { predicate: 'killed', about, stance: 'asserts', value: { low: index, best: index, high: index } },
          {
            predicate: 'injured',
            about,
            stance: 'asserts',
            value: { low: 2, best: null, high: null },
            words: 'several',
          },
        ],
      }),
    });
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as { entity: string; position: number };
  }
}

// ---- what is measured

async function measureTallies(
  reader: Reader,
  flat: Client,
  last: number,
  round: number,
  figures: Figures,
): Promise<void> {
  const moments = [
    ['now', ''],
    ['half', `asOf=${Math.floor(last / 2)}`],
    ['nine tenths', `asOf=${Math.floor(last * 0.9)}`],
  ] as const;
  for (const [name, query] of TALLIES) {
    for (let turn = 0; turn < moments.length; turn += 1) {
      const [moment, asOf] = moments[(turn + round) % moments.length] ?? moments[0];
      figures.add(`${name} ${moment}`, await reader.timed(`/tallies?${query}&${asOf}`));
    }
    const plain = FLAT_TALLIES[name];
    if (plain === undefined) continue;
    const started = performance.now();
    await flat.query(plain);
    figures.add(`${name} flat`, performance.now() - started);
  }
}

async function measureExplain(reader: Reader, round: number, into: number[]): Promise<void> {
  for (let index = 0; index < EXPLAINED_A_ROUND; index += 1) {
    const month = (round * EXPLAINED_A_ROUND + index) % 120;
    const first = new Date(Date.UTC(2014, month, 1)).toISOString().slice(0, 10);
    const lastDay = new Date(Date.UTC(2014, month + 1, 0)).toISOString().slice(0, 10);
    into.push(await reader.timed(`/tallies/explain?from=${first}&to=${lastDay}`));
  }
}

/** One command every 100 ms, whether or not the one before is seen yet. */
async function measureVisible(
  reader: Reader,
  incidents: number,
  seconds: number,
): Promise<{ acknowledged: number[]; fromSent: number[]; fromAcknowledged: number[] }> {
  const times: Awaited<ReturnType<typeof measureVisible>> = { acknowledged: [], fromSent: [], fromAcknowledged: [] };
  const one = async (index: number, count: boolean): Promise<void> => {
    const sent = performance.now();
    // Far apart, as news is: neighbours would lie on pages of the tables that were just read.
    const incident = (index * 7_919) % incidents;
    const { entity, position } = await reader.record(incident);
    const acknowledged = performance.now();
    const seen = await reader.get(`/statements/${entity}?wait=${position}`);
    const visible = performance.now();
    if (!seen.includes(`"${entity}#1"`))
      throw new Error(`${entity} was not in the answer that waited for it: ${seen.toString()}`);
    if (!count) return;
    times.acknowledged.push(acknowledged - sent);
    times.fromSent.push(visible - sent);
    times.fromAcknowledged.push(visible - acknowledged);
  };
  for (let index = 0; index < FIRST_COMMANDS; index += 1) await one(index, false);
  const running: Promise<void>[] = [];
  const started = performance.now();
  for (let index = 0; index < (seconds * 1_000) / COMMAND_EVERY_MS; index += 1) {
    await pause(Math.max(0, started + index * COMMAND_EVERY_MS - performance.now()));
    const next = one(FIRST_COMMANDS + index, true);
    // Heard of below, where all are awaited.
    next.catch(() => undefined);
    running.push(next);
  }
  await Promise.all(running);
  return times;
}

// ---- the ledger

interface Loaded {
  incidents: number;
  last: number;
  /** How long the projector took; undefined where the ledger was there from an earlier run. */
  seconds: number | undefined;
}

async function loadLedger(database: Client, url: string, folder: string, wanted: number): Promise<Loaded> {
  const there = await ledgerEnd(url, LEDGER);
  const master = new MasterKey(await loadMasterKey({ dataDir: folder }));
  if (there === 0) log(`Writing the log of ${wanted} incidents.`);
  const last = there === 0 ? await writeLog(url, master, LEDGER, manyIncidents(wanted)) : there;
  log(`Copying what the read models lack of ${last} records.`);
  const seconds = await project(url, master, LEDGER, last);
  const { rows } = await database.query<{ count: number }>(
    'select count(distinct id)::int as count from read_models.incidents where ledger = $1',
    [LEDGER],
  );
  return { incidents: rows[0]?.count ?? 0, last, seconds: there === 0 ? seconds : undefined };
}

async function measure(folder: string, { incidents: wanted, rounds, seconds }: Options): Promise<string> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const { connectionString: url, stop } = await startPostgres({ folder: join(folder, 'postgres') });
    undo.push(stop);
    const flat = new Client({ connectionString: url });
    // The whole process stops the server when it ends.
    flat.on('error', () => undefined);
    await flat.connect();
    undo.push(() => flat.end());
    const loaded = await loadLedger(flat, url, folder, wanted);
    const { incidents, last } = loaded;
    await flat.query(flatTable(LEDGER));
    // As autovacuum leaves them after a minute, which else would come by during the measurement.
    await flat.query('vacuum analyze');
    const { rows: versions } = await flat.query<{ server_version: string }>('show server_version');

    const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), ['standalone', folder, '']);
    undo.push(() => end(child));
    const reader = new Reader(await answer<Server>(child));

    log('Warming up.');
    await measureTallies(reader, flat, last, 0, new Figures());
    await measureExplain(reader, 0, []);
    const figures = new Figures();
    const explained: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await measureTallies(reader, flat, last, round, figures);
      await measureExplain(reader, round, explained);
      log(`Round ${round + 1} of ${rounds}.`);
    }
    log('One command every 100 ms.');
    const visible = await measureVisible(reader, incidents, seconds);
    const postgres = versions[0]?.server_version ?? '';
    return report(figures, { explained, ...visible }, { ...loaded, rounds, postgres });
  } finally {
    for (const step of undo.toReversed()) await step().catch((error: unknown) => log(String(error)));
  }
}

// ---- what is said of it

interface Options {
  incidents: number;
  rounds: number;
  seconds: number;
}

type Times = Awaited<ReturnType<typeof measureVisible>> & { explained: number[] };

interface Conditions extends Loaded {
  rounds: number;
  postgres: string;
}

function report(figures: Figures, times: Times, conditions: Conditions): string {
  const { incidents, last, seconds: copied, rounds, postgres } = conditions;
  const moments = (['now', 'half', 'nine tenths', 'flat'] as const).map((moment) => [
    moment,
    { now: 'now', half: 'as of half of the log', 'nine tenths': 'as of nine tenths', flat: 'flat table' }[moment],
  ]);
  const known = (name: string): boolean => figures.of(name).length > 0;
  const rows = TALLIES.flatMap(([name]) =>
    moments.flatMap(([moment, words]) =>
      known(`${name} ${moment}`) ? figures.row(`${name} ${moment}`, `${name}, ${words}`) : [],
    ),
  );
  const ratios = TALLIES.flatMap(([name]) => [
    figures.ratio(`${name} half`, `${name} now`, `${name}: as of half / now`, 'at most 3'),
    figures.ratio(`${name} nine tenths`, `${name} now`, `${name}: as of nine tenths / now`, 'at most 3'),
    ...(known(`${name} flat`) ? [figures.ratio(`${name} now`, `${name} flat`, `${name}: now / flat table`, '–')] : []),
  ]);
  const shares = (what: string, some: readonly number[], goals: readonly [string, string]): string[] =>
    [0.5, 0.99].map((share, at) => `| ${what}, p${share * 100} | ${quantile(some, share).toFixed(1)} | ${goals[at]} |`);
  const rate =
    copied === undefined
      ? ''
      : `\nThe projector copied them in ${copied.toFixed(0)} s, ${(last / copied).toFixed(0)} a second.`;
  return `
${machine(`PostgreSQL ${postgres.split(' ')[0]} (embedded)`)}; ${rounds} rounds.
${incidents} generated incidents in ${last} records.${rate}

| a tally over HTTP, milliseconds | median | range |
|---|---|---|
${rows.join('\n')}

| ratio in one round | median | range | goal |
|---|---|---|---|
${ratios.join('\n')}

| milliseconds | | goal |
|---|---|---|
${[
  ...shares(`explain of a month (${times.explained.length} asked)`, times.explained, ['at most 50', '–']),
  ...shares(
    `${times.acknowledged.length} commands, one every ${COMMAND_EVERY_MS} ms: sent to acknowledged`,
    times.acknowledged,
    ['–', '–'],
  ),
  ...shares('acknowledged to visible', times.fromAcknowledged, ['–', '–']),
  ...shares('sent to visible', times.fromSent, ['at most 50', 'at most 250']),
].join('\n')}
`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      incidents: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '30' },
      folder: { type: 'string' },
    },
  });
  const [incidents, rounds, seconds] = [values.incidents, values.rounds, values.seconds].map(Number);
  const isWhole = (number = 0): boolean => Number.isInteger(number) && number >= 1;
  if (![incidents, rounds, seconds].every(isWhole)) {
    throw new Error('Give --incidents, --rounds and --seconds as whole numbers from 1.');
  }
  const options = { incidents: incidents ?? 0, rounds: rounds ?? 0, seconds: seconds ?? 0 };
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'incident-ledger-bench-')));
  await mkdir(folder, { recursive: true });
  try {
    // PostgreSQL, which does not run as root, must come through; every secret in it has a mode of its own.
    await chmod(folder, 0o755);
    process.stdout.write(await measure(folder, options));
  } finally {
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

await main();
