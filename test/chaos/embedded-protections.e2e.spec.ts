/**
 * WITHOUT THIS ONE THE CHECKER NOTICES, on the embedded storage: for each protection a schedule in which it matters, once with
 * all of them, and once for each without it. Two of ours on the same data meet only where the first one lost its lock while it
 * was stopped; so that is what happens to it here. The second one runs in the process of the test.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { startStandalone, type Standalone } from '#app/standalone';
import { temporaryPostgresFolder, type PostgresFolder } from '#testing';
import { check } from './checker.js';
import { logOf } from './chaos.js';
import { Choices } from './choices.js';
import { ask, type Caller, type Node, type Sent } from './asking.js';
import { World } from './clients.js';
import { allOfThem, EmbeddedStage, type EmbeddedProtection } from './embedded-stage.js';
import type { Told } from './history.js';
import type { Server } from './server.js';

const ANSWER_MS_MAX = 20_000;
const READY_MS_MAX = 30_000;
const LOOK_MS = 20;

// Its processes are found through /proc.
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('without a protection the checker notices, on the embedded storage', () => {
  let data: PostgresFolder;
  let scene: Scene | undefined;
  beforeAll(async () => {
    data = await temporaryPostgresFolder('postgres');
  });
  afterEach(async () => {
    await scene?.end();
    scene = undefined;
  }, 30_000);
  afterAll(() => data.remove(), 30_000);

  /** Each with ledgers of its own. */
  async function on(off: EmbeddedProtection[], schedule = `without-${off.join()}`): Promise<Scene> {
    scene = await Scene.begin(data.folder, off, schedule);
    return scene;
  }

  test('with all of them every schedule is explained', async () => {
    const made = await on([], 'with-all');
    await acknowledgedThenKilled(made);
    expect(await takenOverAmidst(made)).toMatchObject({ kind: 'accepted' });
    expect(await made.violations()).toEqual([]);
  }, 60_000);

  test('with all of them a former owner neither answers nor writes', async () => {
    const made = await on([], 'with-all-too');
    const told = await zombie(made);
    expect(told.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await made.violations()).toEqual([]);
  }, 60_000);

  test('durable: what was acknowledged is not in the log', async () => {
    const made = await on(['durable']);
    await acknowledgedThenKilled(made);
    expect((await made.violations()).join()).toMatch(/told accepted .* no state of the log/);
  }, 60_000);

  test('lock: a successor does not see what a former owner is committing', async () => {
    const made = await on(['lock']);
    await takenOverAmidst(made);
    expect((await made.violations()).join()).toMatch(/unknown-reference.* no state of the log/);
  }, 60_000);

  test('fence: a former owner writes what its successor does not see', async () => {
    const made = await on(['fence']);
    expect((await zombie(made))[2]).toMatchObject({ kind: 'accepted' });
    expect((await made.violations()).join()).toMatch(/unknown-reference.* no state of the log/);
  }, 60_000);

  test('probe: a former owner wakes up and refuses by what it remembers', async () => {
    const made = await on(['probe']);
    const told = await zombie(made);
    expect(told).toMatchObject([{ code: 'unknown-reference' }, { kind: 'unchanged', version: 1 }, { kind: 'unknown' }]);
    const violations = (await made.violations()).join();
    expect(violations).toMatch(/unknown-reference.* no state of the log/);
    expect(violations).toMatch(/unchanged.* no state of the log/);
  }, 60_000);

  /** A record is acknowledged, and everything dies at once. */
  async function acknowledgedThenKilled(made: Scene): Promise<void> {
    // Whoever commits also writes what others have committed before.
    const others = await made.backends("backend_type = 'walwriter' or application_name = 'incident-ledger projector'");
    await made.stage.signal('SIGSTOP', (_, children) => children.filter((pid) => others.includes(pid)));
    expect(await made.send(made.first, actor('acknowledged'))).toMatchObject({ kind: 'accepted' });
    await made.stage.signal('SIGKILL', allOfThem);
    await made.first.kill();
    made.first.start();
    await made.first.ready(READY_MS_MAX);
  }

  /** The first one is stopped in the middle of a commit; the second takes over, and is asked about it before and after. */
  async function takenOverAmidst(made: Scene): Promise<Told> {
    const letCommit = await made.holdCommits();
    const amidst = made.send(made.first, actor('amidst'));
    await made.until('its commit is held', () => made.isWaiting('append'));
    const second = await made.takeOver();
    const early = made.send(second, incident('early', 'amidst'));
    let answered = false;
    void early.then(() => (answered = true));
    await made.until('it is answered, or waits', async () => answered || made.isWaiting('read'));
    await letCommit();
    await early;
    made.first.resume();
    const told = await amidst;
    await made.send(second, incident('late', 'amidst'));
    return told;
  }

  /**
   * The first one is stopped and another takes over. When it wakes up it is asked what it would answer without writing,
   * about what the other has written, and to write, which then is asked about at the other.
   */
  async function zombie(made: Scene): Promise<Told[]> {
    const other = made.besides();
    await other.open();
    const second = await made.takeOver();
    await made.send(second, actor('of-the-successor'));
    await made.send(second, correction('By the successor', 1));
    await other.send(second, incident('nobody', 'nobody-knows'));
    const answers = [
      made.send(made.first, incident('refers', 'of-the-successor')),
      made.send(made.first, correction('At first', 1)),
      other.send(made.first, actor('of-the-zombie')),
    ];
    // They lie before it when it wakes up.
    await pause(300);
    made.first.resume();
    const told = await Promise.all(answers);
    await other.send(second, incident('late', 'of-the-zombie'));
    return told;
  }
});

