/** EVERYTHING IN ONE PROCESS, as another process may start it: `main.ts` does on the command line, tests do in theirs. */
export { API_NAMES, describeOffline } from './openapi.js';
export { startStandalone, type Standalone, type StandaloneOptions } from './standalone.js';
