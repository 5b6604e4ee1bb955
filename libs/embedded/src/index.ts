/** The storage on an embedded PostgreSQL, and starting that PostgreSQL. */
export { AlreadyRunning, takeInstanceLock, type InstanceLock } from './instance-lock.js';
export { startPostgres, stopPostgres, type Postgres } from './postmaster.js';
export { EmbeddedStorage } from './storage.js';
