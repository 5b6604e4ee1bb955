/** What a fact changes in the state. Never refuses and never validates: what happened, happened. */
import { canonicalText, fingerprint } from './canonical.js';
import { documentKeys } from './documents.js';
import type { Fact } from './records.js';
import type { Countable, Entity, State } from './state.js';

export function evolve(state: State, fact: Fact): void {
  for (const [index, change] of fact.data.changes.entries()) {
    const before = state.entities.get(change.entity);
    const entity = index === 0 ? subjectAfter(fact, change.version, before) : before;
    if (entity !== undefined) state.entities.set(change.entity, { ...entity, version: change.version });
  }
  if (fact.name === 'LedgerOpened') {
    state.inForce = { codebook: fact.data.codebook, policies: fact.data.policies };
  }
  if (fact.name === 'LedgerClosed') {
    const { successor } = fact.data;
    state.closed = successor === undefined ? {} : { successor };
  }
  if (fact.name === 'DocumentRegistered') {
    const id = fact.data.changes[0]?.entity ?? '';
    for (const key of documentKeys(fact.data.document).known) {
      if (state.documents.get(key) === undefined) state.documents.set(key, id);
    }
  }
}

function subjectAfter(fact: Fact, version: number, before: Entity | undefined): Entity | undefined {
  switch (fact.name) {
    case 'LedgerOpened':
    case 'LedgerClosed':
      return { kind: 'ledger', version };
    case 'ActorRegistered':
      return { kind: 'actor', version, actorKind: fact.data.actor.kind, partOf: fact.data.actor.partOf };
    case 'PlaceRegistered':
      return { kind: 'place', version, placeKind: fact.data.place.kind };
    case 'DocumentRegistered':
      return { kind: 'document', version };
    case 'IncidentRecorded':
    case 'IncidentCorrected':
      // Correcting the card of one that was retracted brings it not back.
      return { ...(before as object), kind: 'incident', version, card: canonicalText(fact.data.incident) };
    case 'StatementRecorded':
    case 'StatementCorrected': {
      const { speaker, claims } = fact.data.statement;
      const named = claims.map(({ predicate, about }) => ({ predicate, about: canonicalText(about) }));
      const text = fingerprint(canonicalText(fact.data.statement));
      return { ...(before as object), kind: 'statement', version, speaker, claims: named, fingerprint: text };
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
        ? { ...before, ties: before.ties?.filter((tie) => tie.whole !== whole) ?? [] }
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
