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
