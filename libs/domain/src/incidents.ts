/** Incidents: the card of one side's use of force against one site in one go. */
import { incidentsOf } from './abouts.js';
import { canonicalText, fingerprint } from './canonical.js';
import type {
  Command,
  CorrectIncident,
  MergeIncident,
  RecordIncident,
  RetractIncident,
  SplitIncident,
  TieIncident,
  UntieIncident,
} from './commands.js';
import type { Fact } from './records.js';
import {
  expectPoint,
  expectSpan,
  requireKind,
  requireNew,
  requireToChange,
  requireTwo,
  survivorOf,
  takingBack,
} from './rules.js';
import { Rejected } from './rejected.js';
import type { State } from './state.js';
import type { About, ClaimId, Id, Incident } from './vocabulary.js';

export function recordIncident(state: State, { id, incident }: RecordIncident): Fact {
  requireNew(state, id);
  checkCard(state, incident);
  return { name: 'IncidentRecorded', data: { changes: [{ entity: id, version: 1 }], incident } };
}

/** Replaces the whole card. A card that says the same already is no change. */
export function correctIncident(state: State, command: CorrectIncident & Pick<Command, 'expect'>): Fact | null {
  const { id, incident, reason } = command;
  const current = requireToChange(state, id, 'incident', command.expect);
  checkCard(state, incident);
  if (fingerprint(canonicalText(incident)) === current.fingerprint) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'IncidentCorrected', data: { changes, incident, reason } };
}

/** The recorder's own error: what is said of it counts no more. */
export function retractIncident(state: State, command: RetractIncident & Pick<Command, 'expect'>): Fact {
  const { act: _, id, expect, ...data } = command;
  const version = takingBack(requireToChange(state, id, 'incident', expect), command, 'retracted');
  return { name: 'IncidentRetracted', data: { changes: [{ entity: id, version }], ...data } };
}

/** Two were one: whatever is said of the first is read as said of the second. */
export function mergeIncident(state: State, command: MergeIncident & Pick<Command, 'expect'>): Fact {
  const { id, into, reason } = command;
  const { one, survivor, changes } = requireTwo(state, command, 'incident', command.expect);
  const gone = one.goneSince !== undefined ? id : survivor.goneSince !== undefined ? into : undefined;
  if (gone !== undefined) {
    const why = `${gone} was retracted: bring it back before anything is merged.`;
    throw new Rejected('does-not-fit', why, gone === into ? '/into' : undefined);
  }
  if (wholesOf(state, id).has(into) || wholesOf(state, into).has(id)) {
    throw new Rejected(
      'contradiction',
      `${id} and ${into} are whole and part, straight or by others: untie them.`,
      '/into',
    );
  }
  return { name: 'IncidentMerged', data: { changes, into, reason } };
}

/** A record lists 500 changes at most (records.ts), two of them of the incidents. */
const MOVED_MAX = 498;

/** What was recorded as one were two. Every claim about it goes to the old one, to the new one, or jointly to both. */
export function splitIncident(state: State, command: SplitIncident & Pick<Command, 'expect'>): Fact {
  const { id, newId, incident, claims, reason } = command;
  const { version, goneSince } = requireToChange(state, id, 'incident', command.expect);
  requireNew(state, newId, '/newId');
  checkCard(state, incident);
  if (goneSince !== undefined) throw new Rejected('does-not-fit', `${id} was retracted: there is nothing to split.`);
  const unassigned = claimsAbout(state, id);
  const moved = new Map<Id, number>();
  for (const [index, { claim, to }] of claims.entries()) {
    if (!unassigned.delete(claim)) {
      const twice = claims.findIndex((one) => one.claim === claim) < index;
      const why = twice ? 'is assigned already' : `is no claim about ${id}`;
      throw new Rejected('does-not-fit', `${claim} ${why}.`, `/claims/${index}/claim`, { claim });
    }
    const statement = claim.slice(0, claim.lastIndexOf('#'));
    const entity = state.entities.get(statement);
    if (to !== 'old' && entity !== undefined) moved.set(statement, entity.version + 1);
  }
  if (unassigned.size > 0) {
    const some = [...unassigned].slice(0, 10);
    throw new Rejected(
      'does-not-fit',
      `Say of every claim whether it is about the old one, the new one or both. Left over: ${some.join(', ')}${unassigned.size > some.length ? ' and more' : ''}.`,
      '/claims',
      { unassigned: some, count: unassigned.size },
    );
  }
  if (moved.size > MOVED_MAX) {
    throw new Rejected(
      'record-too-large',
      `Claims of ${moved.size} statements move, and one record changes ${MOVED_MAX} at most: leave the others to the old one, and reassign their statements afterwards.`,
      '/claims',
    );
  }
  const changes = [
    { entity: id, version: version + 1 },
    { entity: newId, version: 1 },
    ...[...moved].map(([entity, next]) => ({ entity, version: next })),
  ];
  return { name: 'IncidentSplit', data: { changes, incident, claims, reason } };
}

