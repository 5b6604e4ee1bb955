/**
 * What the users' documents promise must be so: their examples go through the doors and the rules, their lists name every
 * word there is, and their links lead somewhere.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ACTS, completeAct, Problem, PROBLEMS, readBody, type Fault } from '#contracts';
import {
  ACTOR_KINDS,
  BASES,
  CATEGORIES,
  CODEBOOK_VERSION,
  DAMAGE_LEVELS,
  decide,
  DOCUMENT_KINDS,
  evolve,
  FORMS,
  INCIDENT_KINDS,
  initialState,
  LEVEL_COMPONENTS,
  LEVEL_MEASURES,
  MANNERS,
  METHODS,
  OUTCOMES,
  overlayOn,
  PLACE_KINDS,
  POLICY_VERSIONS,
  PRECISIONS,
  PREDICATES,
  REJECTION_CODES,
  RELATIONS,
  ROLES,
  SIDES,
  STANCES,
  type ActName,
  type Claim,
  type Command,
  type Fact,
  type Flag,
  type SetAsideCode,
  type State,
  type Status,
} from '#domain';
import { createCatalogue, recordSchema, RECORD_VERSIONS, UPCASTERS } from '#ledger';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const codebook = read('docs/codebook.md');
const acts = read('docs/acts.md');

const catalogue = createCatalogue(RECORD_VERSIONS, UPCASTERS, recordSchema);

/** Sends a body through the door and the rules; what comes out must fit the schema of its record. */
function apply(state: State, act: ActName, body: unknown, entity?: string): Fact {
  const noId = (): never => {
    throw new Error('An example has no id.');
  };
  const checked = readBody(act, body, { id: entity });
  const { expect: expected } = checked;
  // No example holds private text, so there is nothing to seal.
  const command = { ...completeAct(checked, noId), ...(expected && { expect: expected }) } as Command;
  const fact = decide(state, command);
  if (fact === null) throw new Error(`An example of ${act} changes nothing.`);
  expect(catalogue.fault(fact.name, RECORD_VERSIONS[fact.name], fact.data)).toBeUndefined();
  evolve(state, fact);
  return fact;
}

/** The text under each heading of a level, by heading. */
function sections(markdown: string, level: string): Map<string, string> {
  const [, ...parts] = markdown.split(new RegExp(`^${level} `, 'm'));
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end).replaceAll('`', ''), part.slice(end)];
    }),
  );
}

interface Example {
  json: unknown;
  /** What stands between it and the one before, or its heading. */
  before: string;
}

function examplesIn(markdown: string): Example[] {
  return [...markdown.matchAll(/([^]*?)```json\n([^]*?)```/g)].map(([, before = '', json = '']) => ({
    json: JSON.parse(json) as unknown,
    before: before.split(/^#+ .*$/m).at(-1) ?? '',
  }));
}

/** The cells of the table whose first column has this heading. */
function tableOf(markdown: string, heading: string): string[][] {
  const lines = markdown.split('\n');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line) => line.startsWith('|') && cells(line)[0] === heading);
  const rest = lines.slice(start + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('|')),
    )
    .map(cells);
}

const bare = (cell = '') => cell.replaceAll('`', '');
const escaped = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);

describe('docs/codebook.md', () => {
  const example = initialState();
  const recorded: Claim[] = [];

  beforeAll(() => {
    apply(example, 'open-ledger', { origin: { title: 'The example' } });
    for (const line of read('apps/standalone/example/conoco.ndjson').trimEnd().split('\n')) {
      const { act, body } = JSON.parse(line) as { act: ActName; body: { claims?: Claim[] } };
      apply(example, act, body);
      recorded.push(...(body.claims ?? []));
    }
  });

  test('is of the version that is in force', () => {
    expect(codebook).toMatch(new RegExp(`^Version ${CODEBOOK_VERSION}$`, 'm'));
  });

  test('explains every predicate, in order, each by one example', () => {
    const explained = [...sections(sections(codebook, '##').get('5 Predicates') ?? '', '###')];
    expect(explained.map(([heading]) => heading)).toEqual([...PREDICATES]);
    for (const [heading, text] of explained) {
      expect(examplesIn(text).map(({ json }) => (json as Claim).predicate)).toEqual([heading]);
    }
  });

  test('gives examples that the ledger accepts, beside the example case', () => {
    for (const { json } of examplesIn(codebook)) {
      const fact = apply(overlayOn(example), 'record-statement', {
        id: 'an-example-of-the-codebook',
        document: 'national-conoco-copy',
        speaker: 'the-national',
        form: 'own-voice',
        claims: [json],
      });
      expect(fact.name).toBe('StatementRecorded');
    }
  });

  test('takes its examples from the example case, or says that they are made up', () => {
    for (const { json, before } of examplesIn(codebook)) {
      if (!/made up:\s*$/i.test(before)) expect(recorded).toContainEqual(json);
    }
  });

  test('names every word there is', () => {
    const setAside = {
      'incident-not-live': true,
      'statement-retracted': true,
      'publisher-corrected': true,
      'document-withdrawn': true,
      'source-retracted': true,
      'graded-false': true,
      'no-figure': true,
      joint: true,
      'other-victims': true,
      'other-reading': true,
      superseded: true,
      'kind-only': true,
      compiler: true,
      'less-precise': true,
      'not-official': true,
      'lower-rank': true,
      'earlier-said': true,
      'lower-grade': true,
    } satisfies Record<SetAsideCode, true>;
    const flags = { disordered: true, 'readings-differ': true, partial: true, 'kind-exceeds': true } satisfies Record<
      Flag,
      true
    >;
    const statuses = { unreported: true, 'affirmed-none': true, reported: true } satisfies Record<Status, true>;
    const words = [
      ...[ACTOR_KINDS, PLACE_KINDS, DOCUMENT_KINDS, FORMS, METHODS, INCIDENT_KINDS, SIDES, CATEGORIES].flat(),
      ...[STANCES, MANNERS, BASES, DAMAGE_LEVELS, OUTCOMES, ROLES, RELATIONS].flat(),
      ...[LEVEL_MEASURES, LEVEL_COMPONENTS, PRECISIONS].flat(),
      ...[POLICY_VERSIONS, setAside, flags, statuses].flatMap((one) => Object.keys(one)),
    ];
    expect(words.filter((word) => !codebook.includes(`\`${word}\``))).toEqual([]);
  });
});

