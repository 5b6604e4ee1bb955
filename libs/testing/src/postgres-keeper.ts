/**
 * Keeps a test's PostgreSQL from outliving the test: a process of its own, whose standard input the test holds. When that
 * closes, because the test is done or because it was killed, it stops the server in the folder and removes the folder.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { stopPostgres } from '#embedded';

const [folder, server] = process.argv.slice(2);
if (folder === undefined || server === undefined) throw new Error('Name the folder to keep and where its server is.');
process.stdin.resume();
await once(process.stdin, 'end');
try {
  await stopPostgres(server);
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
