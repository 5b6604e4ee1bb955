/** Incidents: the card of one side's use of force against one site in one go. */
import { canonicalText } from './canonical.js';
import type {
  Command,
  CorrectIncident,
  RecordIncident,
  RetractIncident,
  TieIncident,
  UntieIncident,
} from './commands.js';
import type { Fact } from './records.js';
import { expectPoint, expectSpan, requireKind, requireNew, requireToChange, takingBack } from './rules.js';
import { Rejected } from './rejected.js';
import type { State } from './state.js';
import type { Id, Incident } from './vocabulary.js';

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
  if (canonicalText(incident) === current.card) return null;
  const changes = [{ entity: id, version: current.version + 1 }];
  return { name: 'IncidentCorrected', data: { changes, incident, reason } };
}

/** The recorder's own error: what is said of it counts no more. */
export function retractIncident(state: State, command: RetractIncident & Pick<Command, 'expect'>): Fact {
  const { act: _, id, expect, ...data } = command;
  const version = takingBack(requireToChange(state, id, 'incident', expect), command, 'retracted');
  return { name: 'IncidentRetracted', data: { changes: [{ entity: id, version }], ...data } };
}

/** Makes an incident a part of another, or one of a group: from then on the whole is shown beside and never added. */
export function tieIncident(state: State, command: TieIncident & Pick<Command, 'expect'>): Fact | null {
  const { id, tie, reason } = command;
  const { version, ties = [] } = requireToChange(state, id, 'incident', command.expect);
  const whole = requireKind(state, tie.whole, 'incident', '/whole');
  if (whole.goneSince !== undefined) {
    throw new Rejected('does-not-fit', `${tie.whole} was retracted: nothing can be a part of it.`, '/whole');
  }
  const present = ties.find((one) => one.whole === tie.whole);
  if (present?.kind === tie.kind) return null;
  if (present !== undefined) {
    throw new Rejected('already-so', `It is tied to ${tie.whole} as ${present.kind}: untie it first.`, '/kind');
  }
  if (wholesOf(state, tie.whole).has(id)) {
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
  if (!ties.some((one) => one.whole === whole)) {
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
    if (incident?.kind === 'incident') open.push(...(incident.ties ?? []).map(({ whole }) => whole));
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
