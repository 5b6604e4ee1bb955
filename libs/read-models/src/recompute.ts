/**
 * From claims to rows: what each line holds and what each policy makes of it, for one incident or scope. What is written is
 * only what differs from the rows that hold now.
 */
import {
  applyPolicy,
  isDisordered,
  isListed,
  lineOf,
  positionsOf,
  questionsOf,
  readClaim,
  readIncident,
  readSaid,
  readScope,
  voiceOf,
  type Figure,
  type Grade,
  type Id,
  type PolicyName,
  type Question,
  type Registers,
  type SourcedClaim,
  type Subject,
  type Survivor,
} from '#domain';
import { aboutsOf, mentionsOf, short, whoKey, type DocumentFacts, type RegisterCards } from './cards.js';
import type { Row, RowBatch, VersionedTable } from './rows.js';

/** One incident or scope, with every claim about it as it was recorded, joint ones included, in that order. */
export interface AboutFacts {
  subject: Subject | undefined;
  claims: SourcedClaim[];
  /** The rows that hold now: `table key` → row. */
  rows: Map<string, Row>;
}

/** One assessment, as far as figures hang on it. */
export interface Assessed extends Grade {
  id: Id;
  /** The record that made it. */
  recorded: number;
}

/** What figures about some incidents and scopes hang on. */
export interface Grounds {
  registers: RegisterCards;
  abouts: Map<string, AboutFacts>;
  /** What counts no more, by `thingKey`: of all that the claims hang on. */
  gone: Set<string>;
  /** By what they are about: of all claims here, and of all lines. */
  assessments: Map<string, Assessed[]>;
}

/** By what the claims of a ledger are counted as of one record. */
export interface Rules {
  registers: RegisterCards;
  /** Versions of the policies in force, by name. */
  policies: Readonly<Record<string, number>>;
}

/** What the tables say about everything that a record touches; goes along with the records of a batch, one by one. */
export interface Sources extends Grounds, Rules {
  documents: Map<Id, DocumentFacts>;
  /** How the claims here stand in their table. */
  claimRows: Map<string, Row>;
  /** The row of the ledger itself; loaded where the batch changes it. */
  ledger: Row | undefined;
  /** The party rows that hold now, by incident. */
  parties: Map<Id, Row[]>;
  /** The rows of documents, statements, incidents and so on that hold now, by `thingKey`: of those that the batch changes. */
  things: Map<string, Row>;
  /** The ties that hold now, of incidents that are merged. */
  ties: Row[];
  /** Of a record that may move more than it names: what moves, see `movedBy`. */
  moved: Moved | undefined;
  /** It touches more than is loaded: it is worked out in slices. */
  isPartial: boolean;
}

/** The ids on which hang all claims and cards that a record touches. */
export type Moved = ReadonlySet<Id> | 'all';

export type ThingTable = 'actors' | 'places' | 'documents' | 'statements' | 'incidents' | 'assessments';

export const thingKey = (table: ThingTable, id: Id): string => `${table} ${id}`;

/** In `gone`, what a document carries no longer; it may have been found to be of another document since. */
export const droppedKey = (document: Id, statement: Id): string => `dropped ${document} ${statement}`;

/** Works out every position and figure about one thing anew, and closes and adds the rows that differ. */
export function recompute(key: string, sources: Sources, batch: RowBatch, sequence: number): void {
  const { registers, policies } = sources;
  const known = sources.abouts.get(key);
  if (known === undefined) return;
  const { subject, claims } = countable(key, sources);
  if (subject === undefined) return;
  const next = new Map<string, { table: VersionedTable; row: Row }>();
  for (const question of questionsAbout(claims, subject, registers)) {
    const found = positionsOf(question, claims, subject, registers);
    const columns = {
      about: key,
      predicate: question.predicate,
      key: short(question.key ?? ''),
      who: whoKey(question.who),
    };
    const row = { ...columns, contested: found.contested, detail: found };
    next.set(`positions ${rowKey(columns)}`, { table: 'positions', row });
    if (isListed(question)) continue;
    for (const [policy, version] of Object.entries(policies) as [PolicyName, number][]) {
      const figure = applyPolicy(found, policy, version);
      if (figure.status === 'unreported' && !figure.contested) continue;
      next.set(`figures ${policy} ${rowKey(columns)}`, { table: 'figures', row: figureRow(columns, policy, figure) });
    }
  }
  for (const [name, row] of known.rows) {
    const successor = next.get(name);
    if (successor !== undefined && sameRow(successor.row, row)) {
      next.delete(name);
      continue;
    }
    batch.close(name.startsWith('positions ') ? 'positions' : 'figures', row, sequence);
    known.rows.delete(name);
  }
  for (const [name, { table, row }] of next) {
    batch.insert(table, row, sequence);
    known.rows.set(name, row);
  }
}

