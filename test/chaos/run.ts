/** `npm run test:chaos -- --seconds 60 --seed 7 --off fence,probe`: one run of chaos, with any seed unless told. `--keep` keeps the logs. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.js';
import type { Protection } from './cluster.js';

const SEED_MAX = 1_000_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(SEED_MAX)) },
    off: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});
const { passed, text } = await runChaos({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  off: values.off.split(',').filter((name) => name !== '') as Protection[],
  keep: values.keep,
  log: (line) => process.stdout.write(`${line}\n`),
});
process.stdout.write(`${text}\n`);
process.exit(passed ? 0 : 1);
