/**
 * Private texts of records: whether they are sealed as they must be and, where their data key is still there, whether it is
 * the one that the record binds and opens them. What they say is thrown away at once.
 */
import type { LedgerRecord, SealedText } from '#domain';
import { openText, Unreadable, type LedgerStorage, type MasterKey } from '#ledger';
import { isBase64url } from './byte-form.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HASH_BYTES = 32;

export interface PrivateTexts {
  /** Sealed under keys that are there. */
  opened: number;
  /** Their key was destroyed: nobody can read them any more, and so nobody can check them. */
  destroyed: number;
  /** Looked at from outside only, for want of the master key. */
  unopened: number;
}

export class PrivateTextCheck {
  readonly counts: PrivateTexts = { opened: 0, destroyed: 0, unopened: 0 };

  constructor(
    private readonly ledger: string,
    private readonly storage: LedgerStorage,
    private readonly master: MasterKey | undefined,
    private readonly fault: (record: number, what: string) => void,
  ) {}

  /** Of some records at once: keys are asked for once. */
  async check(records: readonly LedgerRecord[]): Promise<void> {
    const texts = records.flatMap(({ sequence, data }) => [...sealedIn(data)].map((text) => ({ sequence, text })));
    if (texts.length === 0) return;
    const whole = texts.filter(({ sequence, text }) => {
      const faults = faultsOf(text);
      for (const what of faults) this.fault(sequence, `a private text of the key ${text.keyid}: ${what}`);
      return faults.length === 0;
    });
    if (this.master === undefined) {
      this.counts.unopened += whole.length;
      return;
    }
    const keyids = [...new Set(whole.map(({ text }) => text.keyid))];
    const wrapped = new Map((await this.storage.keys(this.ledger, keyids)).map((key) => [key.keyid, key]));
    for (const { sequence, text } of whole) {
      const key = wrapped.get(text.keyid);
      if (key === undefined) {
        this.counts.destroyed += 1;
        continue;
      }
      this.counts.opened += 1;
      try {
        openText(this.master.unwrap(this.ledger, key), text);
      } catch (error) {
        const why =
          error instanceof Unreadable || isKeyHash(error) ? error.message : 'it was changed: the key does not open it.';
        this.fault(sequence, `a private text of the key ${text.keyid}: ${why}`);
      }
    }
  }
}

/** Of the two reasons why a text does not open, the one that says so itself. */
function isKeyHash(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('The data key ');
}

function faultsOf({ enc, nonce, keyhash }: SealedText): string[] {
  return [
    ...(isBase64url(enc, TAG_BYTES, true) ? [] : ['enc is no base64url of a ciphertext and its tag']),
    ...(isBase64url(nonce, NONCE_BYTES) ? [] : ['nonce is no base64url of 12 bytes']),
    ...(isBase64url(keyhash, HASH_BYTES) ? [] : ['keyhash is no base64url of a SHA-256']),
  ];
}

function* sealedIn(value: unknown): Generator<SealedText> {
  if (value === null || typeof value !== 'object') return;
  if ('keyhash' in value && 'enc' in value) yield value as SealedText;
  else for (const inner of Object.values(value)) yield* sealedIn(inner);
}
