/** WRITES: HTTP to command to record. Knows the log by its port only, and nothing of the read side. */
import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Writers } from '#ledger';
import { ExecuteHandler } from './execute.js';
import { RecorderController } from './recorder.controller.js';

@Module({})
export class RecorderModule {
  /** The recorder on the writers of this process. */
  static with(writers: Writers): DynamicModule {
    return {
      module: RecorderModule,
      imports: [CqrsModule.forRoot()],
      controllers: [RecorderController],
      providers: [ExecuteHandler, { provide: Writers, useValue: writers }],
    };
  }
}
