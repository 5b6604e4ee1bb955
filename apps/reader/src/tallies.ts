/** A tally as it is asked for over HTTP, and its answers: the sums, and the sums with everything they rest on. */
import {
  Problem,
  type DiffAnswer,
  type DiffQuery,
  type ExplainAnswer,
  type ExplainQuery,
  type TalliesAnswer,
  type TalliesQuery,
} from '#contracts';
import type { Id, PolicyName, Side } from '#domain';
import {
  claimsBehind,
  explainedIncidents,
  filterInZone,
  forceLevels,
  lineOfActor,
  localDateOnly,
  MEASURES,
  overlapping,
  statementsBehind,
  tally,
  tallyDiff,
  TooManyToCompute,
  totalsBeside,
  type Bucket,
  type Grouping,
  type IncidentFilter,
  type Measure,
  type TallyQuestion,
} from '#read-models';
import type { Cursor } from './cursor.js';
import { incidentFilter, requireThere, surviving } from './questions.js';
import { clean, named, type PinnedMoment, type Reads } from './reads.js';

/** Wholes that are shown beside a sum, with their figures. */
const WHOLES_MAX = 100;

export interface AskedTally {
  checked: TalliesQuery;
  moment: PinnedMoment;
  /** With its version. */
  policy: string;
  question: TallyQuestion;
  /** Where levels of force are asked for too: whose and where. */
  levels: { actor?: string; place?: string } | undefined;
}

/** @throws Problem bad-parameter, naming what cannot be asked */
export async function askedTally(
  reads: Reads,
  ledger: string,
  checked: TalliesQuery,
  pinned?: Cursor,
): Promise<AskedTally> {
  const moment = { ...(await reads.moment(ledger, checked, pinned)), ...clean({ saidBy: checked.saidBy }) };
  const { name, policy } = await reads.policy(moment, checked.policy);
  await requireThere(reads, moment, incidentFilter(checked));
  const question = await questionAt(reads, moment, checked, name);
  const { party: actor, place } = question.filter;
  const levels = termsOf(checked).includes('force-level') ? clean({ actor, place }) : undefined;
  return { checked, moment, policy, question, levels };
}

function termsOf({ of }: TalliesQuery): string[] {
  return (of ?? 'attacks,killed,injured').split(',');
}

/** The question as of a moment: with what ids stood for then, and dates in the zone asked about. */
async function questionAt(
  reads: Reads,
  moment: PinnedMoment,
  checked: TalliesQuery,
  policy: PolicyName,
): Promise<TallyQuestion> {
  const { side, by, bucket, zone } = checked;
  const chosen = await surviving(reads, moment, incidentFilter(checked));
  await needLine(reads, moment, chosen.party);
  const filter: IncidentFilter = { ...chosen, tied: 'parts' };
  return {
    measures: termsOf(checked).filter((term): term is Measure => term in MEASURES),
    filter: zone === undefined ? filter : await filterInZone(reads.pool, moment.schema, moment, filter, zone),
    policy,
    ...clean({
      side: side as Side | undefined,
      by: by as Grouping | undefined,
      bucket: bucket as Bucket | undefined,
    }),
  };
}

export async function talliesAnswer(reads: Reads, asked: AskedTally): Promise<TalliesAnswer> {
  const [rows, beside] = await Promise.all([sums(reads, asked), besideSums(reads, asked)]);
  return { ...headOf(asked), rows, ...beside };
}

/** The same with one page of the incidents behind it; `next` is the last incident of a page that another one follows. */
export async function explainAnswer(
  reads: Reads,
  asked: AskedTally,
  after: string,
  limit: number,
): Promise<ExplainAnswer> {
  const { pool } = reads;
  const { moment, question } = asked;
  const { schema } = moment;
  const [page, beside] = await Promise.all([
    question.measures.length === 0
      ? { items: [], next: null, rows: [], said: undefined }
      : explainedIncidents(pool, schema, moment, question, after, limit),
    besideSums(reads, asked),
  ]);
  const claims = claimsBehind([
    ...[...page.items, ...beside.wholes].flatMap((one) => one.figures),
    ...beside.levels.map(({ figure }) => figure),
  ]);
  const [rows, statements] = await Promise.all([
    page.rows ?? sums(reads, asked),
    statementsBehind(pool, schema, moment, claims, page.said),
  ]);
  return { ...headOf(asked), rows, ...beside, incidents: page.items, statements, next: page.next };
}

