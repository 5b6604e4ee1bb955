/** What one can ask of a ledger. Clock, ids and recorder come in from outside: the rules call neither. */
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

export interface OpenLedger {
  act: 'open-ledger';
  origin: { title: Prose; keeper?: Prose };
}

export interface CloseLedger {
  act: 'close-ledger';
  reason: Prose;
  /** The ledger that goes on with it. */
  successor?: string;
}

export interface Adopt {
  act: 'adopt';
  codebook?: number;
  /** By name; those left out stay as they are. */
  policies?: { [name: string]: number };
  reason: Prose;
}

export interface RegisterActor {
  act: 'register-actor';
  id: Id;
  actor: Actor;
}

export interface CorrectActor {
  act: 'correct-actor';
  id: Id;
  actor: Actor;
  reason: Prose;
}

export interface ReparentActor {
  act: 'reparent-actor';
  id: Id;
  partOf?: Id;
  reason: Prose;
}

/** Two were one: `id` is read as `into` from then on. */
interface Merging {
  id: Id;
  into: Id;
  reason: Prose;
}

export interface MergeActor extends Merging {
  act: 'merge-actor';
}

export interface CorrectPlace {
  act: 'correct-place';
  id: Id;
  place: Place;
  reason: Prose;
}

export interface ReparentPlace {
  act: 'reparent-place';
  id: Id;
  inside?: Id;
  reason: Prose;
}

export interface MergePlace extends Merging {
  act: 'merge-place';
}

export interface RegisterPlace {
  act: 'register-place';
  id: Id;
  place: Place;
}

export interface RegisterDocument {
  act: 'register-document';
  id: Id;
  document: Document;
}

export interface CorrectDocument {
  act: 'correct-document';
  id: Id;
  document: Document;
  reason: Prose;
}

export interface RecordDocumentVersion {
  act: 'record-document-version';
  id: Id;
  document: Document;
  /** Statements of it that this version does not carry. */
  dropped: Id[];
  reason: Prose;
}

export interface RecordIncident {
  act: 'record-incident';
  id: Id;
  incident: Incident;
}

export interface CorrectIncident {
  act: 'correct-incident';
  id: Id;
  incident: Incident;
  reason: Prose;
}

export interface MergeIncident extends Merging {
  act: 'merge-incident';
}

export interface SplitIncident {
  act: 'split-incident';
  /** The one that keeps its id. */
  id: Id;
  /** The id of the new one. */
  newId: Id;
  /** The card of the new one. */
  incident: Incident;
  claims: { claim: ClaimId; to: SplitSide }[];
  reason: Prose;
}

export interface RecordStatement {
  act: 'record-statement';
  id: Id;
  statement: Statement;
}

export interface CorrectStatement {
  act: 'correct-statement';
  id: Id;
  statement: Statement;
  reason: Prose;
}

export interface ReassignStatement {
  act: 'reassign-statement';
  id: Id;
  utterance?: Id;
  incidents?: { from: Id; to: Id }[];
  reason: Prose;
}

/** Says that something counts no more; with `takesBack`, that it counts again. */
interface TakingBack {
  id: Id;
  reason: Prose;
  /** The version with which the same was done to it before. */
  takesBack?: number;
}

export interface RetractStatement extends TakingBack {
  act: 'retract-statement';
}

export interface RetractIncident extends TakingBack {
  act: 'retract-incident';
}

export interface WithdrawDocument extends TakingBack {
  act: 'withdraw-document';
}

export interface MarkDocumentUnreachable {
  act: 'mark-document-unreachable';
  id: Id;
  reason: Prose;
}

export interface TieIncident {
  act: 'tie-incident';
  /** The part. */
  id: Id;
  tie: Tie;
  reason: Prose;
}

export interface UntieIncident {
  act: 'untie-incident';
  /** The part. */
  id: Id;
  whole: Id;
  reason: Prose;
}

export interface RecordAssessment {
  act: 'record-assessment';
  id: Id;
  assessment: Assessment;
}

export interface RetractAssessment extends TakingBack {
  act: 'retract-assessment';
}

export type Act =
  | OpenLedger
  | Adopt
  | CloseLedger
  | RegisterActor
  | CorrectActor
  | ReparentActor
  | MergeActor
  | RegisterPlace
  | CorrectPlace
  | ReparentPlace
  | MergePlace
  | RegisterDocument
  | CorrectDocument
  | RecordDocumentVersion
  | RecordIncident
  | CorrectIncident
  | MergeIncident
  | SplitIncident
  | RecordStatement
  | CorrectStatement
  | ReassignStatement
  | RetractStatement
  | RetractIncident
  | WithdrawDocument
  | MarkDocumentUnreachable
  | TieIncident
  | UntieIncident
  | RecordAssessment
  | RetractAssessment;

export type ActName = Act['act'];

/** The version of an entity that the sender has seen and builds on. */
export interface Expectation {
  entity: Id;
  version: number;
}

export type Command = Act & {
  /** Needed by acts that change what exists; checked wherever given. */
  expect?: Expectation[];
};
