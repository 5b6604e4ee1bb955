/**
 * The whole application in the test's own process, on a data folder of its own and a free port. Tests reach it as
 * everybody does, over HTTP; what they may look at besides is its log and its folder.
 */
import { readFileSync } from 'node:fs';
import { startStandalone } from '#app/standalone';
import type { AccessRole } from '#contracts';
import type { ActName } from '#domain';
import { KeysFile, readConfig } from '#runtime';
import { LedgerClient, temporaryPostgresFolder } from '#testing';

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