function headOf({
  checked,
  moment,
  policy,
}: AskedTally): Pick<TalliesAnswer, 'ledger' | 'sequence' | 'final' | 'policy' | 'saidBy' | 'zone'> {
  return { ...named(moment), policy, saidBy: moment.saidBy ?? null, zone: checked.zone ?? null };
}

async function sums({ pool }: Reads, { moment, question }: AskedTally): Promise<TalliesAnswer['rows']> {
  if (question.measures.length === 0) return [];
  return tally(pool, moment.schema, moment, question).catch(asProblem);
}

/** What is shown next to the sums and never added. */
async function besideSums(
  { pool }: Reads,
  { moment, question, levels }: AskedTally,
): Promise<Pick<TalliesAnswer, 'overlapping' | 'localDateOnly' | 'wholes' | 'levels' | 'beside'>> {
  const { schema } = moment;
  const { measures, filter } = question;
  const isSum = measures.length > 0;
  const wholes = { ...question, filter: { ...filter, tied: 'wholes' as const } };
  const [beyond, unmoved, whole, level, beside] = await Promise.all([
    isSum ? overlapping(pool, schema, moment, filter) : null,
    isSum ? localDateOnly(pool, schema, moment, filter) : null,
    isSum ? explainedIncidents(pool, schema, moment, wholes, '', WHOLES_MAX) : { items: [] },
    levels === undefined ? [] : forceLevels(pool, schema, moment, levels, question.policy),
    isSum ? totalsBeside(pool, schema, moment, measures, filter.place) : [],
  ]);
  return { overlapping: beyond, localDateOnly: unmoved, wholes: whole.items, levels: level, beside };
}

/** What changed since an earlier moment; `next` is the last incident of a page that another one follows. */
export async function diffAnswer(
  reads: Reads,
  asked: AskedTally,
  since: PinnedMoment,
  after: string,
  limit: number,
): Promise<DiffAnswer> {
  const { moment, question, levels } = asked;
  if (levels !== undefined || question.measures.length === 0) {
    throw new Problem(
      'bad-parameter',
      'The parameter of must name sums here, attacks, killed, injured or casualties: levels of force are compared by asking for them as of both moments.',
      { details: { parameter: 'of' } },
    );
  }
  const before = { moment: since, question: await questionAt(reads, since, asked.checked, question.policy) };
  const now = { moment, question };
  const found = await tallyDiff(reads.pool, moment.schema, before, now, after, limit).catch(asProblem);
  // The whole is final, and may be kept, only where both moments are.
  const final = moment.final && since.final;
  return { ...headOf(asked), final, since: { sequence: since.sequence, final: since.final }, ...found };
}

/** What marks a cursor as one of this very question. */
export function tallyMark({ cursor: _, limit: __, wait: ___, ...asked }: ExplainQuery | DiffQuery): object {
  return asked;
}

/** People are called after a line in sums; of a part of it nobody could say how many the others were. */
async function needLine(reads: Reads, moment: PinnedMoment, party: Id | undefined): Promise<void> {
  const line = party === undefined ? undefined : await lineOfActor(reads.pool, moment.schema, moment, party);
  if (line === party || line === undefined) return;
  throw new Problem('bad-parameter', `The parameter of.party must be a line of actors: ${party} belongs to ${line}.`, {
    details: { parameter: 'of.party', line },
  });
}

function asProblem(error: unknown): never {
  if (!(error instanceof TooManyToCompute)) throw error;
  throw new Problem(
    'bad-parameter',
    `With the parameter saidBy a tally is worked out when asked, of at most ${error.max} incidents, and more are chosen: narrow them by place, from and to, of.party, method or incident.`,
    { details: { parameter: 'saidBy', incidentsMax: error.max } },
  );
}
