/** WHAT GOES OVER HTTP: strict JSON, the bodies of acts and their check, answers, problems. Knows the domain's types only. */
export { parseStrictJson, type JsonLimits } from './json-scanner.js';
export {
  Problem,
  PROBLEM_TYPE,
  problemOf,
  PROBLEMS,
  type Fault,
  type FaultCode,
  type ProblemBody,
  type ProblemCode,
} from './problems.js';
export {
  ACCESS_ROLES,
  ACTS,
  completeAct,
  isLedgerAct,
  readBody,
  type AccessRole,
  type BesideBody,
  type CheckedBody,
  type OpenAct,
} from './acts.js';
export { actsOf, type Seed, type SeedAct } from './seeds.js';
export { type Open, type OpenText } from './vocabulary.dto.js';
export { AnswersProblems, BatchAnswer, WriteAnswer } from './answers.dto.js';
export { BatchLineDto } from './batch.dto.js';
export { isCommandKey, isId } from './fields.js';
export { BATCH_BYTES_MAX, BODY_BYTES_MAX, linesOf, readBatchLine, type BatchLine, type NumberedLine } from './batch.js';
export { readQuery } from './queries.js';
export {
  ActorsQuery,
  AssessmentsQuery,
  DocumentsQuery,
  EntitiesAnswer,
  EntityAnswer,
  ExplainAnswer,
  ExplainQuery,
  IncidentAnswer,
  IncidentExplainAnswer,
  IncidentsQuery,
  LedgerDto,
  LedgersAnswer,
  LedgersQuery,
  MomentQuery,
  PageQuery,
  PlacesQuery,
  PolicyQuery,
  RecordsAnswer,
  RecordsQuery,
  StatementAnswer,
  StatementsQuery,
  TalliesAnswer,
  TalliesQuery,
  WaitQuery,
} from './reads.dto.js';
export { LevelsAnswer, LevelsQuery, TotalsAnswer, TotalsQuery } from './series.dto.js';
export {
  DiffAnswer,
  DiffQuery,
  HistoryAnswer,
  HistoryQuery,
  IncidentHistoryAnswer,
  IncidentHistoryQuery,
} from './changes.dto.js';
