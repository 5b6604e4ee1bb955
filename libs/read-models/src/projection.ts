/**
 * What a record means for the tables: a pure function of the record and of what the tables say before it. It looks at no
 * clock and asks nobody, so any cut of history into batches, and any replay, gives the same rows.
 */
import {
  reassignedAbout,
  splitAbout,
  type Claim,
  type ClaimId,
  type Document,
  type Id,
  type Incident,
  type LedgerRecord,
  type SourcedClaim,
  type Statement,
} from '#domain';
import { assessedKey, documentFacts, mentionsOfCard, sourcedClaim } from './cards.js';
import {
  droppedKey,
  reconsider,
  recompute,
  settleClaim,
  settleParties,
  thingKey,
  type AboutFacts,
  type Sources,
  type ThingTable,
} from './recompute.js';
import type { Row, RowBatch } from './rows.js';
import { copiesOf } from './touched.js';

/** In the column `status`. What is unreachable still counts. */
const LIVE = { status: 'live', reason: null };

interface Subject {
  id: Id;
  version: number;
}

export function project(record: LedgerRecord, sources: Sources, batch: RowBatch): void {
  const { sequence } = record;
  const [subject, second] = record.data.changes;
  const why = 'reason' in record.data ? record.data.reason : null;
  for (const { entity, version } of record.data.changes) batch.change(entity, version, sequence, why);
  if (subject === undefined) return;
  const entity: Subject = { id: subject.entity, version: subject.version };
  const { moved } = sources;

  switch (record.name) {
    case 'LedgerOpened': {
      const { origin, codebook, policies } = record.data;
      const row = { origin, codebook, policies, closed: null };
      sources.ledger = row;
      sources.policies = policies;
      batch.insert('ledgers', row, sequence);
      return;
    }
    case 'LedgerAdopted': {
      const { codebook, policies } = record.data;
      sources.policies = policies;
      changeLedger({ codebook, policies }, sources, batch, sequence);
      break;
    }
    case 'LedgerClosed': {
      const { reason, successor } = record.data;
      changeLedger({ closed: { reason, successor: successor ?? null } }, sources, batch, sequence);
      return;
    }
    case 'ActorRegistered':
    case 'ActorCorrected': {
      const { actor } = record.data;
      sources.registers.actors.set(entity.id, actor);
      const columns = { kind: actor.kind, part_of: actor.partOf ?? null, body: actor };
      changeThing('actors', entity, columns, sources, batch, sequence);
      break;
    }
    case 'ActorReparented': {
      const { partOf } = record.data;
      const { partOf: _, ...rest } = sources.registers.actors.get(entity.id) ?? missing('actors', entity.id);
      const actor = { ...rest, ...(partOf !== undefined && { partOf }) };
      sources.registers.actors.set(entity.id, actor);
      changeThing('actors', entity, { part_of: partOf ?? null, body: actor }, sources, batch, sequence);
      break;
    }
    case 'PlaceRegistered':
    case 'PlaceCorrected': {
      const { place } = record.data;
      sources.registers.places.set(entity.id, place);
      const columns = { kind: place.kind, inside: place.inside ?? null, body: place };
      changeThing('places', entity, columns, sources, batch, sequence);
      break;
    }
    case 'PlaceReparented': {
      const { inside } = record.data;
      const { inside: _, ...rest } = sources.registers.places.get(entity.id) ?? missing('places', entity.id);
      const place = { ...rest, ...(inside !== undefined && { inside }) };
      sources.registers.places.set(entity.id, place);
      changeThing('places', entity, { inside: inside ?? null, body: place }, sources, batch, sequence);
      break;
    }
    case 'ActorMerged':
      mergeThing('actors', entity, second, record.data, sources, batch, sequence);
      break;
    case 'PlaceMerged':
      mergeThing('places', entity, second, record.data, sources, batch, sequence);
      break;
    case 'DocumentRegistered':
    case 'DocumentCorrected':
      putDocument(entity, record.data.document, undefined, sources, batch, sequence);
      break;
    case 'DocumentVersioned':
      putDocument(entity, record.data.document, record.data.dropped, sources, batch, sequence);
      break;
    case 'DocumentWithdrawn':
      takeBack('documents', entity, 'withdrawn', record.data, sources, batch, sequence);
      break;
    case 'DocumentUnreachable': {
      // What was withdrawn stays so: that says more.
      const isLive = thing('documents', entity.id, sources)['status'] === 'live';
      const standing = isLive ? { status: 'unreachable', reason: record.data.reason } : {};
      changeThing('documents', entity, standing, sources, batch, sequence);
      return;
    }
    case 'IncidentRecorded':
      putIncident(entity, record.data.incident, sources, batch, sequence);
      return;
    case 'IncidentCorrected':
      putIncident(entity, record.data.incident, sources, batch, sequence);
      recompute(entity.id, sources, batch, sequence);
      return;
    case 'IncidentMerged': {
      const { into } = record.data;
      mergeThing('incidents', entity, second, record.data, sources, batch, sequence);
      moveTies(entity.id, into, sources, batch, sequence);
      break;
    }
    case 'IncidentSplit': {
      const { incident, claims } = record.data;
      const split = { old: entity.id, created: second?.entity ?? '' };
      changeThing('incidents', entity, {}, sources, batch, sequence);
      putIncident({ id: split.created, version: 1 }, incident, sources, batch, sequence);
      for (const { entity: id, version } of record.data.changes.slice(2)) {
        changeThing('statements', { id, version }, {}, sources, batch, sequence);
      }
      const sideOf = new Map(claims.map(({ claim, to }) => [claim, to]));
      const { survivor } = sources.registers;
      const aboutOf = ({ id, claim }: SourcedClaim): Claim['about'] =>
        splitAbout(claim.about, split, sideOf.get(id) ?? 'old', survivor);
      const isMoved = ({ id }: SourcedClaim): boolean => (sideOf.get(id) ?? 'old') !== 'old';
      changeClaims(isMoved, (one) => withAbout(one, aboutOf(one)), sources, batch, sequence);
      recompute(entity.id, sources, batch, sequence);
      recompute(split.created, sources, batch, sequence);
      return;
    }
    case 'IncidentRetracted':
      takeBack('incidents', entity, 'retracted', record.data, sources, batch, sequence);
      recompute(entity.id, sources, batch, sequence);
      return;
    case 'IncidentTied': {
      const { whole, kind } = record.data.tie;
      changeThing('incidents', entity, {}, sources, batch, sequence);
      batch.insert('ties', { part: entity.id, whole: sources.registers.survivor(whole), kind }, sequence);
      return;
    }
    case 'IncidentUntied':
      changeThing('incidents', entity, {}, sources, batch, sequence);
      batch.close('ties', { part: entity.id, whole: sources.registers.survivor(record.data.whole) }, sequence);
      return;
    case 'StatementRecorded':
    case 'StatementCorrected': {
      const { statement } = record.data;
      const old = removeClaims((one) => one.statement === entity.id, sources);
      for (const { id } of old.claims) {
        batch.close('claims', { id }, sequence);
        sources.claimRows.delete(id);
      }
      const recorded = old.claims[0]?.sequence ?? sequence;
      putStatement(entity, statement, sources, batch, sequence);
      const abouts = putClaims(claimsOf(entity.id, statement, recorded, sources), sources, batch, sequence);
      for (const key of new Set([...old.abouts, ...abouts])) recompute(key, sources, batch, sequence);
      return;
    }
    case 'StatementReassigned': {
      const { utterance, incidents = [] } = record.data;
      const body = thing('statements', entity.id, sources)['body'] as Omit<Statement, 'claims'>;
      const change = utterance === undefined ? {} : { utterance, body: { ...body, utterance } };
      changeThing('statements', entity, change, sources, batch, sequence);
      const { survivor } = sources.registers;
      const reassign = (one: SourcedClaim): SourcedClaim =>
        withAbout(
          utterance === undefined ? one : { ...one, utterance },
          reassignedAbout(one.claim.about, incidents, survivor),
        );
      const abouts = changeClaims(({ statement }) => statement === entity.id, reassign, sources, batch, sequence);
      for (const key of abouts) recompute(key, sources, batch, sequence);
      return;
    }
    case 'StatementRetracted':
      takeBack('statements', entity, 'retracted', record.data, sources, batch, sequence);
      for (const [key, { claims }] of sources.abouts) {
        if (claims.some(({ statement }) => statement === entity.id)) recompute(key, sources, batch, sequence);
      }
      return;
    case 'AssessmentRecorded': {
      const { assessment } = record.data;
      const { credibility, reliability } = assessment;
      const key = assessedKey(assessment.about);
      const numbers = { credibility: credibility ?? null, reliability: reliability ?? null };
      const row = { about: key, recorded: sequence, ...numbers, body: assessment };
      changeThing('assessments', entity, row, sources, batch, sequence);
      const grade = { ...(credibility && { credibility }), ...(reliability && { reliability }) };
      const judged = { id: entity.id, recorded: sequence, ...grade };
      sources.assessments.set(key, [...(sources.assessments.get(key) ?? []), judged]);
      recomputeJudged(key, sources, batch, sequence);
      break;
    }
    case 'AssessmentRetracted': {
      const key = String(thing('assessments', entity.id, sources)['about']);
      takeBack('assessments', entity, 'retracted', record.data, sources, batch, sequence);
      recomputeJudged(key, sources, batch, sequence);
      break;
    }
    default:
      record satisfies never;
  }

  if (moved === undefined) return;
  for (const key of sources.abouts.keys()) reconsider(key, sources, batch, sequence);
  if (sources.isPartial) batch.recompute(sequence, moved === 'all' ? null : [...moved].sort());
}

