/** What actors, places, documents and claims are to the tables: the registers of one moment, and claims with their sources. */
import { createHash } from 'node:crypto';
import {
  incidentsOf,
  scopeKey,
  survivorIn,
  type Actor,
  type AssessmentAbout,
  type Claim,
  type Document,
  type Id,
  type Incident,
  type Place,
  type Registers,
  type SourcedClaim,
  type Statement,
  type Survivor,
  type Who,
} from '#domain';

/** Actors and places as of one record, and what was merged by then. */
export interface RegisterCards extends Registers {
  readonly actors: Map<Id, Actor>;
  readonly places: Map<Id, Place>;
  /** What was merged into what: of actors and places all, of incidents those that were asked about. */
  readonly merged: Map<Id, Id>;
  readonly survivor: Survivor;
}

export function registerCards(
  actors: Map<Id, Actor>,
  places: Map<Id, Place>,
  merged: Map<Id, Id> = new Map(),
): RegisterCards {
  const survivor = survivorIn(merged);
  return {
    actors,
    places,
    merged,
    survivor,
    actor(id) {
      const card = actors.get(survivor(id));
      return card?.partOf === undefined || merged.size === 0 ? card : { ...card, partOf: survivor(card.partOf) };
    },
    place(id) {
      const card = places.get(survivor(id));
      if (card === undefined || merged.size === 0) return card;
      const { inside, state } = card;
      return {
        ...card,
        ...(inside !== undefined && { inside: survivor(inside) }),
        ...(state !== undefined && { state: survivor(state) }),
      };
    },
  };
}

/**
 * Every id whose line, voice or whereabouts hang on one of these: what belongs to it, straight or by others, what was
 * merged into any of it and, of a state, the places that are its country.
 */
export function dependentsOf(ids: readonly Id[], { actors, places, merged }: RegisterCards): Set<Id> {
  const dependents = new Map<Id, Id[]>();
  const note = (on: Id | undefined, id: Id): void => {
    if (on !== undefined) dependents.set(on, [...(dependents.get(on) ?? []), id]);
  };
  for (const [id, { partOf }] of actors) note(partOf, id);
  for (const [id, { inside, state }] of places) {
    note(inside, id);
    note(state, id);
  }
  for (const [id, into] of merged) note(into, id);
  const found = new Set<Id>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(dependents.get(id) ?? []));
  }
  return found;
}

/** What the figures need to know of a document. */
export interface DocumentFacts {
  publisher: Id;
  /** That of the original where the document is a copy. */
  firstPublisher: Id;
  copyOf: Id | undefined;
  published: { from: string; to: string } | null;
}

export function documentFacts(document: Document, documents: ReadonlyMap<Id, DocumentFacts>): DocumentFacts {
  const original = document.copyOf === undefined ? undefined : documents.get(document.copyOf);
  return {
    publisher: document.publisher,
    firstPublisher: original?.firstPublisher ?? document.publisher,
    copyOf: document.copyOf,
    published: document.published ?? null,
  };
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

/** What a claim's figures hang on: its incident (each of several, where it is a joint claim) or its scope. */
export function aboutsOf({ about: named }: Claim): string[] {
  return 'scope' in named ? [`scope ${short(scopeKey(named.scope))}`] : [...incidentsOf(named)];
}

/** The ids of all that the figures of a claim hang on, as they were recorded. */
export function mentionsOf(one: SourcedClaim): string[] {
  const { claim, speaker, onBehalfOf, chain, document, publisher, firstPublisher } = one;
  const scope = 'scope' in claim.about ? claim.about.scope : undefined;
  return sortedIds([
    document,
    // Whether a document is the speaker's own decides which reading is kept.
    publisher,
    firstPublisher,
    speaker,
    onBehalfOf,
    chain?.[0],
    claim.who?.of,
    ...(claim.parts ?? []).map(({ who }) => who.of),
    ...(claim.predicate === 'responsibility' ? [claim.value?.actor] : []),
    ...(claim.predicate === 'place' ? [claim.value?.place] : []),
    relatedIncident(claim),
    scope?.actor,
    scope?.attacker,
    scope?.target,
    ...(scope?.places ?? []),
  ]);
}

/** The incident that a claim relates its own to, where it is one. */
export function relatedIncident(claim: Claim): Id | undefined {
  if (claim.predicate !== 'relation' || claim.value === undefined) return undefined;
  return 'incident' in claim.value.to ? claim.value.to.incident : undefined;
}

/** The same of a card. */
export function mentionsOfCard({ parties, place }: Incident): string[] {
  return sortedIds([...parties.map(({ actor }) => actor), place?.place]);
}

function sortedIds(ids: readonly (Id | undefined)[]): Id[] {
  return [...new Set(ids.filter((id) => id !== undefined))].sort();
}

/** How `about` stands in the table of assessments. */
export function assessedKey(assessed: AssessmentAbout): string {
  return 'claim' in assessed ? `claim ${assessed.claim}` : `line ${assessed.line}`;
}

/** An entry of an index holds some 2,700 bytes; the text itself stands in the row's `detail`, or in the claim. */
const INDEXED_BYTES_MAX = 200;

/** The text, or what stands for it in an index where it is long. */
export function short(text: string): string {
  return Buffer.byteLength(text) <= INDEXED_BYTES_MAX
    ? text
    : `sha256:${createHash('sha256').update(text).digest('base64url')}`;
}

/** "side/category/of", empty for anybody: how `who` stands in the tables. */
export function whoKey(who: Who | undefined): string {
  const parts = [who?.side ?? '', who?.category ?? '', who?.of ?? ''];
  return parts.join('/') === '//' ? '' : parts.join('/');
}
