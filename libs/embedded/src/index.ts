/** The storage on an embedded PostgreSQL, and starting that PostgreSQL. */
export { holdFreePort } from './free-port.js';
export { AlreadyRunning, takeInstanceLock, type InstanceLock } from './instance-lock.js';
export { OwnPostgres } from './own-postgres.js';
export { startPostgres, stopPostgres, type Postgres } from './postmaster.js';
export { EmbeddedStorage, type EmbeddedStorageOptions, type Protections } from './storage.js';
