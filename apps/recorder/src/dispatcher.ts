/**
 * BRINGS a command to the process that writes its ledger: this one, or another that it is forwarded to, once. Ledgers move
 * between processes; whoever sent the command need not notice, so it is waited for a while. Sending a command again is
 * safe, because its id goes along: if it had been recorded, the first outcome comes back.
 */
import { Agent, request as sendHttp, type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import { Problem, type ProblemBody, type WriteAnswer } from '#contracts';
import { UnknownLedger, WriteFailure, type Outcome, type Ownership, type Request, type Writers } from '#ledger';

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

export class Dispatcher {
  /** What is under way to others, and to whom. */
  readonly #underway = new Map<ClientRequest, { ledger: string; address: string }>();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'fifo' });

  constructor(
    private readonly writers: Writers,
    /** Left out where this process shares its ledgers with nobody. */
    private readonly ownership?: Ownership,
  ) {
    ownership?.onChange(() => this.#callBack(ownership));
  }

  /** @throws Rejected, WriteFailure, UnknownLedger, or a Problem that another process answered with */
  async execute(request: Request, sent: Sent): Promise<Outcome> {
    const { ownership, writers } = this;
    if (ownership === undefined) return writers.execute(request);
    const { ledger } = request;
    if (request.act.act === 'open-ledger') {
      await writers.create(ledger);
      ownership.expect(ledger);
    }
    const deadline = performance.now() + MOVE_MS_MAX;
    for (;;) {
      try {
        return await this.#tryOnce(request, sent, ownership);
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

  async #tryOnce(request: Request, sent: Sent, ownership: Ownership): Promise<Outcome> {
    const { ledger } = request;
    const { forwarded } = sent;
    const owner = ownership.ownerOf(ledger);
    if (owner === 'here') {
      const isStillMeant = forwarded === undefined || forwarded >= (ownership.heldSince(ledger) ?? Infinity);
      if (isStillMeant) return this.writers.execute(request);
    } else if (owner === 'nobody') {
      if (!(await this.writers.exists(ledger))) throw new UnknownLedger(ledger);
      ownership.expect(ledger);
    } else if (forwarded === undefined) {
      return this.#forward(owner.address, request, sent, ownership.generation);
    }
    throw new WriteFailure('not-owner', 'The ledger is being given to another process: send the command again.');
  }

  async #forward(address: string, { ledger, commandKey }: Request, sent: Sent, generation: number): Promise<Outcome> {
    const body = Buffer.from(JSON.stringify(sent.body), 'utf8');
    const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const outgoing = sendHttp(new URL(sent.url, address), {
        method: 'POST',
        agent: this.#agent,
        timeout: ANSWER_MS_MAX,
        headers: {
          'content-type': 'application/json',
          'content-length': body.byteLength,
          authorization: sent.authorization,
          'idempotency-key': commandKey,
          'x-request-id': sent.requestId,
          [FORWARDED_HEADER]: String(generation),
          ...(sent.ifMatch !== undefined && { 'if-match': sent.ifMatch }),
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
    let said: WriteAnswer | ProblemBody;
    try {
      said = JSON.parse(answer.text) as WriteAnswer | ProblemBody;
    } catch (error) {
      throw new Unreachable(error);
    }
    if ('position' in said && answer.status < 300) {
      const { commandId: _, ...outcome } = said as WriteAnswer;
      return outcome;
    }
    throw Problem.from(said as ProblemBody);
  }
}

/** The command was not taken here because the ledger is, or soon will be, another's. */
function isElsewhere(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return (
    (error instanceof WriteFailure || error instanceof Problem) &&
    (error.code === 'not-owner' || error.code === 'stopping')
  );
}
