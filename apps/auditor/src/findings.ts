/** WHAT CAN BE FOUND WRONG, one thing each, and how it is said. */

/** What of the log was looked at when a fault was found. */
export type Check =
  /** A record that is not there, or says that it belongs elsewhere. */
  | 'sequence'
  /** It cannot be read as a record: not JSON, an unknown type, data that does not fit its schema. */
  | 'schema'
  /** Readable, but not the bytes that a writer of ours would have written. */
  | 'bytes'
  | 'digest'
  | 'time'
  | 'command-id'
  /** A version of an entity that does not follow. */
  | 'version'
  /** Something named that does not exist by then, or is of another kind. */
  | 'reference'
  | 'private-text'
  /** Before the ledger was opened, or after it was closed. */
  | 'ledger'
  | 'fold';

/** The log itself is wrong. */
export interface LogFinding {
  kind: 'log';
  record: number;
  check: Check;
  what: string;
}

/** The copy of a record in the read models is not what the log holds. */
export interface EventFinding {
  kind: 'event';
  record: number;
  /** A column, or `row` where it is not there at all. */
  field: string;
  what: string;
}

/** A row of the read models is not what the log gives. */
export interface RowFinding {
  kind: 'row';
  table: 'positions' | 'figures';
  /** The incident, or the key of the scope. */
  about: string;
  predicate: string;
  /** What makes values comparable, such as a munition; empty where the predicate alone does. */
  key: string;
  /** side/category/of, empty for anybody. */
  who: string;
  policy?: string;
  /** A column, of `detail` the place in it; `row` where one of both has no such row. */
  field: string;
  /** As worked out from the log; null where there is none. */
  mine: unknown;
  /** As the read models hold it. */
  theirs: unknown;
}

export type Finding = LogFinding | EventFinding | RowFinding;

/** Told of each as it is found: there may be many. */
export type Found = (finding: Finding) => void;

export function inWords(finding: Finding): string {
  if (finding.kind === 'log') return `BROKEN   record ${finding.record}, ${finding.check}: ${finding.what}`;
  if (finding.kind === 'event') return `DIFFERS  events, record ${finding.record}, ${finding.field}: ${finding.what}`;
  const { table, about, predicate, key, who, policy, field, mine, theirs } = finding;
  const of = [
    predicate,
    key === '' ? '' : `"${key}"`,
    who === '' ? 'of anybody' : `of ${who}`,
    policy === undefined ? '' : `under ${policy}`,
  ];
  const words = of.filter((word) => word !== '').join(' ');
  return `DIFFERS  ${table}, ${about}, ${words}, ${field}: the log gives ${shown(mine)}, the read models hold ${shown(theirs)}`;
}

const SHOWN_MAX = 200;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)} …` : text;
}
