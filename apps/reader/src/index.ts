/** ANSWERS: every read of the read models. Knows nothing of how the log is kept or written. */
import { Module, type DynamicModule } from '@nestjs/common';
import type { Pool } from 'pg';
import { ExplanationsController } from './explanations.controller.js';
import { ReaderController } from './reader.controller.js';
import { Reads } from './reads.js';
import { SchemasController } from './schemas.controller.js';
import { SeriesController } from './series.controller.js';
import type { ApiDescription } from '#runtime';

@Module({})
export class ReaderModule {
  /** The reader on the live generation of read models. */
  static with(pool: Pool): DynamicModule {
    return {
      module: ReaderModule,
      controllers: [ReaderController, ExplanationsController, SeriesController, SchemasController],
      providers: [{ provide: Reads, useValue: new Reads(pool) }],
    };
  }
}

export const READER_API: ApiDescription = {
  name: 'reader',
  title: 'Incident Ledger: reading',
  about: 'What is known, who says so, and how the numbers come about. On loopback no key is needed.',
  module: ReaderModule,
};