/** Every claim about an incident, or about what was merged into it, joint ones too. As slow as the ledger is large. */
function claimsAbout(state: State, incident: Id): Set<ClaimId> {
  const names = [incident];
  for (const [id, { kind }] of state.entities.entries(['mergedInto'])) {
    if (id !== incident && kind === 'incident' && survivorOf(state, id) === incident) names.push(id);
  }
  const quoted = names.map((id) => `"${id}"`);
  const found = new Set<ClaimId>();
  for (const [id, entity] of state.entities.entries(names)) {
    if (entity.kind !== 'statement') continue;
    for (const [index, { about }] of entity.claims.entries()) {
      // Most are about others, and need not be parsed to see that.
      if (!quoted.some((name) => about.includes(name))) continue;
      const named = incidentsOf(JSON.parse(about) as About);
      if (named.some((one) => survivorOf(state, one) === incident)) found.add(`${id}#${index + 1}`);
    }
  }
  return found;
}

/** Makes an incident a part of another, or one of a group: from then on the whole is shown beside and never added. */
export function tieIncident(state: State, command: TieIncident & Pick<Command, 'expect'>): Fact | null {
  const { id, tie, reason } = command;
  const { version, ties = [] } = requireToChange(state, id, 'incident', command.expect);
  const whole = requireKind(state, tie.whole, 'incident', '/whole');
  if (whole.goneSince !== undefined) {
    throw new Rejected('does-not-fit', `${tie.whole} was retracted: nothing can be a part of it.`, '/whole');
  }
  const present = ties.find((one) => survivorOf(state, one.whole) === survivorOf(state, tie.whole));
  if (present?.kind === tie.kind) return null;
  if (present !== undefined) {
    throw new Rejected('already-so', `It is tied to ${tie.whole} as ${present.kind}: untie it first.`, '/kind');
  }
  if (wholesOf(state, survivorOf(state, tie.whole)).has(id)) {
    throw new Rejected(
      'contradiction',
      `${tie.whole} is ${tie.whole === id ? 'the incident itself' : `a part of ${id}, straight or by others`}: a part cannot hold its whole.`,
      '/whole',
    );
  }
  return { name: 'IncidentTied', data: { changes: [{ entity: id, version: version + 1 }], tie, reason } };
}

export function untieIncident(state: State, command: UntieIncident & Pick<Command, 'expect'>): Fact {
  const { id, whole, reason } = command;
  const { version, ties = [] } = requireToChange(state, id, 'incident', command.expect);
  if (!ties.some((one) => survivorOf(state, one.whole) === survivorOf(state, whole))) {
    throw new Rejected('already-so', `${id} is not tied to ${whole}: there is nothing to untie.`, '/whole');
  }
  return { name: 'IncidentUntied', data: { changes: [{ entity: id, version: version + 1 }], whole, reason } };
}

/** The incident itself and whatever it is tied to, straight or by others. */
function wholesOf(state: State, id: Id): Set<Id> {
  const wholes = new Set<Id>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (wholes.has(next)) continue;
    wholes.add(next);
    const incident = state.entities.get(next);
    if (incident?.kind === 'incident') open.push(...(incident.ties ?? []).map(({ whole }) => survivorOf(state, whole)));
  }
  return wholes;
}

function checkCard(state: State, incident: Incident): void {
  if (incident.place !== undefined) {
    const { placeKind } = requireKind(state, incident.place.place, 'place', '/place/place');
    expectPoint(incident.place.point, placeKind, '/place/point');
  }
  expectSpan(incident.time, '/time');
  const seen = new Set<string>();
  for (const [index, party] of incident.parties.entries()) {
    requireKind(state, party.actor, 'actor', `/parties/${index}/actor`);
    const key = `${party.side} ${party.actor}`;
    if (seen.has(key)) {
      throw new Rejected(
        'does-not-fit',
        `${party.actor} stands on the ${party.side} side already.`,
        `/parties/${index}`,
      );
    }
    seen.add(key);
  }
}
