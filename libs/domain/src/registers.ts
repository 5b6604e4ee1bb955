/**
 * What the registers of actors and places say: whose voice a speaker is (docs/codebook.md, section 1), who speaks
 * officially (section 8, step 4), what lies inside what. Look-ups only: nothing here knows claims or figures.
 */
import type { Actor, ActorKind, Id, Place, PlaceKind } from './vocabulary.js';

/** Actors and places as registered at one moment. */
export interface Registers {
  actor(id: Id): Actor | undefined;
  place(id: Id): Place | undefined;
}

/** Whose voice a claim is. */
export interface Voice {
  /** The line, or `unnamed@<first publisher>`. */
  line: string;
  official: boolean;
  unnamed: boolean;
  /** Gathers what others said, as UCDP does: heard only where nobody else speaks. */
  compiler: boolean;
}

/** Climbing ends even in a ring of parents: no true chain of actors or places is this long. */
const CLIMB_MAX = 50;

const OFFICIAL_KINDS: ReadonlySet<ActorKind> = new Set(['state', 'state-body', 'armed-force', 'intergovernmental']);

const OWN_LINE: ReadonlySet<ActorKind> = new Set(['state', 'media', 'armed-group', 'monitor', 'compiler', 'unnamed']);

/**
 * Whether a part speaks with the voice of its parent. A state, a medium, an armed group, a monitor and a compiler are a
 * line of their own, whatever they belong to. A de-facto authority is never inside the state it contests, only inside
 * a larger authority. All others (bodies, forces, persons, and a multinational command under the state that commands
 * it) speak as what they are part of.
 */
function speaksAs(kind: ActorKind, parent: ActorKind): boolean {
  if (OWN_LINE.has(kind) || parent === 'unnamed') return false;
  return kind !== 'de-facto-authority' || parent === 'de-facto-authority';
}

/** The line of an actor: the topmost actor reached by `partOf` inside one state or one intergovernmental body. */
export function lineOf(actor: Id, registers: Registers): Id {
  let top = actor;
  for (let climbed = 0; climbed < CLIMB_MAX; climbed++) {
    const card = registers.actor(top);
    if (card?.partOf === undefined) break;
    const parent = registers.actor(card.partOf);
    if (parent === undefined || !speaksAs(card.kind, parent.kind)) break;
    top = card.partOf;
  }
  return top;
}

/**
 * Whether an actor speaks officially: by its kind, by its mark in the register, or, for a person, as a member of a body
 * that does. An unnamed speaker ("a US official") never does.
 */
export function isOfficial(actor: Id, registers: Registers): boolean {
  let id = actor;
  for (let climbed = 0; climbed < CLIMB_MAX; climbed++) {
    const card = registers.actor(id);
    if (card === undefined || card.kind === 'unnamed') return false;
    if (card.official === true || OFFICIAL_KINDS.has(card.kind)) return true;
    if (card.kind !== 'person' || card.partOf === undefined) return false;
    id = card.partOf;
  }
  return false;
}

/**
 * Whose voice a speaker is. Who speaks on behalf of another speaks with the other's voice; but a speaker without a name
 * stays `unnamed@<first publisher>`, on whosever behalf, because nobody can be held to what was said. Who heard it first
 * published it first: the first of the chain, where others pass on what an outlet heard.
 */
export function voiceOf(
  said: { speaker: Id; onBehalfOf?: Id; chain?: readonly Id[]; firstPublisher: Id },
  registers: Registers,
): Voice {
  const actor = said.onBehalfOf ?? said.speaker;
  const unnamed = [said.speaker, actor].some((one) => registers.actor(one)?.kind === 'unnamed');
  if (unnamed) {
    const heardBy = said.chain?.[0] ?? said.firstPublisher;
    return { line: `unnamed@${heardBy}`, official: false, unnamed: true, compiler: false };
  }
  const line = lineOf(actor, registers);
  return {
    line,
    official: isOfficial(actor, registers),
    unnamed: false,
    compiler: registers.actor(line)?.kind === 'compiler',
  };
}

/** Whether an actor is this whole or, by `partOf`, a part of it. */
export function isPartOf(actor: Id, whole: Id, registers: Registers): boolean {
  let id: Id | undefined = actor;
  for (let climbed = 0; id !== undefined && climbed < CLIMB_MAX; climbed++) {
    if (id === whole) return true;
    id = registers.actor(id)?.partOf;
  }
  return false;
}

/** Whether a place is this region or, by `inside`, lies in it. */
export function isInside(place: Id, region: Id, registers: Registers): boolean {
  let id: Id | undefined = place;
  for (let climbed = 0; id !== undefined && climbed < CLIMB_MAX; climbed++) {
    if (id === region) return true;
    id = registers.place(id)?.inside;
  }
  return false;
}

/** The nearest of these kinds, from the place itself upwards. */
export function ancestorOfKind(place: Id, kinds: readonly PlaceKind[], registers: Registers): Id | undefined {
  let id: Id | undefined = place;
  for (let climbed = 0; id !== undefined && climbed < CLIMB_MAX; climbed++) {
    const card: Place | undefined = registers.place(id);
    if (card === undefined) return undefined;
    if (kinds.includes(card.kind)) return id;
    id = card.inside;
  }
  return undefined;
}

/** The line of the state in whose country a place lies. */
export function hostStateOf(place: Id, registers: Registers): Id | undefined {
  const country = ancestorOfKind(place, ['country'], registers);
  const state = country === undefined ? undefined : registers.place(country)?.state;
  return state === undefined ? undefined : lineOf(state, registers);
}
