/** What the rules make of commands made up at random, and how most of such commands come to be of things that exist. */
import { decide, evolve, initialState, Rejected, type Command, type Fact, type State } from '#domain';

/** Of versions made up, this one stays as it is: it is the one that somebody has seen long ago. */
export const STALE = 3;

/** What the rules make of a history: the facts of the accepted commands, in order. */
export function factsOf(commands: readonly Command[]): Fact[] {
  const state = initialState();
  return commands.flatMap((command) => accepted(command, state) ?? []);
}

function accepted(command: Command, state: State): Fact | null {
  try {
    const fact = decide(state, command);
    if (fact !== null) evolve(state, fact);
    return fact;
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

/** The same commands, most of them now of things that exist, in the versions that they have when their turn comes. */
export function aimed(commands: readonly Command[]): Command[] {
  const state = initialState();
  const statements: string[] = [];
  return commands.map((command) => {
    const aim = assigned(seeing(aimedAt(command, statements), state), state);
    const fact = accepted(aim, state);
    if (fact?.name === 'StatementRecorded') statements.push(fact.data.changes[0]?.entity ?? '');
    return aim;
  });
}

/** Of the many statements that there might be, one that there is. */
function aimedAt(command: Command, statements: readonly string[]): Command {
  const real = (id: string): string => {
    const number = Number(/^statement-(\d+)/.exec(id)?.[1]);
    return Number.isNaN(number) ? id : (statements[number % Math.max(statements.length, 1)] ?? id);
  };
  switch (command.act) {
    case 'correct-statement':
    case 'retract-statement':
    case 'reassign-statement': {
      const entity = real(command.id);
      const expect = (command.expect ?? []).map(({ version }) => ({ entity, version }));
      return { ...command, id: entity, expect };
    }
    case 'record-document-version':
      return { ...command, dropped: command.dropped.map(real) };
    case 'record-assessment': {
      const { about } = command.assessment;
      if (!('claim' in about)) return command;
      return { ...command, assessment: { ...command.assessment, about: { claim: `${real(about.claim)}#1` } } };
    }
    default:
      return command;
  }
}

function seeing(command: Command, state: State): Command {
  const expect = command.expect?.map((one) => {
    const known = state.entities.get(one.entity);
    return known === undefined || one.version === STALE ? one : { ...one, version: known.version };
  });
  if (expect === undefined) return command;
  const known = 'id' in command ? state.entities.get(command.id) : undefined;
  const goneSince = known !== undefined && 'goneSince' in known ? known.goneSince : undefined;
  const back = 'takesBack' in command && goneSince !== undefined ? { takesBack: goneSince } : {};
  return { ...command, expect, ...back };
}

/** A split of the claims that there are, by the rule that names what is left over. */
function assigned(command: Command, state: State): Command {
  if (command.act !== 'split-incident') return command;
  const sides = command.claims.map(({ to }) => to);
  const claims: typeof command.claims = [];
  for (;;) {
    const attempt = { ...command, claims: [...claims] };
    try {
      decide(state, attempt);
      return attempt;
    } catch (error) {
      const unassigned = error instanceof Rejected ? error.details['unassigned'] : undefined;
      if (!Array.isArray(unassigned)) return attempt;
      for (const claim of unassigned as string[]) {
        claims.push({ claim, to: sides[claims.length % sides.length] ?? 'old' });
      }
    }
  }
}
