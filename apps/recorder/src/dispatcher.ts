/**
 * BRINGS a command to the process that writes its ledger: this one, or another that it is forwarded to, once. Ledgers move
 * between processes; whoever sent the command need not notice, so it is waited for a while. Sending a command again is
 * safe, because its id goes along: if it had been recorded, the first outcome comes back.
 */
import { Agent, request as sendHttp, type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import { Problem, problemOf, type BatchAnswer, type ProblemBody, type WriteAnswer } from '#contracts';
import { UnknownLedger, WriteFailure, type Outcome, type Ownership, type Request, type Writers } from '#ledger';
import type { ForwardProof } from './forward-proof.js';

/** What came over HTTP, to be sent on as it came. */
export interface Sent {
  /** Path and query. */
  url: string;
  body: unknown;
  authorization: string;
  ifMatch: string | undefined;
  requestId: string;
  /**
   * Another recorder sent it here, when this process was the owner by that generation: it goes no further, and counts
   * only if the ledger has not been another's since. That one may have refused it meanwhile.
   */
  forwarded: number | undefined;
}

/** Says that a command was forwarded already, and by which generation of owners. */
const FORWARDED_HEADER = 'incident-ledger-forwarded';

/** By which generation a request was forwarded; undefined where it came from a client. */
export function forwardedBy(headers: IncomingHttpHeaders): number | undefined {
  const header = headers[FORWARDED_HEADER];
  // What is no number is no generation, and before all of them.
  return header === undefined ? undefined : /^\d{1,10}$/.test(String(header)) ? Number(header) : -1;
}

/** Longer than it takes until a killed owner is noticed and its ledgers are given to others. */
const MOVE_MS_MAX = 12_000;
const RETRY_MS = 100;
/** Longer than an owner takes to say that its log does not answer. */
const ANSWER_MS_MAX = 40_000;
const SOCKETS_MAX = 256;

/** The other process could not be reached, or its answer could not be read: the command may have been recorded. */
class Unreachable extends Error {
  constructor(cause: unknown) {
    super(
      `The process that writes this ledger does not answer: ${cause instanceof Error ? cause.message : 'no reason'}`,
      {
        cause,
      },
    );
    this.name = 'Unreachable';
  }
}

const NEWLINE = Buffer.from('\n');

/** A line of a batch: the command that it is, and its bytes, to be sent on as they came. */
export interface LineOfBatch {
  request: Request;
  bytes: Buffer;
}

export interface BatchOutcome {
  /** Of the last record that the commands made, now or the first time; none where all were refused. */
  position?: number;
  /** By index, why a command was refused. */
  refused: Map<number, Problem>;
}

export class Dispatcher {
  /** What is under way to others, and to whom. */
  readonly #underway = new Map<ClientRequest, { ledger: string; address: string }>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'fifo' });

  constructor(
    private readonly writers: Writers,
    /** Left out where this process shares its ledgers with nobody. */
    private readonly ownership?: Ownership,
    private readonly proof?: ForwardProof,
  ) {
    ownership?.onChange(() => this.#callBack(ownership));
  }

  /** @throws Rejected, WriteFailure, UnknownLedger, or a Problem that another process answered with */
  async execute(request: Request, sent: Sent): Promise<Outcome> {
    return this.#bring(request.ledger, [request], sent, {
      here: () => this.writers.execute(request),
      there: (address, ownership) => this.#forward(address, request, sent, ownership.generation),
    });
  }

  /**
   * Commands of one ledger, to be decided in their order. Of each that was refused its problem comes back.
   * @throws as `execute`, where nobody can say of all of them: some of the first may be recorded
   */
  async executeAll(ledger: string, commands: readonly LineOfBatch[], sent: Sent): Promise<BatchOutcome> {
    const requests = commands.map(({ request }) => request);
    return this.#bring(ledger, requests, sent, {
      here: async () => outcomeOf(await this.writers.executeAll(ledger, requests)),
      there: (address, ownership) => this.#forwardAll(address, ledger, commands, sent, ownership.generation),
    });
  }

  /** Does it where the ledger is written; where that is being decided, or the other does not answer, waits for it. */
  async #bring<T>(ledger: string, requests: readonly Request[], sent: Sent, ways: Ways<T>): Promise<T> {
    const { ownership, writers } = this;
    if (ownership === undefined) return ways.here();
    if (requests.some(({ act }) => act.act === 'open-ledger')) {
      await writers.create(ledger);
      ownership.expect(ledger);
    }
    const deadline = performance.now() + MOVE_MS_MAX;
    for (;;) {
      try {
        return await this.#tryOnce(ledger, sent, ownership, ways);
      } catch (error) {
        const leftMs = deadline - performance.now();
        if (!isElsewhere(error)) throw error;
        if (sent.forwarded !== undefined || leftMs <= 0) {
          throw error instanceof Unreachable
            ? new WriteFailure('unavailable', `${error.message}. Repeat it with the same Idempotency-Key.`, {
                cause: error,
              })
            : error;
        }
        await ownership.changed(Math.min(RETRY_MS, leftMs));
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Who has lost a ledger may never answer, because it was stopped: what it was sent is sent to the next owner. */
  #callBack(ownership: Ownership): void {
    for (const [outgoing, { ledger, address }] of this.#underway) {
      const owner = ownership.ownerOf(ledger);
      const hasMoved = owner === 'here' || (owner !== 'nobody' && owner.address !== address);
      if (hasMoved) outgoing.destroy(new Error('the ledger was given to another process'));
    }
  }

  async #tryOnce<T>(ledger: string, sent: Sent, ownership: Ownership, { here, there }: Ways<T>): Promise<T> {
    const { forwarded } = sent;
    const owner = ownership.ownerOf(ledger);
    if (owner === 'here') {
      const isStillMeant = forwarded === undefined || forwarded >= (ownership.heldSince(ledger) ?? Infinity);
      if (isStillMeant) return here();
    } else if (owner === 'nobody') {
      if (!(await this.writers.exists(ledger))) throw new UnknownLedger(ledger);
      ownership.expect(ledger);
    } else if (forwarded === undefined) {
      return there(owner.address, ownership);
    }
    throw new WriteFailure('not-owner', 'The ledger is being given to another process: send the command again.');
  }

  async #forward(address: string, { ledger, commandKey }: Request, sent: Sent, generation: number): Promise<Outcome> {
    const { status, text } = await this.#post(address, ledger, sent, {
      body: Buffer.from(JSON.stringify(sent.body), 'utf8'),
      headers: {
        'content-type': 'application/json',
        'idempotency-key': commandKey,
        [FORWARDED_HEADER]: String(generation),
        ...(sent.ifMatch !== undefined && { 'if-match': sent.ifMatch }),
      },
    });
    const said = parsed(text) as WriteAnswer | ProblemBody;
    if ('position' in said && status < 300) {
      const { commandId: _, ...outcome } = said as WriteAnswer;
      return outcome;
    }
    throw Problem.from(said as ProblemBody);
  }

  async #forwardAll(
    address: string,
    ledger: string,
    commands: readonly LineOfBatch[],
    sent: Sent,
    generation: number,
  ): Promise<BatchOutcome> {
    const { status, text } = await this.#post(address, ledger, sent, {
      body: Buffer.concat(commands.flatMap(({ bytes }) => [bytes, NEWLINE])),
      headers: { 'content-type': 'application/x-ndjson', [FORWARDED_HEADER]: String(generation) },
    });
    if (status !== 200) throw Problem.from(parsed(text) as ProblemBody);
    const outcome: BatchOutcome = { refused: new Map() };
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const said = parsed(line) as BatchAnswer;
      if (said.position !== undefined) outcome.position = said.position;
      if (said.done === true) return outcome;
      if (said.line === undefined || said.problem === undefined) continue;
      const problem = Problem.from(said.problem);
      if (problem.status >= 500) throw problem;
      outcome.refused.set(said.line - 1, problem);
    }
    throw new Unreachable(new Error('the answer was cut'));
  }

  async #post(
    address: string,
    ledger: string,
    { url, authorization, requestId }: Sent,
    { body, headers }: { body: Buffer; headers: Record<string, string> },
  ): Promise<{ status: number; text: string }> {
    const target = new URL(url, address);
    return new Promise((resolve, reject) => {
      const outgoing = sendHttp(target, {
        method: 'POST',
        agent: this.#agent,
        timeout: ANSWER_MS_MAX,
        headers: {
          ...headers,
          'content-length': body.byteLength,
          authorization,
          'x-request-id': requestId,
          ...this.proof?.headers(`${target.pathname}${target.search}`, requestId),
        },
      });
      this.#underway.set(outgoing, { ledger, address });
      outgoing.on('close', () => this.#underway.delete(outgoing));
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS_MAX / 1_000} seconds`)));
      outgoing.on('error', (error) => reject(new Unreachable(error)));
      outgoing.on('response', (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => (text += part));
        incoming.on('error', (error) => reject(new Unreachable(error)));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      });
      outgoing.end(body);
    });
  }
}

/** The two ways of doing something with a ledger. */
interface Ways<T> {
  here: () => Promise<T>;
  there: (address: string, ownership: Ownership) => Promise<T>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreachable(error);
  }
}

/** What a refusal says is the command's; anything else is a fault, and then nobody can say of the others either. */
function outcomeOf(verdicts: readonly (Outcome | Error)[]): BatchOutcome {
  const outcome: BatchOutcome = { refused: new Map() };
  for (const [index, verdict] of verdicts.entries()) {
    if (!(verdict instanceof Error)) outcome.position = Math.max(outcome.position ?? 0, verdict.position);
    else outcome.refused.set(index, toldOf(verdict));
  }
  return outcome;
}

/** A failure to write as a client is told of it. @throws what is none */
export function toldOf(error: unknown, details: Readonly<Record<string, unknown>> = {}): Problem {
  if (error instanceof WriteFailure) return new Problem(error.code, error.message, { cause: error, details });
  if (error instanceof UnknownLedger) return new Problem('ledger-not-open', error.message);
  const problem = problemOf(error);
  if (problem === undefined) throw error;
  return problem;
}

/** The command was not taken here because the ledger is, or soon will be, another's. */
function isElsewhere(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return (
    (error instanceof WriteFailure || error instanceof Problem) &&
    (error.code === 'not-owner' || error.code === 'stopping')
  );
}
