/** THE TABLES: migrations, projections and queries; the only room with read-side SQL. */
export { isDatabaseAway } from './away.js';
export { CheckpointMoved, ReadModels } from './read-models.js';
export { Generations, Successor } from './generations.js';
export { compare, type Comparison, type Difference } from './comparison.js';
export {
  auditedAbouts,
  auditedEvents,
  auditedRows,
  auditedStanding,
  type AuditedEvent,
  type AuditedRow,
  type AuditedStanding,
} from './audited.js';
export { PositionWatch } from './position-watch.js';
export {
  isThere,
  lastRecordBy,
  ledgerStandings,
  policiesInForce,
  survivorAt,
  type LedgerStanding,
  type Moment,
} from './moment.js';
export { type IncidentFilter } from './incident-filter.js';
export { filterInZone, localDateOnly } from './zones.js';
export { type ShownClaim } from './claims.js';
export {
  claimsOfStatement,
  entities,
  entity,
  incidents,
  lineOfActor,
  records,
  type Page,
  type ShownEntity,
  type ShownRecord,
} from './entities.js';
export { explainedIncident, incidentPage, type IncidentPage } from './incident-page.js';
export { TooManyToCompute } from './said-by.js';
export {
  dayOf,
  forceLevels,
  forceLevelSeries,
  publishedTotals,
  type LevelsFilter,
  type SeriesPage,
  type TotalsFilter,
} from './series.js';
export { claimsBehind, explainedIncidents, statementsBehind, type ExplainedIncident } from './explain.js';
export { tallyDiff } from './diff.js';
export { entityHistory, incidentHistory } from './history.js';
export { overlapping, tally, totalsBeside } from './tallies.js';
export { MEASURES, type Bucket, type Grouping, type Measure, type TallyQuestion } from './tally-rows.js';
