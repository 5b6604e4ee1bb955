/**
 * The rows that the read models must hold about one incident or scope, worked out from what the records say with the rules
 * of libs/domain. Which questions get a row is told in the migrations of the tables; how the projector comes to its rows
 * (from the rows before, record by record) is of no concern here.
 */
import {
  applyPolicy,
  canonicalText,
  isDisordered,
  isListed,
  lineOf,
  positionsOf,
  questionsOf,
  type Id,
  type PolicyName,
  type Question,
  type Subject,
  type Who,
} from '#domain';
import type { RowFinding } from './findings.js';
import { short, type Told } from './told.js';

export interface Row extends Pick<RowFinding, 'table' | 'about' | 'predicate' | 'key' | 'who' | 'policy'> {
  columns: Readonly<Record<string, unknown>>;
}

/** By their names: the same row has the same name on both sides. */
export type Rows = ReadonlyMap<string, Row>;

export function nameOf({ table, about, predicate, key, who, policy }: Omit<Row, 'columns'>): string {
  return [table, about, predicate, key, who, policy ?? ''].join('\n');
}

export function rowsAbout(told: Told, about: string, statements: readonly Id[]): Rows {
  const rows = new Map<string, Row>();
  const { subject, claims } = told.claimsAbout(about, statements);
  if (subject === undefined) return rows;
  const add = (row: Row): unknown => rows.set(nameOf(row), row);
  const asked = questionsOf(
    claims.map(({ claim }) => claim),
    subject,
  );
  for (const question of [...asked, ...ofParties(asked, subject, told)]) {
    const standing = positionsOf(question, claims, subject, told);
    const of = { about, predicate: question.predicate, key: short(question.key ?? ''), who: whoText(question.who) };
    add({ ...of, table: 'positions', columns: { contested: standing.contested, detail: standing } });
    if (isListed(question)) continue;
    for (const [policy, version] of Object.entries(told.policies)) {
      const figure = applyPolicy(standing, policy as PolicyName, version);
      const { low, best, high, status, basis, contested } = figure;
      // No row says: unreported, and nobody contests it.
      if (status === 'unreported' && !contested) continue;
      const columns = { low, best, high, status, basis, contested, disordered: isDisordered(figure) };
      add({ ...of, policy, table: 'figures', columns });
    }
  }
  return rows;
}

/** What is asked about a side is asked about each line that stands there too. */
function ofParties(asked: readonly Question[], subject: Subject, told: Told): Question[] {
  if (!('incident' in subject)) return [];
  return asked.flatMap((question) => {
    const { side, of } = question.who ?? {};
    if (side === undefined || of !== undefined) return [];
    const parties = subject.incident.parties.filter((party) => party.side === side);
    const lines = new Set(parties.map(({ actor }) => lineOf(actor, told)));
    return [...lines].map((line) => ({ ...question, who: { ...question.who, of: line } }));
  });
}

function whoText({ side, category, of }: Who = {}): string {
  const parts = [side, category, of];
  return parts.every((part) => part === undefined) ? '' : parts.map((part) => part ?? '').join('/');
}

/** Every place in which the rows about one thing differ. */
export function* differencesOf(mine: Rows, theirs: Rows): Generator<RowFinding> {
  for (const [name, row] of mine) {
    const other = theirs.get(name);
    const { columns, ...of } = row;
    if (other === undefined) yield { kind: 'row', ...of, field: 'row', mine: columns, theirs: null };
    else {
      for (const [field, a, b] of unequal(columns, other.columns, '')) {
        yield { kind: 'row', ...of, field, mine: a, theirs: b };
      }
    }
  }
  for (const [name, { columns, ...of }] of theirs) {
    if (!mine.has(name)) yield { kind: 'row', ...of, field: 'row', mine: null, theirs: columns };
  }
}

/** The innermost places where two values differ; an absent field and an undefined one are the same. */
function* unequal(
  mine: unknown,
  theirs: unknown,
  path: string,
): Generator<[path: string, mine: unknown, theirs: unknown]> {
  if (mine === theirs) return;
  if (!isObject(mine) || !isObject(theirs) || Array.isArray(mine) !== Array.isArray(theirs)) {
    yield [path, mine ?? null, theirs ?? null];
    return;
  }
  if (canonicalText(mine) === canonicalText(theirs)) return;
  for (const field of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const at = Array.isArray(mine) ? `${path}[${field}]` : path === '' ? field : `${path}.${field}`;
    yield* unequal(mine[field], theirs[field], at);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}