function changeLedger(columns: Row, sources: Sources, batch: RowBatch, sequence: number): void {
  if (sources.ledger === undefined) throw new TypeError('A ledger is changed that was never opened.');
  sources.ledger = { ...sources.ledger, ...columns };
  batch.close('ledgers', {}, sequence);
  batch.insert('ledgers', sources.ledger, sequence);
}

function putDocument(
  entity: Subject,
  document: Document,
  dropped: readonly Id[] | undefined,
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const { documents, gone, things } = sources;
  const facts = documentFacts(document, documents);
  documents.set(entity.id, facts);
  const before = (things.get(thingKey('documents', entity.id))?.['dropped'] ?? []) as readonly Id[];
  if (dropped !== undefined) {
    for (const id of before) gone.delete(droppedKey(entity.id, id));
    for (const id of dropped) gone.add(droppedKey(entity.id, id));
  }
  const { publisher, kind } = document;
  const columns = {
    publisher,
    first_publisher: facts.firstPublisher,
    kind,
    body: document,
    dropped: dropped ?? before,
  };
  changeThing('documents', entity, columns, sources, batch, sequence);

  const copies = copiesOf(entity.id, documents);
  for (const copy of copies) {
    const of = documents.get(copy);
    const original = documents.get(of?.copyOf ?? '');
    if (of === undefined || original === undefined || of.firstPublisher === original.firstPublisher) continue;
    documents.set(copy, { ...of, firstPublisher: original.firstPublisher });
    const row = thing('documents', copy, sources);
    const same = { id: copy, version: Number(row['version']) };
    changeThing('documents', same, { first_publisher: original.firstPublisher }, sources, batch, sequence);
  }
  const isOf = ({ document: id }: SourcedClaim): boolean => id === entity.id || copies.has(id);
  const published = (one: SourcedClaim): SourcedClaim => {
    const { publisher: by, firstPublisher, published: on } = documents.get(one.document) ?? facts;
    return { ...one, publisher: by, firstPublisher, published: on };
  };
  changeClaims(isOf, published, sources, batch, sequence);
}

