/** `npm start` as it ships, but for protections that it does without (`--off=probe,durable`). */
import { parseArgs } from 'node:util';
import { readConfig, runProcess } from '#runtime';
import { completeFirstStart } from '../../apps/standalone/src/first-start.js';
import { startStandalone } from '../../apps/standalone/src/standalone.js';

const { values } = parseArgs({
  options: { off: { type: 'string', default: '' }, empty: { type: 'boolean', default: false } },
});
const protections = Object.fromEntries(values.off.split(',').map((name) => [name, false]));
const config = readConfig();
await runProcess(
  'standalone',
  ({ log }) => startStandalone(config, { log, protections }),
  async (running) => {
    await completeFirstStart(running, config, values);
    return `Incident Ledger: ${running.url}\n`;
  },
);
