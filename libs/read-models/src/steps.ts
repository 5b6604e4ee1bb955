/**
 * How what the lines hold came to change, record by record, and why. Every version of a row stays with the records that
 * opened and closed it, so that nothing has to be replayed: a step is where one row ends and the next begins.
 */
import type { Pool } from 'pg';
import {
  causeOf,
  isListed,
  PREDICATES,
  type Cause,
  type Positions,
  type Predicate,
  type Question,
  type RecordName,
  type Stance,
} from '#domain';

/** From one record (not included) to another (included), in one ledger. */
export interface Range {
  ledger: string;
  since: number;
  until: number;
}

/** One record's effect on one question. */
export interface Step {
  sequence: number;
  before: Positions | undefined;
  after: Positions | undefined;
}

/** One question about one incident over a range: what was held before and after it, and every record that changed it. */
export interface Chain {
  about: string;
  question: Question;
  before: Positions | undefined;
  after: Positions | undefined;
  steps: Step[];
}

/** Numbers of these predicates and people, and beside them all that is listed: places, times, actors, words. */
export interface WantedChains {
  predicates: readonly Predicate[];
  people: readonly string[];
}

const LISTED = PREDICATES.filter((predicate) => isListed({ predicate }));

interface PositionsRow {
  about: string;
  predicate: string;
  key: string;
  who: string;
  from_seq: string;
  to_seq: string | null;
  detail: Positions;
}

/** In the order of incidents and questions; each with all its steps, in the order of the log. */
export async function chainsOf(
  pool: Pool,
  schema: string,
  { ledger, since, until }: Range,
  abouts: readonly string[],
  wanted?: WantedChains,
): Promise<Chain[]> {
  if (abouts.length === 0) return [];
  const { rows } = await pool.query<PositionsRow>(
    `select about, predicate, key, who, from_seq, to_seq, detail from ${schema}.positions p
      where ledger = $1 and about = any($4) and from_seq <= $3 and (to_seq is null or to_seq > $2)
        ${wanted === undefined ? '' : `and (predicate = any($5) and who = any($6) and key = '' or predicate = any($7))`}
      order by about, predicate, key, who, from_seq`,
    [ledger, since, until, abouts, ...(wanted === undefined ? [] : [wanted.predicates, wanted.people, LISTED])],
  );
  const chains = new Map<string, Chain & { at: Map<number, Step> }>();
  for (const { about, predicate, key, who, from_seq, to_seq, detail } of rows) {
    const name = `${about} ${predicate} ${key} ${who}`;
    const chain = chains.get(name) ?? {
      about,
      question: detail.question,
      before: undefined,
      after: undefined,
      steps: [],
      at: new Map<number, Step>(),
    };
    chains.set(name, chain);
    const from = Number(from_seq);
    const to = to_seq === null ? Infinity : Number(to_seq);
    if (from <= since) chain.before = detail;
    else stepAt(chain, from).after = detail;
    if (to > until) chain.after = detail;
    else stepAt(chain, to).before = detail;
  }
  return [...chains.values()].map(({ at: _, ...chain }) => chain);
}

function stepAt({ steps, at }: { steps: Step[]; at: Map<number, Step> }, sequence: number): Step {
  const known = at.get(sequence);
  if (known !== undefined) return known;
  const step: Step = { sequence, before: undefined, after: undefined };
  at.set(sequence, step);
  steps.push(step);
  return step;
}

/** A record as far as comparisons and histories show it. */
export interface MovingRecord {
  sequence: number;
  /** Its name, such as StatementRecorded. */
  type: RecordName;
  /** The first thing that it changed. */
  subject: string;
  /** RFC 3339 in UTC. */
  recordedtime: string;
  /** Pseudonym of the key that recorded it. */
  recorder: string;
  /** As recorded; null where the act takes none. */
  reason: unknown;
}

/** With what is needed to say why it moved something. */
export interface KnownRecord extends MovingRecord {
  /** Of a record with a statement: its claims. */
  claims: { line: string; predicate: Predicate; stance: Stance; abouts: string[] }[] | null;
}

/** By sequence. */
export async function recordsAt(
  pool: Pool,
  schema: string,
  ledger: string,
  sequences: Iterable<number>,
): Promise<Map<number, KnownRecord>> {
  const wanted = [...new Set(sequences)];
  if (wanted.length === 0) return new Map();
  const { rows } = await pool.query<KnownRecord & { sequence: string }>(
    `select e.sequence, e.type, e.subject, e.recordedtime, e.recorder, h.reason,
            (select jsonb_agg(jsonb_build_object(
                      'line', c.line, 'predicate', c.predicate, 'stance', c.stance, 'abouts', c.abouts))
               from ${schema}.claims c
              where c.ledger = e.ledger and c.statement = e.subject and c.from_seq = e.sequence) as claims
       from ${schema}.events e
       left join ${schema}.changes h on h.ledger = e.ledger and h.entity = e.subject and h.sequence = e.sequence
      where e.ledger = $1 and e.sequence = any($2)`,
    [ledger, wanted],
  );
  return new Map(rows.map((row) => [Number(row.sequence), { ...row, sequence: Number(row.sequence) }]));
}

/** Why a record changed what the lines hold on a question about something. */
export function causeOfStep(
  { type, claims }: KnownRecord,
  { about, question }: Chain,
  { before, after }: Step,
): Cause | null {
  const said = claims?.filter(({ abouts }) => abouts.includes(about)) ?? [];
  const [first] = said;
  if (first === undefined) return causeOf(type);
  // What happened is also said by claims of other predicates.
  const ofQuestion = said.filter(({ predicate }) => predicate === question.predicate);
  const heldBy = (found: Positions | undefined) => (found?.positions ?? []).filter(({ line }) => line === first.line);
  const claimsOf = (found: Positions | undefined) =>
    heldBy(found)
      .flatMap((one) => one.claims)
      .join();
  return causeOf(type, {
    stances: (ofQuestion.length > 0 ? ofQuestion : said).map(({ stance }) => stance),
    predicate: question.predicate,
    replaces: heldBy(before).length > 0 && claimsOf(before) !== claimsOf(after),
    compiler: [...heldBy(before), ...heldBy(after)].some((one) => one.compiler),
  });
}
