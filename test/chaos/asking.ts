/**
 * ASKING a node over HTTP, a command or a batch of them, and noting what it said. Where it says nothing, or breaks off, nobody
 * knows what became of it.
 */
import { completeAct, readBody, type BatchAnswer, type ProblemBody, type WriteAnswer } from '#contracts';
import type { ActName, Command } from '#domain';
import { LedgerClient, type Beside } from '../../libs/testing/src/ledger-client.js';
import type { Call, Told } from './history.js';

/** A command with everything that makes it the same command again. */
export interface Sent {
  act: ActName;
  body: object;
  beside: Beside & { commandKey: string };
}

export interface Node {
  readonly url: string;
}

/** Where calls are noted. */
export interface Notes {
  readonly ledger: string;
  readonly calls: Call[];
}

export interface Caller {
  name: string;
  /** Id of the API key. */
  recorder: string;
  /** The API key. */
  text: string;
}

/** Sends a command to a node and notes the call. */
export async function ask(notes: Notes, caller: Caller, { url }: Node, sent: Sent, msMax: number): Promise<Told> {
  const invoked = performance.now();
  const told = await toldOf(new LedgerClient(url, notes.ledger, caller.text), sent, msMax);
  notes.calls.push(callOf(caller, sent, invoked, told));
  return told;
}

/** Sends commands as a batch and notes a call for each line, one after the other. */
export async function askAll(
  notes: Notes,
  caller: Caller,
  { url }: Node,
  batch: readonly Sent[],
  msMax: number,
): Promise<Told[]> {
  const invoked = performance.now();
  const told = await toldOfAll(`${url}/v1/ledgers/${notes.ledger}/batch`, caller, batch, msMax);
  let before: Call | undefined;
  for (const [index, sent] of batch.entries()) {
    const call: Call = callOf(caller, sent, invoked, told[index] as Told);
    if (before !== undefined) call.after = before;
    if (call.told.kind !== 'unknown') before = call;
    notes.calls.push(call);
  }
  return told;
}

function callOf(caller: Caller, { act, body, beside }: Sent, invoked: number, told: Told): Call {
  return {
    client: caller.name,
    commandid: `${caller.recorder}:${beside.commandKey}`,
    command: commandOf(act, body, beside),
    invoked,
    returned: performance.now(),
    told,
  };
}

async function toldOfAll(url: string, { text: key }: Caller, batch: readonly Sent[], msMax: number): Promise<Told[]> {
  const told: Told[] = [];
  let why = 'the answer ended before its end';
  try {
    for await (const answer of answersTo(url, key, batch, msMax)) {
      const { line, problem, through, position, done } = answer;
      if (line !== undefined && problem !== undefined) {
        if (problem.status < 500) told[line - 1] = refusedBy(problem);
        else why = `${problem.code}: ${problem.detail}`;
      }
      for (let index = 0; index < (through ?? 0); index += 1) told[index] ??= { kind: 'done', position: position ?? 0 };
      if (done === true) why = 'internal: the answer is whole, and a line is missing in it';
    }
  } catch (error) {
    why = reasonOf(error);
  }
  return batch.map((_, index) => told[index] ?? { kind: 'unknown', why });
}

/** The lines of the answer, as far as they come. */
async function* answersTo(
  url: string,
  key: string,
  batch: readonly Sent[],
  msMax: number,
): AsyncGenerator<BatchAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
    body: batch.map((sent) => `${JSON.stringify(lineOf(sent))}\n`).join(''),
    signal: AbortSignal.timeout(msMax),
  });
  if (response.status !== 200) {
    const { status, code, detail } = (await response.json()) as ProblemBody;
    throw new Error(`${status < 500 ? 'internal: a batch was refused: ' : ''}${code}: ${detail}`);
  }
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as BatchAnswer;
  }
}

/** What the address and the headers of a single request say stands in the line. */
function lineOf({ act, body, beside: { id, ifMatch, commandKey } }: Sent): object {
  return {
    id: commandKey,
    act,
    ...(ifMatch !== undefined && { expect: [{ entity: id, version: Number(ifMatch.replaceAll('"', '')) }] }),
    body: { ...body, ...(id !== undefined && { id }) },
  };
}

function refusedBy({
  type: _type,
  title: _title,
  status: _status,
  code,
  detail: _,
  errors,
  ...details
}: ProblemBody): Told {
  const pointer = errors?.[0]?.pointer;
  return { kind: 'refused', code, details, ...(pointer !== undefined && { pointer }) };
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

async function toldOf(client: LedgerClient, { act, body, beside }: Sent, msMax: number): Promise<Told> {
  try {
    const answer = await client.send<WriteAnswer | ProblemBody>(act, body, beside, AbortSignal.timeout(msMax));
    if (answer.status < 300) {
      const { entity, version, position, unchanged } = answer.body as WriteAnswer;
      return { kind: unchanged === true ? 'unchanged' : 'accepted', entity, version, position };
    }
    const problem = answer.body as ProblemBody;
    if (problem.status >= 500) return { kind: 'unknown', why: `${problem.code}: ${problem.detail}` };
    return refusedBy(problem);
  } catch (error) {
    return { kind: 'unknown', why: reasonOf(error) };
  }
}

/** The command as the rules see it. */
function commandOf(act: ActName, body: object, beside: Beside): Command {
  const checked = readBody(act, body, beside);
  const complete = completeAct(checked, () => {
    throw new Error('Clients bring their own ids.');
  });
  // Its private texts are open here, which makes no difference to the rules.
  return { ...complete, ...(checked.expect !== undefined && { expect: checked.expect }) } as Command;
}
