/**
 * One process at a time uses a log on embedded storage. A session lock in PostgreSQL decides which: it lives exactly as
 * long as the holder's connection, whereas a pid file or a living postmaster may outlive a killed process, and a process
 * that is stopped (SIGSTOP) still holds it. It is the embedded counterpart of a group membership: `held` answers, from
 * news younger than the call, whether this process may still take terms.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { clientConfig, INSTANCE_LOCK, Sockets } from './connection.js';

export interface InstanceLock {
  /** Asks the server; false also where it does not answer. */
  held(): Promise<boolean>;
  /** Calls back once if the lock's connection is lost, at once if it is lost already; not after `release`. */
  onLost(callback: () => void): void;
  release(): Promise<void>;
}

/** Another process uses this log: the message says which. */
export class AlreadyRunning extends Error {
  constructor(holder: string | undefined) {
    super(
      `Another process${holder === undefined ? '' : ` (${holder})`} uses this data already. ` +
        'Stop it first, or start this one with another data folder.',
    );
    this.name = 'AlreadyRunning';
  }
}

/** A killed process' connection is noticed by the server within moments. */
const WAIT_MS_MAX = 3_000;
const ANSWER_MS_MAX = 5_000;

const HOLDER = `
  SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'advisory' AND granted AND datname = current_database()
    AND classid = $1::int::oid AND objid = $2::int::oid AND objsubid = 2`;

/** @throws AlreadyRunning */
export async function takeInstanceLock(connectionString: string): Promise<InstanceLock> {
  const sockets = new Sockets();
  const client = new Client(
    clientConfig({
      connectionString,
      name: `instance, pid ${process.pid}`,
      sockets,
      lockMsMax: ANSWER_MS_MAX,
      statementMsMax: ANSWER_MS_MAX,
      answerMsMax: ANSWER_MS_MAX,
    }),
  );
  let lost = false;
  let released = false;
  let asked = Promise.resolve(true);
  const callbacks = new Set<() => void>();
  const lose = () => {
    if (lost || released) return;
    lost = true;
    for (const callback of callbacks) callback();
  };
  client.on('error', lose);
  client.on('end', lose);

  const release = async () => {
    released = true;
    // The session's end releases the lock.
    void client.end();
    await sockets.close();
  };

  try {
    await client.connect();
    await acquire(client);
  } catch (error) {
    await release();
    throw error;
  }

  return {
    held() {
      asked = asked.then(async () => !lost && !released && (await isHeld(client)));
      return asked;
    },
    onLost(callback) {
      if (lost) callback();
      else callbacks.add(callback);
    },
    release,
  };
}

async function acquire(client: Client): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS locked', [
      ...INSTANCE_LOCK,
    ]);
    if (rows[0]?.locked === true) return;
    if (Date.now() > deadline) throw new AlreadyRunning(await nameOfHolder(client));
    await sleep(100);
  }
}

async function isHeld(client: Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT EXISTS (${HOLDER} AND pid = pg_backend_pid()) AS held`,
      [...INSTANCE_LOCK],
    );
    return rows[0]?.held === true;
  } catch {
    return false;
  }
}

async function nameOfHolder(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(HOLDER, [...INSTANCE_LOCK]);
  return rows[0]?.name;
}
