/** The runbook has a section for everything a process can say of itself, and says nothing that no process says. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Metrics, STATES, TROUBLES } from '#runtime';

const root = new URL('../../', import.meta.url);
const runbook = readFileSync(new URL('docs/runbook.md', root), 'utf8');
const part = (heading: string): string => {
  const [, text = ''] = runbook.split(`\n## ${heading}\n`);
  return text.split('\n## ')[0] ?? '';
};
/** The first cells of a part's tables. */
const firstCells = (text: string): string[] =>
  [...text.matchAll(/^\| (.*?) +\|/gm)]
    .map(([, cell = '']) => cell)
    .filter((cell) => !/^(-+|name|state|what|message)/.test(cell));

/** All that our programs are made of, but for tests. */
const source = ['apps', 'libs']
  .flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(new URL(file, root), 'utf8'))
  .join('\n');

test('every state has its line, and no other', () => {
  expect(
    firstCells(part('States'))
      .map((cell) => cell.replaceAll('`', ''))
      .toSorted(),
  ).toEqual([...STATES].toSorted());
});

test('every trouble has its section, and no other', () => {
  const sections = part('Troubles').split(/^### /m).slice(1);
  expect(sections.map((section) => section.split('\n')[0]).toSorted()).toEqual(Object.keys(TROUBLES).toSorted());
  for (const section of sections) expect(section.length).toBeGreaterThan(100);
});

test('every number has its line with its labels, and no other', async () => {
  const metrics = new Metrics();
  metrics.showState(STATES, async () => 'ready');
  const numbers = metrics.watchWriters(() => [{ ledger: 'l', commands: 0, bytes: 0 }]);
  numbers.committed('l', { ms: 1, records: 1 });
  numbers.answered('l', 'accepted');
  numbers.recovered('l', { how: 'replay', ms: 1 });
  numbers.fenced('l');
  numbers.inDoubt('l');
  metrics.watchProjections(async () => [{ ledger: 'l', sequence: 1, behind: 0, behindSeconds: 0 }]);
  metrics.watchQuarantine(() => new Map([['l', { count: 0 }]]));
  metrics.answered({ method: 'GET', route: '/', status: 200 }, 0.1);
  const { text } = await metrics.text();
  const labelsOf = (name: string): string[] => {
    const line = text.split('\n').find((one) => new RegExp(`^${name}(_count)?[{ ]`).test(one)) ?? '';
    return [...line.matchAll(/(\w+)="/g)].map(([, label = '']) => label).toSorted();
  };
  const names = [...text.matchAll(/^# TYPE (incident_ledger_\w+)/gm)].map(([, name = '']) => name);
  const described = part('Numbers')
    .split('\n')
    .filter((line) => line.startsWith('| `incident_ledger_'))
    .map((line) =>
      line
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
  expect(
    described
      .map(([name = '', labels = '']) => [name, labels.split(' ').filter(Boolean).toSorted()])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  ).toEqual(names.toSorted((a, b) => a.localeCompare(b)).map((name) => [name, labelsOf(name)]));
});

describe('what the log says', () => {
  const quoted = [
    ...firstCells(part('What the log and answers tell besides')),
    ...firstCells(part('A start that fails')),
    ...[...part('Troubles').matchAll(/Log: [^`]*(`[^`]+`)/g)].map(([, text = '']) => text),
  ].flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text.replaceAll('\n', ' ')));

  test.each(quoted)('%s', (text) => {
    // What varies stands as dots.
    const missing = text.split('…').filter((fragment) => !source.includes(fragment.trim()));
    expect(missing).toEqual([]);
  });

  test('is quoted often enough for this to be a test', () => {
    expect(quoted.length).toBeGreaterThan(20);
  });
});

test('health points at sections of this page', () => {
  expect(source.includes('docs/runbook.md#${trouble.code}')).toBe(true);
});
