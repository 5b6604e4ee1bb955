/**
 * Whether an error says that the database cannot be reached or is stopping, which passes, and not that a query is wrong; or
 * that its tables are not there, as before they are made, or in a request that outlived the generation it began with.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  // Postgres' classes 08 (connection), 53 (resources), 57 (operator) and 58 (system); the socket's own; pg's without code.
  if (code === '42P01' || code === '3F000') return true;
  if (typeof code === 'string') return /^(08|53|57|58)/.test(code) || /^E[A-Z]+$/.test(code);
  return /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/.test(error.message);
}
