/** How the copies stand: red as soon as one cannot go on by itself. */
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Projector, type ProjectionHealth } from './projector.js';

@Controller('health')
export class HealthController {
  constructor(@Inject(Projector) private readonly projector: Projector) {}

  /** 200 while every ledger's copy goes on; 503 with the reason where one has stopped or waits for its database. */
  @Get('ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply): { ready: boolean; projections: ProjectionHealth[] } {
    const projections = this.projector.health();
    const ready = projections.every(({ stopped, waiting }) => stopped === undefined && waiting === undefined);
    if (!ready) void reply.code(503);
    void reply.header('cache-control', 'no-store');
    return { ready, projections };
  }
}
