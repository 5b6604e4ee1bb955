/** What a claim is about, and how acts move it to other incidents. */
import type { About, Id, Scope, SplitSide } from './vocabulary.js';

/** The incidents that a claim is about; none where it is about a scope. */
export function incidentsOf(about: About): readonly Id[] {
  if ('incident' in about) return [about.incident];
  return 'incidents' in about ? about.incidents : [];
}

/** Every id in it read as another. A claim about several incidents that turn out to be one is about that one. */
export function readAbout(about: About, read: (id: Id) => Id): About {
  if ('incident' in about) return { incident: read(about.incident) };
  if ('incidents' in about) {
    const [first, ...more] = new Set(about.incidents.map(read));
    return more.length === 0 ? { incident: first ?? '' } : { incidents: [first ?? '', ...more] };
  }
  return { scope: readScope(about.scope, read) };
}

export function readScope(scope: Scope, read: (id: Id) => Id): Scope {
  const { actor, attacker, target, places } = scope;
  return {
    ...scope,
    ...(actor !== undefined && { actor: read(actor) }),
    ...(attacker !== undefined && { attacker: read(attacker) }),
    ...(target !== undefined && { target: read(target) }),
    ...(places !== undefined && { places: [...new Set(places.map(read))] }),
  };
}

/** What it is about after its statement was reassigned. `survivor` reads what was merged. */
export function reassignedAbout(
  about: About,
  incidents: readonly { from: Id; to: Id }[],
  survivor: (id: Id) => Id,
): About {
  const toOf = (id: Id) => incidents.find(({ from }) => survivor(from) === survivor(id))?.to;
  return incidentsOf(about).some((id) => toOf(id) !== undefined) ? readAbout(about, (id) => toOf(id) ?? id) : about;
}

/** What a claim about an incident is about after that one was split: the old one, the new one, or jointly both. */
export function splitAbout(
  about: About,
  { old, created }: { old: Id; created: Id },
  to: SplitSide,
  survivor: (id: Id) => Id,
): About {
  if (to === 'old') return about;
  if (to === 'new') return readAbout(about, (id) => (survivor(id) === old ? created : id));
  return { incidents: [...incidentsOf(about), created] };
}
