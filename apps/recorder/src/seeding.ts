/**
 * SENDS the acts of a seed after the opening of its ledger: ordinary commands, on the way of all others. Each has an id
 * made from the opening's, so whoever repeats the opening after any cut completes what is missing and adds nothing twice.
 */
import { actsOf, Problem, problemOf, type Seed, type SeedAct } from '#contracts';
import type { Outcome } from '#ledger';

/** Leaves room in the id of a command for what its act makes. */
const KEY_LENGTH_MAX = 150;

/** So many wait for one append together. */
const AT_ONCE = 200;

/** @throws Problem where an opening with a seed could not be repeated, or its ids would become too long */
export function requireSeedKey(header: string | string[] | undefined): void {
  if (typeof header === 'string' && header.length <= KEY_LENGTH_MAX) return;
  throw new Problem(
    'bad-parameter',
    `A seed is many records: send an Idempotency-Key of at most ${KEY_LENGTH_MAX} characters with it, so that the opening can be repeated if it is cut short.`,
    { details: { parameter: 'Idempotency-Key' } },
  );
}

/**
 * Returns with the position of the last record of the seed, whenever it was recorded. What is refused (because somebody else
 * has taken an id since) does not keep the rest from being recorded.
 * @throws Problem the first refusal; or that nobody can say, and then the opening is to be repeated
 */
export async function plantSeed(
  seed: Seed,
  openingKey: string,
  send: (act: SeedAct, commandKey: string) => Promise<Outcome>,
): Promise<{ position: number }> {
  let position = 0;
  let refusal: Problem | undefined;
  for (const step of actsOf(seed)) {
    for (let from = 0; from < step.length; from += AT_ONCE) {
      const some = step.slice(from, from + AT_ONCE);
      const answers = await Promise.allSettled(some.map((one) => send(one, `${openingKey}:seed:${one.body.id}`)));
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 'fulfilled') {
          position = Math.max(position, answer.value.position);
          continue;
        }
        const problem = problemOf(answer.reason);
        if (problem === undefined) throw answer.reason;
        const { code, message, status } = problem;
        const told = new Problem(code, `The ledger is open, but not all of its seed is recorded: ${message}`, {
          cause: problem,
          details: { ...problem.details, commandId: openingKey, seed: some[index]?.body.id },
        });
        if (status >= 500) throw told;
        refusal ??= told;
      }
    }
  }
  if (refusal !== undefined) throw refusal;
  return { position };
}
