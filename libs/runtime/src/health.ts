/**
 * HOW A PROCESS STANDS: /health/live says that it runs at all, /health/ready whether it can do what it is for, and if not,
 * why and what to do.
 */
import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

export interface Readiness {
  ready: boolean;
  /** Whatever helps whoever looks. */
  [detail: string]: unknown;
}

const READINESS = Symbol('readiness');

@Controller('health')
class HealthController {
  constructor(@Inject(READINESS) private readonly readiness: () => Readiness | Promise<Readiness>) {}

  /** 200 as long as the process answers at all. */
  @Get('live')
  live(@Res({ passthrough: true }) reply: FastifyReply): { live: true } {
    void reply.header('cache-control', 'no-store');
    return { live: true };
  }

  /** 200 while all is well, else 503 with the reason. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.readiness();
    void reply.code(readiness.ready ? 200 : 503).header('cache-control', 'no-store');
    return readiness;
  }
}

@Module({})
export class HealthModule {
  static with(readiness: () => Readiness | Promise<Readiness>): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: READINESS, useValue: readiness }],
    };
  }
}
