/** Whatever is set, a packed table answers like a Map, and what it was at a moment can be written down and read again. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CommandIds, commandPartsOf, digestPrefix } from './command-ids.js';
import { PackedTable, partsOf } from './packed-table.js';

const keys = fc.oneof(
  fc.integer({ min: 0, max: 50 }).map((n) => `ged:${n}`),
  fc.stringMatching(/^[a-z0-9][a-z0-9:._-]{0,99}$/),
);
const values = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 300 }), fc.constant(null));
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function restored<Value>(table: PackedTable<Value>): PackedTable<Value> {
  const other = new PackedTable<Value>();
  for (const part of partsOf(table.moment())) other.restore(part);
  return other;
}

const bytesOf = (table: PackedTable<unknown>): Buffer => Buffer.concat([...partsOf(table.moment())]);

describe('a packed table', () => {
  test('answers like a Map, whatever is set in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, values), { maxLength: 200 }), (pairs) => {
        const [table, map] = [new PackedTable<unknown>(), new Map<string, unknown>()];
        for (const [key, value] of pairs) {
          table.set(key, value);
          map.set(key, json(value));
          expect(table.get(key)).toEqual(json(value));
        }
        expect([...table.entries()]).toEqual([...map]);
        for (const [key, value] of map) expect(table.get(key)).toEqual(value);
        expect(table.get('no-such-key')).toBe(map.get('no-such-key'));
        expect(table.size).toBe(map.size);
      }),
    );
  });

  test('is written down and read again as it was, and goes on alike', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, values)), fc.array(fc.tuple(keys, values)), (before, after) => {
        const table = new PackedTable<unknown>();
        for (const [key, value] of before) table.set(key, value);
        const other = restored(table);
        for (const [key, value] of after) {
          table.set(key, value);
          other.set(key, value);
        }
        expect(bytesOf(other).equals(bytesOf(table))).toBe(true);
        for (const [key] of [...before, ...after]) expect(other.numberOf(key)).toBe(table.numberOf(key));
      }),
    );
  });

  test('a moment of it stays what it was, whatever is set later', () => {
    const table = new PackedTable<string>();
    const text = 'x'.repeat(10_000);
    for (let n = 0; n < 1_000; n += 1) table.set(`key-${n}`, `${text}${n}`);
    const moment = table.moment();
    const before = Buffer.concat([...partsOf(moment)]);
    // Several times its size, so that it tidies up.
    for (let n = 0; n < 5_000; n += 1) table.set(`key-${n % 1_200}`, `${text}-${n}`);
    expect(Buffer.concat([...partsOf(moment)]).equals(before)).toBe(true);
    for (let n = 0; n < 1_200; n += 1) expect(table.get(`key-${n}`)?.startsWith(text)).toBe(true);
  });

  test('what is replaced again and again takes no more room than a few times what is kept', () => {
    const table = new PackedTable<string>();
    const value = 'x'.repeat(1_000);
    for (let n = 0; n < 100_000; n += 1) table.set(`key-${n % 100}`, `${value}${n}`);
    expect(table.moment().chunks.length).toBeLessThan(20);
    expect(table.get('key-99')).toBe(`${value}99999`);
  });

  test('what is larger than a chunk has one of its own', () => {
    const table = new PackedTable<string>();
    const large = 'é'.repeat(1_500_000);
    table.set('before', 'small');
    table.set('large', large);
    table.set('after', 'small');
    const other = restored(table);
    for (const one of [table, other]) {
      expect(['before', 'large', 'after'].map((key) => one.get(key))).toEqual(['small', large, 'small']);
    }
  });

  test('leaves out only what mentions none of the texts', () => {
    const table = new PackedTable<object>();
    for (let n = 0; n < 100; n += 1) table.set(`s-${n}`, { about: `{"incident":"i-${n}"}` });
    expect([...table.entries(['"i-7', 'i-42'])].map(([key]) => key)).toEqual(expect.arrayContaining(['s-42']));
    expect([...table.entries(['i-42'])].map(([key]) => key)).toEqual(['s-42']);
  });
});

describe('command ids', () => {
  const digest = (n: number): string => Buffer.from(`digest of command ${n}`.padEnd(32)).toString('base64url');
  const filled = (count: number): CommandIds => {
    const ids = new CommandIds();
    for (let n = 0; n < count; n += 1) {
      ids.add(`k1:command-${n}`, { entity: n, version: 1 + (n % 3), digest: digestPrefix(digest(n)) });
    }
    return ids;
  };

  test('are found again with what they came to, and no others', () => {
    const ids = filled(30_000);
    const other = new CommandIds();
    for (const part of commandPartsOf(ids.moment())) other.restore(part);
    for (const found of [ids, other]) {
      for (const n of [0, 1, 8_191, 8_192, 29_999]) {
        expect(found.get(`k1:command-${n}`)).toEqual({
          entity: n,
          version: 1 + (n % 3),
          position: n + 1,
          digest: digestPrefix(digest(n)),
        });
      }
      expect(found.get('k2:command-1')).toBeUndefined();
      expect(found.get('k1:command-30000')).toBeUndefined();
      expect(found.size).toBe(30_000);
    }
  });

  test('a moment of them does not have what comes later', () => {
    const ids = filled(8_200);
    const moment = ids.moment();
    ids.add('k1:later', { entity: 1, version: 1, digest: digestPrefix(digest(1)) });
    const other = new CommandIds();
    for (const part of commandPartsOf(moment)) other.restore(part);
    expect(other.size).toBe(8_200);
    expect(other.get('k1:later')).toBeUndefined();
  });
});
