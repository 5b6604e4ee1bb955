import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact, LedgerRecord } from '#domain';
import { codec, factsOf, histories, recordsOf } from '#testing';
import { createCatalogue, recordSchema, RECORD_VERSIONS, UPCASTERS } from './catalogue.js';
import { createCodec, Unreadable } from './codec.js';

/** One record of every type and version, as it was first written. These bytes must be read, and written, so for ever. */
const GOLDEN = new URL('../../../../test/golden/', import.meta.url);
const golden = (file: string): Buffer => readFileSync(new URL(file, GOLDEN));
const files = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'));

const envelopeOf = ({ ledger, sequence, recordedtime, commandid, commanddigest, recorder }: LedgerRecord) => ({
  ledger,
  sequence,
  recordedtime,
  commandid,
  commanddigest,
  recorder,
});

/** A golden record with one place of its text changed. */
function spoilt(file: string, from: string | RegExp, to: string): Buffer {
  const text = golden(file).toString('utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return Buffer.from(changed, 'utf8');
}

describe('the bytes of a record', () => {
  test('there is a golden file of every record in every version', () => {
    const wanted = Object.entries(RECORD_VERSIONS).flatMap(([name, newest]) =>
      [...Array<unknown>(newest)].map((_, index) => `${name}.v${index + 1}.json`),
    );
    expect(files.sort()).toEqual(wanted.sort());
  });

  test.each(files)('%s is read, and written again to the same bytes', (file) => {
    const record = codec.decode(golden(file));
    const bytes = codec.encode(record, envelopeOf(record));
    expect(Buffer.from(bytes).toString('utf8')).toBe(golden(file).toString('utf8'));
  });

  test('its attributes stand in the order of the contract, and no time among them', () => {
    expect(Object.keys(JSON.parse(golden('IncidentRecorded.v1.json').toString('utf8')) as object)).toEqual([
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
    ]);
  });

  test('whatever the rules accept can be written and is read back the same', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        for (const { record, bytes } of recordsOf('history', factsOf(commands))) {
          expect(codec.decode(bytes)).toEqual(record);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['not JSON', Buffer.from('{"specversion"'), /Not JSON/],
    ['a list', Buffer.from('[]'), /Not a JSON object/],
    [
      'a type of others',
      spoilt('IncidentRecorded.v1.json', 'incident-ledger.IncidentRecorded', 'other.Thing'),
      /cannot read/,
    ],
    [
      'a version to come',
      spoilt('IncidentRecorded.v1.json', 'IncidentRecorded.v1"', 'IncidentRecorded.v2"'),
      /newer one/,
    ],
    [
      'a sequence that its id denies',
      spoilt('IncidentRecorded.v1.json', /"sequence":"0{19}./, '"sequence":"00000000000000000099'),
      /do not belong/,
    ],
    ['an unpadded sequence', spoilt('IncidentRecorded.v1.json', /"sequence":"0+/, '"sequence":"'), /do not belong/],
    ['a time without milliseconds', spoilt('IncidentRecorded.v1.json', '.000Z', 'Z'), /recordedtime/],
    [
      'another subject',
      spoilt('IncidentRecorded.v1.json', /"subject":"[^"]+"/, '"subject":"other"'),
      /another subject/,
    ],
    [
      'data that its schema does not know',
      spoilt('IncidentRecorded.v1.json', '"kind":"single"', '"kind":"twin"'),
      /schema/,
    ],
    ['a field too many', spoilt('IncidentRecorded.v1.json', '"kind":"single"', '"kind":"single","extra":1'), /schema/],
    ['a codebook to come in force', spoilt('LedgerOpened.v1.json', '"codebook":1', '"codebook":2'), /codebook@2/],
    ['a policy to come in force', spoilt('LedgerOpened.v1.json', '"envelope":1', '"envelope":2'), /envelope@2/],
  ])('what is no record of ours is told so: %s', (_what, bytes, reason) => {
    expect(() => codec.decode(bytes)).toThrow(Unreadable);
    expect(() => codec.decode(bytes)).toThrow(reason);
  });

  test('a fact that does not fit its schema is never written', () => {
    const record = codec.decode(golden('IncidentRecorded.v1.json'));
    const fact = { name: 'IncidentRecorded', data: { ...record.data, extra: true } } as unknown as Fact;
    expect(() => codec.encode(fact, envelopeOf(record))).toThrow(Unreadable);
  });
});

describe('an older version', () => {
  // Made up: suppose a first version had called the method "weapon", and there had been a second before today's.
  const v1 = {
    $id: '/made-up/IncidentRecorded.v1.json',
    type: 'object',
    required: ['changes', 'weapon'],
    properties: { changes: { type: 'array' }, weapon: { type: 'string' } },
    additionalProperties: false,
  };
  const v2 = {
    $id: '/made-up/IncidentRecorded.v2.json',
    type: 'object',
    required: ['changes', 'method'],
    properties: { changes: { type: 'array' }, method: { type: 'string' } },
    additionalProperties: false,
  };
  const versions = { ...RECORD_VERSIONS, IncidentRecorded: 3 };
  const upcasters = {
    ...UPCASTERS,
    IncidentRecorded: {
      1: ({ changes, weapon }: { changes: unknown; weapon: string }) => ({ changes, method: weapon }),
      2: ({ changes, method }: { changes: unknown; method: string }) => ({
        changes,
        incident: { kind: 'single', method, parties: [] },
      }),
    },
  };
  const schemaOf = (name: string, version: number): object =>
    name === 'IncidentRecorded' ? ([v1, v2][version - 1] ?? recordSchema(name, 1)) : recordSchema(name, version);
  const madeUp = createCodec(createCatalogue(versions, upcasters, schemaOf));
  const changes = [{ entity: 'incident-1', version: 1 }];
  const old = (version: number, data: object): Buffer => {
    const event = JSON.parse(golden('IncidentRecorded.v1.json').toString('utf8')) as Record<string, unknown>;
    const text = JSON.stringify({ ...event, subject: 'incident-1', data });
    return Buffer.from(text.replaceAll('IncidentRecorded.v1', `IncidentRecorded.v${version}`), 'utf8');
  };

  test('is read as the newest, step by step', () => {
    const incident = { kind: 'single', method: 'rocket', parties: [] };
    const expected = { name: 'IncidentRecorded', data: { changes, incident } };
    expect(madeUp.decode(old(1, { changes, weapon: 'rocket' }))).toMatchObject(expected);
    expect(madeUp.decode(old(2, { changes, method: 'rocket' }))).toMatchObject(expected);
    expect(madeUp.decode(old(3, { changes, incident }))).toMatchObject(expected);
  });

  test('is checked against its own schema, and written never again', () => {
    expect(() => madeUp.decode(old(1, { changes, method: 'rocket' }))).toThrow(/schema/);
    const record = madeUp.decode(old(1, { changes, weapon: 'rocket' }));
    const written = Buffer.from(madeUp.encode(record, envelopeOf(record))).toString('utf8');
    expect(written).toContain('incident-ledger.IncidentRecorded.v3');
  });

  test('without a step away from it nothing starts', () => {
    expect(() => createCatalogue(versions, {}, schemaOf)).toThrow(/no upcaster from IncidentRecorded.v1/);
  });
});
