/** Runs once before all spec files: a place for the PostgreSQL that they share. */
import { prepareSharedPostgres } from '../libs/testing/src/postgres.js';

export default async function setUp(): Promise<void> {
  (globalThis as { tearDown?: () => Promise<void> }).tearDown = await prepareSharedPostgres();
}
