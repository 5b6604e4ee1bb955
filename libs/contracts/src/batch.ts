/**
 * THE LINES OF A BATCH: one command each, read with the very function that reads the body of a single request. What is wrong
 * in a line's body gets the verdict, pointers and codes that it would get there; what is wrong around it is a `bad-line`.
 */
import type { ActName } from '#domain';
import { readBody, type CheckedBody } from './acts.js';
import { BatchLineDto } from './batch.dto.js';
import { checkBody } from './check-body.js';
import { JSON_LIMITS, parseStrictJson } from './json-scanner.js';
import { Problem, type Fault } from './problems.js';

/** Of the whole body of a batch. */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;
const BATCH_LINES_MAX = 10_000;
/** Of the body of a single request, and of a line. */
export const BODY_BYTES_MAX = 1024 * 1024;

const NEWLINE = 0x0a;

export interface BatchLine {
  /** The command's id. */
  commandKey: string;
  act: ActName;
  checked: CheckedBody;
}

/** A line that is not blank, and its number from 1. */
export interface NumberedLine {
  number: number;
  bytes: Buffer;
}

/** The lines of a batch in order. @throws Problem empty, or body-too-large before anything is looked at */
export function linesOf(body: Buffer): NumberedLine[] {
  const lines: NumberedLine[] = [];
  for (let start = 0, number = 1; start < body.length; number += 1) {
    const found = body.indexOf(NEWLINE, start);
    const end = found === -1 ? body.length : found;
    const bytes = body.subarray(start, end);
    if (!isBlank(bytes)) {
      if (lines.length === BATCH_LINES_MAX) {
        throw new Problem('body-too-large', `A batch has ${BATCH_LINES_MAX} lines at most: send it in parts.`, {
          details: { linesMax: BATCH_LINES_MAX },
        });
      }
      lines.push({ number, bytes });
    }
    start = end + 1;
  }
  if (lines.length === 0) {
    const reason = 'is empty: send a command on each line';
    throw new Problem('bad-json', `The body ${reason}.`, { errors: [{ pointer: '', code: 'empty', reason }] });
  }
  return lines;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

/** Checks a line for form, and its body as a single request's is checked. @throws Problem */
export function readBatchLine(bytes: Buffer): BatchLine {
  if (bytes.length > BODY_BYTES_MAX) {
    throw new Problem('body-too-large', `A line has ${BODY_BYTES_MAX} bytes at most.`, {
      details: { bytesMax: BODY_BYTES_MAX },
    });
  }
  const line = parseLine(bytes);
  const faults = checkBody(line, BatchLineDto);
  if (faults.length > 0) throw badLine(faults);
  const { id: commandKey, act, expect, body } = line as BatchLineDto;
  const checked = readBody(act, expect === undefined ? body : withExpect(body, expect));
  if (checked.seed !== undefined) {
    const reason = 'is many records: open the ledger by its own address to give it one';
    throw new Problem('bad-body', `/seed ${reason}.`, { errors: [{ pointer: '/seed', code: 'does-not-fit', reason }] });
  }
  return { commandKey, act, checked };
}

/** The body lies one level deeper here than in a request of its own; what is wrong in it is named as there. */
function parseLine(bytes: Buffer): unknown {
  try {
    return parseStrictJson(bytes, { ...JSON_LIMITS, around: 1 });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { message, errors, details } = error;
    const inBody = errors.filter(({ pointer }) => /^\/body(\/|$)/.test(pointer));
    if (inBody.length === 0) throw badLine(errors, message.replace('The body', 'The line'));
    const faults = inBody.map((fault) => ({ ...fault, pointer: fault.pointer.slice('/body'.length) }));
    throw new Problem('bad-json', message, { errors: faults, details });
  }
}

function withExpect(body: unknown, expect: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  if (Object.hasOwn(body, 'expect')) {
    throw badLine([{ pointer: '/expect', code: 'exactly-one', reason: 'stands in the body as well: give it once' }]);
  }
  return { ...body, expect };
}

function badLine(errors: readonly Fault[], message?: string): Problem {
  const [first] = errors;
  const where = first === undefined || first.pointer === '' ? 'The line' : first.pointer;
  return new Problem('bad-line', message ?? `${where} ${first?.reason}.`, { errors });
}
