/** The rules that several acts share. Each throws Rejected with the place in the act's body that is to blame. */
import { Rejected } from './rejected.js';
import type { Countable, Entity, EntityKind, State } from './state.js';
import type { Expectation } from './commands.js';
import type { Change } from './records.js';
import { survivorIn } from './redirects.js';
import { firstSecondOf, lastSecondOf } from './times.js';
import type { Id, LocalTime, PlaceKind, Point } from './vocabulary.js';

export function requireNew(state: State, id: Id, pointer = '/id'): void {
  const taken = state.entities.get(id);
  if (taken !== undefined) {
    throw new Rejected(
      'id-taken',
      `The id ${id} belongs to a ${taken.kind} of this ledger: choose another, or leave it out and one is made.`,
      pointer,
      { entity: id, kind: taken.kind },
    );
  }
}

/** What an id stands for: where it was merged, what it was merged into. */
export function survivorOf(state: State, id: Id): Id {
  return survivorIn({ get: (one) => mergedInto(state.entities.get(one)) })(id);
}

function mergedInto(entity: Entity | undefined): Id | undefined {
  return entity !== undefined && 'mergedInto' in entity ? entity.mergedInto : undefined;
}

/** What an act names, which exists; where it was merged, the survivor. */
export function requireKind<K extends EntityKind>(
  state: State,
  id: Id,
  kind: K,
  pointer: string,
): Extract<Entity, { kind: K }> {
  const entity = state.entities.get(survivorOf(state, id));
  if (entity === undefined) {
    throw new Rejected('unknown-reference', `There is no ${kind} ${id} in this ledger: record it first.`, pointer, {
      id,
    });
  }
  if (entity.kind !== kind) {
    throw new Rejected('wrong-kind-of-reference', `${id} is a ${entity.kind}, but a ${kind} is needed here.`, pointer, {
      id,
    });
  }
  return entity as Extract<Entity, { kind: K }>;
}

/** The entity that an act is about to change, with the version that the sender must have seen. */
export function requireToChange<K extends EntityKind>(
  state: State,
  id: Id,
  kind: K,
  expected: readonly Expectation[] | undefined,
): Extract<Entity, { kind: K }> {
  const entity = state.entities.get(id);
  if (entity === undefined || entity.kind !== kind) {
    throw new Rejected('unknown-entity', `There is no ${kind} ${id} in this ledger.`, undefined, { id });
  }
  if (!expected?.some((one) => one.entity === id)) {
    throw new Rejected(
      'expect-required',
      `Say which version of ${id} you have seen: If-Match: "<version>", or expect: [{"entity":"${id}","version":…}].`,
      '/expect',
      { entity: id },
    );
  }
  if (mergedInto(entity) !== undefined) {
    const survivor = survivorOf(state, id);
    throw new Rejected('merged', `${id} was merged, and is read as ${survivor}: change that one.`, undefined, {
      id,
      mergedInto: survivor,
    });
  }
  return entity as Extract<Entity, { kind: K }>;
}

type MergeableKind = Extract<Entity, { mergedInto?: unknown }>['kind'];

/** The two of a merger: neither was merged before, and both as the sender has seen them. */
export function requireTwo<K extends MergeableKind>(
  state: State,
  { id, into }: { id: Id; into: Id },
  kind: K,
  expected: readonly Expectation[] | undefined,
): { one: Extract<Entity, { kind: K }>; survivor: Extract<Entity, { kind: K }>; changes: Change[] } {
  requireKind(state, into, kind, '/into');
  if (survivorOf(state, into) === id) {
    const reason = into === id ? 'is the same one' : `was merged into ${id}`;
    throw new Rejected('contradiction', `${into} ${reason}: nothing is merged in a circle.`, '/into');
  }
  const one = requireToChange(state, id, kind, expected);
  const survivor = requireToChange(state, into, kind, expected);
  const nextOf = (entity: Id): Change => ({ entity, version: (state.entities.get(entity)?.version ?? 0) + 1 });
  return { one, survivor, changes: [nextOf(id), nextOf(into)] };
}

/**
 * The version that something gets by being taken back or, with `takesBack`, by having that taken back. Every kind of thing
 * is taken back in the same way: a retraction of a retraction brings it back, and there is no act of its own for it.
 */
export function takingBack(
  { kind, version, goneSince }: Countable,
  { id, takesBack }: { id: Id; takesBack?: number },
  word: string,
): number {
  if (takesBack === undefined && goneSince !== undefined) {
    throw new Rejected(
      'already-so',
      `The ${kind} ${id} was ${word} with its version ${goneSince} already. To bring it back, take that back: "takesBack": ${goneSince}.`,
      undefined,
      { id, goneSince },
    );
  }
  if (takesBack !== undefined && takesBack !== goneSince) {
    const reason =
      goneSince === undefined
        ? `The ${kind} ${id} is not ${word}, so nothing can be taken back.`
        : `The ${kind} ${id} was ${word} with its version ${goneSince}, not with ${takesBack}.`;
    throw new Rejected('already-so', reason, '/takesBack', { id, ...(goneSince !== undefined && { goneSince }) });
  }
  return version + 1;
}

/** Whatever the sender says it has seen must still be so. */
export function requireExpected(state: State, expected: readonly Expectation[] | undefined): void {
  const stale = (expected ?? []).filter((one) => (state.entities.get(one.entity)?.version ?? 0) !== one.version);
  if (stale.length === 0) return;
  const current = stale.map(({ entity }) => ({ entity, version: state.entities.get(entity)?.version ?? 0 }));
  throw new Rejected(
    'wrong-version',
    `Changed since you read it: ${current.map((one) => `${one.entity} is at version ${one.version}`).join(', ')}. Read it again, then decide again.`,
    '/expect',
    { current },
  );
}

/** An interval must not end before it begins. */
export function expectSpan(span: { from?: LocalTime; to?: LocalTime } | undefined, pointer: string): void {
  if (span?.from === undefined || span.to === undefined) return;
  if (lastSecondOf(span.to) < firstSecondOf(span.from)) {
    throw new Rejected('contradiction', `The end ${span.to} is before the start ${span.from}.`, `${pointer}/to`);
  }
}

/** A point is on the globe, and of a site or a town: a larger place is drawn as an area, never as a pin. */
export function expectPoint(point: Point | undefined, placeKind: PlaceKind, pointer: string): void {
  if (point === undefined) return;
  if (!(Math.abs(point.lat) <= 90)) {
    throw new Rejected('contradiction', `Latitude ${point.lat} is off the globe (-90 to 90).`, `${pointer}/lat`);
  }
  if (!(Math.abs(point.lon) <= 180)) {
    throw new Rejected('contradiction', `Longitude ${point.lon} is off the globe (-180 to 180).`, `${pointer}/lon`);
  }
  if (placeKind === 'site' || placeKind === 'town') return;
  throw new Rejected(
    'does-not-fit',
    `A point belongs to a site or a town, not to a ${placeKind}: register the site, or leave the point out.`,
    pointer,
  );
}
