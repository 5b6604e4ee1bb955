/**
 * The command `npm run import`: reads a file of UCDP GED or of Central Command's strike lines, and records it through the
 * recorder's batch door. Ends with 0 if every row is in, 1 if some are rejected, 2 if it could not be done.
 */
import { join, resolve } from 'node:path';
import { BatchDoor, Undoable } from './batch-door.js';
import { centcomDataSet } from './centcom.js';
import type { DataSet } from './dataset.js';
import { gedDataSet } from './ged.js';
import { importRows, type Tally } from './importing.js';
import { Journal } from './journal.js';
import { readOptions, releaseIn, WrongUsage, yearOfRelease, type Options } from './options.js';
import { count, Progress } from '#runtime/progress';
import { Rejects } from './rejects.js';
import { UnreadableFile } from './rows.js';
import { SourceFile } from './source.js';

async function main(progress: Progress, signal: AbortSignal): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  const source = await SourceFile.open(options.file);
  const { table, head } = await source.table();
  const dataSet = dataSetOf(options, source, head);
  const journalName = [options.ledger, options.format === 'ged' ? 'ged' : `centcom-${dataSet.release.name}`].join('.');
  const journal = await Journal.open(join(options.journal, `${journalName}.journal`));
  const release = journal.release(dataSet.release);
  const rejectsPath = options.rejects ?? join(options.journal, `${journalName}.${release.name}.rejects.ndjson`);
  if (resolve(rejectsPath) === resolve(source.path))
    throw new WrongUsage('--rejects must not name the file that is imported.');
  const rejects = new Rejects(rejectsPath, source.path, table.unit);
  progress.tell(`${source.name}: ${options.format}, ${release.name}, into the ledger ${options.ledger}.`);
  try {
    const door = new BatchDoor({ ...options, tell: (line) => progress.tell(line), signal });
    const tally = await importRows({
      ...options,
      dataSet: { ...dataSet, release },
      table,
      journal,
      door,
      rejects,
      progress,
      share: () => source.share,
      signal,
    });
    for (const line of [...table.notes(), ...summaryOf(tally, options)]) progress.tell(line);
    return rejects.count === 0 ? 0 : 1;
  } finally {
    if (rejects.count > 0) progress.tell(`${count(rejects.count)} rows were not imported, and why: ${rejects.path}`);
    rejects.close();
    journal.close();
  }
}

function dataSetOf(options: Options, source: SourceFile, head: string): DataSet {
  if (options.format === 'centcom') return centcomDataSet(source.name);
  const name = options.release ?? releaseIn(source.name, head);
  if (name === undefined) throw new WrongUsage('Which release is it? Say so with --release, such as --release 23.1.');
  const published = options.published ?? yearOfRelease(name);
  if (published === undefined) {
    throw new WrongUsage(
      `When did the release ${name} come out? Say so with --published, such as --published 2023-06-12.`,
    );
  }
  return gedDataSet({ name, published }, options.published === undefined);
}

function summaryOf(tally: Tally, { ledger }: Options): string[] {
  const parts = [
    [tally.new, 'new'],
    [tally.revised, 'with other values than before'],
    [tally.same, 'as before'],
    [tally.older, 'of which a later release stands'],
    [tally.repeated, 'twice in the file'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${count(number)} ${what}`);
  return [
    `${count(tally.rows)} rows${told.length > 0 ? `: ${told.join(', ')}` : ''}.`,
    ...(tally.cards > 0 ? [`Of ${count(tally.cards)} incidents the card was corrected.`] : []),
    ...(tally.retracted > 0 ? [`${count(tally.retracted)} rows that this release has no more were retracted.`] : []),
    ...(tally.missing > 0
      ? [
          `${count(tally.missing)} rows of earlier releases are not in it: they stand. --retract-missing takes them back.`,
        ]
      : []),
    ...(tally.position > 0
      ? [`Recorded in ${ledger} up to position ${tally.position}: read with ?wait=${tally.position}.`]
      : []),
  ];
}

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stopping.abort(new Undoable('Stopped. The same command goes on where this one ended.')));
}
const progress = new Progress(process.stdout);
process.exitCode = await main(progress, stopping.signal).catch((error: unknown) => {
  const isKnown = [Undoable, UnreadableFile, WrongUsage].some((kind) => error instanceof kind);
  const reason: unknown = stopping.signal.aborted ? stopping.signal.reason : error;
  progress.erase();
  process.stderr.write(
    `${reason instanceof Error ? (isKnown || reason !== error ? reason.message : reason.stack) : String(reason)}\n`,
  );
  return 2;
});
