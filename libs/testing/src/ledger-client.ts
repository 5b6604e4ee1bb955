/** A ledger as anybody reaches it: over HTTP, by its public addresses. What is sent and what comes back stays as it is. */
import { ACTS, type BatchAnswer, type ProblemBody, type WriteAnswer } from '#contracts';
import type { ActName } from '#domain';

/** An answer as it arrived. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  text: string;
  /** The text, parsed where it is any JSON. */
  body: Body;
}

/** What may go beside the body of an act. */
export interface Beside {
  /** The entity that the address names, where the act changes one. */
  id?: string;
  commandKey?: string;
  ifMatch?: string;
}

export class LedgerClient {
  constructor(
    readonly url: string,
    readonly ledger: string,
    /** An API key; without one nothing can be written. */
    readonly key?: string,
  ) {}

  /** Where an act is sent. */
  addressOf(act: ActName, id = ''): string {
    return this.#address(`/${ACTS[act].route.replace(':id', encodeURIComponent(id))}`);
  }

  /** `signal` gives up waiting; what was sent may be done all the same. */
  async send<Body = WriteAnswer>(
    act: ActName,
    body: object,
    beside: Beside = {},
    signal?: AbortSignal,
  ): Promise<Answer<Body>> {
    const { id, commandKey, ifMatch } = beside;
    return answerOf(
      await fetch(this.addressOf(act, id), {
        method: 'POST',
        headers: {
          ...this.#authorization(),
          'content-type': 'application/json',
          ...(commandKey !== undefined && { 'idempotency-key': commandKey }),
          ...(ifMatch !== undefined && { 'if-match': ifMatch }),
        },
        body: JSON.stringify(body),
        ...(signal !== undefined && { signal }),
      }),
    );
  }

  /** Sends an act that must be accepted. */
  async record(act: ActName, body: object, beside: Beside = {}): Promise<WriteAnswer> {
    return accepted(`${act} in ${this.ledger}`, await this.send(act, body, beside));
  }

  /** Sends commands as one batch: a line each, or text as it is. `answers`: the lines of an answer that is no problem. */
  async sendAll(
    lines: readonly object[] | string | Buffer,
    headers: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<Answer<ProblemBody> & { answers: BatchAnswer[] }> {
    const isText = typeof lines === 'string' || Buffer.isBuffer(lines);
    const answer = await answerOf<ProblemBody>(
      await fetch(this.#address('/batch'), {
        method: 'POST',
        headers: { ...this.#authorization(), 'content-type': 'application/x-ndjson', ...headers },
        body: isText ? lines : lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
        ...(signal !== undefined && { signal }),
      }),
    );
    const texts = answer.status === 200 ? answer.text.split('\n').filter((line) => line !== '') : [];
    return { ...answer, answers: texts.map((line) => JSON.parse(line) as BatchAnswer) };
  }

  /** Asks for something under the ledger's address, such as `/incidents?limit=2`. */
  async ask<Body = Record<string, unknown>>(path: string): Promise<Answer<Body>> {
    return answerOf(await fetch(this.#address(path), { headers: this.#authorization() }));
  }

  /** Asks for something that must be there. */
  async read<Body>(path: string): Promise<Body> {
    return accepted(`${this.ledger}${path}`, await this.ask<Body>(path));
  }

  #address(path: string): string {
    return `${this.url}/v1/ledgers/${this.ledger}${path}`;
  }

  #authorization(): Record<string, string> {
    return this.key === undefined ? {} : { authorization: `Bearer ${this.key}` };
  }
}

function accepted<Body>(what: string, { status, body, text }: Answer<Body>): Body {
  if (status >= 300) throw new Error(`${what} was answered ${status}: ${text}`);
  return body;
}

export async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const { status, headers } = response;
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '');
  return { status, headers, text, body: (isJson && text !== '' ? JSON.parse(text) : undefined) as Body };
}
