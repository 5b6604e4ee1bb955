/**
 * decide(state, command) → the one fact it makes, null where nothing is left to do, or throws Rejected. One function an
 * act does the work; this only switches.
 */
import type { CloseLedger, Command, OpenLedger } from './commands.js';
import { recordAssessment, retractAssessment } from './assessments.js';
import { markDocumentUnreachable, registerDocument, withdrawDocument } from './documents.js';
import { correctIncident, recordIncident, retractIncident, tieIncident, untieIncident } from './incidents.js';
import type { Fact } from './records.js';
import { registerActor, registerPlace } from './register-acts.js';
import { Rejected } from './rejected.js';
import { requireExpected } from './rules.js';
import { correctStatement, recordStatement, retractStatement } from './statements.js';
import { LEDGER_ENTITY, type State } from './state.js';
import { CODEBOOK_VERSION, POLICY_VERSIONS } from './versions.js';

export function decide(state: State, command: Command): Fact | null {
  if (command.act !== 'open-ledger' && state.inForce === undefined) {
    throw new Rejected('ledger-not-open', 'This ledger was never opened: an admin opens it first.');
  }
  if (state.closed !== undefined) {
    const { successor } = state.closed;
    const goesOn = successor === undefined ? 'It can only be read.' : `It goes on in the ledger ${successor}.`;
    throw new Rejected('ledger-closed', `This ledger was closed. ${goesOn}`, undefined, { ...state.closed });
  }
  requireExpected(state, command.expect);
  switch (command.act) {
    case 'open-ledger':
      return openLedger(state, command);
    case 'close-ledger':
      return closeLedger(state, command);
    case 'register-actor':
      return registerActor(state, command);
    case 'register-place':
      return registerPlace(state, command);
    case 'register-document':
      return registerDocument(state, command);
    case 'record-incident':
      return recordIncident(state, command);
    case 'correct-incident':
      return correctIncident(state, command);
    case 'record-statement':
      return recordStatement(state, command);
    case 'correct-statement':
      return correctStatement(state, command);
    case 'retract-statement':
      return retractStatement(state, command);
    case 'retract-incident':
      return retractIncident(state, command);
    case 'withdraw-document':
      return withdrawDocument(state, command);
    case 'mark-document-unreachable':
      return markDocumentUnreachable(state, command);
    case 'tie-incident':
      return tieIncident(state, command);
    case 'untie-incident':
      return untieIncident(state, command);
    case 'record-assessment':
      return recordAssessment(state, command);
    case 'retract-assessment':
      return retractAssessment(state, command);
    default:
      return command satisfies never;
  }
}

function openLedger(state: State, { origin }: OpenLedger): Fact {
  if (state.inForce !== undefined) {
    throw new Rejected('ledger-exists', 'This ledger is open already: use it, or choose another name.');
  }
  const changes = [{ entity: LEDGER_ENTITY, version: 1 }];
  return { name: 'LedgerOpened', data: { changes, codebook: CODEBOOK_VERSION, policies: POLICY_VERSIONS, origin } };
}

function closeLedger(state: State, { reason, successor }: CloseLedger): Fact {
  const version = (state.entities.get(LEDGER_ENTITY)?.version ?? 0) + 1;
  const changes = [{ entity: LEDGER_ENTITY, version }];
  return { name: 'LedgerClosed', data: { changes, reason, ...(successor !== undefined && { successor }) } };
}
