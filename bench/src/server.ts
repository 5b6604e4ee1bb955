/**
 * A SERVER UNDER MEASUREMENT, in a process of its own that `run.ts` starts and disconnects to end it:
 * - `recorder`    the recorder alone, on the storage that ships
 * - `no-append`   the same, on a storage that keeps nothing and answers at once: what the route costs without the log
 * - `standalone`  the whole process as `npm start` runs it, projector and reader included
 */
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Dispatcher, RecorderModule } from '#app/recorder';
import { EmbeddedStorage } from '#embedded';
import { type LedgerStorage, MasterKey, recordCodec, type Term, type WrappedKey, Writers } from '#ledger';
import { createHttpApp, KeysFile, loadMasterKey, readConfig } from '#runtime';
import { startStandalone } from '../../apps/standalone/src/standalone.js';
import type { Server } from './commands.js';

export type Kind = 'recorder' | 'no-append' | 'standalone';

/** Keeps the ledger's keys, which the writer needs, and not one record. */
class ForgetfulStorage implements LedgerStorage {
  readonly #keys = new Map<string, WrappedKey[]>();

  async ledgers(): Promise<string[]> {
    return [...this.#keys.keys()];
  }
  async create(ledger: string, keys: WrappedKey[]): Promise<void> {
    this.#keys.set(ledger, keys);
  }
  async keys(ledger: string): Promise<WrappedKey[]> {
    return this.#keys.get(ledger) ?? [];
  }
  async takeTerm(): Promise<Term> {
    const nothing = async (): Promise<undefined> => undefined;
    return { number: 1, append: nothing, prove: nothing, keepPart: nothing, keepSnapshot: nothing };
  }
  async snapshot(): Promise<undefined> {}
  async read(): Promise<[]> {
    return [];
  }
  async end(): Promise<number> {
    return 0;
  }
  async behind(): Promise<number> {
    return 0;
  }
  onAppend(): () => void {
    return () => undefined;
  }
  async close(): Promise<void> {}
}

type Running = Server & { stop: () => Promise<unknown> };

async function startRecorder(storage: LedgerStorage, folder: string): Promise<Running> {
  await mkdir(folder, { recursive: true });
  const master = new MasterKey(await loadMasterKey({ dataDir: folder }));
  const codec = recordCodec();
  const writers = new Writers(storage, master, codec, { mayClaim: async () => true });
  const keys = new KeysFile(join(folder, 'keys.json'));
  const { text: key } = await keys.add({ roles: ['admin'], ledgers: '*' });
  const app = await createHttpApp(RecorderModule.with(new Dispatcher(writers)), {
    keys,
    openReads: true,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const stop = async (): Promise<void> => {
    await app.close();
    await writers.drain();
    await storage.close();
  };
  return { url: `http://127.0.0.1:${port}`, key, stop };
}

async function startWhole(folder: string): Promise<Running> {
  const { url, keys, stop } = await startStandalone(readConfig({ DATA_DIR: folder, PORT: '0' }), {
    log: () => undefined,
  });
  const { text: key } = await keys.add({ roles: ['admin'], ledgers: '*' });
  return { url, key, stop };
}

/** `node server.js <kind> <folder> <database>`; the whole process finds the database in the folder. */
async function main([kind, folder = '', database = '']: string[]): Promise<void> {
  const { url, key, stop } =
    kind === 'standalone'
      ? await startWhole(folder)
      : await startRecorder(
          kind === 'recorder' ? await EmbeddedStorage.open(database) : new ForgetfulStorage(),
          join(folder, kind as Kind),
        );
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.once('disconnect', () => void stop().then(() => process.exit()));
  process.send?.({ url, key } satisfies Server);
}

await main(process.argv.slice(2));
