/**
 * WITHOUT THIS ONE THE CHECKER NOTICES: for each protection a schedule in which it matters, once with all of them, and once
 * for each without it. So the protection is needed, and the checker would see it fail.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { KafkaStorage } from '#kafka';
import { describeWithTemporaryKafka, startKafkaProxy, type KafkaProxy } from '#testing';
import { check } from './checker.js';
import { logOf } from './chaos.js';
import { ask, type Caller, type Sent } from './asking.js';
import { World } from './clients.js';
import { Cluster, type Protection } from './cluster.js';
import type { Server } from './server.js';
import type { Told } from './history.js';
import { caughtUp, differences } from './rebuild.js';

const ANSWER_MS_MAX = 20_000;
const READY_MS_MAX = 30_000;
const MOVED_MS_MAX = 15_000;
const CAUGHT_UP_MS_MAX = 4_000;
const LOOK_MS = 50;

describeWithTemporaryKafka('without a protection the checker notices', () => {
  let cluster: Cluster;
  let proxy: KafkaProxy;
  beforeAll(async () => {
    cluster = await Cluster.start();
    const [host = '', port = ''] = cluster.kafka.brokers[0]?.split(':') ?? [];
    proxy = await startKafkaProxy({ host, port: Number(port) });
  }, 120_000);
  afterAll(async () => {
    await cluster?.remove({ keepFolder: false });
    await proxy?.stop();
  }, 60_000);
  afterEach(async () => {
    // They would share in the ledgers of the next.
    await Promise.all(cluster.servers.map((server) => server.kill()));
    cluster.recorders.length = 0;
    cluster.projectors.length = 0;
  });

  /** Two recorders, of which one owns an opened ledger in which there are an actor and an incident. */
  async function scene(
    ledger: string,
    off: Protection[],
    projectorOff?: Protection[],
    count: 1 | 2 = 2,
  ): Promise<Scene> {
    const recorders: Server[] = [];
    for (let n = 1; n <= count; n += 1) {
      const via = count === 1 ? {} : { via: proxy.port };
      recorders.push(await cluster.recorder(`${ledger}-${n}`, { off, ...via }));
    }
    if (projectorOff !== undefined) await cluster.projector(`${ledger}-projector`, { off: projectorOff });
    await Promise.all(cluster.servers.map((server) => server.ready(READY_MS_MAX)));
    const made = new Scene(cluster, new World(ledger), { name: 'client', ...(await cluster.key()) }, recorders);
    await made.begin();
    return made;
  }

  const everything = 'with all of them every schedule is explained';
  test(
    everything,
    async () => {
      const made = await scene('all', [], []);
      await foreignTerm(made);
      await zombieThatAnswers(made);
      await handedOverAmidst(made);
      expect(await made.violations()).toEqual([]);
      expect(await made.differences()).toEqual([]);
    },
    90_000,
  );

  test('fence: a former owner commits what its successor never saw', async () => {
    const made = await scene('no-fence', ['fence']);
    const [, former, next] = await handedOverAmidst(made);
    expect(former).toMatchObject({ kind: 'accepted', position: (next as { position: number }).position });
    expect((await made.violations()).join()).toMatch(/told accepted .* no state of the log/);
  }, 60_000);

  test('expectOffset: another deployment took a term, and the owner goes on in vain', async () => {
    const made = await scene('no-offset', ['expectOffset']);
    await foreignTerm(made);
    expect((await made.violations()).join()).toMatch(/told accepted .* no state of the log/);
  }, 60_000);

  test('commitFilter: a projector counts a record that was never committed', async () => {
    const made = await scene('no-filter', [], ['commitFilter']);
    await handedOverAmidst(made);
    expect(await made.violations()).toEqual([]);
    expect((await made.differences()).join()).toMatch(/is not what a rebuild makes/);
  }, 60_000);

  test('probe: a former owner wakes up and refuses by what it remembers', async () => {
    const made = await scene('no-probe', ['probe']);
    const told = await zombieThatAnswers(made);
    expect(told).toMatchObject([
      { code: 'unknown-reference' },
      { kind: 'unchanged', version: 1 },
      { code: 'id-taken' },
    ]);
    const violations = await made.violations();
    expect(violations.join()).toMatch(/unknown-reference.* no state of the log/);
    expect(violations.join()).toMatch(/unchanged.* no state of the log/);
    expect(violations).toHaveLength(2);
  }, 60_000);

  test('what one owner has refused, none that comes back to the ledger records later', async () => {
    const made = await scene('z-refused', [], undefined, 1);
    // The first ledgers by name stay where they are; the last goes to a newcomer, also when that comes back.
    await made.besides('a-besides').begin();
    const zombie = await cluster.recorder('refused-2', { via: proxy.port });
    made.recorders.push(zombie);
    await zombie.ready(READY_MS_MAX);
    await made.ownedBy(zombie);
    await made.send(zombie, actor('of-the-zombie'));

    await proxy.refuse(true);
    proxy.cutAll();
    const refused = made.send(made.other, incident('refers', 'later'));
    await pause(300);
    zombie.pause();
    await made.ownedBy(made.other);
    expect(await refused).toMatchObject({ code: 'unknown-reference' });
    await made.send(made.owner, actor('later'));
    zombie.resume();
    await made.ownedBy(zombie);
    await proxy.refuse(false);
    await made.send(zombie, actor('at-last'));
    expect(await made.violations()).toEqual([]);
  }, 90_000);

  /** Somebody with another transactional id takes a term: nobody is fenced, only the owner's place in the topic is another. */
  async function foreignTerm(made: Scene): Promise<void> {
    const other = new KafkaStorage({ brokers: cluster.kafka.brokers, protections: { fence: false } });
    await other.takeTerm(made.ledger);
    await made.send(made.owner, actor('after-a-foreign-term'));
    await other.close();
  }

  /**
   * The owner has sent a record and is not told where it lies until another recorder has taken over and recorded something
   * else. Returns what the owner told, and what its successor did.
   */
  async function handedOverAmidst(made: Scene): Promise<[former: Server, told: Told, next: Told]> {
    const [owner, other] = [made.owner, made.other];
    const produced = proxy.once('Produce', 'delay-reply');
    const first = made.send(owner, actor('amidst'));
    await produced.happened;
    // Time to be read by a projector that does not wait for the end of a transaction.
    if (cluster.projectors.length > 0) await pause(1_000);
    const stopped = owner.stop();
    await made.ownedBy(other);
    const next = await made.send(other, actor('after-the-hand-over'));
    produced.release();
    const told = await first;
    await stopped;
    return [owner, told, next];
  }

  /** The owner is stopped, another takes over and records; then it is asked what it would answer without writing. */
  async function zombieThatAnswers(made: Scene): Promise<Told[]> {
    const [owner, other] = [made.owner, made.other];
    owner.pause();
    await made.ownedBy(other);
    await made.send(other, actor('of-the-successor'));
    await made.send(other, correction('By the successor', 1));
    const answers = [
      made.send(owner, incident('refers', 'of-the-successor')),
      made.send(owner, correction('At first', 1)),
      made.send(owner, incident('incident', 'of-the-successor')),
    ];
    // They lie before it when it wakes up.
    await pause(300);
    owner.resume();
    return Promise.all(answers);
  }
});

