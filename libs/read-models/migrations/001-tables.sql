-- The read models. Disposable: everything here is made again from the log.
--
-- A row holds from the record `from_seq` on, until the record `to_seq` (not included); the current row has none. So the
-- state as of a sequence S is: from_seq <= S and (to_seq is null or to_seq > S). Rows are only ever added and closed.
-- {schema} stands for the schema of one generation of read models.

-- How far a ledger is copied. Moves by compare-and-set in the transaction that writes the rows.
create table {schema}.checkpoints (
  ledger text primary key,
  sequence bigint not null,
  recordedtime text not null
);

-- The records themselves: `bytes` is exactly what the log holds.
create table {schema}.events (
  ledger text not null,
  sequence bigint not null,
  type text not null,
  subject text not null,
  recordedtime text not null,
  commandid text not null,
  recorder text not null,
  bytes bytea not null,
  primary key (ledger, sequence)
);

-- Which record brought which entity to which version.
create table {schema}.changes (
  ledger text not null,
  entity text not null,
  version bigint not null,
  sequence bigint not null,
  primary key (ledger, entity, version)
);

-- What a ledger is about, and which versions of codebook and policies are in force in it.
create table {schema}.ledgers (
  ledger text not null,
  from_seq bigint not null,
  to_seq bigint,
  origin jsonb not null,
  codebook int not null,
  policies jsonb not null,
  primary key (ledger, from_seq)
);

-- `body` of all entities: as recorded, with private text opened as {"private": true, "text": …}.
create table {schema}.actors (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  kind text not null,
  part_of text,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);

create table {schema}.places (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  kind text not null,
  inside text,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);

-- `first_publisher` is that of the original where the document is a copy.
create table {schema}.documents (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  publisher text not null,
  first_publisher text not null,
  kind text not null,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);

create table {schema}.statements (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  document text not null,
  speaker text not null,
  utterance text not null,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);
create index statements_document on {schema}.statements (ledger, document);

-- `abouts`: the incidents, or the scope's key, that the claim is about; several incidents where it is a joint one.
-- `line`: whose voice it is.
create table {schema}.claims (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  statement text not null,
  number int not null,
  abouts text[] not null,
  line text not null,
  predicate text not null,
  stance text not null,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);
create index claims_abouts on {schema}.claims using gin (abouts);
create index claims_statement on {schema}.claims (ledger, statement, number);
create index claims_totals on {schema}.claims (ledger, predicate) where predicate = 'total';

create table {schema}.incidents (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  kind text not null,
  method text not null,
  place text,
  time_from text,
  time_to text,
  body jsonb not null,
  primary key (ledger, id, from_seq)
);
create index incidents_time on {schema}.incidents (ledger, time_from, id);
create index incidents_place on {schema}.incidents (ledger, place);

-- The parties of the card, each with the line it belongs to.
create table {schema}.parties (
  ledger text not null,
  incident text not null,
  side text not null,
  actor text not null,
  line text not null,
  from_seq bigint not null,
  to_seq bigint,
  primary key (ledger, incident, side, actor, from_seq)
);
create index parties_line on {schema}.parties (ledger, line, side);

-- What each line holds on one question, before any policy. `about` is an incident or a scope's key; `key` makes values
-- comparable (a munition, a measure and component), empty where the predicate alone does; `who` is "side/category/of",
-- empty for anybody. Where no claim speaks to a question there is no row.
create table {schema}.positions (
  ledger text not null,
  about text not null,
  predicate text not null,
  key text not null,
  who text not null,
  from_seq bigint not null,
  to_seq bigint,
  contested boolean not null,
  detail jsonb not null,
  primary key (ledger, about, predicate, key, who, from_seq)
);

-- What one policy makes of such positions, for adding up: numbers only. Without a row the figure is unreported and not
-- contested. Which claims it uses and sets aside follows from the positions by the policy's own rule.
create table {schema}.figures (
  ledger text not null,
  about text not null,
  predicate text not null,
  key text not null,
  who text not null,
  policy text not null,
  from_seq bigint not null,
  to_seq bigint,
  low bigint,
  best bigint,
  high bigint,
  status text not null,
  basis text,
  contested boolean not null,
  disordered boolean not null,
  primary key (ledger, about, predicate, key, who, policy, from_seq)
);
create index figures_sums on {schema}.figures (ledger, policy, predicate, key, who, about);
