/** A command of ours as a process of its own: what it prints, how it ends. */
import { spawn, type ChildProcess } from 'node:child_process';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class RunningCommand {
  readonly pid: number;
  /** Both streams, as they came. */
  output = '';
  readonly ended: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #looking = new Set<() => void>();

  /** Runs a program of Node with these arguments; the environment is ours, but for what is given. */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.pid === undefined) throw new Error(`${args.join(' ')} cannot be run.`);
    this.pid = this.#child.pid;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const look of this.#looking) look();
      });
    }
    this.ended = new Promise((resolve) => {
      // When its pipes are closed, too: everything it said has arrived.
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** What it prints, once it matches. @throws Error if it ends without */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let look = (): void => undefined;
    const found = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const match = pattern.exec(this.output);
        if (match !== null) resolve(match);
      };
    });
    this.#looking.add(look);
    look();
    try {
      return await Promise.race([
        found,
        this.ended.then(({ code }) => {
          throw new Error(`It ended with code ${code} and never printed ${pattern}, but:\n${this.output}`);
        }),
      ]);
    } finally {
      this.#looking.delete(look);
    }
  }

  /** Sends a signal and returns when it has ended. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.ended;
  }
}