/**
 * What an incident or scope hangs on may have another line, or go by another name: brings its claims' and parties' rows up to
 * date, and then its figures.
 */
export function reconsider(key: string, sources: Sources, batch: RowBatch, sequence: number): void {
  const known = sources.abouts.get(key);
  if (known === undefined) return;
  for (const one of known.claims) settleClaim(one, sources, batch, sequence);
  if (known.subject !== undefined && 'incident' in known.subject) {
    settleParties(known.subject.id, sources, batch, sequence);
  }
  recompute(key, sources, batch, sequence);
}

/** Writes how a claim stands in its table, where that differs, and says what it is about now. */
export function settleClaim(one: SourcedClaim, sources: Sources, batch: RowBatch, sequence: number): string[] {
  const { registers, claimRows } = sources;
  const read = asRead(one, registers);
  const abouts = aboutsOf(read.claim);
  const row = {
    id: one.id,
    statement: one.statement,
    number: Number(one.id.slice(one.id.lastIndexOf('#') + 1)),
    abouts,
    line: voiceOf(read, registers).line,
    mentions: mentionsOf(one),
    predicate: one.claim.predicate,
    stance: one.claim.stance,
    recorded: one.sequence,
    body: one.claim,
  };
  const before = claimRows.get(one.id);
  if (before !== undefined && sameRow(row, before)) return abouts;
  if (before !== undefined) batch.close('claims', row, sequence);
  batch.insert('claims', row, sequence);
  claimRows.set(one.id, row);
  return abouts;
}

/** The party rows of an incident, each with its line, where they differ. */
export function settleParties(id: Id, sources: Sources, batch: RowBatch, sequence: number): void {
  const { registers, parties } = sources;
  const subject = sources.abouts.get(id)?.subject;
  if (subject === undefined || !('incident' in subject)) return;
  const next = readIncident(subject.incident, registers.survivor).parties.map(({ actor, side }) => ({
    incident: id,
    side,
    actor,
    line: lineOf(actor, registers),
  }));
  const same = (a: Row, b: Row): boolean =>
    a['side'] === b['side'] && a['actor'] === b['actor'] && a['line'] === b['line'];
  const before = parties.get(id) ?? [];
  for (const row of before) if (!next.some((one) => same(one, row))) batch.close('parties', row, sequence);
  for (const row of next) if (!before.some((one) => same(one, row))) batch.insert('parties', row, sequence);
  parties.set(id, next);
}

/** What the claims about one thing are about, and the claims, with all that decides whether and how they count. */
export function countable(key: string, grounds: Grounds): AboutFacts {
  const { subject, claims = [] } = grounds.abouts.get(key) ?? {};
  const { survivor, merged } = grounds.registers;
  return {
    subject: subject === undefined || merged.size === 0 ? subject : readSubject(subject, survivor),
    claims: claims.map((one) => {
      const read = asRead(one, grounds.registers);
      const grade = gradeOf(read, grounds);
      return withFate(Object.keys(grade).length === 0 ? read : { ...read, grade }, key, grounds.gone);
    }),
    rows: new Map(),
  };
}

/** A claim as it is read: what was merged by then stands for its survivor. */
function asRead(one: SourcedClaim, { merged, survivor }: RegisterCards): SourcedClaim {
  if (merged.size === 0) return one;
  const { publisher, firstPublisher, claim } = one;
  return {
    ...readSaid(one, survivor),
    publisher: survivor(publisher),
    firstPublisher: survivor(firstPublisher),
    claim: readClaim(claim, survivor),
  };
}

