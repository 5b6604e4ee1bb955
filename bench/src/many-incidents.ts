/**
 * A LEDGER LIKE A LARGE DATA SET, GENERATED: commands for so many incidents with what is said of them, corrected and taken
 * back. No incident, actor, place or number in it is real. How often what happens is taken from UCDP GED (its files of Syria
 * 2018 and of all countries 2022, 3,765 rows: dates and places known how exactly, deaths by quantile, incidents a month);
 * how much is corrected, said twice or retracted is assumed, and stated below. The same number makes the same ledger.
 */
import type { ActorKind, Claim, Command, Incident, Method, Place, PlaceKind, Quantity, Side, TimeSpan } from '#domain';

/** Of 100 incidents, so many: what is assumed. */
const ASSUMED = { saidTwice: 10, corrected: 5, statementRetracted: 1, cardCorrected: 2, incidentRetracted: 0.5 };
const STATES = 10;
const GROUPS = 60;
const PUBLISHERS = 40;
const COUNTRIES = 5;
const GOVERNORATES = 14;
const DISTRICTS = 10;
const TOWNS = 10;
const FIRST_DAY = Date.UTC(2014, 0, 1);
/** Ten years: some 830 incidents a month of 100,000, as in GED. */
const DAYS = 3_652;

/** Deaths of an incident at these shares of all (GED, best). */
const DEATHS: readonly (readonly [share: number, deaths: number])[] = [
  [0, 0],
  [0.09, 1],
  [0.25, 1],
  [0.5, 2],
  [0.75, 6],
  [0.9, 14],
  [0.99, 65],
  [1, 600],
];

export const stateId = (index: number): string => `state-${index}`;
export const countryId = (index: number): string => `country-${index}`;
const pad = (index: number, digits = 2): string => String(index).padStart(digits, '0');

/** Numbers from 0 to 1 that look random and are the same each time (mulberry32). */
function dice(): () => number {
  let state = 20_261_124;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The commands in their order; what they expect to be changed is left to whoever applies them. */
export function* manyIncidents(count: number): Generator<Command> {
  const random = dice();
  const below = (limit: number): number => Math.floor(random() * limit);
  const of = (percent: number): boolean => random() * 100 < percent;
  /** One of some, each with its share of 1. */
  const among = <T>(...shares: readonly (readonly [share: number, what: T])[]): T => {
    let left = random();
    for (const [share, what] of shares) if ((left -= share) < 0) return what;
    return shares[0]?.[1] as T;
  };
  const dateOf = (day: number): string => new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);

  yield* registers();
  const incident = (index: number): string => `incident:${index}`;
  const cards = new Map<number, Incident>();

  const time = (): TimeSpan => {
    const day = below(DAYS);
    const from = dateOf(day);
    const [days, precision] = among<readonly [number, TimeSpan['precision']]>(
      [0.89, [0, 'day']],
      [0.07, [1 + below(5), 'days']],
      [0.005, [6, 'week']],
      [0.025, [30, 'month']],
      [0.01, [364, 'year']],
    );
    if (days > 0 || !of(10)) return { from, to: dateOf(day + days), precision };
    const clock = `${from}T${pad(below(24))}:${pad(below(60))}`;
    return { from: clock, to: clock, zone: 'Asia/Damascus', precision: 'minute' };
  };
  const place = (): Incident['place'] => {
    const governorate = `governorate-${below(COUNTRIES)}-${below(GOVERNORATES)}`;
    const district = `district${governorate.slice(11)}-${below(DISTRICTS)}`;
    const town = `town${district.slice(8)}-${below(TOWNS)}`;
    return among<Incident['place']>(
      [0.51, { place: town }],
      [0.33, { place: town, near: true }],
      [0.06, { place: district }],
      [0.05, { place: governorate }],
      [0.04, { place: countryId(Number(governorate.split('-')[1])) }],
      [0.01, undefined],
    );
  };
  const card = (): Incident => {
    const sides: [Side, Side] = of(60) ? ['a', 'b'] : ['attacker', 'target'];
    const first = of(50) ? `force-${below(STATES)}` : `group-${pad(below(GROUPS))}`;
    const where = place();
    return {
      kind: of(5) ? 'bundle' : 'single',
      method: among<Method>([0.4, 'clash'], [0.25, 'artillery'], [0.15, 'air-strike'], [0.1, 'ied'], [0.1, 'drone']),
      time: time(),
      ...(where !== undefined && { place: where }),
      parties: [
        { actor: first, side: sides[0] },
        { actor: `group-${pad(below(GROUPS))}`, side: sides[1] },
      ],
    };
  };
  const deaths = (): number => {
    const at = random();
    const upper = DEATHS.findIndex(([share]) => share > at);
    const [low, high] = [DEATHS[upper - 1], DEATHS[upper]];
    if (low === undefined || high === undefined) return 0;
    return Math.floor(low[1] + ((at - low[0]) / (high[0] - low[0])) * (high[1] - low[1]));
  };
  const around = (best: number): Quantity => ({
    low: of(90) ? best : Math.max(0, best - 1 - below(3)),
    best,
    high: of(85) ? best : best + 1 + below(9),
  });
  /** Two claims: killed, for anybody with a split by side as in GED or of one side; and one more. */
  const claims = (index: number): Claim[] => {
    const about = { incident: incident(index) };
    const best = deaths();
    const sides = cards.get(index)?.parties.map(({ side }) => side) ?? [];
    const one = Math.floor(best * random());
    const split = sides.map((side, at) => ({ who: { side }, value: exactly(at === 0 ? one : best - one) }));
    const isSplit = sides[0] === 'a';
    const killed: Claim = {
      predicate: 'killed',
      about,
      stance: 'asserts',
      value: around(best),
      ...(isSplit ? { parts: split } : { who: { side: 'target' } }),
    };
    const more = among<Claim>(
      [
        0.4,
        {
          predicate: 'injured',
          about,
          stance: 'asserts',
          value: { low: below(9), best: null, high: null },
          words: 'at least',
        },
      ],
      [0.3, { predicate: 'damage', about, stance: 'asserts', value: { level: 'some', items: [] } }],
      [
        0.3,
        {
          predicate: 'responsibility',
          about,
          stance: 'asserts',
          value: { actor: `group-${pad(below(GROUPS))}`, role: 'carried-out' },
        },
      ],
    );
    return [killed, more];
  };
  const bySet = (index: number): Command & { act: 'record-statement' } => ({
    act: 'record-statement',
    id: `row:${index}`,
    statement: {
      document: 'release',
      speaker: 'data-set',
      utterance: `row:${index}`,
      form: 'own-voice',
      claims: claims(index),
    },
  });

  for (let index = 0; index < count; index += 1) {
    if (index % 5 === 0) {
      const published = dateOf(below(DAYS));
      yield {
        act: 'register-document',
        id: `report-${index}`,
        document: {
          publisher: `publisher-${pad(below(PUBLISHERS))}`,
          kind: 'citation',
          title: `Report ${index}`,
          published: { from: published, to: published, precision: 'day' },
        },
      };
    }
    const made = card();
    cards.set(index, made);
    yield { act: 'record-incident', id: incident(index), incident: made };
    yield bySet(index);

    const earlier = below(index + 1);
    if (of(ASSUMED.saidTwice)) {
      const speaker = among([0.4, `force-${below(STATES)}`], [0.6, `publisher-${pad(below(PUBLISHERS))}`]);
      yield {
        act: 'record-statement',
        id: `said:${index}`,
        statement: {
          document: `report-${index - (index % 5)}`,
          speaker,
          utterance: `said:${index}`,
          form: speaker.startsWith('force') ? 'reported' : 'own-voice',
          quote: { text: 'We have seen the reports, and give the numbers that we know of. '.repeat(3), language: 'en' },
          claims: claims(index),
        },
      };
    }
    if (of(ASSUMED.corrected)) yield { ...bySet(earlier), act: 'correct-statement', reason: 'Mistyped.' };
    if (of(ASSUMED.cardCorrected)) {
      const corrected = card();
      // The sides that claims speak of stay.
      const parties = cards.get(earlier)?.parties ?? corrected.parties;
      yield { act: 'correct-incident', id: incident(earlier), incident: { ...corrected, parties }, reason: 'Misread.' };
    }
    // Of each at most once: those that were retracted are not retracted again.
    if (index % 100 < ASSUMED.statementRetracted) {
      yield { act: 'retract-statement', id: `row:${index}`, reason: 'Should not be here.' };
    }
    if (index % 200 < 2 * ASSUMED.incidentRetracted) {
      yield { act: 'retract-incident', id: incident(index), reason: 'Should not be here.' };
    }
    const reason = 'Found out since.';
    if (index === Math.floor(count * 0.3)) yield { act: 'reparent-actor', id: 'group-07', partOf: stateId(3), reason };
    if (index === Math.floor(count * 0.5)) {
      yield { act: 'reparent-place', id: 'district-1-2-3', inside: 'governorate-1-5', reason };
    }
    if (index === Math.floor(count * 0.7)) yield { act: 'merge-actor', id: 'group-11', into: 'group-12', reason };
  }
}

