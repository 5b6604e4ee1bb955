import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  assign,
  decodeMember,
  decodeOwners,
  encodeMember,
  encodeOwners,
  type Member,
  type Owners,
} from './assignment.js';

const member = (address: string, more: Partial<Member> = {}): Member => ({
  address,
  leaving: false,
  holds: [],
  generation: 1,
  knows: [],
  nonce: 0,
  ...more,
});

const named = (prefix: string, count: number): string[] => [...Array(count).keys()].map((n) => `${prefix}-${n}`);

const heldBy = (owners: Owners, address: string): string[] =>
  [...owners].flatMap(([ledger, owner]) => (owner === address ? [ledger] : []));

/** The same members after the assignment: each says what it was given. */
const holding = (owners: Owners, addresses: readonly string[]): Member[] =>
  addresses.map((address) => member(address, { holds: heldBy(owners, address), generation: 2 }));

const moved = (before: Owners, after: Owners): string[] =>
  [...after].flatMap(([ledger, owner]) => (before.has(ledger) && before.get(ledger) !== owner ? [ledger] : []));

function expectFair(owners: Owners, ledgers: readonly string[], addresses: readonly string[]): void {
  expect([...owners.keys()].sort()).toEqual([...ledgers].sort());
  const loads = addresses.map((address) => heldBy(owners, address).length);
  expect(loads.reduce((sum, load) => sum + load, 0)).toBe(ledgers.length);
  expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
}

/** Members that hold anything, also what others claim, what nobody has, and more than their share. */
const anyMembers = fc.uniqueArray(
  fc.record({
    address: fc.constantFrom(...named('http://recorder', 8)),
    leaving: fc.boolean(),
    holds: fc.uniqueArray(fc.constantFrom(...named('ledger', 20))),
    generation: fc.integer({ min: 0, max: 3 }),
    knows: fc.uniqueArray(fc.constantFrom(...named('new', 3))),
    nonce: fc.nat(),
  }),
  { minLength: 1, maxLength: 8, selector: ({ address }) => address },
);
const anyLedgers = fc.uniqueArray(fc.constantFrom(...named('ledger', 20)));

describe('sharing out the ledgers', () => {
  test('property: every ledger has one owner who stays, and nobody has two more than another', () => {
    fc.assert(
      fc.property(anyLedgers, anyMembers, (ledgers, members) => {
        const owners = assign(ledgers, members);
        const staying = members.filter(({ leaving }) => !leaving).map(({ address }) => address);
        if (staying.length === 0) return expect(owners.size).toBe(0);
        expectFair(owners, [...new Set([...ledgers, ...members.flatMap(({ knows }) => knows)])], staying);
      }),
      { numRuns: 1_000 },
    );
  });

  test('property: whoever shares out again, in whatever order the members come, moves nothing', () => {
    fc.assert(
      fc.property(anyLedgers, anyMembers, fc.nat(), (ledgers, members, turn) => {
        const owners = assign(ledgers, members);
        const staying = members.filter(({ leaving }) => !leaving).map(({ address }) => address);
        const turned = staying.map((_, index) => staying[(index + turn) % staying.length] ?? '');
        expect(assign([...owners.keys()], holding(owners, turned))).toEqual(owners);
      }),
      { numRuns: 500 },
    );
  });

  test('property: a member that joins gets its share and nothing else moves', () => {
    fc.assert(
      fc.property(anyLedgers, fc.integer({ min: 1, max: 7 }), (ledgers, count) => {
        const addresses = named('http://recorder', count);
        const before = assign(
          ledgers,
          addresses.map((address) => member(address)),
        );
        const newcomer = member('http://newcomer');
        const after = assign(ledgers, [newcomer, ...holding(before, addresses)]);
        expectFair(after, ledgers, [...addresses, newcomer.address]);
        expect(moved(before, after).sort()).toEqual(heldBy(after, newcomer.address).sort());
      }),
      { numRuns: 500 },
    );
  });

  test('property: of a member that goes or leaves, only its own ledgers move', () => {
    fc.assert(
      fc.property(anyLedgers, fc.integer({ min: 2, max: 8 }), fc.boolean(), (ledgers, count, announced) => {
        const addresses = named('http://recorder', count);
        const before = assign(
          ledgers,
          addresses.map((address) => member(address)),
        );
        const [gone = '', ...staying] = addresses;
        const leaver = member(gone, { leaving: true, holds: heldBy(before, gone), generation: 2 });
        const after = assign(ledgers, [...(announced ? [leaver] : []), ...holding(before, staying)]);
        expectFair(after, ledgers, staying);
        expect(moved(before, after).sort()).toEqual(heldBy(before, gone).sort());
      }),
      { numRuns: 500 },
    );
  });

  test('property: a ledger that is opened moves no other', () => {
    fc.assert(
      fc.property(anyLedgers, fc.integer({ min: 1, max: 8 }), (ledgers, count) => {
        const addresses = named('http://recorder', count);
        const before = assign(
          ledgers,
          addresses.map((address) => member(address)),
        );
        const [first = member(''), ...others] = holding(before, addresses);
        const after = assign(ledgers, [{ ...first, knows: ['opened-just-now'] }, ...others]);
        expectFair(after, [...ledgers, 'opened-just-now'], addresses);
        expect(moved(before, after)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('a process that starts anew at its address goes on with what it held, beside the one that leaves', () => {
    const leaving = member('http://a', { holds: ['one', 'two'], leaving: true });
    const owners = assign(
      ['one', 'two', 'three', 'four'],
      [leaving, member('http://a', { generation: -1 }), member('http://b', { holds: ['three', 'four'] })],
    );
    expect(heldBy(owners, 'http://a')).toEqual(['one', 'two']);
  });

  test('of two that say they hold a ledger, the newer generation is right', () => {
    const stale = member('http://a', { holds: ['one', 'two'], generation: 3 });
    const newer = member('http://b', { holds: ['one'], generation: 4 });
    for (const members of [
      [stale, newer],
      [newer, stale],
    ]) {
      expect(assign(['one', 'two'], members)).toEqual(
        new Map([
          ['one', 'http://b'],
          ['two', 'http://a'],
        ]),
      );
    }
  });
});

describe('what is sent of it', () => {
  test('property: comes back as it was', () => {
    fc.assert(
      fc.property(anyLedgers, anyMembers, (ledgers, members) => {
        const owners = assign(ledgers, members);
        expect(decodeOwners(encodeOwners(owners))).toEqual(owners);
        for (const one of members) expect(decodeMember(encodeMember(one))).toEqual(one);
      }),
    );
    expect(decodeOwners(Buffer.alloc(0))).toEqual(new Map());
  });

  // Kafka keeps a group in one record: what all members said, and what each was told.
  test('200 ledgers of the longest names over 10 members stay far below a mebibyte', () => {
    const ledgers = [...Array(200).keys()].map((n) => `${n}-${Math.random().toString(36).slice(2)}`.padEnd(48, 'x'));
    const addresses = [...Array(10).keys()].map((n) => `http://recorder-${n}.a-rather-long-name.example.org:7410`);
    const before = assign(
      ledgers,
      addresses.map((address) => member(address)),
    );
    const members = holding(before, addresses).map((one) => ({ ...one, knows: ledgers }));
    const told = encodeOwners(assign(ledgers, members)).byteLength * members.length;
    const said = members.reduce((sum, one) => sum + encodeMember(one).byteLength, 0);
    expect(told + said).toBeLessThan(256 * 1024);
  });
});
