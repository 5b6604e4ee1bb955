/** WRITES: HTTP to command to record. Knows the log by its port only, and nothing of the read side. */
import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { ApiDescription } from '#runtime';
import { Dispatcher } from './dispatcher.js';
import { ExecuteAllHandler, ExecuteHandler } from './execute.js';
import { RecorderController } from './recorder.controller.js';

export { Dispatcher } from './dispatcher.js';

@Module({})
export class RecorderModule {
  static with(dispatcher: Dispatcher): DynamicModule {
    return {
      module: RecorderModule,
      imports: [CqrsModule.forRoot()],
      controllers: [RecorderController],
      providers: [ExecuteHandler, ExecuteAllHandler, { provide: Dispatcher, useValue: dispatcher }],
    };
  }
}

export const RECORDER_API: ApiDescription = {
  name: 'recorder',
  title: 'Incident Ledger: recording',
  about: 'Acts that append to a ledger. What each means is in docs/acts.md; words and values in docs/codebook.md.',
  module: RecorderModule,
};
