/**
 * API KEYS: one file that recorder and reader share and an operator's command edits. It holds no key, only SHA-256 of
 * each, which is enough: the keys are 256 random bits. Ids are pseudonyms (k1, k2 …), because records carry them for ever;
 * so an id is never used again, and a revoked key stays in the file.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, type BigIntStats } from 'node:fs';
import { ACCESS_ROLES, type AccessRole } from '#contracts';
import { changeSecret, statSecret } from './secret-file.js';

export interface ApiKey {
  /** k1, k2 …: the `recorder` of the records made with it. */
  id: string;
  /** SHA-256 of the key's 32 bytes, hexadecimal. */
  sha256: string;
  roles: readonly AccessRole[];
  /** The ledgers it is good for, or all. */
  ledgers: readonly string[] | '*';
  /** RFC 3339; from then on it opens nothing. */
  revoked?: string;
}

/** `il_<id>_<32 bytes in base64url>` */
const KEY_TEXT = /^il_(k[1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})$/;
const LEDGER = /^[a-z0-9-]{1,48}$/;
/** Compared with where there is no such key. */
const NOBODY = Buffer.alloc(32);

export class KeysFile {
  #seen: BigIntStats | undefined;
  #keys: ReadonlyMap<string, ApiKey> = new Map();

  constructor(readonly path: string) {}

  /** The keys as the file has them now: it is read again when it has changed. @throws Error where it is broken */
  keys(): ReadonlyMap<string, ApiKey> {
    const stats = statSecret(this.path);
    if (stats === undefined) {
      this.#seen = undefined;
      this.#keys = new Map();
    } else if (
      stats.ino !== this.#seen?.ino ||
      stats.mtimeNs !== this.#seen.mtimeNs ||
      stats.size !== this.#seen.size
    ) {
      this.#keys = parse(readFileSync(this.path, 'utf8'), this.path);
      this.#seen = stats;
    }
    return this.#keys;
  }

  /**
   * The key that a text is, unless it is unknown or revoked. Whatever the text, the same is done: one digest, and one
   * comparison of all its bytes in constant time. So how long it takes tells nothing about any key.
   */
  find(text: string): ApiKey | undefined {
    const [, id = '', secret = ''] = KEY_TEXT.exec(text) ?? [];
    const key = this.keys().get(id);
    const expected = key === undefined ? NOBODY : Buffer.from(key.sha256, 'hex');
    const isEqual = timingSafeEqual(sha256(Buffer.from(secret, 'base64url')), expected);
    return isEqual && key?.revoked === undefined ? key : undefined;
  }

  /** Makes a key. Its text is nowhere else: show it once. */
  async add(rights: Pick<ApiKey, 'roles' | 'ledgers'>): Promise<{ key: ApiKey; text: string }> {
    const secret = randomBytes(32);
    return this.#change((keys) => {
      const id = `k${Math.max(0, ...[...keys.keys()].map((one) => Number(one.slice(1)))) + 1}`;
      const key: ApiKey = { id, sha256: sha256(secret).toString('hex'), ...rights };
      return { keys: [...keys.values(), key], result: { key, text: `il_${id}_${secret.toString('base64url')}` } };
    });
  }

  /** From its return on, the key opens nothing any more. @throws Error for an unknown id */
  async revoke(id: string, now: Date): Promise<ApiKey> {
    return this.#change((keys) => {
      const key = keys.get(id);
      if (key === undefined) throw new Error(`There is no key ${id} in ${this.path}.`);
      const revoked: ApiKey = { ...key, revoked: key.revoked ?? now.toISOString() };
      return { keys: [...keys.values()].map((one) => (one.id === id ? revoked : one)), result: revoked };
    });
  }

  #change<T>(change: (keys: ReadonlyMap<string, ApiKey>) => { keys: ApiKey[]; result: T }): Promise<T> {
    return changeSecret(this.path, () => {
      const { keys, result } = change(this.keys());
      const text = `${JSON.stringify({ keys }, null, 2)}\n`;
      parse(text, this.path);
      return { text, result };
    });
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function parse(text: string, path: string): ReadonlyMap<string, ApiKey> {
  const broken = (why: string, cause?: unknown): Error =>
    new Error(`The keys file ${path} is broken: ${why}. Mend it, or restore it from a backup.`, { cause });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw broken('it is not JSON', error);
  }
  const list = (content as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) throw broken('it has no list of keys');
  const keys = new Map<string, ApiKey>();
  for (const [index, key] of (list as Partial<Record<keyof ApiKey, unknown>>[]).entries()) {
    const { id, sha256: hash, roles, ledgers, revoked } = key;
    const which = `key ${index + 1}`;
    if (typeof id !== 'string' || !/^k[1-9][0-9]{0,8}$/.test(id)) throw broken(`the id of ${which} is not like k1`);
    if (keys.has(id)) throw broken(`there are two keys ${id}`);
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) throw broken(`${id} has no SHA-256`);
    if (!isListOf(roles, (role) => (ACCESS_ROLES as readonly string[]).includes(role))) {
      throw broken(`the roles of ${id} are not of ${ACCESS_ROLES.join(', ')}`);
    }
    if (ledgers !== '*' && !isListOf(ledgers, (ledger) => LEDGER.test(ledger))) {
      throw broken(`the ledgers of ${id} are neither a list of names nor "*"`);
    }
    if (revoked !== undefined && typeof revoked !== 'string') throw broken(`${id} is revoked without a time`);
    keys.set(id, key as unknown as ApiKey);
  }
  return keys;
}

function isListOf(value: unknown, holds: (item: string) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && holds(item));
}
