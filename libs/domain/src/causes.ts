/**
 * Why a figure moved, in the words of section 7 of docs/codebook.md: whose reason it was. A number that its source revised
 * and a number that we had misread move in the same way, and mean very different things.
 */
import type { RecordName } from './records.js';
import type { Predicate, Stance } from './vocabulary.js';

/** Shown in comparisons and histories. */
export const CAUSES = [
  'new-statement',
  'source-revised',
  'source-retracted',
  'recorder-error',
  'publisher-corrected',
  'publisher-withdrew',
  'compiler-revised',
  'regraded',
  'register-changed',
  'incident-corrected',
  'merged',
  'split',
  'erased',
  'policy-changed',
] as const;
export type Cause = (typeof CAUSES)[number];

/** What is known of a statement and of the question that it moved. */
export interface StatementOnQuestion {
  /** The stances of those of its claims that are of the question's predicate. */
  stances: readonly Stance[];
  predicate: Predicate;
  /** Its line held a position on the question before, and the statement put another in its place. */
  replaces: boolean;
  /** Its line gathers what others said. */
  compiler: boolean;
}

/**
 * The cause of whatever a record moved; null for records that move nothing: what is opened, registered or recorded for the
 * first time, and a page that cannot be reached. What takes something back has the cause of what it takes back.
 */
export function causeOf(name: RecordName, statement?: StatementOnQuestion): Cause | null {
  switch (name) {
    case 'StatementRecorded':
      return statement === undefined ? 'new-statement' : causeOfStatement(statement);
    // The recorder's own errors: misread, mistyped, taken for another, or not to be here at all.
    case 'StatementCorrected':
    case 'StatementReassigned':
    case 'StatementRetracted':
    case 'IncidentRetracted':
    case 'DocumentCorrected':
      return 'recorder-error';
    case 'ActorCorrected':
    case 'ActorReparented':
    case 'ActorMerged':
    case 'PlaceCorrected':
    case 'PlaceReparented':
    case 'PlaceMerged':
      return 'register-changed';
    case 'DocumentVersioned':
      return 'publisher-corrected';
    case 'IncidentMerged':
      return 'merged';
    case 'IncidentSplit':
      return 'split';
    case 'LedgerAdopted':
      return 'policy-changed';
    case 'IncidentCorrected':
    case 'IncidentTied':
    case 'IncidentUntied':
      return 'incident-corrected';
    case 'DocumentWithdrawn':
      return 'publisher-withdrew';
    case 'AssessmentRecorded':
    case 'AssessmentRetracted':
      return 'regraded';
    case 'LedgerOpened':
    case 'LedgerClosed':
    case 'ActorRegistered':
    case 'PlaceRegistered':
    case 'DocumentRegistered':
    case 'DocumentUnreachable':
    case 'IncidentRecorded':
      return null;
    default:
      return name satisfies never;
  }
}

/**
 * A source takes back or revises what it said itself; whoever speaks for the first time says something new. A compiler's
 * next figure of a total re-bases what others counted; of an incident it is its own next release.
 */
function causeOfStatement({ stances, predicate, replaces, compiler }: StatementOnQuestion): Cause {
  // Who takes a number back and gives another has revised it.
  if (stances.includes('retracts') && !stances.includes('asserts')) return 'source-retracted';
  if (!replaces) return 'new-statement';
  return compiler && predicate === 'total' ? 'compiler-revised' : 'source-revised';
}
