/** The checker on made-up histories: what is right must pass, and every way in which it can be wrong must be noticed. */
import { describe, expect, test } from '@jest/globals';
import type { Command, Incident, LedgerRecord } from '#domain';
import { factsOf, recordsOf } from '#testing';
import { check } from './checker.js';
import type { Call, Told } from './history.js';

const card = (title: string): Incident => ({ kind: 'single', method: 'rocket', parties: [], title });
const open: Command = { act: 'open-ledger', origin: { title: 'Made up' } };
const incident: Command = { act: 'record-incident', id: 'i', incident: card('one') };
const actor: Command = { act: 'register-actor', id: 'a', actor: { kind: 'state', names: [{ text: 'A state' }] } };
const correct = (title: string, version: number): Command => ({
  act: 'correct-incident',
  id: 'i',
  incident: card(title),
  reason: 'Mistyped.',
  expect: [{ entity: 'i', version }],
});
const attack: Command = {
  act: 'record-incident',
  id: 'j',
  incident: { ...card('by a'), parties: [{ actor: 'a', side: 'attacker' }] },
};

/** 1 open, 2 incident i, 3 i to version 2, 4 actor a, 5 i to version 3. The command of record n is k1:n. */
const LOG: Command[] = [open, incident, correct('two', 1), actor, correct('three', 2)];
const log = (commands: readonly Command[] = LOG): LedgerRecord[] =>
  recordsOf('made-up', factsOf(commands)).map(({ record }) => record);

function call(command: Command, key: string | number, [invoked, returned]: [number, number], told: Told): Call {
  return { client: 'client', commandid: `k1:${key}`, command, invoked, returned, told };
}

const accepted = (entity: string, version: number, position: number): Told => ({
  kind: 'accepted',
  entity,
  version,
  position,
});
const refused = (code: string, details: Record<string, unknown>, pointer?: string): Told => ({
  kind: 'refused',
  code,
  details,
  ...(pointer !== undefined && { pointer }),
});
const stale = (version: number): Told => refused('wrong-version', { current: [{ entity: 'i', version }] }, '/expect');
const noActor = refused('unknown-reference', { id: 'a' }, '/parties/0/actor');
const done = (position: number): Told => ({ kind: 'done', position });
const unknown: Told = { kind: 'unknown', why: 'no answer' };

/** Lines of a batch, each decided after the one before. */
function batch(times: [number, number], ...lines: [Command, string | number, Told][]): Call[] {
  const sent: Call[] = [];
  for (const [command, key, told] of lines) {
    const after = sent.at(-1);
    sent.push({ ...call(command, key, times, told), ...(after !== undefined && { after }) });
  }
  return sent;
}

/** The five records of LOG, sent one after another, from 10 n to 10 n + 5. */
const TOLD: [string, number][] = [
  ['ledger', 1],
  ['i', 1],
  ['i', 2],
  ['a', 1],
  ['i', 3],
];
const calls: Call[] = LOG.map((command, index) => {
  const [entity, version] = TOLD[index] ?? ['', 0];
  const from = (index + 1) * 10;
  return call(command, index + 1, [from, from + 5], accepted(entity, version, index + 1));
});
const without = (n: number): Call[] => calls.filter((_, index) => index !== n - 1);
/** Between record n and the next. */
const after = (n: number): [number, number] => [n * 10 + 6, n * 10 + 9];

describe('what is right passes', () => {
  test.each<[string, Call[], LedgerRecord[]?]>([
    ['accepted, one after another', []],
    ['a repeat gets the first outcome', [call(incident, 2, after(5), accepted('i', 1, 2))]],
    ['another body under the same key', [call(actor, 2, after(5), refused('command-id-reused', { position: 2 }))]],
    ['a refusal by what was there', [call(correct('x', 1), 'x', after(3), stale(2))]],
    [
      'an id that was taken',
      [call(incident, 'x', after(2), refused('id-taken', { entity: 'i', kind: 'incident' }, '/id'))],
    ],
    [
      'nothing to change, at the end of the log',
      [call(correct('two', 2), 'x', after(3), { ...accepted('i', 2, 3), kind: 'unchanged' } as Told)],
    ],
    ['a reference refused before it was there', [call(attack, 'x', after(3), noActor)]],
    ['a reference refused while it was being made', [call(attack, 'x', [41, 49], noActor)]],
    [
      'refused while the version rose: by either state',
      [call(correct('x', 1), 'x', [41, 59], stale(2)), call(correct('x', 1), 'y', [41, 59], stale(3))],
    ],
    [
      'lines of a batch, one with a record and one without',
      [...without(4), ...batch([60, 70], [actor, 4, done(5)], [correct('three', 3), 'x', done(5)])],
    ],
    [
      'a line that is refused on what the line before it made',
      [...without(4), ...batch([5, 80], [actor, 4, done(4)], [correct('x', 1), 'x', stale(2)])],
    ],
    ['no answer, and not in the log', [call(attack, 'x', after(5), unknown)]],
    ['no answer, and in the log long after', [call(actor, 4, [5, 6], unknown)]],
    [
      'no answer, then refused, then accepted',
      [
        call(attack, 6, after(3), unknown),
        call(attack, 6, [37, 38], noActor),
        call(attack, 6, after(5), accepted('j', 1, 6)),
      ],
      log([...LOG, attack]),
    ],
  ])('%s', (_name, more, records = log()) => {
    expect(check(records, [...calls, ...more])).toEqual([]);
  });

  test('an empty log of which nobody was told anything', () => {
    expect(check([], [call(open, 1, [0, 1], unknown)])).toEqual([]);
  });

  test('sent at once, in the log in another order', () => {
    const both = [call(actor, 2, [20, 40], accepted('a', 1, 2)), call(incident, 3, [20, 40], accepted('i', 1, 3))];
    expect(check(log([open, actor, incident]), [...calls.slice(0, 1), ...both])).toEqual([]);
  });
});

