/**
 * Caching by position: as long as the ledger stands where it stood, the same address has the same answer from one
 * generation of read models. The tag is weak (the bytes may differ); the version that a change has to expect is in the
 * body, never here.
 */
import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Reads } from './reads.js';

@Injectable()
export class EtagByPosition implements NestInterceptor {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const generation = this.reads.generations.latest;
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer) => {
        const { sequence, final } = answer as { sequence?: unknown; final?: unknown };
        // Of a request in which another one became live nobody can tell here which it has read.
        if (typeof sequence !== 'number' || generation !== this.reads.generations.latest) return answer;
        // One that is not final changes without another record.
        if (final === false) {
          void reply.header('cache-control', 'no-store');
          return answer;
        }
        const tag = `W/"${generation}.${sequence}"`;
        void reply.header('etag', tag).header('cache-control', 'no-cache');
        const known = request.headers['if-none-match']?.split(',').map((one) => one.trim());
        if (known?.includes(tag) !== true) return answer;
        void reply.code(304);
        return undefined;
      }),
    );
  }
}
