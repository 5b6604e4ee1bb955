/** ROUNDS: a stretch of each subject in turn, so that a slow moment of the machine meets all of them. */
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Figures } from './figures.js';
import { installAlternatives } from './processes.js';

/** Measures one subject for so many seconds. */
export type Stretch = (figures: Figures, seconds: number) => Promise<void>;

export interface Length {
  rounds: number;
  seconds: number;
}

/** Node compiles what is hot while it runs: figures of the first seconds are those of another program. */
const WARM_UP_TURNS = 2;

/** `tell` names the figures to be shown after each round. */
export async function measureInRounds(
  stretches: readonly Stretch[],
  { rounds, seconds }: Length,
  tell: readonly string[],
): Promise<Figures> {
  const log = (text: string): void => void process.stderr.write(`${text}\n`);
  log('Warming up.');
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    for (const stretch of stretches) await stretch(new Figures(), seconds);
  }
  const figures = new Figures();
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one: what comes first is not always the same.
    for (let index = 0; index < stretches.length; index += 1) {
      await stretches[(round + index) % stretches.length]?.(figures, seconds);
    }
    const said = tell.map((name) => `${name} ${figures.of(name).at(-1)?.toFixed(2)}`);
    log(`Round ${round + 1} of ${rounds}: ${said.join(', ')}`);
  }
  return figures;
}

export function conditions({ rounds, seconds }: Length, ...more: readonly string[]): string {
  return `${machine(...more)}; ${rounds} rounds of ${seconds} s each.`;
}

/** When and on what, as far as a reader needs to know it: no names, no paths. */
export function machine(...more: readonly string[]): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 10);
  return `${[date, `Node ${process.versions.node}`, ...more, `${process.platform} ${process.arch}`].join(', ')},
${availableParallelism()} cores of ${cpu?.model ?? 'an unknown model'}, ${memory} GiB`;
}

/** The command line of a measurement: `--rounds` and `--seconds`; what it says goes to standard output. */
export async function runMeasurement(measure: (folder: string, length: Length) => Promise<string>): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' } },
  });
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!Number.isInteger(rounds) || rounds < 1 || !(seconds >= 1 && seconds <= 60)) {
    throw new Error('Give --rounds as a whole number from 1, and --seconds from 1 to 60.');
  }
  installAlternatives();
  const folder = await mkdtemp(join(tmpdir(), 'incident-ledger-bench-'));
  try {
    // PostgreSQL, which does not run as root, must come through; every secret in it has a mode of its own.
    await chmod(folder, 0o755);
    process.stdout.write(await measure(folder, { rounds, seconds }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
