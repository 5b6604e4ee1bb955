/**
 * What a browser is told not to do with our answers, whatever they are: data, problems, pages. Nothing of ours is framed,
 * sniffed, run or lent to other pages; only the pages that describe an API run their own scripts.
 */

/** Where the pages lie that describe an API. */
const PAGES = /^\/docs(\/|$)/;

const SCRIPTS_OF = (script: string): string =>
  `default-src 'none'; ${script}base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
const DATA_POLICY = SCRIPTS_OF('');
/** The pages' style sheet stands in the page itself, and their icons in the style sheet. */
const PAGE_POLICY = SCRIPTS_OF(
  `script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; `,
);

const COMMON: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};
/** A year. Said only where it is known that browsers come over TLS: over plain HTTP it means nothing. */
const TLS_ONLY = { 'strict-transport-security': 'max-age=31536000' };

/** By the address that was asked for, which need not be a proper one. */
export function securityHeaders(url: string, { behindTls }: { behindTls: boolean }): Readonly<Record<string, string>> {
  return {
    ...COMMON,
    'content-security-policy': PAGES.test(url) ? PAGE_POLICY : DATA_POLICY,
    ...(behindTls && TLS_ONLY),
  };
}