function readSubject(subject: Subject, survivor: Survivor): Subject {
  return 'incident' in subject
    ? { id: subject.id, incident: readIncident(subject.incident, survivor) }
    : { scope: readScope(subject.scope, survivor) };
}

/** The newest that says so much, of those that were not retracted: of the claim itself and, for what is left, of its line. */
function gradeOf(one: SourcedClaim, { assessments, gone, registers }: Grounds): Grade {
  const grade: Grade = {};
  if (assessments.size === 0) return grade;
  for (const judged of [assessments.get(`claim ${one.id}`) ?? [], assessmentsOfLine(one, assessments, registers)]) {
    for (const { id, credibility, reliability } of judged.toReversed()) {
      if (gone.has(thingKey('assessments', id))) continue;
      if (credibility !== undefined) grade.credibility ??= credibility;
      if (reliability !== undefined) grade.reliability ??= reliability;
    }
  }
  return grade;
}

function assessmentsOfLine(
  one: SourcedClaim,
  assessments: Grounds['assessments'],
  registers: RegisterCards,
): readonly Assessed[] {
  const { line } = voiceOf(one, registers);
  if (registers.merged.size === 0) return assessments.get(`line ${line}`) ?? [];
  return [...assessments]
    .filter(([key]) => key.startsWith('line ') && survivingLine(key.slice('line '.length), registers) === line)
    .flatMap(([, judged]) => judged)
    .sort((a, b) => a.recorded - b.recorded);
}

/** A line may be called after an actor that was merged since. */
export function survivingLine(line: string, { survivor }: RegisterCards): string {
  const heardBy = /^unnamed@(.*)$/.exec(line)?.[1];
  return heardBy === undefined ? survivor(line) : `unnamed@${survivor(heardBy)}`;
}

/** Why a claim counts no more, whatever other claims say (codebook, section 8, step 1). */
function withFate(one: SourcedClaim, key: string, gone: ReadonlySet<string>): SourcedClaim {
  if (gone.size === 0) return one;
  if (gone.has(thingKey('incidents', key))) return { ...one, setAside: 'incident-not-live' };
  if (gone.has(thingKey('statements', one.statement))) return { ...one, setAside: 'statement-retracted' };
  if (gone.has(droppedKey(one.document, one.statement))) return { ...one, setAside: 'publisher-corrected' };
  if (gone.has(thingKey('documents', one.document))) return { ...one, setAside: 'document-withdrawn' };
  return one;
}

/** The questions that the claims can answer, and for each side of people also by the line of its parties. */
export function questionsAbout(claims: readonly SourcedClaim[], subject: Subject, registers: Registers): Question[] {
  const questions = questionsOf(
    claims.map(({ claim }) => claim),
    subject,
  );
  if (!('incident' in subject)) return questions;
  const { parties } = subject.incident;
  const byLine = questions.flatMap((question) =>
    question.who?.side === undefined || question.who.of !== undefined
      ? []
      : [
          ...new Set(
            parties.filter(({ side }) => side === question.who?.side).map(({ actor }) => lineOf(actor, registers)),
          ),
        ].map((line): Question => ({ ...question, who: { ...question.who, of: line } })),
  );
  return [...questions, ...byLine];
}

function figureRow(columns: Row, policy: PolicyName, figure: Figure): Row {
  const { low, best, high, status, basis, contested } = figure;
  return { ...columns, policy, low, best, high, status, basis, contested, disordered: isDisordered(figure) };
}

function rowKey(columns: { predicate: string; key: string; who: string }): string {
  return `${columns.predicate} ${columns.who} ${columns.key}`;
}

/** Rows of the tables come back with the database's order of keys and defaults; only what we wrote is compared. */
function sameRow(next: Row, row: Row): boolean {
  return Object.keys(next).every((column) => sameValue(next[column], row[column]));
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keysA = Object.keys(a).filter((key) => (a as Row)[key] !== undefined);
  const keysB = Object.keys(b).filter((key) => (b as Row)[key] !== undefined);
  return keysA.length === keysB.length && keysA.every((key) => sameValue((a as Row)[key], (b as Row)[key]));
}