function putIncident(entity: Subject, incident: Incident, sources: Sources, batch: RowBatch, sequence: number): void {
  const { kind, method, place, time } = incident;
  const columns = {
    kind,
    method,
    place: place?.place ?? null,
    time_from: time?.from ?? null,
    time_to: time?.to ?? null,
    mentions: mentionsOfCard(incident),
    body: incident,
  };
  changeThing('incidents', entity, columns, sources, batch, sequence);
  about(entity.id, sources).subject = { id: entity.id, incident };
  settleParties(entity.id, sources, batch, sequence);
}

function putStatement(
  entity: Subject,
  statement: Statement,
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const { claims: _, ...body } = statement;
  const { document, speaker, utterance } = statement;
  changeThing('statements', entity, { document, speaker, utterance, body }, sources, batch, sequence);
}

function claimsOf(
  id: Id,
  { claims, ...statement }: Statement,
  recorded: number,
  { documents }: Sources,
): SourcedClaim[] {
  const document = documents.get(statement.document);
  if (document === undefined)
    throw new TypeError(`The document ${statement.document} of ${id} is not in the read models.`);
  return claims.map((claim, index) =>
    sourcedClaim({ id: `${id}#${index + 1}`, sequence: recorded, statementId: id, statement, claim, document }),
  );
}

/** Puts claims where they belong, and says where that is. */
function putClaims(claims: readonly SourcedClaim[], sources: Sources, batch: RowBatch, sequence: number): Set<string> {
  const touched = new Set<string>();
  for (const one of claims) {
    for (const key of settleClaim(one, sources, batch, sequence)) {
      // A joint claim may be about incidents that this record does not touch otherwise.
      const known = sources.abouts.get(key);
      if (known === undefined) continue;
      known.claims.push(one);
      if ('scope' in one.claim.about) known.subject ??= { scope: one.claim.about.scope };
      touched.add(key);
    }
  }
  return touched;
}

/** Takes claims away from whatever they are about. A joint claim stands in several places, and is one. */
function removeClaims(
  isOne: (one: SourcedClaim) => boolean,
  { abouts }: Sources,
): { claims: SourcedClaim[]; abouts: Set<string> } {
  const removed = new Map<ClaimId, SourcedClaim>();
  const touched = new Set<string>();
  for (const [key, known] of abouts) {
    const own = known.claims.filter(isOne);
    if (own.length === 0) continue;
    for (const one of own) removed.set(one.id, one);
    touched.add(key);
    known.claims = known.claims.filter((one) => !isOne(one));
  }
  return { claims: [...removed.values()], abouts: touched };
}

