/**
 * The attack on Tower 22, 28 January 2024, as it was told: numbers, times and attributions are those that were published,
 * typed by hand; ids are ours. Cards and registers first, then one statement after the other.
 */
import type { LedgerClient } from '#testing';
import { about, atLeast, day, exactly, place, register, US_MILITARY, type Said } from './told.js';

const TOWER = about('tower-22');
const KILLED = TOWER.killed(exactly(3), { who: US_MILITARY });
const total = (of: string, value: object, places: string[], who: object = {}): object => ({
  predicate: 'total',
  about: { scope: { of, target: 'us', places, from: '2023-10-17', to: '2024-01-29' } },
  stance: 'asserts',
  value,
  ...who,
});

/** What was said, in order. */
export const TOLD = [
  {
    id: 'release',
    by: 'centcom',
    in: 'centcom',
    said: '2024-01-28T12:00',
    form: 'direct',
    claims: [KILLED, TOWER.injured(exactly(25), { who: US_MILITARY }), TOWER.at('jordan')],
  },
  {
    id: 'president',
    by: 'us-president',
    in: 'white-house',
    said: '2024-01-28T13:00',
    form: 'direct',
    claims: [TOWER.by('iran-backed-groups', 'carried-out')],
  },
  {
    id: 'jordan-first',
    by: 'jordan-spokesman',
    in: 'reuters',
    said: '2024-01-28T14:00',
    claims: [TOWER.at('al-tanf')],
  },
  {
    id: 'jordan-then',
    by: 'jordan-spokesman',
    in: 'petra',
    said: '2024-01-28T16:00',
    claims: [TOWER.at('jordan-border')],
  },
  {
    id: 'resistance',
    by: 'islamic-resistance',
    in: 'reuters',
    said: '2024-01-28T18:00',
    // It names al-Shaddadi, Rukban and Tanf: that this is one of its attacks is the recorder's reading.
    claims: [TOWER.by('islamic-resistance', 'carried-out', { basis: 'computed' })],
  },
  {
    id: 'update',
    by: 'centcom',
    in: 'centcom',
    said: '2024-01-28T21:00',
    form: 'direct',
    claims: [KILLED, TOWER.injured(atLeast(34), { who: US_MILITARY })],
  },
  {
    id: 'briefing',
    by: 'dod',
    in: 'dod',
    said: '2024-01-29',
    form: 'direct',
    claims: [
      KILLED,
      TOWER.injured(atLeast(41), { who: US_MILITARY }),
      TOWER.by('kataib-hezbollah', 'carried-out', { stance: 'suspects' }),
      TOWER.by('iran', 'backed'),
      total('happened', { ...exactly(165), about: true }, ['iraq', 'syria', 'jordan']),
      total('happened', exactly(66), ['iraq']),
      total('happened', exactly(98), ['syria']),
      total('happened', exactly(1), ['jordan']),
      total('injured', { ...exactly(80), about: true }, ['iraq', 'syria', 'jordan'], { who: US_MILITARY }),
    ],
  },
  {
    id: 'mission',
    by: 'iran-un-mission',
    in: 'reuters',
    said: '2024-01-29',
    claims: [TOWER.by('iran', 'any', { stance: 'denies' })],
  },
  {
    id: 'kirby',
    by: 'white-house',
    in: 'white-house',
    said: '2024-01-31',
    form: 'direct',
    claims: [TOWER.by('islamic-resistance', 'carried-out')],
  },
] as const satisfies readonly Said[];

export type TowerStep = (typeof TOLD)[number]['id'];

/** Registers and the card. */
export async function openTower22(ledger: LedgerClient): Promise<void> {
  await register(ledger, [
    ['us', 'state'],
    ['dod', 'state-body', 'us'],
    ['centcom', 'armed-force', 'dod'],
    ['white-house', 'state-body', 'us'],
    ['us-president', 'person', 'white-house'],
    ['iran', 'state'],
    ['iran-un-mission', 'state-body', 'iran'],
    ['jordan-state', 'state'],
    ['jordan-spokesman', 'person', 'jordan-state'],
    ['petra', 'media', 'jordan-state'],
    ['iran-backed-groups', 'armed-group'],
    ['islamic-resistance', 'armed-group', 'iran-backed-groups'],
    ['kataib-hezbollah', 'armed-group', 'iran-backed-groups'],
    ['reuters', 'media'],
  ]);
  await place(ledger, 'jordan', 'country', { state: 'jordan-state' });
  await place(ledger, 'syria', 'country');
  await place(ledger, 'iraq', 'country');
  await place(ledger, 'jordan-border', 'area', { inside: 'jordan' });
  await place(ledger, 'tower-22-site', 'site', { inside: 'jordan-border' });
  await place(ledger, 'al-tanf', 'site', { inside: 'syria' });
  await ledger.record('record-incident', {
    id: 'tower-22',
    kind: 'single',
    method: 'drone',
    time: day('2024-01-28'),
    place: { place: 'tower-22-site' },
    parties: [{ actor: 'us', side: 'target' }],
  });
}
