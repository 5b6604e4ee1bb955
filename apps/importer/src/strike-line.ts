/**
 * What a line says was hit: "destroyed two ISIL vehicles and an ISIL bunker, damaged a tunnel, and wounded an ISIL fighter".
 * Things and their numbers, in the words of the line. Pure.
 */
import type { DamagedItem, DamageValue, Quantity } from '#domain';

/** Verbs with what they do to things; those without (struck, engaged, suppressed, denied) say nothing of damage. */
const VERBS: ReadonlyMap<string, 'destroyed' | 'damaged' | 'wounded' | 'other'> = new Map([
  ['destroyed', 'destroyed'],
  ['damaged', 'damaged'],
  ['degraded', 'damaged'],
  ['disabled', 'damaged'],
  ['cratered', 'damaged'],
  ['immobilized', 'damaged'],
  ['neutralized', 'damaged'],
  ['wounded', 'wounded'],
  ['struck', 'other'],
  ['engaged', 'other'],
  ['suppressed', 'other'],
  ['denied', 'other'],
  ['produced', 'other'],
  ['killed', 'other'],
]);
const VERB = new RegExp(`\\b(${[...VERBS.keys()].join('|')})\\b`, 'i');

const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...ONES.map((word, index): [string, number] => [word, index]),
  ...TENS.map((word, index): [string, number] => [word, 20 + 10 * index]),
  ...TENS.flatMap((tens, at) =>
    ONES.slice(1, 10).map((ones, index): [string, number] => [`${tens}-${ones}`, 21 + 10 * at + index]),
  ),
]);
const NUMBER = `\\d{1,6}|an?|another|the|several|multiple|${[...NUMBERS.keys()].join('|')}`;
/** Between things, not within one such as "command and control node": a number follows. */
const BETWEEN = new RegExp(`(?:[,;]\\s*(?:and\\s+)?|\\s+and\\s+)(?=(?:${NUMBER})\\s)`, 'i');
const COUNTED = new RegExp(`^(${NUMBER})\\s+(.+)$`, 'i');

type Items = Map<string, Quantity>;

/** Undefined where the line says nothing of damage. */
export function damageOf(description: string): DamageValue | undefined {
  const destroyed = itemsAfter(description, 'destroyed');
  const damaged = itemsAfter(description, 'damaged');
  if (destroyed === undefined && damaged === undefined) return undefined;
  const listed = (items: Items | undefined, suffix: string): DamagedItem[] =>
    [...(items ?? [])].map(([thing, number]) => ({ thing: `${thing}${suffix}`, ...number }));
  return {
    level: destroyed === undefined ? 'some' : 'destroyed',
    items: [...listed(destroyed, ''), ...listed(damaged, ', damaged')].slice(0, 100),
  };
}

/** How many people, where the line says that some were. */
export function woundedOf(description: string): Quantity | undefined {
  const wounded = itemsAfter(description, 'wounded');
  if (wounded === undefined) return undefined;
  // A plural without a number.
  if (wounded.size === 0) return quantityOf('several');
  return [...wounded.values()].reduce(together);
}

function itemsAfter(description: string, effect: 'destroyed' | 'damaged' | 'wounded'): Items | undefined {
  // The releases explain their terms in the same paragraph now and then.
  const [said = ''] = description.split(/\s+A strike, as defined/i);
  const pieces = said.split(VERB);
  let items: Items | undefined;
  for (let index = 1; index < pieces.length; index += 2) {
    if (VERBS.get((pieces[index] ?? '').toLowerCase()) !== effect) continue;
    items ??= new Map();
    const [sentence = ''] = (pieces[index + 1] ?? '').split(/\.(?:\s|$)/);
    for (const piece of sentence.split(BETWEEN)) {
      const [, number = '', name = ''] = COUNTED.exec(piece.replace(/(?:[\s,;]|\band\b)+$/i, '').trim()) ?? [];
      const thing = thingOf(name);
      if (thing === '') continue;
      const before = items.get(thing);
      items.set(thing, before === undefined ? quantityOf(number) : together(before, quantityOf(number)));
    }
  }
  return items;
}

function quantityOf(word: string): Quantity {
  const text = word.toLowerCase();
  if (text === 'several' || text === 'multiple') return { low: 2, best: null, high: null };
  const number = /^\d/.test(text) ? Number(text) : (NUMBERS.get(text) ?? 1);
  return { low: number, best: number, high: number };
}

/** Two numbers of the same thing in one line. */
function together(one: Quantity, other: Quantity): Quantity {
  const sum = (a?: number | null, b?: number | null) => (a == null || b == null ? null : a + b);
  return { low: sum(one.low, other.low), best: sum(one.best, other.best), high: sum(one.high, other.high) };
}

/** Without whose it was, in the singular: "ISIL-held buildings" are "building", so that one and two are the same thing. */
function thingOf(name: string): string {
  const bare = name
    .replaceAll(/\((?:[^)]*)\)/g, '')
    .replaceAll(/\b(?:ISIL|ISIS|Daesh|Da['’]esh)(?:\s?[-–\s](?:held|used|controlled))?\b/gi, '')
    .replaceAll(/^[\s,–-]+|[\s,–-]+$/g, '')
    .replace(/^\s*(?:separate|large|small)\s+/i, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
  return singular(bare).slice(0, 250);
}

function singular(thing: string): string {
  if (/(?:headquarters|ss)$/.test(thing)) return thing;
  if (thing.endsWith('ies')) return `${thing.slice(0, -3)}y`;
  return thing.endsWith('caches') ? thing.slice(0, -1) : thing.replace(/(ch|sh|x)es$/, '$1').replace(/s$/, '');
}
