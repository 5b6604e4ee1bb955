/**
 * What a record means for the tables: a pure function of the record and of what the tables say before it. It looks at no
 * clock and asks nobody, so any cut of history into batches, and any replay, gives the same rows.
 */
import { createHash } from 'node:crypto';
import {
  applyPolicy,
  isDisordered,
  isListed,
  lineOf,
  POLICY_VERSIONS,
  positionsOf,
  questionsOf,
  scopeKey,
  voiceOf,
  type Actor,
  type AssessmentAbout,
  type Claim,
  type Document,
  type Figure,
  type Grade,
  type Id,
  type Incident,
  type LedgerRecord,
  type Place,
  type PolicyName,
  type Question,
  type Registers,
  type SourcedClaim,
  type Statement,
  type Subject,
  type Who,
} from '#domain';
import type { Row, RowBatch, VersionedTable } from './rows.js';

/** Actors and places as of the record that is projected. */
export interface RegisterCards extends Registers {
  readonly actors: Map<Id, Actor>;
  readonly places: Map<Id, Place>;
}

export function registerCards(actors: Map<Id, Actor>, places: Map<Id, Place>): RegisterCards {
  return { actors, places, actor: (id) => actors.get(id), place: (id) => places.get(id) };
}

/** What the figures need to know of a document. */
export interface DocumentFacts {
  publisher: Id;
  firstPublisher: Id;
  published: { from: string; to: string } | null;
}

/** One incident or scope, with every claim about it, joint ones included, in the order they were recorded. */
export interface AboutFacts {
  subject: Subject | undefined;
  claims: SourcedClaim[];
  /** The rows that hold now: `table key` → row. */
  rows: Map<string, Row>;
}

/** What the tables say about everything that a batch touches; goes along with it, record by record. */
export interface Sources {
  registers: RegisterCards;
  documents: Map<Id, DocumentFacts>;
  abouts: Map<string, AboutFacts>;
  /** The row of the ledger itself; loaded where the batch changes it. */
  ledger: Row | undefined;
  /** The party rows that hold now, by incident. */
  parties: Map<Id, Row[]>;
  /** The rows of documents, statements and incidents that hold now, by `thingKey`: of those that the batch changes. */
  things: Map<string, Row>;
  /** What counts no more, by `thingKey`: of all that the claims of the batch hang on. */
  gone: Set<string>;
  /** By what they are about, in the order they were recorded: of all claims of the batch, and of all lines. */
  assessments: Map<string, Assessed[]>;
}

/** One assessment, as far as figures hang on it. */
export interface Assessed extends Grade {
  id: Id;
}

/** How `about` stands in the table. */
export function assessedKey(assessed: AssessmentAbout): string {
  return 'claim' in assessed ? `claim ${assessed.claim}` : `line ${assessed.line}`;
}

type ThingTable = 'documents' | 'statements' | 'incidents' | 'assessments';

export const thingKey = (table: ThingTable, id: Id): string => `${table} ${id}`;

/** In the column `status`. What is unreachable still counts. */
const LIVE = { status: 'live', reason: null };

