/**
 * One text for one value, whatever the order its fields were given in: the RFC 8785 form of what strict JSON can hold.
 * The rules compare by it, and a command's digest is taken of it. Every command comes through here several times, hence
 * the concatenation: sorted copies for JSON.stringify take three times as long.
 */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalText(item)}`;
    return `[${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields).sort()) {
    if (fields[name] !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalText(fields[name])}`;
  }
  return `{${text}}`;
}

const NEEDS_ESCAPE = /["\\\p{Cc}\p{Cs}]/u;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/**
 * FNV-1a over a text's UTF-16 units, once forwards and once backwards: enough to tell a text from the one before it without
 * keeping either. Not for secrets, and nothing but "nothing has changed" hangs on it.
 */
export function fingerprint(text: string): string {
  let forwards = FNV_OFFSET;
  let backwards = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    forwards = Math.imul(forwards ^ text.charCodeAt(index), FNV_PRIME);
    backwards = Math.imul(backwards ^ text.charCodeAt(text.length - 1 - index), FNV_PRIME);
  }
  return `${(forwards >>> 0).toString(36)}.${(backwards >>> 0).toString(36)}`;
}

/** The offset basis and the prime of the 32-bit FNV-1a (draft-eastlake-fnv). */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * 96 bits of a text in 16 letters, for telling it from all others without keeping it: three times MurmurHash3 (32 bits, by
 * Austin Appleby) over its UTF-16 units, each with a seed of its own. Not for secrets.
 */
export function identity(text: string): string {
  const [first, second, third] = SEEDS.map((seed) => murmur3(text, seed)) as [number, number, number];
  // Four portions of 24 bits, four letters each.
  const portions = [
    first >>> 8,
    ((first & 0xff) << 16) | (second >>> 16),
    ((second & 0xffff) << 8) | (third >>> 24),
    third & 0xffffff,
  ];
  return portions.map((bits) => [18, 12, 6, 0].map((at) => LETTERS[(bits >>> at) & 63]).join('')).join('');
}

const SEEDS = [0x243f6a88, 0x85a308d3, 0x13198a2e] as const;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function murmur3(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 2) {
    // Two units are one block of four bytes; a lone last one is a block of its own.
    let block = text.charCodeAt(index) | ((index + 1 < text.length ? text.charCodeAt(index + 1) : 0) << 16);
    block = Math.imul(block, 0xcc9e2d51);
    block = (block << 15) | (block >>> 17);
    hash ^= Math.imul(block, 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
