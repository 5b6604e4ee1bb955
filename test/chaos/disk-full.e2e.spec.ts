/**
 * A FULL DISK under load, a small one that the test mounts: what clients are told, that nothing acknowledged is lost and
 * nothing half-written, that reading goes on, and that all goes on by itself when there is room again.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  closeSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client as PgClient } from 'pg';
import type { ProblemBody, RecordsAnswer } from '#contracts';
import { startPostgres, stopPostgres } from '#embedded';
import { LedgerClient } from '#testing';
import { check } from './checker.js';
import { logOf } from './chaos.js';
import { Choices } from './choices.js';
import { Client, World } from './clients.js';
import { EmbeddedStage, type EmbeddedProtection } from './embedded-stage.js';
import { caughtUp, differences } from './rebuild.js';
import type { Server } from './server.js';

const MIB = 1024 * 1024;
const DISK_MIB = 320;
/** Less than is kept for the database, and enough for it. */
const LEFT_MIB = 90;
const CLIENTS = 4;
const WAIT_MS_MAX = 40_000;
const LOOK_MS = 50;

const mayMount = canMount();
if (!mayMount) process.stderr.write('NOT TESTED: a full disk. Mounting one needs Linux and root.\n');

(mayMount ? describe : describe.skip)('a full disk', () => {
  let disk: Disk;
  let stage: EmbeddedStage;
  let scene: Scene;
  beforeEach(() => {
    disk = new Disk();
  });
  afterEach(async () => {
    await scene?.end();
    await stage?.remove({ keepFolder: false });
    disk.remove();
  });

  async function begin(off: EmbeddedProtection[] = []): Promise<Server> {
    const choices = new Choices(7);
    const remove = async (): Promise<void> => stopPostgres(join(disk.folder, 'postgres'));
    stage = await EmbeddedStage.start(choices, off, { folder: disk.folder, remove });
    const [process] = stage.nodes as [Server];
    await process.ready(WAIT_MS_MAX);
    scene = new Scene(await stage.key(), process, choices);
    await scene.begin();
    return process;
  }

  test('before it is, records are refused with advice; all else goes on, and records again when there is room', async () => {
    const process = await begin();
    const postmaster = disk.postmaster();
    await scene.until('it is under load', () => scene.accepted > 50);
    disk.fill(LEFT_MIB);

    const { status, headers, body } = await scene.untilRefused('storage-full');
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.detail).toMatch(/^The disk of the data folder is full: \d+ MiB are free, and 128 .*Make room there/);
    expect(body['commandId']).toMatch(/^probe-\d+$/);
    const health = await process.health();
    expect(health).toMatchObject({ ready: false, trouble: body.detail });
    expect((await fetch(`${process.url}/health/live`)).status).toBe(200);
    // Whatever was acknowledged can be read.
    const last = scene.lastPosition();
    const { items } = await scene.reader.read<RecordsAnswer>(`/records?asOf=${last}&wait=${last}&limit=500`);
    expect(items.length).toBe(Math.min(last, 500));
    expect((await scene.reader.ask(`/tallies?side=target&wait=${last}`)).status).toBe(200);

    disk.empty();
    await process.ready(WAIT_MS_MAX);
    await scene.settled();
    expect(disk.postmaster()).toBe(postmaster);
    expect(await scene.violations(stage)).toEqual([]);
    expect(stage.faults()).toEqual([]);
  }, 120_000);

  test('filled to the last byte the database dies; it comes back by itself, with all that was acknowledged', async () => {
    // With the reserve it does not come to that: the first test shows it.
    const process = await begin(['reserve']);
    await scene.until('it is under load', () => scene.accepted > 50);
    const database = await connect(disk.folder);
    disk.fill(0);
    await scene.untilRefused('storage-full');
    // The next segment of its log is where it panics.
    const trouble = async (): Promise<string> => String((await process.health())?.['trouble']);
    await scene.until('it panics', async () => {
      await database.query('select pg_switch_wal()').catch(() => undefined);
      return (await trouble()).startsWith('The database is away');
    });
    await scene.until('it says what to do', async () => /Make room there/.test(await trouble()));
    await scene.untilRefused('storage-full');
    expect((await fetch(`${process.url}/health/live`)).status).toBe(200);

    disk.empty();
    await process.ready(WAIT_MS_MAX);
    await scene.settled();
    expect(await scene.violations(stage)).toEqual([]);
    expect(stage.faults()).toEqual([]);
  }, 120_000);
});

