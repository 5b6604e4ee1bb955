/**
 * THE NEMESIS: what is done to whom and when, drawn from the seed before anything begins, and its doing. When it is done,
 * everything runs again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from './choices.js';
import type { Cluster } from './cluster.js';

/** Longer and shorter than the group's session of 6 seconds. */
const LONG_MS = [6_500, 10_000] as const;
const SHORT_MS = [300, 4_500] as const;
const DOWN_MS = [0, 3_000] as const;
const BETWEEN_MS = [300, 3_000] as const;
/** All who live meet again first, or nothing would be learnt from the rest. */
const AFTER_KAFKA_KILLED_MS = 7_000;

/** How often each comes up in a deck, which is shuffled and dealt until the time is over, and for how long it is. */
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
  'kafka killed': { times: 1, forMs: DOWN_MS },
} as const;

export type Kind = keyof typeof DECK;

export interface Hit {
  atMs: number;
  kind: Kind;
  /** Which of its kind, from 0. */
  which: number;
  forMs: number;
}

/** Roughly, until it can be hit again. One of the recorders is always let be, as far as we know, and one projector. */
const RECOVERS_MS = 3_000;
const KAFKA_KILLED_EVERY_MS_MIN = 40_000;

export function plan(choices: Choices, msMax: number, counts: { recorders: number; projectors: number }): Hit[] {
  const hits: Hit[] = [];
  const busyUntil = new Map<string, number>();
  let deck: Kind[] = [];
  let kafkaKilledAt = Number.NEGATIVE_INFINITY;
  for (let atMs = choices.whole(...BETWEEN_MS); atMs < msMax; atMs += choices.whole(...BETWEEN_MS)) {
    if (deck.length === 0) deck = shuffled(choices);
    const kind = deck.pop() ?? 'recorder killed';
    const [target = ''] = kind.split(' ');
    const count = target === 'recorder' ? counts.recorders : target === 'projector' ? counts.projectors : 1;
    const which = choices.whole(0, count - 1);
    const [shortest, longest] = DECK[kind].forMs;
    const forMs = choices.whole(shortest, longest);
    if ((busyUntil.get(`${target} ${which}`) ?? 0) > atMs) continue;
    const away = [...busyUntil].filter(([name, until]) => name.startsWith(target) && until > atMs);
    if (count > 1 && away.length === count - 1) continue;
    if (kind === 'kafka killed') {
      if (atMs - kafkaKilledAt < KAFKA_KILLED_EVERY_MS_MIN) continue;
      kafkaKilledAt = atMs;
    }
    busyUntil.set(`${target} ${which}`, atMs + forMs + RECOVERS_MS);
    hits.push({ atMs, kind, which, forMs });
    if (kind === 'kafka killed') atMs += AFTER_KAFKA_KILLED_MS;
  }
  return hits;
}

function shuffled(choices: Choices): Kind[] {
  const deck = Object.entries(DECK).flatMap(([kind, { times }]) => Array<Kind>(times).fill(kind as Kind));
  for (let last = deck.length - 1; last > 0; last -= 1) {
    const other = choices.whole(0, last);
    [deck[last], deck[other]] = [deck[other] as Kind, deck[last] as Kind];
  }
  return deck;
}

/** Returns when all is done and everything was started again. */
export async function haunt(cluster: Cluster, hits: readonly Hit[], log: (line: string) => void): Promise<void> {
  const began = performance.now();
  /** By target: one thing after another is done to it. */
  const turns = new Map<string, Promise<void>>();
  for (const hit of hits) {
    await pause(Math.max(0, began + hit.atMs - performance.now()));
    const [target = ''] = hit.kind.split(' ');
    const key = `${target} ${hit.which}`;
    const before = turns.get(key) ?? Promise.resolve();
    const turn = before.then(async () => {
      log(`${hit.kind.replace(' ', ` ${hit.which + 1} `)}, ${hit.forMs} ms`);
      await strike(cluster, hit);
    });
    // Told when all are waited for.
    turn.catch(() => undefined);
    turns.set(key, turn);
  }
  await Promise.all(turns.values());
}

async function strike(cluster: Cluster, { kind, which, forMs }: Hit): Promise<void> {
  const { kafka, postgres } = cluster;
  const server = (kind.startsWith('recorder') ? cluster.recorders : cluster.projectors)[which];
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
