/** Assessments: how far a claim, or all that a line says, is judged reliable (docs/codebook.md, section 1). */
import type { Command, RecordAssessment, RetractAssessment } from './commands.js';
import type { Fact } from './records.js';
import { registersOf } from './register-acts.js';
import { lineOf } from './registers.js';
import { Rejected } from './rejected.js';
import { requireKind, requireNew, requireToChange, survivorOf, takingBack } from './rules.js';
import type { State } from './state.js';
import type { AssessmentAbout, ClaimId } from './vocabulary.js';

export function recordAssessment(state: State, { id, assessment }: RecordAssessment): Fact {
  requireNew(state, id);
  checkAbout(state, assessment.about);
  if (assessment.by !== undefined) requireKind(state, assessment.by, 'actor', '/by');
  if (assessment.credibility === undefined && assessment.reliability === undefined) {
    throw new Rejected('does-not-fit', 'Give a credibility (1 to 6), a reliability (A to F) or both.', '/credibility');
  }
  return { name: 'AssessmentRecorded', data: { changes: [{ entity: id, version: 1 }], assessment } };
}

export function retractAssessment(state: State, command: RetractAssessment & Pick<Command, 'expect'>): Fact {
  const { act: _, id, expect, ...data } = command;
  const version = takingBack(requireToChange(state, id, 'assessment', expect), command, 'retracted');
  return { name: 'AssessmentRetracted', data: { changes: [{ entity: id, version }], ...data } };
}

function checkAbout(state: State, about: AssessmentAbout): void {
  if ('claim' in about) return checkClaim(state, about.claim);
  const heardBy = /^unnamed@(.*)$/.exec(about.line)?.[1];
  if (heardBy !== undefined) {
    requireKind(state, heardBy, 'actor', '/about/line');
    return;
  }
  const { actorKind } = requireKind(state, about.line, 'actor', '/about/line');
  if (actorKind === 'unnamed') {
    throw new Rejected(
      'does-not-fit',
      'Who has no name is of the line "unnamed@" and whoever published it first: assess that one.',
      '/about/line',
    );
  }
  const line = lineOf(survivorOf(state, about.line), registersOf(state));
  if (line !== about.line) {
    throw new Rejected('does-not-fit', `${about.line} speaks as ${line}: assess that line.`, '/about/line', { line });
  }
}

function checkClaim(state: State, claim: ClaimId): void {
  const hash = claim.lastIndexOf('#');
  const { claims } = requireKind(state, claim.slice(0, hash), 'statement', '/about/claim');
  if (Number(claim.slice(hash + 1)) > claims.length) {
    throw new Rejected('unknown-reference', `There is no claim ${claim}.`, '/about/claim', { id: claim });
  }
}
