/** A small ledger, made up, for the auditor's tests: something of most kinds, and records that tests spoil one at a time. */
import type { Claim, Command } from '#domain';
import type { StoredRecord } from '#ledger';
import { factsOf, recordsOf } from '#testing';

const named = (text: string): { names: { text: string }[] } => ({ names: [{ text }] });
const reason = 'Made up.';
const about = { incident: 'attack' };
const claims: Claim[] = [
  {
    predicate: 'killed',
    about,
    stance: 'asserts',
    who: { side: 'target' },
    value: { low: 2, best: 3, high: 3 },
    words: 'three were killed',
  },
  { predicate: 'responsibility', about, stance: 'asserts', value: { actor: 'group', role: 'carried-out' } },
];
const said = (id: string, speaker: string, some: Claim[]): Command => ({
  act: 'record-statement',
  id,
  statement: { document: 'report', speaker, utterance: id, form: 'reported', claims: some },
});

/** By their place in the ledger, from 1. */
export const COMMANDS: readonly Command[] = [
  { act: 'open-ledger', origin: { title: 'Made up' } },
  { act: 'register-actor', id: 'state', actor: { ...named('A state'), kind: 'state' } },
  { act: 'register-actor', id: 'army', actor: { ...named('Its army'), kind: 'armed-force', partOf: 'state' } },
  { act: 'register-actor', id: 'group', actor: { ...named('A group'), kind: 'armed-group' } },
  { act: 'register-actor', id: 'paper', actor: { ...named('A paper'), kind: 'media' } },
  { act: 'register-actor', id: 'nobody', actor: { ...named('Named by no other record'), kind: 'media' } },
  { act: 'register-place', id: 'country', place: { ...named('A country'), kind: 'country', state: 'state' } },
  {
    act: 'register-place',
    id: 'base',
    place: { ...named('A base'), kind: 'site', inside: 'country', point: { lat: 35, lon: 40 } },
  },
  {
    act: 'register-document',
    id: 'report',
    document: {
      publisher: 'paper',
      kind: 'citation',
      title: 'A report',
      published: { from: '2023-04-11', to: '2023-04-11', precision: 'day' },
    },
  },
  {
    act: 'record-incident',
    id: 'attack',
    incident: {
      kind: 'single',
      method: 'rocket',
      place: { place: 'base' },
      time: { from: '2023-04-10', to: '2023-04-10', precision: 'day' },
      parties: [{ actor: 'army', side: 'target' }],
    },
  },
  said('by-army', 'army', claims),
  said('by-group', 'group', [
    {
      predicate: 'killed',
      about,
      stance: 'asserts',
      who: { side: 'target' },
      value: { low: 9, best: null, high: null },
    },
  ]),
  {
    act: 'record-assessment',
    id: 'judged',
    assessment: { about: { claim: 'by-group#1' }, credibility: 4, grounds: reason },
  },
  {
    act: 'correct-incident',
    id: 'attack',
    incident: {
      kind: 'single',
      method: 'drone',
      parties: [{ actor: 'army', side: 'target' }],
      place: { place: 'base' },
    },
    reason,
    expect: [{ entity: 'attack', version: 1 }],
  },
  { act: 'retract-assessment', id: 'judged', reason, expect: [{ entity: 'judged', version: 1 }] },
];

/** Where its records are. */
export const AT = { nobody: 6, report: 9, statement: 11, judged: 13, corrected: 14, last: COMMANDS.length };

export function smallLedger(ledger = 'small'): StoredRecord[] {
  const records = recordsOf(ledger, factsOf(COMMANDS));
  return records.map(({ record, bytes }) => ({ sequence: record.sequence, bytes }));
}

/** The same with one record written by somebody else: its event as they changed it. */
export function spoilt(
  records: readonly StoredRecord[],
  sequence: number,
  spoil: (event: Event) => unknown,
): StoredRecord[] {
  return records.map((record) => {
    if (record.sequence !== sequence) return record;
    const event = JSON.parse(Buffer.from(record.bytes).toString('utf8')) as Event;
    const spoiled = spoil(event) ?? event;
    return { sequence, bytes: Buffer.from(typeof spoiled === 'string' ? spoiled : JSON.stringify(spoiled)) };
  });
}

// oxlint-disable-next-line typescript/no-explicit-any -- A forger may write whatever comes to mind.
export type Event = Record<string, any>;
