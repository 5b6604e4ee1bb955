/** Incidents: the card of one side's use of force against one site in one go. */
import { canonicalText } from './canonical.js';
import type { Command, CorrectIncident, RecordIncident, RetractIncident } from './commands.js';
import type { Fact } from './records.js';
import { expectPoint, expectSpan, requireKind, requireNew, requireToChange, takingBack } from './rules.js';
import { Rejected } from './rejected.js';
import type { State } from './state.js';
import type { Incident } from './vocabulary.js';

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
