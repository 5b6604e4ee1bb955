/** given(what was accepted before).when(a command).then(the data of its fact) | .thenNothing() | .thenRejected(code, where) */
import { expect } from '@jest/globals';
import { decide, evolve, initialState, Rejected, type Command, type Fact, type RejectionCode } from '#domain';

export interface Then {
  then(data: object): void;
  thenNothing(): void;
  thenRejected(code: RejectionCode, pointer?: string): Rejected;
}

export function given(...accepted: Command[]): { when(command: Command): Then } {
  const state = initialState();
  for (const command of accepted) {
    const fact = decide(state, command);
    if (fact !== null) evolve(state, fact);
  }
  return {
    when(command) {
      const outcome = attempt(() => decide(state, command));
      return {
        then(data) {
          if (outcome instanceof Rejected) throw outcome;
          expect(outcome?.data).toMatchObject(data);
        },
        thenNothing() {
          expect(outcome).toBeNull();
        },
        thenRejected(code, pointer) {
          expect(outcome).toBeInstanceOf(Rejected);
          const { code: found, pointer: at } = outcome as Rejected;
          expect({ code: found, at }).toEqual({ code, at: pointer });
          return outcome as Rejected;
        },
      };
    },
  };
}

function attempt(act: () => Fact | null): Fact | null | Rejected {
  try {
    return act();
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}
