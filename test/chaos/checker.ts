/**
 * THE CHECKER: whether what clients saw of one ledger can be explained by its log. Pure: a log and calls in, violations in
 * words out.
 *
 * The log says in which order everything happened. A call took effect at one moment between its beginning and its end, so
 * - a record lies behind everything that anybody knew before its command was sent;
 * - every answer, **refusals and "unchanged" included**, is what the rules say on the log as it was at some moment of the
 *   call: on a prefix of it that is no shorter than what anybody knew before the call, and without what was sent after it.
 *   The rules are asked themselves (`decide` on the prefix), so an answer counts with its code and all its details.
 *
 * Each answer is given the shortest prefix that explains it. Whoever is asked later cannot know less, and if a record that
 * was sent later lies inside that prefix, no choice of moments explains what was seen.
 */
import { problemOf } from '#contracts';
import {
  canonicalText,
  decide,
  evolve,
  initialState,
  overlayOn,
  type Command,
  type Fact,
  type LedgerRecord,
} from '#domain';
import type { Call, Told } from './history.js';

export function check(records: readonly LedgerRecord[], calls: readonly Call[]): string[] {
  return [...faultsOfLog(records), ...faultsOfAnswers(records, calls)];
}

/** What must hold of any log, whatever was asked. */
export function faultsOfLog(records: readonly LedgerRecord[]): string[] {
  const faults: string[] = [];
  const versions = new Map<string, number>();
  const commands = new Map<string, number>();
  let time = '';
  for (const [index, { sequence, recordedtime, commandid, data }] of records.entries()) {
    if (sequence !== index + 1) faults.push(`Record ${sequence} stands where ${index + 1} should.`);
    if (recordedtime < time) faults.push(`Record ${sequence} was recorded at ${recordedtime}, before ${time}.`);
    time = recordedtime;
    const earlier = commands.get(commandid);
    if (earlier !== undefined) faults.push(`The command ${commandid} is in the log twice: ${earlier} and ${sequence}.`);
    commands.set(commandid, sequence);
    for (const { entity, version } of data.changes) {
      const next = (versions.get(entity) ?? 0) + 1;
      if (version !== next) faults.push(`Record ${sequence} makes ${entity} version ${version}, not ${next}.`);
      versions.set(entity, version);
    }
  }
  return faults;
}

/** Whether every answer, and the absence of one, is explained by the log. */
function faultsOfAnswers(records: readonly LedgerRecord[], calls: readonly Call[]): string[] {
  const faults: string[] = [];
  const log = new Log(records, calls);
  faults.push(...log.faults);

  /** The shortest prefix that whoever is asked now must know: the greatest that an ended call has shown. */
  let known = 0;
  let shownBy: Call | undefined;
  const underWay = new Set<{ call: Call; prefix: number }>();
  /** Of lines of batches: on what the next line was decided at least. */
  const decidedOn = new Map<Call, number>();
  const begun = new Set<number>();
  for (const call of [...calls].sort((a, b) => a.invoked - b.invoked)) {
    for (const ended of underWay) {
      if (ended.call.returned >= call.invoked) continue;
      underWay.delete(ended);
      if (ended.prefix <= known) continue;
      known = ended.prefix;
      shownBy = ended.call;
    }
    log.forgetBefore(known);

    const own = log.recordOf(call);
    if (own !== undefined && mayHaveMade(call) && !begun.has(own.sequence)) {
      begun.add(own.sequence);
      if (own.sequence <= known) {
        faults.push(
          `${call.commandid} is record ${own.sequence}, but record ${known} was known before it was sent (${times(call)}): ` +
            `${shownBy?.client} had been told ${shownBy && words(shownBy.told)} of ${shownBy?.commandid}.`,
        );
      }
    }
    if (call.told.kind === 'unknown') continue;
    const before = call.after === undefined ? 0 : (decidedOn.get(call.after) ?? 0);
    const prefix = log.shortestExplaining(call, Math.max(known, before));
    decidedOn.set(call, prefix ?? known);
    if (prefix === undefined) faults.push(unexplained(call, log, known));
    underWay.add({ call, prefix: prefix ?? known });
  }
  for (const { sequence, commandid } of records) {
    if (begun.has(sequence)) continue;
    faults.push(`Record ${sequence}: ${commandid} was refused, or never sent, and is in the log.`);
  }
  return faults;
}

/** A refusal leaves no trace, so only other calls can have made a record. */
function mayHaveMade({ told }: Call): boolean {
  return told.kind === 'accepted' || told.kind === 'done' || told.kind === 'unknown';
}

interface Recorded {
  sequence: number;
  entity: string;
  version: number;
  /** What was sent, in the canonical form by which bodies are compared. */
  body: string | undefined;
}

class Log {
  readonly faults: string[] = [];
  readonly #recorded = new Map<string, Recorded>();
  /** What all prefixes have in common that will still be asked for. */
  readonly #base = initialState();
  #baseEnd = 0;

