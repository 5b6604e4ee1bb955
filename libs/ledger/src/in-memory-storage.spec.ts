import { storageContract } from './contract.js';
import { InMemoryStorage, SharedMemory } from './in-memory-storage.js';

storageContract('in memory', async () => {
  const shared = new SharedMemory();
  return { open: async () => new InMemoryStorage(shared), stop: async () => undefined };
});
