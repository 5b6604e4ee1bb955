/**
 * The histories of two real tables, replayed change by change with the act that belongs to each (docs/adr/0020): as of
 * every change the ledger answers what the table said then. And the troop table, as levels. The data is no part of this
 * project; where it is not there, these tests are left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LevelsAnswer, TalliesAnswer, TotalsAnswer } from '#contracts';
import type { LedgerClient } from '#testing';
import { startApp, type RunningApp } from './running-app.js';

const FOLDER = process.env['REAL_DATA_DIR'] ?? '../shared/data';

/** Tests over some files; left out, and said so, where one is missing. */
function describeWith(files: readonly string[], title: string, tests: () => void): void {
  const missing = files.filter((file) => !existsSync(`${FOLDER}/${file}`));
  if (missing.length > 0) {
    process.stderr.write(`SKIPPED: ${title}: there is no ${missing.join(', ')} in ${FOLDER} (REAL_DATA_DIR).\n`);
  }
  (missing.length === 0 ? describe : describe.skip)(title, tests);
}

const text = (file: string): string => readFileSync(`${FOLDER}/${file}`, 'latin1');
const opsOf = <Row>(file: string): Op<Row>[] =>
  text(file)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Op<Row>);

/** A change of a table, as its history has it. */
interface Op<Row> {
  /** When the compiler made it: an instant with an offset. */
  at: string;
  commit: string;
  op: 'add' | 'revise' | 'withdraw';
  /** The row, by its date. */
  key: string;
  row?: Row;
  /** By column, what was there and what is there now; null is nothing. */
  changes?: Record<string, [unknown, unknown]>;
}

/** What a table says after each of its changes: the rows, and nothing that the ledger knows. */
function* states<Row extends object>(ops: readonly Op<Row>[]): Generator<ReadonlyMap<string, Row>> {
  const table = new Map<string, Row>();
  for (const { op, key, row, changes = {} } of ops) {
    if (op === 'withdraw') table.delete(key);
    else {
      const next = { ...table.get(key), ...row } as Record<string, unknown>;
      for (const [column, [was, is]] of Object.entries(changes)) {
        if ((next[column] ?? null) !== was) throw new Error(`${key}.${column} was not ${String(was)}.`);
        if (is === null) delete next[column];
        else next[column] = is;
      }
      table.set(key, next as Row);
    }
    yield table;
  }
}

/** What a table says after each of its changes, in the words of a test. */
function* snapshots<Row extends object, Words>(
  ops: readonly Op<Row>[],
  words: (table: ReadonlyMap<string, Row>) => Words,
): Generator<Words> {
  for (const table of states(ops)) yield words(table);
}

