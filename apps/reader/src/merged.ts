/** What was merged is found at its survivor's address, for ever: whoever asks for it is sent there. */
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, of, throwError, type Observable } from 'rxjs';
import type { Id } from '#domain';

/** Thrown by whoever comes upon something that was merged. */
export class Merged extends Error {
  constructor(readonly survivor: Id) {
    super(`It was merged, and is read as ${survivor}.`);
    this.name = 'Merged';
  }
}

/** Where the id stands in /v1/ledgers/{ledger}/{collection}/{id}/… */
const ID_STEP = 5;

@Injectable()
export class RedirectToSurvivor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof Merged)) return throwError(() => error);
        const { url } = context.switchToHttp().getRequest<FastifyRequest>();
        const [path = '', ...query] = url.split('?');
        const steps = path.split('/');
        steps[ID_STEP] = error.survivor;
        const location = [steps.join('/'), ...query].join('?');
        void context.switchToHttp().getResponse<FastifyReply>().status(308).header('location', location);
        return of({ mergedInto: error.survivor });
      }),
    );
  }
}