export function project(record: LedgerRecord, sources: Sources, batch: RowBatch): void {
  const { sequence } = record;
  const [subject] = record.data.changes;
  for (const { entity, version } of record.data.changes) batch.change(entity, version, sequence);
  if (subject === undefined) return;
  const entity = { id: subject.entity, version: subject.version };

  switch (record.name) {
    case 'LedgerOpened': {
      const { origin, codebook, policies } = record.data;
      const row = { origin, codebook, policies, closed: null };
      sources.ledger = row;
      batch.insert('ledgers', row, sequence);
      return;
    }
    case 'LedgerClosed': {
      const { reason, successor } = record.data;
      if (sources.ledger === undefined) throw new TypeError('A ledger is closed that was never opened.');
      batch.close('ledgers', {}, sequence);
      batch.insert('ledgers', { ...sources.ledger, closed: { reason, successor: successor ?? null } }, sequence);
      return;
    }
    case 'ActorRegistered': {
      const { actor } = record.data;
      sources.registers.actors.set(entity.id, actor);
      batch.insert(
        'actors',
        { ...entity, kind: actor.kind, part_of: actor.partOf ?? null, body: actor, ...LIVE },
        sequence,
      );
      return;
    }
    case 'PlaceRegistered': {
      const { place } = record.data;
      sources.registers.places.set(entity.id, place);
      batch.insert(
        'places',
        { ...entity, kind: place.kind, inside: place.inside ?? null, body: place, ...LIVE },
        sequence,
      );
      return;
    }
    case 'DocumentRegistered': {
      const { document } = record.data;
      const facts = documentFacts(document, sources.documents);
      sources.documents.set(entity.id, facts);
      const { publisher, kind } = document;
      const row = { ...entity, publisher, first_publisher: facts.firstPublisher, kind, body: document, ...LIVE };
      putThing('documents', row, sources, batch, sequence);
      return;
    }
    case 'IncidentRecorded':
      putIncident(entity, record.data.incident, sources, batch, sequence);
      return;
    case 'IncidentCorrected':
      batch.close('incidents', entity, sequence);
      putIncident(entity, record.data.incident, sources, batch, sequence);
      recompute(entity.id, sources, batch, sequence);
      return;
    case 'StatementRecorded':
      for (const key of putStatement(entity, record.data.statement, sources, batch, {
        sequence,
        recorded: sequence,
        ...LIVE,
      })) {
        recompute(key, sources, batch, sequence);
      }
      return;
    case 'StatementCorrected': {
      const before = thing('statements', entity.id, sources);
      batch.close('statements', before, sequence);
      const old = removeClaims(entity.id, sources);
      for (const { id } of old.claims.values()) batch.close('claims', { id }, sequence);
      const [first] = old.claims.values();
      const { status, reason } = before;
      const abouts = putStatement(entity, record.data.statement, sources, batch, {
        sequence,
        recorded: first?.sequence ?? sequence,
        status,
        reason,
      });
      for (const key of new Set([...old.abouts, ...abouts])) recompute(key, sources, batch, sequence);
      return;
    }
    case 'StatementRetracted':
      takeBack('statements', entity, 'retracted', record.data, sources, batch, sequence);
      return;
    case 'IncidentRetracted':
      takeBack('incidents', entity, 'retracted', record.data, sources, batch, sequence);
      return;
    case 'DocumentWithdrawn':
      takeBack('documents', entity, 'withdrawn', record.data, sources, batch, sequence);
      return;
    case 'AssessmentRecorded': {
      const { assessment } = record.data;
      const { credibility, reliability } = assessment;
      const key = assessedKey(assessment.about);
      const numbers = { credibility: credibility ?? null, reliability: reliability ?? null };
      const row = { ...entity, about: key, recorded: sequence, ...numbers, body: assessment, ...LIVE };
      putThing('assessments', row, sources, batch, sequence);
      const grade = { ...(credibility && { credibility }), ...(reliability && { reliability }) };
      sources.assessments.set(key, [...(sources.assessments.get(key) ?? []), { id: entity.id, ...grade }]);
      recomputeAssessed(key, sources, batch, sequence);
      return;
    }
    case 'AssessmentRetracted':
      takeBack('assessments', entity, 'retracted', record.data, sources, batch, sequence);
      return;
    case 'IncidentTied': {
      const { whole, kind } = record.data.tie;
      nextVersion('incidents', entity, sources, batch, sequence);
      batch.insert('ties', { part: entity.id, whole, kind }, sequence);
      return;
    }
    case 'IncidentUntied':
      nextVersion('incidents', entity, sources, batch, sequence);
      batch.close('ties', { part: entity.id, whole: record.data.whole }, sequence);
      return;
    case 'DocumentUnreachable': {
      const before = thing('documents', entity.id, sources);
      batch.close('documents', before, sequence);
      // What was withdrawn stays so: that says more.
      const after = before['status'] === 'live' ? { status: 'unreachable', reason: record.data.reason } : {};
      putThing('documents', { ...before, ...entity, ...after }, sources, batch, sequence);
      return;
    }
    default:
      record satisfies never;
  }
}

