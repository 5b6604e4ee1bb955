-- What comes in is put into the index at once: each claim is looked up by itself, and would go through all that is pending.
alter index {schema}.claims_abouts set (fastupdate = off);
