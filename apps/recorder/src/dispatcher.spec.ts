/** What of a forwarded command is decided here and what is sent back; how forwarding goes is in test/ownership.e2e.spec.ts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { MasterKey, Writers, type Owner, type Ownership, type Request } from '#ledger';
import { codec } from '#testing';
import { InMemoryStorage } from '../../../libs/ledger/src/in-memory-storage.js';
import { Dispatcher, forwardedBy, type Sent } from './dispatcher.js';
import { ForwardProof } from './forward-proof.js';

class Owning implements Ownership {
  generation = 7;
  owner: Owner = 'here';
  since: number | undefined = 5;

  ownerOf(): Owner {
    return this.owner;
  }
  heldSince(): number | undefined {
    return this.since;
  }
  expect(): void {}
  onChange(): () => void {
    return () => undefined;
  }
  async changed(): Promise<void> {}
}

const REQUEST: Request = {
  ledger: 'syria',
  act: { act: 'open-ledger', origin: { title: 'Forwarded' } },
  canonicalBody: '{}',
  recorder: 'k1',
  commandKey: 'once',
};

async function sendForwarded(forwarded: number, owning = new Owning()): Promise<{ outcome: unknown; records: number }> {
  const storage = new InMemoryStorage();
  const writers = new Writers(storage, new MasterKey(Buffer.alloc(32, 7)), codec, { mayClaim: async () => true });
  const sent: Sent = {
    url: '/v1/ledgers/syria/open',
    body: {},
    authorization: '',
    ifMatch: undefined,
    requestId: 'r',
    forwarded,
  };
  const outcome = await new Dispatcher(writers, owning).execute(REQUEST, sent).catch((error: unknown) => error);
  return { outcome, records: await storage.end('syria') };
}

test('a command that was forwarded while the ledger was ours is decided', async () => {
  for (const generation of [5, 6, 7, 8]) {
    expect(await sendForwarded(generation)).toMatchObject({ outcome: { position: 1 }, records: 1 });
  }
});

test('one that was forwarded before the ledger was lost and came back is not: it may have been refused elsewhere', async () => {
  for (const generation of [-1, 0, 4]) {
    expect(await sendForwarded(generation)).toMatchObject({ outcome: { code: 'not-owner' }, records: 0 });
  }
});

test('one that was forwarded goes no further', async () => {
  const owning = new Owning();
  owning.owner = { address: 'http://127.0.0.1:1' };
  expect(await sendForwarded(7, owning)).toMatchObject({ outcome: { code: 'not-owner' }, records: 0 });
});

test('what is sent on proves that one of us sent it, to whoever has the same master key', async () => {
  const proof = new ForwardProof(Buffer.alloc(32, 7));
  const proved: boolean[] = [];
  const owner = createServer((request, response) => {
    proved.push(proof.holds({ url: request.url ?? '', headers: request.headers }));
    response.end(JSON.stringify({ entity: 'ledger', version: 1, position: 1, commandId: 'once' }));
  });
  await new Promise<void>((resolve) => owner.listen(0, '127.0.0.1', resolve));
  const owning = new Owning();
  owning.owner = { address: `http://127.0.0.1:${(owner.address() as AddressInfo).port}` };
  const writers = new Writers(new InMemoryStorage(), new MasterKey(Buffer.alloc(32, 7)), codec, {
    mayClaim: async () => true,
  });
  for (const masterKey of [7, 8]) {
    const dispatcher = new Dispatcher(writers, owning, new ForwardProof(Buffer.alloc(32, masterKey)));
    const url = '/v1/ledgers/syria/open?with=%C3%A9';
    const sent = { url, body: {}, authorization: '', ifMatch: undefined, requestId: 'r', forwarded: undefined };
    expect(await dispatcher.execute(REQUEST, sent)).toMatchObject({ position: 1 });
    dispatcher.close();
  }
  expect(proved).toEqual([true, false]);
  owner.close();
});

test('the header says the generation; what is no number came before all of them', () => {
  expect(forwardedBy({})).toBeUndefined();
  expect(forwardedBy({ 'incident-ledger-forwarded': '12' })).toBe(12);
  for (const header of ['', '-1', '1e3', 'x', '12345678901'])
    expect(forwardedBy({ 'incident-ledger-forwarded': header })).toBe(-1);
});
