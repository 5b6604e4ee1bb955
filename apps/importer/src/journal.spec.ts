/** The journal: what the next run finds in it, also after a kill in the middle of a line. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Journal, RETRACTED, type Release, type Standing } from './journal.js';

let folder: string;
let nextFile = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const newPath = (): string => join(folder, 'deeper', `${(nextFile += 1)}.journal`);
const standing = (release: Release, changes: Partial<Standing> = {}): Standing => ({
  release,
  values: 4_000_000_000,
  card: 5,
  version: 2,
  country: 652,
  year: 2020,
  ...changes,
});

async function reopened(path: string): Promise<Journal> {
  const journal = await Journal.open(path);
  journal.close();
  return journal;
}

test('what was kept is found again: releases, rows of any number, registers', async () => {
  const path = newPath();
  const journal = await Journal.open(path);
  const [first, second] = [
    journal.release({ name: '22.1', published: '2022-12-31' }),
    journal.release({ name: '23.1', published: '2023-12-31' }),
  ];
  journal.addRegisters(['ucdp', 'country:sy']);
  const rows = Array.from({ length: 10_000 }, (_, index): [string, Standing] => [
    String(index + 1),
    standing(index % 2 === 0 ? first : second, { values: 4_294_967_295 - index }),
  ]);
  journal.set(rows);
  journal.set([
    ['7', standing(second, { values: RETRACTED })],
    ['line:7', standing(first)],
  ]);
  journal.close();

  const again = await reopened(path);
  expect(again.rowCount).toBe(10_001);
  for (const [row, stands] of rows) if (row !== '7') expect(again.of(row)).toEqual(stands);
  expect(again.of('7')).toMatchObject({ release: { name: '23.1' }, values: RETRACTED });
  expect(again.of('line:7')).toEqual(standing(first));
  expect(again.of('10001')).toBeUndefined();
  expect([again.knowsRegister('ucdp'), again.knowsRegister('us')]).toEqual([true, false]);
});

describe('a line that was cut off', () => {
  test('is as if it had never been written, and the next ones are whole', async () => {
    const path = newPath();
    const journal = await Journal.open(path);
    const release = journal.release({ name: '23.1', published: '2023-12-31' });
    journal.set([
      ['1', standing(release)],
      ['2', standing(release)],
    ]);
    journal.close();
    const whole = readFileSync(path, 'utf8');
    // Wherever the cut is in the last line.
    for (let cut = whole.lastIndexOf('\n', whole.length - 2) + 2; cut < whole.length - 1; cut += 1) {
      writeFileSync(path, whole.slice(0, cut));
      const next = await Journal.open(path);
      expect(next.of('2')).toBeUndefined();
      next.set([['3', standing(next.release(release))]]);
      next.close();
      const again = await reopened(path);
      expect([again.of('1'), again.of('2'), again.of('3')]).toEqual([standing(release), undefined, standing(release)]);
    }
  });

  test('so is whatever else somebody left there', async () => {
    const path = newPath();
    (await Journal.open(path)).close();
    appendFileSync(path, 'nonsense\nnull\n["1",0,1,1,1,1,2020]\n[]\n{}\n');
    expect((await reopened(path)).rowCount).toBe(0);
  });
});

describe('rows that are not in a file', () => {
  test('are those that stand and were not met', async () => {
    const path = newPath();
    const journal = await Journal.open(path);
    const release = journal.release({ name: '22.1', published: '2022-12-31' });
    journal.set([
      ['1', standing(release)],
      ['2', standing(release)],
      ['3', standing(release, { values: RETRACTED })],
    ]);
    expect(journal.meet('1', 2)).toBe(0);
    expect(journal.meet('1', 9)).toBe(2);
    expect(journal.meet('4', 3)).toBe(0);
    expect([...journal.unmet()].map(([row]) => row)).toEqual(['2']);
    journal.close();
  });
});

test('releases follow each other by when they came out, then by when they were imported', async () => {
  const journal = await Journal.open(newPath());
  const later = journal.release({ name: '23.1', published: '2023-12-31' });
  const earlier = journal.release({ name: '22.1', published: '2022-12-31' });
  const another = journal.release({ name: '23.1-mended', published: '2023-12-31' });
  expect([journal.isLater(later, earlier), journal.isLater(earlier, later)]).toEqual([true, false]);
  expect([journal.isLater(another, later), journal.isLater(later, another)]).toEqual([true, false]);
  // What is known of a release stays.
  expect(journal.release({ name: '22.1', published: '2030-01-01' })).toBe(earlier);
  journal.close();
});

test('a sample is from all over', async () => {
  const journal = await Journal.open(newPath());
  const release = journal.release({ name: '23.1', published: '2023-12-31' });
  journal.set(Array.from({ length: 1000 }, (_, index) => [String(index + 1), standing(release)]));
  const sampled = [...journal.sample(10)].map(([row]) => Number(row));
  expect(sampled).toHaveLength(10);
  expect(sampled.at(-1)).toBe(901);
  journal.close();
});
