/**
 * What the rules need to remember of a ledger to decide the next command. Not a read model: no names, no texts.
 *
 * A state can lie over another one: the writer decides a batch on such an overlay and either commits it into the state
 * below, or drops it, which costs nothing.
 */
import type { ActorKind, Id, PlaceKind, Predicate, Tie } from './vocabulary.js';

export type Entity =
  | { kind: 'ledger'; version: number }
  /** With what says which line it belongs to. */
  | ({ kind: 'actor'; version: number; actorKind: ActorKind; partOf?: Id | undefined } & Told & Mergeable)
  | ({ kind: 'place'; version: number; placeKind: PlaceKind; inside?: Id | undefined } & Told & Mergeable)
  /** `keys`: what its card, as it is now, is found by. */
  | ({
      kind: 'document';
      version: number;
      keys: readonly string[];
      copyOf?: Id | undefined;
      unreachable?: true;
    } & Told &
      Gone)
  | ({ kind: 'incident'; version: number; ties?: readonly Tie[] } & Told & Gone & Mergeable)
  /** Of each claim in order what a later one must share that names it. */
  | ({ kind: 'statement'; version: number; document: Id; speaker: Id; claims: readonly NamedClaim[] } & Told & Gone)
  | ({ kind: 'assessment'; version: number } & Gone);

/** What tells a correction that changes nothing from one that does. */
interface Told {
  fingerprint: string;
}

/** What can turn out to be another one: the id that it is read as then. */
interface Mergeable {
  mergedInto?: Id | undefined;
}

/** What can be taken back: the version with which it was, while it is. */
interface Gone {
  goneSince?: number | undefined;
}

export type Countable = Extract<Entity, { kind: 'document' | 'incident' | 'statement' | 'assessment' }>;

/** What `<statement>#<n>` stands for. `about` is the canonical text of what the claim is about. */
export interface NamedClaim {
  predicate: Predicate;
  about: string;
}

export type EntityKind = Entity['kind'];

/** The entity that stands for the ledger itself; its version rises when it is opened or adopts something. */
export const LEDGER_ENTITY: Id = 'ledger';

/** What is known of each key. Nothing is ever removed from a ledger, so neither from here. */
export interface Table<Value> {
  /** A value as it was set, or one equal to it: whoever changes it sets it again. */
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  /**
   * Everything in it, in no order that matters; what does not mention any of some texts (ids, names of fields) may be left
   * out. For rare acts only: it takes as long as the ledger is large.
   */
  entries(mentioning?: readonly string[]): IterableIterator<[string, Value]>;
}

/** A table that lies over another one until it is committed into it, or dropped. */
class Overlay<Value> implements Table<Value> {
  readonly #own = new Map<string, Value>();

  constructor(private readonly below: Table<Value>) {}

  *entries(mentioning?: readonly string[]): IterableIterator<[string, Value]> {
    yield* this.#own;
    for (const entry of this.below.entries(mentioning)) if (!this.#own.has(entry[0])) yield entry;
  }

  get(key: string): Value | undefined {
    // Null is a value: what was set to it here is not looked for below.
    return this.#own.has(key) ? this.#own.get(key) : this.below.get(key);
  }

  set(key: string, value: Value): void {
    this.#own.set(key, value);
  }

  /** Moves everything set here into the table below. */
  commit(): void {
    for (const [key, value] of this.#own) this.below.set(key, value);
    this.#own.clear();
  }
}

export interface State {
  /** Versions of codebook and policies in force; undefined until the ledger is opened. */
  inForce: { codebook: number; policies: Readonly<Record<string, number>> } | undefined;
  /** Nothing is recorded any more; the ledger that goes on with it, if there is one. */
  closed: { successor?: string } | undefined;
  readonly entities: Table<Entity>;
  /** What makes a document the same as another one → the document that has it; null where none has it any more. */
  readonly documents: Table<Id | null>;
}

/** The tables that a state keeps. */
export type Tables = Pick<State, 'entities' | 'documents'>;

/** The state of a ledger without a record, in tables that are empty yet. */
export function initialState(tables: Tables = { entities: new Map(), documents: new Map() }): State {
  return { inForce: undefined, closed: undefined, ...tables };
}

export interface StateOverlay extends State {
  readonly entities: Overlay<Entity>;
  readonly documents: Overlay<Id | null>;
}

export function overlayOn(state: State): StateOverlay {
  return {
    inForce: state.inForce,
    closed: state.closed,
    entities: new Overlay(state.entities),
    documents: new Overlay(state.documents),
  };
}

/** Makes what was decided on the overlay part of the state it was laid over. */
export function commitOverlay(overlay: StateOverlay, state: State): void {
  state.inForce = overlay.inForce;
  state.closed = overlay.closed;
  overlay.entities.commit();
  overlay.documents.commit();
}
