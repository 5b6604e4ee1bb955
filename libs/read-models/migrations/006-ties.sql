-- Which incident is a part of which, or belongs to which group.
create table {schema}.ties (
  ledger text not null,
  part text not null,
  whole text not null,
  kind text not null,
  from_seq bigint not null,
  to_seq bigint,
  primary key (ledger, part, whole, from_seq)
);
create index ties_whole on {schema}.ties (ledger, whole);
