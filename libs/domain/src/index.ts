/** THE RULES, pure: no clock, no chance, no input or output, and no import from any other room. */
export * from './vocabulary.js';
export type * from './records.js';
export type * from './commands.js';
export { Rejected, REJECTION_CODES, type RejectionCode } from './rejected.js';
export { CODEBOOK_VERSION, POLICY_VERSIONS, type PolicyName } from './versions.js';
export { decide } from './decide.js';
export { evolve } from './evolve.js';
export {
  commitOverlay,
  initialState,
  LEDGER_ENTITY,
  overlayOn,
  Table,
  type Entity,
  type EntityKind,
  type State,
} from './state.js';
