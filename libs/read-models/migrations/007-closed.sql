-- Of a ledger that was closed: {"reason": …, "successor": …}.
alter table {schema}.ledgers add column closed jsonb;
