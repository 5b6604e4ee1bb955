-- Incidents that are not known to lie within one day: only they can overlap a period of dates without lying inside it.
create index incidents_spanning on {schema}.incidents (ledger, time_from)
 where time_from is null or left(time_from, 10) <> left(time_to, 10);
