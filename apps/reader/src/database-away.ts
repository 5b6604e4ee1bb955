/** A database that is away is no fault of ours and passes: whoever asked is told to come again. */
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import { Problem } from '#contracts';
import { isDatabaseAway } from '#read-models';

export class DatabaseAway implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!isDatabaseAway(error)) throw error;
        throw new Problem('unavailable', 'The database of the read models does not answer: ask again in a moment.', {
          cause: error,
        });
      }),
    );
  }
}
