/** Registers and claims for the specs of figures: real bodies and places, statements in the fewest words. */
import { applyPolicy, type Figure } from './figures.js';
import { wasSaidBy, type Grade, type LaterAct, type SourcedClaim } from './live-claims.js';
import { positionsOf } from './positions.js';
import type { Question, Subject } from './questions.js';
import type { Registers } from './registers.js';
import { POLICY_VERSIONS, type PolicyName } from './versions.js';
import type { Actor, ActorKind, Claim, Form, Id, Incident, Place, PlaceKind, Quantity, Who } from './vocabulary.js';

const actors = new Map<Id, Actor>();
const places = new Map<Id, Place>();

function actor(id: Id, kind: ActorKind, partOf?: Id, official?: true): void {
  actors.set(id, {
    names: [{ text: id }],
    kind,
    ...(partOf === undefined ? {} : { partOf }),
    ...(official === undefined ? {} : { official }),
  });
}

function place(id: Id, kind: PlaceKind, inside?: Id, state?: Id): void {
  places.set(id, {
    names: [{ text: id }],
    kind,
    ...(inside === undefined ? {} : { inside }),
    ...(state === undefined ? {} : { state }),
  });
}

for (const state of ['us', 'iraq', 'iran', 'syria-state', 'jordan-state', 'uk']) actor(state, 'state');
actor('pentagon', 'state-body', 'us');
actor('white-house', 'state-body', 'us');
actor('trump', 'person', 'white-house');
actor('centcom', 'armed-force', 'pentagon');
actor('buccino', 'person', 'centcom');
actor('cjtf-oir', 'armed-force', 'centcom');
actor('us-army', 'armed-force', 'pentagon');
actor('us-guard', 'armed-force', 'us-army');
actor('iraqi-military', 'armed-force', 'iraq');
actor('irgc', 'armed-force', 'iran');
actor('iran-un-mission', 'state-body', 'iran');
actor('jordan-government', 'state-body', 'jordan-state');
actor('un', 'intergovernmental');
actor('ocha', 'intergovernmental', 'un');
actor('nato', 'intergovernmental');
actor('hashed', 'state-body', 'iraq');
actor('islamic-resistance', 'armed-group');
actor('kataib-hezbollah', 'armed-group', 'hashed');
actor('isis', 'armed-group');
actor('isis-spokesman', 'person', 'isis');
actor('aanes', 'de-facto-authority', 'syria-state', true);
actor('aanes-police', 'de-facto-authority', 'aanes');
actor('aanes-health', 'state-body', 'aanes');
actor('us-official', 'unnamed', 'us');
actor('irgc-source', 'unnamed', 'irgc');
actor('sana', 'media', 'syria-state');
actor('sana-editor', 'person', 'sana');
for (const paper of [
  'the-national',
  'reuters',
  'npr',
  'upi',
  'nbc',
  'military-com',
  'mehr',
  'cnn',
  'epoch-times',
  'afp',
]) {
  actor(paper, 'media');
}
actor('sohr', 'monitor');
actor('ucdp', 'compiler');
actor('ucdp-coder', 'person', 'ucdp');

place('levant', 'region');
for (const [country, state] of [
  ['syria', 'syria-state'],
  ['iraq-country', 'iraq'],
  ['jordan', 'jordan-state'],
] as const) {
  place(country, 'country', 'levant', state);
}
place('north-east-syria', 'area', 'syria');
place('hasakah', 'governorate', 'syria');
place('deir-ezzor', 'governorate', 'syria');
place('mayadin-district', 'district', 'deir-ezzor');
place('conoco-site', 'site', 'deir-ezzor');
place('al-tanf', 'site', 'syria');
place('tower-22-site', 'site', 'jordan');
place('jordan-border', 'area', 'jordan');
place('al-asad', 'site', 'iraq-country');

export const registers: Registers = { actor: (id) => actors.get(id), place: (id) => places.get(id) };

export function incident(
  id: Id,
  { at, target = ['us'], attacker = [], ...card }: Partial<Incident> & { at?: Id; target?: Id[]; attacker?: Id[] } = {},
): Subject & { id: Id } {
  const parties = [
    ...target.map((one) => ({ actor: one, side: 'target' as const })),
    ...attacker.map((one) => ({ actor: one, side: 'attacker' as const })),
  ];
  return {
    id,
    incident: {
      kind: 'single',
      method: 'drone',
      parties,
      ...(at === undefined ? {} : { place: { place: at } }),
      ...card,
    },
  };
}

