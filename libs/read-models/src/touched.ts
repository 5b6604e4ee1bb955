/** What a record touches: what must be loaded before it is projected, and what moves with it beyond what it names. */
import { incidentsOf, lineOf, type Claim, type Id, type LedgerRecord } from '#domain';
import { assessedKey, dependentsOf, relatedIncident, type DocumentFacts, type RegisterCards } from './cards.js';
import { survivingLine, thingKey, type Moved, type Sources } from './recompute.js';

export interface Touched {
  /** Documents that statements render, or that others are copies of. */
  documents: Set<Id>;
  abouts: Set<string>;
  /** Claims that come in. */
  claims: Claim[];
  /** Incidents that are named, maybe by what was merged since. */
  named: Set<Id>;
  /** What exists and is changed, by table. */
  changed: Record<'actors' | 'places' | 'documents' | 'statements' | 'incidents' | 'assessments', Set<Id>>;
  /** Claims that are judged. */
  judged: Set<string>;
  /** Incidents that are merged. */
  mergers: Id[];
  isLedger: boolean;
}

export function touchedBy(records: readonly LedgerRecord[]): Touched {
  const changed: Touched['changed'] = {
    actors: new Set(),
    places: new Set(),
    documents: new Set(),
    statements: new Set(),
    incidents: new Set(),
    assessments: new Set(),
  };
  const touched: Touched = {
    documents: new Set(),
    abouts: new Set(),
    claims: [],
    named: new Set(),
    changed,
    judged: new Set(),
    mergers: [],
    isLedger: false,
  };
  for (const record of records) {
    const [subject, second] = record.data.changes;
    const id = subject?.entity ?? '';
    switch (record.name) {
      case 'LedgerAdopted':
      case 'LedgerClosed':
        touched.isLedger = true;
        break;
      case 'ActorCorrected':
      case 'ActorReparented':
      case 'ActorMerged':
        for (const { entity } of record.data.changes) changed.actors.add(entity);
        break;
      case 'PlaceCorrected':
      case 'PlaceReparented':
      case 'PlaceMerged':
        for (const { entity } of record.data.changes) changed.places.add(entity);
        break;
      case 'DocumentRegistered':
      case 'DocumentCorrected':
      case 'DocumentVersioned':
        if (record.data.document.copyOf !== undefined) touched.documents.add(record.data.document.copyOf);
        if (record.name !== 'DocumentRegistered') changed.documents.add(id);
        break;
      case 'DocumentWithdrawn':
      case 'DocumentUnreachable':
        changed.documents.add(id);
        break;
      case 'IncidentMerged':
        touched.mergers.push(id, second?.entity ?? '');
        for (const { entity } of record.data.changes) {
          changed.incidents.add(entity);
          touched.abouts.add(entity);
        }
        break;
      case 'IncidentSplit':
        changed.incidents.add(id);
        touched.abouts.add(id);
        for (const { entity } of record.data.changes.slice(2)) changed.statements.add(entity);
        break;
      case 'IncidentCorrected':
      case 'IncidentRetracted':
        touched.abouts.add(id);
        changed.incidents.add(id);
        break;
      case 'IncidentTied':
        changed.incidents.add(id);
        touched.named.add(record.data.tie.whole);
        break;
      case 'IncidentUntied':
        changed.incidents.add(id);
        touched.named.add(record.data.whole);
        break;
      case 'StatementRecorded':
      case 'StatementCorrected':
        if (record.name === 'StatementCorrected') changed.statements.add(id);
        touched.documents.add(record.data.statement.document);
        for (const claim of record.data.statement.claims) {
          touched.claims.push(claim);
          for (const one of incidentsOf(claim.about)) touched.named.add(one);
          const related = relatedIncident(claim);
          if (related !== undefined) touched.named.add(related);
        }
        break;
      case 'StatementReassigned':
        changed.statements.add(id);
        for (const { from, to } of record.data.incidents ?? []) touched.named.add(from).add(to);
        break;
      case 'StatementRetracted':
        changed.statements.add(id);
        break;
      case 'AssessmentRecorded':
        if ('claim' in record.data.assessment.about) touched.judged.add(record.data.assessment.about.claim);
        break;
      case 'AssessmentRetracted':
        changed.assessments.add(id);
        break;
      default:
        break;
    }
  }
  return touched;
}

