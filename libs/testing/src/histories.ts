/**
 * Random histories of commands, for properties. Most of them are accepted: they refer to what earlier ones made; some
 * refer to nothing, repeat an id or build on an old version, and must be refused.
 */
import fc from 'fast-check';
import {
  CATEGORIES,
  CREDIBILITIES,
  decide,
  evolve,
  FORMS,
  initialState,
  INCIDENT_KINDS,
  MANNERS,
  METHODS,
  PREDICATES,
  Rejected,
  RELIABILITIES,
  SIDES,
  STANCES,
  TIES,
  type Claim,
  type Command,
  type Fact,
  type Predicate,
  type Quantity,
  type TimeSpan,
} from '#domain';

/** Ids of things of one kind: the first few are likely to exist, the last hardly. */
const some = (prefix: string): fc.Arbitrary<string> =>
  fc.constantFrom(...Array.from('000000000011111111222223', (digit) => `${prefix}${digit}`));
const actor = some('actor-');
const place = some('place-');
const document = some('document-');
const incident = some('incident-');
const assessment = some('assessment-');

const day = fc.integer({ min: 1, max: 28 }).map((n) => `2023-04-${String(n).padStart(2, '0')}`);
const span: fc.Arbitrary<TimeSpan> = fc
  .tuple(day, day)
  .map(([a, b]) => ({ from: a < b ? a : b, to: a < b ? b : a, precision: a === b ? 'day' : 'days' }));

/** Times of incidents: days, and clock times near midnight, of which only some say their zone. */
const clock = fc.constantFrom('T00:30', 'T01:30:00', 'T23:30');
const incidentTime: fc.Arbitrary<TimeSpan> = fc.oneof(
  span,
  fc
    .record({ days: span, from: clock, to: clock, zone: fc.constantFrom('Asia/Damascus', 'Pacific/Apia', undefined) })
    .map(({ days, from, to, zone }) => {
      const [first, last] = days.from === days.to ? [from, from] : [from, to];
      const ends = { from: `${days.from}${first}`, to: `${days.to}${last}` };
      return { ...ends, precision: 'minute' as const, ...(zone !== undefined && { zone }) };
    }),
);

const count = fc.option(fc.integer({ min: 0, max: 40 }), { nil: null });
const quantity: fc.Arbitrary<Quantity> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9 }).map((n) => ({ low: n, best: n, high: n })) },
  { weight: 2, arbitrary: fc.record({ low: count, best: count, high: count }) },
  { weight: 1, arbitrary: fc.record({ change: fc.integer({ min: -3, max: 6 }) }) },
);

const who = fc.record(
  { side: fc.constantFrom(...SIDES), category: fc.constantFrom(...CATEGORIES), of: actor },
  { requiredKeys: [] },
);

function valueOf(predicate: Predicate): fc.Arbitrary<unknown> {
  switch (predicate) {
    case 'munitions':
      return quantity.chain((q) => fc.constantFrom('rocket', 'drone').map((munition) => ({ ...q, munition })));
    case 'damage':
      return fc.constantFrom({ level: 'none', items: [] }, { level: 'some', items: [{ thing: 'truck', low: 1 }] });
    case 'outcome':
      return fc.constantFrom({ outcome: 'effective' }, { outcome: 'ineffective' });
    case 'responsibility':
      return fc.record({ actor, role: fc.constantFrom('carried-out', 'any') });
    case 'place':
      return fc.record({ place });
    case 'time':
      return span;
    case 'relation':
      return fc.oneof(
        incident.map((one) => ({ kind: 'retaliation-for', to: { incident: one } })),
        fc.constant({ kind: 'linked-to', to: { text: 'the escalation' } }),
      );
    case 'count':
      return quantity.map((q) => ({ ...q, of: 'evacuated' }));
    case 'force-level':
      return fc.tuple(quantity, fc.option(span)).map(([q, at]) => ({
        ...q,
        measure: 'present',
        component: 'all',
        ...(at && { at: { from: at.from, to: at.to } }),
      }));
    case 'outlook':
    case 'remark':
      return fc.constant({ text: 'The region remains dangerous.' });
    case 'happened':
    case 'killed':
    case 'injured':
    case 'casualties':
    case 'total':
      return quantity;
    default:
      return predicate satisfies never;
  }
}

function aboutOf(predicate: Predicate): fc.Arbitrary<Claim['about']> {
  switch (predicate) {
    case 'force-level':
    case 'outlook':
      return fc.record({ scope: fc.record({ actor, places: place.map((one) => [one]) }) });
    case 'total':
      return fc.record({
        scope: fc.record({ of: fc.constantFrom('happened', 'killed'), places: place.map((one) => [one]) }),
      });
    default:
      return fc.oneof(
        { weight: 8, arbitrary: fc.record({ incident }) },
        { weight: 1, arbitrary: fc.constant({ incidents: ['incident-0', 'incident-1'] as string[] }) },
      );
  }
}

