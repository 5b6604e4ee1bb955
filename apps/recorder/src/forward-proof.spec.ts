import { expect, test } from '@jest/globals';
import { ForwardProof } from './forward-proof.js';

const proof = new ForwardProof(Buffer.alloc(32, 7));
const URL = '/v1/ledgers/syria/actors';
const sent = { ...proof.headers(URL, 'request-1'), 'x-request-id': 'request-1' };

test('what one of us sends on, the others know as such', () => {
  expect(new ForwardProof(Buffer.alloc(32, 7)).holds({ url: URL, headers: sent })).toBe(true);
});

test.each<[what: string, url: string, headers: Record<string, string | undefined>]>([
  ['no proof', URL, { 'x-request-id': 'request-1' }],
  ['a made-up one', URL, { ...sent, 'incident-ledger-forwarded-proof': 'A'.repeat(43) }],
  ['one that is cut', URL, { ...sent, 'incident-ledger-forwarded-proof': 'A' }],
  ['that of another request', URL, { ...sent, 'x-request-id': 'request-2' }],
  ['no request id', URL, { ...sent, 'x-request-id': undefined }],
  ['that of another address', `${URL}?x`, sent],
])('%s proves nothing', (_what, url, headers) => {
  expect(proof.holds({ url, headers })).toBe(false);
});

test('who has another master key proves nothing', () => {
  expect(new ForwardProof(Buffer.alloc(32, 8)).holds({ url: URL, headers: sent })).toBe(false);
});
