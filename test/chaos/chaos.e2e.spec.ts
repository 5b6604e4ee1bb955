/** A run of chaos with any seed: CHAOS_SEED repeats one, CHAOS_SECONDS makes it longer. `npm run test:chaos` does the same. */
import { expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { describeWithTemporaryKafka } from '#testing';
import { runChaos } from './chaos.js';

const SEED_MAX = 1_000_000;
/** Somebody who waits for their tests gets a glimpse of it. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? (process.env['CI'] ? 60 : 20));
const AROUND_SECONDS_MAX = 240;

describeWithTemporaryKafka('chaos', () => {
  test(
    'whatever befalls whom: what clients were told is what the log says, and the tables are what it makes',
    async () => {
      const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(SEED_MAX));
      const { violations, text } = await runChaos({ seed, seconds, log: (line) => process.stderr.write(`${line}\n`) });
      process.stderr.write(`${text}\n`);
      expect(violations).toEqual([]);
    },
    (seconds + AROUND_SECONDS_MAX) * 1_000,
  );
});
