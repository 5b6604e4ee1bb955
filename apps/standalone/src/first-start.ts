/** What a first start leaves behind so that a person can go on: a key to the ledger, and something in it to look at. */
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '#runtime';
import { loadExample, openLedger } from './example.js';
import type { Standalone } from './standalone.js';

const LEDGER = 'syria';

export interface FirstStart {
  /** The file that holds the first key. */
  keyFile: string;
  /** The key itself, when it was made just now. */
  newKey?: string;
}

/**
 * Makes the first key where there is none at all, and on an empty data folder opens the ledger `syria` with the example
 * (or, with `empty`, without). Interrupted, the next start ends what was begun.
 */
export async function completeFirstStart(
  { url, keys, ledgers }: Standalone,
  config: Config,
  { empty }: { empty: boolean },
): Promise<FirstStart> {
  const keyFile = join(config.dataDir, 'admin.key');
  const begun = join(config.dataDir, 'example.unfinished');
  const toFill = ledgers.length === 0 || existsSync(begun);
  let newKey: string | undefined;
  if (keys.keys().size === 0 || (toFill && keys.find(keyIn(keyFile)) === undefined)) {
    newKey = (await keys.add({ roles: ['admin'], ledgers: '*' })).text;
    // Written beside and moved: never seen half, whatever moment this process dies at.
    await writeFile(`${keyFile}.new`, `${newKey}\n`, { mode: 0o600, flush: true });
    await rename(`${keyFile}.new`, keyFile);
  }
  const firstStart = { keyFile, ...(newKey !== undefined && { newKey }) };
  if (!toFill) return firstStart;

  await writeFile(begun, 'The example is being recorded; the next start goes on with it.\n');
  const key = newKey ?? keyIn(keyFile);
  if (empty) await openLedger(url, key, LEDGER);
  else await loadExample(url, key, LEDGER);
  await rm(begun);
  return firstStart;
}

function keyIn(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
