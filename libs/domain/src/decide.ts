/**
 * decide(state, command) → the one fact it makes, null where nothing is left to do, or throws Rejected. One function an
 * act does the work; this only switches.
 */
import type { Adopt, CloseLedger, Command, OpenLedger } from './commands.js';
import { canonicalText } from './canonical.js';
import { recordAssessment, retractAssessment } from './assessments.js';
import {
  correctDocument,
  markDocumentUnreachable,
  recordDocumentVersion,
  registerDocument,
  withdrawDocument,
} from './documents.js';
import {
  correctIncident,
  mergeIncident,
  recordIncident,
  retractIncident,
  splitIncident,
  tieIncident,
  untieIncident,
} from './incidents.js';
import type { Fact } from './records.js';
import {
  correctActor,
  correctPlace,
  mergeActor,
  mergePlace,
  registerActor,
  registerPlace,
  reparentActor,
  reparentPlace,
} from './register-acts.js';
import { Rejected } from './rejected.js';
import { requireExpected, requireToChange } from './rules.js';
import { correctStatement, reassignStatement, recordStatement, retractStatement } from './statements.js';
import { LEDGER_ENTITY, type State } from './state.js';
import { CODEBOOK_VERSION, POLICY_VERSIONS, unknownVersion } from './versions.js';

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
    case 'adopt':
      return adopt(state, command);
    case 'register-actor':
      return registerActor(state, command);
    case 'correct-actor':
      return correctActor(state, command);
    case 'reparent-actor':
      return reparentActor(state, command);
    case 'merge-actor':
      return mergeActor(state, command);
    case 'register-place':
      return registerPlace(state, command);
    case 'correct-place':
      return correctPlace(state, command);
    case 'reparent-place':
      return reparentPlace(state, command);
    case 'merge-place':
      return mergePlace(state, command);
    case 'register-document':
      return registerDocument(state, command);
    case 'correct-document':
      return correctDocument(state, command);
    case 'record-document-version':
      return recordDocumentVersion(state, command);
    case 'record-incident':
      return recordIncident(state, command);
    case 'correct-incident':
      return correctIncident(state, command);
    case 'merge-incident':
      return mergeIncident(state, command);
    case 'split-incident':
      return splitIncident(state, command);
    case 'record-statement':
      return recordStatement(state, command);
    case 'correct-statement':
      return correctStatement(state, command);
    case 'reassign-statement':
      return reassignStatement(state, command);
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

/** Puts newer versions in force, from this record on. What was answered before stays as it was. */
function adopt(state: State, { codebook, policies, reason, expect }: Adopt & Pick<Command, 'expect'>): Fact | null {
  const { version } = requireToChange(state, LEDGER_ENTITY, 'ledger', expect);
  const before = state.inForce ?? { codebook: 0, policies: {} };
  const after = { codebook: codebook ?? before.codebook, policies: { ...before.policies, ...policies } };
  const unknown = unknownVersion(after);
  if (unknown !== undefined) {
    const known = [`codebook@${CODEBOOK_VERSION}`, ...Object.entries(POLICY_VERSIONS).map((one) => one.join('@'))];
    throw new Rejected('unknown-version', `This program does not know ${unknown}. It knows ${known.join(', ')}.`);
  }
  const lowered = [
    ['codebook', after.codebook, before.codebook] as const,
    ...Object.entries(after.policies).map(([name, to]) => [name, to, before.policies[name] ?? 0] as const),
  ].find(([, to, from]) => to < from);
  if (lowered !== undefined) {
    const [name, to, from] = lowered;
    throw new Rejected(
      'already-so',
      `${name}@${from} is in force: ${name}@${to} was before it, and is not gone back to.`,
    );
  }
  if (canonicalText(after) === canonicalText(before)) return null;
  const changes = [{ entity: LEDGER_ENTITY, version: version + 1 }];
  return { name: 'LedgerAdopted', data: { changes, ...after, reason } };
}

function closeLedger(state: State, { reason, successor }: CloseLedger): Fact {
  const version = (state.entities.get(LEDGER_ENTITY)?.version ?? 0) + 1;
  const changes = [{ entity: LEDGER_ENTITY, version }];
  return { name: 'LedgerClosed', data: { changes, reason, ...(successor !== undefined && { successor }) } };
}
