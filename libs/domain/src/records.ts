/**
 * What the log can hold: one record for each accepted command.
 *
 * STORAGE FORMAT. The keys of `RecordData` with their version are the types of the records, for ever.
 */
import type { Actor, Assessment, Document, Id, Incident, Place, Prose, Statement, Tie } from './vocabulary.js';

/** An entity that the command created or changed, and its version from then on (1, 2, 3 …). */
export interface Change {
  entity: Id;
  /** @asType integer @minimum 1 @maximum 9007199254740991 */
  version: number;
}

interface Changed {
  /** The first is the record's subject. @minItems 1 @maxItems 500 */
  changes: Change[];
}

export interface LedgerOpened extends Changed {
  /** Version of the codebook in force. @asType integer @minimum 1 @maximum 9007199254740991 */
  codebook: number;
  /** Policies in force, by name, with their versions. */
  policies: { [name: string]: number };
  /** What the ledger is about and who keeps it. */
  origin: { title: Prose; keeper?: Prose };
}

/** Nothing is recorded any more. What is in it stays, and can be read for ever. */
export interface LedgerClosed extends Changed {
  /** Why, for the history. */
  reason: Prose;
  /** The ledger that goes on with it. @pattern ^[a-z0-9-]{1,48}$ */
  successor?: string;
}

export interface ActorRegistered extends Changed {
  actor: Actor;
}

export interface PlaceRegistered extends Changed {
  place: Place;
}

export interface DocumentRegistered extends Changed {
  document: Document;
}

export interface IncidentRecorded extends Changed {
  incident: Incident;
}

/** The card as it should have been, whole; what it replaces is in the earlier records. */
export interface IncidentCorrected extends Changed {
  incident: Incident;
  /** Why, for the history. */
  reason: Prose;
}

export interface StatementRecorded extends Changed {
  statement: Statement;
}

/** The statement as it should have been, whole: the recorder misread or mistyped it. Its claims keep their numbers. */
export interface StatementCorrected extends Changed {
  statement: Statement;
  /** Why, for the history. */
  reason: Prose;
}

/** Something counts no more, or counts again: nothing is ever removed. */
interface TakenBack extends Changed {
  /** Why, for the history. */
  reason: Prose;
  /**
   * The version with which the same was done to it before: that is taken back, and it counts again.
   * @asType integer @minimum 1 @maximum 9007199254740991
   */
  takesBack?: number;
}

/** The recorder's own error: the statement should not have been recorded. */
export type StatementRetracted = TakenBack;

/** The recorder's own error: there was no such incident, or it is not of this ledger. */
export type IncidentRetracted = TakenBack;

/** Its publisher withdrew it: what it says counts no more. */
export type DocumentWithdrawn = TakenBack;

/** It cannot be reached any more. That changes no figure. */
export interface DocumentUnreachable extends Changed {
  /** What was seen, for the history. */
  reason: Prose;
}

/** The incident that changes is the part. */
export interface IncidentTied extends Changed {
  tie: Tie;
  /** Why, for the history. */
  reason: Prose;
}

export interface IncidentUntied extends Changed {
  whole: Id;
  /** Why, for the history. */
  reason: Prose;
}

export interface AssessmentRecorded extends Changed {
  assessment: Assessment;
}

/** The recorder's own error, or judged so no more. */
export type AssessmentRetracted = TakenBack;

/** Every kind of record in its newest version. Older versions are read through upcasters (libs/ledger). */
export interface RecordData {
  LedgerOpened: LedgerOpened;
  LedgerClosed: LedgerClosed;
  ActorRegistered: ActorRegistered;
  PlaceRegistered: PlaceRegistered;
  DocumentRegistered: DocumentRegistered;
  IncidentRecorded: IncidentRecorded;
  IncidentCorrected: IncidentCorrected;
  StatementRecorded: StatementRecorded;
  StatementCorrected: StatementCorrected;
  StatementRetracted: StatementRetracted;
  IncidentRetracted: IncidentRetracted;
  IncidentTied: IncidentTied;
  IncidentUntied: IncidentUntied;
  DocumentWithdrawn: DocumentWithdrawn;
  DocumentUnreachable: DocumentUnreachable;
  AssessmentRecorded: AssessmentRecorded;
  AssessmentRetracted: AssessmentRetracted;
}

export type RecordName = keyof RecordData;

/** The part of a record that the rules decide; the writer adds sequence, time, ids and digest around it. */
export type Fact = { [N in RecordName]: { name: N; data: RecordData[N] } }[RecordName];

/** A fact at its place in a ledger, as the read side and `evolve` see it. */
export type LedgerRecord = Fact & {
  ledger: string;
  /** Position in the ledger: 1, 2, 3 … without gaps. */
  sequence: number;
  /** RFC 3339, UTC, milliseconds; never falls. */
  recordedtime: string;
  commandid: string;
  commanddigest: string;
  /** Pseudonymous id of the key that recorded it. */
  recorder: string;
};
