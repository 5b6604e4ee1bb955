/** COPIES the log into the read models. */
import { Module, type DynamicModule } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { Projector } from './projector.js';

export { Projector } from './projector.js';

@Module({})
export class ProjectorModule {
  /** The health of a projector that its process starts and stops. */
  static with(projector: Projector): DynamicModule {
    return {
      module: ProjectorModule,
      controllers: [HealthController],
      providers: [{ provide: Projector, useValue: projector }],
    };
  }
}
