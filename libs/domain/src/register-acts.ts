/** The registers: who and where, so that tallies do not hang on spelling. */
import type { RegisterActor, RegisterPlace } from './commands.js';
import type { Fact } from './records.js';
import { expectPoint, requireKind, requireNew } from './rules.js';
import type { State } from './state.js';

export function registerActor(state: State, { id, actor }: RegisterActor): Fact {
  requireNew(state, id);
  if (actor.partOf !== undefined) requireKind(state, actor.partOf, 'actor', '/partOf');
  return { name: 'ActorRegistered', data: { changes: [{ entity: id, version: 1 }], actor } };
}

export function registerPlace(state: State, { id, place }: RegisterPlace): Fact {
  requireNew(state, id);
  if (place.inside !== undefined) requireKind(state, place.inside, 'place', '/inside');
  if (place.state !== undefined) requireKind(state, place.state, 'actor', '/state');
  expectPoint(place.point, place.kind, '/point');
  return { name: 'PlaceRegistered', data: { changes: [{ entity: id, version: 1 }], place } };
}
