/** Loads what the tables say about everything that a batch of records touches, with few queries however long the batch. */
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import {
  incidentsOf,
  readClaim,
  type Actor,
  type Claim,
  type Credibility,
  type Document,
  type Id,
  type Incident,
  type LedgerRecord,
  type Place,
  type Reliability,
  type Statement,
} from '#domain';
import {
  aboutsOf,
  documentFacts,
  registerCards,
  relatedIncident,
  sourcedClaim,
  type DocumentFacts,
  type RegisterCards,
} from './cards.js';
import { claimsAbout, held, sourceOfClaim, type Moment } from './moment.js';
import {
  droppedKey,
  thingKey,
  type AboutFacts,
  type Assessed,
  type Grounds,
  type Rules,
  type Sources,
} from './recompute.js';
import type { Row } from './rows.js';
import { madeBy, mayMove, movedBy, touchedBy, type Touched } from './touched.js';

/** A pool, or the connection of a transaction. */
interface Database {
  query<R extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<R>>;
}

/** What holds now, for the projector: as of a record that never comes. */
const now = (ledger: string): Moment => ({ ledger, sequence: Number.MAX_SAFE_INTEGER });

/**
 * Of records none of which moves more than it names, or of one that may. `registers` and `policies` are as of the records
 * before.
 */
export async function loadSources(
  client: PoolClient,
  schema: string,
  ledger: string,
  records: readonly LedgerRecord[],
  { registers, policies }: Rules,
  touchedMax: number,
): Promise<Sources> {
  const touched = touchedBy(records);
  // Of what comes with these records the tables know nothing: where much is recorded, that is nearly all they touch.
  const made = new Set(records.flatMap(madeBy));
  const isStored = (id: string): boolean => !made.has(id);
  const gone = new Set<string>();
  const things = await loadThings(client, schema, ledger, touched);
  const documents = await loadDocuments(client, schema, ledger, touched, gone);
  await loadMergers(client, schema, now(ledger), [...touched.named].filter(isStored), registers);
  await loadMerged(client, schema, ledger, touched.mergers, registers);

  const keys = new Set(touched.abouts);
  for (const claim of touched.claims) for (const key of aboutsOf(readClaim(claim, registers.survivor))) keys.add(key);
  for (const id of touched.named) keys.add(registers.survivor(id));
  for (const key of await aboutsOfClaims(client, schema, ledger, touched)) keys.add(key);
  const [alone] = records.length === 1 ? records : [];
  const wide = alone !== undefined && mayMove(alone) ? alone : undefined;
  const moved =
    wide &&
    movedBy(wide, {
      registers,
      things,
      documents,
      assessments: await loadAssessments(client, schema, now(ledger), new Map(), gone),
    });
  let isPartial = false;
  if (wide !== undefined && moved !== undefined) {
    const ids = moved === 'all' ? null : [...moved];
    for (const key of await scopesOf(client, schema, ledger, wide, ids, registers)) keys.add(key);
    const some = await touchedKeys(client, schema, now(ledger), ids, touchedMax + 1);
    isPartial = some.length > touchedMax;
    if (!isPartial) for (const key of some) keys.add(key);
  }
  const loaded = await loadAbouts(client, schema, now(ledger), [...keys].filter(isStored), gone, registers);
  for (const id of made) loaded.abouts.set(id, unheardOf());
  const changed = [...touched.changed.incidents];
  return {
    registers,
    policies,
    documents,
    ...loaded,
    ledger: touched.isLedger ? await loadLedger(client, schema, ledger) : undefined,
    parties: await loadParties(client, schema, ledger, moved === undefined ? changed : [...keys]),
    things,
    ties: await loadTies(client, schema, ledger, touched.mergers),
    gone,
    assessments: await loadAssessments(client, schema, now(ledger), loaded.abouts, gone),
    moved,
    isPartial,
  };
}

/** The same as of an earlier record, for what nothing touched since: to work out anew what that record moved. */
export async function loadSourcesAt(
  client: PoolClient,
  schema: string,
  moment: Moment,
  keys: readonly string[],
  { registers, policies }: Rules,
): Promise<Sources> {
  const gone = new Set<string>();
  const loaded = await loadAbouts(client, schema, moment, keys, gone, registers);
  return {
    registers,
    policies,
    documents: new Map(),
    ...loaded,
    ledger: undefined,
    parties: await loadParties(client, schema, moment.ledger, keys),
    things: new Map(),
    ties: [],
    gone,
    assessments: await loadAssessments(client, schema, moment, loaded.abouts, gone),
    moved: undefined,
    isPartial: false,
  };
}

