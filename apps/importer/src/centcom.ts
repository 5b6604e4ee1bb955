/**
 * LINES OF CENTRAL COMMAND'S STRIKE RELEASES AS ACTS (docs/codebook.md, section 14): each line of the file is an incident and
 * a statement in Central Command's own voice; of several strikes in one line, a bundle. Lines have no id but their place in
 * the file, so that two that say the same stay two. Pure, but that it remembers which lines it has seen.
 */
import type { Claim, Id, Incident, Statement, TimeSpan } from '#domain';
import { stateOfName } from './countries.js';
import { hashOf, idOf, label, slug, type DataSet, type Entry } from './dataset.js';
import { damageOf, woundedOf } from './strike-line.js';
import { americanDateOf, countOf, plain, Unreadable, UnreadableFile, type Row } from './rows.js';

const CENTCOM = 'centcom';
const ISIL = 'isis';
const COLUMNS = ['date', 'country', 'location', 'number', 'description', 'line'];

const usa = stateOfName('United States')?.actor;

/** `file` names the file, for ever: another name makes other incidents. */
export function centcomDataSet(file: string): DataSet {
  const key = slug(file.replace(/\.gz$/i, '').replace(/\.[^.]*$/, ''));
  const document = idOf(`centcom:file:${key}`);
  const incidentId = (row: string): Id => idOf(`centcom:${key}:${row}`);
  const firstWith = new Map<number, number>();
  return {
    release: { name: key, published: '' },
    registers: [
      ...(usa === undefined ? [] : [usa]),
      {
        act: 'register-actor',
        body: {
          id: CENTCOM,
          kind: 'armed-force',
          names: [{ text: 'US Central Command', language: 'en' }],
          ...(usa !== undefined && { partOf: usa.body.id }),
        },
      },
      {
        act: 'register-actor',
        body: { id: ISIL, kind: 'armed-group', names: [{ text: 'ISIS' }, { text: 'ISIL' }] },
      },
      {
        act: 'register-document',
        body: {
          id: document,
          publisher: CENTCOM,
          kind: 'dataset-release',
          title: label(`Strikes against ISIL as US Central Command announced them: ${key}`),
          language: 'en',
          collects: ['happened'],
        },
      },
    ],
    checkColumns(first) {
      const missing = COLUMNS.filter((column) => !first.has(column));
      if (missing.length === 0) return;
      throw new UnreadableFile(
        `These are no strike lines: there is no column ${missing.join(', ')}. Nothing was imported.`,
      );
    },
    read(row) {
      const entry = readLine(row, document, incidentId);
      const twinOf = firstWith.get(entry.values);
      if (twinOf === undefined) firstWith.set(entry.values, row.at);
      return twinOf === undefined ? entry : asTwin(entry, twinOf);
    },
    incidentId,
    statementId: (_release, row) => idOf(`${incidentId(row)}:said`),
  };
}

/** Nothing tells it from a line before: it is kept, and flagged. */
function asTwin(entry: Entry, of: number): Entry {
  return { ...entry, incident: () => ({ ...entry.incident(), note: `twin: line ${of} of the file says the same.` }) };
}

function readLine(row: Row, document: Id, incidentId: (row: string) => Id): Entry {
  const date = americanDateOf(row, 'date');
  const strikes = countOf(row, 'number');
  if (strikes === 0) throw new Unreadable('number is 0: no strike');
  const country = placeOfCountry(plain(row.text('country')));
  const town = plain(row.text('location')).replace(/^near /i, '');
  const line = plain(row.text('line') || row.text('description')).slice(0, 2000);
  if (line === '') throw new Unreadable('line is empty');
  const key = String(row.at);
  const about = { incident: incidentId(key) };
  const day: TimeSpan = { from: date, to: date, precision: 'day' };
  const place = town === '' ? country.body.id : idOf(`centcom:place:${country.body.id.split(':')[1]}:${slug(town)}`);

  const incident = (): Incident => ({
    kind: strikes > 1 ? 'bundle' : 'single',
    method: 'air-strike',
    place: { place, ...(/^\W*near\b/i.test(line) && town !== '' && { near: true as const }) },
    time: day,
    parties: [
      { actor: CENTCOM, side: 'attacker' },
      { actor: ISIL, side: 'target' },
    ],
  });
  const statement = (): Statement => ({
    document,
    speaker: CENTCOM,
    // The line has one date, and is taken to have been said on it.
    said: { ...day, assumed: true },
    form: 'own-voice',
    utterance: idOf(`${incidentId(key)}:said`),
    quote: { text: line, language: 'en' },
    locator: `line ${key}`,
    claims: claimsOf(about, strikes, plain(row.text('description'))),
  });
  const values = hashOf([date, country.body.id, town, strikes, line]);
  return {
    row: key,
    values,
    card: values,
    country: 0,
    year: 0,
    registers: () => [
      country.region,
      country.state,
      { act: 'register-place', body: country.body },
      ...(town === ''
        ? []
        : [
            {
              act: 'register-place' as const,
              body: {
                id: place,
                kind: 'town' as const,
                inside: country.body.id,
                names: [{ text: label(town), language: 'en' }],
              },
            },
          ]),
    ],
    incident,
    statement,
  };
}

function placeOfCountry(name: string) {
  const state = stateOfName(name);
  if (state === undefined) throw new Unreadable(`country is none that is known: ${JSON.stringify(name.slice(0, 40))}`);
  return { body: state.country.body, region: state.region, state: state.actor };
}

function claimsOf(about: Claim['about'], strikes: number, description: string): Claim[] {
  const damage = damageOf(description);
  const wounded = woundedOf(description);
  return [
    { predicate: 'happened', about, stance: 'asserts', value: { low: strikes, best: strikes, high: strikes } },
    ...(damage === undefined
      ? []
      : [{ predicate: 'damage' as const, about, stance: 'asserts' as const, value: damage }]),
    ...(wounded === undefined
      ? []
      : [
          {
            predicate: 'injured' as const,
            about,
            stance: 'asserts' as const,
            who: { side: 'target' as const, category: 'militant' as const },
            value: wounded,
          },
        ]),
    ...(/\binconclusive\b/i.test(description)
      ? [
          {
            predicate: 'outcome' as const,
            about,
            stance: 'asserts' as const,
            value: { outcome: 'inconclusive' as const },
          },
        ]
      : []),
  ];
}
