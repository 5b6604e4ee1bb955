/** The moment that a question is about: which ledger, as of which record, waited for where asked to. */
import type { Pool } from 'pg';
import { Problem, type MomentQuery } from '#contracts';
import type { PolicyName } from '#domain';
import { ledgerStandings, policiesInForce, PositionWatch, type LedgerStanding, type Moment } from '#read-models';

const WAIT_MS_MAX = 5_000;

/** What every answer names. */
export interface Named {
  ledger: string;
  sequence: number;
  final: boolean;
}

export class Reads {
  readonly #watch: PositionWatch;

  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {
    this.#watch = new PositionWatch(pool, schema);
  }

  ledgers(): Promise<LedgerStanding[]> {
    return ledgerStandings(this.pool, this.schema);
  }

  async standing(ledger: string): Promise<LedgerStanding> {
    const [standing] = await ledgerStandings(this.pool, this.schema, ledger);
    if (standing === undefined) {
      throw new Problem('not-found', `There is no ledger ${ledger} here, or nothing of it is projected yet.`);
    }
    return standing;
  }

  /** @throws Problem not-yet-visible when the position does not come in time, bad-parameter for a moment to come */
  async moment(ledger: string, { wait, asOf }: MomentQuery, pinned?: number): Promise<Moment> {
    if (wait !== undefined && !(await this.#watch.reached(ledger, Number(wait), WAIT_MS_MAX))) {
      await this.standing(ledger);
      throw new Problem(
        'not-yet-visible',
        `The answer does not include position ${wait} of ${ledger} yet: ask again, or check that such a position exists.`,
      );
    }
    const { sequence } = await this.standing(ledger);
    const wanted = asOf === undefined ? (pinned ?? sequence) : Number(asOf);
    if (wanted > sequence) {
      throw new Problem('bad-parameter', `The parameter asOf lies ahead: ${ledger} is read up to ${sequence}.`, {
        details: { parameter: 'asOf', sequence },
      });
    }
    return { ledger, sequence: wanted };
  }

  /** `name@version` as in force at the moment. */
  async policy(moment: Moment, name: PolicyName): Promise<string> {
    const versions = await policiesInForce(this.pool, this.schema, moment);
    const version = versions[name];
    if (version === undefined) {
      throw new Problem(
        'bad-parameter',
        `The policy ${name} is not in force in ${moment.ledger} as of ${moment.sequence}.`,
        {
          details: { parameter: 'policy', inForce: Object.keys(versions) },
        },
      );
    }
    return `${name}@${version}`;
  }
}

/** Rows are only added and closed, so what is said of a past sequence stays. */
export function named({ ledger, sequence }: Moment): Named {
  return { ledger, sequence, final: true };
}