/** The registers as of a moment, and which policies are in force. */
export async function loadRules(database: Database, schema: string, moment: Moment): Promise<Rules> {
  const { rows } = await database.query<Pick<Rules, 'policies'>>(
    `select policies from ${schema}.ledgers l where ${held('l')}`,
    [moment.ledger, moment.sequence],
  );
  return { registers: await loadRegisters(database, schema, moment), policies: rows[0]?.policies ?? {} };
}

const unheardOf = (): AboutFacts => ({ subject: undefined, claims: [], rows: new Map() });

/** Incidents and scopes with a claim or card that hangs on one of these ids, as of a moment; null: all. */
async function touchedKeys(
  database: Database,
  schema: string,
  moment: Moment,
  ids: readonly Id[] | null,
  limit: number,
): Promise<string[]> {
  const { rows } = await database.query<{ about: string }>(
    `select distinct about from (${touchedSql(schema)}) t limit $4`,
    [moment.ledger, moment.sequence, ids, limit],
  );
  return rows.map(({ about }) => about);
}

/** SQL of the column `about`; `$1` to `$3` are ledger, sequence and ids. */
export function touchedSql(schema: string): string {
  return `select unnest(c.abouts) as about from ${schema}.claims c
           where ${held('c')} and ($3::text[] is null or c.mentions && $3::text[])
          union
          select i.id from ${schema}.incidents i
           where ${held('i')} and ($3::text[] is null or i.mentions && $3::text[])`;
}

/** The scopes of claims that hang on these ids, as they are called before and after a merger. They are few. */
async function scopesOf(
  client: PoolClient,
  schema: string,
  ledger: string,
  record: LedgerRecord,
  ids: readonly Id[] | null,
  { actors, places, merged }: RegisterCards,
): Promise<string[]> {
  if (record.name !== 'ActorMerged' && record.name !== 'PlaceMerged') return [];
  const { rows } = await client.query<{ abouts: string[]; body: Claim }>(
    `select abouts, body from ${schema}.claims
      where ledger = $1 and to_seq is null and mentions && $2 and body -> 'about' ? 'scope'`,
    [ledger, ids],
  );
  const merging = record.data.changes[0]?.entity ?? '';
  const { survivor } = registerCards(actors, places, new Map([...merged, [merging, record.data.into]]));
  return rows.flatMap(({ abouts, body }) => [...abouts, ...aboutsOf(readClaim(body, survivor))]);
}

async function loadLedger(client: PoolClient, schema: string, ledger: string): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(
    `select origin, codebook, policies, closed from ${schema}.ledgers where ledger = $1 and to_seq is null`,
    [ledger],
  );
  return rows[0];
}

/** What figures about some incidents and scopes hang on as of any moment: for answers that no stored figure gives. */
export async function loadGrounds(
  database: Database,
  schema: string,
  moment: Moment,
  keys: readonly string[],
  registers: RegisterCards,
): Promise<Grounds> {
  const gone = new Set<string>();
  const { abouts } = await loadClaims(database, schema, moment, keys, gone, registers);
  return { registers, abouts, gone, assessments: await loadAssessments(database, schema, moment, abouts, gone) };
}

/** What the claims of changed statements, and those that are judged, are about. */
async function aboutsOfClaims(
  client: PoolClient,
  schema: string,
  ledger: string,
  { changed: { statements, assessments }, judged }: Touched,
): Promise<string[]> {
  if (statements.size + assessments.size + judged.size === 0) return [];
  // One condition with `or` would be met by going through all claims.
  const { rows } = await client.query<{ about: string }>(
    `select distinct unnest(c.abouts) as about from (
       select abouts from ${schema}.claims where ledger = $1 and to_seq is null and statement = any($2)
       union all
       select abouts from ${schema}.claims where ledger = $1 and to_seq is null and id = any($3)
       union all
       select abouts from ${schema}.claims where ledger = $1 and to_seq is null and id in (
         select substring(a.about from '^claim (.*)$') from ${schema}.assessments a
          where a.ledger = $1 and a.to_seq is null and a.id = any($4))) c`,
    [ledger, [...statements], [...judged], [...assessments]],
  );
  return rows.map(({ about }) => about);
}

/** The whole rows of what is changed, and of copies of changed documents: the next one says the same but for what changes. */
async function loadThings(
  client: PoolClient,
  schema: string,
  ledger: string,
  { changed }: Touched,
): Promise<Map<string, Row>> {
  const things = new Map<string, Row>();
  for (const table of ['actors', 'places', 'documents', 'statements', 'incidents', 'assessments'] as const) {
    if (changed[table].size === 0) continue;
    const { rows } = await client.query<{ id: Id; row: Row }>(
      `select t.id, to_jsonb(t) - 'ledger' - 'from_seq' - 'to_seq' as row from ${schema}.${table} t
        where t.ledger = $1 and t.to_seq is null and t.id = any(${table === 'documents' ? `array(${copiesSql(schema)})` : '$2'})`,
      [ledger, [...changed[table]]],
    );
    for (const { id, row } of rows) things.set(thingKey(table, id), row);
  }
  return things;
}

