/** The command `npm start`: everything on this machine, in one process. `--empty` leaves the example out. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { readConfig } from '#runtime';
import { completeFirstStart } from './first-start.js';
import { startStandalone, type Standalone } from './standalone.js';

/** Answering who waits takes moments; a database that does not end must not keep us for ever. */
const STOP_MS_MAX = 60_000;

function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}

function fail(error: unknown): never {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { empty: { type: 'boolean', default: false } } });
  const config = readConfig();

  let running: Standalone | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (exitCode: number): void => {
    if (stopping !== undefined) return;
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    stopping = starting.then(() => running?.stop()).then(() => process.exit(exitCode));
  };
  const starting = startStandalone(config, {
    log,
    onDatabaseLost: () => {
      log('The database is gone, so nothing can be answered: start again; nothing that was acknowledged is lost.');
      stop(1);
    },
  }).then((standalone) => {
    running = standalone;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second one is impatience: what was acknowledged is durable, and the next start cleans up.
      if (stopping !== undefined) process.exit(1);
      log('Stopping: whoever waits is answered first.');
      stop(0);
    });
  }

  await starting;
  if (running === undefined || stopping !== undefined) return;
  const first = await completeFirstStart(running, config, values);
  process.stdout.write(welcome(running.url, config.dataDir, first));
}

function welcome(url: string, dataDir: string, { keyFile, newKey }: { keyFile: string; newKey?: string }): string {
  const shown = newKey !== undefined && process.stdout.isTTY ? `\n            ${newKey}   (shown this once)` : '';
  return `
Incident Ledger is running.

  Address   ${url}
  Try it    ${url}/docs/reader   and   ${url}/docs/recorder
  Look      ${url}/v1/ledgers/syria/tallies?side=target&of.party=us
  Data      ${dataDir}   (log and read models in ${join(dataDir, 'postgres')})
  Key       ${keyFile}   (for writing: Authorization: Bearer <key>)${shown}
  Stop      Ctrl-C

`;
}

await main().catch(fail);
