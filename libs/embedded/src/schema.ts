/**
 * STORAGE FORMAT of the log on PostgreSQL: schemas `ledger_log` and `ledger_keys`, never dropped, unlike read models.
 * A version once released is never edited; a change is one more entry in VERSIONS.
 */
import { Client } from 'pg';
import { clientConfig, SCHEMA_LOCK, Sockets } from './connection.js';

const VERSIONS: readonly string[] = [
  `
  CREATE TABLE ledger_log.ledgers (
    ledger text COLLATE "C" PRIMARY KEY CHECK (ledger ~ '^[a-z0-9-]{1,48}$'),
    epoch bigint NOT NULL DEFAULT 0
  );
  COMMENT ON TABLE ledger_log.ledgers IS
    'One row for each ledger. epoch is the number of its newest term: an append of an earlier one is fenced by it.';

  CREATE TABLE ledger_log.records (
    ledger text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence BETWEEN 1 AND 9007199254740991),
    bytes bytea NOT NULL CHECK (octet_length(bytes) <= 65535),
    PRIMARY KEY (ledger, sequence)
  );
  COMMENT ON TABLE ledger_log.records IS
    'THE LOG: the exact bytes of every accepted command''s CloudEvent. Append-only.';

  CREATE TABLE ledger_keys.keys (
    ledger text COLLATE "C" NOT NULL,
    keyid text COLLATE "C" NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (ledger, keyid)
  );
  COMMENT ON TABLE ledger_keys.keys IS
    'Keys of ledgers, wrapped by the master key. In a schema of its own, for a private text is erased by deleting its key.';

  CREATE FUNCTION ledger_log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% of %.% is refused: the log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
      USING HINT = 'Correct or retract by recording another command.';
  END $$;

  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_log.records
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_log.refuse();
  ALTER TABLE ledger_log.records ENABLE ALWAYS TRIGGER append_only;

  CREATE TRIGGER never_removed BEFORE DELETE OR TRUNCATE ON ledger_log.ledgers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_log.refuse();
  ALTER TABLE ledger_log.ledgers ENABLE ALWAYS TRIGGER never_removed;

  -- A term's number that came back would let its former holder write again.
  CREATE TRIGGER epoch_only_rises BEFORE UPDATE ON ledger_log.ledgers
    FOR EACH ROW WHEN (NEW.ledger <> OLD.ledger OR NEW.epoch < OLD.epoch) EXECUTE FUNCTION ledger_log.refuse();
  ALTER TABLE ledger_log.ledgers ENABLE ALWAYS TRIGGER epoch_only_rises;
  `,
  `
  CREATE TABLE ledger_log.snapshot_parts (
    ledger text COLLATE "C" NOT NULL,
    snapshot text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (ledger, snapshot, part)
  );
  -- They are compressed already.
  ALTER TABLE ledger_log.snapshot_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;

  CREATE TABLE ledger_log.snapshots (
    ledger text COLLATE "C" PRIMARY KEY,
    snapshot text COLLATE "C" NOT NULL,
    manifest bytea NOT NULL
  );
  COMMENT ON TABLE ledger_log.snapshots IS
    'What a writer remembers of a ledger, so that the next one need not read the whole log. Can be emptied at any time.';
  `,
];

const WAIT_MS_MAX = 60_000;

/** Brings the database to the newest version. Any number of processes may do so at once. */
export async function prepareSchema(connectionString: string): Promise<void> {
  const sockets = new Sockets();
  const client = new Client(
    clientConfig({
      connectionString,
      name: 'schema',
      sockets,
      lockMsMax: WAIT_MS_MAX,
      statementMsMax: WAIT_MS_MAX,
      answerMsMax: WAIT_MS_MAX,
    }),
  );
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...SCHEMA_LOCK]);
    await client.query(`
      CREATE SCHEMA IF NOT EXISTS ledger_log;
      CREATE SCHEMA IF NOT EXISTS ledger_keys;
      CREATE TABLE IF NOT EXISTS ledger_log.schema_versions (
        version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now()
      )`);
    const { rows } = await client.query<{ version: number }>(
      'SELECT coalesce(max(version), 0) AS version FROM ledger_log.schema_versions',
    );
    const found = rows[0]?.version ?? 0;
    if (found > VERSIONS.length) {
      throw new Error(
        `The log's schema has version ${found}, and this program knows ${VERSIONS.length}: start a newer release.`,
      );
    }
    for (const [index, statements] of VERSIONS.entries()) {
      if (index < found) continue;
      await client.query(statements);
      await client.query('INSERT INTO ledger_log.schema_versions (version) VALUES ($1)', [index + 1]);
    }
    await client.query('COMMIT');
  } finally {
    void client.end();
    await sockets.close();
  }
}
