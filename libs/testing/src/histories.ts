/**
 * Random histories of commands, for properties. Most of them are accepted: they refer to what earlier ones made; some
 * refer to nothing, repeat an id or build on an old version, and must be refused.
 */
import fc from 'fast-check';
import {
  CATEGORIES,
  CREDIBILITIES,
  FORMS,
  INCIDENT_KINDS,
  MANNERS,
  METHODS,
  PREDICATES,
  RELIABILITIES,
  SIDES,
  SPLIT_SIDES,
  STANCES,
  TIES,
  type Claim,
  type Command,
  type Predicate,
  type Quantity,
  type TimeSpan,
} from '#domain';
import { aimed, STALE } from './aimed.js';

/** Ids of things of one kind: the first few are likely to exist, the last hardly. */
const some = (prefix: string): fc.Arbitrary<string> =>
  fc.constantFrom(...Array.from('000000000011111111222223', (digit) => `${prefix}${digit}`));
const actor = some('actor-');
const place = some('place-');
const document = some('document-');
const incident = fc.oneof({ weight: 9, arbitrary: some('incident-') }, fc.constantFrom('incident-3', 'incident-4'));
/** Of incidents made by a split, or later than the first few. */
const made = fc.integer({ min: 3, max: 9 }).map((n) => `incident-${n}`);
const assessment = some('assessment-');
const statement = fc.integer({ min: 0, max: 30 }).map((n) => `statement-${n}`);
/** Of what is changed: mostly made right by `aimed`. */
const seenVersion = fc.constantFrom(1, 1, 1, 2, 2, 2, 2, STALE);

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
        id: fc.oneof(incident, made),
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
        version: seenVersion,
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
        version: seenVersion,
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
        version: seenVersion,
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
    weight: 3,
    arbitrary: fc
      .record({
        isActor: fc.boolean(),
        ids: fc.tuple(actor, actor, place, place),
        isNone: fc.boolean(),
        version: seenVersion,
        otherVersion: seenVersion,
      })
      .chain(({ isActor, ids, isNone, version: seen, otherVersion }): fc.Arbitrary<Command> => {
        const [id, another] = isActor ? [ids[0], ids[1]] : [ids[2], ids[3]];
        const other = isNone ? null : another;
        const expect = [{ entity: id, version: seen }];
        const both = [...expect, { entity: another, version: otherVersion }];
        const reason = 'Made up.';
        const parent = other === null ? {} : isActor ? { partOf: other } : { inside: other };
        const card = isActor
          ? {
              act: 'correct-actor' as const,
              actor: { kind: 'person' as const, names: [{ text: 'A person' }], ...parent },
            }
          : {
              act: 'correct-place' as const,
              place: { kind: 'area' as const, names: [{ text: 'An area' }], ...parent },
            };
        return fc.constantFrom<Command>(
          { ...card, id, reason, expect },
          { act: isActor ? 'reparent-actor' : 'reparent-place', id, ...parent, reason, expect },
          { act: isActor ? 'reparent-actor' : 'reparent-place', id, ...parent, reason, expect },
          { act: isActor ? 'merge-actor' : 'merge-place', id, into: another, reason, expect: both },
        );
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        act: fc.constantFrom('correct-document' as const, 'record-document-version' as const),
        id: document,
        version: seenVersion,
        document: fc.record(
          { publisher: actor, kind: fc.constant('citation' as const), title: fc.constant('Title 7'), copyOf: document },
          { requiredKeys: ['publisher', 'kind', 'title'] },
        ),
        dropped: fc.uniqueArray(statement, { maxLength: 1 }),
      })
      .map(({ act, id, version: seen, document: card, dropped }): Command => {
        const common = { id, document: card, reason: 'Made up.', expect: [{ entity: id, version: seen }] };
        return act === 'correct-document' ? { act, ...common } : { act, ...common, dropped };
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ id: incident, into: incident, version: seenVersion, otherVersion: seenVersion })
      .map(({ id, into, version: seen, otherVersion }): Command => ({
        act: 'merge-incident',
        id,
        into,
        reason: 'Made up.',
        expect: [
          { entity: id, version: seen },
          { entity: into, version: otherVersion },
        ],
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        id: incident,
        newId: made,
        version: seenVersion,
        to: fc.array(fc.constantFrom(...SPLIT_SIDES), { minLength: 5, maxLength: 5 }),
        incident: fc.record({
          kind: fc.constantFrom(...INCIDENT_KINDS),
          method: fc.constantFrom(...METHODS),
          parties: fc.array(fc.constant({ actor: 'actor-1', side: 'target' as const }), { maxLength: 1 }),
        }),
      })
      .map(({ id, newId, version: seen, to, incident: card }): Command => ({
        act: 'split-incident',
        id,
        newId,
        incident: card,
        // Which claims there are is not known before: they are given to these sides in turn.
        claims: to.map((side, index) => ({ claim: `unknown#${index + 1}`, to: side })),
        reason: 'Made up.',
        expect: [{ entity: id, version: seen }],
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        id: statement,
        version: seenVersion,
        utterance: fc.option(
          fc.integer({ min: 0, max: 8 }).map((n) => `utterance-${n}`),
          { nil: undefined },
        ),
        incidents: fc.option(
          fc.record({ from: incident, to: incident }).map((one) => [one]),
          { nil: undefined, freq: 4 },
        ),
      })
      .map(({ id, version: seen, utterance, incidents }): Command => ({
        act: 'reassign-statement',
        id,
        ...(utterance !== undefined && { utterance }),
        ...(incidents !== undefined && { incidents }),
        reason: 'Made up.',
        expect: [{ entity: id, version: seen }],
      })),
  },
  {
    weight: 14,
    arbitrary: fc
      .record({
        id: statement,
        document,
        speaker: actor,
        utterance: fc.integer({ min: 0, max: 8 }).map((n) => `utterance-${n}`),
        form: fc.constantFrom(...FORMS),
        said: fc.option(span, { nil: undefined }),
        claims: fc.array(claim, { minLength: 1, maxLength: 4 }),
        corrected: fc.constantFrom(null, null, null, 1, 2),
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
  // Without bias: histories of the smallest and largest values are all alike, and most of their commands refused.
  .noBias(fc.array(command, { minLength: 15, maxLength: 60, size: 'max' }))
  .map((commands) => aimed([...OPENING, ...commands]));
