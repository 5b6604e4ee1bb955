-- What overlaps a period is counted beside every tally of one. With all that decides it in the index the incidents
-- themselves are not read: of 100,000 some 11,000 span more than a day, scattered over the whole table.
drop index {schema}.incidents_spanning;
create index incidents_spanning on {schema}.incidents (ledger, time_from, time_to, id, from_seq, to_seq, status)
 where time_from is null or left(time_from, 10) <> left(time_to, 10);
