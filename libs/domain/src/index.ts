/** THE RULES, pure: no clock, no chance, no input or output, and no import from any other room. */
export * from './vocabulary.js';
export type * from './records.js';
export type * from './commands.js';
export { Rejected, REJECTION_CODES, type RejectionCode } from './rejected.js';
export { CODEBOOK_VERSION, POLICY_VERSIONS, unknownVersion, type PolicyName } from './versions.js';
export { canonicalText } from './canonical.js';
export { incidentsOf, readScope, reassignedAbout, splitAbout } from './abouts.js';
export { readClaim, readIncident, readSaid, survivorIn, type Survivor } from './redirects.js';
export { decide } from './decide.js';
export { evolve, EVOLVE_VERSION } from './evolve.js';
export {
  commitOverlay,
  initialState,
  LEDGER_ENTITY,
  overlayOn,
  type Entity,
  type EntityKind,
  type State,
  type StateOverlay,
  type Table,
  type Tables,
} from './state.js';
export { isInside, lineOf, voiceOf, type Registers, type Voice } from './registers.js';
export { isListed, questionsOf, scopeKey, type Question, type Subject } from './questions.js';
export { wasSaidBy, type Grade, type SetAside, type SetAsideCode, type SourcedClaim } from './live-claims.js';
export { positionsOf, type Flag, type Position, type Positions } from './positions.js';
export { applyPolicy, type Figure, type Status } from './figures.js';
export { sum, UNREPORTED, type Addend, type Sum } from './sums.js';
export {
  placeBucketOf,
  standsToPeriod,
  timeBucketOf,
  widerKinds,
  type PlaceBucket,
  type TimeBucket,
} from './buckets.js';
export { isDisordered, type Qualifier } from './quantities.js';
export { CAUSES, causeOf, type Cause } from './causes.js';
export { totalSeries, type TotalSeries, type TotalStep } from './totals.js';
export { levelSteps, type LevelStep } from './levels.js';
export { daysBetween } from './times.js';
export { inZone, isKnownZone } from './zones.js';
