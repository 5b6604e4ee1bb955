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
 * Two 53-bit hashes of a text (after Austin Appleby's MurmurHash mixing), enough to tell a text from the one before it
 * without keeping either. Not for secrets, and nothing but "nothing has changed" hangs on it.
 */
export function fingerprint(text: string): string {
  return [0, 0x9e3779b9].map((seed) => hash53(text, seed).toString(36)).join('.');
}

function hash53(text: string, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    low = Math.imul(low ^ unit, 0xc2b2ae35);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
