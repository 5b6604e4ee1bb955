/**
 * Tells who asked that something was appended: by PostgreSQL's notifications, and by looking once a second, since a
 * notification is lost with the connection that should have brought it and nobody may wait for ever because of that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { Connection } from './connection.js';
import type { ConnectionSettings } from './connection.js';

/** The payload is `<ledger> <last sequence>`. */
export const APPENDED_CHANNEL = 'ledger_appended';

const LOOK_MS = 1_000;

export class AppendWatch {
  readonly #subscribers = new Set<{ notify: (ledger: string) => void }>();
  readonly #connection: Connection;
  /** The last sequence that subscribers were told of. */
  readonly #known = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #closed = new AbortController();
  #looking: Promise<void> | undefined;

  constructor(settings: ConnectionSettings) {
    this.#connection = new Connection(settings, (client) => this.#listen(client));
  }

  /** The first subscriber starts the watch, which lasts until `close`. */
  subscribe(notify: (ledger: string) => void): () => void {
    const subscriber = { notify };
    this.#subscribers.add(subscriber);
    this.#looking ??= this.#look();
    return () => this.#subscribers.delete(subscriber);
  }

  async close(): Promise<void> {
    this.#subscribers.clear();
    this.#closed.abort();
    await this.#connection.close();
    await this.#looking;
  }

  async #listen(client: Client): Promise<void> {
    client.on('notification', ({ payload = '' }) => {
      const [ledger = '', last] = payload.split(' ');
      this.#seen(ledger, Number(last));
    });
    await client.query(`LISTEN ${APPENDED_CHANNEL}`);
  }

  async #look(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        const rows = await this.#connection.query<{ ledger: string; last: string }>({
          name: 'ends',
          text: `SELECT l.ledger, (SELECT coalesce(max(r.sequence), 0) FROM ledger_log.records r WHERE r.ledger = l.ledger) AS last
                 FROM ledger_log.ledgers l`,
        });
        for (const { ledger, last } of rows) this.#seen(ledger, Number(last));
      } catch {
        // The server is away: whoever reads will be told so, and the next look connects anew.
      }
      await sleep(LOOK_MS, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
  }

  #seen(ledger: string, last: number): void {
    if (last <= (this.#known.get(ledger) ?? 0)) return;
    this.#known.set(ledger, last);
    if (this.#changed.size === 0) setImmediate(() => this.#tell());
    this.#changed.add(ledger);
  }

  #tell(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const ledger of changed) {
      for (const { notify } of this.#subscribers) notify(ledger);
    }
  }
}
