/**
 * The figure: what a policy makes of the claims about one incident or scope, with all it rests on and all it leaves
 * aside (docs/codebook.md, sections 8 and 9).
 */
import type { SetAside } from './live-claims.js';
import { policy } from './policies.js';
import type { Flag, Position, Positions } from './positions.js';
import { isDisordered, isNone, type Triple } from './quantities.js';
import { isListed } from './questions.js';
import type { PolicyName } from './versions.js';
import type { ClaimId } from './vocabulary.js';

/** `unreported`: no figure under this policy. `affirmed-none`: somebody says none. These are never the same. */
export type Status = 'unreported' | 'affirmed-none' | 'reported';

export interface Figure extends Triple {
  status: Status;
  /** Lines contradict each other; the same under every policy. */
  contested: boolean;
  /** The number is rough. */
  about: boolean;
  /** Whether officials carry the figure; null where there is none. */
  basis: 'official' | 'other' | null;
  /** How many claims were set aside. */
  others: number;
  used: ClaimId[];
  setAside: SetAside[];
  flags: Flag[];
  /** Under a listed question these are the answer, whole under every policy. */
  positions: Position[];
  /** Independent lines with a position: compilers are none, unnamed speakers are counted apart. */
  lines: number;
  unnamedLines: number;
}

/** A policy's figure. Name the version that is in force where the answer is as of; left out, it is the newest. */
export function applyPolicy(standing: Positions, name: PolicyName, version?: number): Figure {
  const { question, positions, contested, lines, unnamedLines } = standing;
  const listed = isListed(question);
  const { figure, used, passedOver } = listed
    ? { figure: null, used: positions, passedOver: [] }
    : policy(name, version)(positions);
  const setAside = [
    ...standing.setAside,
    ...passedOver.flatMap(({ position, code }) => position.claims.map((claim) => ({ claim, code }))),
  ];
  const flags = new Set(used.flatMap((one) => one.flags));
  if (figure !== null && isDisordered(figure)) flags.add('disordered');
  return {
    low: figure?.low ?? null,
    best: figure?.best ?? null,
    high: figure?.high ?? null,
    status: used.length === 0 ? 'unreported' : figure !== null && isNone(figure) ? 'affirmed-none' : 'reported',
    contested,
    about: used.some((one) => one.about),
    basis: used.length === 0 ? null : used.every((one) => one.official) ? 'official' : 'other',
    others: setAside.length,
    used: used.flatMap((one) => one.claims),
    setAside,
    flags: [...flags],
    positions,
    lines,
    unnamedLines,
  };
}