export function documentFacts(document: Document, documents: ReadonlyMap<Id, DocumentFacts>): DocumentFacts {
  const original = document.copyOf === undefined ? undefined : documents.get(document.copyOf);
  return {
    publisher: document.publisher,
    firstPublisher: original?.firstPublisher ?? document.publisher,
    published: document.published ?? null,
  };
}

function putIncident(
  entity: { id: Id; version: number },
  incident: Incident,
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const { kind, method, place, time } = incident;
  const columns = {
    kind,
    method,
    place: place?.place ?? null,
    time_from: time?.from ?? null,
    time_to: time?.to ?? null,
  };
  const { status, reason } = sources.things.get(thingKey('incidents', entity.id)) ?? LIVE;
  putThing('incidents', { ...entity, ...columns, body: incident, status, reason }, sources, batch, sequence);

  const parties = incident.parties.map(({ actor, side }) => ({
    incident: entity.id,
    side,
    actor,
    line: lineOf(actor, sources.registers),
  }));
  const before = sources.parties.get(entity.id) ?? [];
  const keyOf = ({ side, actor }: Row): string => `${String(side)} ${String(actor)}`;
  const kept = new Set(parties.map(keyOf));
  const known = new Set(before.map(keyOf));
  for (const row of before) if (!kept.has(keyOf(row))) batch.close('parties', row, sequence);
  for (const row of parties) if (!known.has(keyOf(row))) batch.insert('parties', row, sequence);
  sources.parties.set(entity.id, parties);

  about(entity.id, sources).subject = { id: entity.id, incident };
}

function putStatement(
  entity: { id: Id; version: number },
  statement: Statement,
  sources: Sources,
  batch: RowBatch,
  { sequence, recorded, ...standing }: { sequence: number; recorded: number; status: unknown; reason: unknown },
): Set<string> {
  const { claims, ...body } = statement;
  const { document, speaker, utterance } = statement;
  putThing('statements', { ...entity, document, speaker, utterance, body, ...standing }, sources, batch, sequence);
  const facts = sources.documents.get(document);
  if (facts === undefined) throw new TypeError(`The document ${document} of ${entity.id} is not in the read models.`);

  const { line } = voiceOf({ ...statement, firstPublisher: facts.firstPublisher }, sources.registers);
  const touched = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const id = `${entity.id}#${index + 1}`;
    const abouts = aboutsOf(claim);
    batch.insert(
      'claims',
      {
        id,
        statement: entity.id,
        number: index + 1,
        abouts,
        line,
        predicate: claim.predicate,
        stance: claim.stance,
        recorded,
        body: claim,
      },
      sequence,
    );
    const sourced = sourcedClaim({
      id,
      sequence: recorded,
      statementId: entity.id,
      statement: body,
      claim,
      document: facts,
    });
    for (const key of abouts) {
      const known = about(key, sources);
      known.claims.push(sourced);
      if ('scope' in claim.about) known.subject ??= { scope: claim.about.scope };
      touched.add(key);
    }
  }
  return touched;
}

/** Takes the claims of a statement away from whatever they are about. A joint claim stands in several places, and is one. */
function removeClaims(statement: Id, { abouts }: Sources): { claims: Map<string, SourcedClaim>; abouts: Set<string> } {
  const removed = { claims: new Map<string, SourcedClaim>(), abouts: new Set<string>() };
  for (const [key, known] of abouts) {
    const own = known.claims.filter((one) => one.statement === statement);
    if (own.length === 0) continue;
    for (const one of own) removed.claims.set(one.id, one);
    removed.abouts.add(key);
    known.claims = known.claims.filter((one) => one.statement !== statement);
  }
  return removed;
}

