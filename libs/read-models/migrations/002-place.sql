-- Where in the log the last record lies, in the words of the storage that keeps it: a hint that spares a search.
alter table {schema}.checkpoints add column place text;
