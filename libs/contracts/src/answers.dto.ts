/** What a write is answered with. */
import { ApiProperty } from '@nestjs/swagger';

export class WriteAnswer {
  /** Id of the entity that was made or changed. */
  @ApiProperty({ type: 'string' })
  entity!: string;

  /** Its version now, from 1: what to expect in the next change. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  version!: number;

  /** Position of the record in the ledger; where nothing changed, the ledger's end. A read may wait for it. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  position!: number;

  /** The command's id: the Idempotency-Key that was sent, or the one that was made. Repeating it gives this answer again. */
  @ApiProperty({ type: 'string' })
  commandId!: string;

  /** True where everything was so already, and nothing was recorded. */
  @ApiProperty({ type: 'boolean', enum: [true], required: false })
  unchanged?: true;
}
