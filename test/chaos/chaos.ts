/**
 * CHAOS: everything that may befall our processes, Kafka and PostgreSQL, at moments and in an order that a seed decides, while clients write. Afterwards everything is healed, and what clients were told must be explained by the logs,
 * and the read models be what the logs make from nothing. (What the operating system makes of the same seed differs from
 * run to run: the same is done and sent, at nearly the same times.)
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord } from '#domain';
import type { LogReader } from '#ledger';
import { check } from './checker.js';
import { Choices } from './choices.js';
import { Client, World } from './clients.js';
import type { Call } from './history.js';
import type { Protection } from './cluster.js';
import { EmbeddedStage, type EmbeddedProtection } from './embedded-stage.js';
import { KafkaStage } from './kafka-stage.js';
import { Importer, IMPORTED } from './importing.js';
import { haunt, plan } from './nemesis.js';
import { caughtUp, differences } from './rebuild.js';
import { OwnerWatch, reportOf, type Report } from './report.js';
import type { Look, Stage } from './stage.js';

export interface ChaosOptions {
  seed: number;
  seconds: number;
  storage: 'kafka' | 'embedded';
  /** Protections of that storage that all processes do without. */
  off?: readonly (Protection | EmbeddedProtection)[];
  /** The folder with the logs stays even if all is well. */
  keep?: boolean;
  log: (line: string) => void;
}

const LEDGERS = ['jordan', 'red-sea', 'iraq'];
const CLIENTS_EACH = 5;
const READY_MS_MAX = 60_000;
const READ_PAGE = 500;

export async function runChaos({ seed, seconds, storage, off = [], keep = false, log }: ChaosOptions): Promise<Report> {
  log(`Seed ${seed}, ${seconds} s on ${storage}${off.length === 0 ? '' : `, without ${off.join()}`}.`);
  const choices = new Choices(seed);
  const stage: Stage =
    storage === 'kafka'
      ? await KafkaStage.start(off as readonly Protection[])
      : await EmbeddedStage.start(choices.of('stage'), off as readonly EmbeddedProtection[]);
  let keepFolder = true;
  try {
    const hits = plan(choices.of('nemesis'), seconds * 1_000, stage.cast);
    const allReady = (): Promise<unknown> => Promise.all(stage.servers.map((server) => server.ready(READY_MS_MAX)));
    await allReady();

    const worlds = LEDGERS.map((ledger) => new World(ledger));
    const clients = await clientsOf(stage, worlds, choices);
    for (const [client] of clients) await client?.begin(READY_MS_MAX);
    const importer = new Importer(stage.folder, stage.nodes, await stage.key(), choices.of('importer'));
    await importer.begin();
    log('Everything runs and the ledgers are open.');

    const owners = storage === 'kafka' ? new OwnerWatch(stage.nodes) : undefined;
    const began = performance.now();
    const until = began + seconds * 1_000;
    const at = (line: string): void =>
      log(`${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${line}`);
    const goesOn = (): boolean => performance.now() < until;
    await Promise.all([
      haunt(hits, (hit) => stage.strike(hit), at),
      importer.run(goesOn),
      ...clients.flat().map((client) => client.run(goesOn)),
    ]);

    at('Everything is healed.');
    const violations: string[] = [];
    const must = async (what: Promise<unknown>): Promise<void> => {
      await what.catch((error: unknown) => violations.push(error instanceof Error ? error.message : String(error)));
    };
    await must(allReady());
    at('Everything is ready.');
    await Promise.all([importer, ...clients.flat()].map((client) => must(client.settle(READY_MS_MAX))));
    at('Every command has its answer.');
    await owners?.stop();
    const look = await stage.look();
    try {
      violations.push(...(await violationsOf(importer, look.reader)), ...(await violationsIn(look, worlds, must)));
    } finally {
      await look.close();
    }
    await Promise.all(stage.servers.map((server) => server.stop()));
    violations.push(...stage.faults());
    keepFolder = keep || violations.length > 0;
    if (keepFolder) await writeCalls(stage.folder, worlds);
    return reportOf({
      seed,
      seconds,
      hits,
      worlds,
      importer,
      owners,
      violations,
      ...(keepFolder && { folder: stage.folder }),
    });
  } catch (error) {
    log(`The logs are in ${stage.folder}.`);
    throw error;
  } finally {
    await stage.remove({ keepFolder });
  }
}

async function clientsOf(stage: Stage, worlds: readonly World[], choices: Choices): Promise<Client[][]> {
  return Promise.all(
    worlds.map(async (world) => {
      const clients: Client[] = [];
      for (let n = 1; n <= CLIENTS_EACH; n += 1) {
        const name = `${world.ledger}-${n}`;
        clients.push(new Client(name, world, await stage.key(), stage.nodes, choices.of(name)));
      }
      return clients;
    }),
  );
}

/** What clients asked and were told, in the order in which they were told. */
async function writeCalls(folder: string, worlds: readonly World[]): Promise<void> {
  const lines = worlds
    .flatMap(({ ledger, calls }) => calls.map((call) => ({ ledger, ...call })))
    .sort((a, b) => a.returned - b.returned)
    .map((call) => JSON.stringify(call));
  await writeFile(join(folder, 'calls.ndjson'), lines.join('\n'));
}

/** Imported once more, nothing is added. */
async function violationsOf(importer: Importer, reader: LogReader): Promise<string[]> {
  const log = await logOf(reader, IMPORTED);
  const found = [...importer.violations(log), ...(await importer.again())];
  const end = await reader.storage.end(IMPORTED);
  if (end !== log.length) found.push(`Imported once more, it has ${end} records instead of ${log.length}.`);
  return found.map((violation) => `${IMPORTED}: ${violation}`);
}

/** What the logs and the tables do not explain, in words. */
async function violationsIn(
  { reader, pool, foreign }: Look,
  worlds: readonly World[],
  must: (what: Promise<unknown>) => Promise<void>,
): Promise<string[]> {
  const violations: string[] = [];
  const ledgers = [IMPORTED, ...worlds.map(({ ledger }) => ledger)];
  for (const { ledger, calls } of worlds) {
    const found = [...check(await logOf(reader, ledger), calls), ...mistakes(calls)];
    violations.push(...found.map((violation) => `${ledger}: ${violation}`));
  }
  for (const [ledger, { count, first }] of foreign) {
    violations.push(
      `${ledger}: ${count} records count for nothing, although only we write there: ${JSON.stringify(first[0])}.`,
    );
  }
  await must(caughtUp(reader, pool, ledgers, READY_MS_MAX));
  violations.push(...(await differences(reader, pool, ledgers)));
  return violations;
}

/** What no client should ever be told. */
function mistakes(calls: readonly Call[]): string[] {
  return calls.flatMap(({ client, commandid, told }) =>
    told.kind === 'unknown' && told.why.startsWith('internal:')
      ? [`${client} was told ${told.why} of ${commandid}.`]
      : [],
  );
}

export async function logOf(reader: LogReader, ledger: string): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for (;;) {
    const page = await reader.read(ledger, records.length, READ_PAGE);
    if (page.length === 0) return records;
    for (const { record } of page) records.push(record);
  }
}
