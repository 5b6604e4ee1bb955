-- Judgements: `about` is "claim <id>" or "line <line>"; `recorded` is the record that made it, whatever became of it since.
create table {schema}.assessments (
  ledger text not null,
  id text not null,
  from_seq bigint not null,
  to_seq bigint,
  version bigint not null,
  about text not null,
  recorded bigint not null,
  credibility int,
  reliability text,
  body jsonb not null,
  status text not null,
  reason jsonb,
  primary key (ledger, id, from_seq)
);
create index assessments_about on {schema}.assessments (ledger, about);
