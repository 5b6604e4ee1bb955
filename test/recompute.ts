/**
 * A tally worked out again from nothing but the JSON of `/tallies/explain`: from the words that sources used to what each
 * line holds, from that to figures, from figures to sums. Written from docs/codebook.md, by a way of its own: nothing here
 * comes from the rules of the application. It says what does not follow, in words.
 */
import type { ExplainAnswer } from '#contracts';

type Parts = Pick<ExplainAnswer, 'policy' | 'rows' | 'incidents' | 'statements'>;
type Incident = Parts['incidents'][number];
type Figure = Incident['figures'][number];
type Position = Figure['positions'][number];
type Row = Parts['rows'][number];

interface Numbers {
  low: number | null;
  best: number | null;
  high: number | null;
}
type Numeric = Numbers & { change?: number; from?: string };
interface Claimed {
  predicate: string;
  stance: string;
  value?: Partial<Numeric>;
}

const PREDICATE: Record<string, string> = { attacks: 'happened' };
const NOBODY: Numbers = { low: null, best: null, high: null };

/** What in the answer does not follow from what it rests on; empty where all of it does. */
export function discrepancies(answer: Parts): string[] {
  const faults: string[] = [];
  const claims = new Map<string, Claimed>();
  for (const { claims: some } of answer.statements) for (const { id, claim } of some) claims.set(id, claim as Claimed);
  const [policy = ''] = answer.policy.split('@');

  for (const incident of answer.incidents) {
    for (const figure of incident.figures) {
      const at = `${incident.id}, ${figure.measure} of ${figure.side ?? 'anybody'}`;
      for (const position of figure.positions) {
        const held = heldBy(position, figure, incident, claims);
        if (!same(held, position)) faults.push(`${at}: ${position.line} holds ${text(held)}, not ${text(position)}`);
      }
      const made = madeBy(policy, figure.positions);
      if (!same(made.numbers, figure)) faults.push(`${at}: ${policy} gives ${text(made.numbers)}, not ${text(figure)}`);
      const status = made.used.length === 0 ? 'unreported' : isNone(made.numbers) ? 'affirmed-none' : 'reported';
      if (figure.status !== status) faults.push(`${at}: it is ${status}, not ${figure.status}`);
      const basis = made.used.length === 0 ? null : made.used.every((one) => one.official) ? 'official' : 'other';
      if (figure.basis !== basis) faults.push(`${at}: it rests on ${basis}, not ${figure.basis}`);
      const used = made.used.flatMap((one) => one.claims);
      if (used.join() !== figure.used.join()) faults.push(`${at}: it uses ${used.join()}, not ${figure.used.join()}`);
      const aside = figure.setAside.map(({ claim }) => claim);
      const unused = figure.positions.filter((one) => !made.used.includes(one)).flatMap((one) => one.claims);
      for (const id of unused) if (!aside.includes(id)) faults.push(`${at}: ${id} is neither used nor set aside`);
      for (const id of used) if (aside.includes(id)) faults.push(`${at}: ${id} is used and set aside`);
      for (const id of [...used, ...aside]) if (!claims.has(id)) faults.push(`${at}: nothing leads to ${id}`);
      if (figure.others !== aside.length) faults.push(`${at}: ${aside.length} are set aside, not ${figure.others}`);
      const apart = figure.positions.some((a) => figure.positions.some((b) => !meet(a, b)));
      const denied = aside.some((id) => claims.get(id)?.stance === 'denies');
      if (apart && !figure.contested) faults.push(`${at}: lines contradict each other, and it is not contested`);
      if (figure.contested && !apart && !denied) faults.push(`${at}: it is contested by nobody`);
    }
  }
  const again = rowsOf(answer).map(rowText).sort();
  const given = answer.rows.map(rowText).sort();
  for (const row of again)
    if (!given.includes(row)) faults.push(`the figures add up to ${row}, and there is no such row`);
  for (const row of given) if (!again.includes(row)) faults.push(`the row ${row} does not follow from the figures`);
  return faults;
}

// ---- What a line holds ----

function heldBy(position: Position, figure: Figure, incident: Incident, claims: Map<string, Claimed>): Numbers {
  const numbers = position.claims.map((id) => numberOf(id, figure, incident, claims));
  const [first = NOBODY] = numbers;
  if (position.flags.includes('kind-exceeds')) return { ...NOBODY, low: first.low };
  if (numbers.length < 2) return first;
  const whole = (of: 'best' | 'high') => {
    const all = numbers.map((one) => one[of]);
    return all.includes(null) ? null : all.reduce<number>((sum, n) => sum + (n ?? 0), 0);
  };
  return { low: numbers.reduce((sum, one) => sum + (one.low ?? 0), 0), best: whole('best'), high: whole('high') };
}