const PEOPLE: ReadonlySet<Predicate> = new Set(['killed', 'injured', 'casualties', 'total']);

/** Numbers of people and attacks more often than the rest: most rules are about them. */
const predicate = fc.constantFrom<Predicate>(
  ...PREDICATES,
  'happened',
  'happened',
  'injured',
  ...Array<Predicate>(8).fill('killed'),
);

const claim: fc.Arbitrary<Claim> = predicate.chain((of) =>
  fc
    .record({
      about: aboutOf(of),
      stance: fc.oneof(
        { weight: 4, arbitrary: fc.constant('asserts' as const) },
        { weight: 1, arbitrary: fc.constantFrom(...STANCES.filter((stance) => stance !== 'retracts')) },
      ),
      manner: fc.constantFrom(...MANNERS),
      value: valueOf(of),
      who: fc.oneof(fc.constant(undefined), fc.constant({ side: 'target' as const }), who),
    })
    .map(({ about, stance, manner, value, who: people }) => ({
      predicate: of,
      about,
      stance,
      value,
      ...(stance === 'not-confirms' && { manner }),
      ...(PEOPLE.has(of) && people !== undefined && { who: people }),
    })),
) as fc.Arbitrary<Claim>;

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('register-actor' as const),
      id: actor,
      actor: fc
        .tuple(
          fc.constantFrom('state', 'state-body', 'armed-group', 'media', 'person', 'unnamed', 'compiler'),
          fc.option(actor),
        )
        .map(([kind, partOf]) => ({ kind, names: [{ text: 'A name' }], ...(partOf && { partOf }) })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('register-place' as const),
      id: place,
      place: fc
        .tuple(fc.constantFrom('site', 'governorate', 'country'), fc.option(place))
        .map(([kind, inside]) => ({ kind, names: [{ text: 'A place' }], ...(inside && { inside }) })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('register-document' as const),
      id: document,
      document: fc.record({
        publisher: actor,
        kind: fc.constant('citation' as const),
        title: fc.integer({ min: 0, max: 6 }).map((n) => `Title ${n}`),
        published: span,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        act: fc.constantFrom('record-incident' as const, 'correct-incident' as const),
        id: incident,
        incident: fc.record({
          kind: fc.constantFrom(...INCIDENT_KINDS),
          method: fc.constantFrom(...METHODS),
          time: incidentTime,
          place: fc.record({ place }),
          parties: fc.uniqueArray(fc.record({ actor, side: fc.constantFrom(...SIDES) }), {
            maxLength: 2,
            selector: (party) => `${party.side} ${party.actor}`,
          }),
        }),
        version: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ act, id, incident: card, version }): Command =>
        act === 'record-incident'
          ? { act, id, incident: card }
          : { act, id, incident: card, reason: 'Mistyped.', expect: [{ entity: id, version }] },
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        id: incident,
        whole: incident,
        kind: fc.constantFrom(...TIES),
        version: fc.integer({ min: 1, max: 3 }),
        isUntied: fc.boolean(),
      })
      .map(({ id, whole, kind, version, isUntied }): Command => {
        const common = { id, reason: 'Made up.', expect: [{ entity: id, version }] };
        return isUntied
          ? { act: 'untie-incident', whole, ...common }
          : { act: 'tie-incident', tie: { whole, kind }, ...common };
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        id: assessment,
        about: fc.oneof(
          fc.integer({ min: 0, max: 30 }).map((n) => ({ claim: `statement-${n}#1` })),
          fc.constantFrom({ line: 'actor-0' }, { line: 'actor-2' }, { line: 'unnamed@actor-2' }, { line: 'actor-1' }),
        ),
        credibility: fc.option(fc.constantFrom(...CREDIBILITIES), { nil: undefined }),
        reliability: fc.option(fc.constantFrom(...RELIABILITIES), { nil: undefined }),
      })
      .map(({ id, about, credibility, reliability }): Command => ({
        act: 'record-assessment',
        id,
        assessment: {
          about,
          ...(credibility && { credibility }),
          ...(reliability && { reliability }),
          grounds: 'Made up.',
        },
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        of: fc.constantFrom(
          { act: 'retract-statement' as const, ids: fc.integer({ min: 0, max: 30 }).map((n) => `statement-${n}`) },
          { act: 'retract-incident' as const, ids: incident },
          { act: 'retract-assessment' as const, ids: assessment },
          { act: 'withdraw-document' as const, ids: document },
          { act: 'mark-document-unreachable' as const, ids: document },
        ),
        version: fc.integer({ min: 1, max: 3 }),
        isBroughtBack: fc.boolean(),
      })
      .chain(({ of: { act, ids }, version, isBroughtBack }) =>
        ids.map((id): Command => {
          const common = { id, reason: 'Made up.', expect: [{ entity: id, version }] };
          return act === 'mark-document-unreachable'
            ? { act, ...common }
            : { act, ...common, ...(isBroughtBack && { takesBack: version }) };
        }),
      ),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({
        id: fc.integer({ min: 0, max: 30 }).map((n) => `statement-${n}`),
        document,
        speaker: actor,
        utterance: fc.integer({ min: 0, max: 8 }).map((n) => `utterance-${n}`),
        form: fc.constantFrom(...FORMS),
        said: fc.option(span, { nil: undefined }),
        claims: fc.array(claim, { minLength: 1, maxLength: 4 }),
        corrected: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 4 }),
      })
      .map(({ id, said, corrected, ...rest }): Command => {
        const whole = { ...rest, ...(said !== undefined && { said }) };
        return corrected === null
          ? { act: 'record-statement', id, statement: whole }
          : {
              act: 'correct-statement',
              id,
              statement: whole,
              reason: 'Mistyped.',
              expect: [{ entity: id, version: corrected }],
            };
      }),
  },
);

