/**
 * Why the numbers are what they are: the figures of incidents with the claims they use and set aside, what each line holds,
 * and the statements behind, so that whoever has the answer can work the number out again without asking anything more.
 */
import type { Pool } from 'pg';
import { applyPolicy, SIDES, type Claim, type Figure, type IncidentKind, type Predicate, type Side } from '#domain';
import { namesBehind, shownStatement, type ShownStatement, type StatementRow } from './claims.js';
import type { Page } from './entities.js';
import { positionsAbout } from './incident-page.js';
import { held, type Moment } from './moment.js';
import { Params } from './params.js';
import { whoKey } from './cards.js';
import { figureKey, placeOf, rowsOfFigures, type CountedFigures, type PlacedIncident } from './sum-rows.js';
import { MEASURES, placed, whoOf, type Measure, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** One figure that a sum adds up. */
export interface ExplainedFigure extends Figure {
  measure: Measure;
  /** Whose people; null: anybody, and attacks. */
  side: Side | null;
}

/** An incident in its row of the tally, with its figures. Of what is not among them nobody says anything. */
export interface ExplainedIncident extends Pick<TallyRow, 'bucket' | 'remainder' | 'group'> {
  id: string;
  title: string | null;
  kind: IncidentKind;
  figures: ExplainedFigure[];
}

/** A statement, with those of its claims that figures use or set aside. */
export interface ExplainedStatement extends ShownStatement {
  id: string;
  /** The record that holds it. */
  sequence: number;
  claims: { id: string; claim: Claim }[];
}

/** One page of the incidents behind a tally; its sums, where they are of this page alone. */
export interface ExplainedPage extends Page<ExplainedIncident> {
  rows: TallyRow[] | undefined;
}

/** The chosen incidents after `after`, by id, with the figures that the tally adds up. */
export async function explainedIncidents(
  pool: Pool,
  schema: string,
  moment: Moment,
  question: TallyQuestion,
  after: string,
  limit: number,
): Promise<ExplainedPage> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, question, params);
  const { rows } = await pool.query<PlacedIncident & Pick<ExplainedIncident, 'title' | 'kind'>>(
    `${head}
     select c.id, i.body ->> 'title' as title, i.kind, ${columns}
       from placed c join ${schema}.incidents i on ${held('i')} and i.id = c.id
      where c.id > ${params.add(after)} order by c.id limit ${params.add(limit + 1)}`,
    params.values,
  );
  const page = rows.slice(0, limit);
  const next = rows.length > limit ? (page.at(-1)?.id ?? null) : null;
  const figures = await figuresOf(pool, schema, moment, question, page);
  const order = question.measures.flatMap((measure) =>
    ['', ...SIDES.map((side) => whoOf(question, side))].map((who) => figureKey(MEASURES[measure], who)),
  );
  const items = page.map((row): ExplainedIncident => {
    const { id, title, kind } = row;
    const own = figures.get(id);
    return { id, title, kind, ...placeOf(row), figures: order.flatMap((key) => own?.get(key) ?? []) };
  });
  return {
    items,
    next,
    rows: after === '' && next === null ? rowsOfFigures(page, question, countedIn(figures)) : undefined,
  };
}

/** The figures of each incident that sums add up, by `figureKey`. */
type FiguresOf = Map<string, Map<string, ExplainedFigure>>;