/** What a claim says: its number as published, what a change makes of another, or that something happened at all. */
function numberOf(id: string, figure: Figure, incident: Incident, claims: Map<string, Claimed>): Numbers {
  const claim = claims.get(id);
  const { change, from, low = null, best = null, high = null } = claim?.value ?? {};
  if (claim?.predicate === (PREDICATE[figure.measure] ?? figure.measure)) {
    if (change !== undefined && from !== undefined) {
      const start = numberOf(from, figure, incident, claims);
      const moved = (n: number | null) => (n === null ? null : Math.max(0, n + change));
      return { low: moved(start.low), best: moved(start.best), high: moved(start.high) };
    }
    if (low !== null || best !== null || high !== null) return { low, best, high };
  }
  if (figure.measure !== 'attacks') return NOBODY;
  return incident.kind === 'single' ? { low: 1, best: 1, high: 1 } : { low: 1, best: null, high: null };
}

// ---- What a policy makes of it ----

interface Made {
  numbers: Numbers;
  used: Position[];
}

function madeBy(policy: string, positions: readonly Position[]): Made {
  const officials = positions.filter((one) => one.official);
  switch (policy) {
    case 'latest-official':
      return nearest(officials);
    case 'official-first':
      return officials.length > 0 ? nearest(officials) : bestGraded(positions);
    case 'best-graded':
      return bestGraded(positions);
    case 'envelope':
      return envelope(positions);
    default:
      throw new Error(`The codebook has no policy ${policy}.`);
  }
}

/** Of the officials nearest to those hit, the one who spoke last. */
function nearest(officials: readonly Position[]): Made {
  let found: Position | undefined;
  for (const one of officials) {
    const isNearer = found === undefined || Number(one.rank) < Number(found.rank);
    if (isNearer || (one.rank === found?.rank && (one.said ?? '') > (found?.said ?? ''))) found = one;
  }
  return found === undefined ? { numbers: NOBODY, used: [] } : { numbers: found, used: [found] };
}

function bestGraded(positions: readonly Position[]): Made {
  const order = ({ grade }: Position) =>
    '12364'.indexOf(String(grade.credibility)) * 10 + 'ABCFDE'.indexOf(grade.reliability);
  const best = Math.min(...positions.map(order));
  return envelope(positions.filter((one) => order(one) === best));
}

function envelope(positions: readonly Position[]): Made {
  const used = positions.filter((one) => !positions.some((other) => saysLess(one, other)));
  const [first, second] = used;
  if (first === undefined) return { numbers: NOBODY, used };
  if (second === undefined) return { numbers: first, used };
  const ends = used.map(range);
  const high = Math.max(...ends.map(([, to]) => to));
  const best = used.every((one) => one.best === first.best) ? first.best : null;
  const numbers = { low: Math.min(...ends.map(([from]) => from)), best, high: high === Infinity ? null : high };
  return { numbers, used };
}

function saysLess(one: Position, other: Position): boolean {
  const [a, b] = range(one);
  const [c, d] = range(other);
  return a <= c && d <= b && !(a === c && b === d);
}

function range({ low, high }: Numbers): [number, number] {
  const ends: [number, number] = [low ?? 0, high ?? Infinity];
  return ends[0] <= ends[1] ? ends : [ends[1], ends[0]];
}

function meet(a: Position, b: Position): boolean {
  const reach = (one: Position): [number, number] => {
    const [from, to] = range(one);
    return one.about ? [Math.floor((from * 9) / 10), Math.ceil((to * 11) / 10)] : [from, to];
  };
  const [from, to] = reach(a);
  const [start, end] = reach(b);
  return from <= end && start <= to;
}

// ---- What figures add up to ----

const COUNTS = [
  'incidents',
  'unreported',
  'affirmedNone',
  'contested',
  'floors',
  'disordered',
  'official',
  'other',
] as const;
type Sum = Numbers & Record<(typeof COUNTS)[number], number>;