/** SQL of the ids of documents `$2` and all copies of them; `$1` is the ledger. */
function copiesSql(schema: string): string {
  return `with recursive copies as (
            select unnest($2::text[]) as id
            union
            select d.id from ${schema}.documents d join copies on d.body ->> 'copyOf' = copies.id
             where d.ledger = $1 and d.to_seq is null and d.body ? 'copyOf')
          select id from copies`;
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
    recorded: string;
    status: string;
  }>(
    `select id, about, credibility, reliability, recorded, status from ${schema}.assessments a
      where ${held('a')} and (about = any($3) or about like 'line %') order by recorded`,
    [moment.ledger, moment.sequence, claims],
  );
  const assessments = new Map<string, Assessed[]>();
  for (const { id, about, credibility, reliability, recorded, status } of rows) {
    if (isGone(status)) gone.add(thingKey('assessments', id));
    const grade = { ...(credibility !== null && { credibility }), ...(reliability !== null && { reliability }) };
    assessments.set(about, [...(assessments.get(about) ?? []), { id, recorded: Number(recorded), ...grade }]);
  }
  return assessments;
}

export async function loadRegisters(database: Database, schema: string, moment: Moment): Promise<RegisterCards> {
  const merged = new Map<Id, Id>();
  const load = async <Card>(table: string): Promise<Map<Id, Card>> => {
    const { rows } = await database.query<{ id: Id; body: Card; merged_into: Id | null }>(
      `select id, body, merged_into from ${schema}.${table} t where ${held('t')}`,
      [moment.ledger, moment.sequence],
    );
    for (const { id, merged_into: into } of rows) if (into !== null) merged.set(id, into);
    return new Map(rows.map(({ id, body }) => [id, body]));
  };
  return registerCards(await load<Actor>('actors'), await load<Place>('places'), merged);
}

/** What some incidents were merged into by the moment, to the end of the chain: kept with the registers. */
async function loadMergers(
  database: Database,
  schema: string,
  moment: Moment,
  ids: Iterable<Id>,
  { merged }: RegisterCards,
): Promise<void> {
  const wanted = [...ids];
  if (wanted.length === 0) return;
  const { rows } = await database.query<{ id: Id; merged_into: Id }>(
    `with recursive chain as (
       select i.id, i.merged_into from ${schema}.incidents i
        where ${held('i')} and i.id = any($3) and i.merged_into is not null
       union
       select i.id, i.merged_into from ${schema}.incidents i join chain on i.id = chain.merged_into
        where ${held('i')} and i.merged_into is not null
     ) select id, merged_into from chain`,
    [moment.ledger, moment.sequence, wanted],
  );
  for (const { id, merged_into: into } of rows) merged.set(id, into);
}

/** What was merged into some incidents before, straight or by others: claims may name them by these ids. */
async function loadMerged(
  client: PoolClient,
  schema: string,
  ledger: string,
  into: readonly Id[],
  { merged }: RegisterCards,
): Promise<void> {
  if (into.length === 0) return;
  const { rows } = await client.query<{ id: Id; merged_into: Id }>(
    `with recursive before as (
       select id, merged_into from ${schema}.incidents where ledger = $1 and to_seq is null and merged_into = any($2)
       union
       select i.id, i.merged_into from ${schema}.incidents i join before on i.merged_into = before.id
        where i.ledger = $1 and i.to_seq is null
     ) select id, merged_into from before`,
    [ledger, into],
  );
  for (const { id, merged_into: survivor } of rows) merged.set(id, survivor);
}

/** Of what records name, and of copies of what they change. */
async function loadDocuments(
  client: PoolClient,
  schema: string,
  ledger: string,
  { documents, changed }: Touched,
  gone: Set<string>,
): Promise<Map<Id, DocumentFacts>> {
  if (documents.size + changed.documents.size === 0) return new Map();
  const { rows } = await client.query<{
    id: Id;
    first_publisher: Id;
    body: Document;
    status: string;
    dropped: Id[];
  }>(
    `select id, first_publisher, body, status, dropped from ${schema}.documents
      where ledger = $1 and to_seq is null and (id = any($3) or id in (${copiesSql(schema)}))`,
    [ledger, [...changed.documents], [...documents]],
  );
  for (const { id, status, dropped } of rows) {
    if (isGone(status)) gone.add(thingKey('documents', id));
    for (const statement of dropped) gone.add(droppedKey(id, statement));
  }
  return new Map(
    rows.map(({ id, first_publisher, body }) => [
      id,
      { ...documentFacts(body, new Map()), firstPublisher: first_publisher },
    ]),
  );
}

