/** SERIES OVER TIME: what can be asked about published totals and levels of force, and what is answered. */
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { LEVEL_COMPONENTS, LEVEL_MEASURES } from '#domain';
import { IsId, IsLabel, IsLine, IsOneOf } from './fields.js';
import { AreIds, IsLocalDateOrTime, IsPolicy } from './query-fields.js';
import {
  AnswerDto,
  AtDto,
  FigureDto,
  NamedDto,
  PageQuery,
  SetAsideDto,
  ShownClaimDto,
  TripleDto,
} from './reads.dto.js';
import { WhoDto } from './vocabulary.dto.js';

export class TotalsQuery extends PageQuery {
  /** Totals of this only: a predicate such as killed, or the term of a count such as personnel losses. */
  @IsLabel()
  @IsOptional()
  of?: string;

  /** Totals that this line publishes only: the topmost actor of it, or unnamed@ and the first publisher. */
  @IsLine()
  @IsOptional()
  line?: string;

  /** Totals with this actor, or the line it heads, as the actor, target or attacker of their scope, or whose people they count. */
  @IsId()
  @IsOptional()
  'of.party'?: string;

  /** Totals whose scope names this place or one inside it. */
  @IsId()
  @IsOptional()
  place?: string;

  /** Totals of the counter with this id only. */
  @IsLabel()
  @IsOptional()
  counter?: string;

  /**
   * Only claims that had been said by then: a local date (to its end) or date and time, compared with the end of the time
   * a claim was said, else published. Goes together with `asOf`. Left out: all claims.
   */
  @IsLocalDateOrTime()
  @IsOptional()
  saidBy?: string;
}

export class LevelsQuery extends PageQuery {
  /** Forces of this actor, or of the line that it heads. */
  @IsId()
  @IsOptional()
  'of.party'?: string;

  /** Exactly this place or, separated by commas, exactly these together: a number for two answers only for both. */
  @AreIds()
  @IsOptional()
  place?: string;

  /** Levels of this measure only; left out, each in a series of its own. */
  @IsOneOf(LEVEL_MEASURES)
  @IsOptional()
  measure?: string;

  /** Levels of this component only; left out, each in a series of its own. */
  @IsOneOf(LEVEL_COMPONENTS)
  @IsOptional()
  component?: string;

  /** The policy that says what the level is now; left out, official-first. The steps are the same under each. */
  @IsPolicy()
  @IsOptional()
  policy?: string;

  /**
   * Only claims that had been said by then: a local date (to its end) or date and time, compared with the end of the time
   * a claim was said, else published. Goes together with `asOf`; ages are told as of that day. Left out: all claims.
   */
  @IsLocalDateOrTime()
  @IsOptional()
  saidBy?: string;
}

class SeriesAnswer extends AnswerDto {
  /** The answer counts only claims that had been said by then; null: all of them. */
  @ApiProperty({ type: 'string', nullable: true })
  saidBy!: string | null;

  /** Every claim that the series of this page use or set aside, with its source. */
  claims!: ShownClaimDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}

/** What every step says of its claim. */
class StepDto extends TripleDto {
  /** Id of the claim; it is among `claims`. */
  claim!: string;

  /** Whether its speaker speaks officially. */
  official!: boolean;

  /** Whether the number is rough. */
  about!: boolean;

  /** How to read the number; null where there is none. */
  @ApiProperty({ type: 'string', enum: ['exact', 'about', 'at-least', 'at-most', 'between'], nullable: true })
  qualifier!: string | null;

  /** Whether its numbers are out of order, as published. */
  disordered!: boolean;

  /** Local time by which it was said, else published; null where unknown. */
  @ApiProperty({ type: 'string', nullable: true })
  said!: string | null;
}

class ContinuousDto extends TripleDto {
  /** Whether one of the numbers added up is rough. */
  about!: boolean;

  /** The claims added up: the last of each earlier phase, and that of the step. */
  @ApiProperty({ type: 'string', isArray: true })
  of!: readonly string[];
}

export class TotalStepDto extends StepDto {
  /** First local date of its period; null where the source names none. */
  @ApiProperty({ type: 'string', nullable: true })
  from!: string | null;

  /** Last local date of its period; null where the source names none. */
  @ApiProperty({ type: 'string', nullable: true })
  to!: string | null;

  /** What it counts up to, by which steps are in order: the end of its period, else when it was said. */
  @ApiProperty({ type: 'string', nullable: true })
  date!: string | null;

  /** Which phase of the counter, as recorded or, where that is left out, by when the counter started; null without a counter. */
  @ApiProperty({ type: 'integer', nullable: true })
  phase!: number | null;

  /** When the counter started, as recorded; null where it is not said. */
  @ApiProperty({ type: 'string', nullable: true })
  startedOn!: string | null;

  /** new-phase: the counter started again; lower: it fell below what it had said before. Null: neither. */
  @ApiProperty({ type: 'string', enum: ['new-phase', 'lower'], nullable: true })
  rebased!: string | null;

