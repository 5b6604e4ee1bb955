/** Reading the parameters of an address: checked like a body, refused by name. */
import { checkBody, type BodyClass } from './check-body.js';
import { Problem } from './problems.js';

/** The parameters, when all are known and well formed. @throws Problem bad-parameter, naming each that is not */
export function readQuery<Query extends object>(queryClass: BodyClass & (new () => Query), query: unknown): Query {
  const faults = checkBody({ ...(query as object) }, queryClass);
  const [first] = faults;
  if (first !== undefined) {
    const more = faults.length > 1 ? ` And ${faults.length - 1} more, see errors.` : '';
    throw new Problem('bad-parameter', `The parameter ${first.pointer.slice(1)} ${first.reason}.${more}`, {
      errors: faults,
    });
  }
  return query as Query;
}
