/**
 * REBUILD: the read models once more from the first record, in a generation of their own beside the live one, compared
 * with it, and put in its place. The copying is the projector's own, which goes on until it stands at the end of the log:
 * there is no second way in which tables come about. Whenever it ends, the live tables are whole.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { LogReader } from '#ledger';
import { compare, Successor, type Comparison, type Difference, type ReadModels } from '#read-models';
import { count, Progress } from '#runtime';
import { Projector, type ProjectionHealth } from './projector.js';

export interface RebuildOptions {
  /** Only compares; the new tables are dropped. */
  check?: boolean;
  /** Switches although they differ. */
  switchAnyway?: boolean;
  /** How long requests may go on reading the tables that were live, before these are dropped. */
  graceMs: number;
  progress: Progress;
  signal: AbortSignal;
}

export interface Rebuilt {
  isSame: boolean;
  switched: boolean;
}

const LOOK_MS = 250;
/** Of more ledgers only the number is said. */
const LEDGERS_NAMED_MAX = 5;

/** @throws Error if it cannot be done; then the live tables are as they were */
export async function rebuild(reader: LogReader, pool: Pool, options: RebuildOptions): Promise<Rebuilt> {
  const { progress, graceMs } = options;
  const tell = (line: string): void => progress.tell(line);
  // A log that cannot be reached now is a reason to come again, and not to wait.
  await reader.storage.ledgers();
  const successor = await Successor.begin(pool, graceMs, options.signal);
  const signal = AbortSignal.any([options.signal, successor.lost]);
  const { predecessor, models } = successor;
  const projector = new Projector(reader, async () => models, { log: tell });
  let toDrop: ReadModels | undefined = models;
  try {
    tell(`Making ${models.schema} from the log, beside ${predecessor.schema}, which is live.`);
    projector.start();
    const catchUp = (): Promise<Beyond[]> => caughtUp(reader, projector, predecessor, progress, signal);
    const beyond = await catchUp();
    const comparison = await compare(pool, predecessor.schema, models.schema, {
      tell: (table) => progress.doing(`Comparing ${table}.`),
      signal,
    });
    for (const line of report(comparison, beyond)) tell(line);
    const isSame = comparison.differences.length === 0 && beyond.length === 0;
    if (options.check === true || (!isSame && options.switchAnyway !== true)) {
      tell(`${predecessor.schema} stays live, and ${models.schema} is dropped.`);
      return { isSame, switched: false };
    }

    const exempt = beyond.map(({ ledger }) => ledger);
    while (!(await successor.takeOver(exempt))) await catchUp();
    toDrop = undefined;
    tell(`${models.schema} is live.`);
    await projector.stop();
    if (graceMs > 0) tell(`${predecessor.schema} is dropped in ${graceMs / 1_000} s, when nobody reads it any more.`);
    const isOver = await pause(graceMs, true, { signal }).catch(() => false);
    if (isOver) toDrop = predecessor;
    else tell(`${predecessor.schema} is left to the next rebuild, which drops it.`);
    return { isSame, switched: true };
  } finally {
    await projector.stop();
    await successor.end(toDrop).catch(({ message }: Error) => {
      tell(`${toDrop?.schema} could not be dropped now, and the next rebuild does it: ${message}`);
    });
  }
}

/** A ledger of which the live tables hold what the log does not. */
interface Beyond {
  ledger: string;
  sequence: number;
  end: number;
}

/** Waits until everything is copied that was in the log when it was last asked. @throws Error if a ledger cannot be */
async function caughtUp(
  reader: LogReader,
  projector: Projector,
  live: ReadModels,
  progress: Progress,
  signal: AbortSignal,
): Promise<Beyond[]> {
  for (;;) {
    signal.throwIfAborted();
    // Asked before the log is: what it then does not have, it never gave to them.
    const checkpoints = await live.checkpoints();
    const ledgers = await reader.storage.ledgers().catch(() => undefined);
    const copies = new Map((await projector.health()).map((copy) => [copy.ledger, copy]));
    for (const { ledger, sequence, stopped } of copies.values()) {
      if (stopped === undefined) continue;
      throw new Error(
        `The ledger ${ledger} can be copied up to ${sequence} only, so nothing was exchanged: ${stopped}`,
      );
    }
    const done = [...copies.values()].reduce((sum, { sequence }) => sum + sequence, 0);
    const behind = [...copies.values()].reduce((sum, copy) => sum + (copy.behind ?? 0), 0);
    const isWhole = (copy: ProjectionHealth | undefined): boolean => copy?.behind === 0 && !copy.recomputing;
    const isDone = ledgers?.every((ledger) => isWhole(copies.get(ledger))) ?? false;
    if (isDone || behind > 0) progress.copied(done, done + behind);
    if (isDone) {
      return [...checkpoints]
        .map(([ledger, sequence]) => ({ ledger, sequence, end: copies.get(ledger)?.sequence ?? 0 }))
        .filter(({ sequence, end }) => sequence > end);
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

function report({ at, hashes: [live, rebuilt], differences }: Comparison, beyond: readonly Beyond[]): string[] {
  const records = [...at.values()].reduce((sum, sequence) => sum + sequence, 0);
  const ledgers =
    at.size <= LEDGERS_NAMED_MAX
      ? [...at].map(([ledger, sequence]) => `${ledger} up to ${count(sequence)}`).join(', ')
      : `${at.size} ledgers with ${count(records)} records`;
  return [
    `Compared: ${at.size === 0 ? 'nothing, for there are no ledgers' : ledgers}.`,
    `Canonical hash of the live tables:    ${live}`,
    `Canonical hash of the rebuilt tables: ${rebuilt}`,
    ...beyond.map(
      ({ ledger, sequence, end }) =>
        `${ledger}: the live tables hold ${count(sequence)} records, the log ${count(end)}: they were made from another log.`,
    ),
    ...differences.map(inWords),
    differences.length + beyond.length === 0 ? 'They are the same.' : 'They differ.',
  ];
}

function inWords({ table, onlyInOne, onlyInOther, changed, first }: Difference): string {
  const counts = [
    [changed, 'with other values'],
    [onlyInOne, 'in the live tables only'],
    [onlyInOther, 'missing in the live tables'],
  ] as const;
  const rows = counts.flatMap(([n, what]) => (n === 0 ? [] : [`${count(n)} ${what}`])).join(', ');
  const named = first.map(({ key, in: where, columns }) => {
    const how = { one: 'live only', other: 'missing', both: `in ${columns.join(', ')}` }[where];
    return `${key} (${how})`;
  });
  return `${table}: rows ${rows}. First ${named.join('; ')}.`;
}