async function loadTies(client: PoolClient, schema: string, ledger: string, ids: readonly Id[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  const { rows } = await client.query<Row>(
    `select part, whole, kind from ${schema}.ties
      where ledger = $1 and to_seq is null and (part = any($2) or whole = any($2)) order by part, whole`,
    [ledger, ids],
  );
  return rows;
}

async function loadParties(
  client: PoolClient,
  schema: string,
  ledger: string,
  ids: readonly Id[],
): Promise<Map<Id, Row[]>> {
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
  registers: RegisterCards,
): Promise<Pick<Sources, 'abouts' | 'claimRows'>> {
  const abouts = new Map<string, AboutFacts>();
  const claimRows = new Map<string, Row>();
  if (keys.length === 0) return { abouts, claimRows };
  for (const key of keys) abouts.set(key, unheardOf());
  const values = [moment.ledger, moment.sequence, keys];

  const incidents = await database.query<{ id: Id; body: Incident; status: string }>(
    `select id, body, status from ${schema}.incidents i where ${held('i')} and i.id = any($3)`,
    values,
  );
  for (const { id, body, status } of incidents.rows) {
    const known = abouts.get(id);
    if (known !== undefined) known.subject = { id, incident: body };
    if (isGone(status)) gone.add(thingKey('incidents', id));
  }

  const claims = await database.query<{
    id: string;
    number: number;
    abouts: string[];
    line: string;
    mentions: string[];
    recorded: string;
    claim: Claim;
    statement: Id;
    statement_body: Omit<Statement, 'claims'>;
    document_body: Document;
    first_publisher: Id;
    statement_status: string;
    document: Id;
    document_status: string;
    is_dropped: boolean;
  }>(
    `select c.id, c.number, c.abouts, c.line, c.mentions, c.recorded, c.body as claim, c.statement,
            s.body as statement_body, d.body as document_body, d.first_publisher, s.status as statement_status,
            d.id as document, d.status as document_status, s.id = any(d.dropped) as is_dropped
       from ${claimsAbout(schema)} ${sourceOfClaim(schema)}
      order by c.recorded, c.number`,
    values,
  );
  const related = new Set<Id>();
  for (const row of claims.rows) {
    const { id, number, claim, statement, line, mentions } = row;
    if (claimRows.has(id)) continue;
    if (isGone(row.statement_status)) gone.add(thingKey('statements', statement));
    if (isGone(row.document_status)) gone.add(thingKey('documents', row.document));
    if (row.is_dropped) gone.add(droppedKey(row.document, statement));
    const recorded = Number(row.recorded);
    const sourced = sourcedClaim({
      id,
      sequence: recorded,
      statementId: statement,
      statement: row.statement_body,
      claim,
      document: { ...documentFacts(row.document_body, new Map()), firstPublisher: row.first_publisher },
    });
    const { predicate, stance } = claim;
    const stored = {
      id,
      statement,
      number,
      abouts: row.abouts,
      line,
      mentions,
      predicate,
      stance,
      recorded,
      body: claim,
    };
    claimRows.set(id, stored);
    for (const key of row.abouts) {
      // A joint claim may be about incidents that are not wanted.
      const known = abouts.get(key);
      if (known === undefined) continue;
      if ('scope' in claim.about) known.subject ??= { scope: claim.about.scope };
      known.claims.push(sourced);
    }
    for (const one of incidentsOf(claim.about)) if (!row.abouts.includes(one)) related.add(one);
    const other = relatedIncident(claim);
    if (other !== undefined) related.add(other);
  }
  await loadMergers(database, schema, moment, related, registers);
  return { abouts, claimRows };
}

/** The same with the rows that are open now. */
async function loadAbouts(
  client: PoolClient,
  schema: string,
  moment: Moment,
  keys: readonly string[],
  gone: Set<string>,
  registers: RegisterCards,
): Promise<Pick<Sources, 'abouts' | 'claimRows'>> {
  const loaded = await loadClaims(client, schema, moment, keys, gone, registers);
  if (keys.length === 0) return loaded;
  const { ledger } = moment;
  const rowsOf = (key: string): Map<string, Row> => loaded.abouts.get(key)?.rows ?? new Map<string, Row>();

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
  return loaded;
}

function isGone(status: string): boolean {
  return status === 'retracted' || status === 'withdrawn';
}

/** Postgres gives whole numbers as text, lest they lose digits; ours never exceed 2^53. */
function wholeOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
