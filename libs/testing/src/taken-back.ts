/** What counts no more, worked out from the records alone: beside the projection, for properties that compare the two. */
import type { Id, LedgerRecord, SourcedClaim } from '#domain';

/** Ids, which are unique over all kinds of things. */
export function takenBack(records: readonly LedgerRecord[]): ReadonlySet<Id> {
  const gone = new Set<Id>();
  for (const { name, data } of records) {
    if (name !== 'StatementRetracted' && name !== 'IncidentRetracted' && name !== 'DocumentWithdrawn') continue;
    const id = data.changes[0]?.entity ?? '';
    if (data.takesBack === undefined) gone.add(id);
    else gone.delete(id);
  }
  return gone;
}

/** A claim, as one about that incident or scope, with why it counts no more. */
export function withFate(claim: SourcedClaim, about: string, gone: ReadonlySet<Id>): SourcedClaim {
  if (gone.has(about)) return { ...claim, setAside: 'incident-not-live' };
  if (gone.has(claim.statement)) return { ...claim, setAside: 'statement-retracted' };
  if (gone.has(claim.document)) return { ...claim, setAside: 'document-withdrawn' };
  return claim;
}
