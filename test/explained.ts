/** A tally with what it rests on, laid out flat: figures with their incident, claims with their source. */
import { expect } from '@jest/globals';
import type { ExplainAnswer, StatementAnswer } from '#contracts';
import type { LedgerClient } from '#testing';
import { discrepancies } from './recompute.js';

export type ShownClaim = StatementAnswer['claims'][number];
export type ExplainedFigure = ExplainAnswer['incidents'][number]['figures'][number] & { incident: string };

export interface Explained extends ExplainAnswer {
  figures: ExplainedFigure[];
  /** Each as the page of its statement shows it. */
  claims: ShownClaim[];
}

/** Asks `/tallies/explain` with these parameters; every number of the answer must follow from what it gives. */
export async function explained(ledger: LedgerClient, query: string): Promise<Explained> {
  return flat(await ledger.read<ExplainAnswer>(`/tallies/explain?${query}`));
}

export function flat(answer: ExplainAnswer): Explained {
  expect([answer.next, discrepancies(answer)]).toEqual([null, []]);
  return { ...answer, figures: figuresOf(answer.incidents), claims: claimsOf(answer.statements) };
}

function figuresOf(incidents: ExplainAnswer['incidents']): ExplainedFigure[] {
  return incidents.flatMap(({ id, figures }) => figures.map((figure) => ({ ...figure, incident: id })));
}

function claimsOf(statements: ExplainAnswer['statements']): ShownClaim[] {
  return statements.flatMap(({ id: statement, claims, ...source }) =>
    claims.map((claim) => ({ ...source, ...claim, statement })),
  );
}