describe('what is wrong is noticed', () => {
  test.each<[string, RegExp, Call[], LedgerRecord[]?]>([
    [
      'accepted and not in the log',
      /told accepted .* of record-incident k1:6/,
      [...calls, call(attack, 6, after(5), accepted('j', 1, 6))],
    ],
    ['accepted at another position', /k1:4 .*no state/, [...without(4), call(actor, 4, [40, 45], accepted('a', 1, 5))]],
    [
      'accepted with another version',
      /k1:5/,
      [...without(5), call(correct('three', 2), 5, [50, 55], accepted('i', 2, 5))],
    ],
    ['two accepted at one position', /k1:6/, [...calls, call(attack, 6, after(5), accepted('j', 1, 5))]],
    [
      'refused and in the log',
      /Record 4: k1:4 was refused/,
      [...without(4), call(actor, 4, [40, 45], refused('id-taken', { entity: 'a', kind: 'actor' }, '/id'))],
    ],
    ['nobody sent it', /Record 4: k1:4 .* never sent/, without(4)],
    [
      'accepted only, under another body',
      /not what the rules make/,
      [...without(4), call(attack, 4, [40, 45], accepted('a', 1, 4))],
    ],
    ['a version that was old already', /wrong-version/, [...calls, call(correct('x', 1), 'x', after(5), stale(2))]],
    ['a version that is not there yet', /wrong-version/, [...calls, call(correct('x', 1), 'x', after(4), stale(3))]],
    ['a reference that was there already', /unknown-reference/, [...calls, call(attack, 'x', after(4), noActor)]],
    [
      'an id that was not taken',
      /id-taken/,
      [...calls, call(actor, 'x', after(3), refused('id-taken', { entity: 'a', kind: 'actor' }, '/id'))],
    ],
    [
      'nothing to change, by an old card',
      /unchanged/,
      [...calls, call(correct('two', 2), 'x', after(5), { kind: 'unchanged', entity: 'i', version: 2, position: 4 })],
    ],
    [
      'nothing to change, at a place that is not the end',
      /unchanged/,
      [...calls, call(correct('three', 3), 'x', after(5), { kind: 'unchanged', entity: 'i', version: 3, position: 4 })],
    ],
    [
      'a repeat refused',
      /k1:2/,
      [...calls, call(incident, 2, after(5), refused('id-taken', { entity: 'i', kind: 'incident' }, '/id'))],
    ],
    ['a repeat with another outcome', /k1:2/, [...calls, call(incident, 2, after(5), accepted('i', 1, 6))]],
    ['another body under the same key, accepted', /k1:4/, [...calls, call(attack, 4, after(5), accepted('a', 1, 4))]],
    [
      'a record before what was known when it was sent',
      /k1:3 is record 3, but record 5 was known/,
      [...without(3), call(correct('two', 1), 3, after(5), accepted('i', 2, 3))],
    ],
    [
      'a record inside of what a refusal had shown before it was sent',
      /k1:5 is record 5, but record 5 was known/,
      [...calls, call(correct('x', 1), 'x', after(4), stale(3))]
        .filter(({ commandid }) => commandid !== 'k1:5')
        .concat(call(correct('three', 2), 5, [50, 55], accepted('i', 3, 5))),
    ],
    ['a line done and not in the log', /told done .* k1:6/, [...calls, ...batch(after(5), [attack, 6, done(5)])]],
    [
      'a line whose record lies behind what was told of it',
      /told done .* k1:4/,
      [...without(4), ...batch([40, 45], [actor, 4, done(3)])],
    ],
    [
      'a line that was decided on less than the line before it made',
      /wrong-version/,
      [...without(5), ...batch([50, 59], [correct('three', 2), 5, done(5)], [correct('x', 1), 'x', stale(2)])],
    ],
    [
      'answers that go back in time',
      /wrong-version/,
      [
        ...without(5),
        call(correct('three', 2), 5, [50, 99], unknown),
        call(correct('x', 1), 'x', [51, 60], stale(3)),
        call(correct('x', 1), 'y', [61, 70], stale(2)),
      ],
    ],
  ])('%s', (_name, words, told, records = log()) => {
    expect(check(records, told).join('\n')).toMatch(words);
  });

  test.each<[string, RegExp, (records: LedgerRecord[]) => LedgerRecord[]]>([
    ['a gap', /Record 3 stands where 2 should/, (records) => records.filter(({ sequence }) => sequence !== 2)],
    [
      'a record twice',
      /k1:4 is in the log twice/,
      (records) => records.map((one) => (one.sequence === 5 ? { ...one, commandid: 'k1:4' } : one)),
    ],
    [
      'a version left out',
      /makes i version 3, not 2/,
      (records) =>
        records.map((one) =>
          one.sequence === 3
            ? ({ ...one, data: { ...one.data, changes: [{ entity: 'i', version: 3 }] } } as LedgerRecord)
            : one,
        ),
    ],
    [
      'a clock that falls',
      /before/,
      (records) =>
        records.map((one) => (one.sequence === 4 ? { ...one, recordedtime: '2001-01-01T00:00:00.000Z' } : one)),
    ],
    [
      'another content than was sent',
      /not what the rules make/,
      (records) =>
        records.map((one) =>
          one.sequence === 2 ? ({ ...one, data: { ...one.data, incident: card('other') } } as LedgerRecord) : one,
        ),
    ],
  ])('in the log: %s', (_name, words, spoil) => {
    expect(check(spoil(log()), calls).join('\n')).toMatch(words);
  });
});
