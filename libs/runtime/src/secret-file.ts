/** Files with secrets: read by their owner only, and never seen half written, whatever moment a process dies at. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { statSync, type BigIntStats } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const MODE = 0o600;

/** The file's state or undefined where there is none. @throws Error if others than its owner may touch it */
export function statSecret(path: string): BigIntStats | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  // Windows has no such bits.
  if (stats !== undefined && process.platform !== 'win32' && (stats.mode & 0o077n) !== 0n) {
    throw new Error(`Others may read or change ${path}, which holds secrets: chmod 600 it.`);
  }
  return stats;
}

/** Makes the file unless it exists. Of two who try at once, one makes it whole and the other leaves it. */
export async function makeSecret(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const whole = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  await write(whole, text);
  try {
    await link(whole, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(whole);
  }
  await syncFolder(path);
}

/**
 * Replaces the file's text by what `change` makes of the present. The new file is at the same time the lock: nobody
 * else's change can fall between.
 */
export async function changeSecret<T>(path: string, change: () => { text: string; result: T }): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.new`;
  const file = await openAlone(next);
  try {
    const { text, result } = change();
    await file.writeFile(text, 'utf8');
    await file.sync();
    await file.close();
    await rename(next, path);
    await syncFolder(path);
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(next).catch(() => undefined);
    throw error;
  }
}

/** A change takes moments. A file that is older was left by a process that died over it. */
const CHANGE_MS_MAX = 3_000;

/** Makes the file when nobody else has it. */
async function openAlone(path: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, 'wx', MODE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > CHANGE_MS_MAX) await unlink(path).catch(() => undefined);
    else await pause(50);
  }
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', MODE);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is durable once its folder is. Windows cannot, and need not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
