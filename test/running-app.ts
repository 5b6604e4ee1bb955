/**
 * The whole application in the test's own process, on a data folder of its own and a free port. Tests reach it as
 * everybody does, over HTTP; what they may look at besides is its log and its folder.
 */
import { loadExample, openLedger, startStandalone } from '#app/standalone';
import type { AccessRole } from '#contracts';
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
      log: (line) => lines.push(line),
      onDatabaseLost: () => lines.push('The database was lost.'),
    });
    const keys = new KeysFile(config.keysFile);
    const client = async (ledger: string, role: AccessRole = 'admin'): Promise<LedgerClient> =>
      new LedgerClient(url, ledger, (await keys.add({ roles: [role], ledgers: [ledger] })).text);
    return {
      url,
      dataDir,
      keys,
      client,
      async open(ledger) {
        const admin = await client(ledger);
        await openLedger(url, admin.key ?? '', ledger);
        return admin;
      },
      async openExample(ledger) {
        const admin = await client(ledger);
        return { client: admin, end: await loadExample(url, admin.key ?? '', ledger) };
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