export const HIT: Who = { side: 'target' };
export const US_HIT: Who = { side: 'target', of: 'us' };
export const US_MILITARY: Who = { side: 'target', category: 'military', of: 'us' };
export const US_CONTRACTOR: Who = { side: 'target', category: 'contractor', of: 'us' };

export const exactly = (n: number) => ({ low: n, best: n, high: n });
export const atLeast = (n: number) => ({ low: n, best: null, high: null });
export const upTo = (n: number) => ({ low: 0, best: null, high: n });
export const about = (n: number) => ({ ...exactly(n), about: true as const });
export const changeOf = (change: number, from?: string) => ({ change, ...(from === undefined ? {} : { from }) });

/** `claim('injured', exactly(6), { who: US_HIT })`, about the incident of the statement unless it says otherwise. */
export function claim(
  predicate: Claim['predicate'],
  value: Claim['value'] | Quantity,
  rest: Partial<Pick<Claim, 'who' | 'stance' | 'about' | 'basis' | 'retracts' | 'manner' | 'parts'>> = {},
): Claim {
  return { about: { incident: 'it' }, stance: 'asserts', predicate, ...(value && { value }), ...rest } as Claim;
}

export interface Said {
  id?: Id;
  by: Id;
  onBehalfOf?: Id;
  /** Publisher; by default the speaker. */
  in?: Id;
  copiedBy?: Id;
  said?: string | null;
  published?: string | null;
  form?: Form;
  utterance?: Id;
  setAside?: LaterAct;
  grade?: Grade;
  claims: Claim[];
}

/** Statements recorded in this order, as the claims that they make. */
export function recorded(...statements: Said[]): SourcedClaim[] {
  return statements.flatMap((one, index) => {
    const id = one.id ?? `s${index + 1}`;
    const publisher = one.in ?? one.by;
    const on = (day: string | null | undefined) => (typeof day === 'string' ? { from: day, to: day } : null);
    return one.claims.map((made, number): SourcedClaim => ({
      id: `${id}#${number + 1}`,
      sequence: index + 1,
      statement: id,
      utterance: one.utterance ?? id,
      form: one.form ?? 'direct',
      speaker: one.by,
      ...(one.onBehalfOf === undefined ? {} : { onBehalfOf: one.onBehalfOf }),
      document: `${id}-document`,
      publisher: one.copiedBy ?? publisher,
      firstPublisher: publisher,
      said: on(one.said),
      published: on(one.published),
      claim: made,
      ...(one.setAside === undefined ? {} : { setAside: one.setAside }),
      ...(one.grade === undefined ? {} : { grade: one.grade }),
    }));
  });
}

/** What was said by a day. */
export function saidBy(day: string, claims: readonly SourcedClaim[]): SourcedClaim[] {
  return claims.filter((one) => wasSaidBy(one, day));
}

export const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];

export function figure(
  question: Question,
  claims: readonly SourcedClaim[],
  subject: Subject,
  policy: PolicyName = 'official-first',
): Figure {
  return applyPolicy(positionsOf(question, claims, subject, registers), policy, 1);
}

/** "0/–/2", as the codebook writes figures; "unreported" without one. */
export function text({ low, best, high, status }: Figure): string {
  return status === 'unreported' ? status : [low, best, high].map((n) => n ?? '–').join('/');
}

/** The figure under every policy, and whether it is contested. */
export function answers(question: Question, claims: readonly SourcedClaim[], subject: Subject) {
  const of = (policy: PolicyName) => text(figure(question, claims, subject, policy));
  return {
    latestOfficial: of('latest-official'),
    officialFirst: of('official-first'),
    bestGraded: of('best-graded'),
    envelope: of('envelope'),
    contested: figure(question, claims, subject).contested,
  };
}

/** One answer under every policy. */
export function all(answer: string, contested = false): ReturnType<typeof answers> {
  return { latestOfficial: answer, officialFirst: answer, bestGraded: answer, envelope: answer, contested };
}
