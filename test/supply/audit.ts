/**
 * `npm run advisories`: asks the registry's advisory service about every package of the lock file (`npm audit`). An advisory
 * of at least moderate severity that nobody has looked at ends the command with 1. Where the service does not answer, it
 * says so and goes on: that must not keep anybody from working, and is no statement that all is well.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** By id (GHSA-…), why an advisory does not concern us, and until when that is believed without looking again. */
export type Accepted = Readonly<Record<string, { why: string; until: string }>>;
const ACCEPTED: Accepted = {};

const TOLD_ONLY = new Set(['info', 'low']);
const SERVICE_MS_MAX = 30_000;

export interface Advisory {
  id: string;
  severity: string;
  package: string;
  title: string;
}

export type Report =
  /** The service did not answer, and why. */
  { silent: string } | { advisories: Advisory[] };

/** What npm printed, as JSON. */
export function readReport(text: string): Report {
  let said: { message?: string; error?: { summary?: string }; vulnerabilities?: Record<string, { via?: unknown }> };
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    return {
      silent: `npm printed no JSON, but ${text.trim() === '' ? 'nothing' : JSON.stringify(text.slice(0, 200))}`,
    };
  }
  const { vulnerabilities } = said;
  if (vulnerabilities === undefined) return { silent: said.message ?? said.error?.summary ?? 'no reason given' };
  const found = new Map<string, Advisory>();
  for (const [name, { via }] of Object.entries(vulnerabilities)) {
    // A text names another package of the list, through which this one is concerned.
    for (const one of Array.isArray(via) ? (via as unknown[]) : []) {
      if (typeof one !== 'object' || one === null) continue;
      const { url = '', severity = '', title = '' } = one as Partial<Record<'url' | 'severity' | 'title', string>>;
      const id = /GHSA-[\w-]+$/.exec(url)?.[0] ?? url;
      found.set(id, { id, severity, package: name, title });
    }
  }
  return { advisories: [...found.values()] };
}

/** What must be looked at. `today` is a date, such as 2026-11-25. */
export function unaccepted(advisories: readonly Advisory[], accepted: Accepted, today: string): Advisory[] {
  return advisories.filter(({ id, severity }) => {
    const until = Object.hasOwn(accepted, id) ? accepted[id]?.until : undefined;
    return !TOLD_ONLY.has(severity) && (until === undefined || until < today);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { stdout } = spawnSync('npm', ['audit', '--json', '--fetch-retries=0', `--fetch-timeout=${SERVICE_MS_MAX}`], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    timeout: 2 * SERVICE_MS_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const report = readReport(stdout ?? '');
  if ('silent' in report)
    console.log(`The advisory service did not answer, so nothing was looked up: ${report.silent}`);
  else {
    const left = unaccepted(report.advisories, ACCEPTED, new Date().toISOString().slice(0, 10));
    for (const { id, severity, package: name, title } of report.advisories)
      console.log(`${severity} ${id} ${name}: ${title}`);
    for (const { id, package: name } of left) {
      console.error(
        `${id} (${name}): take a newer version, or say in test/supply/audit.ts why it does not concern us.`,
      );
    }
    console.log(`${report.advisories.length} advisories, ${left.length} of them to be looked at.`);
    if (left.length > 0) process.exitCode = 1;
  }
}
