-- Whether a thing counts: live, retracted, withdrawn, or unreachable (which counts). `reason` is why, for what is not live.
alter table {schema}.actors add column status text not null default 'live', add column reason jsonb;
alter table {schema}.places add column status text not null default 'live', add column reason jsonb;
alter table {schema}.documents add column status text not null default 'live', add column reason jsonb;
alter table {schema}.statements add column status text not null default 'live', add column reason jsonb;
alter table {schema}.incidents add column status text not null default 'live', add column reason jsonb;
