/** Loads what the tables say about everything that a batch of records touches, with few queries however long the batch. */
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type {
  Actor,
  Claim,
  Credibility,
  Document,
  Id,
  Incident,
  LedgerRecord,
  Place,
  Reliability,
  Statement,
} from '#domain';
import {
  aboutsOf,
  assessedKey,
  documentFacts,
  registerCards,
  sourcedClaim,
  thingKey,
  type AboutFacts,
  type Assessed,
  type DocumentFacts,
  type RegisterCards,
  type Sources,
} from './projection.js';
import { held, type Moment } from './moment.js';
import type { Row } from './rows.js';

/** A pool, or the connection of a transaction. */
interface Database {
  query<R extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<R>>;
}

/** What figures about some incidents and scopes hang on. */
export type Grounds = Pick<Sources, 'registers' | 'abouts' | 'gone' | 'assessments'>;

/** What holds now, for the projector: as of a record that never comes. */
const now = (ledger: string): Moment => ({ ledger, sequence: Number.MAX_SAFE_INTEGER });

export async function loadSources(
  client: PoolClient,
  schema: string,
  ledger: string,
  records: readonly LedgerRecord[],
  registers: RegisterCards | undefined,
): Promise<Sources> {
  const touched = touchedBy(records);
  const gone = new Set<string>();
  const things = await loadThings(client, schema, ledger, touched.changed);
  for (const id of touched.changed.assessments) {
    const about = things.get(thingKey('assessments', id))?.['about'];
    if (typeof about === 'string') touched.assessed.add(about);
  }
  for (const key of await aboutsOfClaims(client, schema, ledger, touched)) touched.abouts.add(key);
  const abouts = await loadAbouts(client, schema, ledger, [...touched.abouts], gone);
  return {
    ledger: records.some(({ name }) => name === 'LedgerClosed') ? await loadLedger(client, schema, ledger) : undefined,
    registers: registers ?? (await loadRegisters(client, schema, now(ledger))),
    documents: await loadDocuments(client, schema, ledger, [...touched.documents], gone),
    abouts,
    parties: await loadParties(client, schema, ledger, [...touched.changed.incidents]),
    things,
    gone,
    assessments: await loadAssessments(client, schema, now(ledger), abouts, gone),
  };
}

async function loadLedger(client: PoolClient, schema: string, ledger: string): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(
    `select origin, codebook, policies from ${schema}.ledgers where ledger = $1 and to_seq is null`,
    [ledger],
  );
  return rows[0];
}

/** The same as of any moment, by the rules of the projection: for answers that no stored figure gives. */
export async function loadGrounds(
  database: Database,
  schema: string,
  moment: Moment,
  keys: readonly string[],
  registers: RegisterCards,
): Promise<Grounds> {
  const gone = new Set<string>();
  const abouts = await loadClaims(database, schema, moment, keys, gone);
  return { registers, abouts, gone, assessments: await loadAssessments(database, schema, moment, abouts, gone) };
}

interface Touched {
  documents: Set<Id>;
  abouts: Set<string>;
  /** What exists and is changed, by table. */
  changed: { documents: Set<Id>; statements: Set<Id>; incidents: Set<Id>; assessments: Set<Id> };
  /** What is judged, by `assessedKey`. */
  assessed: Set<string>;
}

function touchedBy(records: readonly LedgerRecord[]): Touched {
  const changed = { documents: new Set(), statements: new Set(), incidents: new Set(), assessments: new Set() };
  const touched: Touched = { documents: new Set(), abouts: new Set(), changed, assessed: new Set() } as Touched;
  for (const record of records) {
    const id = record.data.changes[0]?.entity ?? '';
    if (record.name === 'DocumentRegistered' && record.data.document.copyOf !== undefined) {
      touched.documents.add(record.data.document.copyOf);
    }
    if (record.name === 'IncidentCorrected' || record.name === 'IncidentRetracted') {
      touched.abouts.add(id);
      changed.incidents.add(id);
    }
    if (record.name === 'IncidentTied' || record.name === 'IncidentUntied') changed.incidents.add(id);
    if (record.name === 'AssessmentRecorded') touched.assessed.add(assessedKey(record.data.assessment.about));
    if (record.name === 'AssessmentRetracted') changed.assessments.add(id);
    if (record.name === 'StatementRetracted' || record.name === 'StatementCorrected') changed.statements.add(id);
    if (record.name === 'DocumentWithdrawn' || record.name === 'DocumentUnreachable') changed.documents.add(id);
    if (record.name === 'StatementRecorded' || record.name === 'StatementCorrected') {
      touched.documents.add(record.data.statement.document);
      for (const claim of record.data.statement.claims) {
        for (const key of aboutsOf(claim)) touched.abouts.add(key);
      }
    }
  }
  return touched;
}