  /** COMPUTED BY THE LEDGER, published by nobody: the last figure of each earlier phase and this one. Null without a counter. */
  @ApiProperty({ type: ContinuousDto, nullable: true })
  continuous!: ContinuousDto | null;
}

export class TotalScopeDto {
  /** What is added up: a predicate, or the term of a count. */
  @ApiProperty({ type: 'string', required: false })
  of?: string;

  /** Of whom, as the source delimits it; null where it names nobody. */
  @ApiProperty({ type: NamedDto, nullable: true })
  actor!: NamedDto | null;

  /** Attacks by whom; null where it names nobody. */
  @ApiProperty({ type: NamedDto, nullable: true })
  attacker!: NamedDto | null;

  /** Attacks on whom; null where it names nobody. */
  @ApiProperty({ type: NamedDto, nullable: true })
  target!: NamedDto | null;

  /** Where: all of these together. */
  places!: NamedDto[];
}

export class TotalSeriesDto {
  /** Who publishes it: the topmost actor of the line, or unnamed@ and the first publisher. */
  line!: string;

  /** Whether the speaker is unnamed. */
  unnamed!: boolean;

  /** Whether it gathers what others said. Its figures are its own claims, never those of its sources. */
  compiler!: boolean;

  /** What it counts, without the dates. */
  scope!: TotalScopeDto;

  /** Whose people; empty: anybody's. */
  @ApiProperty({ type: WhoDto })
  who!: unknown;

  /** Id of the counter; null where each figure stands for itself. */
  @ApiProperty({ type: 'string', nullable: true })
  counter!: string | null;

  /** The figures as published, by the date that they count up to. */
  steps!: TotalStepDto[];

  /** The claims of this series that are no step, each with the rule's code. */
  @ApiProperty({ type: SetAsideDto, isArray: true })
  setAside!: readonly SetAsideDto[];
}

export class TotalsAnswer extends SeriesAnswer {
  /** One page of series, by line, then by what they count. They are never added to tallies, nor to each other. */
  series!: TotalSeriesDto[];
}

class EndedByDto {
  /** What the same line said next. */
  claim!: string;

  /** Whether that is another figure, or that it no longer reports one. */
  @ApiProperty({ type: 'string', enum: ['next-figure', 'no-longer-reports'] })
  why!: string;
}

export class LevelStepDto extends StepDto {
  /** Whose voice it is: the topmost actor of the line, or unnamed@ and the first publisher. */
  line!: string;

  /** Whether the speaker is unnamed. */
  unnamed!: boolean;

  /** Whether it gathers what others said. */
  compiler!: boolean;

  /** False: the line says that it no longer gives a level. It ends the line's level before. */
  reports!: boolean;

  /** When the level held; null where that is not said. */
  @ApiProperty({ type: AtDto, nullable: true })
  at!: AtDto | null;

  /** Where the step stands in time: the end of `at`, else when it was said. */
  @ApiProperty({ type: 'string', nullable: true })
  date!: string | null;

  /** Whole days from `date` to `ageAt` of the answer; negative where it lies ahead; null where either is unknown. */
  @ApiProperty({ type: 'integer', nullable: true })
  ageDays!: number | null;

  /** What ended it; null: the latest word of its line. */
  @ApiProperty({ type: EndedByDto, nullable: true })
  endedBy!: EndedByDto | null;
}

class LevelNowDto {
  /** What the policy makes of it, in people: as in a tally of force-level. */
  figure!: FigureDto;

  /** When the newest level used held; null where unknown. */
  @ApiProperty({ type: AtDto, nullable: true })
  at!: AtDto | null;

  /** Age in days, at `ageAt` of the answer, of the newest step that it rests on; null where there is none. */
  @ApiProperty({ type: 'integer', nullable: true })
  ageDays!: number | null;
}

export class LevelSeriesDto {
  /** Whose force. */
  actor!: NamedDto;

  /** The line that the force belongs to. */
  party!: string;

  /** Where; two places in one number answer only for both. */
  places!: NamedDto[];

  /** present, authorised, planned or change. */
  measure!: string;

  /** all, core, rotational, reserve, civilian or contractor. */
  component!: string;

  /** The level now; *the* level of a force is that of measure present and component all. */
  now!: LevelNowDto;

  /** What each line said, by when it held. */
  steps!: LevelStepDto[];

  /** The claims about it that are no step, each with the rule's code. */
  @ApiProperty({ type: SetAsideDto, isArray: true })
  setAside!: readonly SetAsideDto[];
}

export class LevelsAnswer extends SeriesAnswer {
  /** The policy behind `now`, with its version. */
  policy!: string;

  /** The day that ages are told as of: that of `saidBy`, else the day, in UTC, on which the answer's last record was recorded. */
  @ApiProperty({ type: 'string', nullable: true })
  ageAt!: string | null;

  /** One page of series, by party, force, places, measure and component. */
  series!: LevelSeriesDto[];
}
