/**
 * WHAT A TABLE WITHOUT HISTORY COSTS: one row an incident with its newest numbers, as a spreadsheet has them, filled from
 * the read models. It knows no source, no earlier number and no side; it is the floor that a sum can cost in this database.
 */
import { stateId } from './many-incidents.js';

export function flatTable(ledger: string): string {
  const figure = (predicate: string): string => `left join lateral (
      select low, best, high from read_models.figures
       where ledger = '${ledger}' and to_seq is null and policy = 'official-first' and about = i.id
         and predicate = '${predicate}' and key = '' and who = '') ${predicate} on true`;
  const numbers = (predicate: string): string =>
    ['low', 'best', 'high'].map((end) => `${predicate}.${end} as ${predicate}_${end}`).join(', ');
  return `
    drop table if exists public.flat;
    create table public.flat as
    with recursive up as (
      select id as start, id, kind, inside from read_models.places where ledger = '${ledger}' and to_seq is null
      union all
      select up.start, p.id, p.kind, p.inside from up
        join read_models.places p on p.ledger = '${ledger}' and p.to_seq is null and p.id = up.inside)
    select i.id, left(i.time_from, 7) as month_from, left(i.time_to, 7) as month_to, up.id as governorate,
           array(select line from read_models.parties p
                  where p.ledger = '${ledger}' and p.to_seq is null and p.incident = i.id) as lines,
           ${numbers('happened')}, ${numbers('killed')}, ${numbers('injured')}
      from read_models.incidents i
      left join up on up.start = i.place and up.kind = 'governorate'
      ${figure('happened')} ${figure('killed')} ${figure('injured')}
     where i.ledger = '${ledger}' and i.to_seq is null and i.status = 'live'`;
}

const SUMS = ['happened', 'killed', 'injured']
  .flatMap((predicate) => ['low', 'best', 'high'].map((end) => `sum(${predicate}_${end})`))
  .join(', ');

/** The same questions as the tallies of these names, in plain SQL; without whether a number is contested, and the like. */
export const FLAT_TALLIES: Readonly<Record<string, string>> = {
  all: `select count(*), ${SUMS} from public.flat`,
  'by month': `select case when month_from = month_to then month_from end, count(*), ${SUMS} from public.flat group by 1`,
  'by governorate': `select governorate, count(*), ${SUMS} from public.flat group by 1`,
  'of a party': `select count(*), ${SUMS} from public.flat where '${stateId(3)}' = any(lines)`,
};