/** What the claims of changed statements and documents, and those that are judged, are about. */
async function aboutsOfClaims(
  client: PoolClient,
  schema: string,
  ledger: string,
  { changed: { statements, documents }, assessed }: Touched,
): Promise<string[]> {
  if (statements.size + documents.size + assessed.size === 0) return [];
  const { rows } = await client.query<{ about: string }>(
    `select distinct unnest(c.abouts) as about from ${schema}.claims c
       join ${schema}.statements s on s.ledger = c.ledger and s.id = c.statement and s.to_seq is null
      where c.ledger = $1 and c.to_seq is null
        and (s.id = any($2) or s.document = any($3) or 'claim ' || c.id = any($4) or 'line ' || c.line = any($4))`,
    [ledger, [...statements], [...documents], [...assessed]],
  );
  return rows.map(({ about }) => about);
}

/** The whole rows of what is changed: the next one says the same but for what changes. */
async function loadThings(
  client: PoolClient,
  schema: string,
  ledger: string,
  changed: Touched['changed'],
): Promise<Map<string, Row>> {
  const things = new Map<string, Row>();
  for (const table of ['documents', 'statements', 'incidents', 'assessments'] as const) {
    if (changed[table].size === 0) continue;
    const { rows } = await client.query<{ id: Id; row: Row }>(
      `select t.id, to_jsonb(t) - 'ledger' - 'from_seq' - 'to_seq' as row from ${schema}.${table} t
        where t.ledger = $1 and t.id = any($2) and t.to_seq is null`,
      [ledger, [...changed[table]]],
    );
    for (const { id, row } of rows) things.set(thingKey(table, id), row);
  }
  return things;
}

/** Of every claim that was loaded, and of all lines: there are few of these, and a batch's new claims may be of any. */
async function loadAssessments(
  database: Database,
  schema: string,
  moment: Moment,
  abouts: ReadonlyMap<string, AboutFacts>,
  gone: Set<string>,
): Promise<Map<string, Assessed[]>> {
  const claims = [...abouts.values()].flatMap(({ claims: some }) => some.map(({ id }) => `claim ${id}`));
  const { rows } = await database.query<{
    id: Id;
    about: string;
    credibility: Credibility | null;
    reliability: Reliability | null;
    status: string;
  }>(
    `select id, about, credibility, reliability, status from ${schema}.assessments a
      where ${held('a')} and (about = any($3) or about like 'line %') order by recorded`,
    [moment.ledger, moment.sequence, claims],
  );
  const assessments = new Map<string, Assessed[]>();
  for (const { id, about, credibility, reliability, status } of rows) {
    if (isGone(status)) gone.add(thingKey('assessments', id));
    const grade = { ...(credibility !== null && { credibility }), ...(reliability !== null && { reliability }) };
    assessments.set(about, [...(assessments.get(about) ?? []), { id, ...grade }]);
  }
  return assessments;
}

export async function loadRegisters(database: Database, schema: string, moment: Moment): Promise<RegisterCards> {
  const load = async <Card>(table: string): Promise<Map<Id, Card>> => {
    const { rows } = await database.query<{ id: Id; body: Card }>(
      `select id, body from ${schema}.${table} t where ${held('t')}`,
      [moment.ledger, moment.sequence],
    );
    return new Map(rows.map(({ id, body }) => [id, body]));
  };
  return registerCards(await load<Actor>('actors'), await load<Place>('places'));
}

async function loadDocuments(
  client: PoolClient,
  schema: string,
  ledger: string,
  ids: Id[],
  gone: Set<string>,
): Promise<Map<Id, DocumentFacts>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: Id; first_publisher: Id; body: Document; status: string }>(
    `select id, first_publisher, body, status from ${schema}.documents where ledger = $1 and id = any($2) and to_seq is null`,
    [ledger, ids],
  );
  for (const { id, status } of rows) if (isGone(status)) gone.add(thingKey('documents', id));
  return new Map(
    rows.map(({ id, first_publisher, body }) => [
      id,
      { ...documentFacts(body, new Map()), firstPublisher: first_publisher },
    ]),
  );
}

async function loadParties(client: PoolClient, schema: string, ledger: string, ids: Id[]): Promise<Map<Id, Row[]>> {
  const parties = new Map<Id, Row[]>();
  if (ids.length === 0) return parties;
  const { rows } = await client.query<Row & { incident: Id }>(
    `select incident, side, actor, line from ${schema}.parties
      where ledger = $1 and incident = any($2) and to_seq is null`,
    [ledger, ids],
  );
  for (const row of rows) parties.set(row.incident, [...(parties.get(row.incident) ?? []), row]);
  return parties;
}

