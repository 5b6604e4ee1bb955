/**
 * WHO MAY: asked before a body is read, for every address under /v1/. A route says what it needs with `@Access`; one that
 * only reads needs a key of that ledger unless told otherwise, and one that writes without saying what it needs stops the
 * process at boot. Outside of /v1/ nothing of a ledger is shown, and no key is asked for.
 */
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ACCESS_ROLES, Problem, type AccessRole } from '#contracts';
import { isLoopback } from './config.js';
import type { ApiKey, KeysFile } from './keys-file.js';

/** `open`: anybody. `read`: any key of the ledger; on loopback, where reads are open, anybody. */
export type AccessNeeded = AccessRole | 'read' | 'open';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key it is; none where nobody had to say. */
    caller: ApiKey | undefined;
  }
  interface FastifyContextConfig {
    access?: AccessNeeded;
    /** It takes lines of JSON, not one value. */
    takesLines?: boolean;
  }
}

/** What a route under /v1/ needs and, where that is not one JSON value, takes. */
export const Access = (access: AccessNeeded, takes: { takesLines?: boolean } = {}): MethodDecorator =>
  RouteConfig({ access, ...takes });

const LEDGER = /^[a-z0-9-]{1,48}$/;

/** @throws Problem unauthenticated */
function authenticate(keys: KeysFile, header: string | undefined): ApiKey {
  if (header === undefined) {
    throw new Problem('unauthenticated', 'Send an API key: Authorization: Bearer il_…');
  }
  const [, text] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  const key = text === undefined ? undefined : keys.find(text);
  if (key === undefined) {
    throw new Problem('unauthenticated', 'This API key is not known here, or was revoked: ask the operator for one.');
  }
  return key;
}

/** The later roles include the earlier ones; every key may read its ledgers. @throws Problem forbidden */
function authorise(key: ApiKey, ledger: string | undefined, needed: AccessRole | 'read'): void {
  if (ledger !== undefined && key.ledgers !== '*' && !key.ledgers.includes(ledger)) {
    throw new Problem('forbidden', `The key ${key.id} is not for the ledger ${ledger}.`);
  }
  if (needed !== 'read') requireRole(key, needed);
}

/** @throws Problem forbidden */
export function requireRole(key: ApiKey, needed: AccessRole): void {
  const rank = Math.max(...key.roles.map((role) => ACCESS_ROLES.indexOf(role)));
  if (rank < ACCESS_ROLES.indexOf(needed)) {
    throw new Problem('forbidden', `This needs the role ${needed}, which the key ${key.id} does not have.`);
  }
}

/** Puts the door-keeper before every route that is registered from now on. */
export function guardRoutes(fastify: FastifyInstance, keys: KeysFile, { openReads }: { openReads: boolean }): void {
  fastify.decorateRequest('caller', undefined);
  fastify.addHook('onRoute', ({ url, method, config }) => {
    const readsOnly = [method].flat().every((one) => one === 'GET' || one === 'HEAD');
    if (isGuarded(url) && !readsOnly && config?.access === undefined) {
      throw new Error(`The route ${[method].flat().join(', ')} ${url} does not say who may use it: add @Access.`);
    }
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    try {
      admit(request, keys, openReads);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function isGuarded(url: string): boolean {
  return url.startsWith('/v1/');
}

function admit(request: FastifyRequest, keys: KeysFile, openReads: boolean): void {
  const { url, config } = request.routeOptions;
  if (url === undefined || !isGuarded(url)) return;
  const { ledger } = request.params as { ledger?: string };
  if (ledger !== undefined && !LEDGER.test(ledger)) {
    throw new Problem('bad-parameter', 'The name of a ledger is 1 to 48 of a-z, 0-9 and -.', {
      details: { parameter: 'ledger' },
    });
  }
  const needed = config.access ?? 'read';
  // By a name of loopback only: a page may point a name of its own at 127.0.0.1 and would else read what it finds here.
  const anybody = needed === 'open' || (needed === 'read' && openReads && isLoopback(hostOf(request)));
  // A key that is sent must be good even where none is needed, or a slip would go unnoticed until the first write.
  if (!anybody || request.headers.authorization !== undefined) {
    request.caller = authenticate(keys, request.headers.authorization);
    if (needed !== 'open') authorise(request.caller, ledger, needed);
  }
}

/** The host that was asked for, without port and brackets. */
function hostOf({ hostname }: FastifyRequest): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
