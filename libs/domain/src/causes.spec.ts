import { describe, expect, test } from '@jest/globals';
import { causeOf, type StatementOnQuestion } from './causes.js';

const said = (rest: Partial<StatementOnQuestion> = {}): StatementOnQuestion => ({
  stances: ['asserts'],
  predicate: 'killed',
  replaces: false,
  compiler: false,
  ...rest,
});

describe('a statement', () => {
  test('of a line that held nothing on the question is new', () => {
    expect(causeOf('StatementRecorded', said())).toBe('new-statement');
    expect(causeOf('StatementRecorded', said({ stances: ['denies'] }))).toBe('new-statement');
    expect(causeOf('StatementRecorded')).toBe('new-statement');
  });

  test('that replaces what its line held is a revision by the source', () => {
    expect(causeOf('StatementRecorded', said({ replaces: true }))).toBe('source-revised');
  });

  test('that takes back is a retraction by the source, unless it gives another number', () => {
    expect(causeOf('StatementRecorded', said({ stances: ['retracts'], replaces: true }))).toBe('source-retracted');
    expect(causeOf('StatementRecorded', said({ stances: ['retracts', 'asserts'], replaces: true }))).toBe(
      'source-revised',
    );
  });

  test('of a compiler re-bases a total; of an incident it is its next release', () => {
    const compiler = { compiler: true, replaces: true };
    expect(causeOf('StatementRecorded', said({ ...compiler, predicate: 'total' }))).toBe('compiler-revised');
    expect(causeOf('StatementRecorded', said(compiler))).toBe('source-revised');
    expect(causeOf('StatementRecorded', said({ ...compiler, predicate: 'total', replaces: false }))).toBe(
      'new-statement',
    );
  });
});

test('what we mistook, what publishers took back and what was judged are told apart', () => {
  expect(causeOf('StatementCorrected')).toBe('recorder-error');
  expect(causeOf('StatementRetracted')).toBe('recorder-error');
  expect(causeOf('StatementReassigned')).toBe('recorder-error');
  expect(causeOf('DocumentCorrected')).toBe('recorder-error');
  expect(causeOf('IncidentRetracted')).toBe('recorder-error');
  expect(causeOf('IncidentCorrected')).toBe('incident-corrected');
  expect(causeOf('IncidentTied')).toBe('incident-corrected');
  expect(causeOf('DocumentWithdrawn')).toBe('publisher-withdrew');
  expect(causeOf('DocumentVersioned')).toBe('publisher-corrected');
  expect(causeOf('AssessmentRecorded')).toBe('regraded');
  expect(causeOf('AssessmentRetracted')).toBe('regraded');
});

test('registers, mergers, splits and newer versions are told apart', () => {
  expect(causeOf('ActorMerged')).toBe('register-changed');
  expect(causeOf('PlaceReparented')).toBe('register-changed');
  expect(causeOf('ActorCorrected')).toBe('register-changed');
  expect(causeOf('IncidentMerged')).toBe('merged');
  expect(causeOf('IncidentSplit')).toBe('split');
  expect(causeOf('LedgerAdopted')).toBe('policy-changed');
});

test('a page that cannot be reached, and whatever is recorded for the first time, moves nothing by itself', () => {
  expect(causeOf('DocumentUnreachable')).toBeNull();
  expect(causeOf('IncidentRecorded')).toBeNull();
  expect(causeOf('ActorRegistered')).toBeNull();
});
