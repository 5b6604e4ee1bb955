/**
 * What happened to one thing, record by record: what it was before and after, why, and by whom. Of an incident also what
 * was said of it and what became of that, with the figures that moved: whoever asks about an incident asks about its numbers.
 */
import type { Pool } from 'pg';
import { causeOf, isListed, type Cause, type PolicyName, type Question } from '#domain';
import { deltaOf, lineChanges, numbersOf, turned, type Delta, type FigureNumbers, type LineChange } from './diff.js';
import type { EntityTable, Page } from './entities.js';
import { statementsBehind, type ExplainedStatement } from './explain.js';
import { held, type Moment } from './moment.js';
import { causeOfStep, chainsOf, recordsAt, type KnownRecord, type MovingRecord } from './steps.js';

/** A thing in one of its versions. */
export interface EntityState {
  version: number;
  /** As recorded; of a statement with its claims. */
  body: unknown;
  status: string;
}

export interface HistoryStep extends MovingRecord {
  /** In the words of the codebook; none where the record moves nothing by itself. */
  causes: Cause[];
  /** Null where the record did not change the thing itself, or made it. */
  before: EntityState | null;
  /** Null where the record did not change the thing itself. */
  after: EntityState | null;
}

/** A number about the incident that a record moved. */
export interface FigureMove {
  question: Question;
  before: FigureNumbers | null;
  after: FigureNumbers | null;
  delta: Delta;
  contested: 'on' | 'off' | null;
  cause: Cause | null;
}

/** A place, a time, an actor, words that a record moved. */
export interface AnswerMove {
  question: Question;
  lines: LineChange[];
  contested: 'on' | 'off' | null;
  cause: Cause | null;
}

export interface IncidentStep extends HistoryStep {
  figures: FigureMove[];
  answers: AnswerMove[];
}

export interface IncidentHistory extends Page<IncidentStep> {
  /** What was said of the incident in these steps, as it is at the moment asked about. */
  statements: ExplainedStatement[];
}

interface StateRow extends EntityState {
  from: number;
  to: number;
}

/** Every record that changed one thing, after a sequence; undefined where there is no such thing at the moment. */
export async function entityHistory(
  pool: Pool,
  schema: string,
  moment: Moment,
  table: EntityTable,
  id: string,
  after: number,
  limit: number,
): Promise<Page<HistoryStep> | undefined> {
  const states = await statesOf(pool, schema, moment, table, id);
  if (states.length === 0) return undefined;
  const { rows } = await pool.query<{ sequence: string }>(
    `select distinct sequence from ${schema}.changes
      where ledger = $1 and sequence <= $2 and entity = $3 and sequence > $4 order by sequence limit $5`,
    [moment.ledger, moment.sequence, id, after, limit + 1],
  );
  const { sequences, next } = pageOf(rows, limit);
  const records = await recordsAt(pool, schema, moment.ledger, sequences);
  const items = sequences.flatMap((sequence) => {
    const record = records.get(sequence);
    return record === undefined ? [] : [stepOf(record, states, causesOf([causeOf(record.type)]))];
  });
  return { items, next };
}

