/**
 * The real records of claims-dev.jsonl as statements, by the tables below (section 14 of the codebook: `as_of` is when it was
 * said, nobody in `attributed_to` is the publisher's own voice, "via X" is the chain, a series is an incident or a scope). The
 * records are no part of this project; what is here says only how to read them.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { LedgerClient } from '#testing';
import {
  atLeast,
  day,
  exactly,
  place,
  register,
  say,
  triple,
  US_CONTRACTOR,
  US_MILITARY,
  type Actors,
} from './told.js';

/** A line of the file. */
export interface Row {
  id: string;
  series: string;
  metric: string;
  value: number | null;
  qualifier: string;
  window: [string, string] | null;
  as_of: string | null;
  published: string | null;
  attributed_to: string | null;
  publisher: string;
  quote: string;
}

const FOLDER = process.env['REAL_DATA_DIR'] ?? '../shared/data';
const FILE = `${FOLDER}/claims/claims-dev.jsonl`;
export const hasClaims = existsSync(FILE);
if (!hasClaims) process.stderr.write(`SKIPPED: claims-dev, real records: there is no ${FILE} (REAL_DATA_DIR).\n`);

export function readRows(): Row[] {
  return readFileSync(FILE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

const ACTORS: Actors = [
  ['us', 'state'],
  ['white-house', 'state-body', 'us'],
  ['trump', 'person', 'white-house'],
  ['dod', 'state-body', 'us'],
  ['dmdc', 'state-body', 'dod'],
  ['centcom', 'armed-force', 'dod'],
  ['kurilla', 'person', 'centcom'],
  ...['campbell', 'hoffman', 'ryder', 'parnell', 'manning'].map((id) => [id, 'person', 'dod'] as const),
  ['iran', 'state'],
  ['irgc', 'armed-force', 'iran'],
  ['iraq-government', 'state'],
  ['iraqi-military', 'armed-force', 'iraq-government'],
  ['pro-iran-forces', 'armed-group'],
  ['irgc-source', 'unnamed', 'irgc'],
  ['us-official', 'unnamed', 'us'],
  ['dod-official', 'unnamed', 'dod'],
  ['iraqi-security-sources', 'unnamed', 'iraq-government'],
  ['reports', 'unnamed'],
  ...['irib', 'mehr', 'press-tv', 'cbs', 'nbc', 'cnn', 'afp', 'reuters', 'nyt', 'sabereen'].map(
    (id) => [id, 'media'] as const,
  ),
];

/** How the file names who spoke: the speaker, and who passed it on. */
const SPEAKERS: Record<string, readonly [speaker: string, ...chain: string[]]> = {
  'IRGC via Iranian state television': ['irgc', 'irib'],
  'IRGC source': ['irgc-source'],
  'informed IRGC source via Mehr': ['irgc-source', 'mehr'],
  'Press TV via CBS reporter E. Palmer': ['press-tv', 'cbs'],
  'Iraqi statement': ['iraq-government'],
  'Iraqi government': ['iraq-government'],
  'Iraqi military': ['iraqi-military'],
  'Iraqi security sources via AFP': ['iraqi-security-sources', 'afp'],
  'Sabereen (pro-militia outlet)': ['sabereen'],
  'President D. Trump': ['trump'],
  // Named by the office: there is one top general for the Middle East.
  'top US general for the Middle East': ['kurilla'],
  'Gen. M. Kurilla, to Congress': ['kurilla'],
  'Pentagon spokesperson T. Campbell': ['campbell'],
  'Pentagon spokesman T. Campbell': ['campbell'],
  'Pentagon spokesman J. Hoffman': ['hoffman'],
  'Pentagon spokesman R. Manning': ['manning'],
  'Pentagon spokesman S. Parnell': ['parnell'],
  'Pentagon press secretary P. Ryder': ['ryder'],
  'Pentagon press secretary P. Ryder via Reuters': ['ryder', 'reuters'],
  'DMDC quarterly report': ['dmdc'],
  Pentagon: ['dod'],
  'Pentagon (Force Management Level)': ['dod'],
  'Department of Defense': ['dod'],
  'Defense Department via NBC News': ['dod', 'nbc'],
  'last Pentagon report, as recalled by Military.com': ['dod'],
  'U.S. Department of Defense official': ['dod-official'],
  'a US official via CNN': ['us-official', 'cnn'],
  'The New York Times': ['nyt'],
};

/** "Reports indicate": the publisher says that reports say so. */
const HEARSAY: Record<string, string> = { '"reports"': 'reports' };

/** Publishers that are actors already. */
const PUBLISHERS: Record<string, string> = { 'defense.gov (public domain)': 'dod' };

/** What several documents render. */
const UTTERANCES: Record<string, readonly string[]> = {
  'briefing-2020-01-28': ['c101', 'c102', 'c105', 'c106'],
  'report-2020-01-30': ['c107', 'c108', 'c109'],
  'briefing-2023-03-30': ['c121', 'c122', 'c123'],
  'briefing-2024-12-19': ['c143', 'c144', 'c145', 'c146'],
};

/** Numbers as they are published, by the word beside them (section 3). */
const QUALIFIERS: Record<string, (n: number) => object> = {
  exact: exactly,
  only: exactly,
  officially: exactly,
  'at least': atLeast,
  over: (n) => atLeast(n + 1),
  'less than': (n) => triple(0, null, n - 1),
  ...Object.fromEntries(
    ['some', 'about', 'around', 'roughly', 'approximately', 'estimated'].map((word) => [
      word,
      (n: number) => ({ ...exactly(n), about: true }),
    ]),
  ),
};

/** Series that are incidents, or several together. */
const INCIDENTS: Record<string, object> = {
  'al-asad-2020-01-08': { incident: 'al-asad-2020' },
  'al-tanf-2023-11-02': { incident: 'al-tanf-2023-11-02' },
  'hasakah-2023-03-23': { incident: 'hasakah-2023-03-23' },
  'green-village-2023-03-24': { incident: 'green-village-2023-03-24' },
  'hasakah-and-green-village-2023-03': { incidents: ['hasakah-2023-03-23', 'green-village-2023-03-24'] },
  'us-strikes-iraq-2023-12-26': { incident: 'us-strikes-iraq-2023-12-26' },
};
/** Series of force levels: where. */
const LEVELS: Record<string, string[]> = {
  'us-troop-level-iraq': ['iraq'],
  'us-troop-level-syria': ['syria'],
  'us-troop-level-iraq-and-syria': ['iraq', 'syria'],
  'al-asad-2020-01-08': ['al-asad'],
};

/** What kind of level a metric is. */
const LEVEL_METRICS: Record<string, { measure: string; component: string }> = {
  troops: { measure: 'present', component: 'all' },
  personnel_present: { measure: 'present', component: 'all' },
  troops_core: { measure: 'present', component: 'core' },
  troops_temporary: { measure: 'present', component: 'rotational' },
  troops_planned: { measure: 'planned', component: 'all' },
  troops_withdrawal_planned: { measure: 'change', component: 'all' },
};

/** What a record says beyond its metric: whom it counts, what became of what was fired, what a change starts from. */
const BESIDES: Record<string, { who?: object; parts?: object[]; value?: object }> = {
  c094: { value: { ...atLeast(15), of: { 'reached-target': 15, intercepted: 0 } } },
  c097: { value: { ...exactly(17), of: { dud: 2 } } },
  c096: { who: { side: 'target', of: 'us' } },
  c113: { value: { change: 45, from: 'c107#1' } },
  c118: { who: US_CONTRACTOR },
  c119: {
    who: { side: 'target', of: 'us' },
    parts: [
      { who: { category: 'military' }, value: exactly(5) },
      { who: { category: 'contractor' }, value: exactly(1) },
    ],
  },
  c123: { value: { change: 6 } },
  c134: { who: { side: 'target', category: 'militant' } },
  c135: { who: { side: 'target', category: 'militant' } },
  c136: { who: { side: 'target' } },
  c150: { value: { change: -600, about: true } },
};

/** The claims of a record. */
export function claimsOf(row: Row): object[] {
  const { id, series, metric, value: n, qualifier, quote: words } = row;
  const claim = (predicate: string, about: object, value: object, rest: object = {}): object => ({
    predicate,
    about,
    stance: 'asserts',
    value,
    words,
    ...rest,
  });
  const at = INCIDENTS[series] ?? {};
  // A number taken back without another, by one who is not known to have said it: nothing here that it could retract.
  if (n === null) return [claim('remark', at, { text: 'It backs away from the figure of 80.' })];
  const published = QUALIFIERS[qualifier];
  if (published === undefined) throw new Error(`No number for the word ${qualifier} of ${id}.`);
  const { who = US_MILITARY, parts, value: stated } = BESIDES[id] ?? {};
  const value = stated ?? published(n);
  const people = { who, ...(parts !== undefined && { parts }) };

  const level = LEVEL_METRICS[metric];
  if (level !== undefined) {
    return [claim('force-level', { scope: { actor: 'us', places: LEVELS[series] } }, { ...level, ...value })];
  }
  switch (metric) {
    case 'deaths':
      return [claim('killed', at, value, people)];
    case 'injured':
    case 'injured_additional': {
      if (n > 0) return [claim('injured', at, value, people)];
      // "No Americans were harmed": none injured, and so none killed.
      const ofAll = { who: { of: 'us' } };
      return [claim('injured', at, value, ofAll), claim('killed', at, value, { ...ofAll, basis: 'entailed' })];
    }
    case 'tbi':
      return [claim('injured', at, { ...value, kind: 'tbi' }, people)];
    case 'returned_to_duty':
      return [claim('count', at, { of: 'returned-to-duty', ...value })];
    case 'drones':
      return [claim('munitions', at, { munition: 'drone', ...value })];
    case 'missiles_launched':
      return [claim('munitions', { incidents: ['al-asad-2020', 'erbil-2020'] }, { munition: 'missile', ...value })];
    case 'missiles_hit_al_asad':
    case 'missiles_at_al_asad':
      return [claim('munitions', at, { munition: 'missile', ...value })];
    case 'missiles_at_erbil':
      return [claim('munitions', { incident: 'erbil-2020' }, { munition: 'missile', ...value })];
    case 'attacks_total': {
      const [from = '', to = ''] = row.window ?? [];
      const scope = { of: 'happened', target: 'us', places: ['iraq', 'syria'], from: `${from}-01`, to: lastDay(to) };
      return [claim('total', { scope }, value)];
    }
    default:
      throw new Error(`No rule for ${metric} of ${id}.`);
  }
}

/** A month to its last day. */
function lastDay(date: string): string {
  if (date.length === 10) return date;
  const [year = 0, month = 0] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
}

/** Registers, cards, and then record after record in the order of the file: the position of each. */
export async function recordRows(ledger: LedgerClient, rows: readonly Row[]): Promise<Map<string, number>> {
  await register(ledger, ACTORS);
  await place(ledger, 'iraq', 'country', { state: 'iraq-government' });
  await place(ledger, 'syria', 'country');
  await place(ledger, 'al-asad', 'site', { inside: 'iraq' });
  await place(ledger, 'erbil', 'town', { inside: 'iraq' });
  await place(ledger, 'al-tanf', 'site', { inside: 'syria' });
  await place(ledger, 'us-base-hasakah', 'site', { inside: 'syria' });
  await place(ledger, 'green-village', 'site', { inside: 'syria' });
  const attack = (id: string, method: string, date: string, where: string, attacker?: string) =>
    ledger.record('record-incident', {
      id,
      kind: 'single',
      method,
      time: day(date),
      place: { place: where },
      parties: [
        { actor: 'us', side: 'target' },
        ...(attacker === undefined ? [] : [{ actor: attacker, side: 'attacker' }]),
      ],
    });
  await attack('al-asad-2020', 'missile', '2020-01-08', 'al-asad', 'irgc');
  await attack('erbil-2020', 'missile', '2020-01-08', 'erbil', 'irgc');
  await attack('al-tanf-2023-11-02', 'drone', '2023-11-02', 'al-tanf');
  await attack('hasakah-2023-03-23', 'drone', '2023-03-23', 'us-base-hasakah');
  await attack('green-village-2023-03-24', 'rocket', '2023-03-24', 'green-village');
  await ledger.record('record-incident', {
    id: 'us-strikes-iraq-2023-12-26',
    kind: 'bundle',
    method: 'air-strike',
    time: day('2023-12-26'),
    place: { place: 'iraq' },
    parties: [
      { actor: 'us', side: 'attacker' },
      { actor: 'pro-iran-forces', side: 'target' },
    ],
  });

  const positions = new Map<string, number>();
  const known = new Set(ACTORS.map(([id]) => id));
  for (const row of rows) {
    const publisher =
      PUBLISHERS[row.publisher] ??
      row.publisher
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/-$/, '');
    if (!known.has(publisher)) await register(ledger, [[publisher, 'media']]);
    known.add(publisher);
    const by = row.attributed_to;
    const hearsay = by === null ? undefined : HEARSAY[by];
    const isOwnVoice = by === null || hearsay !== undefined;
    const [speaker, ...chain] = isOwnVoice
      ? [publisher, ...(hearsay === undefined ? [] : [hearsay])]
      : (SPEAKERS[by] ?? []);
    if (speaker === undefined) throw new Error(`Nobody is known as ${by}.`);
    const [utterance] = Object.entries(UTTERANCES).find(([, ids]) => ids.includes(row.id)) ?? [];
    const position = await say(ledger, {
      id: row.id,
      by: speaker,
      in: publisher,
      said: row.as_of,
      published: row.published,
      ...(by?.endsWith('to Congress') === true && { venue: 'Congress' }),
      ...(chain.length > 0 && { chain }),
      ...(utterance !== undefined && { utterance }),
      form: isOwnVoice ? 'own-voice' : 'reported',
      claims: claimsOf(row),
    });
    positions.set(row.id, position);
  }
  await ledger.read(`/incidents?wait=${Math.max(...positions.values())}`);
  return positions;
}
