/**
 * WHICH MEMBER GETS WHICH LEDGER: computed by the group's leader from what all members say, pure. As many for each as can
 * be, and as few moved as can be: a ledger that moves is read from its beginning by its next owner.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** What a member says of itself when it joins. */
export interface Member {
  /** Where other processes reach it. A process that starts anew at the same address goes on with what that one held. */
  address: string;
  /** It is about to stop: it gets nothing, and wants to know who does. */
  leaving: boolean;
  /** What it held, and by which generation of the group: the newest is right where several say so. */
  holds: readonly string[];
  generation: number;
  /** Ledgers that it knows of, in case the leader has not heard of them. */
  knows: readonly string[];
  /** Differs from what it said before, so that the group is gone through anew. */
  nonce: number;
}

/** By ledger, the address of its owner. */
export type Owners = ReadonlyMap<string, string>;

export function assign(ledgers: readonly string[], members: readonly Member[]): Owners {
  const all = [...new Set([...ledgers, ...members.flatMap(({ knows }) => knows)])].sort();
  const loads = new Map<string, number>();
  for (const { address, leaving } of members) if (!leaving) loads.set(address, 0);
  // A process that stops and its successor at the same address are one.
  const owners = new Map<string, string>();
  if (loads.size === 0) return owners;
  // So many for each, and one more for some; those who have more keep it, so that as few as can be are moved.
  const each = Math.floor(all.length / loads.size);
  let more = all.length % loads.size;

  const held = new Map<string, string>();
  for (const { address, holds } of [...members].sort((a, b) => a.generation - b.generation)) {
    for (const ledger of holds) held.set(ledger, address);
  }
  const give = (ledger: string, address: string): void => {
    owners.set(ledger, address);
    loads.set(address, (loads.get(address) ?? 0) + 1);
  };
  for (const ledger of all) {
    const address = held.get(ledger);
    const load = address === undefined ? undefined : loads.get(address);
    if (address === undefined || load === undefined || load > each || (load === each && more === 0)) continue;
    if (load === each) more -= 1;
    give(ledger, address);
  }
  for (const ledger of all) {
    if (owners.has(ledger)) continue;
    const [least = ''] = [...loads].sort(([a, n], [b, m]) => n - m || (a < b ? -1 : 1))[0] ?? [];
    give(ledger, least);
  }
  return owners;
}

/**
 * The same bytes for every member. Addresses once each and compressed, since the group's state is one record of Kafka and
 * must stay well below a mebibyte.
 */
export function encodeOwners(owners: Owners): Buffer {
  const addresses = [...new Set(owners.values())];
  const ledgers = Object.fromEntries([...owners].map(([ledger, address]) => [ledger, addresses.indexOf(address)]));
  return deflateRawSync(JSON.stringify({ addresses, ledgers }));
}

export function decodeOwners(bytes: Buffer): Owners {
  if (bytes.byteLength === 0) return new Map();
  const { addresses, ledgers } = JSON.parse(inflateRawSync(bytes).toString('utf8')) as {
    addresses: string[];
    ledgers: Record<string, number>;
  };
  return new Map(Object.entries(ledgers).map(([ledger, index]) => [ledger, addresses[index] ?? '']));
}

export function encodeMember(member: Member): Buffer {
  return deflateRawSync(JSON.stringify(member));
}

export function decodeMember(bytes: Buffer): Member {
  return JSON.parse(inflateRawSync(bytes).toString('utf8')) as Member;
}