/** A ledger opened and given its first registers, so that most of what follows finds what it refers to. */
const OPENING: readonly Command[] = [
  { act: 'open-ledger', origin: { title: 'Made up for a property' } },
  { act: 'register-actor', id: 'actor-0', actor: { kind: 'state', names: [{ text: 'A state' }] } },
  {
    act: 'register-actor',
    id: 'actor-1',
    actor: { kind: 'armed-force', partOf: 'actor-0', names: [{ text: 'Its army' }] },
  },
  { act: 'register-actor', id: 'actor-2', actor: { kind: 'media', names: [{ text: 'A paper' }] } },
  { act: 'register-place', id: 'place-3', place: { kind: 'region', names: [{ text: 'A region' }] } },
  {
    act: 'register-place',
    id: 'place-0',
    place: { kind: 'country', inside: 'place-3', state: 'actor-0', names: [{ text: 'A country' }] },
  },
  { act: 'register-place', id: 'place-1', place: { kind: 'site', inside: 'place-0', names: [{ text: 'A base' }] } },
  {
    act: 'register-document',
    id: 'document-1',
    document: { publisher: 'actor-0', kind: 'citation', title: 'A release' },
  },
  {
    act: 'register-document',
    id: 'document-0',
    document: {
      publisher: 'actor-2',
      kind: 'citation',
      title: 'A report',
      published: { from: '2023-04-11', to: '2023-04-11', precision: 'day' },
    },
  },
  { act: 'register-place', id: 'place-2', place: { kind: 'site', names: [{ text: 'A base elsewhere' }] } },
  { act: 'register-document', id: 'document-2', document: { publisher: 'actor-2', kind: 'citation', title: 'A page' } },
  {
    act: 'record-incident',
    id: 'incident-1',
    incident: {
      kind: 'bundle',
      method: 'drone',
      parties: [],
      place: { place: 'place-0' },
      time: { from: '2023-04-10', to: '2023-04-12', precision: 'days' },
    },
  },
  {
    act: 'record-incident',
    id: 'incident-2',
    incident: {
      kind: 'single',
      method: 'drone',
      parties: [{ actor: 'actor-0', side: 'target' }],
      place: { place: 'place-1', near: true },
      time: { from: '2023-04-10T17:51', to: '2023-04-10T17:51', precision: 'minute' },
    },
  },
  {
    act: 'record-incident',
    id: 'incident-0',
    incident: {
      kind: 'single',
      method: 'rocket',
      parties: [{ actor: 'actor-1', side: 'target' }],
      place: { place: 'place-1' },
    },
  },
];

export const histories: fc.Arbitrary<Command[]> = fc
  .array(command, { minLength: 10, maxLength: 60 })
  .map((commands) => [...OPENING, ...commands]);

/** What the rules make of a history: the facts of the accepted commands, in order. */
export function factsOf(commands: readonly Command[]): Fact[] {
  const state = initialState();
  const facts: Fact[] = [];
  for (const one of commands) {
    try {
      const fact = decide(state, one);
      if (fact === null) continue;
      evolve(state, fact);
      facts.push(fact);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
  }
  return facts;
}
