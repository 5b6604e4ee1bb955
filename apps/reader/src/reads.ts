/**
 * The moment that a question is about: which ledger, as of which record, waited for where asked to. With it comes the
 * generation of read models that the whole answer is read from.
 */
import type { Pool } from 'pg';
import { Problem, type MomentQuery } from '#contracts';
import type { PolicyName } from '#domain';
import {
  Generations,
  lastRecordBy,
  ledgerStandings,
  policiesInForce,
  PositionWatch,
  type LedgerStanding,
  type Moment,
} from '#read-models';
import type { Cursor } from './cursor.js';

/** How many of a list an answer gives that names no limit. */
export const PAGE_DEFAULT = 100;
/** The one that pages use unless another is asked for. */
export const DEFAULT_POLICY: PolicyName = 'official-first';
const WAIT_MS_MAX = 5_000;
/** How long after it was given its time a record may still be on its way into the log. */
const ON_ITS_WAY_MS_MAX = 5_000;

/** What every answer names. */
export interface Named {
  ledger: string;
  sequence: number;
  final: boolean;
}

/** A moment in the tables of one generation, whatever becomes live while the answer is put together. */
export interface PinnedMoment extends Moment {
  schema: string;
  final: boolean;
}

export class Reads {
  readonly generations: Generations;
  readonly #watch: PositionWatch;

  constructor(readonly pool: Pool) {
    this.generations = new Generations(pool);
    this.#watch = new PositionWatch(this.generations);
  }

  async ledgers(): Promise<LedgerStanding[]> {
    return ledgerStandings(this.pool, await this.generations.live());
  }

  async standing(ledger: string, schema: string): Promise<LedgerStanding> {
    const [standing] = await ledgerStandings(this.pool, schema, ledger);
    if (standing === undefined) {
      throw new Problem('not-found', `There is no ledger ${ledger} here, or nothing of it is projected yet.`);
    }
    return standing;
  }

  /**
   * A page after the first is as of the record that the first one was.
   * @throws Problem not-yet-visible when the position does not come in time, bad-parameter for a moment to come
   */
  async moment(ledger: string, { wait, asOf }: MomentQuery, pinned?: Cursor): Promise<PinnedMoment> {
    if (wait !== undefined && !(await this.#watch.reached(ledger, Number(wait), WAIT_MS_MAX))) {
      await this.standing(ledger, await this.generations.live());
      throw new Problem(
        'not-yet-visible',
        `The answer does not include position ${wait} of ${ledger} yet: ask again, or check that such a position exists.`,
      );
    }
    // After the waiting: a generation that becomes live has all that the one before it had.
    const schema = await this.generations.live();
    const { sequence, unsettled } = await this.standing(ledger, schema);
    const isSettled = (at: number): boolean => unsettled === null || at < unsettled;
    if (pinned === undefined && asOf !== undefined && !/^\d+$/.test(asOf)) {
      const moment = await this.#momentAt(ledger, schema, asOf, 'asOf');
      return { ...moment, final: moment.final && isSettled(moment.sequence) };
    }
    const wanted = pinned?.sequence ?? (asOf === undefined ? sequence : Number(asOf));
    if (wanted > sequence) {
      const parameter = pinned === undefined ? 'asOf' : 'cursor';
      throw new Problem(
        'bad-parameter',
        `The parameter ${parameter} lies ahead: ${ledger} is read up to ${sequence}.`,
        {
          details: { parameter, sequence },
        },
      );
    }
    // Rows are only added and closed, so what is said of a past sequence stays, once all that it moved is worked out.
    return { ledger, sequence: wanted, schema, final: (pinned?.final ?? true) && isSettled(wanted) };
  }

  /**
   * An earlier moment, in the tables that the later one is read from.
   * @throws Problem bad-parameter where it is not earlier, or no moment of this ledger
   */
  async earlier({ ledger, schema, sequence, ...later }: PinnedMoment, since: string): Promise<PinnedMoment> {
    const { unsettled } = await this.standing(ledger, schema);
    const found = /^\d+$/.test(since)
      ? { ledger, sequence: Number(since), schema, final: true }
      : await this.#momentAt(ledger, schema, since, 'since');
    const moment = { ...found, final: found.final && (unsettled === null || found.sequence < unsettled) };
    if (moment.sequence > sequence) {
      throw new Problem(
        'bad-parameter',
        `The parameter since is record ${moment.sequence}, which is after record ${sequence}, the moment it is compared with: give an earlier one, or a later asOf.`,
        { details: { parameter: 'since', sequence } },
      );
    }
    return { ...moment, ...(later.saidBy !== undefined && { saidBy: later.saidBy }) };
  }

  /** A time is no point in the log: until nothing of before it can come any more, it means another record tomorrow. */
  async #momentAt(ledger: string, schema: string, text: string, parameter: 'asOf' | 'since'): Promise<PinnedMoment> {
    const time = new Date(text.length === 10 ? `${text}T23:59:59.999Z` : text);
    const details = { parameter };
    if (time.getTime() > Date.now()) {
      const why = text.length === 10 ? ': a date stands for the end of its day in UTC' : '';
      const instead = parameter === 'asOf' ? ' Leave it out to ask about now.' : '';
      throw new Problem('bad-parameter', `The parameter ${parameter} lies in the future${why}.${instead}`, {
        details,
      });
    }
    const { sequence, atEnd } = await lastRecordBy(this.pool, schema, ledger, time.toISOString());
    if (sequence === undefined) {
      throw new Problem('bad-parameter', `The parameter ${parameter} lies before the first record of ${ledger}.`, {
        details,
      });
    }
    const final = atEnd !== undefined && time.getTime() < atEnd.getTime() - ON_ITS_WAY_MS_MAX;
    return { ledger, sequence, schema, final };
  }

  /**
   * The policy asked for, by its name or as `name@version`, and how answers name it: with its version.
   * @throws Problem bad-parameter where it is not the one in force at the moment: figures are made by that one
   */
  async policy(moment: PinnedMoment, asked: string = DEFAULT_POLICY): Promise<{ name: PolicyName; policy: string }> {
    const [name = '', version] = asked.split('@');
    const inForce = await policiesInForce(this.pool, moment.schema, moment);
    if (inForce[name] === undefined || (version ?? String(inForce[name])) !== String(inForce[name])) {
      throw new Problem(
        'bad-parameter',
        `The policy ${asked} is not in force in ${moment.ledger} as of ${moment.sequence}.`,
        {
          details: { parameter: 'policy', inForce: Object.entries(inForce).map((one) => one.join('@')) },
        },
      );
    }
    return { name: name as PolicyName, policy: `${name}@${inForce[name]}` };
  }
}

export function named({ ledger, sequence, final }: PinnedMoment): Named {
  return { ledger, sequence, final };
}

/** The same object without the fields that are undefined. */
export function clean<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
