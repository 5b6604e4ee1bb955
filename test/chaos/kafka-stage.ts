/** Recorders and projectors on Kafka and a PostgreSQL of the read models, and everything that may befall them. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { Cluster, type Protection } from './cluster.js';
import type { Cast, Deck, Hit } from './nemesis.js';
import type { Server } from './server.js';
import type { Look, Stage } from './stage.js';

/** Longer and shorter than the group's session of 6 seconds. */
const LONG_MS = [6_500, 10_000] as const;
const SHORT_MS = [300, 4_500] as const;
const DOWN_MS = [0, 3_000] as const;

const DECK = {
  'recorder killed': { times: 4, forMs: DOWN_MS },
  'recorder paused for long': { times: 3, forMs: LONG_MS },
  'recorder paused briefly': { times: 3, forMs: SHORT_MS },
  'recorder stopped': { times: 3, forMs: DOWN_MS },
  'projector killed': { times: 2, forMs: DOWN_MS },
  'projector paused': { times: 1, forMs: SHORT_MS },
  'postgres killed': { times: 1, forMs: DOWN_MS },
  'postgres stopped': { times: 1, forMs: DOWN_MS },
  'kafka paused': { times: 2, forMs: SHORT_MS },
  'kafka killed': { times: 1, forMs: DOWN_MS, everyMs: 40_000, thenMs: 7_000 },
} as const satisfies Deck;

type Kind = keyof typeof DECK;

const COUNTS = { recorder: 3, projector: 2 };

export const KAFKA_CAST: Cast = { deck: DECK, counts: COUNTS, recoversMs: 3_000 };

export class KafkaStage implements Stage {
  readonly cast = KAFKA_CAST;

  private constructor(private readonly cluster: Cluster) {}

  /** @throws NoKafka */
  static async start(off: readonly Protection[]): Promise<KafkaStage> {
    const cluster = await Cluster.start();
    try {
      for (let n = 1; n <= COUNTS.recorder; n += 1) await cluster.recorder(`recorder-${n}`, { off });
      for (let n = 1; n <= COUNTS.projector; n += 1) await cluster.projector(`projector-${n}`, { off });
      return new KafkaStage(cluster);
    } catch (error) {
      await cluster.remove({ keepFolder: false });
      throw error;
    }
  }

  get folder(): string {
    return this.cluster.folder;
  }

  get nodes(): readonly Server[] {
    return this.cluster.recorders;
  }

  get servers(): readonly Server[] {
    return this.cluster.servers;
  }

  key(): Promise<{ recorder: string; text: string }> {
    return this.cluster.key();
  }

  async look(): Promise<Look> {
    const { reader, storage } = this.cluster.reader();
    const pool = new Pool({ connectionString: this.cluster.postgres.connectionString, max: 2 });
    return {
      reader,
      pool,
      get foreign() {
        return storage.quarantine();
      },
      async close() {
        await pool.end();
        await storage.close();
      },
    };
  }

  faults(): string[] {
    return this.servers.flatMap(({ faults }) => faults);
  }

  remove(options: { keepFolder: boolean }): Promise<void> {
    return this.cluster.remove(options);
  }

  async strike(hit: Hit): Promise<void> {
    const { kafka, postgres } = this.cluster;
    const { kind, which, forMs } = hit as Hit<Kind>;
    const server = (kind.startsWith('recorder') ? this.cluster.recorders : this.cluster.projectors)[which];
    switch (kind) {
      case 'recorder killed':
      case 'projector killed':
        await server?.kill();
        await pause(forMs);
        server?.start();
        return;
      case 'recorder stopped':
        await server?.stop();
        await pause(forMs);
        server?.start();
        return;
      case 'recorder paused for long':
      case 'recorder paused briefly':
      case 'projector paused':
        server?.pause();
        await pause(forMs);
        server?.resume();
        return;
      case 'kafka paused':
        await kafka.kill('SIGSTOP');
        await pause(forMs);
        await kafka.kill('SIGCONT');
        return;
      case 'kafka killed':
        await kafka.kill('SIGKILL');
        await pause(forMs);
        await kafka.restart();
        return;
      case 'postgres killed':
        await postgres.kill();
        await pause(forMs);
        await postgres.startAgain();
        return;
      case 'postgres stopped':
        await postgres.shutDown();
        await pause(forMs);
        await postgres.startAgain();
        return;
      default:
        return kind satisfies never;
    }
  }
}
