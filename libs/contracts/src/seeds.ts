/**
 * SEEDS: registers that a ledger may be opened with, so that nobody has to type the states of the world. A seed is a list
 * of ordinary acts in the bodies of the doors: whoever opens the ledger sends each like any other.
 */
import type { Id } from '#domain';
import type { RegisterActorDto, RegisterPlaceDto } from './acts.dto.js';
import { statesSeed } from './seed-states.js';

/** The names of all seeds. What stands behind a name never changes. */
export const SEEDS = ['states'] as const;
export type Seed = (typeof SEEDS)[number];

/** One act of a seed: what it makes has an id of its own, in every ledger the same. */
export type SeedAct =
  | { act: 'register-actor'; body: RegisterActorDto & { id: Id } }
  | { act: 'register-place'; body: RegisterPlaceDto & { id: Id } };

/** The acts of a seed, in steps: each may name what the steps before it make, and nothing of its own step. */
export function actsOf(seed: Seed): readonly (readonly SeedAct[])[] {
  return STEPS[seed]();
}

const STEPS = { states: statesSeed } as const satisfies Record<Seed, () => SeedAct[][]>;
