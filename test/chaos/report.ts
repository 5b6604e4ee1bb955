/** WHAT A RUN WAS LIKE, in words and numbers. */
import { setTimeout as pause } from 'node:timers/promises';
import type { World } from './clients.js';
import type { Importer } from './importing.js';
import type { Server } from './server.js';
import type { Hit } from './nemesis.js';

export interface Report {
  passed: boolean;
  violations: string[];
  /** All of it, for people. */
  text: string;
}

const LOOK_MS = 250;
/** How far from the moment at which we saw a new owner the silence before it may lie. */
const NEAR_MS = 1_000;

interface Takeover {
  ledger: string;
  at: number;
}

/** Sees from outside which recorder says that it owns which ledger. One that cannot answer has nothing to say. */
export class OwnerWatch {
  readonly takeovers: Takeover[] = [];
  readonly #owners = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(private readonly recorders: readonly Server[]) {
    this.#running = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await Promise.all(this.recorders.map((recorder) => this.#ask(recorder)));
      await pause(LOOK_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #ask(recorder: Server): Promise<void> {
    const health = await recorder.health();
    if (health === undefined || health['trouble'] !== undefined) return;
    for (const ledger of (health['owns'] as string[] | undefined) ?? []) {
      const before = this.#owners.get(ledger);
      this.#owners.set(ledger, recorder.name);
      if (before !== undefined && before !== recorder.name) this.takeovers.push({ ledger, at: performance.now() });
    }
  }
}

export function reportOf(run: {
  seed: number;
  seconds: number;
  hits: readonly Hit[];
  worlds: readonly World[];
  importer: Importer;
  /** Left out where there is one process to own everything. */
  owners: OwnerWatch | undefined;
  violations: string[];
  folder?: string;
}): Report {
  const { seed, seconds, hits, worlds, importer, owners, violations, folder } = run;
  const passed = violations.length === 0;
  const calls = worlds.flatMap((world) => world.calls);
  const lines = [
    `Done to them:  ${counted(hits.map(({ kind }) => kind))}`,
    `Asked:         ${counted(calls.map(({ command }) => command.act))}`,
    `Told:          ${counted(calls.map(({ told }) => (told.kind === 'refused' ? told.code : told.kind)))}`,
    `Imported:      ${importer.counts.releases} releases, in ${importer.counts.runs} runs`,
    ...worlds.map((world) =>
      owners === undefined
        ? `Silence:       ${world.ledger}: the longest was ${inSeconds(longestOf(silencesOf(world)))}`
        : `Takeovers:     ${takeoversOf(world, owners.takeovers)}`,
    ),
    ...violations.map((violation) => `VIOLATION      ${violation}`),
    ...(folder === undefined ? [] : [`The logs of all processes are in ${folder}`]),
    `${passed ? 'PASSED' : 'FAILED'}: seed ${seed}, ${seconds} s, ${calls.length} calls, ${violations.length} violations`,
  ];
  return { passed, violations, text: lines.join('\n') };
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

/** How long nobody was answered around each change of owner: what clients see of it. */
function takeoversOf(world: World, takeovers: readonly Takeover[]): string {
  const { ledger } = world;
  const silences = silencesOf(world);
  const seen = takeovers
    .filter((one) => one.ledger === ledger)
    .map(({ at }) =>
      silences.reduce(
        (longest, { from, to }) => (from < at + NEAR_MS && to > at - NEAR_MS ? Math.max(longest, to - from) : longest),
        0,
      ),
    )
    .sort((a, b) => a - b);
  const longest = longestOf(silences);
  return (
    `${ledger}: ${seen.length}, without an owner for ${inSeconds(quantile(seen, 0.5))} (p50), ` +
    `${inSeconds(quantile(seen, 0.99))} (p99); the longest silence of all was ${inSeconds(longest)}`
  );
}

interface Silence {
  from: number;
  to: number;
}

/** The times in which nobody was answered. */
function silencesOf({ calls }: World): Silence[] {
  const answered = calls
    .filter(({ told }) => told.kind !== 'unknown')
    .map(({ returned }) => returned)
    .sort((a, b) => a - b);
  return answered.map((at, index) => ({ from: answered[index - 1] ?? at, to: at }));
}

function longestOf(silences: readonly Silence[]): number {
  return silences.reduce((most, { from, to }) => Math.max(most, to - from), 0);
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
