/** Collects the parameters of one SQL statement while its parts are written. */
import type { Moment } from './moment.js';

export class Params {
  readonly values: unknown[];

  /** `$1` and `$2` are always the moment's ledger and sequence. */
  constructor(moment: Moment) {
    this.values = [moment.ledger, moment.sequence];
  }

  /** The place-holder of a value. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}
