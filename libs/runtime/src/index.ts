/** WHAT EVERY PROCESS NEEDS: configuration, keys and who may what, the edge of HTTP, health, how it ends. Knows no ledger. */
export { readConfig, type Config } from './config.js';
export { loadMasterKey } from './master-key.js';
export { KeysFile, type ApiKey } from './keys-file.js';
export { Access, requireRole, type AccessNeeded } from './auth.js';
export { createHttpApp, type HttpOptions } from './http.js';
export { HealthModule, type Readiness } from './health.js';
export { openApiOf, serveOpenApi, type ApiDescription } from './openapi.js';
export { count, Progress } from './progress.js';
export { listenAt, runProcess, troubleOnly, Undo, untilItWorks, type ProcessTools, type Running } from './process.js';
