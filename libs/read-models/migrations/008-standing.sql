-- When the projector last stood at the end of a ledger's log. It tells of the process that copies, not of the records: a
-- rebuild makes every other table again, and this one not.
create table {schema}.standing (
  ledger text primary key,
  at_end timestamptz not null
);

-- Which record was the last at a time. `recordedtime` never falls; it is compared letter by letter, whatever the database's
-- own language.
create index events_time on {schema}.events (ledger, recordedtime collate "C", sequence);