/** Incidents that a record makes. */
export function madeBy(record: LedgerRecord): Id[] {
  if (record.name === 'IncidentRecorded') return [record.data.changes[0]?.entity ?? ''];
  return record.name === 'IncidentSplit' ? [record.data.changes[1]?.entity ?? ''] : [];
}

const MOVING: ReadonlySet<LedgerRecord['name']> = new Set([
  'LedgerAdopted',
  'ActorCorrected',
  'ActorReparented',
  'ActorMerged',
  'PlaceCorrected',
  'PlaceReparented',
  'PlaceMerged',
  'DocumentCorrected',
  'DocumentVersioned',
  'DocumentWithdrawn',
  'IncidentMerged',
]);

/** Whether a record may move more than it names: it is projected by itself. */
export function mayMove(record: LedgerRecord): boolean {
  if (record.name === 'AssessmentRecorded') return 'line' in record.data.assessment.about;
  return record.name === 'AssessmentRetracted' || MOVING.has(record.name);
}

/**
 * What a record moves that may be much: the ids on which hang all claims and cards that it touches (`mentions`). A record
 * of which this says nothing touches what it names itself, or nothing.
 */
export function movedBy(
  record: LedgerRecord,
  { registers, things, documents, assessments }: Pick<Sources, 'registers' | 'things' | 'documents' | 'assessments'>,
): Moved | undefined {
  const id = record.data.changes[0]?.entity ?? '';
  switch (record.name) {
    case 'ActorCorrected': {
      const before = registers.actors.get(id);
      const { kind, official } = record.data.actor;
      return before?.kind === kind && before.official === official ? undefined : dependentsOf([id], registers);
    }
    case 'PlaceCorrected': {
      const before = registers.places.get(id);
      const { kind, state } = record.data.place;
      return before?.kind === kind && before.state === state ? undefined : dependentsOf([id], registers);
    }
    case 'ActorMerged':
      return new Set([...dependentsOf([id], registers), ...judgedWith(id, record.data.into, assessments, registers)]);
    case 'ActorReparented':
    case 'PlaceReparented':
    case 'PlaceMerged':
      return dependentsOf([id], registers);
    case 'IncidentMerged':
      return dependentsOf([id], registers);
    case 'DocumentWithdrawn':
      return new Set([id]);
    case 'DocumentCorrected':
    case 'DocumentVersioned':
      return new Set([id, ...copiesOf(id, documents)]);
    case 'AssessmentRecorded':
      return saidBy(assessedKey(record.data.assessment.about), registers);
    case 'AssessmentRetracted':
      return saidBy(String(things.get(thingKey('assessments', id))?.['about']), registers);
    case 'LedgerAdopted':
      return 'all';
    default:
      return undefined;
  }
}

/** Where a line that is called after one actor was judged, all that may have spoken for it as it is called afterwards. */
function judgedWith(id: Id, into: Id, assessments: Sources['assessments'], registers: RegisterCards): Iterable<Id> {
  const after = registers.survivor(into);
  return [id, `unnamed@${id}`].flatMap((line) => {
    const isJudged = [...assessments.keys()].some(
      (key) => key.startsWith('line ') && survivingLine(key.slice('line '.length), registers) === line,
    );
    return isJudged ? [...(saidBy(`line ${line === id ? after : `unnamed@${after}`}`, registers) ?? [])] : [];
  });
}

/** Ids of all that may have spoken for a line, of which a judgement is; none where it is of one claim. */
function saidBy(judged: string, registers: RegisterCards): ReadonlySet<Id> | undefined {
  if (!judged.startsWith('line ')) return undefined;
  const { actors, survivor } = registers;
  const line = survivingLine(judged.slice('line '.length), registers);
  const heardBy = /^unnamed@(.*)$/.exec(line)?.[1];
  const isOf = (id: Id): boolean =>
    heardBy === undefined ? lineOf(survivor(id), registers) === line : survivor(id) === heardBy;
  return new Set([...actors.keys()].filter(isOf));
}

/** The copies of a document, copies of copies too. */
export function copiesOf(id: Id, documents: ReadonlyMap<Id, DocumentFacts>): Set<Id> {
  const found = new Set<Id>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [copy, { copyOf }] of documents) {
      if (copyOf !== next || found.has(copy)) continue;
      found.add(copy);
      open.push(copy);
    }
  }
  return found;
}
