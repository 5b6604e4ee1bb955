/**
 * CHAOS: everything that may befall recorders, projectors, Kafka and PostgreSQL, at moments and in an order that a seed
 * decides, while clients write. Afterwards everything is healed, and what clients were told must be explained by the logs,
 * and the read models be what the logs make from nothing. (What the operating system makes of the same seed differs from
 * run to run: the same is done and sent, at nearly the same times.)
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { LedgerRecord } from '#domain';
import type { LogReader } from '#ledger';
import { check } from './checker.js';
import { Choices } from './choices.js';
import { Client, World } from './clients.js';
import type { Call } from './history.js';
import { Cluster, type Protection, type Server } from './cluster.js';
import { haunt, plan } from './nemesis.js';
import { caughtUp, differences } from './rebuild.js';
import { OwnerWatch, reportOf, type Report } from './report.js';

export interface ChaosOptions {
  seed: number;
  seconds: number;
  /** Protections that all processes do without. */
  off?: readonly Protection[];
  /** The folder with the logs stays even if all is well. */
  keep?: boolean;
  log: (line: string) => void;
}

const LEDGERS = ['syria', 'red-sea', 'iraq'];
const CLIENTS_EACH = 5;
const RECORDERS = 3;
const PROJECTORS = 2;
const READY_MS_MAX = 60_000;
const READ_PAGE = 500;

export async function runChaos({ seed, seconds, off = [], keep = false, log }: ChaosOptions): Promise<Report> {
  log(`Seed ${seed}, ${seconds} s${off.length === 0 ? '' : `, without ${off.join()}`}.`);
  const choices = new Choices(seed);
  const hits = plan(choices.of('nemesis'), seconds * 1_000, { recorders: RECORDERS, projectors: PROJECTORS });
  const cluster = await Cluster.start();
  let keepFolder = true;
  try {
    for (let n = 1; n <= RECORDERS; n += 1) await cluster.recorder(`recorder-${n}`, { off });
    for (let n = 1; n <= PROJECTORS; n += 1) await cluster.projector(`projector-${n}`, { off });
    await Promise.all(cluster.servers.map((server) => server.ready(READY_MS_MAX)));

    const worlds = LEDGERS.map((ledger) => new World(ledger));
    const clients = await clientsOf(cluster, worlds, choices);
    for (const [client] of clients) await client?.begin(READY_MS_MAX);
    log('Everything runs and the ledgers are open.');

    const owners = new OwnerWatch(cluster.recorders);
    const began = performance.now();
    const until = began + seconds * 1_000;
    const at = (line: string): void =>
      log(`${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${line}`);
    await Promise.all([haunt(cluster, hits, at), ...clients.flat().map((client) => client.run(until))]);

    at('Everything is healed.');
    const violations: string[] = [];
    const must = async (what: Promise<unknown>): Promise<void> => {
      await what.catch((error: unknown) => violations.push(error instanceof Error ? error.message : String(error)));
    };
    await Promise.all(cluster.servers.map((server) => must(server.ready(READY_MS_MAX))));
    at('Everything is ready.');
    await Promise.all(clients.flat().map((client) => must(client.settle(READY_MS_MAX))));
    at('Every command has its answer.');
    await owners.stop();
    violations.push(...(await violationsIn(cluster, worlds, must)));
    await Promise.all(cluster.servers.map((server) => server.stop()));
    violations.push(...cluster.servers.flatMap(({ faults }: Server) => faults));
    keepFolder = keep || violations.length > 0;
    if (keepFolder) await writeCalls(cluster.folder, worlds);
    return reportOf({ seed, seconds, hits, worlds, owners, violations, ...(keepFolder && { folder: cluster.folder }) });
  } catch (error) {
    log(`The logs are in ${cluster.folder}.`);
    throw error;
  } finally {
    await cluster.remove({ keepFolder });
  }
}

async function clientsOf(cluster: Cluster, worlds: readonly World[], choices: Choices): Promise<Client[][]> {
  return Promise.all(
    worlds.map(async (world) => {
      const clients: Client[] = [];
      for (let n = 1; n <= CLIENTS_EACH; n += 1) {
        const name = `${world.ledger}-${n}`;
        clients.push(new Client(name, world, await cluster.key(), cluster.recorders, choices.of(name)));
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

/** What the logs and the tables do not explain, in words. */
async function violationsIn(
  cluster: Cluster,
  worlds: readonly World[],
  must: (what: Promise<unknown>) => Promise<void>,
): Promise<string[]> {
  const violations: string[] = [];
  const { reader, storage } = cluster.reader();
  const pool = new Pool({ connectionString: cluster.postgres.connectionString, max: 2 });
  const ledgers = worlds.map(({ ledger }) => ledger);
  try {
    for (const { ledger, calls } of worlds) {
      const found = [...check(await logOf(reader, ledger), calls), ...mistakes(calls)];
      violations.push(...found.map((violation) => `${ledger}: ${violation}`));
    }
    for (const [ledger, { count, first }] of storage.quarantine()) {
      violations.push(
        `${ledger}: ${count} records count for nothing, although only we write there: ${JSON.stringify(first[0])}.`,
      );
    }
    await must(caughtUp(reader, pool, ledgers, READY_MS_MAX));
    violations.push(...(await differences(reader, pool, ledgers)));
  } finally {
    await pool.end();
    await storage.close();
  }
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