/** Something counts no more, or counts again: whatever its claims are about is worked out anew. */
function takeBack(
  table: ThingTable,
  entity: { id: Id; version: number },
  word: string,
  { reason, takesBack }: { reason: unknown; takesBack?: number },
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const before = thing(table, entity.id, sources);
  batch.close(table, before, sequence);
  const standing = takesBack === undefined ? { status: word, reason } : LIVE;
  putThing(table, { ...before, ...entity, ...standing }, sources, batch, sequence);
  if (takesBack === undefined) sources.gone.add(thingKey(table, entity.id));
  else sources.gone.delete(thingKey(table, entity.id));
  if (table === 'assessments') return recomputeAssessed(String(before['about']), sources, batch, sequence);
  for (const [key, { claims }] of sources.abouts) {
    const isTouched = table === 'incidents' ? key === entity.id : claims.some((one) => hangsOn(one, table, entity.id));
    if (isTouched) recompute(key, sources, batch, sequence);
  }
}

function recomputeAssessed(assessed: string, sources: Sources, batch: RowBatch, sequence: number): void {
  for (const [key, { claims }] of sources.abouts) {
    const isTouched = claims.some((one) => assessedKeysOf(one, sources.registers).includes(assessed));
    if (isTouched) recompute(key, sources, batch, sequence);
  }
}

/** What is judged of a claim: itself and, where that leaves something open, its line. */
function assessedKeysOf(one: SourcedClaim, registers: Registers): [string, string] {
  return [`claim ${one.id}`, `line ${voiceOf(one, registers).line}`];
}

type GradingGrounds = Pick<Sources, 'registers' | 'gone' | 'assessments'>;

/** The newest that says so much, of those that were not retracted. */
function gradeOf(one: SourcedClaim, { assessments, gone, registers }: GradingGrounds): Grade {
  const grade: Grade = {};
  if (assessments.size === 0) return grade;
  for (const key of assessedKeysOf(one, registers)) {
    for (const { id, credibility, reliability } of (assessments.get(key) ?? []).toReversed()) {
      if (gone.has(thingKey('assessments', id))) continue;
      if (credibility !== undefined) grade.credibility ??= credibility;
      if (reliability !== undefined) grade.reliability ??= reliability;
    }
  }
  return grade;
}

/** What it says stays; only what it is tied to changes. */
function nextVersion(
  table: ThingTable,
  entity: { id: Id; version: number },
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const before = thing(table, entity.id, sources);
  batch.close(table, before, sequence);
  putThing(table, { ...before, ...entity }, sources, batch, sequence);
}

function hangsOn({ statement, document }: SourcedClaim, table: ThingTable, id: Id): boolean {
  return table === 'statements' ? statement === id : document === id;
}

function thing(table: ThingTable, id: Id, { things }: Sources): Row {
  const row = things.get(thingKey(table, id));
  if (row === undefined) throw new TypeError(`${id} is not in the read models (${table}).`);
  return row;
}

function putThing(table: ThingTable, row: Row & { id: Id }, sources: Sources, batch: RowBatch, sequence: number): void {
  batch.insert(table, row, sequence);
  sources.things.set(thingKey(table, row.id), row);
}

/** What a claim's figures hang on: its incident (each of several, where it is a joint claim) or its scope. */
export function aboutsOf({ about: named }: Claim): string[] {
  if ('incident' in named) return [named.incident];
  if ('incidents' in named) return named.incidents;
  return [`scope ${short(scopeKey(named.scope))}`];
}

