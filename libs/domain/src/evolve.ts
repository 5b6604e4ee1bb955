/** What a fact changes in the state. Never refuses and never validates: what happened, happened. */
import { reassignedAbout, splitAbout } from './abouts.js';
import { canonicalText, fingerprint } from './canonical.js';
import { documentKeys } from './documents.js';
import type { Change, Fact } from './records.js';
import { survivorOf } from './rules.js';
import type { Countable, Entity, State } from './state.js';
import type { About, Document, Id } from './vocabulary.js';

/**
 * Raised with every change of what a record makes of a state, so that no state that an older version has kept is gone on
 * with (test: evolve.spec.ts).
 */
export const EVOLVE_VERSION = 1;

export function evolve(state: State, fact: Fact): void {
  for (const [index, change] of fact.data.changes.entries()) {
    const before = state.entities.get(change.entity);
    const entity = index === 0 ? subjectAfter(state, fact, change, before) : otherAfter(state, fact, change, before);
    if (entity !== undefined) state.entities.set(change.entity, { ...entity, version: change.version });
  }
  if (fact.name === 'LedgerOpened' || fact.name === 'LedgerAdopted') {
    state.inForce = { codebook: fact.data.codebook, policies: fact.data.policies };
  }
  if (fact.name === 'LedgerClosed') {
    const { successor } = fact.data;
    state.closed = successor === undefined ? {} : { successor };
  }
}

/** What the other entities of a record become; most records have one only. */
function otherAfter(
  state: State,
  fact: Fact,
  { entity, version }: Change,
  before: Entity | undefined,
): Entity | undefined {
  const [subject] = fact.data.changes;
  if (fact.name === 'IncidentMerged' && before?.kind === 'incident') {
    const merged = state.entities.get(subject?.entity ?? '');
    // What the other was a part of, this one is now.
    const ties = [...(before.ties ?? []), ...((merged?.kind === 'incident' && merged.ties) || [])];
    return ties.length === 0 ? before : { ...before, ties };
  }
  if (fact.name !== 'IncidentSplit') return before;
  if (before === undefined) return { kind: 'incident', version, fingerprint: told(fact.data.incident) };
  if (before.kind !== 'statement') return before;
  const survivor = (id: Id) => survivorOf(state, id);
  const split = { old: subject?.entity ?? '', created: fact.data.changes[1]?.entity ?? '' };
  const claims = before.claims.map((claim, index) => {
    const to = fact.data.claims.find((one) => one.claim === `${entity}#${index + 1}`)?.to ?? 'old';
    return { ...claim, about: canonicalText(splitAbout(JSON.parse(claim.about) as About, split, to, survivor)) };
  });
  return { ...before, claims, fingerprint: MOVED };
}

/** What a statement is told by when its claims were moved: whatever it is corrected to is a change. */
const MOVED = '';

function told(card: unknown): string {
  return fingerprint(canonicalText(card));
}

/** A document is found by its newest description and, where that was no error, by those before it. */
function findBy(state: State, id: Id, document: Document, toForget: readonly string[]): readonly string[] {
  const { known } = documentKeys(document);
  for (const key of toForget) if (state.documents.get(key) === id) state.documents.set(key, null);
  for (const key of known) state.documents.set(key, state.documents.get(key) ?? id);
  return known;
}

function subjectAfter(
  state: State,
  fact: Fact,
  { entity, version }: Change,
  before: Entity | undefined,
): Entity | undefined {
  switch (fact.name) {
    case 'LedgerOpened':
    case 'LedgerAdopted':
    case 'LedgerClosed':
      return { kind: 'ledger', version };
    case 'ActorRegistered':
    case 'ActorCorrected': {
      const { actor } = fact.data;
      return { kind: 'actor', version, actorKind: actor.kind, partOf: actor.partOf, fingerprint: told(actor) };
    }
    case 'PlaceRegistered':
    case 'PlaceCorrected': {
      const { place } = fact.data;
      return { kind: 'place', version, placeKind: place.kind, inside: place.inside, fingerprint: told(place) };
    }
    case 'ActorReparented':
      return before?.kind === 'actor' ? { ...before, partOf: fact.data.partOf, fingerprint: MOVED } : before;
    case 'PlaceReparented':
      return before?.kind === 'place' ? { ...before, inside: fact.data.inside, fingerprint: MOVED } : before;
    case 'ActorMerged':
    case 'PlaceMerged':
    case 'IncidentMerged':
      return before === undefined ? undefined : ({ ...before, mergedInto: fact.data.into } as Entity);
    case 'DocumentRegistered':
    case 'DocumentCorrected':
    case 'DocumentVersioned': {
      const { document } = fact.data;
      const old = before?.kind === 'document' && fact.name === 'DocumentCorrected' ? before.keys : [];
      const keys = findBy(state, entity, document, old);
      const { copyOf } = document;
      return { ...(before as object), kind: 'document', version, keys, copyOf, fingerprint: told(document) };
    }
    case 'IncidentRecorded':
    case 'IncidentCorrected':
      // Correcting the card of one that was retracted brings it not back.
      return { ...(before as object), kind: 'incident', version, fingerprint: told(fact.data.incident) };
    case 'IncidentSplit':
      return before;
    case 'StatementRecorded':
    case 'StatementCorrected': {
      const { document, speaker, claims } = fact.data.statement;
      const named = claims.map(({ predicate, about }) => ({ predicate, about: canonicalText(about) }));
      const text = told(fact.data.statement);
      return {
        ...(before as object),
        kind: 'statement',
        version,
        document,
        speaker,
        claims: named,
        fingerprint: text,
      };
    }
    case 'StatementReassigned': {
      if (before?.kind !== 'statement') return before;
      const { incidents = [] } = fact.data;
      const survivor = (id: Id) => survivorOf(state, id);
      const claims = before.claims.map((claim) => ({
        ...claim,
        about: canonicalText(reassignedAbout(JSON.parse(claim.about) as About, incidents, survivor)),
      }));
      return { ...before, claims, fingerprint: MOVED };
    }
    case 'StatementRetracted':
    case 'IncidentRetracted':
    case 'DocumentWithdrawn':
    case 'AssessmentRetracted':
      return before === undefined
        ? undefined
        : { ...(before as Countable), goneSince: fact.data.takesBack === undefined ? version : undefined };
    case 'IncidentTied':
      return before?.kind === 'incident' ? { ...before, ties: [...(before.ties ?? []), fact.data.tie] } : before;
    case 'IncidentUntied': {
      const { whole } = fact.data;
      return before?.kind === 'incident'
        ? {
            ...before,
            ties: before.ties?.filter((tie) => survivorOf(state, tie.whole) !== survivorOf(state, whole)) ?? [],
          }
        : before;
    }
    case 'AssessmentRecorded':
      return { kind: 'assessment', version };
    case 'DocumentUnreachable':
      return before?.kind === 'document' ? { ...before, unreachable: true } : before;
    default:
      return fact satisfies never;
  }
}
