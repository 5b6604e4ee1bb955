import { freshDatabase } from '#testing';
import { storageContract } from '../../ledger/src/contract.js';
import { EmbeddedStorage } from './storage.js';

storageContract('embedded PostgreSQL', async () => {
  const database = await freshDatabase();
  return { open: () => EmbeddedStorage.open(database), stop: async () => undefined };
});
