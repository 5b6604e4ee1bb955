/**
 * The histories of two real tables, replayed change by change with the act that belongs to each (docs/adr/0010): as of
 * every change the ledger answers what the table said then. And the troop table, as levels. The data is no part of this
 * project; where it is not there, these tests are left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LevelsAnswer, RecordsAnswer, TalliesAnswer, TotalsAnswer } from '#contracts';
import type { LedgerClient } from '#testing';
import { explained } from './explained.js';
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
            const seen = [{ entity: key, version }];
            const reason = `The compiler corrected the row of ${key} in ${commit}.`;
            const body = { ...(await statement()), claims: rowClaims(apart), reason, expect: seen };
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

    test('as said by a day, and as of a change too: the days until then, as the table had them', async () => {
      const days = (words: ReturnType<typeof said>, until: string) =>
        Object.fromEntries(
          Object.entries(words).flatMap(([series, all]) => {
            const some = Object.entries(all).filter(([date]) => date <= until);
            return some.length === 0 ? [] : [[series, Object.fromEntries(some)]];
          }),
        );
      const expected = [...snapshots(ops, said)];
      for (const [at, saidBy] of [
        [443, '2022-04-22'],
        [101, '2022-04-22'],
        [102, '2022-04-22'],
        [188, '2022-05-01'],
        [443, '2022-05-01'],
        [8, '2022-02-24'],
      ] as const) {
        const asked = `asOf=${positions[at]}&saidBy=${saidBy}`;
        const answer = await ledger.read<TotalsAnswer>(`/totals?of.party=russia&${asked}`);
        expect({ at, told: told(answer) }).toEqual({ at, told: days(expected[at] ?? {}, saidBy) });
        expect(answer).toMatchObject({ saidBy, sequence: positions[at], final: true });
      }
    });

    test('they are losses, not killed: no tally and no figure has any of it', async () => {
      const { rows, figures } = await explained(ledger, 'of=killed,injured,casualties');
      expect(figures).toEqual([]);
      expect(rows.every(({ low, best, high }) => low === 0 && best === 0 && high === 0)).toBe(true);
      expect((await ledger.read<TotalsAnswer>('/totals?of=killed')).series).toEqual([]);
    });

    test('one phase from the first day: nothing is added up', async () => {
      const { series } = await ledger.read<TotalsAnswer>('/totals?of=personnel losses');
      const steps = series[0]?.steps ?? [];
      expect(series).toHaveLength(1);
      expect(steps).toHaveLength(310);
      expect(steps.at(-1)).toMatchObject({
        date: '2022-12-31',
        ...exactly(105_960),
        about: true,
        phase: 1,
        rebased: null,
      });
      for (const { low, best, high, about, claim, continuous } of steps) {
        expect(continuous).toEqual({ low, best, high, about, of: [claim] });
      }
    });

    const CORRECTIONS = 'ukr-losses/russia_losses_equipment_correction.json';
    (existsSync(`${FOLDER}/${CORRECTIONS}`) ? test : test.skip)(
      'corrections by so many, without the number that they correct, are listed and make no step',
      async () => {
        const corrections = (JSON.parse(text(CORRECTIONS)) as Row[]).filter(({ personnel }) => personnel !== 0);
        expect(corrections.map(({ date, personnel }) => [date, personnel])).toEqual([
          ['2025-02-28', 1650],
          ['2025-04-22', 160],
        ]);
        const document = { id: 'corrections', publisher: 'compiler', kind: 'dataset-release', title: 'Corrections' };
        let { position } = await ledger.record('register-document', document);
        for (const { date, personnel } of corrections) {
          const claims = [losses(date, { change: personnel })];
          const statement = { id: `correction:${date}`, document: 'corrections', speaker: 'general-staff' };
          const body = { ...statement, said: day(date), form: 'reported', claims };
          ({ position } = await ledger.record('record-statement', body));
        }
        const { series } = await ledger.read<TotalsAnswer>(`/totals?of=personnel losses&wait=${position}`);
        expect(series[0]?.steps.at(-1)?.date).toBe('2022-12-31');
        expect(series[0]?.setAside).toEqual([
          { claim: 'correction:2025-02-28#1', code: 'no-figure' },
          { claim: 'correction:2025-04-22#1', code: 'no-figure' },
        ]);
      },
    );
  },
);

describeWith(
  ['gaza-daily/lebanon-history.jsonl'],
  'killed and injured in Lebanon, as its ministry and OCHA count',
  () => {
    interface Row {
      report_date: string;
      report_source: 'moph_lb' | 'ocha';
      /** Hours that the increase covers. */
      report_period: number;
      /** The increase; some days none is given. */
      killed?: number;
      injured?: number;
      /** First what the source said, from the re-basing on the compiler's own count across phases … */
      killed_cum: number;
      injured_cum: number;
      /** … and then this is what the source said. */
      killed_cum_reported?: number;
      injured_cum_reported?: number;
      phase?: number;
    }
    const ops = existsSync(`${FOLDER}/gaza-daily/lebanon-history.jsonl`)
      ? opsOf<Row>('gaza-daily/lebanon-history.jsonl')
      : [];
    const OF = ['killed', 'injured'] as const;
    const SPEAKERS = { moph_lb: 'moph-lb', ocha: 'ocha' } as const;

    const total = (of: string, dates: { from?: string; to: string }, value: object) => ({
      predicate: 'total',
      about: { scope: { of, places: ['lebanon'], ...dates } },
      stance: 'asserts',
      value,
    });

    let ledger: LedgerClient;
    const positions: number[] = [];
    const acts = { source: 0, compiler: 0, reBased: 0 };

    beforeAll(async () => {
      ledger = await app.open('lebanon');
      await register(ledger, [
        ['compiler', 'compiler'],
        ['lebanon-state', 'state'],
        ['moph-lb', 'state-body', 'lebanon-state'],
        ['un', 'intergovernmental'],
        ['ocha', 'intergovernmental', 'un'],
      ]);
      let { position } = await ledger.record('register-place', {
        id: 'lebanon',
        kind: 'country',
        state: 'lebanon-state',
        names: [{ text: 'Lebanon' }],
      });
      const releases = new Set<string>();
      /** When the ministry's present count started: its first report is all increase. */
      let startedOn: string | undefined;
      let at = 0;
      for (const table of states(ops)) {
        const op = ops[at] as Op<Row>;
        at += 1;
        const { key } = op;
        const row = table.get(key) as Row;
        const document = await release(ledger, op, releases);
        const from = daysBefore(key, row.report_period / 24 - 1);
        if (row.killed === row.killed_cum && row.phase === undefined) startedOn ??= from;
        if (op.op === 'add') {
          const isCurrent = row.phase !== 1 && startedOn !== undefined;
          const counter = { id: 'toll', ...(row.phase && { phase: row.phase }), ...(isCurrent && { startedOn }) };
          const claims = OF.flatMap((of) => {
            const increase = row[of];
            const toll = row[`${of}_cum_reported`] ?? row[`${of}_cum`];
            return [
              total(of, { to: key }, { ...exactly(toll), counter }),
              ...(increase === undefined ? [] : [total(of, { from, to: key }, exactly(increase))]),
            ];
          });
          const speaker = SPEAKERS[row.report_source];
          const body = {
            id: key,
            document,
            speaker,
            said: day(key),
            form: 'reported',
            utterance: `toll:${key}`,
            claims,
          };
          ({ position } = await ledger.record('record-statement', body));
          acts.source += 1;
        } else {
          // The re-basing: the source's number moves to another column, and the compiler counts on across phases.
          const moved = OF.every((of) => op.changes?.[`${of}_cum`]?.[0] === op.changes?.[`${of}_cum_reported`]?.[1]);
          const columns = ['injured_cum', 'injured_cum_reported', 'killed_cum', 'killed_cum_reported', 'phase'];
          expect({ key, moved, columns: Object.keys(op.changes ?? {}).toSorted() }).toEqual({
            key,
            moved: true,
            columns,
          });
          acts.reBased += 1;
        }
        if (row.killed_cum_reported !== undefined) {
          const claims = OF.map((of) =>
            total(of, { to: key }, { ...exactly(row[`${of}_cum`]), counter: { id: 'across-phases' } }),
          );
          const body = { id: `compiler:${key}`, document, speaker: 'compiler', form: 'own-voice', claims };
          ({ position } = await ledger.record('record-statement', body));
          acts.compiler += 1;
        }
        positions.push(position);
      }
      await ledger.read(`/totals?limit=1&wait=${position}`);
    }, 120_000);

    const LINES = { moph_lb: 'lebanon-state', ocha: 'un' } as const;

    /** The table's own words of one column, read without the ledger's. */
    function said(of: (typeof OF)[number], table: ReadonlyMap<string, Row>): ReturnType<typeof told> {
      const words: ReturnType<typeof told> = {};
      const say = (series: string, date: string, n: number | undefined) => {
        if (n !== undefined) (words[series] ??= {})[date] = String(n);
      };
      for (const row of table.values()) {
        const line = LINES[row.report_source];
        const reported = row[`${of}_cum_reported`];
        say(`${line} ${of} toll`, row.report_date, reported ?? row[`${of}_cum`]);
        say(`${line} ${of} alone`, row.report_date, row[of]);
        if (reported !== undefined) say(`compiler ${of} across-phases`, row.report_date, row[`${of}_cum`]);
      }
      return words;
    }

    /** What the ministry's last word of the first phase and each later one come to, from the table alone. */
    function acrossPhases(of: (typeof OF)[number], table: ReadonlyMap<string, Row>): Record<string, number> {
      const rows = [...table.values()].filter(({ report_source }) => report_source === 'moph_lb');
      const toll = (row: Row) => row[`${of}_cum_reported`] ?? row[`${of}_cum`];
      const ofFirst = rows.filter(({ phase }) => phase === 1).map(({ report_date }) => report_date);
      const last = table.get(ofFirst.toSorted().at(-1) ?? '');
      const carried = last === undefined ? 0 : toll(last);
      return Object.fromEntries(rows.map((row) => [row.report_date, toll(row) + (row.phase === 1 ? 0 : carried)]));
    }

    test.each(OF)(
      'as of every change the ledger says what the table said of the %s then',
      async (of) => {
        const expected = [...snapshots(ops, (table) => ({ told: said(of, table), sums: acrossPhases(of, table) }))];
        expect(expected).toHaveLength(315);
        await asOfEach(positions, async (asOf, at) => {
          const answer = await ledger.read<TotalsAnswer>(`/totals?of=${of}&asOf=${asOf}`);
          const toll = answer.series.find(({ line, counter }) => line === 'lebanon-state' && counter === 'toll');
          const sums = Object.fromEntries((toll?.steps ?? []).map((step) => [step.date, step.continuous?.best]));
          expect({ at, told: told(answer), sums }).toEqual({ at, ...expected[at] });
        });
      },
      60_000,
    );

    test('a re-basing by the compiler is a statement by the compiler, and nothing of the ministry', async () => {
      // 128 rows re-based; 56 of the first phase and 3 later ones have both numbers from the start.
      expect(acts).toEqual({ source: 187, compiler: 187, reBased: 128 });
      const { items } = await ledger.read<RecordsAnswer>('/records?entity=2026-03-05');
      expect(items).toHaveLength(1);
    });

    test('phases: the count starts again, and what is added up across them is ours and equals the compiler’s', async () => {
      const { series } = await ledger.read<TotalsAnswer>('/totals?of=killed&place=lebanon');
      const find = (line: string, counter: string) =>
        series.find((one) => one.line === line && one.counter === counter);
      const toll = find('lebanon-state', 'toll');
      const step = (date: string) => toll?.steps.find((one) => one.date === date);
      expect(step('2024-12-04')).toMatchObject({ best: 4047, phase: 1, rebased: null, continuous: exactly(4047) });
      expect(step('2026-03-05')).toMatchObject({
        best: 123,
        phase: 2,
        rebased: 'new-phase',
        continuous: exactly(4170),
      });
      expect(step('2026-08-02')).toMatchObject({ best: 4333, phase: 2, rebased: null, continuous: exactly(8380) });
      expect(step('2026-08-02')?.continuous?.of).toEqual(['2024-12-04#1', '2026-08-02#1']);
      const rebased = toll?.steps.filter((one) => one.rebased !== null).map(({ date }) => date);
      expect(rebased).toEqual(['2026-03-05']);

      const compiled = find('compiler', 'across-phases');
      expect(compiled?.compiler).toBe(true);
      const theirs = new Map(compiled?.steps.map(({ date, best }) => [date, best]));
      expect(toll?.steps.map(({ continuous }) => continuous?.best)).toEqual(
        toll?.steps.map(({ date }) => theirs.get(date)),
      );
    });

    test('no tally has any of it: totals stand beside', async () => {
      const { rows, beside } = await ledger.read<TalliesAnswer>('/tallies?of=killed&place=lebanon');
      expect(rows.every(({ low, best, high }) => low === 0 && best === 0 && high === 0)).toBe(true);
      expect(beside.length).toBeGreaterThan(400);
    });
  },
);

