/** The body that stands for a command: as a client would send it. */
import type { Command } from '#domain';

export function bodyOf(command: Command): object {
  const { act: _act, ...rest } = command;
  const { expect: expected, ...about } = rest;
  // What is registered or recorded is spread out in the body, beside its id.
  const body = Object.entries(about).flatMap(([field, value]) =>
    typeof value === 'object' && field !== 'origin' ? Object.entries(value as object) : [[field, value]],
  );
  return Object.fromEntries(expected === undefined ? body : [...body, ['expect', expected]]) as object;
}
