-- Why somebody changed something, as recorded, beside the version that came of it; and which records lie between two.
alter table {schema}.changes add column reason jsonb;
create index changes_sequence on {schema}.changes (ledger, sequence);

-- What moved between two records: of incidents and scopes, whose positions follow from all else.
create index positions_from on {schema}.positions (ledger, from_seq);
create index positions_to on {schema}.positions (ledger, to_seq) where to_seq is not null;