export function sourcedClaim(source: {
  id: string;
  sequence: number;
  statementId: Id;
  statement: Omit<Statement, 'claims'>;
  claim: Claim;
  document: DocumentFacts;
}): SourcedClaim {
  const { id, sequence, statementId, statement, claim, document } = source;
  const { utterance, form, speaker, onBehalfOf, chain, said } = statement;
  return {
    id,
    sequence,
    statement: statementId,
    utterance,
    form,
    speaker,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(chain === undefined ? {} : { chain }),
    document: statement.document,
    publisher: document.publisher,
    firstPublisher: document.firstPublisher,
    said: said ?? null,
    published: document.published,
    claim,
  };
}

/** An entry of an index holds some 2,700 bytes; the text itself stands in the row's `detail`, or in the claim. */
const INDEXED_BYTES_MAX = 200;

/** The text, or what stands for it in an index where it is long. */
function short(text: string): string {
  return Buffer.byteLength(text) <= INDEXED_BYTES_MAX
    ? text
    : `sha256:${createHash('sha256').update(text).digest('base64url')}`;
}

/** "side/category/of", empty for anybody: how `who` stands in the tables. */
export function whoKey(who: Who | undefined): string {
  const parts = [who?.side ?? '', who?.category ?? '', who?.of ?? ''];
  return parts.join('/') === '//' ? '' : parts.join('/');
}

function about(key: string, sources: Sources): AboutFacts {
  let known = sources.abouts.get(key);
  if (known === undefined) {
    known = { subject: undefined, claims: [], rows: new Map() };
    sources.abouts.set(key, known);
  }
  return known;
}

const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];

/** Works out every position and figure about one thing anew, and closes and adds the rows that differ. */
function recompute(key: string, sources: Sources, batch: RowBatch, sequence: number): void {
  const known = about(key, sources);
  const { subject, rows } = known;
  if (subject === undefined) return;
  const claims = countableClaims(key, sources);
  const next = new Map<string, { table: VersionedTable; row: Row }>();
  for (const question of questionsAbout(claims, subject, sources.registers)) {
    const found = positionsOf(question, claims, subject, sources.registers);
    const columns = {
      about: key,
      predicate: question.predicate,
      key: short(question.key ?? ''),
      who: whoKey(question.who),
    };
    const row = { ...columns, contested: found.contested, detail: found };
    next.set(`positions ${rowKey(columns)}`, { table: 'positions', row });
    if (isListed(question)) continue;
    for (const policy of POLICIES) {
      const figure = applyPolicy(found, policy);
      if (figure.status === 'unreported' && !figure.contested) continue;
      next.set(`figures ${policy} ${rowKey(columns)}`, { table: 'figures', row: figureRow(columns, policy, figure) });
    }
  }
  for (const [name, row] of rows) {
    const successor = next.get(name);
    if (successor !== undefined && sameRow(successor.row, row)) {
      next.delete(name);
      continue;
    }
    batch.close(name.startsWith('positions ') ? 'positions' : 'figures', row, sequence);
    rows.delete(name);
  }
  for (const [name, { table, row }] of next) {
    batch.insert(table, row, sequence);
    rows.set(name, row);
  }
}

/** The claims about one thing with all that decides whether and how they count. */
export function countableClaims(key: string, grounds: GradingGrounds & Pick<Sources, 'abouts'>): SourcedClaim[] {
  return (grounds.abouts.get(key)?.claims ?? []).map((one) => {
    const grade = gradeOf(one, grounds);
    return withFate(Object.keys(grade).length === 0 ? one : { ...one, grade }, key, grounds.gone);
  });
}

/** Why a claim counts no more, whatever other claims say (codebook, section 8, step 1). */
function withFate(one: SourcedClaim, key: string, gone: ReadonlySet<string>): SourcedClaim {
  if (gone.size === 0) return one;
  if (gone.has(thingKey('incidents', key))) return { ...one, setAside: 'incident-not-live' };
  if (gone.has(thingKey('statements', one.statement))) return { ...one, setAside: 'statement-retracted' };
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
