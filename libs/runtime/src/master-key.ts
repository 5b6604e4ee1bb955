/**
 * THE MASTER KEY that the keys of ledgers are wrapped with: from the configuration or, on one machine, from a file in the
 * data folder that the first start makes. Who loses it can open no private text and write no ledger any more.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSecret, statSecret } from './secret-file.js';

export const MASTER_KEY_FORM = '32 bytes in base64url (43 characters)';
const BYTES = 32;

/** The key that a text stands for, or undefined if it stands for none. */
export function masterKeyFrom(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, 'base64url') : undefined;
}

/** The configured key, else the one in the file `master.key`, made where there is none: two first starts agree. */
export async function loadMasterKey(config: { dataDir: string; masterKey?: Uint8Array }): Promise<Uint8Array> {
  if (config.masterKey !== undefined) return config.masterKey;
  const path = join(config.dataDir, 'master.key');
  if (statSecret(path) === undefined) await makeSecret(path, `${randomBytes(BYTES).toString('base64url')}\n`);
  const key = masterKeyFrom(readFileSync(path, 'utf8').trim());
  if (key === undefined) throw new Error(`${path} must hold ${MASTER_KEY_FORM}: restore it from a backup.`);
  return key;
}
