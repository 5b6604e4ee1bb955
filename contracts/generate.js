/**
 * Writes the generated contracts: the JSON Schema of every record (from the types in libs/domain) and the OpenAPI of both
 * APIs (from the DTOs; needs `npm run build` before). With --check it only compares and fails where a file is out of date.
 *
 *   npm run contracts            npm run contracts -- --check
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');
const stale = [];

function put(path, value) {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  const file = join(root, 'contracts', path);
  if (check) {
    let there = '';
    try {
      there = readFileSync(file, 'utf8');
    } catch {
      // Missing is stale too.
    }
    if (there !== text) stale.push(path);
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Newest version of each record; an older one keeps its file, which is never generated again. */
const { RECORD_VERSIONS } = await import('#ledger');
const generator = createGenerator({
  path: join(root, 'libs/domain/src/records.ts'),
  tsconfig: join(root, 'tsconfig.json'),
  type: '*',
  additionalProperties: false,
  topRef: false,
  skipTypeCheck: true,
});
for (const [name, version] of Object.entries(RECORD_VERSIONS)) {
  const schema = generator.createSchema(name);
  const path = `${name}.v${version}.json`;
  put(`records/${path}`, { ...plain(schema), $id: `/schemas/${path}` });
}

const { API_NAMES, describeOffline } = await import('#app/standalone');
for (const name of API_NAMES) put(`openapi-${name}.json`, await describeOffline(name));

if (stale.length > 0) {
  console.error(`Out of date in contracts/: ${stale.join(', ')}. Run: npm run contracts`);
  process.exit(1);
}

/** The generator's output with plain definition names, and the claims told apart by their predicate. */
function plain(schema) {
  const renamed = JSON.parse(
    JSON.stringify(schema)
      .replaceAll(/ClaimOf%3C%22([a-z-]+)%22%3E/g, 'claim-of-$1')
      .replaceAll(/ClaimOf<\\"([a-z-]+)\\">/g, 'claim-of-$1'),
  );
  const claim = renamed.definitions?.Claim;
  if (claim !== undefined) {
    renamed.definitions.Claim = {
      type: 'object',
      description: claim.description,
      discriminator: { propertyName: 'predicate' },
      properties: { predicate: { type: 'string' } },
      required: ['predicate'],
      oneOf: claim.anyOf,
    };
  }
  return renamed;
}
