/** What later records do to a claim, from the records alone: beside the projection, for properties that compare the two. */
import {
  voiceOf,
  type Grade,
  type Id,
  type LedgerRecord,
  type Registers,
  type SourcedClaim,
  type Statement,
} from '#domain';

const TAKING_BACK: ReadonlySet<string> = new Set([
  'StatementRetracted',
  'IncidentRetracted',
  'DocumentWithdrawn',
  'AssessmentRetracted',
]);

/** How claims stand after these records. */
export class Fates {
  /** Ids, which are unique over all kinds of things. */
  readonly gone = new Set<Id>();
  readonly #assessed: { id: Id; about: string; grade: Grade }[] = [];

  constructor(records: readonly LedgerRecord[]) {
    for (const { name, data } of records) {
      const id = data.changes[0]?.entity ?? '';
      if (TAKING_BACK.has(name)) {
        if ('takesBack' in data && data.takesBack !== undefined) this.gone.delete(id);
        else this.gone.add(id);
      }
      if (name === 'AssessmentRecorded') {
        const { about, credibility, reliability } = data.assessment;
        const grade: Grade = { ...(credibility && { credibility }), ...(reliability && { reliability }) };
        this.#assessed.push({ id, about: 'claim' in about ? about.claim : about.line, grade });
      }
    }
  }

  /** A claim, as one about that incident or scope, with its grade, and why it counts no more. */
  of(claim: SourcedClaim, about: string, registers: Registers): SourcedClaim {
    const live = this.#assessed.filter(({ id }) => !this.gone.has(id));
    const of = (key: string): Grade =>
      Object.assign({}, ...live.filter((one) => one.about === key).map(({ grade }) => grade));
    const grade: Grade = { ...of(voiceOf(claim, registers).line), ...of(claim.id) };
    const graded = Object.keys(grade).length === 0 ? claim : { ...claim, grade };
    if (this.gone.has(about)) return { ...graded, setAside: 'incident-not-live' };
    if (this.gone.has(claim.statement)) return { ...graded, setAside: 'statement-retracted' };
    if (this.gone.has(claim.document)) return { ...graded, setAside: 'document-withdrawn' };
    return graded;
  }
}

/** The statements as they were last corrected, each at the place where it was first recorded. */
export function statementsOf(records: readonly LedgerRecord[]): { id: Id; sequence: number; statement: Statement }[] {
  const statements = new Map<Id, { id: Id; sequence: number; statement: Statement }>();
  for (const { name, data, sequence } of records) {
    if (name !== 'StatementRecorded' && name !== 'StatementCorrected') continue;
    const id = data.changes[0]?.entity ?? '';
    statements.set(id, { id, sequence: statements.get(id)?.sequence ?? sequence, statement: data.statement });
  }
  return [...statements.values()];
}
