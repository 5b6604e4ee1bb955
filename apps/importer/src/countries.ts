/**
 * Countries and their states, as the seed `states` of a ledger has them, by the numbers of Gleditsch and Ward. An import
 * registers those that it needs, so that a ledger opened without the seed takes it too; where they exist, they stay as they are.
 */
import { actsOf, type SeedAct } from '#contracts/seeds';

type ActorSeed = Extract<SeedAct, { act: 'register-actor' }>;
type PlaceSeed = Extract<SeedAct, { act: 'register-place' }>;

export interface StateSeed {
  actor: ActorSeed;
  country: PlaceSeed;
  region: PlaceSeed;
}

const seeds = actsOf('states').flat();
const actors = new Map(seeds.flatMap((one) => (one.act === 'register-actor' ? [[one.body.id, one]] : [])));
const places = new Map(seeds.flatMap((one) => (one.act === 'register-place' ? [[one.body.id, one]] : [])));

const states: StateSeed[] = [...places.values()].flatMap((country) => {
  const actor = actors.get(country.body.state ?? '');
  const region = places.get(country.body.inside ?? '');
  return actor === undefined || region === undefined ? [] : [{ actor, country, region }];
});

export const statesByNumber: ReadonlyMap<number, StateSeed> = new Map(
  states.flatMap((state) => (state.country.body.codes?.gw === undefined ? [] : [[state.country.body.codes.gw, state]])),
);

const byName = new Map(
  states.flatMap((state) =>
    state.country.body.names.flatMap(({ text }) =>
      typeof text === 'string' ? [[text.toLowerCase(), state] as const] : [],
    ),
  ),
);

/** By a name as UCDP writes it, such as "Russia (Soviet Union)"; undefined where the seed has no such name. */
export function stateOfName(name: string): StateSeed | undefined {
  const [plain = ''] = name.split(' (');
  return byName.get(name.toLowerCase()) ?? byName.get(plain.trim().toLowerCase());
}
