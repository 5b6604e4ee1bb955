/**
 * PROBLEMS: what a client is told when it does not get what it asked for, as RFC 9457 `application/problem+json`.
 *
 * One closed list of codes for every door. A code has one status and one remedy (docs/problems.md, one section a code);
 * programs go by the code, people read the detail. A detail may name ids and times that were sent, never private text.
 */
import { Rejected, type RejectionCode } from '#domain';

export const PROBLEM_TYPE = 'application/problem+json';

/** The codes of the rules, then those of the doors. */
export const PROBLEMS = {
  'ledger-not-open': { status: 404, title: 'The ledger is not open' },
  'ledger-exists': { status: 409, title: 'The ledger is open already' },
  'ledger-closed': { status: 409, title: 'The ledger is closed' },
  'id-taken': { status: 409, title: 'The id is taken' },
  'unknown-reference': { status: 422, title: 'Something named does not exist' },
  'wrong-kind-of-reference': { status: 422, title: 'Something named is of the wrong kind' },
  'unknown-entity': { status: 404, title: 'What is to be changed does not exist' },
  'expect-required': { status: 428, title: 'The version it builds on is missing' },
  'wrong-version': { status: 412, title: 'Somebody changed it since' },
  'already-so': { status: 409, title: 'It is so already' },
  merged: { status: 409, title: 'It was merged into another' },
  'duplicate-document': { status: 409, title: 'The document is registered already' },
  'duplicate-claim': { status: 422, title: 'The statement makes a claim twice' },
  contradiction: { status: 422, title: 'The input contradicts itself' },
  'does-not-fit': { status: 422, title: 'The parts do not belong together' },
  'unknown-version': { status: 422, title: 'The version is not known here' },
  'record-too-large': { status: 413, title: 'The record would be too large' },
  'command-id-reused': { status: 422, title: 'The command id belongs to another command' },

  'bad-json': { status: 400, title: 'The body is not acceptable JSON' },
  'bad-body': { status: 400, title: 'The body does not have the right form' },
  'bad-line': { status: 400, title: 'The line of the batch does not have the right form' },
  'bad-parameter': { status: 400, title: 'A parameter or header is wrong' },
  'bad-url': { status: 400, title: 'The address cannot be decoded' },
  'bad-request': { status: 400, title: 'The request is not proper HTTP' },
  unauthenticated: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'The API key may not do this' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'method-not-allowed': { status: 405, title: 'The address does not take this method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that is not taken here' },
  'too-many-requests': { status: 429, title: 'The API key writes too often' },
  'headers-too-large': { status: 431, title: 'The address or the headers are too long' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  busy: { status: 503, title: 'Too much is waiting' },
  unavailable: { status: 503, title: 'The ledger cannot be reached' },
  'storage-full': { status: 503, title: 'There is no room for more records' },
  'not-owner': { status: 503, title: 'Another process writes this ledger now' },
  'not-storable': { status: 422, title: 'The record can never be stored' },
  'not-yet-visible': { status: 503, title: 'The position is not there yet' },
  stopping: { status: 503, title: 'The process is stopping' },
} as const satisfies Record<RejectionCode, Kind> & Record<string, Kind>;

interface Kind {
  status: number;
  title: string;
}

export type ProblemCode = keyof typeof PROBLEMS;

/** What can be wrong in one place of a body. */
export const FAULT_CODES = [
  // of the text, before it is parsed
  'empty',
  'byte-order-mark',
  'not-utf-8',
  'syntax',
  'trailing-text',
  'too-deep',
  'duplicate-key',
  'forbidden-key',
  'number-loses-digits',
  'nul',
  'lone-surrogate',
  // of the values
  'unknown-field',
  'missing',
  'wrong-type',
  'not-in-list',
  'wrong-form',
  'unreal-date',
  'control-character',
  'blank',
  'too-long',
  'too-few',
  'too-many',
  'out-of-range',
  'exactly-one',
  'differs-from-address',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** One thing that is wrong: where (RFC 6901, '' is the whole body), what (for programs), why (for people). */
export interface Fault {
  pointer: string;
  code: FaultCode | RejectionCode;
  reason: string;
}

/** As it goes over HTTP. Further members are the code's own, such as `current` versions. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: readonly Fault[];
  [member: string]: unknown;
}

export class Problem extends Error {
  readonly errors: readonly Fault[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: { errors?: readonly Fault[]; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.errors = options.errors ?? [];
    this.details = options.details ?? {};
  }

  /** The problem that another process of ours answered with. Of a code that is not ours, nothing is passed on. */
  static from(body: ProblemBody): Problem {
    const { type: _type, title: _title, status: _status, code, detail, errors, ...details } = body;
    if (!Object.hasOwn(PROBLEMS, code)) return new Problem('internal', 'Another process answered what we do not know.');
    return new Problem(code, detail, { details, ...(errors !== undefined && { errors }) });
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  body(): ProblemBody {
    const { status, title } = PROBLEMS[this.code];
    return {
      ...this.details,
      type: `/problems/${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
    };
  }
}

/** What may be said about an error: a problem as it is, a refusal of the rules in the words of HTTP, nothing of others. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (!(error instanceof Rejected)) return undefined;
  const { code, message, pointer, details } = error;
  const errors = pointer === undefined ? [] : [{ pointer, code, reason: message }];
  return new Problem(code, message, { errors, details });
}

const NAME_LENGTH_MAX = 100;

/** The RFC 6901 pointer to a place. Names that a client made up are cut, so that no answer grows with its input. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((step) => `/${typeof step === 'number' ? step : escape(step)}`).join('');
}

function escape(name: string): string {
  const short =
    name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX).replace(/[\ud800-\udbff]$/, '')}…` : name;
  return short.replaceAll('~', '~0').replaceAll('/', '~1');
}