/** Incidents and scopes with the claims about them; what of it counts no more is added to `gone`. */
async function loadClaims(
  database: Database,
  schema: string,
  moment: Moment,
  keys: readonly string[],
  gone: Set<string>,
): Promise<Map<string, AboutFacts>> {
  const abouts = new Map<string, AboutFacts>();
  const wanted = new Set(keys);
  if (keys.length === 0) return abouts;
  const at = (key: string): AboutFacts => {
    const known: AboutFacts = abouts.get(key) ?? { subject: undefined, claims: [], rows: new Map() };
    abouts.set(key, known);
    return known;
  };
  const values = [moment.ledger, moment.sequence, keys];

  const incidents = await database.query<{ id: Id; body: Incident; status: string }>(
    `select id, body, status from ${schema}.incidents i where ${held('i')} and i.id = any($3)`,
    values,
  );
  for (const { id, body, status } of incidents.rows) {
    at(id).subject = { id, incident: body };
    if (isGone(status)) gone.add(thingKey('incidents', id));
  }

  const claims = await database.query<{
    id: string;
    recorded: string;
    claim: Claim;
    statement: Id;
    statement_body: Omit<Statement, 'claims'>;
    document_body: Document;
    first_publisher: Id;
    statement_status: string;
    document: Id;
    document_status: string;
  }>(
    `select c.id, c.recorded, c.body as claim, c.statement, s.body as statement_body, d.body as document_body,
            d.first_publisher, s.status as statement_status, d.id as document, d.status as document_status
       from ${schema}.claims c
       join ${schema}.statements s on ${held('s')} and s.id = c.statement
       join ${schema}.documents d on ${held('d')} and d.id = s.document
      where ${held('c')} and c.abouts && $3
      order by c.recorded, c.number`,
    values,
  );
  for (const row of claims.rows) {
    const { claim } = row;
    if (isGone(row.statement_status)) gone.add(thingKey('statements', row.statement));
    if (isGone(row.document_status)) gone.add(thingKey('documents', row.document));
    const sourced = sourcedClaim({
      id: row.id,
      sequence: Number(row.recorded),
      statementId: row.statement,
      statement: row.statement_body,
      claim,
      document: { ...documentFacts(row.document_body, new Map()), firstPublisher: row.first_publisher },
    });
    for (const key of aboutsOf(claim)) {
      // A joint claim may be about incidents that this batch does not touch.
      if (!wanted.has(key)) continue;
      const known = at(key);
      if ('scope' in claim.about) known.subject ??= { scope: claim.about.scope };
      known.claims.push(sourced);
    }
  }
  return abouts;
}

async function loadAbouts(
  client: PoolClient,
  schema: string,
  ledger: string,
  keys: string[],
  gone: Set<string>,
): Promise<Map<string, AboutFacts>> {
  const abouts = await loadClaims(client, schema, now(ledger), keys, gone);
  if (keys.length === 0) return abouts;
  const rowsOf = (key: string): Map<string, Row> => {
    const known: AboutFacts = abouts.get(key) ?? { subject: undefined, claims: [], rows: new Map() };
    abouts.set(key, known);
    return known.rows;
  };

  const positions = await client.query<Row & { about: string; predicate: string; who: string; key: string }>(
    `select about, predicate, key, who, contested, detail from ${schema}.positions
      where ledger = $1 and about = any($2) and to_seq is null`,
    [ledger, keys],
  );
  for (const row of positions.rows) rowsOf(row.about).set(`positions ${row.predicate} ${row.who} ${row.key}`, row);

  const figures = await client.query<
    Row & { about: string; policy: string; predicate: string; who: string; key: string }
  >(
    `select about, predicate, key, who, policy, low, best, high, status, basis, contested, disordered
       from ${schema}.figures where ledger = $1 and about = any($2) and to_seq is null`,
    [ledger, keys],
  );
  for (const row of figures.rows) {
    const numbers = { low: wholeOf(row['low']), best: wholeOf(row['best']), high: wholeOf(row['high']) };
    rowsOf(row.about).set(`figures ${row.policy} ${row.predicate} ${row.who} ${row.key}`, { ...row, ...numbers });
  }
  return abouts;
}

function isGone(status: string): boolean {
  return status === 'retracted' || status === 'withdrawn';
}

/** Postgres gives whole numbers as text, lest they lose digits; ours never exceed 2^53. */
function wholeOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
