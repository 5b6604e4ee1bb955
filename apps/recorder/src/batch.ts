/**
 * THE BATCH DOOR: commands by the thousand, a line each, decided in their order as if they had come one by one. The answer
 * goes along: a line for every commit and for every refusal, `done` at the end. An answer that ends without it was cut;
 * the same lines sent again then complete what is missing, because each has the id of its command.
 */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';
import {
  problemOf,
  readBatchLine,
  type BatchAnswer,
  type BatchLine,
  type NumberedLine,
  type Problem,
} from '#contracts';
import { toldOf, type BatchOutcome, type LineOfBatch } from './dispatcher.js';

/** So much is decided and appended together: about one commit. */
const WINDOW_LINES_MAX = 1_000;
const WINDOW_BYTES_MAX = 2 * 1024 * 1024;
/** Lines read without letting anybody else have a turn. */
const LINES_AT_ONCE = 100;
/** How long a batch waits for room in a queue that others have filled. */
const BUSY_MS_MAX = 10_000;
const BUSY_RETRY_MS = 50;

/** Makes a line a command. @throws Problem why it is none, or may not be sent by this caller */
export type ReadLine = (line: BatchLine) => LineOfBatch['request'];

/** Brings a window to the ledger. */
export type SendWindow = (commands: readonly LineOfBatch[]) => Promise<BatchOutcome>;

interface Window {
  /** Numbers of its first line and its last. */
  first: number;
  through: number;
  /** How many lines it has. */
  size: number;
  commands: LineOfBatch[];
  /** The number of each command's line. */
  numbers: number[];
  /** By the number of its line, why it is no command. */
  refused: Map<number, Problem>;
}

/**
 * The lines of the answer. Where nobody can say of the first window, that is thrown; of a later one it is the last line.
 * @throws Problem, or whatever nobody foresaw
 */
export async function* answersTo(
  lines: readonly NumberedLine[],
  toRequest: ReadLine,
  send: SendWindow,
): AsyncGenerator<BatchAnswer> {
  let position: number | undefined;
  let done = 0;
  let next: Window | undefined = await readWindow(lines, done, toRequest);
  while (next !== undefined) {
    const window: Window = next;
    const sent = whenThereIsRoom(window.commands, send);
    // It is awaited once the next window is read, and until then nobody hears of its failure.
    sent.catch(() => undefined);
    const after = done + window.size;
    next = after < lines.length ? await readWindow(lines, after, toRequest) : undefined;
    try {
      const outcome = await sent;
      position = outcome.position ?? position;
      for (const [index, problem] of outcome.refused) window.refused.set(window.numbers[index] ?? 0, problem);
    } catch (error) {
      if (done === 0) throw error;
      yield { line: window.first, problem: toldOf(error).body() };
      return;
    }
    const refused = [...window.refused].toSorted(([a], [b]) => a - b);
    for (const [line, problem] of refused) yield { line, problem: problem.body() };
    yield { through: window.through, ...(position !== undefined && { position }) };
    done = after;
  }
  yield { done: true };
}

async function readWindow(lines: readonly NumberedLine[], from: number, toRequest: ReadLine): Promise<Window> {
  const first = lines[from]?.number ?? 0;
  const window: Window = { first, through: first, size: 0, commands: [], numbers: [], refused: new Map() };
  let windowBytes = 0;
  for (const { number, bytes } of lines.slice(from, from + WINDOW_LINES_MAX)) {
    windowBytes += bytes.length;
    if (window.size > 0 && windowBytes > WINDOW_BYTES_MAX) break;
    try {
      window.commands.push({ request: toRequest(readBatchLine(bytes)), bytes });
      window.numbers.push(number);
    } catch (error) {
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      window.refused.set(number, problem);
    }
    window.through = number;
    window.size += 1;
    // The log is written, and others are answered, meanwhile.
    if (window.size % LINES_AT_ONCE === 0) await breathe();
  }
  return window;
}

async function whenThereIsRoom(commands: readonly LineOfBatch[], send: SendWindow): Promise<BatchOutcome> {
  if (commands.length === 0) return { refused: new Map() };
  const deadline = performance.now() + BUSY_MS_MAX;
  for (;;) {
    try {
      return await send(commands);
    } catch (error) {
      const isBusy = (error as { code?: unknown }).code === 'busy';
      if (!isBusy || performance.now() > deadline) throw error;
      await pause(BUSY_RETRY_MS);
    }
  }
}
