/** A run of chaos as a test, with any seed: CHAOS_SEED repeats one, CHAOS_SECONDS makes it longer. `npm run test:chaos` does the same. */
import { expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { runChaos, type ChaosOptions } from './chaos.js';

const SEED_MAX = 1_000_000;
/** Somebody who waits for their tests gets a glimpse of it. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? (process.env['CI'] ? 60 : 20));
const AROUND_SECONDS_MAX = 240;

export function testChaos(storage: ChaosOptions['storage']): void {
  test(
    'whatever befalls whom: what clients were told is what the log says, and the tables are what it makes',
    async () => {
      const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(SEED_MAX));
      const log = (line: string): void => void process.stderr.write(`${line}\n`);
      const { violations, text } = await runChaos({ storage, seed, seconds, log });
      log(text);
      expect(violations).toEqual([]);
    },
    (seconds + AROUND_SECONDS_MAX) * 1_000,
  );
}
