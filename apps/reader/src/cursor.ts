/** Where the next page of a list begins. A cursor belongs to its question and keeps its moment: pages never overlap. */
import { createHash } from 'node:crypto';
import { Problem } from '#contracts';

export interface Cursor {
  /** All pages are as of this sequence. */
  sequence: number;
  /** Whether the first page was final. */
  final: boolean;
  /** The last item of the page before. */
  after: string;
}

export function writeCursor(question: object, cursor: Cursor): string {
  return Buffer.from(JSON.stringify([markOf(question), cursor.sequence, cursor.final, cursor.after]), 'utf8').toString(
    'base64url',
  );
}

/** @throws Problem bad-parameter where it is no cursor, or one of another question */
export function readCursor(question: object, text: string): Cursor {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    parts = undefined;
  }
  if (Array.isArray(parts)) {
    const [mark, sequence, final, after] = parts as unknown[];
    const isWhole = Number.isSafeInteger(sequence) && typeof final === 'boolean' && typeof after === 'string';
    if (mark === markOf(question) && isWhole && isPlain(after)) return { sequence: sequence as number, final, after };
  }
  throw new Problem('bad-parameter', 'The parameter cursor must be `next` of an answer to this very question.', {
    details: { parameter: 'cursor' },
  });
}

/** What we write into a cursor is ids, times and digits; a made-up one may hold anything. */
function isPlain(after: string): boolean {
  return /^[\x20-\x7e]{0,200}$/.test(after);
}

function markOf(question: object): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12);
}
