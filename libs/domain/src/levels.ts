/**
 * Force levels as steps over time (docs/codebook.md, section 12): what each line said of exactly one force, place, measure
 * and component. Which of them is the level *now*, the positions and a policy say.
 */
import {
  byRecorded,
  grouped,
  latestFirst,
  liveClaims,
  type SetAside,
  type SourcedClaim,
  type Voiced,
} from './live-claims.js';
import { isDisordered, qualifierOf, type Qualifier, type Triple } from './quantities.js';
import { concerns, type Question, type ScopeFacts } from './questions.js';
import type { Registers } from './registers.js';
import type { Span } from './times.js';
import type { ClaimId, LocalTime } from './vocabulary.js';

/** One level as published, or the word of a line that it no longer gives one. */
export interface LevelStep extends Triple {
  claim: ClaimId;
  line: string;
  official: boolean;
  unnamed: boolean;
  compiler: boolean;
  /** False: the line no longer reports a level. */
  reports: boolean;
  about: boolean;
  /** null where nothing is reported. */
  qualifier: Qualifier | null;
  disordered: boolean;
  /** When the level held, where that is said. */
  at: Span | null;
  /** Where the step stands in time: the end of `at`; without one, when it was said, else published. */
  date: LocalTime | null;
  said: LocalTime | null;
  /** What the same line said next: another figure, or that it no longer reports. null: its latest word. */
  endedBy: { claim: ClaimId; why: 'next-figure' | 'no-longer-reports' } | null;
}

/**
 * The steps of one level, by their date, and the claims about it that are none. `question` is of a measure and component;
 * the claims are all those about its scope.
 */
export function levelSteps(
  question: Question,
  claims: readonly SourcedClaim[],
  subject: ScopeFacts,
  registers: Registers,
): { steps: LevelStep[]; setAside: SetAside[] } {
  const setAside: SetAside[] = [];
  const live = liveClaims(question, claims, subject, registers, (source, code) => {
    if (concerns(source.claim, question)) setAside.push({ claim: source.id, code });
  });
  const figures = live.candidates.map((one) => ({ one, step: stepOf(one, one.triple, one.about) }));
  const silences = live.silences.map((one) => ({ one, step: stepOf(one, null, false) }));
  const said = [...figures, ...silences].sort(
    (a, b) => latestFirst(b.one, a.one) || byRecorded(a.one.source, b.one.source),
  );

  const steps = [...grouped(said, ({ step }) => step.line).values()].flatMap((ofLine) => {
    // Said again of the same time, it was never another level at that time: the later word replaces the earlier.
    const isReplaced = ({ one, step }: (typeof said)[number], index: number) => {
      const next = ofLine[index + 1];
      return step.reports && next?.step.reports === true && next.one.at === one.at;
    };
    for (const { step } of ofLine.filter(isReplaced)) setAside.push({ claim: step.claim, code: 'superseded' });
    const kept = ofLine.filter((each, index) => !isReplaced(each, index)).map(({ step }) => step);
    for (const [index, step] of kept.entries()) {
      const next = kept[index + 1];
      if (next === undefined) continue;
      step.endedBy = { claim: next.claim, why: next.reports ? 'next-figure' : 'no-longer-reports' };
    }
    return kept;
  });
  const shown = new Set(steps.map(({ claim }) => claim));
  const inOrder = said.map(({ step }) => step).filter(({ claim }) => shown.has(claim));
  return { steps: inOrder, setAside: setAside.filter(({ claim }) => !shown.has(claim)) };
}

function stepOf({ source, voice }: Voiced, triple: Triple | null, about: boolean): LevelStep {
  const { low, best, high } = triple ?? { low: null, best: null, high: null };
  const value = source.claim.predicate === 'force-level' ? source.claim.value : undefined;
  const said = source.said ?? source.published;
  return {
    claim: source.id,
    low,
    best,
    high,
    line: voice.line,
    official: voice.official,
    unnamed: voice.unnamed,
    compiler: voice.compiler,
    reports: triple !== null,
    about,
    qualifier: triple === null ? null : qualifierOf(triple, about),
    disordered: triple !== null && isDisordered(triple),
    at: value?.at ?? null,
    date: value?.at?.to ?? said?.to ?? null,
    said: said?.to ?? null,
    endedBy: null,
  };
}