/** Changes claims wherever they stand, moves them where they are about something else then, and says what that touches. */
function changeClaims(
  isOne: (one: SourcedClaim) => boolean,
  change: (one: SourcedClaim) => SourcedClaim,
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): Set<string> {
  const { claims, abouts } = removeClaims(isOne, sources);
  const touched = putClaims(claims.map(change), sources, batch, sequence);
  return new Set([...abouts, ...touched]);
}

function withAbout(one: SourcedClaim, named: Claim['about']): SourcedClaim {
  return { ...one, claim: { ...one.claim, about: named } };
}

/** What the one was a part of, or held, the survivor is a part of, or holds. */
function moveTies(id: Id, into: Id, sources: Sources, batch: RowBatch, sequence: number): void {
  const own = ({ part, whole }: Row): boolean => part === id || whole === id;
  const kept = sources.ties.filter((tie) => !own(tie));
  for (const tie of sources.ties.filter(own)) {
    batch.close('ties', tie, sequence);
    const moved = {
      ...tie,
      part: tie['part'] === id ? into : tie['part'],
      whole: tie['whole'] === id ? into : tie['whole'],
    };
    if (kept.some(({ part, whole }) => part === moved.part && whole === moved.whole)) continue;
    batch.insert('ties', moved, sequence);
    kept.push(moved);
  }
  sources.ties = kept;
}

/** Two were one. The survivor's card stays as it is. */
function mergeThing(
  table: 'actors' | 'places' | 'incidents',
  entity: Subject,
  second: { entity: Id; version: number } | undefined,
  { into, reason }: { into: Id; reason: string },
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  // Whoever climbs from it comes to the survivor.
  const parent = table === 'actors' ? { part_of: into } : table === 'places' ? { inside: into } : {};
  changeThing(table, entity, { status: 'merged', reason, merged_into: into, ...parent }, sources, batch, sequence);
  if (second !== undefined) {
    changeThing(table, { id: second.entity, version: second.version }, {}, sources, batch, sequence);
  }
  sources.registers.merged.set(entity.id, into);
  // A scope that names either is the same scope now.
  changeClaims(
    () => true,
    (one) => one,
    sources,
    batch,
    sequence,
  );
}

/** Something counts no more, or counts again. */
function takeBack(
  table: ThingTable,
  entity: Subject,
  word: string,
  { reason, takesBack }: { reason: string; takesBack?: number },
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  changeThing(table, entity, takesBack === undefined ? { status: word, reason } : LIVE, sources, batch, sequence);
  if (takesBack === undefined) sources.gone.add(thingKey(table, entity.id));
  else sources.gone.delete(thingKey(table, entity.id));
}

/** Of one claim; what is judged of a line touches more, see `movedBy`. */
function recomputeJudged(judged: string, sources: Sources, batch: RowBatch, sequence: number): void {
  for (const [key, { claims }] of sources.abouts) {
    if (claims.some(({ id }) => judged === `claim ${id}`)) recompute(key, sources, batch, sequence);
  }
}

function thing(table: ThingTable, id: Id, { things }: Sources): Row {
  return things.get(thingKey(table, id)) ?? missing(table, id);
}

function missing(table: ThingTable, id: Id): never {
  throw new TypeError(`${id} is not in the read models (${table}).`);
}

/** What a thing of each kind has beside what is told of it when it is made. */
const AT_FIRST: Readonly<Record<ThingTable, Row>> = {
  actors: { merged_into: null },
  places: { merged_into: null },
  documents: {},
  statements: {},
  incidents: { merged_into: null },
  assessments: {},
};

/** The next version of a thing, new or not: what is not given stays as it was. */
function changeThing(
  table: ThingTable,
  entity: Subject,
  columns: Row,
  sources: Sources,
  batch: RowBatch,
  sequence: number,
): void {
  const key = thingKey(table, entity.id);
  const before = sources.things.get(key);
  if (before !== undefined) batch.close(table, entity as unknown as Row, sequence);
  const row = { ...(before ?? { ...LIVE, ...AT_FIRST[table] }), ...columns, id: entity.id, version: entity.version };
  batch.insert(table, row, sequence);
  sources.things.set(key, row);
}

function about(key: string, { abouts }: Sources): AboutFacts {
  let known = abouts.get(key);
  if (known === undefined) {
    known = { subject: undefined, claims: [], rows: new Map() };
    abouts.set(key, known);
  }
  return known;
}
