import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Rejected, REJECTION_CODES } from '#domain';
import { FAULT_CODES, pointerTo, Problem, problemOf, PROBLEMS, type ProblemCode } from './problems.js';

const page = readFileSync(new URL('../../../../docs/problems.md', import.meta.url), 'utf8');

describe('the page about problems', () => {
  const sections = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n') + 1)]),
  );

  test('has a section for each code, and no other', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  test.each(Object.entries(PROBLEMS))('gives the status and a remedy of %s', (code, { status }) => {
    const section = sections.get(code)?.trim() ?? '';
    expect(section).toMatch(new RegExp(`^${status}\\. `));
    expect(section.length).toBeGreaterThan(40);
  });

  test.each(FAULT_CODES)('explains the fault %s', (code) => {
    expect(page).toMatch(new RegExp(`^\\| \`${code}\` +\\|`, 'm'));
  });
});

describe('a problem', () => {
  test('every refusal of the rules is one', () => {
    for (const code of REJECTION_CODES) expect(PROBLEMS[code].status).toBeGreaterThanOrEqual(400);
  });

  test('of a refusal keeps its place, its details and its words', () => {
    const rejected = new Rejected('wrong-version', 'Changed since.', '/expect', {
      current: [{ entity: 'a', version: 3 }],
    });
    expect(problemOf(rejected)?.body()).toEqual({
      type: '/problems/wrong-version',
      title: 'Somebody changed it since',
      status: 412,
      code: 'wrong-version',
      detail: 'Changed since.',
      errors: [{ pointer: '/expect', code: 'wrong-version', reason: 'Changed since.' }],
      current: [{ entity: 'a', version: 3 }],
    });
  });

  test('is not made of an error that nobody foresaw', () => {
    expect(problemOf(new TypeError('of undefined'))).toBeUndefined();
  });

  test('details cannot pose as the members of the standard', () => {
    const problem = new Problem('busy', 'Later.', { details: { status: 200, type: 'x' } });
    expect(problem.body()).toMatchObject({ status: 503, type: '/problems/busy' });
  });

  test('without a single place to blame has no errors', () => {
    expect(new Problem('busy' satisfies ProblemCode, 'Later.').body()).not.toHaveProperty('errors');
  });
});

test('a pointer escapes what RFC 6901 asks for, and cuts names that a client made up', () => {
  expect(pointerTo([])).toBe('');
  expect(pointerTo(['a/b', 0, 'c~d'])).toBe('/a~1b/0/c~0d');
  expect(pointerTo(['x'.repeat(5000)]).length).toBeLessThan(110);
});