type Act = Pick<Sent, 'act' | 'body'> & { beside?: Omit<Sent['beside'], 'commandKey'> };

const actor = (id: string): Act => ({
  act: 'register-actor',
  body: { id, kind: 'state', names: [{ text: 'An actor' }] },
});
const card = (title: string, parties: object[] = []): object => ({ title, kind: 'single', method: 'rocket', parties });
const incident = (id: string, target: string): Act => ({
  act: 'record-incident',
  body: { id, ...card('At first', [{ actor: target, side: 'target' }]) },
});
const correction = (title: string, version: number): Act => ({
  act: 'correct-incident',
  body: { ...card(title, [{ actor: 'actor', side: 'target' }]), reason: 'A test.' },
  beside: { id: 'incident', ifMatch: `"${version}"` },
});

class Scene {
  /** The first one owns the ledger. */
  readonly recorders: Server[];
  #count = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly world: World,
    private readonly caller: Caller,
    recorders: readonly Server[],
  ) {
    this.recorders = [...recorders];
  }

  get ledger(): string {
    return this.world.ledger;
  }

  get owner(): Server {
    return this.recorders[0] as Server;
  }

  get other(): Server {
    return this.recorders[1] as Server;
  }

  /** The same people with another ledger. */
  besides(ledger: string): Scene {
    return new Scene(this.cluster, new World(ledger), this.caller, this.recorders);
  }

  async begin(): Promise<void> {
    await this.send(this.owner, { act: 'open-ledger', body: { origin: { title: 'A schedule' } } });
    await this.send(this.owner, actor('actor'));
    await this.send(this.owner, incident('incident', 'actor'));
    if (!(await this.#owns(this.owner))) this.recorders.reverse();
    expect(await this.#owns(this.owner)).toBe(true);
  }

  send(to: Server, { act, body, beside = {} }: Act): Promise<Told> {
    this.#count += 1;
    return ask(
      this.world,
      this.caller,
      to,
      { act, body, beside: { ...beside, commandKey: `${this.#count}` } },
      ANSWER_MS_MAX,
    );
  }

  /** Waits until the other one owns the ledger. */
  async ownedBy(other: Server): Promise<void> {
    const deadline = performance.now() + MOVED_MS_MAX;
    while (!(await this.#owns(other))) {
      if (performance.now() > deadline) throw new Error(`${other.name} never came to own ${this.ledger}.`);
      await pause(LOOK_MS);
    }
    this.recorders.reverse();
  }

  async violations(): Promise<string[]> {
    const { reader, storage } = this.cluster.reader();
    try {
      return check(await logOf(reader, this.ledger), this.world.calls);
    } finally {
      await storage.close();
    }
  }

  /** Of the read models, once they have caught up or should have. */
  async differences(): Promise<string[]> {
    const { reader, storage } = this.cluster.reader();
    const pool = new Pool({ connectionString: this.cluster.postgres.connectionString, max: 2 });
    try {
      await caughtUp(reader, pool, [this.ledger], CAUGHT_UP_MS_MAX).catch(() => undefined);
      return await differences(reader, pool, [this.ledger]);
    } finally {
      await pool.end();
      await storage.close();
    }
  }

  async #owns(recorder: Server): Promise<boolean> {
    const health = await recorder.health();
    return ((health?.['owns'] as string[] | undefined) ?? []).includes(this.ledger);
  }
}