const exactly = (number: number): Quantity => ({ low: number, best: number, high: number });

function* registers(): Generator<Command> {
  const named = (text: string): { names: { text: string }[] } => ({ names: [{ text }] });
  const actor = (id: string, kind: ActorKind, partOf?: string): Command => ({
    act: 'register-actor',
    id,
    actor: { ...named(id), kind, ...(partOf !== undefined && { partOf }) },
  });
  const place = (id: string, kind: PlaceKind, more: Partial<Place>): Command => ({
    act: 'register-place',
    id,
    place: { ...named(id), kind, ...more },
  });
  yield { act: 'open-ledger', origin: { title: 'Generated for a measurement', keeper: 'npm run bench:reads' } };
  yield actor('data-set', 'compiler');
  for (let index = 0; index < STATES; index += 1) {
    yield actor(stateId(index), 'state');
    yield actor(`force-${index}`, 'armed-force', stateId(index));
  }
  for (let index = 0; index < GROUPS; index += 1) yield actor(`group-${pad(index)}`, 'armed-group');
  for (let index = 0; index < PUBLISHERS; index += 1) yield actor(`publisher-${pad(index)}`, 'media');
  yield {
    act: 'register-document',
    id: 'release',
    document: { publisher: 'data-set', kind: 'dataset-release', title: 'Release 1' },
  };
  for (let country = 0; country < COUNTRIES; country += 1) {
    yield place(countryId(country), 'country', { state: stateId(country) });
    for (let one = 0; one < GOVERNORATES; one += 1) {
      const governorate = `${country}-${one}`;
      yield place(`governorate-${governorate}`, 'governorate', { inside: countryId(country) });
      for (let two = 0; two < DISTRICTS; two += 1) {
        const district = `${governorate}-${two}`;
        yield place(`district-${district}`, 'district', { inside: `governorate-${governorate}` });
        for (let three = 0; three < TOWNS; three += 1) {
          yield place(`town-${district}-${three}`, 'town', { inside: `district-${district}` });
        }
      }
    }
  }
}
