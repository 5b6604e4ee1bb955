/**
 * How often an API key may write: a bucket that holds one second's writes and is filled evenly. Counted are requests, a
 * batch as one: what a batch costs is bounded by its size. It is each process' own; whoever writes a ledger counts for all
 * who send to it, but what another process of ours sends on was counted there.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '#contracts';

export class RateLimit {
  /** As many as there are keys. */
  readonly #buckets = new Map<string, { writes: number; at: number }>();

  /** `now` in milliseconds; it may start anywhere. */
  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes one write of a key. @throws Problem too-many-requests, with the whole seconds to wait */
  take(key: string): void {
    const now = this.now();
    const bucket = this.#buckets.get(key) ?? { writes: this.perSecond, at: now };
    this.#buckets.set(key, bucket);
    bucket.writes = Math.min(this.perSecond, bucket.writes + ((now - bucket.at) / 1_000) * this.perSecond);
    bucket.at = now;
    if (bucket.writes >= 1) bucket.writes -= 1;
    else {
      const retryAfter = Math.ceil((1 - bucket.writes) / this.perSecond);
      throw new Problem(
        'too-many-requests',
        `The key ${key} may send ${this.perSecond} writes a second: slow down, or send batches.`,
        { details: { writesPerSecond: this.perSecond, retryAfter } },
      );
    }
  }
}

/** Before the body is read, after the caller is known. */
export function limitWrites(
  fastify: FastifyInstance,
  limit: RateLimit,
  isSentOn: (request: FastifyRequest) => boolean,
): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    try {
      const writes = request.method !== 'GET' && request.method !== 'HEAD';
      if (writes && request.caller !== undefined && !isSentOn(request)) limit.take(request.caller.id);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}
