/** The command `npm start`: everything on this machine, in one process. `--empty` leaves the example out. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { readConfig, runProcess } from '#runtime';
import { completeFirstStart } from './first-start.js';
import { startStandalone } from './standalone.js';

await runProcess(
  'standalone',
  async ({ log }) => {
    const { values } = parseArgs({ options: { empty: { type: 'boolean', default: false } } });
    const config = readConfig();
    return { ...(await startStandalone(config, { log })), config, values };
  },
  async (running) => {
    const { url, config, values } = running;
    return welcome(url, config.dataDir, await completeFirstStart(running, config, values));
  },
);

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
