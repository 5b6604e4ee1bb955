/**
 * An incident as a row of UCDP GED: the columns that programs which read GED know, as far as what is recorded has a place in
 * them. What GED has no way to say (no figure, no best, an open high, no country, no date) is an empty cell.
 */
import type { Figure, Id, Incident, Part, PlaceKind, Precision, Registers, Side } from '#domain';
import { lineOf } from '#domain';
import type { Told } from './told.js';

export const GED_COLUMNS = [
  'id',
  'relid',
  'year',
  'active_year',
  'type_of_violence',
  'dyad_name',
  'side_a_new_id',
  'side_a',
  'side_b_new_id',
  'side_b',
  'number_of_sources',
  'source_article',
  'where_prec',
  'where_coordinates',
  'adm_1',
  'adm_2',
  'latitude',
  'longitude',
  'country',
  'country_id',
  'region',
  'event_clarity',
  'date_prec',
  'date_start',
  'date_end',
  'deaths_a',
  'deaths_b',
  'deaths_civilians',
  'deaths_unknown',
  'best',
  'high',
  'low',
  'gwnoa',
  'gwnob',
] as const;

export type GedRow = Record<(typeof GED_COLUMNS)[number], string | number | null>;

/** Numbers of ours begin here, where UCDP has none: this and the record that made the thing. */
const OURS = 900_000_000;
/** UCDP's number and name of those who are no actor. */
const CIVILIANS = { id: 1, name: 'Civilians', gw: null };
const UNKNOWN = { id: OURS, name: 'Unknown', gw: null };
const STATES: ReadonlySet<string> = new Set(['state', 'state-body', 'armed-force']);

const DATE_PRECISIONS: Readonly<Record<Precision, number>> = {
  minute: 1,
  hour: 1,
  'part-of-day': 1,
  day: 1,
  days: 2,
  week: 3,
  month: 4,
  year: 5,
  longer: 5,
};

/** Of a place without a known point. */
const WHERE_PRECISIONS: Readonly<Partial<Record<PlaceKind, number>>> = {
  district: 3,
  governorate: 4,
  area: 5,
  country: 6,
  region: 6,
  waters: 7,
};

interface GedSide {
  id: number;
  name: string;
  gw: number | null;
}

/** `figure`: how many were killed, of anybody. */
export function gedRow(told: Told, id: Id, card: Incident, figure: Figure, parts: readonly Part[]): GedRow {
  const a = sideOf(told, id, card, ['a', 'attacker']);
  const b = sideOf(told, id, card, ['b', 'target']);
  const number = /^ged:([1-9]\d{0,8})$/.exec(id)?.[1];
  // Of UCDP's own rows only those against civilians have one side.
  const other = number === undefined ? UNKNOWN : CIVILIANS;
  const [first, second] = [a ?? UNKNOWN, b ?? other];
  const isOfState = card.parties.some(({ actor }) => STATES.has(told.actor(actor)?.kind ?? ''));
  const { time } = card;
  const datePrecision = time === undefined ? null : DATE_PRECISIONS[time.precision];
  const { sources, count } = told.sourcesOf(figure.used);
  return {
    id: number === undefined ? OURS + told.recordOf(id) : Number(number),
    relid: id,
    year: time === undefined ? null : Number(time.from.slice(0, 4)),
    active_year: 1,
    type_of_violence: second === CIVILIANS ? 3 : isOfState ? 1 : 2,
    dyad_name: `${first.name} - ${second.name}`,
    side_a_new_id: first.id,
    side_a: first.name,
    side_b_new_id: second.id,
    side_b: second.name,
    number_of_sources: count,
    source_article: sources,
    ...whereOf(told, card),
    event_clarity: card.kind === 'bundle' && (datePrecision ?? 0) < 4 ? 2 : 1,
    date_prec: datePrecision,
    date_start: time?.from.slice(0, 10) ?? null,
    date_end: time?.to.slice(0, 10) ?? null,
    ...deathsOf(figure, parts),
    best: figure.best,
    high: figure.high,
    low: figure.low,
    gwnoa: first.gw,
    gwnob: second.gw,
  };
}