function rowsOf({
  rows,
  incidents,
}: Parts): (Sum & Pick<Row, 'measure' | 'side' | 'bucket' | 'remainder' | 'group'>)[] {
  const groups = new Map<string, Incident[]>();
  for (const one of incidents) {
    const { bucket, remainder, group } = one;
    const key = JSON.stringify({ bucket, remainder, group });
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  // Which measures and which side were asked about is seen by the rows that there are.
  const asked = new Map(rows.map(({ measure, side }) => [measure, side === 'not-said' ? 'all' : side]));
  for (const { measure, side } of rows) if (side === 'all') asked.set(measure, 'all');
  return [...groups.values()].flatMap((some) =>
    [...asked].flatMap(([measure, side]) => {
      const [{ bucket, remainder, group }] = some as [Incident];
      const row = (of: string | null, sum: Sum) => ({ measure, side: of, bucket, remainder, group, ...sum });
      const figure = (one: Incident, of: string | null) =>
        one.figures.find((each) => each.measure === measure && each.side === of);
      if (side !== 'all')
        return [
          row(
            side,
            added(
              some.map((one) => [figure(one, side)]),
              true,
            ),
          ),
        ];

      const sides = ['target', 'attacker', 'bystander', 'a', 'b'];
      const counts = (one: Figure | undefined): one is Figure => {
        return one !== undefined && (one.status !== 'unreported' || one.contested);
      };
      const isSided = (one: Incident) => sides.some((of) => (figure(one, of)?.status ?? 'unreported') !== 'unreported');
      const bySide = [
        ...sides.map((of) => ({ of, figures: some.map((one) => figure(one, of)) })),
        { of: 'not-said', figures: some.map((one) => (isSided(one) ? undefined : figure(one, null))) },
      ];
      const each = bySide.flatMap(({ of, figures }) => {
        const known = figures.filter(counts);
        return known.length === 0
          ? []
          : [
              row(
                of,
                added(
                  known.map((one) => [one]),
                  true,
                ),
              ),
            ];
      });
      const all = some.map((_, at) => bySide.map(({ figures }) => figures[at]).filter(counts));
      return [row('all', added(all, false)), ...each];
    }),
  );
}

/** The sum over incidents, each with its figures. What is counted beside, counts an incident once. */
function added(incidents: readonly (readonly (Figure | undefined)[])[], isOneEach: boolean): Sum {
  const sum: Sum = {
    low: 0,
    best: 0,
    high: 0,
    ...(Object.fromEntries(COUNTS.map((of) => [of, 0])) as Record<(typeof COUNTS)[number], number>),
  };
  for (const figures of incidents) {
    const said = figures.filter((one) => one !== undefined && one.status !== 'unreported') as Figure[];
    sum.incidents += 1;
    if (said.length === 0) sum.unreported += 1;
    if (figures.some((one) => one?.contested === true)) sum.contested += 1;
    if (said.some((one) => one.status === 'affirmed-none')) sum.affirmedNone += 1;
    if (said.some((one) => one.best === null)) sum.floors += 1;
    if (said.some(isDisordered)) sum.disordered += 1;
    if (said.some((one) => one.basis === 'official')) sum.official += 1;
    if (said.some((one) => one.basis === 'other')) sum.other += 1;
    if (isOneEach && figures.length > 1) throw new Error('One figure an incident was expected.');
    for (const { low, best, high } of said) {
      sum.low = Number(sum.low) + (low ?? 0);
      sum.best = Number(sum.best) + (best ?? low ?? 0);
      sum.high = sum.high === null || high === null ? null : sum.high + high;
    }
  }
  return sum;
}

function isDisordered({ low, best, high }: Numbers): boolean {
  const given = [low, best, high].filter((n) => n !== null);
  return given.some((n, at) => at > 0 && Number(given[at - 1]) > n) || Number(low) > (high ?? Infinity);
}

function isNone({ low, best, high }: Numbers): boolean {
  return high === 0 && !low && !best;
}

function same(a: Numbers, b: Numbers): boolean {
  return a.low === b.low && a.best === b.best && a.high === b.high;
}

function text({ low, best, high }: Numbers): string {
  return [low, best, high].map((n) => n ?? '–').join('/');
}

function rowText(row: Sum & Pick<Row, 'measure' | 'side' | 'bucket' | 'remainder' | 'group'>): string {
  const place = [row.bucket, row.group?.id, row.remainder ? 'remainder' : null].filter((one) => one !== null);
  const beside = COUNTS.map((of) => `${of} ${row[of]}`).join(', ');
  return `${row.measure} of ${row.side ?? 'anybody'} ${place.join(' ')} ${text(row)} (${beside})`;
}
