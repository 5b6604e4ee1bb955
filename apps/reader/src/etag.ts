/**
 * Caching by position: as long as the ledger stands where it stood, the same address has the same answer. The tag is weak
 * (the bytes may differ); the version that a change has to expect is in the body, never here.
 */
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';

@Injectable()
export class EtagByPosition implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer) => {
        const { sequence } = answer as { sequence?: unknown };
        if (typeof sequence !== 'number') return answer;
        const tag = `W/"${sequence}"`;
        void reply.header('etag', tag).header('cache-control', 'no-cache');
        const known = request.headers['if-none-match']?.split(',').map((one) => one.trim());
        if (known?.includes(tag) !== true) return answer;
        void reply.code(304);
        return undefined;
      }),
    );
  }
}
