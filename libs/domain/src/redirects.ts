/**
 * What was merged is read as what it was merged into, for ever, wherever it is named (docs/codebook.md, section 6). The
 * records keep the names that they were written with; whoever counts reads them through here.
 */
import { readAbout } from './abouts.js';
import type { Claim, Id, Incident, Who } from './vocabulary.js';

/** What an id stands for: itself or, where it was merged, the survivor at the end of all mergers. */
export type Survivor = (id: Id) => Id;

export function survivorIn(merged: { get(id: Id): Id | undefined }): Survivor {
  return (id) => {
    let survivor = id;
    // Ends: a merger into what was merged itself is refused, so there are no rings.
    for (let next = merged.get(survivor); next !== undefined; next = merged.get(survivor)) survivor = next;
    return survivor;
  };
}

/** What a statement says beside its claims, as far as figures hang on it. */
export interface Said {
  speaker: Id;
  onBehalfOf?: Id;
  chain?: readonly Id[];
}

export function readSaid<S extends Said>(said: S, survivor: Survivor): S {
  const { speaker, onBehalfOf, chain } = said;
  return {
    ...said,
    speaker: survivor(speaker),
    ...(onBehalfOf !== undefined && { onBehalfOf: survivor(onBehalfOf) }),
    ...(chain !== undefined && { chain: chain.map(survivor) }),
  };
}

export function readClaim(claim: Claim, survivor: Survivor): Claim {
  const { who, parts } = claim;
  return {
    ...claim,
    about: readAbout(claim.about, survivor),
    ...(who !== undefined && { who: readWho(who, survivor) }),
    ...(parts !== undefined && { parts: parts.map((part) => ({ ...part, who: readWho(part.who, survivor) })) }),
    ...(claim.value !== undefined && { value: readValue(claim, survivor) }),
  } as Claim;
}

function readWho(who: Who, survivor: Survivor): Who {
  return who.of === undefined ? who : { ...who, of: survivor(who.of) };
}

function readValue(claim: Claim, survivor: Survivor): Claim['value'] {
  switch (claim.predicate) {
    case 'responsibility':
      return claim.value && { ...claim.value, actor: survivor(claim.value.actor) };
    case 'place':
      return claim.value && { ...claim.value, place: survivor(claim.value.place) };
    case 'relation':
      if (claim.value === undefined || !('incident' in claim.value.to)) return claim.value;
      return { ...claim.value, to: { incident: survivor(claim.value.to.incident) } };
    default:
      return claim.value;
  }
}

/** The card; two parties that turned out to be one stand there once. */
export function readIncident(incident: Incident, survivor: Survivor): Incident {
  const { place } = incident;
  const parties = new Map(
    incident.parties.map(({ actor, side }) => [`${side} ${survivor(actor)}`, { actor: survivor(actor), side }]),
  );
  return {
    ...incident,
    ...(place !== undefined && { place: { ...place, place: survivor(place.place) } }),
    parties: [...parties.values()],
  };
}
