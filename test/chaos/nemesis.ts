/**
 * THE NEMESIS: what is done to whom and when, drawn from the seed before anything begins, and its doing. When it is done,
 * everything runs again. What can be done is told by the stage.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from './choices.js';

const BETWEEN_MS = [300, 3_000] as const;

/** One thing that can be done; the first word of its name is to whom. */
export interface Deed {
  /** How often it comes up in a deck, which is shuffled and dealt until the time is over. */
  times: number;
  /** For how long it is, at least and at most. */
  forMs: readonly [number, number];
  /** It is done no more often than that. */
  everyMs?: number;
  /** All who live meet again first, or nothing would be learnt from the rest. */
  thenMs?: number;
}

export type Deck<Kind extends string = string> = Readonly<Record<Kind, Deed>>;

/** Those to whom it is done. */
export interface Cast<Kind extends string = string> {
  readonly deck: Deck<Kind>;
  /** How many there are of whom there are several: one of them is always let be, as far as we know. */
  readonly counts: Readonly<Record<string, number>>;
  /** Roughly, until one can be hit again. */
  readonly recoversMs: number;
}

export interface Hit<Kind extends string = string> {
  atMs: number;
  kind: Kind;
  /** Which of its kind, from 0. */
  which: number;
  forMs: number;
}

export function plan<Kind extends string>(
  choices: Choices,
  msMax: number,
  { deck, counts, recoversMs }: Cast<Kind>,
): Hit<Kind>[] {
  const hits: Hit<Kind>[] = [];
  const busyUntil = new Map<string, number>();
  const doneAt = new Map<Kind, number>();
  let dealt: Kind[] = [];
  for (let atMs = choices.whole(...BETWEEN_MS); atMs < msMax; atMs += choices.whole(...BETWEEN_MS)) {
    if (dealt.length === 0) dealt = shuffled(choices, deck);
    const kind = dealt.pop() as Kind;
    const { forMs: limits, everyMs = 0, thenMs = 0 } = deck[kind];
    const [target = ''] = kind.split(' ');
    const count = counts[target] ?? 1;
    const which = choices.whole(0, count - 1);
    const forMs = choices.whole(...limits);
    if ((busyUntil.get(`${target} ${which}`) ?? 0) > atMs) continue;
    const away = [...busyUntil].filter(([name, until]) => name.startsWith(target) && until > atMs);
    if (count > 1 && away.length === count - 1) continue;
    if (atMs - (doneAt.get(kind) ?? Number.NEGATIVE_INFINITY) < everyMs) continue;
    doneAt.set(kind, atMs);
    busyUntil.set(`${target} ${which}`, atMs + forMs + recoversMs);
    hits.push({ atMs, kind, which, forMs });
    atMs += thenMs;
  }
  return hits;
}

function shuffled<Kind extends string>(choices: Choices, deck: Deck<Kind>): Kind[] {
  const kinds = (Object.entries(deck) as [Kind, Deed][]).flatMap(([kind, { times }]) => Array<Kind>(times).fill(kind));
  for (let last = kinds.length - 1; last > 0; last -= 1) {
    const other = choices.whole(0, last);
    [kinds[last], kinds[other]] = [kinds[other] as Kind, kinds[last] as Kind];
  }
  return kinds;
}

/** Returns when all is done and everything was started again. */
export async function haunt<Kind extends string>(
  hits: readonly Hit<Kind>[],
  strike: (hit: Hit<Kind>) => Promise<void>,
  log: (line: string) => void,
): Promise<void> {
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
      await strike(hit);
    });
    // Told when all are waited for.
    turn.catch(() => undefined);
    turns.set(key, turn);
  }
  await Promise.all(turns.values());
}
