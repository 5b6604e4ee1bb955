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
