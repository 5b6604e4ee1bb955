/** One incident with everything said about it: its card, what each line holds, the figures, the claims beside. */
import type { Pool } from 'pg';
import {
  applyPolicy,
  isListed,
  PREDICATES,
  type Figure,
  type Incident,
  type PolicyName,
  type Positions,
  type Predicate,
  type Question,
} from '#domain';
import { shownClaims, type ShownClaim } from './claims.js';
import { entity, type ShownEntity } from './entities.js';
import { claimsBehind, statementsBehind, type ExplainedStatement } from './explain.js';
import { held, type Moment } from './moment.js';
import { positionsSaidBy, type PositionsAbout, type Wanted } from './said-by.js';

/** One question about the incident, with its answer. */
export interface Answer {
  question: Question;
  /** Of a number: what the policy makes of it. */
  figure: Figure | null;
  /** Of a place, a time, an actor, words: what each line holds. */
  positions: Positions['positions'];
  contested: boolean;
  setAside: Positions['setAside'];
}

/** Which claim a field of the card follows, and whether somebody says otherwise. */
export interface CardField {
  field: 'time' | 'place';
  /** The claims that say the same; empty where the card rests on the recorder alone. */
  follows: string[];
  disputed: boolean;
}

export interface IncidentPage {
  incident: ShownEntity;
  card: CardField[];
  /** What it is a part of, and what is a part of it. */
  wholes: { id: string; kind: string }[];
  parts: { id: string; kind: string }[];
  answers: Answer[];
  /** Every claim about the incident, joint ones included, by predicate and then by who said it. */
  claims: { predicate: Predicate; lines: { line: string; claims: ShownClaim[] }[] }[];
}

export async function incidentPage(
  pool: Pool,
  schema: string,
  moment: Moment,
  id: string,
  policy: PolicyName,
): Promise<IncidentPage | undefined> {
  const incident = await entity(pool, schema, moment, 'incidents', id);
  if (incident === undefined) return undefined;
  const found = await positionsAbout(pool, schema, moment, [id]);
  const claims = await shownClaims(pool, schema, moment, 'c.abouts @> array[$3]', [id]);
  const answers = found.map((positions) => answerOf(positions, policy));
  const card = cardFields(incident.body as Incident, found);
  return { incident, card, ...(await tiesOf(pool, schema, moment, id)), answers, claims: grouped(claims) };
}

/** Why its numbers are what they are: every question that a claim speaks to, and the statements behind. */
export async function explainedIncident(
  pool: Pool,
  schema: string,
  moment: Moment,
  id: string,
  policy: PolicyName,
): Promise<{ incident: ShownEntity; answers: Answer[]; statements: ExplainedStatement[] } | undefined> {
  const incident = await entity(pool, schema, moment, 'incidents', id);
  if (incident === undefined) return undefined;
  const answers = (await positionsAbout(pool, schema, moment, [id])).map((one) => answerOf(one, policy));
  const claims = claimsBehind(
    answers.map(({ positions, setAside }) => ({ used: positions.flatMap((one) => one.claims), setAside })),
  );
  return { incident, answers, statements: await statementsBehind(pool, schema, moment, claims) };
}

async function tiesOf(
  pool: Pool,
  schema: string,
  moment: Moment,
  id: string,
): Promise<Pick<IncidentPage, 'wholes' | 'parts'>> {
  const { rows } = await pool.query<{ part: string; whole: string; kind: string }>(
    `select part, whole, kind from ${schema}.ties t where ${held('t')} and (part = $3 or whole = $3) order by part, whole`,
    [moment.ledger, moment.sequence, id],
  );
  return {
    wholes: rows.flatMap(({ part, whole, kind }) => (part === id ? [{ id: whole, kind }] : [])),
    parts: rows.flatMap(({ part, whole, kind }) => (whole === id ? [{ id: part, kind }] : [])),
  };
}

/** The positions on every question about some incidents or scopes, or on those that are wanted. */
export async function positionsAbout(
  pool: Pool,
  schema: string,
  moment: Moment,
  abouts: readonly string[],
  wanted?: Wanted,
): Promise<PositionsAbout[]> {
  if (moment.saidBy !== undefined) return positionsSaidBy(pool, schema, moment, moment.saidBy, abouts, wanted);
  const { rows } = await pool.query<{ about: string; detail: Positions }>(
    `select p.about, p.detail from ${schema}.positions p
      where ${held('p')} and p.about = any($3)
        ${wanted === undefined ? '' : `and p.predicate = any($4) and p.who = any($5) and p.key = ''`}
      order by p.about, p.predicate, p.key, p.who`,
    [moment.ledger, moment.sequence, abouts, ...(wanted === undefined ? [] : [wanted.predicates, wanted.people])],
  );
  return rows.map(({ about, detail }) => ({ ...detail, about }));
}

function answerOf(found: Positions, policy: PolicyName): Answer {
  const { question, positions, contested, setAside } = found;
  if (isListed(question)) return { question, figure: null, positions, contested, setAside };
  const figure = applyPolicy(found, policy);
  return { question, figure, positions, contested, setAside: figure.setAside };
}

function cardFields(card: Incident, found: readonly Positions[]): CardField[] {
  return (['time', 'place'] as const).flatMap((field) => {
    const said = found.find(({ question }) => question.predicate === field);
    const value = card[field];
    if (value === undefined) return [];
    const same = (said?.positions ?? []).filter((position) => saysTheSame(field, position.value, value));
    return [{ field, follows: same.flatMap(({ claims }) => claims), disputed: said?.contested ?? false }];
  });
}

function saysTheSame(field: 'time' | 'place', said: unknown, card: object): boolean {
  const pick = field === 'time' ? ['from', 'to'] : ['place'];
  return pick.every((name) => (said as Record<string, unknown>)?.[name] === (card as Record<string, unknown>)[name]);
}

function grouped(claims: readonly ShownClaim[]): IncidentPage['claims'] {
  return PREDICATES.flatMap((predicate) => {
    const lines = new Map<string, ShownClaim[]>();
    for (const one of claims) {
      if (one.claim.predicate !== predicate) continue;
      lines.set(one.line, [...(lines.get(one.line) ?? []), one]);
    }
    return lines.size === 0 ? [] : [{ predicate, lines: [...lines].map(([line, of]) => ({ line, claims: of })) }];
  });
}
