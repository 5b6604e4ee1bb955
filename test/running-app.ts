/**
 * The whole application in the test's own process, on a data folder of its own and a free port. Tests reach it as
 * everybody does, over HTTP; what they may look at besides is its log and its folder.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { startStandalone } from '#app/standalone';
import type { AccessRole } from '#contracts';
import type { ActName } from '#domain';
import { EmbeddedStorage, startPostgres } from '#embedded';
import { MasterKey } from '#ledger';
import { KeysFile, loadMasterKey, Progress, readConfig } from '#runtime';
import { LedgerClient, temporaryPostgresFolder } from '#testing';
import { inWords, type Finding } from '../apps/auditor/src/findings.js';
import { verify } from '../apps/auditor/src/verify.js';

export interface RunningApp {
  readonly url: string;
  readonly dataDir: string;
  /** The keys file, edited as an operator's command edits it: the application notices by itself. */
  readonly keys: KeysFile;
  /** A client with a new key of that role, for that ledger only. */
  client(ledger: string, role?: AccessRole): Promise<LedgerClient>;
  /** Opens a ledger; its client is an admin. */
  open(ledger: string): Promise<LedgerClient>;
  /** Opens a ledger with the example in it. `end` is the position of the last record. */
  openExample(ledger: string): Promise<{ client: LedgerClient; end: number }>;
  /** What the auditor finds wrong in any of its ledgers, in words; and how many rows it compared. */
  audit(): Promise<{ wrong: string[]; rows: number }>;
  /** Everything it has logged. */
  logged(): string;
  stop(): Promise<void>;
}

export async function startApp(): Promise<RunningApp> {
  const kept = await temporaryPostgresFolder('postgres');
  const dataDir = kept.folder;
  const lines: string[] = [];
  try {
    const config = readConfig({ DATA_DIR: dataDir, PORT: '0' });
    const { url, stop } = await startStandalone(config, {
      log: (message, about) => lines.push(JSON.stringify({ message, ...about })),
    });
    const keys = new KeysFile(config.keysFile);
    const client = async (ledger: string, role: AccessRole = 'admin'): Promise<LedgerClient> =>
      new LedgerClient(url, ledger, (await keys.add({ roles: [role], ledgers: [ledger] })).text);
    const open = async (ledger: string): Promise<LedgerClient> => {
      const admin = await client(ledger);
      await admin.record('open-ledger', { origin: { title: 'Opened for a test' } });
      return admin;
    };
    return {
      url,
      dataDir,
      keys,
      client,
      open,
      async openExample(ledger) {
        const admin = await open(ledger);
        return { client: admin, end: await recordLines(admin, 'conoco.ndjson') };
      },
      audit: () => audited(dataDir),
      logged: () => lines.join('\n'),
      async stop() {
        await stop();
        await kept.remove();
      },
    };
  } catch (error) {
    await kept.remove();
    throw error;
  }
}

async function audited(dataDir: string): Promise<{ wrong: string[]; rows: number }> {
  const { connectionString } = await startPostgres({ folder: join(dataDir, 'postgres') });
  const storage = EmbeddedStorage.toRead(connectionString);
  const pool = new Pool({ connectionString, options: '-c default_transaction_read_only=on', max: 2 });
  try {
    const wrong: string[] = [];
    let rows = 0;
    for (const ledger of await storage.ledgers()) {
      const found = (finding: Finding): unknown => wrong.push(`${ledger}: ${inWords(finding)}`);
      const progress = new Progress({ write: () => undefined });
      const master = new MasterKey(await loadMasterKey({ dataDir }));
      const { signal } = new AbortController();
      const { readModels } = await verify({ ledger, storage, master, pool, found, progress, signal });
      rows += readModels?.rows ?? 0;
    }
    return { wrong, rows };
  } finally {
    await Promise.all([pool.end(), storage.close()]);
  }
}

/** Records a file of the example, line by line; returns the position of the last record. */
export async function recordLines(
  ledger: LedgerClient,
  file: 'conoco.ndjson' | 'conoco-later.ndjson',
): Promise<number> {
  const lines = readFileSync(new URL(`../../apps/standalone/example/${file}`, import.meta.url), 'utf8');
  let position = 0;
  for (const line of lines.trimEnd().split('\n')) {
    const { id, act, body } = JSON.parse(line) as { id: string; act: ActName; body: object };
    ({ position } = await ledger.record(act, body, { commandKey: id }));
  }
  return position;
}
