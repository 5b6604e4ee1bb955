/**
 * Every step of the protocol may end without an answer: it was done, or it was not. Whatever becomes of it, a command ends
 * in the log exactly once and acknowledged at its place, or not in the log and refused, or nobody can say and repeating it
 * brings the first outcome. And then business goes on: what is acknowledged next is in the log, too.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Outcome, Request, Writers, WriterOptions } from '#ledger';
import { describeWithKafka, sharedKafka, startKafkaProxy, type Api, type KafkaProxy, type Mishap } from '#testing';
import { KafkaStorage, type KafkaStorageOptions } from './storage.js';
import { open, readAnew, register, writersOn } from './test-ledger.js';

/** Instead of the five seconds that are right for a real network. */
const REQUEST_MS_MAX = 500;
/** Once is enough, unless the machine is very slow. */
const REPEATS_MAX = 5;
const MISHAPS: readonly Mishap[] = ['drop-reply', 'delay-reply', 'cut-reply', 'cut-request'];

let brokers: string[];

/** A ledger whose writer reaches Kafka through a proxy, and what it has acknowledged. */
class Scene {
  readonly acknowledged = new Map<string, Outcome>();

  private constructor(
    readonly ledger: string,
    readonly proxy: KafkaProxy,
    readonly storage: KafkaStorage,
    readonly writers: Writers,
  ) {}

  static async begin(
    options: Partial<KafkaStorageOptions> = {},
    writerOptions: Partial<WriterOptions> = {},
  ): Promise<Scene> {
    const [host = '', port = ''] = (brokers[0] ?? '').split(':');
    const proxy = await startKafkaProxy({ host, port: Number(port) });
    const { socketFactory } = proxy;
    const storage = new KafkaStorage({ brokers, socketFactory, requestMsMax: REQUEST_MS_MAX, ...options });
    const ledger = `ambiguity-${randomUUID().slice(0, 8)}`;
    const scene = new Scene(ledger, proxy, storage, writersOn(storage, writerOptions));
    scenes.push(scene);
    return scene;
  }

  static async opened(...options: Parameters<typeof Scene.begin>): Promise<Scene> {
    const scene = await Scene.begin(...options);
    await scene.untilAnswered(open(scene.ledger));
    await scene.record('before');
    return scene;
  }

  /** Sends a command until there is an answer, as a client would: with the same Idempotency-Key. */
  async untilAnswered(request: Request): Promise<Outcome> {
    for (let repeat = 0; ; repeat += 1) {
      try {
        return await this.writers.execute(request);
      } catch (error) {
        if ((error as { code?: string }).code !== 'unavailable' || repeat === REPEATS_MAX) throw error;
      }
    }
  }

  async record(...ids: string[]): Promise<void> {
    await this.recordAll(ids.map((id) => register(this.ledger, id)));
  }

  async recordAll(requests: readonly Request[]): Promise<void> {
    const outcomes = await Promise.all(requests.map((request) => this.untilAnswered(request)));
    for (const outcome of outcomes) this.acknowledged.set(outcome.entity, outcome);
  }

  /** Something befalls the next request of a kind while this is done. */
  async meet(api: Api, mishap: Mishap, act: () => Promise<void>, skip = 0): Promise<void> {
    const met = this.proxy.once(api, mishap, { skip });
    await act();
    await met.happened;
    met.release();
  }

  /** By one who had nothing to do with it: everything acknowledged is there once, at its place, and nothing else is. */
  async expectTruth(): Promise<void> {
    const log = await readAnew(brokers, this.ledger);
    for (const [id, { position }] of this.acknowledged) expect([id, log[position - 1]]).toEqual([id, id]);
    expect([...log].sort()).toEqual(['ledger', ...this.acknowledged.keys()].sort());
  }

  async end(): Promise<void> {
    this.proxy.cutAll();
    await this.storage.close();
    await this.proxy.stop();
  }
}

let scenes: Scene[] = [];

/** With every mishap, side by side: most of the time is spent waiting. */
async function withEveryMishap(act: (mishap: Mishap, scene: Scene) => Promise<void>): Promise<void> {
  await Promise.all(MISHAPS.map(async (mishap) => act(mishap, await Scene.opened())));
}

