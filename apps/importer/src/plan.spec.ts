/** What a row needs, given what stands of it: over releases that follow each other, come back, or come late. */
import { describe, expect, test } from '@jest/globals';
import { gedDataSet } from './ged.js';
import type { Release, Standing } from './journal.js';
import { event, rowOf } from './made-up.fixture.js';
import { planRow, retractionLine, type Plan } from './plan.js';

const release = (name: string): Release => ({ name, published: `20${name.slice(0, 2)}-12-31` });
const isLater = (one: Release, other: Release): boolean => one.published > other.published;

/** Rows of one id through releases, each on what the one before left, as the import keeps it. */
function through(...steps: readonly [name: string, changes: Record<string, string>][]): Plan[] {
  let standing: Standing | undefined;
  return steps.map(([name, changes]) => {
    const dataSet = gedDataSet(release(name), true);
    const entry = dataSet.read(rowOf(event(changes)));
    const plan = planRow(dataSet, entry, standing, isLater);
    if (plan.is !== 'same' && plan.is !== 'older') {
      const version = (standing?.version ?? 0) + (plan.steps.some(({ step }) => step !== 'statement') ? 1 : 0);
      const { values, card, country, year } = entry;
      standing = { release: dataSet.release, values, card, version, country, year };
    }
    return plan;
  });
}
const ids = ({ steps }: Plan): string[] => steps.map(({ line }) => `${line.act} ${line.id}`);

describe('releases', () => {
  test('a new row is an incident and a statement', () => {
    const [plan] = through(['22.1', {}]) as [Plan];
    expect(ids(plan)).toEqual(['record-incident ged:22.1:101:incident', 'record-statement ged:22.1:101']);
    expect(plan.steps[1]?.line.body).toMatchObject({ id: 'ged:22.1:101', utterance: 'ucdp:22.1:101' });
  });

  test('the same release once more, and the next one with the same values, need nothing', () => {
    const plans = through(['22.1', {}], ['22.1', { id: '101.0' }], ['23.1', { latitude: '35.500' }]);
    expect(plans.slice(1)).toEqual([
      { is: 'same', steps: [] },
      { is: 'same', steps: [] },
    ]);
  });

  test('other numbers are a new statement; another place a corrected card, which comes first', () => {
    const plans = through(
      ['22.1', {}],
      ['23.1', { low: '1' }],
      ['24.1', { low: '1', where_coordinates: 'Another town' }],
    );
    expect(ids(plans[1] as Plan)).toEqual(['record-statement ged:23.1:101']);
    expect(ids(plans[2] as Plan)).toEqual(['correct-incident ged:24.1:101:card:1', 'record-statement ged:24.1:101']);
    expect(plans[2]?.steps[0]?.line).toMatchObject({
      expect: [{ entity: 'ged:101', version: 1 }],
      body: { id: 'ged:101', title: expect.stringContaining('Another town'), reason: expect.stringContaining('24.1') },
    });
  });

  test('there and back again are two revisions', () => {
    const plans = through(['22.1', {}], ['23.1', { low: '1' }], ['24.1', {}], ['24.1', {}]);
    expect(plans.map(({ is }) => is)).toEqual(['new', 'revised', 'revised', 'same']);
    expect(ids(plans[2] as Plan)).toEqual(['record-statement ged:24.1:101']);
  });

  test('an older release says nothing of a row of which a later one stands', () => {
    const plans = through(['23.1', {}], ['22.1', { low: '1', where_coordinates: 'Another town' }], ['24.1', {}]);
    expect(plans.map(({ is }) => is)).toEqual(['new', 'older', 'same']);
  });

  test('a release that contradicts what it said before is refused', () => {
    expect(() => through(['23.1', {}], ['23.1', { low: '1' }])).toThrow('23.1 had other values in this row');
  });
});

describe('what is left of an earlier run', () => {
  const dataSet = gedDataSet(release('23.1'), true);
  const entry = dataSet.read(rowOf(event()));
  const stands = (changes: Partial<Standing>): Standing => ({
    release: release('23.1'),
    values: entry.values,
    card: entry.card,
    version: 1,
    country: 652,
    year: 2020,
    ...changes,
  });

  test('a card that was refused is tried again, alone', () => {
    const plan = planRow(dataSet, entry, stands({ card: 1, version: 3 }), isLater);
    expect([plan.is, ...ids(plan)]).toEqual(['same', 'correct-incident ged:23.1:101:card:3']);
  });

  test('a row that was retracted comes back with a later release', () => {
    const gone = stands({ release: release('22.1'), values: 0 });
    expect(ids(planRow(dataSet, entry, gone, isLater))).toEqual(['record-statement ged:23.1:101']);
    expect(retractionLine(dataSet, '101', stands({ release: release('22.1') }))?.id).toBe('ged:23.1:101');
  });
});
