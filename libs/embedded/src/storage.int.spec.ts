import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Fenced, RECORD_BYTES_MAX, Refused, type Term } from '#ledger';
import { freshDatabase, startTemporaryPostgres } from '#testing';
import { startPostgres } from './postmaster.js';
import { EmbeddedStorage } from './storage.js';

/** Between a storage and the server: loses what a network loses, at the moment the test says. */
class Wire {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      const upstream = createConnection(Number(target.port), target.hostname);
      const pair: [Socket, Socket] = [client, upstream];
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [upstream, client] as const]) {
        from.on('error', () => {});
        from.on('close', () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
        from.pipe(to);
      }
    });
  }

  static async to(database: string): Promise<{ wire: Wire; through: string }> {
    const through = new URL(database);
    const wire = new Wire(new URL(database));
    await new Promise<void>((done) => wire.#server.listen(0, '127.0.0.1', done));
    through.hostname = '127.0.0.1';
    through.port = String((wire.#server.address() as AddressInfo).port);
    return { wire, through: through.href };
  }

  /** Ends every connection. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Delivers nothing more on the connections that exist, without ending them. */
  freeze(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((done) => this.#server.close(done));
  }
}

describe('the log on PostgreSQL', () => {
  let database: string;
  let sql: Client;
  let ledger: string;
  const closing: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    database = await freshDatabase();
    ledger = `l-${randomUUID()}`;
    sql = new Client({ connectionString: database });
    await sql.connect();
    closing.push(() => sql.end());
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const open = async (connectionString = database): Promise<EmbeddedStorage> => {
    const storage = await EmbeddedStorage.open(connectionString);
    closing.push(() => storage.close());
    return storage;
  };
  const openThroughWire = async (): Promise<{ storage: EmbeddedStorage; wire: Wire }> => {
    const { wire, through } = await Wire.to(database);
    closing.push(() => wire.close());
    return { wire, storage: await open(through) };
  };
  const begin = async (storage: EmbeddedStorage): Promise<Term> => {
    await storage.create(ledger, []);
    return storage.takeTerm(ledger);
  };
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const texts = async (storage: EmbeddedStorage): Promise<string[]> =>
    (await storage.read(ledger, 0, 100_000)).map((record) => Buffer.from(record.bytes).toString());
  const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + 20_000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await sleep(5);
    }
  };
  const waitsForLock = (name: string) => async (): Promise<boolean> => {
    const { rowCount } = await sql.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'`,
      [`incident-ledger ${name}`],
    );
    return rowCount !== 0;
  };
  const terminate = (name: string) =>
    sql.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = $1`,
      [`incident-ledger ${name}`],
    );

  /** From now on every append hangs inside its COMMIT until the test lets it go. */
  const holdCommits = async (): Promise<() => Promise<unknown>> => {
    await sql.query(`
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON ledger_log.records
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
      SELECT pg_advisory_lock(77)`);
    return () => sql.query('SELECT pg_advisory_unlock(77)');
  };

  describe('fencing', () => {
    test('A3: a commit whose reply is lost and that lands late: the next term waits for it, and sees it', async () => {
      const { storage: zombie, wire } = await openThroughWire();
      const owner = await open();
      const term = await begin(zombie);
      const letCommit = await holdCommits();

      const append = term.append(1, [bytes('late')], []).catch((error: unknown) => error);
      await until('the append hangs in its commit', waitsForLock('append'));
      wire.cut();
      const failure = await append;
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(Fenced);
      expect(failure).not.toBeInstanceOf(Refused);
      // Reading first, without a new term, is how an accepted command would be reported as lost.
      expect(await texts(owner)).toEqual([]);

      const taking = owner.takeTerm(ledger);
      await until('the new term waits for the append', waitsForLock('read'));
      await letCommit();
      const next = await taking;
      expect(await texts(owner)).toEqual(['late']);

      await expect(term.append(2, [bytes('zombie')], [])).rejects.toThrow(Fenced);
      await expect(term.prove()).rejects.toThrow(Fenced);
      await next.append(2, [bytes('owner')], []);
      expect(await texts(owner)).toEqual(['late', 'owner']);
    });

    test('A3: a zombie whose statement arrives while the next term is being taken writes nothing', async () => {
      const [zombie, owner] = [await open(), await open()];
      const term = await begin(zombie);
      // A third party keeps the row while both queue for it: first the new term, then the zombie.
      const third = new Client({ connectionString: database });
      await third.connect();
      closing.push(() => third.end());
      await third.query('BEGIN');
      await third.query('SELECT FROM ledger_log.ledgers WHERE ledger = $1 FOR UPDATE', [ledger]);
      const taking = owner.takeTerm(ledger);
      await until('the new term waits', waitsForLock('read'));
      const append = term.append(1, [bytes('zombie')], [{ keyid: 'zombie', wrapped: bytes('k') }]).then(
        () => 'written',
        (error: unknown) => error,
      );
      await until('the zombie waits', waitsForLock('append'));
      await third.query('COMMIT');

      await taking;
      // Whoever of the two got the row first, the log and the answer agree.
      const written = (await append) === 'written';
      if (!written) expect(await append).toBeInstanceOf(Fenced);
      expect(await texts(owner)).toEqual(written ? ['zombie'] : []);
      expect(await owner.keys(ledger, ['zombie'])).toHaveLength(written ? 1 : 0);
      await expect(term.append(2, [bytes('again')], [])).rejects.toThrow(Fenced);
    });

    test('appends one after another without a pause do not keep the next term out', async () => {
      const [busy, owner] = [await open(), await open()];
      const term = await begin(busy);
      let written = 0;
      const busily = (async () => {
        for (;;) {
          await term.append(written + 1, [bytes('x')], []);
          written += 1;
        }
      })();
      const end = busily.catch((error: unknown) => error);
      await until('it is under way', async () => written > 10);
      await owner.takeTerm(ledger);
      expect(await end).toBeInstanceOf(Fenced);
      expect(await owner.end(ledger)).toBe(written);
    });

    test('many owners that push each other away leave a log of exactly what was acknowledged', async () => {
      const storages = await Promise.all([open(), open(), open()]);
      await storages[0]?.create(ledger, []);
      const acknowledged: string[] = [];
      await Promise.all(
        storages.map(async (storage, owner) => {
          for (let round = 0; round < 15; round += 1) {
            const term = await storage.takeTerm(ledger);
            const first = (await storage.end(ledger)) + 1;
            for (const offset of [0, 1, 2]) {
              const text = `${owner}.${round}.${offset}`;
              const failure = await term.append(first + offset, [bytes(text)], []).then(
                () => undefined,
                (error: unknown) => error,
              );
              if (failure === undefined) acknowledged.push(text);
              else expect(failure).toBeInstanceOf(Fenced);
            }
          }
        }),
      );
      const log = await texts(storages[0] ?? (await open()));
      expect(log.length).toBeGreaterThan(0);
      expect([...log].sort()).toEqual(acknowledged.sort());
    });
  });

  describe('an append', () => {
    test('that would leave a gap or overlap writes nothing, also when several are sent at once', async () => {
      const storage = await open();
      const term = await begin(storage);
      const results = await Promise.allSettled([
        term.append(1, [bytes('a'), bytes('b')], []),
        term.append(1, [bytes('again')], []),
        term.append(2, [bytes('over')], []),
        term.append(4, [bytes('gap')], []),
        term.append(3, [bytes('c')], []),
      ]);
      expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, false, false, true]);
      expect(await texts(storage)).toEqual(['a', 'b', 'c']);
    });

    test('brings its keys and records together or not at all', async () => {
      const storage = await open();
      const term = await begin(storage);
      const key = { keyid: 'k', wrapped: Buffer.from([0, 255, 7]) };
      await term.append(1, [bytes('one')], [key]);
      await expect(term.append(2, [bytes('two')], [{ keyid: 'new', wrapped: bytes('n') }, key])).rejects.toThrow(
        Refused,
      );
      expect(await texts(storage)).toEqual(['one']);
      expect(await storage.keys(ledger, ['k', 'new'])).toEqual([key]);
    });

    test('A14: of a record that is too large is refused for good, whoever counts', async () => {
      const storage = await open();
      const term = await begin(storage);
      await expect(term.append(1, [Buffer.alloc(RECORD_BYTES_MAX + 1)], [])).rejects.toThrow(Refused);
      await expect(
        sql.query(`INSERT INTO ledger_log.records VALUES ($1, 1, $2)`, [ledger, Buffer.alloc(RECORD_BYTES_MAX + 1)]),
      ).rejects.toThrow(/check constraint/);
      await term.append(1, [Buffer.alloc(RECORD_BYTES_MAX)], []);
      expect(await storage.end(ledger)).toBe(1);
    });

    test('keeps thousands of records of any bytes', async () => {
      const storage = await open();
      const term = await begin(storage);
      const records = [...Array(4_000).keys()].map((n) => Buffer.alloc(n % 1_400, n % 256));
      await term.append(1, records, []);
      const read = await storage.read(ledger, 0, 10_000);
      expect(Buffer.concat(read.map((record) => record.bytes)).equals(Buffer.concat(records))).toBe(true);
      expect(read.map((record) => record.bytes.length)).toEqual(records.map(({ length }) => length));
    });

    test('that hangs ends in doubt, and the next one has a connection that works', async () => {
      const { storage, wire } = await openThroughWire();
      const term = await begin(storage);
      await term.append(1, [bytes('one')], []);
      // So that only the append's connection hangs.
      await terminate('read');
      wire.freeze();
      const failure = await term.append(2, [bytes('two')], []).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(Fenced);
      expect(failure).not.toBeInstanceOf(Refused);
      const next = await storage.takeTerm(ledger);
      const end = await storage.end(ledger);
      await next.append(end + 1, [bytes('three')], []);
      expect((await texts(storage)).at(-1)).toBe('three');
    });

    test('works again after the server ended its connections, idle or busy', async () => {
      const storage = await open();
      const term = await begin(storage);
      await term.append(1, [bytes('one')], []);
      const letCommit = await holdCommits();
      const append = term.append(2, [bytes('two')], []).catch((error: unknown) => error);
      await until('the append hangs in its commit', waitsForLock('append'));
      await terminate('append');
      await terminate('read');
      expect(await append).toBeInstanceOf(Error);
      await letCommit();
      const next = await storage.takeTerm(ledger);
      expect(await texts(storage)).toEqual(['one']);
      await next.append(2, [bytes('second')], []);
      expect(await texts(storage)).toEqual(['one', 'second']);
    });
  });

  test('G2: a server killed under load has lost nothing it acknowledged', async () => {
    const server = await startTemporaryPostgres();
    closing.push(() => server.stop());
    const url = new URL(await server.freshDatabase());
    const storage = await open(url.href);
    const term = await begin(storage);
    let acknowledged = 0;
    const end = (async () => {
      for (;;) {
        await term.append(acknowledged + 1, [bytes(String(acknowledged + 1))], []);
        acknowledged += 1;
      }
    })().catch((error: unknown) => error);
    await until('it is under load', async () => acknowledged > 50);
    const pidFile = await readFile(join(server.folder, 'cluster', 'data', 'postmaster.pid'), 'utf8');
    process.kill(Number(pidFile.split('\n')[0]), 'SIGKILL');
    const failure = await end;
    expect(failure).not.toBeInstanceOf(Fenced);
    expect(failure).not.toBeInstanceOf(Refused);

    const restarted = await startPostgres({ folder: server.folder });
    url.port = new URL(restarted.connectionString).port;
    const again = await open(url.href);
    await again.takeTerm(ledger);
    const log = await texts(again);
    expect(log).toEqual(log.map((_, index) => String(index + 1)));
    // The last one may be there without its acknowledgement.
    expect([acknowledged, acknowledged + 1]).toContain(log.length);
  });

  describe('the tables', () => {
    test('refuse to change or lose a record, even where triggers are told to be quiet', async () => {
      const storage = await open();
      await (await begin(storage)).append(1, [bytes('one')], []);
      await sql.query(`SET session_replication_role = replica`);
      for (const statement of [
        `UPDATE ledger_log.records SET bytes = 'changed'`,
        'DELETE FROM ledger_log.records',
        'TRUNCATE ledger_log.records',
        'DELETE FROM ledger_log.ledgers',
        'TRUNCATE ledger_log.ledgers',
        'UPDATE ledger_log.ledgers SET epoch = epoch - 1',
      ]) {
        await expect(sql.query(statement)).rejects.toThrow(/is refused/);
      }
      expect(await texts(storage)).toEqual(['one']);
    });

    test('are made once by any number of processes that start at once', async () => {
      const storages = await Promise.all([open(), open(), open(), open()]);
      await Promise.all(storages.map((storage) => storage.create(ledger, [])));
      expect(await storages[0]?.ledgers()).toEqual([ledger]);
      const { rows } = await sql.query('SELECT version FROM ledger_log.schema_versions');
      expect(rows).toEqual([{ version: 1 }, { version: 2 }]);
    });

    test('of a newer release are left alone', async () => {
      await open();
      await sql.query('INSERT INTO ledger_log.schema_versions (version) VALUES (99)');
      await expect(open()).rejects.toThrow(/version 99.*newer release/);
    });
  });

  describe('onAppend', () => {
    /** Ledgers in the order told, and a way to wait for the next word about ours. */
    const listen = (storage: EmbeddedStorage) => {
      const told: string[] = [];
      const end = storage.onAppend((changed) => told.push(changed));
      return { told, end, reached: (count: number) => until(`told ${count} times`, async () => told.length >= count) };
    };

    test('tells of what was there, of what comes, and no more after it was ended', async () => {
      const [storage, other] = [await open(), await open()];
      const term = await begin(other);
      await term.append(1, [bytes('one')], []);
      const { told, end, reached } = listen(storage);
      await reached(1);
      await term.append(2, [bytes('two')], []);
      await reached(2);
      end();
      const second = listen(storage);
      await term.append(3, [bytes('three')], []);
      await second.reached(1);
      expect(told).toEqual([ledger, ledger]);
    });

    test('loses nothing with its connection', async () => {
      const [storage, other] = [await open(), await open()];
      const term = await begin(other);
      const { reached } = listen(storage);
      await term.append(1, [bytes('one')], []);
      await reached(1);
      await terminate('watch');
      await term.append(2, [bytes('two')], []);
      await reached(2);
    });
  });

  test('closing leaves no connection, even of a server that does not answer', async () => {
    const { storage, wire } = await openThroughWire();
    await (await begin(storage)).append(1, [bytes('one')], []);
    storage.onAppend(() => {});
    await until('the watch is up', async () => {
      const { rowCount } = await sql.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'incident-ledger watch'`,
      );
      return rowCount === 1;
    });
    wire.freeze();
    await storage.close();
    await wire.close();
    await until('the server has no connection of it', async () => {
      const { rowCount } = await sql.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'incident-ledger %'`,
      );
      return rowCount === 0;
    });
    await expect(storage.end(ledger)).rejects.toThrow(/pool/);
  });
});
