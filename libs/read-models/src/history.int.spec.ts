/** Histories against the answers of every moment: what they tell, put together, is what there was. */
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalText, type PolicyName } from '#domain';
import type { ReadRecord } from '#ledger';
import { factsOf, histories, recordsOf } from '#testing';
import { entity, type EntityTable } from './entities.js';
import {
  entityHistory,
  incidentHistory,
  type HistoryStep,
  type IncidentHistory,
  type IncidentStep,
} from './history.js';
import { incidentPage } from './incident-page.js';
import { freshTables } from './tables.fixture.js';

const { pool, withTables } = await freshTables();
afterAll(() => pool.end());

const policies = fc.constantFrom<PolicyName>('official-first', 'latest-official', 'best-graded', 'envelope');
const END = Number.MAX_SAFE_INTEGER;

async function withHistory(
  check: (schema: string, entries: readonly ReadRecord[], policy: PolicyName) => Promise<void>,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(histories, policies, async (commands, policy) => {
      const entries = recordsOf('history', factsOf(commands));
      await withTables(entries, (schema) => check(schema, entries, policy));
    }),
    { numRuns },
  );
}

const INCIDENTS = ['incident-0', 'incident-1', 'incident-2'];

test('after each step of an incident its numbers are those that the page then shows; no record that moved one is left out', async () => {
  await withHistory(async (schema, entries, policy) => {
    for (const id of INCIDENTS) {
      const now = { ledger: 'history', sequence: entries.length };
      const history = await incidentHistory(pool, schema, now, id, policy, 0, END - 1);
      const told = new Map(history?.items.map((step) => [step.sequence, step]));
      let before = new Map<string, string>();
      for (let sequence = 1; sequence <= entries.length; sequence += 1) {
        const page = await incidentPage(pool, schema, { ...now, sequence }, id, policy);
        const after = new Map(
          (page?.answers ?? []).flatMap(({ question, figure }) => {
            if (figure === null || (figure.status === 'unreported' && !figure.contested)) return [];
            const { low, best, high, status, contested, basis } = figure;
            return [[canonicalText(question), canonicalText({ low, best, high, status, contested, basis })]];
          }),
        );
        const moved = [...new Set([...before.keys(), ...after.keys()])].filter(
          (key) => before.get(key) !== after.get(key),
        );
        const figures = told.get(sequence)?.figures ?? [];
        for (const move of figures) {
          const key = canonicalText(move.question);
          expect(moved).toContain(key);
          expect(move.before && canonicalText(move.before)).toBe(before.get(key) ?? null);
          expect(move.after && canonicalText(move.after)).toBe(after.get(key) ?? null);
          expect(move.cause).not.toBeNull();
        }
        // Of the same people told twice, by side and as anybody, the side is enough.
        const predicates = new Set(figures.map(({ question: { predicate, key } }) => `${predicate} ${key}`));
        for (const key of moved) {
          const {
            predicate,
            key: of,
            who,
          } = JSON.parse(key) as { predicate: string; key?: string; who?: { of?: string } };
          if (who?.of === undefined) expect([...predicates]).toContain(`${predicate} ${of}`);
        }
        before = after;
      }
    }
  }, 12);
}, 180_000);

test('every statement about an incident is a step of it, and so is every change of the statement and of the card', async () => {
  await withHistory(async (schema, entries, policy) => {
    const about = new Map<string, Set<string>>(INCIDENTS.map((id) => [id, new Set()]));
    const expected = new Map<string, Set<number>>(INCIDENTS.map((id) => [id, new Set()]));
    // What is said of one that was merged is said of its survivor.
    const merged = new Set<string>();
    for (const { record } of entries) {
      if (record.name === 'IncidentMerged') merged.add(record.data.changes[0]?.entity ?? '');
      if (!('statement' in record.data)) continue;
      const id = record.data.changes[0]?.entity ?? '';
      for (const { about: of } of record.data.statement.claims) {
        const named = 'incident' in of ? [of.incident] : 'incidents' in of ? of.incidents : [];
        for (const one of named) if (!merged.has(one)) about.get(one)?.add(id);
      }
    }
    merged.clear();
    for (const { record } of entries) {
      for (const { entity: id } of record.data.changes) {
        const open = INCIDENTS.filter((one) => id === one || (!merged.has(one) && about.get(one)?.has(id)));
        for (const one of open) expected.get(one)?.add(record.sequence);
      }
      if (record.name === 'IncidentMerged') merged.add(record.data.changes[0]?.entity ?? '');
    }
    for (const id of INCIDENTS) {
      const now = { ledger: 'history', sequence: entries.length };
      const whole = await incidentHistory(pool, schema, now, id, policy, 0, END - 1);
      const sequences = whole?.items.map(({ sequence }) => sequence) ?? [];
      expect([...(expected.get(id) ?? [])].filter((sequence) => !sequences.includes(sequence))).toEqual([]);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
      const paged: IncidentStep[] = [];
      for (let after: string | null = '0'; after !== null;) {
        const page: IncidentHistory | undefined = await incidentHistory(
          pool,
          schema,
          now,
          id,
          policy,
          Number(after),
          2,
        );
        paged.push(...(page?.items ?? []));
        after = page?.next ?? null;
      }
      expect(paged).toEqual(whole?.items);
    }
  }, 20);
}, 120_000);

test('a thing is before each step what it was after the one before, and at last what its page shows', async () => {
  const of: readonly (readonly [EntityTable, string])[] = [
    ['incidents', 'incident-0'],
    ['statements', 'statement-0'],
    ['statements', 'statement-1'],
    ['documents', 'document-0'],
    ['assessments', 'assessment-0'],
    ['actors', 'actor-0'],
    ['places', 'place-0'],
  ];
  await withHistory(async (schema, entries) => {
    const now = { ledger: 'history', sequence: entries.length };
    for (const [table, id] of of) {
      const history = await entityHistory(pool, schema, now, table, id, 0, END - 1);
      const shown = await entity(pool, schema, now, table, id);
      const own = entries.filter(({ record }) => record.data.changes.some((one) => one.entity === id));
      expect(history?.items.map(({ sequence }) => sequence)).toEqual(
        shown === undefined ? undefined : own.map(({ record }) => record.sequence),
      );
      let last: HistoryStep['after'] = null;
      for (const [nth, step] of (history?.items ?? []).entries()) {
        expect(step.before).toEqual(last);
        expect(step.after?.version).toBe(nth + 1);
        const { record } = own[nth] as ReadRecord;
        expect([step.type, step.recordedtime, step.recorder, step.reason]).toEqual([
          record.name,
          record.recordedtime,
          record.recorder,
          'reason' in record.data ? record.data.reason : null,
        ]);
        if ('statement' in record.data) expect(step.after?.body).toEqual(record.data.statement);
        last = step.after;
      }
      if (shown === undefined) continue;
      const { version, status, body } = shown;
      expect(last).toMatchObject({ version, status, body });
    }
  }, 20);
}, 120_000);
