/** Claims as answers show them: what is said, by whom, where, with which words, and in which record it stands. */
import type { Pool } from 'pg';
import {
  wasSaidBy,
  type Actor,
  type Claim,
  type Document,
  type Form,
  type Name,
  type Place,
  type Statement,
} from '#domain';
import { held, sourceOfClaim, type Moment } from './moment.js';

export interface Named {
  id: string;
  name: string;
}

/** What leads from a claim to its source: who said it, where, in which words. */
export interface ShownStatement {
  /** Whose voice it is: the line, or `unnamed@<publisher>`. */
  line: string;
  utterance: string;
  form: Form;
  speaker: Named;
  onBehalfOf: Named | null;
  chain: Named[];
  said: Statement['said'] | null;
  venue: string | null;
  quote: Statement['quote'] | null;
  locator: string | null;
  document: {
    id: string;
    title: string;
    url: string | null;
    publisher: Named;
    published: Document['published'] | null;
  };
}

/** A claim with everything that leads to its source. */
export interface ShownClaim extends ShownStatement {
  id: string;
  /** The record that holds it. */
  sequence: number;
  claim: Claim;
  statement: string;
}

export interface StatementRow {
  line: string;
  statement_body: Omit<Statement, 'claims'>;
  document: string;
  document_body: Document;
}

interface ClaimRow extends StatementRow {
  id: string;
  from_seq: string;
  claim: Claim;
  statement: string;
}

/** The claims that match and were said by the moment, in the order they were recorded. `condition` may use `c` (claims), `s`, `d` and $3 onwards. */
export async function shownClaims(
  pool: Pool,
  schema: string,
  moment: Moment,
  condition: string,
  values: readonly unknown[],
): Promise<ShownClaim[]> {
  const { rows: recorded } = await pool.query<ClaimRow>(
    `select c.id, c.from_seq, c.line, c.body as claim, c.statement, s.body as statement_body, d.id as document,
            d.body as document_body
       from ${schema}.claims c
       ${sourceOfClaim(schema)}
      where ${held('c')} and ${condition}
      order by c.from_seq, c.number`,
    [moment.ledger, moment.sequence, ...values],
  );
  const { saidBy } = moment;
  const rows = saidBy === undefined ? recorded : recorded.filter((row) => wasSaidBy(clockOf(row), saidBy));
  const names = await namesBehind(pool, schema, moment, rows);
  return rows.map((row): ShownClaim => {
    const { id, claim, statement } = row;
    return { id, sequence: Number(row.from_seq), claim, statement, ...shownStatement(row, names) };
  });
}

export type Names = ReadonlyMap<string, string>;

export function shownStatement(row: StatementRow, names: Names): ShownStatement {
  const { line, statement_body: body, document_body: document } = row;
  const named = (id: string): Named => ({ id, name: names.get(id) ?? id });
  return {
    line,
    utterance: body.utterance,
    form: body.form,
    speaker: named(body.speaker),
    onBehalfOf: body.onBehalfOf === undefined ? null : named(body.onBehalfOf),
    chain: (body.chain ?? []).map(named),
    said: body.said ?? null,
    venue: body.venue ?? null,
    quote: body.quote ?? null,
    locator: body.locator ?? null,
    document: {
      id: row.document,
      title: document.title,
      url: document.url ?? null,
      publisher: named(document.publisher),
      published: document.published ?? null,
    },
  };
}

/** The names of everybody whom these statements lead to, in one query. */
export function namesBehind(pool: Pool, schema: string, moment: Moment, rows: readonly StatementRow[]): Promise<Names> {
  const actors = new Set<string>();
  for (const { statement_body: body, document_body: document } of rows) {
    const { speaker, onBehalfOf, chain = [] } = body;
    for (const id of [speaker, onBehalfOf, document.publisher, ...chain]) if (id !== undefined) actors.add(id);
  }
  return namesOf(pool, schema, moment, 'actors', [...actors]);
}

function clockOf({
  statement_body: statement,
  document_body: document,
}: StatementRow): Parameters<typeof wasSaidBy>[0] {
  return { said: statement.said ?? null, published: document.published ?? null };
}

/** The first name of each, as shown; private names whose key was destroyed read "(erased)". */
export async function namesOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  table: 'actors' | 'places',
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{ id: string; body: Actor | Place }>(
    `select id, body from ${schema}.${table} t where ${held('t')} and t.id = any($3)`,
    [moment.ledger, moment.sequence, ids],
  );
  return new Map(rows.map(({ id, body }) => [id, nameText(body.names[0])]));
}

function nameText(name: Name | undefined): string {
  const text = name?.text as string | { text: string | null } | undefined;
  return (typeof text === 'object' ? text.text : text) ?? '(erased)';
}
