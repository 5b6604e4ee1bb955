/**
 * `npm run test:chaos -- --storage embedded --seconds 60 --seed 7 --off fence,probe`: one run of chaos, on Kafka and with any
 * seed unless told. `--keep` keeps the logs.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runChaos, type ChaosOptions } from './chaos.js';

const SEED_MAX = 1_000_000;

const { values } = parseArgs({
  options: {
    storage: { type: 'string', default: 'kafka' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(SEED_MAX)) },
    off: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});
if (values.storage !== 'kafka' && values.storage !== 'embedded') throw new Error('--storage is kafka or embedded.');
const { passed, text } = await runChaos({
  storage: values.storage,
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  off: values.off.split(',').filter((name) => name !== '') as ChaosOptions['off'] & {},
  keep: values.keep,
  log: (line) => process.stdout.write(`${line}\n`),
});
process.stdout.write(`${text}\n`);
process.exit(passed ? 0 : 1);
