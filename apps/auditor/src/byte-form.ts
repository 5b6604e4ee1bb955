/**
 * The form that the bytes of a record have, looked at from outside: written from docs/consume.md and the CloudEvents
 * specification, and not with the code that writes records.
 */

/** All attributes that there are, in their order. */
const ATTRIBUTES = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'datacontenttype',
  'dataschema',
  'sequence',
  'recordedtime',
  'commandid',
  'commanddigest',
  'recorder',
  'data',
];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is not as it must be in bytes that could be read as a record; empty where all is. */
export function faultsOfForm(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return ['it is not UTF-8'];
  }
  const event = JSON.parse(text) as Record<string, string> & { data: { changes: { entity: string }[] } };
  const faults: string[] = [];
  const names = Object.keys(event);
  if (names.join() !== ATTRIBUTES.join()) {
    const odd = names.filter((name) => !ATTRIBUTES.includes(name));
    const missing = ATTRIBUTES.filter((name) => !names.includes(name));
    const named = [
      ...odd.map((name) => `${name} does not belong there`),
      ...missing.map((name) => `${name} is missing`),
    ];
    faults.push(`its attributes are ${names.join(', ')}: ${named.join(', ') || 'in another order'}`);
  }
  const [, ledger = '', number = ''] = /^([a-z0-9-]{1,48})\/([1-9]\d*)$/.exec(event['id'] ?? '') ?? [];
  const schema = (event['type'] ?? '').slice('incident-ledger.'.length);
  const wanted: Readonly<Record<string, string>> = {
    specversion: '1.0',
    id: `${ledger}/${number}`,
    source: `/ledgers/${ledger}`,
    type: `incident-ledger.${schema}`,
    subject: event.data.changes[0]?.entity ?? '',
    datacontenttype: 'application/json',
    dataschema: `urn:incident-ledger:schemas/${schema}.json`,
    sequence: number.padStart(20, '0'),
  };
  for (const [name, value] of Object.entries(wanted)) {
    if (event[name] !== value) faults.push(`${name} is ${JSON.stringify(event[name])}, and should be "${value}"`);
  }
  if (JSON.stringify(event) !== text) faults.push('written again its JSON has other bytes');
  return faults;
}

/** Whether a text is base64url of so many bytes, or of at least so many, in the one way in which it can be written. */
export function isBase64url(text: string, bytes: number, orMore = false): boolean {
  const decoded = Buffer.from(text, 'base64url');
  const length = decoded.byteLength;
  return (orMore ? length >= bytes : length === bytes) && decoded.toString('base64url') === text;
}

/** Whether it is a moment that there was, as `toISOString` writes it. */
export function isInstant(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text;
}
