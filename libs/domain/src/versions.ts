/** What is in force in a ledger that is opened today. Every released version stays in the code, for answers as of then. */
export const CODEBOOK_VERSION = 1;
export const POLICY_VERSIONS = {
  'official-first': 1,
  'latest-official': 1,
  'best-graded': 1,
  envelope: 1,
} as const;
export type PolicyName = keyof typeof POLICY_VERSIONS;

/** What of the versions in force this program does not know; undefined where it knows them all. */
export function unknownVersion(inForce: {
  codebook: number;
  policies: Readonly<Record<string, number>>;
}): string | undefined {
  if (inForce.codebook > CODEBOOK_VERSION) return `codebook@${inForce.codebook}`;
  const known: Readonly<Record<string, number>> = POLICY_VERSIONS;
  const unknown = Object.entries(inForce.policies).find(([name, version]) => version > (known[name] ?? 0));
  return unknown?.join('@');
}
