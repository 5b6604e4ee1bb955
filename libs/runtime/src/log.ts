/**
 * THE LOG of a process, for those who run it: text for a person at a terminal, one JSON object a line for programs. Told
 * are messages of ours and what they are about, never a body, a parameter or a key. (The log of a ledger is another thing.)
 */

/** What a line is about, where there is such a thing. Ids only. */
export interface About {
  /** Left out: info. */
  level?: LogLevel;
  ledger?: string;
  requestId?: string;
  commandId?: string;
  /** Id of the caller's API key, such as k1. */
  key?: string;
  /** Where it came from, for whoever mends it. */
  stack?: string;
  /** One line for each write; only the JSON form has them. */
  access?: { method: string; route: string; status: number; ms: number; problem?: string };
}

export type LogLevel = 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';
export type Log = (message: string, about?: About) => void;

/** `process` is the name of what runs, such as recorder. */
export function createLog(
  { process, format, now = () => new Date() }: { process: string; format: LogFormat; now?: () => Date },
  write: (line: string) => void,
): Log {
  if (format === 'json') {
    return (message, { level = 'info', access, ...about } = {}) =>
      write(`${JSON.stringify({ time: now().toISOString(), level, process, message, ...about, ...access })}\n`);
  }
  return (message, { access, stack } = {}) => {
    if (access !== undefined) return;
    write(`${now().toISOString()} ${message}${stack === undefined ? '' : `\n${stack}`}\n`);
  };
}