type Act = Pick<Sent, 'act' | 'body'> & { beside?: Omit<Sent['beside'], 'commandKey'> };

const actor = (id: string): Act => ({
  act: 'register-actor',
  body: { id, kind: 'state', names: [{ text: 'An actor' }] },
});
const card = (title: string, target: string): object => ({
  title,
  kind: 'single',
  method: 'rocket',
  parties: [{ actor: target, side: 'target' }],
});
const incident = (id: string, target: string): Act => ({
  act: 'record-incident',
  body: { id, ...card('At first', target) },
});
const correction = (title: string, version: number): Act => ({
  act: 'correct-incident',
  body: { ...card(title, 'actor'), reason: 'A test.' },
  beside: { id: 'incident', ifMatch: `"${version}"` },
});

/** A process on data of its own, and another one that takes them over. */
class Scene {
  readonly #worlds: World[];
  readonly #seconds: Standalone[] = [];
  #count = 0;
  #sql: Client | undefined;

  private constructor(
    readonly stage: EmbeddedStage,
    private readonly caller: Caller,
    private readonly world: World,
    worlds: World[],
  ) {
    this.#worlds = worlds;
    worlds.push(world);
  }

  static async begin(folder: string, off: EmbeddedProtection[], ledger: string): Promise<Scene> {
    const stage = await EmbeddedStage.start(new Choices(7), off, { folder, remove: async () => undefined });
    await stage.nodes[0]?.ready(READY_MS_MAX);
    const scene = new Scene(stage, { name: 'client', ...(await stage.key()) }, new World(ledger), []);
    await scene.open();
    return scene;
  }

  get first(): Server {
    return this.stage.nodes[0] as Server;
  }

  /** The same people with another ledger. */
  besides(): Scene {
    return new Scene(this.stage, this.caller, new World(`${this.world.ledger}-besides`), this.#worlds);
  }

  async open(): Promise<void> {
    for (const act of [
      { act: 'open-ledger', body: { origin: { title: 'A schedule' } } } as const,
      actor('actor'),
      incident('incident', 'actor'),
    ]) {
      expect(await this.send(this.first, act)).toMatchObject({ kind: 'accepted' });
    }
  }

  send(to: Node, { act, body, beside = {} }: Act): Promise<Told> {
    this.#count += 1;
    const sent = { act, body, beside: { ...beside, commandKey: `${this.#count}` } };
    return ask(this.world, this.caller, to, sent, ANSWER_MS_MAX);
  }

  /** Stops the first one, whose lock is lost meanwhile, and returns another that has it. */
  async takeOver(): Promise<Node> {
    this.first.pause();
    await (
      await this.#connected()
    ).query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like 'incident-ledger instance%'`,
    );
    const second = await startStandalone(this.stage.config(), { log: () => undefined });
    this.#seconds.push(second);
    return second;
  }

  /** From now on every append hangs inside its commit, until what this returns is called. */
  async holdCommits(): Promise<() => Promise<unknown>> {
    const sql = await this.#connected();
    await sql.query(`
      create function hold() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(77);
        return null;
      end $$ set lock_timeout = 0;
      create constraint trigger hold after insert on ledger_log.records
        deferrable initially deferred for each row execute function hold();
      select pg_advisory_lock(77)`);
    return () => sql.query('select pg_advisory_unlock(77); drop function hold cascade');
  }

  async isWaiting(name: string): Promise<boolean> {
    return (
      (await this.backends(`application_name = 'incident-ledger ${name}' and wait_event_type = 'Lock'`)).length > 0
    );
  }

  /** The processes of the database for which something holds. */
  async backends(condition: string): Promise<number[]> {
    const sql = await this.#connected();
    const { rows } = await sql.query<{ pid: number }>(`select pid from pg_stat_activity where ${condition}`);
    return rows.map(({ pid }) => pid);
  }

  /** Not before it is needed: the server may die first. */
  async #connected(): Promise<Client> {
    if (this.#sql !== undefined) return this.#sql;
    const client = new Client({ connectionString: await this.stage.connectionString() });
    client.on('error', () => (this.#sql = undefined));
    await client.connect();
    this.#sql = client;
    return client;
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await pause(LOOK_MS);
    }
  }

  async violations(): Promise<string[]> {
    const look = await this.stage.look();
    try {
      const found = await Promise.all(
        this.#worlds.map(async ({ ledger, calls }) => check(await logOf(look.reader, ledger), calls)),
      );
      return found.flat();
    } finally {
      await look.close();
    }
  }

  async end(): Promise<void> {
    // It would start the database again that the others stop.
    await this.first.kill();
    await Promise.all(this.#seconds.map((second) => second.stop()));
    await this.#sql?.end();
    await this.stage.remove({ keepFolder: false });
  }
}
