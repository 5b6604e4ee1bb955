/** The log by itself: what is right passes, and each way of spoiling it is named, and nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { StoredRecord } from '#ledger';
import { codec, factsOf, histories, recordsOf } from '#testing';
import { faultsOfForm } from './byte-form.js';
import { LogCheck } from './log-check.js';
import { AT, smallLedger, spoilt, type Event } from './small-ledger.fixture.js';

function faultsIn(records: readonly StoredRecord[], ledger = 'small'): string[] {
  const faults: string[] = [];
  const check = new LogCheck(ledger, codec, (finding) => {
    if (finding.kind === 'log') faults.push(`${finding.record} ${finding.check}: ${finding.what}`);
  });
  for (const record of records) check.take(record);
  expect(check.faults).toBe(faults.length);
  return faults;
}

const clean = smallLedger();

test('a small ledger with something of most kinds is clean', () => {
  expect(clean).toHaveLength(AT.last);
  expect(faultsIn(clean)).toEqual([]);
});

test('whatever the rules accept is clean', () => {
  fc.assert(
    fc.property(histories, (commands) => {
      const records = recordsOf('history', factsOf(commands));
      expect(
        faultsIn(
          records.map(({ record, bytes }) => ({ sequence: record.sequence, bytes })),
          'history',
        ),
      ).toEqual([]);
    }),
    { numRuns: 50, endOnFailure: true },
  );
});

test('every record that was ever released has the form of its bytes', () => {
  const golden = new URL('../../../../test/golden/', import.meta.url);
  for (const file of readdirSync(golden)) expect(faultsOfForm(readFileSync(new URL(file, golden)))).toEqual([]);
});

const change =
  (sequence: number, spoil: (event: Event) => unknown) =>
  (records: StoredRecord[]): StoredRecord[] =>
    spoilt(records, sequence, spoil);

const at = (sequence: number): StoredRecord => clean[sequence - 1] as StoredRecord;

test.each<[what: string, spoil: (records: StoredRecord[]) => StoredRecord[], faults: (string | RegExp)[]]>([
  [
    'a flipped byte that leaves no JSON',
    (records) =>
      records.map(({ sequence, bytes }) => {
        const copy = Buffer.from(bytes);
        if (sequence === AT.report) copy.writeUInt8(copy.readUInt8(0) ^ 1, 0);
        return { sequence, bytes: copy };
      }),
    [
      /^9 schema: Not JSON/,
      '11 reference: it names the document report, which is not there by then',
      '12 reference: it names the document report, which is not there by then',
    ],
  ],
  [
    'a flipped byte in an attribute',
    change(AT.last, (event) => ({ ...event, specversion: '1.1' })),
    ['15 bytes: specversion is "1.1", and should be "1.0"'],
  ],
  [
    'a byte that is no UTF-8',
    (records) =>
      records.map(({ sequence, bytes }) => {
        const copy = Buffer.from(bytes);
        if (sequence === AT.nobody) copy.writeUInt8(0xff, copy.indexOf('Named'));
        return { sequence, bytes: copy };
      }),
    ['6 bytes: it is not UTF-8'],
  ],
  [
    'a record taken out',
    (records) => records.filter(({ sequence }) => sequence !== AT.nobody),
    ['6 sequence: record 6 is missing: 7 is the next one there'],
  ],
  [
    'two taken out',
    (records) => records.filter(({ sequence }) => sequence < 13 || sequence > 14),
    [
      '13 sequence: records 13 to 14 are missing: 15 is the next one there',
      '15 reference: it changes judged, and there is no such assessment by then',
    ],
  ],
  [
    'a pair swapped',
    (records) =>
      records.map((record) => {
        const other = { [AT.nobody]: AT.nobody + 1, [AT.nobody + 1]: AT.nobody }[record.sequence];
        return other === undefined ? record : { sequence: record.sequence, bytes: at(other).bytes };
      }),
    ['6 sequence: it says that it is small/7', '7 sequence: it says that it is small/6'],
  ],
  [
    'a record of another ledger',
    (records) => [...records.slice(0, 5), smallLedger('other')[5] as StoredRecord, ...records.slice(6)],
    ['6 sequence: it says that it is other/6'],
  ],
  [
    'a forged version',
    change(AT.corrected, (event) => void (event['data'].changes[0].version = 3)),
    ['14 version: it makes version 3 of attack, which is at version 1'],
  ],
  [
    'something made twice',
    change(AT.last, () =>
      String(Buffer.from(at(AT.nobody).bytes))
        .replace('small/6', 'small/15')
        .replace('00006"', '00015"')
        .replace('k1:6', 'k1:15')
        .replace(/"recordedtime":"[^"]*"/, '"recordedtime":"2023-04-11T00:00:15.000Z"'),
    ),
    ['15 version: it makes version 1 of nobody, which is at version 1'],
  ],
  [
    'a change of what nobody made',
    change(AT.last, (event) => {
      event['subject'] = event['data'].changes[0].entity = 'another';
    }),
    ['15 reference: it changes another, and there is no such assessment by then'],
  ],
  [
    'a reference to what is not there',
    change(AT.statement, (event) => void (event['data'].statement.claims[1].value.actor = 'ghost')),
    ['11 reference: it names the actor ghost, which is not there by then'],
  ],
  [
    'a reference to something of another kind',
    change(AT.statement, (event) => void (event['data'].statement.speaker = 'base')),
    ['11 reference: it names the actor base, which is of the kind place'],
  ],
  [
    'a claim that is not there',
    change(AT.judged, (event) => void (event['data'].assessment.about.claim = 'by-group#2')),
    ['13 reference: it names the claim by-group#2, which is not there by then'],
  ],
  [
    'a digest cut short',
    change(AT.nobody, (event) => void (event['commanddigest'] = event['commanddigest'].slice(0, 42))),
    [`6 digest: ${'A'.repeat(42)} is no HMAC-SHA-256, which is 43 letters of base64url`],
  ],
  [
    'a digest with bits that no digest has',
    change(AT.nobody, (event) => void (event['commanddigest'] = `${'A'.repeat(42)}B`)),
    [/^6 digest: A{42}B is no HMAC-SHA-256/],
  ],
  [
    'a time that goes back',
    change(AT.nobody, (event) => void (event['recordedtime'] = '2023-04-11T00:00:04.999Z')),
    ['6 time: it was recorded at 2023-04-11T00:00:04.999Z, and the one before it at 2023-04-11T00:00:05.000Z'],
  ],
  [
    'a time that there never was',
    change(AT.nobody, (event) => void (event['recordedtime'] = '2023-02-30T00:00:06.000Z')),
    ['6 time: there was no 2023-02-30T00:00:06.000Z'],
  ],
  [
    'a command id used twice',
    change(AT.nobody, (event) => void (event['commandid'] = 'k1:5')),
    ['6 command-id: record 5 has the command id k1:5 too'],
  ],
  [
    'a command id of another recorder',
    change(AT.nobody, (event) => void (event['recorder'] = 'k2')),
    ['6 command-id: the command id k1:6 is none of the recorder k2'],
  ],
  [
    'data that does not fit its schema',
    change(AT.last, (event) => void (event['data'].more = 1)),
    [/^15 schema: Record small\/15 does not fit its schema: data must NOT have additional properties/],
  ],
  [
    'a type that nobody ever wrote',
    change(AT.nobody, (event) => void (event['type'] = 'incident-ledger.ActorRegistered.v2')),
    [/^6 schema: This version cannot read records of type incident-ledger.ActorRegistered.v2/],
  ],
  [
    'the schema of another',
    change(AT.nobody, (event) => void (event['dataschema'] = 'urn:incident-ledger:schemas/PlaceRegistered.v1.json')),
    [/^6 bytes: dataschema is .* and should be "urn:incident-ledger:schemas\/ActorRegistered.v1.json"$/],
  ],
  [
    'attributes in another order',
    change(AT.nobody, ({ id, ...event }) => ({ id, ...event })),
    [/^6 bytes: its attributes are id, specversion, .*: in another order$/],
  ],
  [
    'an attribute more',
    change(AT.nobody, (event) => ({ ...event, time: 'now' })),
    [/^6 bytes: its attributes are .*: time does not belong there$/],
  ],
  [
    'white space',
    change(AT.nobody, (event) => JSON.stringify(event, null, 1)),
    ['6 bytes: written again its JSON has other bytes'],
  ],
  [
    'a name twice, of which parsers take the last',
    change(AT.nobody, (event) => JSON.stringify(event).replace('"kind":"media"', '"kind":"state","kind":"media"')),
    ['6 bytes: written again its JSON has other bytes'],
  ],
  [
    'a number in another form',
    change(AT.nobody, (event) => JSON.stringify(event).replace('"version":1', '"version":1.0')),
    ['6 bytes: written again its JSON has other bytes'],
  ],
  [
    'opened twice',
    change(AT.last, () =>
      String(Buffer.from(at(1).bytes))
        .replace('small/1"', 'small/15"')
        .replace('00001"', '00015"')
        .replace('k1:1"', 'k1:15"')
        .replace(/"recordedtime":"[^"]*"/, '"recordedtime":"2023-04-11T00:00:15.000Z"'),
    ),
    ['15 ledger: the ledger was opened before', '15 version: it makes version 1 of ledger, which is at version 1'],
  ],
])('%s is named', (_what, spoil, expected) => {
  const faults = faultsIn(spoil([...clean]));
  expect(faults).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
});

test('a record after the last one is named', () => {
  const closed = recordsOf(
    'small',
    factsOf([
      { act: 'open-ledger', origin: { title: 'Made up' } },
      { act: 'close-ledger', reason: 'Made up.' },
    ]),
  );
  const more = spoilt(clean.slice(0, 3), 3, (event) => void delete event['data'].actor.partOf);
  const records = [...closed.map(({ record, bytes }) => ({ sequence: record.sequence, bytes })), ...more.slice(2)];
  expect(faultsIn(records)).toEqual(['3 ledger: the ledger was closed before']);
});
