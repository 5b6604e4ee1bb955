-- The record that first held the statement of a claim: a correction moves it not behind what was recorded since.
alter table {schema}.claims add column recorded bigint;
update {schema}.claims set recorded = from_seq;
alter table {schema}.claims alter column recorded set not null;
