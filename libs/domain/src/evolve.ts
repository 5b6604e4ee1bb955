/** What a fact changes in the state. Never refuses and never validates: what happened, happened. */
import { canonicalText } from './canonical.js';
import { documentKeys } from './documents.js';
import type { Fact } from './records.js';
import type { Entity, State } from './state.js';

export function evolve(state: State, fact: Fact): void {
  for (const [index, change] of fact.data.changes.entries()) {
    const entity = index === 0 ? subjectAfter(fact, change.version) : state.entities.get(change.entity);
    if (entity !== undefined) state.entities.set(change.entity, { ...entity, version: change.version });
  }
  if (fact.name === 'LedgerOpened') {
    state.inForce = { codebook: fact.data.codebook, policies: fact.data.policies };
  }
  if (fact.name === 'DocumentRegistered') {
    const id = fact.data.changes[0]?.entity ?? '';
    for (const key of documentKeys(fact.data.document).known) {
      if (state.documents.get(key) === undefined) state.documents.set(key, id);
    }
  }
}

function subjectAfter(fact: Fact, version: number): Entity {
  switch (fact.name) {
    case 'LedgerOpened':
      return { kind: 'ledger', version };
    case 'ActorRegistered':
      return { kind: 'actor', version };
    case 'PlaceRegistered':
      return { kind: 'place', version, placeKind: fact.data.place.kind };
    case 'DocumentRegistered':
      return { kind: 'document', version };
    case 'IncidentRecorded':
    case 'IncidentCorrected':
      return { kind: 'incident', version, card: canonicalText(fact.data.incident) };
    case 'StatementRecorded': {
      const { speaker, claims } = fact.data.statement;
      const named = claims.map(({ predicate, about }) => ({ predicate, about: canonicalText(about) }));
      return { kind: 'statement', version, speaker, claims: named };
    }
    default:
      return fact satisfies never;
  }
}
