-- What was merged, and into what; `mentions`: the ids of everything that a claim, or a card, hangs on, so that what a change
-- of a register or of a document moves is found. `dropped`: statements that a document carries no longer.
alter table {schema}.actors add column merged_into text;
alter table {schema}.places add column merged_into text;
alter table {schema}.incidents add column merged_into text, add column mentions text[] not null default '{}';
alter table {schema}.claims add column mentions text[] not null default '{}';
alter table {schema}.documents add column dropped text[] not null default '{}';
update {schema}.incidents i set mentions = array(
  select distinct m collate "C" from (
    select p ->> 'actor' as m from jsonb_array_elements(i.body -> 'parties') p union all select i.place
  ) named where m is not null order by 1);
update {schema}.claims c set mentions = array(
  select distinct m collate "C" from unnest(
      array[s.document, d.publisher, d.first_publisher, s.speaker, s.body ->> 'onBehalfOf', s.body #>> '{chain,0}',
            c.body #>> '{who,of}', c.body #>> '{value,actor}', c.body #>> '{value,place}', c.body #>> '{value,to,incident}',
            c.body #>> '{about,scope,actor}', c.body #>> '{about,scope,attacker}', c.body #>> '{about,scope,target}']
      || array(select jsonb_array_elements_text(coalesce(c.body #> '{about,scope,places}', '[]')))
      || array(select p #>> '{who,of}' from jsonb_array_elements(coalesce(c.body -> 'parts', '[]')) p)) m
   where m is not null order by 1)
  -- As they were when the claim got its row: a statement may have been corrected since.
  from {schema}.statements s join {schema}.documents d on d.ledger = s.ledger and d.id = s.document
 where s.ledger = c.ledger and s.id = c.statement
   and s.from_seq <= c.from_seq and (s.to_seq is null or s.to_seq > c.from_seq)
   and d.from_seq <= c.from_seq and (d.to_seq is null or d.to_seq > c.from_seq);
create index claims_mentions on {schema}.claims using gin (mentions);
create index incidents_mentions on {schema}.incidents using gin (mentions);
create index incidents_merged on {schema}.incidents (ledger, merged_into) where merged_into is not null;
create index documents_copies on {schema}.documents (ledger, (body ->> 'copyOf')) where body ? 'copyOf';

-- A record that moves more incidents and scopes than fit into its own transaction. They are worked out as of it, in slices;
-- until none is left, answers as of it or later are not final. `ids` is what moved; null: everything is worked out anew.
create table {schema}.recomputations (
  ledger text not null,
  sequence bigint not null,
  ids text[],
  listed boolean not null default false,
  primary key (ledger, sequence)
);
-- Once listed, everything that it touches. What a later record touches is done before that record, listed or not.
create table {schema}.recomputed (
  ledger text not null,
  sequence bigint not null,
  about text not null,
  done boolean not null,
  primary key (ledger, sequence, about)
);
create index recomputed_open on {schema}.recomputed (ledger, sequence, about) where not done;