describeWith(['troops/troops-22-countries.csv', 'claims/claims-dev.jsonl'], 'US forces in Syria and Iraq', () => {
  interface Quarter {
    countryname: string;
    year: string;
    month: string;
    source: string;
    troops_all: string;
    total_selected_reserve: string;
    total_civilian: string;
  }
  interface Told {
    id: string;
    metric: string;
    series: string;
    value: number;
    qualifier: string;
    as_of: string | null;
    published: string | null;
    attributed_to: string | null;
    publisher: string;
  }
  const COMPONENTS = { all: 'troops_all', reserve: 'total_selected_reserve', civilian: 'total_civilian' } as const;
  const ENDS: Record<string, string> = { March: '03-31', June: '06-30', September: '09-30', December: '12-31' };
  /** The first quarters for which a country is looked at: since then the table is in one form. */
  const quarters = (country: string): (Quarter & { at: string })[] => {
    const [head = '', ...lines] = text('troops/troops-22-countries.csv').trim().split(/\r?\n/);
    const columns = head.split(',');
    return lines
      .map(
        (line) => Object.fromEntries(line.split(',').map((cell, index) => [columns[index], cell])) as never as Quarter,
      )
      .filter(({ countryname, year }) => countryname === country && Number(year) >= 2014)
      .map((row) => ({ ...row, at: `${row.year}-${ENDS[row.month]}` }))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  };
  /** A quarter of the department's own report is labelled with it; without any label there is no statement. */
  const isReported = ({ source, month, year }: Quarter) => source === `${month} ${year}`;

  let ledger: LedgerClient;
  const level = (places: string[], measure: string, component: string, number: object, at?: string) => ({
    predicate: 'force-level',
    about: { scope: { actor: 'us', places } },
    stance: 'asserts',
    value: { measure, component, ...number, ...(at !== undefined && { at: { from: at, to: at } }) },
  });

  beforeAll(async () => {
    ledger = await app.open('us-forces');
    await register(ledger, [
      ['us', 'state'],
      ['dod', 'state-body', 'us'],
      ['compiler', 'compiler'],
    ]);
    for (const id of ['syria', 'iraq']) {
      await ledger.record('register-place', { id, kind: 'country', names: [{ text: id }] });
    }
    const table = {
      id: 'troop-table',
      publisher: 'compiler',
      kind: 'dataset-release',
      title: 'Deployments by quarter',
    };
    let { position } = await ledger.record('register-document', table);
    for (const [country, place] of [
      ['Syria', 'syria'],
      ['Iraq', 'iraq'],
    ] as const) {
      for (const row of quarters(country).filter(isReported)) {
        const claims = Object.entries(COMPONENTS)
          .filter(([, column]) => row[column] !== 'NA')
          .map(([component, column]) => level([place], 'present', component, exactly(Number(row[column])), row.at));
        const body = { id: `${place}:${row.at}`, document: 'troop-table', speaker: 'dod', said: day(row.at), claims };
        const utterance = `dmdc:${row.at}`;
        ({ position } = await ledger.record('record-statement', { ...body, form: 'reported', utterance }));
      }
    }

    const METRICS: Record<string, [string, string]> = {
      troops: ['present', 'all'],
      troops_core: ['present', 'core'],
      troops_temporary: ['present', 'rotational'],
      troops_planned: ['planned', 'all'],
    };
    /** Two papers on one briefing, of which one lost a nought; a paper on the report that the table has too. */
    const UTTERANCES: Record<string, string> = {
      c143: 'briefing-2024-12-19',
      c144: 'briefing-2024-12-19',
      c139: 'dmdc:2017-09-30',
      c140: 'dmdc:2017-09-30',
    };
    const publishers = new Map<string, string>();
    const rows = text('claims/claims-dev.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told)
      .filter(({ series, metric }) => series.startsWith('us-troop-level-') && metric in METRICS);
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(['c139', 'c143', 'c147', 'c151']));
    for (const row of rows) {
      const { id, series, value: n, qualifier, as_of: said, published, attributed_to: by } = row;
      const publisher = publishers.get(row.publisher) ?? `publisher-${publishers.size + 1}`;
      if (!publishers.has(row.publisher)) await register(ledger, [[publisher, 'media']]);
      publishers.set(row.publisher, publisher);
      const dated = published === null ? {} : { published: day(published) };
      await ledger.record('register-document', { id: `in-${id}`, publisher, kind: 'citation', title: id, ...dated });
      const number =
        qualifier === 'over'
          ? { low: n + 1, best: null, high: null }
          : qualifier === 'less than'
            ? { low: 0, best: null, high: n - 1 }
            : { ...exactly(n), ...(!['exact', 'officially'].includes(qualifier) && { about: true }) };
      const isOfficial = by !== null && /Pentagon|DMDC/.test(by);
      const [measure, component] = METRICS[row.metric] ?? ['', ''];
      ({ position } = await ledger.record('record-statement', {
        id,
        document: `in-${id}`,
        speaker: isOfficial ? 'dod' : publisher,
        form: isOfficial ? 'reported' : 'own-voice',
        ...(id in UTTERANCES && { utterance: UTTERANCES[id] }),
        ...(said !== null && { said: day(said) }),
        claims: [
          level(series.replace('us-troop-level-', '').split('-and-'), measure, component, number, said ?? undefined),
        ],
      }));
    }
    await ledger.read(`/levels?limit=1&wait=${position}`);
  });

  const ask = (asked: string) => ledger.read<LevelsAnswer>(`/levels?of.party=us&${asked}`);
  const of = ({ series }: LevelsAnswer, measure: string, component: string) =>
    series.find((one) => one.measure === measure && one.component === component);

  test('every labelled quarter is a step, every unlabelled one is none, by component', async () => {
    for (const [country, place] of [
      ['Syria', 'syria'],
      ['Iraq', 'iraq'],
    ] as const) {
      const answer = await ask(`place=${place}&measure=present`);
      const rows = quarters(country);
      expect(rows.filter((row) => !isReported(row)).length).toBeGreaterThan(20);
      for (const [component, column] of Object.entries(COMPONENTS)) {
        const steps =
          of(answer, 'present', component)?.steps.filter(({ claim }) => claim.startsWith(`${place}:`)) ?? [];
        const labelled = rows.filter(isReported).filter((row) => row[column] !== 'NA');
        expect(steps.map(({ date, best }) => [date, best])).toEqual(
          labelled.map((row) => [row.at, Number(row[column])]),
        );
        expect(steps.every(({ official, line }) => official && line === 'us')).toBe(true);
      }
    }
  });

  test('now: what the department said last of that very place, with its age; two countries answer only for both', async () => {
    const answer = await ask('place=syria&saidBy=2025-04-18');
    expect(answer).toMatchObject({ ageAt: '2025-04-18', saidBy: '2025-04-18', policy: 'official-first@1' });
    const all = of(answer, 'present', 'all');
    expect(all?.now).toMatchObject({ at: { to: '2024-12-19' }, ageDays: 120 });
    expect(all?.now.figure).toMatchObject({ ...exactly(2000), status: 'reported', used: ['c143#1'] });
    expect(all?.setAside.map(({ claim, code }) => [claim, code])).toEqual([
      ['c139#1', 'other-reading'],
      ['c144#1', 'other-reading'],
    ]);
    expect(of(answer, 'present', 'core')?.now.figure).toMatchObject(exactly(900));
    expect(of(answer, 'present', 'rotational')?.now.figure).toMatchObject(exactly(1100));
    const planned = of(answer, 'planned', 'all')?.steps.find(({ claim }) => claim === 'c148#1');
    expect(planned).toMatchObject({ low: 0, best: null, high: 999, qualifier: 'at-most', ageDays: 0 });

    const both = await ask('place=syria,iraq');
    expect(both.series.map(({ places, now }) => [places.map(({ id }) => id), now.figure.low])).toEqual([
      [['iraq', 'syria'], 4501],
    ]);
    expect((await ask('place=iraq,syria')).series).toEqual(both.series);
  });

  test('now is what a tally of force levels says, under every policy, whatever had been said by then', async () => {
    for (const policy of ['official-first', 'latest-official', 'best-graded', 'envelope']) {
      for (const when of ['', '&saidBy=2017-12-05', '&saidBy=2023-10-27', '&saidBy=2024-12-24', '&asOf=60']) {
        for (const place of ['syria', 'iraq']) {
          const asked = `of.party=us&place=${place}&policy=${policy}${when}`;
          const { series } = await ledger.read<LevelsAnswer>(`/levels?${asked}`);
          const { levels } = await ledger.read<TalliesAnswer>(`/tallies?of=force-level&${asked}`);
          const order = (one: { measure: string; component: string }) => `${one.measure} ${one.component}`;
          const plain = levels.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
          expect(plain.length).toBeGreaterThan(0);
          expect(
            series.map(({ measure, component, now: { figure, at } }) => ({ measure, component, figure, at })),
          ).toEqual(plain.map(({ measure, component, figure, at }) => ({ measure, component, figure, at })));
        }
      }
    }
  });
});
