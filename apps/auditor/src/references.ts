/** What a record names: things that must be there before it, each of its kind, and claims by their number. */
import { incidentsOf, type Claim, type ClaimId, type EntityKind, type Fact, type Id, type Quantity } from '#domain';

export interface Named {
  kind: EntityKind;
  id: Id;
}

/** What the first that changes is, and whether the record makes it. */
const SUBJECTS: Readonly<Record<Fact['name'], { kind: EntityKind; isNew?: true }>> = {
  LedgerOpened: { kind: 'ledger', isNew: true },
  LedgerAdopted: { kind: 'ledger' },
  LedgerClosed: { kind: 'ledger' },
  ActorRegistered: { kind: 'actor', isNew: true },
  ActorCorrected: { kind: 'actor' },
  ActorReparented: { kind: 'actor' },
  ActorMerged: { kind: 'actor' },
  PlaceRegistered: { kind: 'place', isNew: true },
  PlaceCorrected: { kind: 'place' },
  PlaceReparented: { kind: 'place' },
  PlaceMerged: { kind: 'place' },
  DocumentRegistered: { kind: 'document', isNew: true },
  DocumentCorrected: { kind: 'document' },
  DocumentVersioned: { kind: 'document' },
  DocumentWithdrawn: { kind: 'document' },
  DocumentUnreachable: { kind: 'document' },
  IncidentRecorded: { kind: 'incident', isNew: true },
  IncidentCorrected: { kind: 'incident' },
  IncidentMerged: { kind: 'incident' },
  IncidentSplit: { kind: 'incident' },
  IncidentRetracted: { kind: 'incident' },
  IncidentTied: { kind: 'incident' },
  IncidentUntied: { kind: 'incident' },
  StatementRecorded: { kind: 'statement', isNew: true },
  StatementCorrected: { kind: 'statement' },
  StatementReassigned: { kind: 'statement' },
  StatementRetracted: { kind: 'statement' },
  AssessmentRecorded: { kind: 'assessment', isNew: true },
  AssessmentRetracted: { kind: 'assessment' },
};

/** Of the things that change, what each is, by their order in `changes`. */
export function kindOfChange({ name }: Fact, index: number): { kind: EntityKind; isNew: boolean } {
  const subject = SUBJECTS[name];
  if (name !== 'IncidentSplit' || index === 0) return { kind: subject.kind, isNew: subject.isNew === true };
  return index === 1 ? { kind: 'incident', isNew: true } : { kind: 'statement', isNew: false };
}

/** Everything that a record names beside what it changes. */
export function* namedBy({ name, data }: Fact): Generator<Named> {
  if ('actor' in data) yield* some('actor', data.actor.partOf);
  if ('partOf' in data) yield* some('actor', data.partOf);
  if ('place' in data) {
    yield* some('place', data.place.inside);
    yield* some('actor', data.place.state);
  }
  if ('inside' in data) yield* some('place', data.inside);
  if ('document' in data) {
    yield* some('actor', data.document.publisher);
    yield* some('document', data.document.copyOf);
  }
  if ('dropped' in data) yield* some('statement', ...data.dropped);
  if ('incident' in data) {
    yield* some('place', data.incident.place?.place);
    yield* some('actor', ...data.incident.parties.map(({ actor }) => actor));
  }
  if ('into' in data) yield* some(SUBJECTS[name].kind, data.into);
  if ('tie' in data) yield* some('incident', data.tie.whole);
  if ('whole' in data) yield* some('incident', data.whole);
  if ('incidents' in data) yield* some('incident', ...(data.incidents ?? []).flatMap(({ from, to }) => [from, to]));
  if ('assessment' in data) {
    const { about, by } = data.assessment;
    yield* some('actor', by, 'line' in about ? about.line.replace(/^unnamed@/, '') : undefined);
  }
  if ('statement' in data) {
    const { document, speaker, onBehalfOf, chain = [], claims } = data.statement;
    yield* some('document', document);
    yield* some('actor', speaker, onBehalfOf, ...chain);
    for (const claim of claims) yield* namedByClaim(claim);
  }
}

function* some(kind: EntityKind, ...ids: readonly (Id | undefined)[]): Generator<Named> {
  for (const id of ids) if (id !== undefined) yield { kind, id };
}

function* namedByClaim(claim: Claim): Generator<Named> {
  yield* some('incident', ...incidentsOf(claim.about));
  if ('scope' in claim.about) {
    const { actor, attacker, target, places = [] } = claim.about.scope;
    yield* some('actor', actor, attacker, target);
    yield* some('place', ...places);
  }
  yield* some('actor', claim.who?.of, ...(claim.parts ?? []).map(({ who }) => who.of));
  if (claim.value === undefined) return;
  if (claim.predicate === 'responsibility') yield* some('actor', claim.value.actor);
  if (claim.predicate === 'place') yield* some('place', claim.value.place);
  if (claim.predicate === 'relation' && 'incident' in claim.value.to) yield* some('incident', claim.value.to.incident);
}

/** The claims that a record names. */
export function claimsNamedBy({ data }: Fact): ClaimId[] {
  const named: (ClaimId | undefined)[] = [];
  if ('claims' in data) named.push(...data.claims.map(({ claim }) => claim));
  if ('assessment' in data && 'claim' in data.assessment.about) named.push(data.assessment.about.claim);
  if ('statement' in data) {
    for (const claim of data.statement.claims) {
      const { value, retracts, parts = [] } = claim;
      named.push(retracts, ...parts.map((part) => part.value.from));
      if (value === undefined) continue;
      if (claim.predicate === 'damage') named.push(...(claim.value?.items ?? []).map(({ from }) => from));
      else if ('from' in value && claim.predicate !== 'time') named.push((value as Quantity).from);
    }
  }
  return named.filter((one) => one !== undefined);
}