/** The same of an incident, with what was said of it. */
export async function incidentHistory(
  pool: Pool,
  schema: string,
  moment: Moment,
  id: string,
  policy: PolicyName,
  after: number,
  limit: number,
): Promise<IncidentHistory | undefined> {
  const states = await statesOf(pool, schema, moment, 'incidents', id);
  if (states.length === 0) return undefined;
  const { rows } = await pool.query<{ sequence: string }>(
    `with told as (
       select distinct statement from ${schema}.claims c where c.ledger = $1 and c.abouts @> array[$3] and c.from_seq <= $2
     )
     select sequence from (
       select sequence from ${schema}.changes where ledger = $1 and entity = $3
       union select h.sequence from ${schema}.changes h join told on h.entity = told.statement where h.ledger = $1
       union select from_seq from ${schema}.positions where ledger = $1 and about = $3
       union select to_seq from ${schema}.positions where ledger = $1 and about = $3
       union select from_seq from ${schema}.ties where ledger = $1 and whole = $3
       union select to_seq from ${schema}.ties where ledger = $1 and whole = $3
     ) step where sequence > $4 and sequence <= $2 order by sequence limit $5`,
    [moment.ledger, moment.sequence, id, after, limit + 1],
  );
  const { sequences, next } = pageOf(rows, limit);
  const [first, last] = [sequences[0], sequences.at(-1)];
  if (first === undefined || last === undefined) return { items: [], next: null, statements: [] };
  const [records, chains] = await Promise.all([
    recordsAt(pool, schema, moment.ledger, sequences),
    chainsOf(pool, schema, { ledger: moment.ledger, since: first - 1, until: last }, [id]),
  ]);
  const items = sequences.flatMap((sequence): IncidentStep[] => {
    const record = records.get(sequence);
    if (record === undefined) return [];
    const figures: FigureMove[] = [];
    const answers: AnswerMove[] = [];
    for (const chain of chains) {
      const step = chain.steps.find((one) => one.sequence === sequence);
      if (step === undefined) continue;
      const { question } = chain;
      const cause = causeOfStep(record, chain, step);
      const contested = turned(step.before, step.after);
      if (isListed(question)) {
        const lines = lineChanges(step.before, step.after);
        if (lines.length > 0 || contested !== null) answers.push({ question, lines, contested, cause });
        continue;
      }
      const [was, is] = [numbersOf(step.before, policy), numbersOf(step.after, policy)];
      if (JSON.stringify(was) === JSON.stringify(is)) continue;
      figures.push({ question, before: was, after: is, delta: deltaOf(was, is), contested, cause });
    }
    const moved = [...figures, ...answers].map(({ cause }) => cause);
    const causes = causesOf(moved.length > 0 ? moved : [causeOf(record.type)]);
    return [{ ...stepOf(record, states, causes), figures: figures.filter(isTelling), answers }];
  });
  const subjects = items.map(({ subject }) => subject);
  const claims = await pool.query<{ id: string }>(
    `select id from ${schema}.claims c where ${held('c')} and c.abouts @> array[$3] and c.statement = any($4)`,
    [moment.ledger, moment.sequence, id, subjects],
  );
  const statements = await statementsBehind(pool, schema, moment, new Set(claims.rows.map((row) => row.id)));
  return { items, next, statements };
}

/**
 * A number about anybody says nothing new where the same record moved that of a side; nor does that of one actor's people
 * beside that of their side.
 */
function isTelling(
  { question: { predicate, key, who } }: FigureMove,
  _: number,
  moves: readonly FigureMove[],
): boolean {
  if (who?.of !== undefined) return false;
  if (who !== undefined) return true;
  return !moves.some(
    ({ question }) => question.predicate === predicate && question.key === key && question.who !== undefined,
  );
}

function causesOf(causes: readonly (Cause | null)[]): Cause[] {
  return [...new Set(causes.flatMap((cause) => cause ?? []))];
}

function stepOf({ claims: _, ...record }: KnownRecord, states: readonly StateRow[], causes: Cause[]): HistoryStep {
  const stateAt = (sequence: number) => states.find(({ from, to }) => from <= sequence && sequence < to);
  const [before, after] = [stateAt(record.sequence - 1), stateAt(record.sequence)];
  if (before === after) return { ...record, causes, before: null, after: null };
  const shown = (state: StateRow | undefined): EntityState | null =>
    state === undefined ? null : { version: state.version, body: state.body, status: state.status };
  return { ...record, causes, before: shown(before), after: shown(after) };
}

function pageOf(rows: readonly { sequence: string }[], limit: number): { sequences: number[]; next: string | null } {
  const sequences = rows.slice(0, limit).map(({ sequence }) => Number(sequence));
  return { sequences, next: rows.length > limit ? String(sequences.at(-1)) : null };
}

/** Every version that there was by the moment. */
async function statesOf(
  pool: Pool,
  schema: string,
  { ledger, sequence }: Moment,
  table: EntityTable,
  id: string,
): Promise<StateRow[]> {
  const body = table === 'statements' ? withClaims(schema) : 't.body';
  const { rows } = await pool.query<{
    version: string;
    body: unknown;
    status: string;
    from_seq: string;
    to_seq: string | null;
  }>(
    `select t.version, ${body} as body, t.status, t.from_seq, t.to_seq from ${schema}.${table} t
      where t.ledger = $1 and t.from_seq <= $2 and t.id = $3 order by t.from_seq`,
    [ledger, sequence, id],
  );
  return rows.map((row) => ({
    version: Number(row.version),
    body: row.body,
    status: row.status,
    from: Number(row.from_seq),
    to: row.to_seq === null ? Infinity : Number(row.to_seq),
  }));
}

/** A statement's claims stand in rows of their own, which a retraction of the statement leaves as they are. */
function withClaims(schema: string): string {
  return `t.body || jsonb_build_object('claims', (
    select coalesce(jsonb_agg(c.body order by c.number), '[]') from ${schema}.claims c
     where c.ledger = t.ledger and c.statement = t.id and c.from_seq <= t.from_seq
       and (c.to_seq is null or c.to_seq > t.from_seq)))`;
}
