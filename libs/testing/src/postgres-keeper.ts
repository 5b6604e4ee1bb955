/**
 * Keeps a test's PostgreSQL from outliving the test: a process of its own, whose standard input the test holds. When that
 * closes, because the test is done or because it was killed, it stops the server of the folder and removes the folder.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { stopPostgres } from '#embedded';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder to keep.');
process.stdin.resume();
await once(process.stdin, 'end');
try {
  await stopPostgres(folder);
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
