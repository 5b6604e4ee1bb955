/** Records put straight into the log of a data folder, as an older program, or years of writing, would have left them. */
import { join } from 'node:path';
import type { Fact } from '#domain';
import { EmbeddedStorage, startPostgres } from '#embedded';
import { MasterKey, Writers } from '#ledger';
import { loadMasterKey } from '#runtime';
import { codec, recordsOf } from '#testing';

/** Of a ledger that there is not yet; its PostgreSQL must run. Returns the position of the last record. */
export async function plant(dataDir: string, ledger: string, facts: readonly Fact[]): Promise<number> {
  const { connectionString } = await startPostgres({ folder: join(dataDir, 'postgres') });
  const storage = await EmbeddedStorage.open(connectionString);
  try {
    const master = new MasterKey(await loadMasterKey({ dataDir }));
    await new Writers(storage, master, codec, { mayClaim: async () => true }).create(ledger);
    const term = await storage.takeTerm(ledger);
    const bytes = recordsOf(ledger, facts).map((entry) => entry.bytes);
    for (let from = 0; from < bytes.length; from += 500) await term.append(from + 1, bytes.slice(from, from + 500), []);
    return bytes.length;
  } finally {
    await storage.close();
  }
}
