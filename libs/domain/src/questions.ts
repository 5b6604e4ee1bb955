/**
 * What a figure is about besides its incident or scope: the predicate, what makes numbers of it comparable, and whose
 * people are counted (docs/codebook.md, sections 2 and 8). Which claims there are is known elsewhere.
 */
import { canonicalText } from './canonical.js';
import { isNone, tripleOf } from './quantities.js';
import { isPartOf, lineOf, type Registers } from './registers.js';
import type { Claim, Id, Incident, Predicate, Quantity, Scope, Side, Who } from './vocabulary.js';

export interface Question {
  predicate: Predicate;
  /** What makes values comparable, see `keysOf`; left out where the predicate alone does. */
  key?: string;
  /** The people hit; what is left out is *any*. */
  who?: Who;
}

/** The single incident that a figure is about, with its card: it says who the sides are and where the host is. */
export interface IncidentFacts {
  id: Id;
  incident: Incident;
}

/** The scope that a level or a total is about. */
export interface ScopeFacts {
  scope: Scope;
}

export type Subject = IncidentFacts | ScopeFacts;

const LISTED: ReadonlySet<Predicate> = new Set([
  'outcome',
  'responsibility',
  'place',
  'time',
  'relation',
  'outlook',
  'remark',
]);

/** Whether the answer is a list of what each line says, not a number: places, times, actors, words. */
export function isListed({ predicate, key }: Question): boolean {
  return LISTED.has(predicate) || (predicate === 'damage' && key === undefined);
}

/**
 * The keys under which a claim's value can be compared with others, `undefined` being the predicate alone. Damage has a
 * level and, keyed by the thing, numbers; an injury of a kind is asked about with all injuries and by its kind.
 */
export function keysOf(claim: Claim): readonly (string | undefined)[] {
  const none = [undefined];
  switch (claim.predicate) {
    case 'munitions':
      return claim.value === undefined ? none : [claim.value.munition];
    case 'count':
      return claim.value === undefined ? none : [claim.value.of];
    case 'force-level':
      return claim.value === undefined ? none : [`${claim.value.measure}:${claim.value.component}`];
    case 'responsibility':
      return claim.value === undefined ? none : [claim.value.role];
    case 'injured':
      return claim.value?.kind === undefined ? none : [undefined, claim.value.kind];
    case 'damage': {
      const things = (claim.value?.items ?? []).map((item) => item.thing);
      return claim.value?.level === undefined && things.length > 0 ? things : [undefined, ...things];
    }
    case 'relation':
      return claim.value === undefined ? none : [`${claim.value.kind}:${canonicalText(claim.value.to)}`];
    case 'total':
      return claim.value?.counter === undefined
        ? none
        : [`${claim.value.counter.id}:${claim.value.counter.phase ?? 1}`];
    default:
      return none;
  }
}

/**
 * Whether a claim speaks to a question: of its predicate, and comparable. A claim without value (a plain denial) speaks
 * to every key, and a denial of responsibility in *any* role to every role.
 */
export function concerns(claim: Claim, { predicate, key }: Question): boolean {
  if (claim.predicate !== predicate) return false;
  if (claim.value === undefined) return true;
  if (claim.predicate === 'responsibility' && claim.stance === 'denies' && claim.value.role === 'any') return true;
  return keysOf(claim).includes(key);
}

const COUNTS_PEOPLE: ReadonlySet<Predicate> = new Set(['killed', 'injured', 'casualties']);

/** Words that nothing can be compared with: they are listed as claims only. */
const INCOMPARABLE: ReadonlySet<Predicate> = new Set(['outlook', 'remark']);

/**
 * The questions that claims about one incident or scope can answer; numbers of people about anybody, and by each side
 * for which there may be an answer.
 */
