/**
 * The keys of a ledger and what they are for: the digest key under which command bodies are compared, and the data keys of
 * private text. They are kept wrapped by the master key, beside the log and never in it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  randomBytes,
  randomUUID,
  type KeyObject,
} from 'node:crypto';
import type { SealedText } from '#domain';
import { Unreadable } from './codec.js';
import type { LedgerStorage, WrappedKey } from './storage.js';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The keyid of a ledger's digest key. */
const DIGEST_KEY_ID = 'digest';

/** Wraps and unwraps keys with the master key. What is wrapped is bound to its ledger and id: it opens nowhere else. */
export class MasterKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    if (key.byteLength !== KEY_BYTES)
      throw new Error(`The master key must be ${KEY_BYTES} bytes, not ${key.byteLength}.`);
    this.#key = key;
  }

  wrap(ledger: string, keyid: string, key: Uint8Array): WrappedKey {
    return { keyid, wrapped: seal(this.#key, key, `${ledger}/${keyid}`) };
  }

  /** @throws Unreadable when the wrapped key was made under another master key, or for another ledger. */
  unwrap(ledger: string, { keyid, wrapped }: WrappedKey): Uint8Array {
    try {
      return open(this.#key, wrapped, `${ledger}/${keyid}`);
    } catch (error) {
      throw new Unreadable(
        `The key ${keyid} of the ledger ${ledger} does not open with this master key: give the MASTER_KEY it was made with.`,
        { cause: error },
      );
    }
  }
}

/** The first keys of a new ledger. */
export function makeLedgerKeys(master: MasterKey, ledger: string): WrappedKey[] {
  return [master.wrap(ledger, DIGEST_KEY_ID, randomBytes(KEY_BYTES))];
}

/** The ledger's digest key. @throws Unreadable where it is missing: the key store was lost or is another ledger's. */
export async function loadDigestKey(storage: LedgerStorage, master: MasterKey, ledger: string): Promise<KeyObject> {
  const [wrapped] = await storage.keys(ledger, [DIGEST_KEY_ID]);
  if (wrapped === undefined) {
    throw new Unreadable(
      `The digest key of the ledger ${ledger} is missing from its key store: restore the keys of this ledger.`,
    );
  }
  // As bytes it would be made a key anew for every digest, which takes longer than the digest.
  return createSecretKey(master.unwrap(ledger, wrapped));
}

/** HMAC-SHA-256 of a command's canonical body, base64url: tells a repeat from another command without keeping the body. */
export function digestOf(digestKey: KeyObject, canonicalBody: string): string {
  return createHmac('sha256', digestKey).update(canonicalBody, 'utf8').digest('base64url');
}

/** Text as a recorder sends it when it is to be private. */
export interface PrivateText {
  private: true;
  text: string;
}

/** A shape whose private texts are not sealed yet. */
export type Unsealed<T> = T extends SealedText
  ? SealedText | PrivateText
  : T extends object
    ? { [K in keyof T]: Unsealed<T[K]> }
    : T;

/** Replaces every private text in an act by its sealed form, under one fresh data key for the whole act. */
export function sealPrivateTexts<T>(
  master: MasterKey,
  ledger: string,
  act: Unsealed<T>,
): { act: T; keys: WrappedKey[] } {
  let dataKey: { keyid: string; key: Uint8Array; keyhash: string } | undefined;
  const walk = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(walk);
    if (isPrivateText(value)) {
      if (dataKey === undefined) {
        const key = randomBytes(KEY_BYTES);
        dataKey = { keyid: randomUUID(), key, keyhash: createHash('sha256').update(key).digest('base64url') };
      }
      return sealText(dataKey, value.text);
    }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]));
  };
  const sealed = walk(act) as T;
  return { act: sealed, keys: dataKey === undefined ? [] : [master.wrap(ledger, dataKey.keyid, dataKey.key)] };
}

function isPrivateText(value: object): value is PrivateText {
  return (value as Partial<PrivateText>).private === true;
}

function sealText(dataKey: { keyid: string; key: Uint8Array; keyhash: string }, plain: string): SealedText {
  const sealed = seal(dataKey.key, Buffer.from(plain, 'utf8'), dataKey.keyid);
  return {
    enc: sealed.subarray(NONCE_BYTES).toString('base64url'),
    nonce: sealed.subarray(0, NONCE_BYTES).toString('base64url'),
    keyid: dataKey.keyid,
    keyhash: dataKey.keyhash,
  };
}

/** The plain text. @throws Error where the key is not the one that the record binds, or the text was changed. */
export function openText(dataKey: Uint8Array, text: SealedText): string {
  if (createHash('sha256').update(dataKey).digest('base64url') !== text.keyhash) {
    throw new Error(`The data key ${text.keyid} is not the one that the record was sealed with.`);
  }
  const sealed = Buffer.concat([Buffer.from(text.nonce, 'base64url'), Buffer.from(text.enc, 'base64url')]);
  return open(dataKey, sealed, text.keyid).toString('utf8');
}

/** nonce ‖ ciphertext ‖ tag, bound to a context that must be the same when it is opened. */
function seal(key: Uint8Array, plain: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(context, 'utf8'));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(sealed.byteLength - TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(context, 'utf8')).setAuthTag(tag);
  return Buffer.concat([
    decipher.update(sealed.subarray(NONCE_BYTES, sealed.byteLength - TAG_BYTES)),
    decipher.final(),
  ]);
}
