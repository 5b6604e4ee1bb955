/** WHAT CHANGED: comparisons of two moments and the histories of things, as the reader answers them. */
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { CAUSES } from '#domain';
import { IsCursor, IsDigits, IsPolicy, IsSequenceOrTime } from './query-fields.js';
import {
  AnswerDto,
  ExplainedStatementDto,
  PageQuery,
  PlacementDto,
  QuestionDto,
  TalliesQuery,
  TallySumDto,
  TripleDto,
} from './reads.dto.js';

export class DiffQuery extends TalliesQuery {
  /**
   * The earlier moment, compared with that of `asOf`: a sequence (0 is before the first record), a time or a date, each as
   * in `asOf`.
   */
  @IsSequenceOrTime()
  since!: string;

  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ type: 'string', required: false })
  @IsCursor()
  @IsOptional()
  cursor?: string;

  /** How many changed incidents at most, 1 to 2,000; left out, 500. */
  @IsDigits(1, 2_000)
  @IsOptional()
  limit?: string;
}

class CausedRecordDto {
  /** Position of the record in the ledger. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** Name of the record, such as StatementRecorded. */
  type!: string;

  /** The first thing that it changed or made. */
  subject!: string;

  /** Whose reason it was, as in the codebook; null for what causes nothing by itself, such as an incident recorded. */
  @ApiProperty({ type: 'string', enum: [...CAUSES], nullable: true })
  cause!: string | null;

  /** When it was recorded, RFC 3339 in UTC. */
  recordedtime!: string;

  /** Pseudonym of the key that recorded it. */
  recorder!: string;

  /** Why, as recorded; null where the act takes no reason. */
  @ApiProperty({ nullable: true, oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] })
  reason!: unknown;
}

class CausedDto {
  /** The causes of its records, each once, in the words of the codebook. */
  @ApiProperty({ type: 'string', enum: [...CAUSES], isArray: true })
  causes!: readonly string[];

  /** Every record that moved it, in the order of the log. */
  @ApiProperty({ type: CausedRecordDto, isArray: true })
  records!: readonly CausedRecordDto[];
}

class IncidentChangeDto extends CausedDto {
  /** Id of the incident. */
  incident!: string;

  /** Its title; null where it has none. */
  @ApiProperty({ type: 'string', nullable: true })
  title!: string | null;
}

export class DeltaDto {
  /** How much the least number rose (or, below 0, fell); null where one of both is missing. */
  @ApiProperty({ type: 'integer', nullable: true })
  low!: number | null;

  /** The same of the best number. */
  @ApiProperty({ type: 'integer', nullable: true })
  best!: number | null;

  /** The same of the greatest number. */
  @ApiProperty({ type: 'integer', nullable: true })
  high!: number | null;
}

export class RowChangeDto extends PlacementDto {
  /** attacks, killed, injured or casualties. */
  measure!: string;

  /** Whose people, as in the rows of a tally; null for attacks. */
  @ApiProperty({ type: 'string', nullable: true })
  side!: string | null;

  /** The sum as it was; null where there was no such row. */
  @ApiProperty({ type: TallySumDto, nullable: true })
  before!: TallySumDto | null;

  /** The sum as it is; null where there is no such row any more. */
  @ApiProperty({ type: TallySumDto, nullable: true })
  after!: TallySumDto | null;

  /** By how much; a row that is not there adds up to 0. */
  delta!: DeltaDto;
}

export class PlacementChangeDto extends IncidentChangeDto {
  /** The row that it stood in; null where it was not in the tally. */
  @ApiProperty({ type: PlacementDto, nullable: true })
  before!: PlacementDto | null;

  /** The row that it stands in; null where it is in the tally no more. */
  @ApiProperty({ type: PlacementDto, nullable: true })
  after!: PlacementDto | null;
}

export class FigureNumbersDto extends TripleDto {
  /** reported or affirmed-none; unreported only where it is contested all the same. */
  status!: string;

  /** Whether lines contradict each other. */
  contested!: boolean;

  /** official or other; null: no figure. */
  @ApiProperty({ type: 'string', enum: ['official', 'other'], nullable: true })
  basis!: string | null;
}

const TURNED = { type: 'string', enum: ['on', 'off'], nullable: true } as const;

export class FigureChangeDto extends IncidentChangeDto {
  /** attacks, killed, injured or casualties. */
  measure!: string;

  /** Whose people; null: anybody, and attacks. */
  @ApiProperty({ type: 'string', nullable: true })
  side!: string | null;

  /** The figure as it was; null: unreported, or not in the tally. */
  @ApiProperty({ type: FigureNumbersDto, nullable: true })
  before!: FigureNumbersDto | null;

  /** The figure as it is; null: unreported, or in the tally no more. */
  @ApiProperty({ type: FigureNumbersDto, nullable: true })
  after!: FigureNumbersDto | null;

  /** By how much. */
  delta!: DeltaDto;

  /** on: it became contested; off: it is so no more; null: neither. */
  @ApiProperty(TURNED)
  contested!: string | null;
}

export class LineChangeDto {
  /** Whose position: the topmost actor of a line, or unnamed@ and the first publisher. */
  line!: string;