describe('docs/acts.md', () => {
  const rows = tableOf(acts, 'act');

  test('lists every act with its address and role', () => {
    const listed = rows.map(([act, route = '', role]) => [bare(act), { route: bare(route), role }]);
    const there = Object.entries(ACTS).map(([act, { route, role }]) => [act, { route: asAddress(route), role }]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(there));
  });

  test('says which fields a body has, and which of them it must have', () => {
    for (const [cell, , , , body = ''] of rows) {
      const act = bare(cell) as ActName;
      const named = body.split(',').map((field) => field.trim());
      const required = named.filter((field) => field.startsWith('**'));
      expect({ act, required: required.map(plain).toSorted() }).toEqual({ act, required: missingFrom(act).toSorted() });
      expect({ act, fields: named.map(plain).toSorted() }).toEqual({ act, fields: fieldsOf(act).toSorted() });
    }
  });

  test('has an example of every act, which the ledger accepts and records as the table says', () => {
    const state = initialState();
    const examples = [...sections(sections(acts, '##').get('The acts, one by one') ?? '', '###')];
    const recordOf = new Map(rows.map(([act, , , record]) => [bare(act), bare(record)]));
    expect(examples.map(([act]) => act).toSorted()).toEqual(Object.keys(ACTS).toSorted());
    for (const [act, text] of examples) {
      const [, address] =
        /`(?:actors|assessments|documents|incidents|places|statements)\/([^`/{]+)\/[\w-]+`/.exec(text) ?? [];
      for (const { json } of examplesIn(text)) {
        const record = () => apply(state, act as ActName, json, address).name;
        // All that there is to adopt is in force in a new ledger already, and the document says so.
        if (act === 'adopt') expect(record).toThrow('changes nothing');
        else expect(record()).toBe(recordOf.get(act));
      }
    }
  });

  test('lists every refusal of the rules with its status', () => {
    const listed = tableOf(acts, 'code').map(([code, status]) => [bare(code), Number(status)]);
    expect(listed).toEqual(REJECTION_CODES.map((code) => [code, PROBLEMS[code].status]));
  });
});

/** `:id` as readers of an API write it. */
const asAddress = (route: string) => route.replaceAll(/:(\w+)/g, '{$1}');

const plain = (field: string) => field.replaceAll('**', '');

/** What the door says is missing from an empty body. */
function missingFrom(act: ActName): string[] {
  return faultsOf(act, {}).map(({ pointer }) => pointer.slice(1));
}

/** What the door says the fields are, when it meets one that nobody declared. */
function fieldsOf(act: ActName): string[] {
  const fault = faultsOf(act, { 'no such field': true }).find(({ code }) => code === 'unknown-field');
  return /the fields are (.*)$/.exec(fault?.reason ?? '')?.[1]?.split(', ') ?? [];
}

function faultsOf(act: ActName, body: object): readonly Fault[] {
  try {
    readBody(act, body, { id: 'given-by-the-address' });
    return [];
  } catch (error) {
    if (error instanceof Problem) return error.errors;
    throw error;
  }
}

describe('docs/security.md', () => {
  const rows = tableOf(read('docs/security.md'), 'threat');

  test('is a page', () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(read('docs/security.md').split('\n').length).toBeLessThan(60);
  });

  test.each(rows.map(([threat = '', stands = '', tests = '']) => ({ threat, stands, tests })))(
    '$threat: its tests exist',
    ({ stands, tests }) => {
      expect(stands).not.toBe('');
      const named = [...tests.matchAll(/`([^`]+)` "([^"]+)"/g)];
      // Nothing stands in the cell but these.
      expect(tests.replaceAll(/`[^`]+` "[^"]+"(; |$)/g, '')).toBe('');
      expect(named.length).toBeGreaterThan(0);
      for (const [, file = '', name = ''] of named) {
        const title = new RegExp(`(?:\\btest|\\))\\(\\s*(['"\`])${escaped(name)}\\1,`);
        expect({ file, name, isThere: title.test(read(file)) }).toEqual({ file, name, isThere: true });
      }
    },
  );
});

describe.each(['docs/codebook.md', 'docs/acts.md', 'docs/runbook.md', 'docs/security.md'])('%s', (path) => {
  test('has links that lead somewhere', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-');
    for (const [, target = ''] of read(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [file, anchor] = target.split('#');
      const there = file === '' ? path : `docs/${file}`;
      expect({ target, exists: existsSync(new URL(there, root)) }).toEqual({ target, exists: true });
      if (anchor === undefined) continue;
      const headings = [...read(there).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));
      expect(headings).toContain(anchor);
    }
  });
});
