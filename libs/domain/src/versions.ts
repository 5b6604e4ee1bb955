/** What is in force in a ledger that is opened today. Every released version stays in the code, for answers as of then. */
export const CODEBOOK_VERSION = 1;
export const POLICY_VERSIONS = {
  'official-first': 1,
  'latest-official': 1,
  'best-graded': 1,
  envelope: 1,
} as const;
export type PolicyName = keyof typeof POLICY_VERSIONS;
