/**
 * THE RECORDER'S BATCH DOOR, the one thing of the ledger that an import knows: lines of acts go out, and come back decided.
 * Whatever is cut or busy is sent again with the same ids, which adds nothing twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A line to send. `id` is the command's: the same line always has the same one. */
export interface Line {
  readonly id: string;
  readonly act: string;
  readonly expect?: readonly { entity: string; version: number }[];
  readonly body: object;
}

/** What the recorder says of a line that it does not take. */
export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { pointer: string; reason: string }[];
  readonly current?: readonly { entity: string; version: number }[];
}

/** Nothing can be done any more; the message says what to do. */
export class Undoable extends Error {}

export interface Decided {
  /** By the index of its line. */
  readonly refusals: ReadonlyMap<number, Refusal>;
  /** The last position that was answered; 0: none. */
  readonly position: number;
}

export interface DoorOptions {
  url: string;
  ledger: string;
  key: string;
  /** How long to go on trying without any progress, in ms. */
  patienceMs: number;
  /** What is to be told while it waits. */
  tell: (line: string) => void;
  signal: AbortSignal;
}

const PAUSE_MS = 500;
const PAUSE_MS_MAX = 10_000;

/** Answers of the whole request that no repeating mends, and what to do. */
const HOPELESS: ReadonlyMap<number, string> = new Map([
  [401, 'Give the text of a valid API key in INCIDENT_LEDGER_KEY, or a file that holds it with --key-file.'],
  [403, 'Ask the operator for a key of that ledger; one with the role curator also records later releases.'],
  [404, 'Mend --url or --ledger; a ledger is opened by an admin first (docs/acts.md, open-ledger).'],
  [413, 'One line alone is more than the recorder takes: look at the longest row of the file.'],
]);
/** Refusals of a line that every line would meet. */
const HOPELESS_LINES: ReadonlyMap<string, string> = new Map([
  ['ledger-not-open', 'Mend --ledger, or have an admin open it first (docs/acts.md, open-ledger).'],
  ['ledger-closed', 'Import into its successor.'],
  ['forbidden', 'A release that changes cards needs a key with the role curator; everything else, recorder.'],
  ['unauthenticated', 'Give a valid API key.'],
]);

export class BatchDoor {
  readonly #address: string;

  constructor(private readonly options: DoorOptions) {
    this.#address = `${options.url.replace(/\/+$/, '')}/v1/ledgers/${options.ledger}/batch`;
  }

  /** Sends lines, in their order, until each is decided. @throws Undoable */
  async send(lines: readonly Line[]): Promise<Decided> {
    const refusals = new Map<number, Refusal>();
    let position = 0;
    let open = lines.map((_, index) => index);
    let lastProgress = performance.now();
    for (let pause = PAUSE_MS; open.length > 0; pause = Math.min(pause * 2, PAUSE_MS_MAX)) {
      const round = await this.#round(open.map((index) => lines[index] as Line));
      position = Math.max(position, round.position);
      const again = new Set<number>();
      for (const [at, refusal] of round.refusals) {
        const advice = HOPELESS_LINES.get(refusal.code);
        if (advice !== undefined) throw new Undoable(`${refusal.detail} ${advice}`);
        const index = open[at] as number;
        if (refusal.status >= 500) again.add(index);
        else refusals.set(index, refusal);
      }
      const left = open.filter((index, at) => at >= round.through || again.has(index));
      if (left.length < open.length) {
        lastProgress = performance.now();
        pause = PAUSE_MS;
      }
      open = left;
      if (open.length === 0) break;
      if (round.isPart) continue;
      const why = round.failure ?? 'it answers that it is busy';
      if (performance.now() - lastProgress > this.options.patienceMs) {
        throw new Undoable(
          `The recorder at ${this.options.url} did not answer for ${Math.round(this.options.patienceMs / 1000)} s: ${why}. ` +
            'What was acknowledged is safe. When it is back, give the same command again: it goes on where this one ended.',
        );
      }
      const waitMs = round.retryAfterMs ?? pause;
      this.options.tell(`The recorder did not take everything (${why}): sending again in ${waitMs / 1000} s.`);
      await sleep(waitMs, undefined, { signal: this.options.signal });
    }
    return { refusals, position };
  }

  /** One request. `through`: so many lines from the first were decided. */
  async #round(lines: readonly Line[]): Promise<{
    through: number;
    position: number;
    refusals: Map<number, Refusal>;
    failure?: string;
    retryAfterMs?: number;
    /** More lines than these were too many at once. */
    isPart?: boolean;
  }> {
    const refusals = new Map<number, Refusal>();
    const seen = { through: 0, position: 0 };
    try {
      const response = await fetch(this.#address, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.options.key}`, 'content-type': 'application/x-ndjson' },
        body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
        signal: this.options.signal,
      });
      if (!response.ok || response.body === null) {
        const refused = await problemOf(response);
        if (response.status === 413 && lines.length > 1) {
          return { ...(await this.#round(lines.slice(0, Math.ceil(lines.length / 2)))), isPart: true };
        }
        const advice =
          HOPELESS.get(response.status) ?? (response.status < 500 && response.status !== 429 ? '' : undefined);
        if (advice !== undefined) throw new Undoable(`${refused} ${advice}`.trim());
        const seconds = Number(response.headers.get('retry-after'));
        return { ...seen, refusals, failure: refused, ...(seconds > 0 && { retryAfterMs: seconds * 1000 }) };
      }
      let isDone = false;
      for await (const answer of answersOf(response.body)) {
        if ('done' in answer) isDone = true;
        else if ('problem' in answer) refusals.set(answer.line - 1, answer.problem);
        else Object.assign(seen, answer);
      }
      if (isDone) return { ...seen, through: lines.length, refusals };
      return { ...seen, refusals: before(refusals, seen.through), failure: 'its answer was cut off' };
    } catch (error) {
      if (error instanceof Undoable || this.options.signal.aborted) throw error;
      return { ...seen, refusals: before(refusals, seen.through), failure: reasonOf(error) };
    }
  }
}

type Answer = { through: number; position: number } | { line: number; problem: Refusal } | { done: true };

async function* answersOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Answer> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Answer;
  }
}

/** Only what was decided for good: a line behind the last commit is sent again. */
function before(refusals: Map<number, Refusal>, through: number): Map<number, Refusal> {
  return new Map([...refusals].filter(([at]) => at < through));
}

async function problemOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not from a recorder: its status says all there is.
  }
  return `It answered ${response.status} to a batch.`;
}

/** fetch says "fetch failed" and hides why. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : undefined;
  return inner === undefined ? message : `${message}: ${inner}`;
}
