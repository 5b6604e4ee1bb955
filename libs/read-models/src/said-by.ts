/**
 * What had been said by a time: the same positions, figures and sums as the stored ones, of the claims that had been said.
 * No row can hold that for every time, so it is worked out when asked, by the same rules: those of the projection and of
 * libs/domain. Nothing here decides how a claim counts.
 */
import type { Pool } from 'pg';
import {
  applyPolicy,
  positionsOf,
  SIDES,
  wasSaidBy,
  type LocalTime,
  type PolicyName,
  type Positions,
  type Predicate,
} from '#domain';
import type { Moment } from './moment.js';
import { Params } from './params.js';
import { whoKey } from './cards.js';
import { countable, questionsAbout, type Grounds } from './recompute.js';
import { loadGrounds, loadRegisters } from './sources.js';
import { figureKey, rowsOfFigures, type CountedFigures, type PlacedIncident } from './sum-rows.js';
import { MEASURES, placed, whoOf, type TallyQuestion, type TallyRow } from './tally-rows.js';

/** Positions on one question about one incident or scope. */
export interface PositionsAbout extends Positions {
  about: string;
}

/** Which questions are wanted, of those that a predicate alone asks: `people` as in the tables, see `whoKey`. */
export interface Wanted {
  predicates: readonly Predicate[];
  people: readonly string[];
}

/** More incidents were chosen than can be worked out while somebody waits. */
export class TooManyToCompute extends Error {
  constructor(readonly max: number) {
    super(`More than ${max} incidents are chosen.`);
    this.name = 'TooManyToCompute';
  }
}

const INCIDENTS_MAX = 5_000;
/** Incidents whose claims are in memory at once; between two slices others get their turn. */
const SLICE = 500;

export async function positionsSaidBy(
  pool: Pool,
  schema: string,
  moment: Moment,
  saidBy: LocalTime,
  abouts: readonly string[],
  wanted?: Wanted,
): Promise<PositionsAbout[]> {
  const registers = await loadRegisters(pool, schema, moment);
  const grounds = await loadGrounds(pool, schema, moment, abouts, registers);
  return abouts.toSorted().flatMap((about) => positionsOn(about, grounds, saidBy, wanted));
}

/** In the order in which the tables give them, as far as their language orders letter by letter. */
function positionsOn(about: string, grounds: Grounds, saidBy: LocalTime, wanted: Wanted | undefined): PositionsAbout[] {
  const { registers } = grounds;
  const { subject, claims } = countable(about, grounds);
  if (subject === undefined) return [];
  const said = claims.filter((one) => wasSaidBy(one, saidBy));
  return questionsAbout(said, subject, registers)
    .map((question) => ({ question, order: [question.predicate, question.key ?? '', whoKey(question.who)] as const }))
    .filter(({ question: { key }, order: [predicate, , who] }) => {
      if (wanted === undefined) return true;
      return key === undefined && wanted.predicates.includes(predicate) && wanted.people.includes(who);
    })
    .sort((a, b) => (a.order.join('\n') < b.order.join('\n') ? -1 : 1))
    .map(({ question }) => ({ ...positionsOf(question, said, subject, registers), about }));
}

/** @throws TooManyToCompute */
export async function tallySaidBy(
  pool: Pool,
  schema: string,
  moment: Moment,
  saidBy: LocalTime,
  question: TallyQuestion,
): Promise<TallyRow[]> {
  const params = new Params(moment);
  const { head, columns } = placed(schema, question, params);
  const { rows: incidents } = await pool.query<PlacedIncident>(
    `${head} select c.id, ${columns} from placed c limit ${params.add(INCIDENTS_MAX + 1)}`,
    params.values,
  );
  if (incidents.length > INCIDENTS_MAX) throw new TooManyToCompute(INCIDENTS_MAX);

  const sides = question.side === undefined ? SIDES : [question.side];
  const wanted = {
    predicates: question.measures.map((measure) => MEASURES[measure]),
    people: ['', ...sides.map((side) => whoOf(question, side))],
  };
  const figures = new Map<string, CountedFigures>();
  const registers = await loadRegisters(pool, schema, moment);
  for (let from = 0; from < incidents.length; from += SLICE) {
    const ids = incidents.slice(from, from + SLICE).map(({ id }) => id);
    const grounds = await loadGrounds(pool, schema, moment, ids, registers);
    for (const id of ids) figures.set(id, countedOf(positionsOn(id, grounds, saidBy, wanted), question.policy));
  }

  return rowsOfFigures(incidents, question, figures);
}

function countedOf(found: readonly Positions[], policy: PolicyName): CountedFigures {
  const counted: CountedFigures = new Map();
  for (const positions of found) {
    const { predicate, who } = positions.question;
    const { low, best, high, status, contested, basis } = applyPolicy(positions, policy);
    if (status === 'unreported' && !contested) continue;
    counted.set(figureKey(predicate, whoKey(who)), { low, best, high, status, contested, basis });
  }
  return counted;
}
