/**
 * PROVES to another recorder that a request was sent on by one of us, which has counted it against the limit of its key:
 * a MAC under a key made of the master key, which every recorder has and no client. It is good for this one request.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const PROOF_HEADER = 'incident-ledger-forwarded-proof';

export class ForwardProof {
  readonly #key: Buffer;

  constructor(masterKey: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', masterKey, '', 'incident-ledger: requests sent on', 32));
  }

  /** The header to send along. `url` is path and query. */
  headers(url: string, requestId: string): Record<string, string> {
    return { [PROOF_HEADER]: this.#mac(url, requestId).toString('base64url') };
  }

  holds({ url, headers }: { url: string; headers: IncomingHttpHeaders }): boolean {
    const { [PROOF_HEADER]: given, 'x-request-id': requestId } = headers;
    if (typeof given !== 'string' || typeof requestId !== 'string') return false;
    const mac = Buffer.from(given, 'base64url');
    const expected = this.#mac(url, requestId);
    return mac.byteLength === expected.byteLength && timingSafeEqual(mac, expected);
  }

  #mac(url: string, requestId: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([url, requestId]))
      .digest();
  }
}
