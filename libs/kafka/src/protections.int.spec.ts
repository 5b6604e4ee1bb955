/** Each thing that keeps the ledger true is switched off once, to see that it is this one that does. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Fenced } from '#ledger';
import { describeWithKafka, sharedKafka, startKafkaProxy, type KafkaProxy } from '#testing';
import { KafkaStorage, type KafkaStorageOptions } from './storage.js';
import { forged, incidentOf, open, register, Stranger, TERM, writersOn } from './test-ledger.js';
import { eventsTopic } from './topics.js';

describeWithKafka('the protections', () => {
  let brokers: string[];
  let proxy: KafkaProxy;
  let ledger: string;
  let ended: (() => Promise<void>)[];

  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
  });
  beforeEach(async () => {
    ledger = `protected-${randomUUID().slice(0, 8)}`;
    const [host = '', port = ''] = (brokers[0] ?? '').split(':');
    proxy = await startKafkaProxy({ host, port: Number(port) });
    ended = [() => proxy.stop()];
  });
  afterEach(async () => {
    for (const end of ended.toReversed()) await end();
  });

  const storageOf = (protections: KafkaStorageOptions['protections'] = {}, more = {}): KafkaStorage => {
    const storage = new KafkaStorage({ brokers, protections, ...more });
    ended.push(() => storage.close());
    return storage;
  };
  const strangerAs = async (transactionalId: string): Promise<Stranger> => {
    const stranger = await Stranger.at(brokers, transactionalId);
    ended.push(() => stranger.leave());
    return stranger;
  };
  const texts = async (storage = storageOf()): Promise<string[]> =>
    (await storage.read(ledger, 0)).map(({ bytes }) => Buffer.from(bytes).toString());

  // What an owner had begun when it was stopped must not come true after another one has looked.
  test.each([true, false])(
    'the fence (%s): or two writers are both acknowledged for the same sequence',
    async (fence) => {
      const sleeper = storageOf({ fence }, { socketFactory: proxy.socketFactory });
      await sleeper.create(ledger, []);
      const old = await sleeper.takeTerm(ledger);
      const met = proxy.once('Produce', 'delay-reply');
      const late = old.append(1, [Buffer.from('by the old owner')], []).then(
        () => 'acknowledged',
        (error: Error) => error,
      );
      await met.happened;

      const successor = storageOf({ fence });
      const term = await successor.takeTerm(ledger);
      expect(await successor.end(ledger)).toBe(0);
      await term.append(1, [Buffer.from('by the new owner')], []);
      met.release();

      expect(await late).toEqual(fence ? expect.any(Fenced) : 'acknowledged');
      expect(await texts()).toEqual(['by the new owner']);
    },
  );

  test.each([true, false])('the probe (%s): or a former owner refuses what is right', async (probe) => {
    const zombie = writersOn(storageOf({ probe }));
    await zombie.execute(open(ledger));
    const owner = writersOn(storageOf());
    await owner.execute(register(ledger, 'a'));

    const answer = zombie.execute(incidentOf(ledger, 'i', 'a'));

    if (probe) expect(await answer).toMatchObject({ entity: 'i', position: 3 });
    else await expect(answer).rejects.toMatchObject({ name: 'Rejected' });
  });

  // Whoever writes under another transactional id is not fenced: another version, another tool, a forger.
  test.each([true, false])(
    'the expected offset (%s): or what is acknowledged is not in the log',
    async (expectOffset) => {
      const storage = storageOf({ expectOffset });
      await storage.create(ledger, []);
      const term = await storage.takeTerm(ledger);
      await term.append(1, [Buffer.from('one')], []);
      const other = await strangerAs(`other-${ledger}`);
      await other.write(ledger, TERM, forged(2));
      await other.end('commit');

      const appended = term.append(2, [Buffer.from('two')], []);

      if (expectOffset) await expect(appended).rejects.toThrow(Fenced);
      else await appended;
      expect(await texts()).toEqual(['one', 'forged']);
    },
  );

  test.each([true, false])('the commit filter (%s): or what was aborted is read', async (commitFilter) => {
    const storage = storageOf();
    await storage.create(ledger, []);
    const lost = await strangerAs(eventsTopic(ledger));
    await lost.write(ledger, TERM);
    await lost.end('commit');
    await lost.write(ledger, forged(1));
    await lost.end('abort');
    await (await storage.takeTerm(ledger)).append(1, [Buffer.from('one')], []);

    expect(await texts(storageOf({ commitFilter }))).toEqual([commitFilter ? 'one' : 'forged']);
  });
});
