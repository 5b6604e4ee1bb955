/** WHAT EVERY PROCESS NEEDS: configuration, keys and who may what, the edge of HTTP. Knows no ledger. */
export { readConfig, type Config } from './config.js';
export { loadMasterKey } from './master-key.js';
export { KeysFile, type ApiKey } from './keys-file.js';
export { Access, type AccessNeeded } from './auth.js';
export { createHttpApp, type HttpOptions } from './http.js';
