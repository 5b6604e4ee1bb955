/** What a write is answered with, and what anybody is answered with who does not get what was asked for. */
import { ApiDefaultResponse, ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { PROBLEMS, type ProblemBody } from './problems.js';

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

class FaultDto {
  /** Where it is wrong: an RFC 6901 JSON pointer into the body, or the name of a parameter after a slash. */
  @ApiProperty({ type: 'string' })
  pointer!: string;

  /** What is wrong, for programs. */
  @ApiProperty({ type: 'string' })
  code!: string;

  /** What is wrong, for people. */
  @ApiProperty({ type: 'string' })
  reason!: string;
}

/** Every answer that is not what was asked for (RFC 9457). docs/problems.md says what to do about each code. */
class ProblemAnswer {
  /** The kind of problem: /problems/ and its code. */
  @ApiProperty({ type: 'string' })
  type!: string;

  /** The kind in words. */
  @ApiProperty({ type: 'string' })
  title!: string;

  /** The HTTP status. */
  @ApiProperty({ type: 'integer' })
  status!: number;

  /** The kind for programs, from one closed list. */
  @ApiProperty({ type: 'string', enum: Object.keys(PROBLEMS) })
  code!: string;

  /** What is the matter here, and what to do. */
  @ApiProperty({ type: 'string' })
  detail!: string;

  /** Every place that is wrong. */
  @ApiProperty({ type: FaultDto, isArray: true, required: false })
  errors?: FaultDto[];
}

/** A line of the answer to a batch: exactly one of `through`, `line` and `done` says which kind it is. */
export class BatchAnswer {
  /** All lines up to this one, from 1, are decided, and what was accepted of them is durable. */
  @ApiProperty({ type: 'integer', minimum: 1, required: false })
  through?: number;

  /** Beside `through`: the position of the last record so far; missing while nothing of this batch is recorded. */
  @ApiProperty({ type: 'integer', minimum: 1, required: false })
  position?: number;

  /** The line that was refused. */
  @ApiProperty({ type: 'integer', minimum: 1, required: false })
  line?: number;

  /** Beside `line`: why. A status of 500 or more: from this line on nothing was decided, send the batch again. */
  @ApiProperty({ type: ProblemAnswer, required: false })
  problem?: ProblemBody;

  /** The last line of an answer that is whole. Without it, send the batch again: nothing is recorded twice. */
  @ApiProperty({ type: 'boolean', enum: [true], required: false })
  done?: true;
}

/** Says of every operation of a controller that it may answer with a problem. */
export function AnswersProblems(): ClassDecorator {
  const schema = { $ref: getSchemaPath(ProblemAnswer) };
  const decorators = [
    ApiExtraModels(ProblemAnswer),
    ApiDefaultResponse({ description: 'A problem.', content: { 'application/problem+json': { schema } } }),
  ];
  return (target) => {
    for (const decorate of decorators) decorate(target);
  };
}
