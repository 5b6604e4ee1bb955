/** The registers: who and where, so that tallies do not hang on spelling. What changes here moves numbers. */
import { canonicalText, fingerprint } from './canonical.js';
import type {
  Command,
  CorrectActor,
  CorrectPlace,
  MergeActor,
  MergePlace,
  RegisterActor,
  RegisterPlace,
  ReparentActor,
  ReparentPlace,
} from './commands.js';
import type { Fact } from './records.js';
import { isInside, isPartOf, type Registers } from './registers.js';
import { Rejected } from './rejected.js';
import { expectPoint, requireKind, requireNew, requireToChange, requireTwo, survivorOf } from './rules.js';
import type { State } from './state.js';
import type { Actor, Id, Place } from './vocabulary.js';

type Expecting = Pick<Command, 'expect'>;

export function registerActor(state: State, { id, actor }: RegisterActor): Fact {
  requireNew(state, id);
  if (actor.partOf !== undefined) requireKind(state, actor.partOf, 'actor', '/partOf');
  return { name: 'ActorRegistered', data: { changes: [{ entity: id, version: 1 }], actor } };
}

export function registerPlace(state: State, { id, place }: RegisterPlace): Fact {
  requireNew(state, id);
  checkPlace(state, place);
  return { name: 'PlaceRegistered', data: { changes: [{ entity: id, version: 1 }], place } };
}

/** Replaces the whole card, save what it is a part of. A card that says the same already is no change. */
export function correctActor(state: State, { id, actor, reason, expect }: CorrectActor & Expecting): Fact | null {
  const { version, partOf, fingerprint: before } = requireToChange(state, id, 'actor', expect);
  requireSameParent(state, actor.partOf, partOf, '/partOf');
  if (fingerprint(canonicalText(actor)) === before) return null;
  return { name: 'ActorCorrected', data: { changes: [{ entity: id, version: version + 1 }], actor, reason } };
}

export function correctPlace(state: State, { id, place, reason, expect }: CorrectPlace & Expecting): Fact | null {
  const { version, inside, fingerprint: before } = requireToChange(state, id, 'place', expect);
  requireSameParent(state, place.inside, inside, '/inside');
  checkPlace(state, place);
  if (fingerprint(canonicalText(place)) === before) return null;
  return { name: 'PlaceCorrected', data: { changes: [{ entity: id, version: version + 1 }], place, reason } };
}

export function reparentActor(state: State, command: ReparentActor & Expecting): Fact | null {
  const { id, partOf, reason } = command;
  const current = requireToChange(state, id, 'actor', command.expect);
  if (partOf !== undefined) {
    requireKind(state, partOf, 'actor', '/partOf');
    if (isPartOf(survivorOf(state, partOf), id, registersOf(state))) throw circle(id, partOf, '/partOf');
  }
  if (partOf === current.partOf) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'ActorReparented', data: { changes, ...(partOf !== undefined && { partOf }), reason } };
}

export function reparentPlace(state: State, command: ReparentPlace & Expecting): Fact | null {
  const { id, inside, reason } = command;
  const current = requireToChange(state, id, 'place', command.expect);
  if (inside !== undefined) {
    requireKind(state, inside, 'place', '/inside');
    if (isInside(survivorOf(state, inside), id, registersOf(state))) throw circle(id, inside, '/inside');
  }
  if (inside === current.inside) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'PlaceReparented', data: { changes, ...(inside !== undefined && { inside }), reason } };
}

/** Two entries were one actor: what names the first is read as naming the second. */
export function mergeActor(state: State, command: MergeActor & Expecting): Fact {
  const { id, into, reason } = command;
  const { changes } = requireTwo(state, command, 'actor', command.expect);
  if (isPartOf(into, id, registersOf(state))) throw circle(id, into, '/into');
  return { name: 'ActorMerged', data: { changes, into, reason } };
}

export function mergePlace(state: State, command: MergePlace & Expecting): Fact {
  const { id, into, reason } = command;
  const { changes } = requireTwo(state, command, 'place', command.expect);
  if (isInside(into, id, registersOf(state))) throw circle(id, into, '/into');
  return { name: 'PlaceMerged', data: { changes, into, reason } };
}

function checkPlace(state: State, place: Place): void {
  if (place.inside !== undefined) requireKind(state, place.inside, 'place', '/inside');
  if (place.state !== undefined) requireKind(state, place.state, 'actor', '/state');
  expectPoint(place.point, place.kind, '/point');
}

/** A parent that was merged since may be called by either name. */
function requireSameParent(state: State, parent: Id | undefined, current: Id | undefined, pointer: string): void {
  const read = (id: Id | undefined): Id | undefined => id && survivorOf(state, id);
  if (read(parent) === read(current)) return;
  throw new Rejected(
    'does-not-fit',
    `A correction leaves the parent as it is (${current ?? 'none'}): to change it, use the act reparent.`,
    pointer,
  );
}

function circle(id: Id, other: Id, pointer: string): Rejected {
  const reason = id === other ? 'is the same one' : `belongs to ${id} itself`;
  return new Rejected('contradiction', `${other} ${reason}: nothing can contain what contains it.`, pointer);
}

/** The registers as far as the state keeps them: kinds and parents, not names. */
export function registersOf(state: State): Registers {
  const survivor = (id: Id | undefined) => (id === undefined ? undefined : survivorOf(state, id));
  return {
    actor(id) {
      const entity = state.entities.get(survivorOf(state, id));
      if (entity?.kind !== 'actor') return undefined;
      const partOf = survivor(entity.partOf);
      return { kind: entity.actorKind, names: [], ...(partOf !== undefined && { partOf }) } satisfies Actor;
    },
    place(id) {
      const entity = state.entities.get(survivorOf(state, id));
      if (entity?.kind !== 'place') return undefined;
      const inside = survivor(entity.inside);
      return { kind: entity.placeKind, names: [], ...(inside !== undefined && { inside }) } satisfies Place;
    },
  };
}