function sideOf(told: Told, id: Id, { parties }: Incident, sides: readonly Side[]): GedSide | undefined {
  const actors = parties.filter(({ side }) => sides.includes(side)).map(({ actor }) => actor);
  const [one, ...more] = actors;
  if (one === undefined) return undefined;
  if (more.length > 0) {
    return {
      id: OURS + told.recordOf(id),
      name: actors.map((actor) => told.nameOf('actor', actor)).join(', '),
      gw: null,
    };
  }
  const number = /^ucdp:actor:([1-9]\d{0,8})$/.exec(one)?.[1];
  const kind = told.actor(one)?.kind ?? '';
  const gw = STATES.has(kind) ? (told.actor(lineOf(one, told))?.codes?.gw ?? null) : null;
  return { id: number === undefined ? OURS + told.recordOf(one) : Number(number), name: told.nameOf('actor', one), gw };
}

type Where =
  | 'where_prec'
  | 'where_coordinates'
  | 'adm_1'
  | 'adm_2'
  | 'latitude'
  | 'longitude'
  | 'country'
  | 'country_id'
  | 'region';

/** UCDP's precision says how well the point is known: a town without one is known as well as its district. */
function whereOf(told: Told, { place }: Incident): Pick<GedRow, Where> {
  const nameOf = (id: Id | undefined): string | null => (id === undefined ? null : told.nameOf('place', id));
  const within = (kind: PlaceKind): Id | undefined =>
    place === undefined ? undefined : withinOf(place.place, kind, told);
  const [governorate, district, country] = [within('governorate'), within('district'), within('country')];
  const card = place === undefined ? undefined : told.place(place.place);
  const point = place?.point ?? card?.point;
  const state = country === undefined ? undefined : told.place(country)?.state;
  const known = district !== undefined ? 3 : governorate !== undefined ? 4 : 6;
  const isNear = place?.near === true;
  return {
    where_prec:
      card === undefined ? null : point !== undefined ? (isNear ? 2 : 1) : (WHERE_PRECISIONS[card.kind] ?? known),
    where_coordinates: nameOf(place?.place),
    adm_1: nameOf(governorate),
    adm_2: nameOf(district),
    latitude: point?.lat ?? null,
    longitude: point?.lon ?? null,
    country: nameOf(country),
    country_id:
      country === undefined
        ? null
        : (told.place(country)?.codes?.gw ?? (state === undefined ? undefined : told.actor(state)?.codes?.gw) ?? null),
    region: nameOf(within('region')),
  };
}

const CLIMB_MAX = 50;

function withinOf(place: Id, kind: PlaceKind, registers: Registers): Id | undefined {
  let id: Id | undefined = place;
  for (let climbed = 0; id !== undefined && climbed < CLIMB_MAX; climbed += 1) {
    const card = registers.place(id);
    if (card?.kind === kind) return id;
    id = card?.inside;
  }
  return undefined;
}

/** As the one claim that the figure rests on splits them, where its parts add up; else nobody knows whose they were. */
function deathsOf(
  { best }: Figure,
  parts: readonly Part[],
): Pick<GedRow, 'deaths_a' | 'deaths_b' | 'deaths_civilians' | 'deaths_unknown'> {
  const none = best === null ? null : 0;
  const deaths = { deaths_a: none, deaths_b: none, deaths_civilians: none, deaths_unknown: best };
  if (best === null) return deaths;
  const split = { deaths_a: 0, deaths_b: 0, deaths_civilians: 0, deaths_unknown: 0 };
  for (const { who, value } of parts) {
    const column =
      who.category === 'civilian'
        ? 'deaths_civilians'
        : who.side === 'a' || who.side === 'attacker'
          ? 'deaths_a'
          : who.side === 'b' || who.side === 'target'
            ? 'deaths_b'
            : 'deaths_unknown';
    split[column] += value.best ?? 0;
  }
  const { deaths_a, deaths_b, deaths_civilians, deaths_unknown } = split;
  return deaths_a + deaths_b + deaths_civilians + deaths_unknown === best && parts.length > 0 ? split : deaths;
}
