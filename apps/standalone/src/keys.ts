/** The command `npm run keys -- add|revoke|list`: edits the keys file; running processes notice by themselves. */
import { parseArgs } from 'node:util';
import { ACCESS_ROLES, type AccessRole } from '#contracts';
import { KeysFile, readConfig } from '#runtime';

const USAGE = `Usage:
  npm run keys -- list
  npm run keys -- add --role recorder|curator|admin [--ledger <name> …]     (no --ledger: all ledgers)
  npm run keys -- revoke <id>
The file is KEYS_FILE, or keys.json in DATA_DIR.`;

async function main(): Promise<string> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { role: { type: 'string' }, ledger: { type: 'string', multiple: true } },
  });
  const [act, id] = positionals;
  const file = new KeysFile(readConfig().keysFile);
  if (act === 'list') {
    const rows = [...file.keys().values()].map(({ id: key, roles, ledgers, revoked }) => {
      const where = ledgers === '*' ? 'all ledgers' : ledgers.join(', ');
      return `${key}\t${roles.join(', ')}\t${where}${revoked === undefined ? '' : `\trevoked ${revoked}`}`;
    });
    return rows.length === 0 ? `There are no keys in ${file.path}.` : rows.join('\n');
  }
  if (act === 'add' && isRole(values.role)) {
    const { key, text } = await file.add({ roles: [values.role], ledgers: values.ledger ?? '*' });
    return `${key.id}: ${text}\nIt is shown this once, and kept nowhere.`;
  }
  if (act === 'revoke' && id !== undefined) return `${(await file.revoke(id, new Date())).id} opens nothing any more.`;
  throw new Error(USAGE);
}

function isRole(role: string | undefined): role is AccessRole {
  return (ACCESS_ROLES as readonly (string | undefined)[]).includes(role);
}

await main().then(
  (answer) => process.stdout.write(`${answer}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
