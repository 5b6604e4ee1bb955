/** A line of a batch, as it is sent. */
import { IsOptional } from 'class-validator';
import type { ActName } from '#domain';
import type { ExpectationDto } from './acts.dto.js';
import { ACTS } from './acts.js';
import { IsAnything, IsCommandKey, IsOneOf } from './fields.js';

export class BatchLineDto {
  /** Your id for this command, 1 to 200 visible ASCII characters: repeating it gives the first outcome. */
  @IsCommandKey()
  id!: string;

  /** What is to be done, such as `record-statement`. */
  @IsOneOf(Object.keys(ACTS))
  act!: ActName;

  /** Versions that this builds on: as `expect` in the body, which then must not have it. */
  @IsAnything({ type: 'array', items: { type: 'object' } })
  @IsOptional()
  expect?: ExpectationDto[];

  /** The body that the address of this act takes; what the address would name is its `id`. */
  @IsAnything({ type: 'object', additionalProperties: true })
  body!: object;
}