export function questionsOf(claims: readonly Claim[], subject: Subject): Question[] {
  const questions = new Map<string, Question>();
  const ask = (question: Question) =>
    questions.set(`${question.predicate} ${whoText(question.who ?? {})} ${question.key ?? ''}`, question);
  for (const claim of claims) {
    if (claim.stance === 'asserts' && 'incident' in claim.about) ask({ predicate: 'happened' });
    if (INCOMPARABLE.has(claim.predicate)) continue;
    for (const key of keysOf(claim)) {
      const question: Question = { predicate: claim.predicate, ...(key === undefined ? {} : { key }) };
      ask(question);
      if (COUNTS_PEOPLE.has(claim.predicate))
        for (const side of sidesOf(claim, subject)) ask({ ...question, who: { side } });
    }
  }
  return [...questions.values()];
}

/**
 * The sides that a claim may say something of. One that names none does so where it is about none at all (and so about
 * none of each), about an actor's people, or about no number.
 */
function sidesOf(claim: Claim, subject: Subject): Side[] {
  if (claim.who?.side !== undefined) return [claim.who.side];
  const parties = 'incident' in subject ? subject.incident.parties.map((one) => one.side) : [];
  const number = claim.value === undefined ? null : tripleOf(claim.value as Quantity);
  if (number !== null && !isNone(number)) return claim.who?.of === undefined ? [] : ['target', ...parties];
  // Nobody is the attacker where sides have letters; else there may be people of any other side.
  const lettered = parties.some(isLettered);
  return [...(lettered ? LETTERED_SIDES : NAMED_SIDES), ...parties];
}

const LETTERED_SIDES: readonly Side[] = ['a', 'b', 'bystander'];
const NAMED_SIDES: readonly Side[] = ['target', 'attacker', 'bystander'];

/** One text for one scope, whatever the order its places were given in: numbers answer for exactly their scope. */
export function scopeKey(scope: Scope): string {
  return canonicalText({ ...scope, places: [...new Set(scope.places)].sort() });
}

/** How one group of people stands to another. */
export type Standing = 'same' | 'narrower' | 'wider' | 'other';

export function compareWho(one: Who, other: Who, registers: Registers): Standing {
  let standing: Standing = 'same';
  for (const field of ['side', 'category', 'of'] as const) {
    const here = compareField(one[field], other[field], (a, b) => field === 'of' && isPartOf(a, b, registers));
    if (here === 'same' || here === standing) continue;
    if (standing !== 'same') return 'other';
    standing = here;
  }
  return standing;
}

function compareField(
  one: string | undefined,
  other: string | undefined,
  inside: (a: string, b: string) => boolean,
): Standing {
  if (one === other) return 'same';
  if (one === undefined) return 'wider';
  if (other === undefined || inside(one, other)) return 'narrower';
  return inside(other, one) ? 'wider' : 'other';
}

/**
 * Whether nobody can be in both groups: another side (but target or attacker may be the same people as a or b), another
 * category, people of another actor (but people of an intergovernmental body are people of its members too).
 */
export function cannotOverlap(one: Who, other: Who, registers: Registers): boolean {
  if (one.side !== undefined && other.side !== undefined && one.side !== other.side) {
    const mixed =
      isLettered(one.side) !== isLettered(other.side) && one.side !== 'bystander' && other.side !== 'bystander';
    if (!mixed) return true;
  }
  if (one.category !== undefined && other.category !== undefined && one.category !== other.category) return true;
  if (one.of === undefined || other.of === undefined) return false;
  return (
    !isPartOf(one.of, other.of, registers) &&
    !isPartOf(other.of, one.of, registers) &&
    !isShared(one.of, registers) &&
    !isShared(other.of, registers)
  );
}

function isLettered(side: Side): boolean {
  return side === 'a' || side === 'b';
}

function isShared(actor: Id, registers: Registers): boolean {
  return registers.actor(lineOf(actor, registers))?.kind === 'intergovernmental';
}

/** One text for one group of people. */
export function whoText({ side, category, of }: Who): string {
  return `${side ?? ''}|${category ?? ''}|${of ?? ''}`;
}
