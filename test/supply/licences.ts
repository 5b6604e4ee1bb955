/**
 * `npm run licences`: every package of the lock file, for production and for development, must be of a licence from the
 * list below. What is not is named, and the command ends with 1.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** SPDX ids that ask for no more than a notice of whoever distributes the program. */
const ALLOWED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** By name of a package, why it may be here although its licence is not on the list, or is not said where we look. */
const EXCEPTIONS: Readonly<Record<string, { licence: string; why: string }>> = {
  'caniuse-lite': { licence: 'CC-BY-4.0', why: 'a table about browsers that jest reads; nothing of it is distributed' },
  ssh2: { licence: 'MIT', why: 'its package.json says so in an old form; development only' },
  'cpu-features': { licence: 'MIT', why: 'its package.json says so in an old form; development only' },
  buildcheck: { licence: 'MIT', why: 'its package.json says so in an old form; development only' },
};

/** What a lock file says of a package. */
export interface Locked {
  version?: string;
  license?: string;
  link?: boolean;
}

export interface Refused {
  name: string;
  version: string;
  licence: string;
}

/** The packages that may not be here. */
export function refusedLicences(packages: Readonly<Record<string, Locked>>): Refused[] {
  return Object.entries(packages).flatMap(([path, { version = '', license = '', link }]) => {
    // The root is ours, and what is linked is one of ours.
    if (path === '' || link === true) return [];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const exception = Object.hasOwn(EXCEPTIONS, name) ? EXCEPTIONS[name] : undefined;
    const isExcepted = exception !== undefined && (license === '' || license === exception.licence);
    return isExcepted || isAllowed(license) ? [] : [{ name, version, licence: license || 'none said' }];
  });
}

/** An SPDX expression: of an OR one side is enough, of an AND both are needed. */
export function isAllowed(expression: string): boolean {
  const text = expression.trim().replace(/^\(([^()]*)\)$/, '$1');
  if (/[()]/.test(text)) return false;
  return text
    .split(/ OR /)
    .some((alternative) => alternative.split(/ AND /).every((licence) => ALLOWED.has(licence.trim())));
}

/** Those of the exceptions that are no longer needed. */
export function idleExceptions(packages: Readonly<Record<string, Locked>>): string[] {
  return Object.keys(EXCEPTIONS).filter(
    (name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
  );
}

export function lockedPackages(): Record<string, Locked> {
  const lock = readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8');
  return (JSON.parse(lock) as { packages: Record<string, Locked> }).packages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const packages = lockedPackages();
  const refused = refusedLicences(packages);
  for (const { name, version, licence } of refused) {
    console.error(
      `${name}@${version}: ${licence}. Do without it, or say in test/supply/licences.ts why it may be here.`,
    );
  }
  for (const name of idleExceptions(packages)) {
    console.error(`${name} is an exception of test/supply/licences.ts and no package: take it out.`);
    process.exitCode = 1;
  }
  if (refused.length > 0) process.exitCode = 1;
  else console.log(`${Object.keys(packages).length - 1} packages, all of an allowed licence.`);
}
