/**
 * The example case (apps/standalone/example) must go through the ledger's own door, line by line, and keep to what it is
 * allowed to hold of a newspaper's text. What figures follow from it is tested where figures are made.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ACTS, completeAct, parseStrictJson, readBody } from '#contracts';
import {
  decide,
  evolve,
  initialState,
  type ActName,
  type Command,
  type Document,
  type Fact,
  type State,
  type Statement,
} from '#domain';
import { createCatalogue, recordSchema, RECORD_VERSIONS, UPCASTERS } from '#ledger';

interface Line {
  id: string;
  act: ActName;
  body: Record<string, unknown>;
}

function linesOf(file: string): Line[] {
  const path = new URL(`../../../../apps/standalone/example/${file}`, import.meta.url);
  const text = readFileSync(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => parseStrictJson(line) as Line);
}

/** Every id is given in the example, so none has to be made; and nothing in it is private, so nothing to be sealed. */
function commandOf({ act, body }: Line): Command {
  const noId = (): never => {
    throw new Error(`A line of ${act} has no id.`);
  };
  return completeAct(readBody(act, body), noId) as Command;
}

function openedLedger(): State {
  const state = initialState();
  apply(state, { act: 'open-ledger', origin: { title: 'Attacks on US and coalition forces in Syria' } });
  return state;
}

function apply(state: State, command: Command): Fact {
  const fact = decide(state, command);
  if (fact === null) throw new Error(`${command.act} changes nothing.`);
  evolve(state, fact);
  return fact;
}

const seed = linesOf('conoco.ndjson');
const later = linesOf('conoco-later.ndjson');
const all = [...seed, ...later];

const statements = all
  .filter(({ act }) => act === 'record-statement')
  .map(({ body }) => body as unknown as Statement & { id: string });
const documents = all
  .filter(({ act }) => act === 'register-document')
  .map(({ body }) => body as unknown as Document & { id: string });

const wordsIn = (text: unknown) => String(text).split(/\s+/).length;

describe('the example case', () => {
  test('is accepted line by line, what comes later after what came first, and every record fits its schema', () => {
    const catalogue = createCatalogue(RECORD_VERSIONS, UPCASTERS, recordSchema);
    const state = openedLedger();
    for (const line of all) {
      const { name, data } = apply(state, commandOf(line));
      expect({ line: line.id, fault: catalogue.fault(name, RECORD_VERSIONS[name], data) }).toEqual({ line: line.id });
    }
  });

  test('a second time each line is refused, because its id is taken', () => {
    const state = openedLedger();
    for (const line of all) apply(state, commandOf(line));
    for (const line of all) {
      expect(() => decide(state, commandOf(line))).toThrow(expect.objectContaining({ code: 'id-taken' }));
    }
  });

  test('has a command id of its own on every line, in order', () => {
    const numbered = (prefix: string, lines: readonly Line[]) =>
      lines.map((_, index) => `${prefix}-${String(index + 1).padStart(3, '0')}`);
    expect(seed.map(({ id }) => id)).toEqual(numbered('conoco', seed));
    expect(later.map(({ id }) => id)).toEqual(numbered('conoco-later', later));
  });

  test('uses only acts that the batch door knows', () => {
    expect(all.filter(({ act }) => !(act in ACTS))).toEqual([]);
  });
});

describe('what it holds of other people’s text', () => {
  test('every statement quotes its source, briefly and in a named language', () => {
    for (const { id, quote } of statements) {
      expect({ id, language: quote?.language, brief: wordsIn(quote?.text) <= 40 }).toEqual({
        id,
        language: 'en',
        brief: true,
      });
    }
  });

  test('the quotes together are no substitute for the report', () => {
    const reportWordCount = 378;
    const quoted = statements.reduce((sum, { quote }) => sum + wordsIn(quote?.text), 0);
    expect(quoted).toBeLessThan(reportWordCount / 2);
  });

  test('every claim carries the words it was read from', () => {
    for (const { id, claims } of statements) {
      for (const [index, { words }] of claims.entries()) {
        expect({ claim: `${id}#${index + 1}`, words: typeof words }).toEqual({
          claim: `${id}#${index + 1}`,
          words: 'string',
        });
      }
    }
  });

  test('what is assumed is marked, and its note says so', () => {
    const assumed = documents.filter(({ published }) => published?.assumed === true);
    expect(assumed.map(({ id }) => id)).toEqual(['national-conoco-report', 'national-conoco-copy']);
    for (const { note } of assumed) expect(note).toMatch(/date is assumed/);
    const elsewhere = all.filter(({ act }) => act !== 'register-document');
    expect(JSON.stringify(elsewhere)).not.toContain('"assumed"');
  });

  test('what is made up says so in its title and its note', () => {
    const madeUp = new Set(later.map(({ body }) => body['id']));
    for (const { id, title, note } of documents.filter((one) => madeUp.has(one.id))) {
      expect({ id, title: /made up/i.test(title), note: /made up/i.test(note ?? '') }).toEqual({
        id,
        title: true,
        note: true,
      });
    }
    for (const { document } of statements.filter((one) => madeUp.has(one.id))) expect(madeUp).toContain(document);
  });
});