  /** What it asserted; empty: nothing. */
  @ApiProperty({ type: 'object', additionalProperties: true, isArray: true })
  before!: readonly unknown[];

  /** What it asserts; empty: nothing. Of responsibility with `attribution`: claims or blames. */
  @ApiProperty({ type: 'object', additionalProperties: true, isArray: true })
  after!: readonly unknown[];
}

export class AnswerChangeDto extends IncidentChangeDto {
  /** Who did it (responsibility), where (place), when (time) … */
  question!: QuestionDto;

  /** The lines that hold something else than before. */
  lines!: LineChangeDto[];

  /** on: it became contested; off: it is so no more; null: neither. */
  @ApiProperty(TURNED)
  contested!: string | null;
}

export class MomentDto {
  /** The sequence that it is. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** Whether it will be this sequence for ever, as in every answer. */
  final!: boolean;
}

export class DiffAnswer extends AnswerDto {
  /** The earlier moment; `sequence` of the answer is that of the later one, and `final` says whether both are. */
  since!: MomentDto;

  /** The policy, with its version. */
  policy!: string;

  /** Both moments count only claims that had been said by then; null: all of them. */
  @ApiProperty({ type: 'string', nullable: true })
  saidBy!: string | null;

  /** The rows of the tally that are others than before, of all pages. */
  rows!: RowChangeDto[];

  /** Incidents that came into the tally, left it, or stand in another row of it. */
  incidents!: PlacementChangeDto[];

  /**
   * Figures that the rows add up and that are others than before. With `saidBy` their records are all that touched the
   * question in between, whether or not they moved what had been said by then.
   */
  figures!: FigureChangeDto[];

  /** Attributions, places, times and words that are others than before. */
  answers!: AnswerChangeDto[];

  /** Where the next page of incidents begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}

export class HistoryQuery extends PageQuery {}

export class IncidentHistoryQuery extends PageQuery {
  /** The policy that makes figures of claims, by its name or as name@version; left out, official-first. */
  @IsPolicy()
  @IsOptional()
  policy?: string;
}

export class EntityStateDto {
  /** The version. */
  @ApiProperty({ type: 'integer' })
  version!: number;

  /** As recorded, of a statement with its claims; private text reads {"private": true, "text": …}. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  body!: unknown;

  /** live, retracted, withdrawn or unreachable. */
  status!: string;
}

export class HistoryStepDto {
  /** Position of the record in the ledger. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** Name of the record, such as IncidentCorrected. */
  type!: string;

  /** The first thing that it changed or made. */
  subject!: string;

  /** When it was recorded, RFC 3339 in UTC. */
  recordedtime!: string;

  /** Pseudonym of the key that recorded it. */
  recorder!: string;

  /** Whose reason it was, as in the codebook; empty for what moves nothing by itself, such as an incident recorded. */
  @ApiProperty({ type: 'string', enum: [...CAUSES], isArray: true })
  causes!: readonly string[];

  /** Why, as recorded; null where the act takes no reason. */
  @ApiProperty({ nullable: true, oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] })
  reason!: unknown;

  /** The thing as it was; null where the record made it, or did not change the thing itself. */
  @ApiProperty({ type: EntityStateDto, nullable: true })
  before!: EntityStateDto | null;

  /** The thing as it was from then on; null where the record did not change the thing itself. */
  @ApiProperty({ type: EntityStateDto, nullable: true })
  after!: EntityStateDto | null;
}

export class HistoryAnswer extends AnswerDto {
  /** One page of steps, the newest last. */
  items!: HistoryStepDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}

class MoveDto {
  /** What is asked about the incident. */
  question!: QuestionDto;

  /** on: it became contested; off: it is so no more; null: neither. */
  @ApiProperty(TURNED)
  contested!: string | null;

  /** Whose reason it was, as in the codebook. */
  @ApiProperty({ type: 'string', enum: [...CAUSES], nullable: true })
  cause!: string | null;
}

export class FigureMoveDto extends MoveDto {
  /** The figure as it was; null: unreported. */
  @ApiProperty({ type: FigureNumbersDto, nullable: true })
  before!: FigureNumbersDto | null;

  /** The figure from then on; null: unreported. */
  @ApiProperty({ type: FigureNumbersDto, nullable: true })
  after!: FigureNumbersDto | null;

  /** By how much. */
  delta!: DeltaDto;
}

export class AnswerMoveDto extends MoveDto {
  /** The lines that hold something else than before. */
  lines!: LineChangeDto[];
}

export class IncidentStepDto extends HistoryStepDto {
  /**
   * The numbers that it moved: of a side where sources give one, else of anybody. A statement that moved none is a step all
   * the same.
   */
  figures!: FigureMoveDto[];

  /** The attributions, places, times and words that it moved. */
  answers!: AnswerMoveDto[];
}

export class IncidentHistoryAnswer extends AnswerDto {
  /** The policy that made the figures, with its version. */
  policy!: string;

  /** One page of steps, the newest last: of the card, its ties and parts, and of everything said of the incident. */
  items!: IncidentStepDto[];

  /** What was said of the incident in these steps, as it stands at the moment that the answer is of. */
  statements!: ExplainedStatementDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}
