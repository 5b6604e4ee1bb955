/**
 * WHAT A ROW NEEDS, given what stands of it: nothing, where an earlier run or release said the same; else the acts, each with
 * a command id that is the same whenever the same is sent again. Pure.
 */
import type { Incident } from '#domain';
import type { Line } from './batch-door.js';
import type { DataSet, Entry, Register } from './dataset.js';
import type { Release, Standing } from './journal.js';
import { Unreadable } from './rows.js';

export type Step = 'incident' | 'card' | 'statement';

export interface Plan {
  /** new: never met. revised: a later release has other values. same: nothing to do. older: a later release stands. */
  is: 'new' | 'revised' | 'same' | 'older';
  steps: readonly { step: Step; line: Line }[];
}

/** `isLater`: whether the first release came out after the second. @throws Unreadable where a release contradicts itself */
export function planRow(
  dataSet: DataSet,
  entry: Entry,
  standing: Standing | undefined,
  isLater: (one: Release, other: Release) => boolean,
): Plan {
  const { release } = dataSet;
  const statement = (): Plan['steps'][number] => ({ step: 'statement', line: statementLine(dataSet, entry) });
  if (standing === undefined) {
    return { is: 'new', steps: [{ step: 'incident', line: incidentLine(dataSet, entry) }, statement()] };
  }
  const isSame = entry.values === standing.values;
  if (release.name === standing.release.name) {
    if (!isSame) {
      throw new Unreadable(
        `${release.name} had other values in this row when it was imported before: a file that differs is another release`,
      );
    }
  } else if (!isLater(release, standing.release)) {
    return { is: 'older', steps: [] };
  }
  // A card that was refused before is tried again.
  const card: Plan['steps'] =
    entry.card === standing.card ? [] : [{ step: 'card', line: cardLine(dataSet, entry, standing.version) }];
  if (isSame) return { is: 'same', steps: card };
  return { is: 'revised', steps: [...card, statement()] };
}

function incidentLine(dataSet: DataSet, entry: Entry): Line {
  const id = dataSet.incidentId(entry.row);
  return {
    id: `${dataSet.statementId(dataSet.release, entry.row)}:incident`,
    act: 'record-incident',
    body: { id, ...entry.incident() },
  };
}

function statementLine(dataSet: DataSet, entry: Entry): Line {
  const id = dataSet.statementId(dataSet.release, entry.row);
  return { id, act: 'record-statement', body: { id, ...entry.statement() } };
}

/** The version is part of the command's id: what was refused with one may be right with another. */
export function cardLine(dataSet: DataSet, entry: Entry, version: number): Line {
  const id = dataSet.incidentId(entry.row);
  const reason = `Release ${dataSet.release.name} of the data set has it so.`;
  const card: Incident & { id: string; reason: string } = { id, ...entry.incident(), reason };
  return {
    id: `${dataSet.statementId(dataSet.release, entry.row)}:card:${version}`,
    act: 'correct-incident',
    expect: [{ entity: id, version }],
    body: card,
  };
}

/** The compiler takes back a row that its release has no more. */
export function retractionLine(dataSet: DataSet, row: string, { release }: Standing): Line | undefined {
  const statement = dataSet.retraction?.(row, release);
  if (statement === undefined) return undefined;
  const id = dataSet.statementId(dataSet.release, row);
  return { id, act: 'record-statement', body: { id, ...statement } };
}

export function registerLine({ act, body }: Register): Line {
  return { id: `register:${body.id}`, act, body };
}

/**
 * A line that is always refused, with the versions of the entities that it names: how one sees what a ledger has without
 * reading it. Nothing ever has this version.
 */
export function probeLine(id: string, entities: readonly string[]): Line {
  return {
    id,
    act: 'register-actor',
    expect: entities.map((entity) => ({ entity, version: Number.MAX_SAFE_INTEGER })),
    body: { id, kind: 'unnamed', names: [{ text: 'Never registered: it only asks for versions' }] },
  };
}