/** Where somebody says how many of a side, a number about anybody is in no sum: it is not even asked for. */
async function figuresOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  question: TallyQuestion,
  incidents: readonly { id: string }[],
): Promise<FiguresOf> {
  const figures: FiguresOf = new Map(incidents.map(({ id }) => [id, new Map()]));
  const ask = async (measures: readonly Measure[], sides: readonly (Side | null)[], ids: readonly string[]) => {
    if (measures.length === 0 || ids.length === 0) return;
    const sideOf = new Map(sides.map((side) => [side === null ? '' : whoOf(question, side), side]));
    const measureOf = new Map(measures.map((measure) => [MEASURES[measure] as Predicate, measure]));
    const wanted = { predicates: [...measureOf.keys()], people: [...sideOf.keys()] };
    for (const one of await positionsAbout(pool, schema, moment, ids, wanted)) {
      const { predicate } = one.question;
      const who = whoKey(one.question.who);
      const measure = measureOf.get(predicate);
      const side = sideOf.get(who);
      if (measure === undefined || side === undefined) continue;
      const figure = { measure, side, ...applyPolicy(one, question.policy) };
      figures.get(one.about)?.set(figureKey(predicate, who), figure);
    }
  };
  const ids = [...figures.keys()];
  const ofPeople = question.measures.filter((measure) => measure !== 'attacks');
  const sides = question.side === undefined ? SIDES : [question.side];
  await Promise.all([
    ask(
      question.measures.filter((measure) => measure === 'attacks'),
      [null],
      ids,
    ),
    ask(ofPeople, sides, ids),
  ]);
  if (question.side !== undefined) return figures;
  const isSided = (id: string, measure: Measure) =>
    sides.some((side) => {
      const figure = figures.get(id)?.get(figureKey(MEASURES[measure], whoOf(question, side)));
      return figure !== undefined && figure.status !== 'unreported';
    });
  await Promise.all(
    ofPeople.map((measure) =>
      ask(
        [measure],
        [null],
        ids.filter((id) => !isSided(id, measure)),
      ),
    ),
  );
  return figures;
}

/** Those that a sum counts: what nobody says, and nobody contests, is no figure. */
function countedIn(figures: FiguresOf): Map<string, CountedFigures> {
  const counts = ({ status, contested }: ExplainedFigure) => status !== 'unreported' || contested;
  return new Map([...figures].map(([id, some]) => [id, new Map([...some].filter(([, one]) => counts(one)))]));
}

/** Every claim that these figures use or set aside. */
export function claimsBehind(
  figures: Iterable<{ used: readonly string[]; setAside: readonly { claim: string }[] }>,
): Set<string> {
  const ids = new Set<string>();
  for (const { used, setAside } of figures) {
    for (const id of used) ids.add(id);
    for (const { claim } of setAside) ids.add(claim);
  }
  return ids;
}

/** The statements of these claims, in the order they were recorded. */
export async function statementsBehind(
  pool: Pool,
  schema: string,
  moment: Moment,
  claims: ReadonlySet<string>,
): Promise<ExplainedStatement[]> {
  if (claims.size === 0) return [];
  const at = [moment.ledger, moment.sequence];
  const statements = [...new Set([...claims].map((id) => id.slice(0, id.indexOf('#'))))];
  const [found, told] = await Promise.all([
    pool.query<{ id: string; statement: string; line: string; from_seq: string; body: Claim }>(
      `select id, statement, line, from_seq, body from ${schema}.claims c
        where ${held('c')} and c.id = any($3) order by recorded, statement, number`,
      [...at, [...claims]],
    ),
    pool.query<{ id: string; document: string; body: StatementRow['statement_body'] }>(
      `select id, document, body from ${schema}.statements s where ${held('s')} and s.id = any($3)`,
      [...at, statements],
    ),
  ]);
  const documents = await pool.query<{ id: string; body: StatementRow['document_body'] }>(
    `select id, body from ${schema}.documents d where ${held('d')} and d.id = any($3)`,
    [...at, [...new Set(told.rows.map(({ document }) => document))]],
  );
  const statementById = new Map(told.rows.map((row) => [row.id, row]));
  const documentById = new Map(documents.rows.map(({ id, body }) => [id, body]));
  const rows = new Map<string, StatementRow & Pick<ExplainedStatement, 'id' | 'sequence' | 'claims'>>();
  for (const { id, statement, line, from_seq, body } of found.rows) {
    const known = rows.get(statement);
    if (known !== undefined) {
      known.claims.push({ id, claim: body });
      continue;
    }
    const of = statementById.get(statement);
    const document = of && documentById.get(of.document);
    if (of === undefined || document === undefined)
      throw new TypeError(`The claim ${id} has no statement or document.`);
    const source = { line, statement_body: of.body, document: of.document, document_body: document };
    rows.set(statement, { id: statement, sequence: Number(from_seq), claims: [{ id, claim: body }], ...source });
  }
  const names = await namesBehind(pool, schema, moment, [...rows.values()]);
  return [...rows.values()].map((row) => {
    const { id, sequence, claims: own } = row;
    return { id, sequence, ...shownStatement(row, names), claims: own };
  });
}
