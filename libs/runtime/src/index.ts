/** WHAT EVERY PROCESS NEEDS: configuration, keys and who may what, the edge of HTTP, health, how it ends. Knows no ledger. */
export { readConfig, type Config } from './config.js';
export { loadMasterKey } from './master-key.js';
export { KeysFile, type ApiKey } from './keys-file.js';
export { Access, requireRole, type AccessNeeded } from './auth.js';
export { createHttpApp, type HttpOptions } from './http.js';
export {
  HealthModule,
  reachable,
  STATES,
  TROUBLES,
  type HealthOptions,
  type Standing,
  type State,
  type Trouble,
} from './health.js';
export { type Log } from './log.js';
export { Metrics } from './metrics.js';
export { openApiOf, serveOpenApi, type ApiDescription } from './openapi.js';
export { listenAt, runProcess, Undo, untilItWorks, type ProcessTools, type Running } from './process.js';
export { count, Progress } from './progress.js';
