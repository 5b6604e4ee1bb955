/**
 * UCDP GED AS ACTS (docs/codebook.md, section 14): a row is an incident, `ged:<id>`, and a statement of UCDP's that says how
 * many were killed, `ged:<release>:<id>`. Places and parties are registered once. Pure.
 */
import type {
  Claim,
  Document,
  Id,
  Incident,
  Part,
  PlaceKind,
  PlaceValue,
  Precision,
  Quantity,
  Statement,
} from '#domain';
import { statesByNumber, stateOfName, type StateSeed } from './countries.js';
import { hashOf, idOf, label, slug, type DataSet, type Entry, type Register } from './dataset.js';
import { checkGedColumns, readGedRow, type GedRow, type GedSide } from './ged-row.js';
import type { Release } from './journal.js';
import type { Row } from './rows.js';

const UCDP = 'ucdp';
const VIOLENCE = ['', 'State-based', 'Non-state', 'One-sided'];
const PRECISIONS: readonly Precision[] = ['longer', 'day', 'days', 'week', 'month', 'longer'];
/** UCDP's name for those who are no actor. */
const CIVILIANS = 'Civilians';

/** `isAssumed`: nobody gave the day on which it was published. */
export function gedDataSet(release: Release, isAssumed: boolean): DataSet {
  const document = `ged:release:${release.name}`;
  return {
    release,
    registers: [
      {
        act: 'register-actor',
        body: {
          id: UCDP,
          kind: 'compiler',
          names: [
            { text: 'Uppsala Conflict Data Program', language: 'en' },
            { text: 'UCDP', language: 'en' },
          ],
        },
      },
      {
        act: 'register-document',
        body: {
          id: document,
          publisher: UCDP,
          kind: 'dataset-release',
          title: `UCDP Georeferenced Event Dataset (GED), release ${release.name}`,
          ...publishedIn(release, isAssumed),
          language: 'en',
          collects: ['killed'],
        },
      },
    ],
    checkColumns: checkGedColumns,
    read: (row) => entryOf(row, release, document),
    incidentId,
    statementId,
    retraction: (row, earlier) => ({
      ...voiceOf(row, release, document),
      claims: [
        {
          predicate: 'killed',
          about: { incident: incidentId(row) },
          stance: 'retracts',
          retracts: `${statementId(earlier, row)}#1`,
        },
      ],
    }),
  };
}

const incidentId = (row: string): Id => `ged:${row}`;
const statementId = (release: Release, row: string): Id => `ged:${release.name}:${row}`;

/** What a release says of a row, whatever it says. */
function voiceOf(row: string, release: Release, document: Id): Omit<Statement, 'claims'> {
  return {
    document,
    speaker: UCDP,
    form: 'own-voice',
    utterance: `ucdp:${release.name}:${row}`,
    locator: `id ${row}`,
  };
}

/** UCDP numbers its releases by the year in which they come out. */
function publishedIn({ published }: Release, isAssumed: boolean): Pick<Document, 'published' | 'note'> {
  if (!isAssumed) return { published: { from: published, to: published, precision: 'day' } };
  return {
    published: { from: `${published.slice(0, 4)}-01-01`, to: published, precision: 'year', assumed: true },
    note: 'When it was published is assumed: in the year that the number of the release names.',
  };
}

function entryOf(raw: Row, release: Release, document: Id): Entry {
  const row = readGedRow(raw);
  const { id, type, a, b, clarity, from, to, datePrecision, country, adm1, adm2, where, wherePrecision, point } = row;
  // Renderings of one release differ in how many digits they give: the fifth is a metre.
  const near = (degrees: number | undefined): string | undefined => degrees?.toFixed(5);
  const card = [
    [type, a.id, b.id, clarity],
    [from, to, datePrecision],
    [country.gw, adm1, adm2, where, wherePrecision, near(point?.lat), near(point?.lon)],
  ];
  const { deaths, low, best, high } = row;
  return {
    row: String(id),
    card: hashOf(card),
    values: hashOf([card, deaths.a, deaths.b, deaths.civilians, deaths.unknown, low, best, high]),
    country: country.gw,
    year: Number(from.slice(0, 4)),
    registers: () => [
      ...placesOf(row).registers,
      ...[a, b].filter(isActor).flatMap((side) => registersOfSide(side, country)),
    ],
    incident: () => incidentOf(row),
    statement: () => ({ ...voiceOf(String(id), release, document), claims: [killed(row)] }),
  };
}

function incidentOf(row: GedRow): Incident {
  const { conflict, where, clarity, datePrecision } = row;
  return {
    title: label([conflict, where].filter((part) => part !== '').join(', ')),
    kind: clarity === 2 || datePrecision >= 4 ? 'bundle' : 'single',
    method: 'other',
    place: placesOf(row).place,
    time: { from: row.from, to: row.to, precision: PRECISIONS[datePrecision] ?? 'longer' },
    parties: [
      ...(isActor(row.a) ? [{ actor: actorId(row.a), side: 'a' as const }] : []),
      ...(isActor(row.b) ? [{ actor: actorId(row.b), side: 'b' as const }] : []),
    ],
    note: `${VIOLENCE[row.type]} violence, as UCDP counts it.`,
  };
}

