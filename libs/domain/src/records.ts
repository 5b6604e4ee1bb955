/**
 * What the log can hold: one record for each accepted command.
 *
 * STORAGE FORMAT. The keys of `RecordData` with their version are the types of the records, for ever.
 */
import type {
  Actor,
  Assessment,
  ClaimId,
  Document,
  Id,
  Incident,
  Place,
  Prose,
  SplitSide,
  Statement,
  Tie,
} from './vocabulary.js';

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

/** What is in force from here on, all of it. The first change is the ledger's own. */
export interface LedgerAdopted extends Changed {
  /** Version of the codebook in force. @asType integer @minimum 1 @maximum 9007199254740991 */
  codebook: number;
  /** Policies in force, by name, with their versions. */
  policies: { [name: string]: number };
  /** Why, for the history. */
  reason: Prose;
}

export interface ActorRegistered extends Changed {
  actor: Actor;
}

/** The card as it should have been, whole. What it is a part of stays: that is changed by an act of its own. */
export interface ActorCorrected extends Changed {
  actor: Actor;
  /** Why, for the history. */
  reason: Prose;
}

/** It is a part of another from here on or, without one, of none. */
export interface ActorReparented extends Changed {
  partOf?: Id;
  /** Why, for the history. */
  reason: Prose;
}

export interface PlaceRegistered extends Changed {
  place: Place;
}

/** The card as it should have been, whole. What it lies in stays: that is changed by an act of its own. */
export interface PlaceCorrected extends Changed {
  place: Place;
  /** Why, for the history. */
  reason: Prose;
}

/** It lies in another from here on or, without one, in none. */
export interface PlaceReparented extends Changed {
  inside?: Id;
  /** Why, for the history. */
  reason: Prose;
}

/** Two were one. The first that changes is read as the second for ever, wherever it is named. */
interface Merged extends Changed {
  into: Id;
  /** Why, for the history. */
  reason: Prose;
}

export type ActorMerged = Merged;

export type PlaceMerged = Merged;

export type IncidentMerged = Merged;

export interface DocumentRegistered extends Changed {
  document: Document;
}

/** The recorder's own error: the document as it should have been described, whole. */
export interface DocumentCorrected extends Changed {
  document: Document;
  /** Why, for the history. */
  reason: Prose;
}

/** The publisher changed it. */
export interface DocumentVersioned extends Changed {
  /** As it is now, whole. */
  document: Document;
  /** Statements of it that it carries no longer, all of them; any other counts again. @maxItems 500 */
  dropped: Id[];
  /** What was seen, for the history. */
  reason: Prose;
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

/** It renders another utterance than it was recorded for, or is about other incidents. The claims stay what they are. */
export interface StatementReassigned extends Changed {
  utterance?: Id;
  /** For each incident that its claims are about no more, the one that they are about. @maxItems 100 */
  incidents?: { from: Id; to: Id }[];
  /** Why, for the history. */
  reason: Prose;
}

/**
 * What was recorded as one incident were two. The first that changes keeps its id, the second is new; the others are the
 * statements whose claims move.
 */
export interface IncidentSplit extends Changed {
  /** The card of the new one. */
  incident: Incident;
  /** Every claim about the old one, and which it is about: with both it is a joint claim. @maxItems 1000 */
  claims: { claim: ClaimId; to: SplitSide }[];
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
  LedgerAdopted: LedgerAdopted;
  LedgerClosed: LedgerClosed;
  ActorRegistered: ActorRegistered;
  ActorCorrected: ActorCorrected;
  ActorReparented: ActorReparented;
  ActorMerged: ActorMerged;
  PlaceRegistered: PlaceRegistered;
  PlaceCorrected: PlaceCorrected;
  PlaceReparented: PlaceReparented;
  PlaceMerged: PlaceMerged;
  DocumentRegistered: DocumentRegistered;
  DocumentCorrected: DocumentCorrected;
  DocumentVersioned: DocumentVersioned;
  IncidentRecorded: IncidentRecorded;
  IncidentCorrected: IncidentCorrected;
  StatementRecorded: StatementRecorded;
  StatementCorrected: StatementCorrected;
  StatementReassigned: StatementReassigned;
  StatementRetracted: StatementRetracted;
  IncidentMerged: IncidentMerged;
  IncidentSplit: IncidentSplit;
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