/** Asks about the record that each change ended with, several at a time. */
async function asOfEach(positions: readonly number[], ask: (asOf: number, at: number) => Promise<void>): Promise<void> {
  const AT_ONCE = 4;
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    await Promise.all(positions.slice(from, from + AT_ONCE).map((asOf, index) => ask(asOf, from + index)));
  }
}

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const exactly = (n: number) => ({ low: n, best: n, high: n });
const day = (date: string) => ({ from: date, to: date, precision: 'day' });
const daysBefore = (date: string, days: number) =>
  new Date(Date.parse(`${date}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);

async function register(ledger: LedgerClient, actors: readonly (readonly [string, string, string?])[]): Promise<void> {
  for (const [id, kind, partOf] of actors) {
    await ledger.record('register-actor', { id, kind, names: [{ text: id }], ...(partOf !== undefined && { partOf }) });
  }
}

/** The release of the table that a change made: a document each, registered once. */
async function release<Row>(ledger: LedgerClient, { at, commit }: Op<Row>, known: Set<string>): Promise<string> {
  const id = `release:${commit}`;
  if (!known.has(id)) {
    const published = day(new Date(at).toISOString().slice(0, 10));
    const document = {
      id,
      publisher: 'compiler',
      kind: 'dataset-release',
      title: `The table as of ${commit}`,
      published,
    };
    await ledger.record('register-document', document);
  }
  known.add(id);
  return id;
}

/** "≥ 11001": how a figure reads. */
function shown({
  low,
  best,
  high,
  about,
}: {
  low: number | null;
  best: number | null;
  high: number | null;
  about: boolean;
}) {
  if (best === null) return high === null ? `>= ${low}` : `<= ${high}`;
  return `${about ? 'about ' : ''}${best}`;
}

/** By series, what is said of each date. A series goes by line, what is counted, and its counter. */
function told({ series }: TotalsAnswer): Record<string, Record<string, string>> {
  return Object.fromEntries(
    series
      .filter(({ steps }) => steps.length > 0)
      .map(({ line, scope, counter, steps }) => [
        [line, scope.of, counter ?? 'alone'].join(' '),
        Object.fromEntries(steps.map((step) => [step.date ?? '', shown(step)])),
      ]),
  );
}

describeWith(
  ['ukr-losses/personnel-history-2022.jsonl'],
  'losses of Russian personnel in 2022, as Ukraine counts them',
  () => {
    interface Row {
      date: string;
      personnel: number;
      /** How the number is to be read; the first of these columns was renamed to the second. */
      '*personnel'?: string;
      'personnel*'?: string;
      POW?: number;
    }
    const ops = existsSync(`${FOLDER}/ukr-losses/personnel-history-2022.jsonl`)
      ? opsOf<Row>('ukr-losses/personnel-history-2022.jsonl')
      : [];

    /** What a cell says, as the codebook turns words into numbers. */
    function numbersOf(row: Row): { losses: object; prisoners?: object } {
      const word = row['personnel*'] ?? row['*personnel'];
      const { personnel: n, POW } = row;
      const rough = { ...exactly(n), about: true };
      const words: Record<string, object> = {
        about: rough,
        almost: rough,
        'more than': { low: n + 1, best: null, high: null },
        more: { low: n + 1, best: null, high: null },
      };
      const losses = word === undefined ? exactly(n) : words[word];
      if (losses === undefined) throw new Error(`No rule for the word ${word}.`);
      return { losses, ...(POW !== undefined && { prisoners: exactly(POW) }) };
    }

    const total = (of: string, key: string, counter: string, value: object) => ({
      predicate: 'total',
      about: { scope: { of, target: 'russia', places: ['ukraine'], from: '2022-02-24', to: key } },
      stance: 'asserts',
      value: { ...value, counter: { id: counter, startedOn: '2022-02-24' } },
    });
    const losses = (key: string, value: object) => total('personnel losses', key, 'general-staff-personnel', value);
    const prisoners = (key: string, value: object) => total('prisoners', key, 'general-staff-prisoners', value);

    let ledger: LedgerClient;
    /** The last record of each change; where nothing was recorded, that of the change before. */
    const positions: number[] = [];
    const acts = { 'record-statement': 0, 'correct-statement': 0, nothing: 0 };

    beforeAll(async () => {
      ledger = await app.open('ukraine-2022');
      await register(ledger, [
        ['compiler', 'compiler'],
        ['ukraine-state', 'state'],
        ['general-staff', 'armed-force', 'ukraine-state'],
        ['russia', 'state'],
      ]);
      let { position } = await ledger.record('register-place', {
        id: 'ukraine',
        kind: 'country',
        state: 'ukraine-state',
        names: [{ text: 'Ukraine' }],
      });
      const releases = new Set<string>();
      /** Of each day what is recorded, the version of its statement, and whether prisoners came in a later one. */
      const recorded = new Map<string, { version: number; cells: ReturnType<typeof numbersOf>; apart: boolean }>();
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      let at = 0;
      for (const table of states(ops)) {
        const op = ops[at] as Op<Row>;
        at += 1;
        const { key, commit } = op;
        const cells = numbersOf(table.get(key) as Row);
        const statement = async () => ({
          document: await release(ledger, op, releases),
          speaker: 'general-staff',
          said: day(key),
          form: 'reported',
          utterance: `general-staff:${key}`,
        });
        const rowClaims = (apart: boolean) => [
          losses(key, cells.losses),
          ...(cells.prisoners && !apart ? [prisoners(key, cells.prisoners)] : []),
        ];
        const before = recorded.get(key);
        if (op.op === 'add') {
          const body = { id: key, ...(await statement()), claims: rowClaims(false) };
          ({ position } = await ledger.record('record-statement', body));
          acts['record-statement'] += 1;
          recorded.set(key, { version: 1, cells, apart: false });
        } else if (op.op === 'revise' && before !== undefined) {
          let { version, apart } = before;
          // Columns and words renamed, texts become numbers: the staff's figure is what it was.
          if (same(before.cells, cells)) acts.nothing += 1;
          // A cell that was empty is filled in: a later release gives more of what was uttered.
          const isFilledIn = before.cells.prisoners === undefined && cells.prisoners !== undefined;
          if (isFilledIn) {
            const more = {
              id: `${key}:prisoners`,
              ...(await statement()),
              claims: [prisoners(key, cells.prisoners ?? {})],
            };
            ({ position } = await ledger.record('record-statement', more));
            acts['record-statement'] += 1;
            apart = true;
          }
          // Another number or word for a day that is over, or no number any more: the compiler had it wrong.
          const isCorrected = !same(before.cells.losses, cells.losses);
          if (isCorrected || (!isFilledIn && !same(before.cells.prisoners, cells.prisoners))) {
            if (before.apart && !isCorrected) throw new Error(`No rule for prisoners of ${key} that came later.`);
            const expect = [{ entity: key, version }];
            const reason = `The compiler corrected the row of ${key} in ${commit}.`;
            const body = { ...(await statement()), claims: rowClaims(apart), reason, expect };
            ({ position } = await ledger.record('correct-statement', body, { id: key }));
            acts['correct-statement'] += 1;
            version += 1;
          }
          recorded.set(key, { version, cells, apart });
        } else throw new Error(`No rule for ${op.op} of ${key}.`);
        positions.push(position);
      }
      await ledger.read(`/totals?limit=1&wait=${position}`);
    }, 120_000);

    /** The table's own words, read without the ledger's. */
    function said(table: ReadonlyMap<string, Row>): ReturnType<typeof told> {
      const cells = (cell: (row: Row) => string | undefined) =>
        Object.fromEntries(
          [...table.values()].flatMap((row) => (cell(row) === undefined ? [] : [[row.date, cell(row)]])),
        );
      const personnel = cells((row) => {
        const word = row['personnel*'] ?? row['*personnel'] ?? '';
        if (word.startsWith('more')) return `>= ${row.personnel + 1}`;
        return `${word === '' ? '' : 'about '}${row.personnel}`;
      });
      const pow = cells(({ POW }) => (POW === undefined ? undefined : String(POW)));
      return {
        'ukraine-state personnel losses general-staff-personnel': personnel,
        ...(Object.keys(pow).length > 0 && { 'ukraine-state prisoners general-staff-prisoners': pow }),
      } as ReturnType<typeof told>;
    }

    test('as of every change the ledger says what the table said then', async () => {
      const expected = [...snapshots(ops, said)];
      expect(expected).toHaveLength(444);
      await asOfEach(positions, async (asOf, at) => {
        const answer = await ledger.read<TotalsAnswer>(`/totals?of.party=russia&asOf=${asOf}`);
        expect({ at, told: told(answer) }).toEqual({ at, told: expected[at] });
      });
    }, 60_000);

    test('each change was made with the act that belongs to it', () => {
      // 310 rows and 7 cells filled in later; words that turned out otherwise, numbers mistyped, prisoners dropped; renamings.
      expect(acts).toEqual({ 'record-statement': 317, 'correct-statement': 100, nothing: 31 });
    });
  },
);