  constructor(
    private readonly records: readonly LedgerRecord[],
    calls: readonly Call[],
  ) {
    const sent = new Map<string, Map<string, Command>>();
    for (const { commandid, command } of calls) {
      const bodies = sent.get(commandid) ?? new Map<string, Command>();
      sent.set(commandid, bodies.set(canonicalText(command), command));
    }
    const state = initialState();
    for (const record of records) {
      const { sequence, commandid, data } = record;
      const bodies = [...(sent.get(commandid) ?? [])];
      const made = bodies.find(([, command]) => isMade(decided(state, command), record));
      if (made === undefined && bodies.length > 0) {
        this.faults.push(`Record ${sequence} (${record.name}) is not what the rules make of ${commandid} there.`);
      }
      const subject = data.changes[0];
      if (!this.#recorded.has(commandid)) {
        this.#recorded.set(commandid, {
          sequence,
          entity: subject?.entity ?? '',
          version: subject?.version ?? 0,
          body: (made ?? bodies[0])?.[0],
        });
      }
      evolve(state, record);
    }
  }

  /** The record that this very command made, if any did. */
  recordOf({ commandid, command }: Call): Recorded | undefined {
    const found = this.#recorded.get(commandid);
    return found?.body === canonicalText(command) ? found : undefined;
  }

  forgetBefore(prefix: number): void {
    for (; this.#baseEnd < Math.min(prefix, this.records.length); this.#baseEnd += 1) {
      const record = this.records[this.#baseEnd];
      if (record !== undefined) evolve(this.#base, record);
    }
  }

  /** The shortest prefix, from `atLeast` on, on which the rules say what the client was told. */
  shortestExplaining(call: Call, atLeast: number): number | undefined {
    const { told, commandid } = call;
    const recorded = this.#recorded.get(commandid);
    if (told.kind === 'accepted') {
      return recorded !== undefined && sameTold(first(recorded), told) && this.recordOf(call) === recorded
        ? Math.max(recorded.sequence, atLeast)
        : undefined;
    }
    if (told.kind === 'done' && recorded !== undefined && this.recordOf(call) === recorded) {
      return recorded.sequence <= told.position ? Math.max(recorded.sequence, atLeast) : undefined;
    }
    const state = overlayOn(this.#base);
    for (let prefix = this.#baseEnd; prefix <= this.records.length; prefix += 1) {
      if (prefix >= atLeast && explains(this.#answer(state, prefix, call), told)) return prefix;
      const record = this.records[prefix];
      if (record !== undefined) evolve(state, record);
    }
    return undefined;
  }

  /** What a client should be told on a prefix from `forgetBefore` on. */
  answerOn(prefix: number, call: Call): Told {
    const state = overlayOn(this.#base);
    for (const record of this.records.slice(this.#baseEnd, prefix)) evolve(state, record);
    return this.#answer(state, prefix, call);
  }

  #answer(state: Parameters<typeof decide>[0], prefix: number, { commandid, command }: Call): Told {
    const recorded = this.#recorded.get(commandid);
    if (recorded !== undefined && recorded.sequence <= prefix) {
      if (recorded.body === canonicalText(command)) return first(recorded);
      return { kind: 'refused', code: 'command-id-reused', details: { position: recorded.sequence } };
    }
    const outcome = decided(state, command);
    if (outcome === null) {
      const entity = 'id' in command ? command.id : '';
      return { kind: 'unchanged', entity, version: state.entities.get(entity)?.version ?? 0, position: prefix };
    }
    if ('kind' in outcome) return outcome;
    const subject = outcome.data.changes[0];
    return {
      kind: 'accepted',
      entity: subject?.entity ?? '',
      version: subject?.version ?? 0,
      position: prefix + 1,
    };
  }
}

function first({ entity, version, sequence }: Recorded): Told {
  return { kind: 'accepted', entity, version, position: sequence };
}

type Refused = Extract<Told, { kind: 'refused' }>;

function decided(state: Parameters<typeof decide>[0], command: Command): Fact | null | Refused {
  try {
    return decide(state, command);
  } catch (error) {
    const refusal = problemOf(error);
    if (refusal === undefined) throw error;
    const { code, details, errors } = refusal;
    const pointer = errors[0]?.pointer;
    return { kind: 'refused', code, details, ...(pointer !== undefined && { pointer }) };
  }
}

function isMade(outcome: Fact | null | Refused, record: LedgerRecord): boolean {
  if (outcome === null || 'kind' in outcome) return false;
  return outcome.name === record.name && canonicalText(outcome.data) === canonicalText(record.data);
}

/** Whether who should be told that may be told this. Of a line of a batch that has no record only "unchanged" is "done". */
function explains(should: Told, told: Told): boolean {
  return told.kind === 'done' ? should.kind === 'unchanged' : sameTold(should, told);
}

function sameTold(a: Told, b: Told): boolean {
  return canonicalText(a) === canonicalText(b);
}

function unexplained(call: Call, log: Log, known: number): string {
  const should = log.answerOn(known, call);
  return (
    `${call.client} was told ${words(call.told)} of ${call.command.act} ${call.commandid} (${times(call)}), ` +
    `and no state of the log from record ${known} on, which was known before, says so; on ${known} it says ${words(should)}.`
  );
}

function words(told: Told): string {
  const { kind, ...rest } = told;
  return `${kind} ${JSON.stringify(rest)}`;
}

function times({ invoked, returned }: Call): string {
  return `${(invoked / 1_000).toFixed(3)} to ${(returned / 1_000).toFixed(3)} s`;
}
