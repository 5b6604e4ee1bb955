/** PROCESSES under measurement: told something by a message, they answer with one, and end when they are disconnected. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

export const ALTERNATIVES = fileURLToPath(new URL('../../../bench/alternatives', import.meta.url));

/** What we compare with is installed apart from the ledger, by the first measurement. */
export function installAlternatives(): void {
  if (existsSync(join(ALTERNATIVES, 'node_modules'))) return;
  execFileSync('npm', ['ci', '--prefix', ALTERNATIVES, '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] });
}

/** Sends a message and returns the answer. */
export async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  child.send(message);
  return answer<T>(child);
}

/** The next message of a process. @throws Error when it ends instead */
export async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort(new Error(`A process that is measured ended: ${child.spawnargs.join(' ')}`));
  child.once('exit', onExit);
  try {
    const [message] = (await once(child, 'message', { signal: ended.signal })) as [T];
    return message;
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    child.off('exit', onExit);
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}

export async function createDatabase(server: string, name: string): Promise<string> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
