/** The body that stands for a command: as a client would send it. */
import type { Command } from '#domain';

/** What is registered or recorded: spread out in the body, beside its id. */
const THINGS: ReadonlySet<string> = new Set([
  'actor',
  'place',
  'document',
  'incident',
  'statement',
  'assessment',
  'tie',
]);

export function bodyOf(command: Command): object {
  const { act: _act, ...rest } = command;
  const { expect: expected, ...about } = rest;
  const body = Object.entries(about).flatMap(([field, value]) =>
    THINGS.has(field) ? Object.entries(value as object) : [[field, value]],
  );
  return Object.fromEntries(expected === undefined ? body : [...body, ['expect', expected]]) as object;
}