/** As published, in whatever order low, best and high are. The parts add up to best. */
function killed({ id, a, b, deaths, low, best, high, sources }: GedRow): Claim {
  const exactly = (number: number): Quantity => ({ low: number, best: number, high: number });
  const ofSide = (side: 'a' | 'b', actor: GedSide): Part['who'] => ({
    side,
    ...(isActor(actor) && { of: actorId(actor) }),
  });
  return {
    predicate: 'killed',
    about: { incident: incidentId(String(id)) },
    stance: 'asserts',
    value: { low, best, high },
    parts: [
      { who: ofSide('a', a), value: exactly(deaths.a) },
      { who: ofSide('b', b), value: exactly(deaths.b) },
      { who: { category: 'civilian' }, value: exactly(deaths.civilians) },
      { who: {}, value: exactly(deaths.unknown) },
    ],
    ...(sources !== '' && { words: sources }),
  };
}

// Parties.

const isActor = ({ name }: GedSide): boolean => name !== CIVILIANS;
const actorId = ({ id }: GedSide): Id => `ucdp:actor:${id}`;

/** A government is a body of its state; whoever else UCDP lists is armed and no state. */
function registersOfSide(side: GedSide, country: GedRow['country']): Register[] {
  const government = /^Government of (.+)$/.exec(side.name)?.[1];
  const state = government === undefined ? undefined : stateOfGovernment(government, side, country);
  const body: Extract<Register, { act: 'register-actor' }>['body'] = {
    id: actorId(side),
    names: [{ text: label(side.name), language: 'en' }],
    kind: government === undefined ? 'armed-group' : 'state-body',
    ...(state !== undefined && { partOf: state.actor.body.id }),
  };
  return [...(state === undefined ? [] : [state.actor]), { act: 'register-actor', body }];
}

/** By its number, which not every file gives; by the country of the row, where that has its name; or by its name. */
function stateOfGovernment(name: string, { gw }: GedSide, country: GedRow['country']): StateSeed | undefined {
  return statesByNumber.get(gw ?? (name === country.name ? country.gw : 0)) ?? stateOfName(name);
}

// Places.

/** Towns, villages and parts of them; whatever else has a point is a site, such as a base. */
const TOWN = /\b(?:town|village|city|settlement|hamlet|neighbou?rhood|suburb|quarter|refugee camp)s?\b/i;

/** Where the row puts it, by where_prec, and all that this lies in. */
function placesOf({ country, adm1, adm2, where, wherePrecision, point }: GedRow): {
  place: PlaceValue;
  registers: Register[];
} {
  const { id: countryId, registers } = registersOfCountry(country);
  const named = [slug(adm1), slug(adm2), slug(where)] as const;
  const idIn = (...parts: readonly string[]): Id => idOf(['ged:place', country.gw, ...parts].join(':'));
  const register = (id: Id, name: string, kind: PlaceKind, inside: Id, at?: GedRow['point']): Id => {
    const names = [{ text: label(name), language: 'en' }];
    registers.push({
      act: 'register-place',
      body: { id, names, kind, inside, ...(at !== undefined && { point: at }) },
    });
    return id;
  };
  const governorate = adm1 === '' ? undefined : register(idIn(named[0]), adm1, 'governorate', countryId);
  const district =
    adm2 === '' ? undefined : register(idIn(named[0], named[1]), adm2, 'district', governorate ?? countryId);
  const within = district ?? governorate ?? countryId;
  const area = (): Id =>
    where === '' ? within : register(idIn(named[0], named[1], 'area', named[2]), where, 'area', within);

  switch (wherePrecision) {
    case 1:
    case 2: {
      if (where === '') return { place: { place: within }, registers };
      const id = idIn(named[0], named[1], named[2]);
      const place = register(id, where, TOWN.test(where) ? 'town' : 'site', within, point);
      const near = wherePrecision === 2 ? { near: true as const } : {};
      return { place: { place, ...near, ...(point !== undefined && { point }) }, registers };
    }
    case 3:
      return { place: { place: district ?? area() }, registers };
    case 4:
      return { place: { place: governorate ?? area() }, registers };
    case 5:
      return { place: { place: area() }, registers };
    case 7:
      return where === ''
        ? { place: { place: countryId }, registers }
        : { place: { place: register(idIn('waters', named[2]), where, 'waters', countryId) }, registers };
    default:
      return { place: { place: countryId }, registers };
  }
}

function registersOfCountry({ gw, name }: GedRow['country']): { id: Id; registers: Register[] } {
  const state: StateSeed | undefined = statesByNumber.get(gw);
  if (state !== undefined) return { id: state.country.body.id, registers: [state.region, state.actor, state.country] };
  const id = `country:gw-${gw}`;
  const names = [{ text: label(name), language: 'en' }];
  return { id, registers: [{ act: 'register-place', body: { id, names, kind: 'country', codes: { gw } } }] };
}