describeWithKafka('a step of the protocol without an answer', () => {
  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
  });
  afterEach(async () => {
    const ended = scenes;
    scenes = [];
    await Promise.all(ended.map((scene) => scene.end()));
  });

  // A0: the commands that follow are others, and as many, so that a broker could take them for the lost ones.
  test.each<Api>(['FindCoordinator', 'AddPartitionsToTxn', 'Produce', 'EndTxn'])('%s in an append', async (api) => {
    await withEveryMishap(async (mishap, scene) => {
      await scene.meet(api, mishap, () => scene.record('a', 'b'));
      await scene.record('c', 'd');
      await scene.record('e');
      await scene.expectTruth();
    });
  });

  test.each<Api>(['FindCoordinator', 'InitProducerId', 'AddPartitionsToTxn', 'Produce', 'EndTxn'])(
    '%s in taking a term',
    async (api) => {
      await withEveryMishap(async (mishap, scene) => {
        const other = new KafkaStorage({ brokers });
        await other.takeTerm(scene.ledger);
        await other.close();
        // The append of the old term meets FindCoordinator and AddPartitionsToTxn once each, and is fenced by the latter.
        const skip = { FindCoordinator: 1, AddPartitionsToTxn: 1 }[api as string] ?? 0;
        await scene.meet(api, mishap, () => scene.record('a', 'b'), skip);
        await scene.record('c', 'd');
        await scene.expectTruth();
      });
    },
  );

  test.each<Api>(['Metadata', 'DescribeConfigs', 'ListOffsets', 'Fetch'])(
    '%s in looking before a term',
    async (api) => {
      await withEveryMishap(async (mishap, scene) => {
        const other = new KafkaStorage({ brokers });
        await other.takeTerm(scene.ledger);
        await other.close();
        await scene.meet(api, mishap, () => scene.record('a', 'b'));
        await scene.record('c');
        await scene.expectTruth();
      });
    },
  );

  test('ListOffsets in the proof of a refusal', async () => {
    await withEveryMishap(async (mishap, scene) => {
      await scene.meet('ListOffsets', mishap, async () => {
        const again = { ...register(scene.ledger, 'before'), commandKey: 'another' };
        await expect(scene.untilAnswered(again)).rejects.toMatchObject({ code: 'id-taken' });
      });
      await scene.record('a');
      await scene.expectTruth();
    });
  });

  test('Produce and EndTxn of an append in several requests: all of it or nothing', async () => {
    const large = [...Array(29)].map(() => 'x'.repeat(2_000));
    await withEveryMishap(async (mishap, scene) => {
      const requests = [...Array(20).keys()].map((n) => register(scene.ledger, `large-${n}`, large));
      // The first of them goes alone, and the others in portions of some eight.
      await scene.meet('Produce', mishap, () => scene.recordAll(requests), 2);
      await scene.meet('EndTxn', mishap, () => scene.record('a', 'b'));
      await scene.record('c', 'd');
      await scene.expectTruth();
    });
  });

  test('whoever lost the ledger in the meantime lets go, and the next owner knows the outcome', async () => {
    await Promise.all(
      MISHAPS.map(async (mishap) => {
        let isMine = true;
        const mine = async (): Promise<boolean> => isMine;
        const scene = await Scene.opened({ mayTakeTerm: mine }, { mayClaim: mine });
        const owner = new KafkaStorage({ brokers });
        try {
          const met = scene.proxy.once('EndTxn', mishap);
          const command = register(scene.ledger, 'a');
          const answered = scene.writers.execute(command).catch((error: unknown) => error);
          await met.happened;
          isMine = false;
          const outcome = await writersOn(owner).execute(command);
          met.release();
          scene.acknowledged.set('a', outcome);
          // It may have heard of its commit; otherwise it says where to ask.
          const answer = await answered;
          if (answer instanceof Error) expect(answer).toMatchObject({ code: 'not-owner' });
          else expect(answer).toEqual(outcome);
          await scene.expectTruth();
        } finally {
          await owner.close();
        }
      }),
    );
  });

  test('Kafka that cannot be reached for a while', async () => {
    const scene = await Scene.opened();
    await scene.proxy.refuse(true);
    scene.proxy.cutAll();
    await expect(scene.writers.execute(register(scene.ledger, 'a'))).rejects.toMatchObject({ code: 'unavailable' });
    await scene.proxy.refuse(false);
    await scene.record('a');
    await scene.record('b');
    await scene.expectTruth();
  });

  test.each<Api>(['CreateTopics', 'InitProducerId', 'Produce', 'EndTxn'])(
    '%s in making a ledger: whoever tries again makes it whole, with one digest key',
    async (api) => {
      await Promise.all(
        MISHAPS.map(async (mishap) => {
          const scene = await Scene.begin();
          await scene.meet(api, mishap, async () => {
            await scene.writers.execute(open(scene.ledger)).catch(() => undefined);
            await scene.untilAnswered(open(scene.ledger)).catch(() => undefined);
          });
          await scene.untilAnswered(open(scene.ledger));
          await scene.record('a');
          await scene.expectTruth();
          // By another digest key it would be another command.
          const other = new KafkaStorage({ brokers });
          const repeated = await writersOn(other).execute(register(scene.ledger, 'a'));
          await other.close();
          expect(repeated).toEqual(scene.acknowledged.get('a'));
        }),
      );
    },
  );
});
