/**
 * Why the numbers are what they are: the figures of incidents with the claims they use and set aside, what each line holds,
 * and the statements behind, so that whoever has the answer can work the number out again without asking anything more.
 */
import type { Pool } from 'pg';
import { applyPolicy, SIDES, type Claim, type Figure, type IncidentKind, type Predicate, type Side } from '#domain';
import { namesBehind, shownStatement, type ShownStatement, type StatementRow } from './claims.js';
import type { Page } from './entities.js';
import { positionsAbout } from './incident-page.js';
import { claimsAbout, held, type Moment } from './moment.js';
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
  /** All that is said of them. */
  said: Found;
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
  const [figures, said] = await Promise.all([
    figuresOf(pool, schema, moment, question, page),
    saidOf(
      pool,
      schema,
      moment,
      page.map(({ id }) => id),
    ),
  ]);
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
    said,
  };
}

/** The figures of each incident that sums add up, by `figureKey`. */
type FiguresOf = Map<string, Map<string, ExplainedFigure>>;

async function figuresOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  question: TallyQuestion,
  incidents: readonly { id: string }[],
): Promise<FiguresOf> {
  const figures: FiguresOf = new Map(incidents.map(({ id }) => [id, new Map()]));
  if (figures.size === 0) return figures;
  const { measures, side: only, policy } = question;
  const sides: (Side | null)[] = only === undefined ? [null, ...SIDES] : [null, only];
  const sideOf = new Map(sides.map((side) => [side === null ? '' : whoOf(question, side), side]));
  const measureOf = new Map(measures.map((measure) => [MEASURES[measure] as Predicate, measure]));
  const wanted = { predicates: [...measureOf.keys()], people: [...sideOf.keys()] };
  for (const one of await positionsAbout(pool, schema, moment, [...figures.keys()], wanted)) {
    const { predicate } = one.question;
    const who = whoKey(one.question.who);
    const measure = measureOf.get(predicate);
    const side = sideOf.get(who);
    if (measure === undefined || side === undefined) continue;
    // Attacks have no sides; people of one side are not all people.
    if (measure === 'attacks' ? side !== null : side === null && only !== undefined) continue;
    figures.get(one.about)?.set(figureKey(predicate, who), { measure, side, ...applyPolicy(one, policy) });
  }
  for (const own of figures.values()) leaveOutAnybody(own);
  return figures;
}

/** Where somebody says how many of a side, a number about anybody is in no sum. */
function leaveOutAnybody(own: Map<string, ExplainedFigure>): void {
  const sided = new Set(
    [...own.values()].filter(({ side, status }) => side !== null && status !== 'unreported').map((one) => one.measure),
  );
  for (const [key, { measure, side }] of own) if (side === null && sided.has(measure)) own.delete(key);
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

interface ClaimFound {
  id: string;
  statement: string;
  line: string;
  from_seq: string;
  recorded: string;
  body: Claim;
}

interface StatementFound {
  id: string;
  document: string;
  body: StatementRow['statement_body'];
}

/** Claims with their statements, in the order they were recorded. */
export interface Found {
  claims: ClaimFound[];
  statements: StatementFound[];
}

const NOTHING: Found = { claims: [], statements: [] };

/** All that is said of some incidents, whether or not a figure hangs on it. */
function saidOf(pool: Pool, schema: string, moment: Moment, incidents: readonly string[]): Promise<Found> {
  return found(pool, schema, moment, claimsAbout(schema), incidents);
}

/** `from` is SQL of claims `c`; one may come several times. */
async function found(pool: Pool, schema: string, moment: Moment, from: string, ids: readonly string[]): Promise<Found> {
  if (ids.length === 0) return NOTHING;
  const values = [moment.ledger, moment.sequence, ids];
  const [claims, statements] = await Promise.all([
    pool.query<ClaimFound>(
      `select c.id, c.statement, c.line, c.from_seq, c.recorded, c.body from ${from} order by c.recorded, c.statement, c.number`,
      values,
    ),
    pool.query<StatementFound>(
      `select s.id, s.document, s.body from ${schema}.statements s
        where ${held('s')} and s.id = any(array(select distinct c.statement from ${from}))`,
      values,
    ),
  ]);
  const byId = new Map(claims.rows.map((row) => [row.id, row]));
  return { claims: [...byId.values()], statements: statements.rows };
}

/** As they are found: by the record that holds the statement, then by its id, then by number. */
function inOrder(a: ClaimFound, b: ClaimFound): number {
  const numberOf = ({ id }: ClaimFound): number => Number(id.slice(id.indexOf('#') + 1));
  const byRecord = Number(a.recorded) - Number(b.recorded);
  if (byRecord !== 0) return byRecord;
  if (a.statement !== b.statement) return a.statement < b.statement ? -1 : 1;
  return numberOf(a) - numberOf(b);
}

/** The statements of these claims, in the order they were recorded; of `known` nothing is asked any more. */
export async function statementsBehind(
  pool: Pool,
  schema: string,
  moment: Moment,
  claims: ReadonlySet<string>,
  known: Found = NOTHING,
): Promise<ExplainedStatement[]> {
  if (claims.size === 0) return [];
  const there = new Set(known.claims.map(({ id }) => id));
  const missing = [...claims].filter((id) => !there.has(id));
  const more = await found(pool, schema, moment, `${schema}.claims c where ${held('c')} and c.id = any($3)`, missing);
  const wanted = [...known.claims, ...more.claims].filter(({ id }) => claims.has(id));
  if (more.claims.length > 0) wanted.sort(inOrder);
  const statementById = new Map([...known.statements, ...more.statements].map((row) => [row.id, row]));
  const named = wanted.flatMap(({ statement }) => statementById.get(statement)?.document ?? []);
  const documents = await pool.query<{ id: string; body: StatementRow['document_body'] }>(
    `select id, body from ${schema}.documents d where ${held('d')} and d.id = any($3)`,
    [moment.ledger, moment.sequence, [...new Set(named)]],
  );
  const documentById = new Map(documents.rows.map(({ id, body }) => [id, body]));
  const rows = new Map<string, StatementRow & Pick<ExplainedStatement, 'id' | 'sequence' | 'claims'>>();
  for (const { id, statement, line, from_seq, body } of wanted) {
    const row = rows.get(statement);
    if (row !== undefined) {
      row.claims.push({ id, claim: body });
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