class Scene {
  readonly reader: LedgerClient;
  readonly #world = new World('crowded');
  readonly #clients: Client[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #probes = 0;

  constructor(key: { recorder: string; text: string }, process: Server, choices: Choices) {
    this.reader = new LedgerClient(process.url, this.#world.ledger, key.text);
    for (let n = 1; n <= CLIENTS; n += 1) {
      this.#clients.push(new Client(`client-${n}`, this.#world, key, [process], choices.of(String(n))));
    }
  }

  async begin(): Promise<void> {
    await this.#clients[0]?.begin(WAIT_MS_MAX);
    this.#running = Promise.all(this.#clients.map((client) => client.run(() => !this.#isOver)));
  }

  get accepted(): number {
    return this.#world.calls.filter(({ told }) => told.kind === 'accepted').length;
  }

  lastPosition(): number {
    return Math.max(...this.#world.calls.map(({ told }) => (told.kind === 'accepted' ? told.position : 0)));
  }

  async until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
      await pause(LOOK_MS);
    }
  }

  /** What somebody is told who records something now: as soon as it is that code. */
  async untilRefused(code: string) {
    const ask = () => {
      this.#probes += 1;
      const id = `probe-${this.#probes}`;
      const body = { id, kind: 'state', names: [{ text: 'Too much' }] };
      return this.reader.send<ProblemBody>('register-actor', body, { commandKey: id });
    };
    let answer = await ask();
    await this.until(`it is refused with ${code}`, async () => {
      answer = await ask();
      return answer.body.code === code;
    });
    return answer;
  }

  /** Everybody goes on for a moment, and then is told what became of everything. */
  async settled(): Promise<void> {
    const before = this.accepted;
    await this.until('records are taken again', () => this.accepted > before + 50);
    await this.end();
    for (const client of this.#clients) await client.settle(WAIT_MS_MAX);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async violations(stage: EmbeddedStage): Promise<string[]> {
    const { ledger, calls } = this.#world;
    const look = await stage.look();
    try {
      const log = await logOf(look.reader, ledger);
      await caughtUp(look.reader, look.pool, [ledger], WAIT_MS_MAX);
      // Those were not noted.
      const probes = /:probe-\d+ was refused, or never sent/;
      return [
        ...check(log, calls).filter((one) => !probes.test(one)),
        ...(await differences(look.reader, look.pool, [ledger])),
      ];
    } finally {
      await look.close();
    }
  }
}

/** A small disk with a file that fills it. */
class Disk {
  readonly folder = mountDisk();

  /** Down to so many MiB. */
  fill(leftMib: number): void {
    const file = openSync(join(this.folder, 'ballast'), 'a');
    const chunk = Buffer.alloc(MIB / 4);
    try {
      for (;;) {
        const { bavail, bsize } = statfsSync(this.folder);
        if (bavail * bsize <= leftMib * MIB) return;
        writeSync(file, chunk, 0, Math.min(chunk.length, bavail * bsize));
      }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(join(this.folder, 'ballast'), { force: true });
  }

  postmaster(): number {
    const pidFile = join(this.folder, 'postgres', 'cluster', 'data', 'postmaster.pid');
    return Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  }

  remove(): void {
    unmountDisk(this.folder);
  }
}

function mountDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'incident-ledger-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder], { stdio: 'pipe' });
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755);
  return folder;
}

function unmountDisk(folder: string): void {
  execFileSync('umount', [folder]);
  rmdirSync(folder);
}

async function connect(dataDir: string): Promise<PgClient> {
  const { connectionString } = await startPostgres({ folder: join(dataDir, 'postgres') });
  const client = new PgClient({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    unmountDisk(mountDisk());
    return true;
  } catch {
    return false;
  }
}
