/** What one can ask of a ledger. Clock, ids and recorder come in from outside: the rules call neither. */
import type { Actor, Assessment, Document, Id, Incident, Place, Prose, Statement, Tie } from './vocabulary.js';

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

export interface RegisterActor {
  act: 'register-actor';
  id: Id;
  actor: Actor;
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
  | CloseLedger
  | RegisterActor
  | RegisterPlace
  | RegisterDocument
  | RecordIncident
  | CorrectIncident
  | RecordStatement
  | CorrectStatement
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
