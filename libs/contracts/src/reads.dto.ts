/**
 * WHAT CAN BE ASKED of the reader, and what it answers. Queries are checked like bodies: a parameter that is not listed is
 * refused by name. The doc comments become the descriptions in the OpenAPI document.
 */
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import {
  ACTOR_KINDS,
  DOCUMENT_KINDS,
  INCIDENT_KINDS,
  METHODS,
  PLACE_KINDS,
  PREDICATES,
  SIDES,
  TIES,
  type Claim,
} from '#domain';
import { IsClaimId, IsId, IsLine, IsOneOf, IsZone } from './fields.js';
import {
  AreSomeOf,
  IsCursor,
  IsDate,
  IsDigits,
  IsLocalDateOrTime,
  IsPolicy,
  IsSequenceOrTime,
} from './query-fields.js';
import { ClaimDto, QuoteDto, TimeSpanDto, WhoDto } from './vocabulary.dto.js';

/** The list of ledgers takes nothing. */
export class LedgersQuery {}

/** What every read of a ledger takes. */
export class WaitQuery {
  /** Wait until the answer includes this position (at most 5 seconds): the position that a write was answered with. */
  @IsDigits(0)
  @IsOptional()
  wait?: string;
}

/** What every read of what stands in a ledger takes. */
export class MomentQuery extends WaitQuery {
  /**
   * Answer as of this record: what the ledger knew when that was its last. Given as its sequence, or as a time (RFC 3339
   * with zone), which stands for the last record that was recorded by then; a date stands for the end of that day in UTC.
   * The answer names the sequence. Left out: now.
   */
  @IsSequenceOrTime()
  @IsOptional()
  asOf?: string;
}

export class PageQuery extends MomentQuery {
  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ type: 'string', required: false })
  @IsCursor()
  @IsOptional()
  cursor?: string;

  /** How many at most, 1 to 500; left out, 100. */
  @IsDigits(1, 500)
  @IsOptional()
  limit?: string;
}

export class ActorsQuery extends PageQuery {
  /** Actors of this kind only. */
  @IsOneOf(ACTOR_KINDS)
  @IsOptional()
  kind?: string;

  /** Direct parts of this actor only, and of what was merged into it. */
  @IsId()
  @IsOptional()
  partOf?: string;
}

export class PlacesQuery extends PageQuery {
  /** Places of this kind only. */
  @IsOneOf(PLACE_KINDS)
  @IsOptional()
  kind?: string;

  /** Places directly inside this one only, or inside what was merged into it. */
  @IsId()
  @IsOptional()
  inside?: string;
}

export class DocumentsQuery extends PageQuery {
  /** Documents of this kind only. */
  @IsOneOf(DOCUMENT_KINDS)
  @IsOptional()
  kind?: string;

  /** Documents of this publisher only. */
  @IsId()
  @IsOptional()
  publisher?: string;
}

export class StatementsQuery extends PageQuery {
  /** Statements in this document only. */
  @IsId()
  @IsOptional()
  document?: string;

  /** Statements of this speaker only. */
  @IsId()
  @IsOptional()
  speaker?: string;

  /** Statements that render this utterance only. */
  @IsId()
  @IsOptional()
  utterance?: string;
}

export class AssessmentsQuery extends PageQuery {
  /** Assessments of this claim only: its statement's id, # and its number there. */
  @IsClaimId()
  @IsOptional()
  claim?: string;

  /** Assessments of this line only: the topmost actor of it, or unnamed@ and the first publisher. */
  @IsLine()
  @IsOptional()
  line?: string;
}

export class IncidentsQuery extends PageQuery {
  /** Incidents of this method only. */
  @IsOneOf(METHODS)
  @IsOptional()
  method?: string;

  /** Single incidents or bundles only. */
  @IsOneOf(INCIDENT_KINDS)
  @IsOptional()
  kind?: string;

  /** Incidents at this place or anywhere inside it. */
  @IsId()
  @IsOptional()
  place?: string;

  /** Incidents with this actor, or the line it heads, among the parties. */
  @IsId()
  @IsOptional()
  'of.party'?: string;

  /** On which side `of.party` stands. */
  @IsOneOf(SIDES)
  @IsOptional()
  side?: string;

  /** Incidents with this actor, or the line it heads, among the attackers. */
  @IsId()
  @IsOptional()
  attacker?: string;

  /** Incidents whose whole time lies on this local date or later. */
  @IsDate()
  @IsOptional()
  from?: string;

  /** Incidents whose whole time lies on this local date or earlier. */
  @IsDate()
  @IsOptional()
  to?: string;
}

export class PolicyQuery extends MomentQuery {
  /**
   * The policy that makes figures of claims, by its name or as name@version; left out, official-first. The name alone is
   * the version in force.
   */
  @IsPolicy()
  @IsOptional()
  policy?: string;

  /**
   * Count only claims that had been said by then: a local date (to its end) or date and time, compared with the end of the
   * time a claim was said, else published, as it is written there. Goes together with `asOf`. Left out: all claims.
   */
  @IsLocalDateOrTime()
  @IsOptional()
  saidBy?: string;
}

export class RecordsQuery extends PageQuery {
  /** Records that changed this entity only. */
  @IsId()
  @IsOptional()
  entity?: string;
}

/** What can be added up, and what can be shown beside. */
const TALLY_TERMS = ['attacks', 'killed', 'injured', 'casualties', 'force-level'] as const;
const TALLY_BUCKETS = ['day', 'month', 'year', 'day:start', 'month:start', 'year:start'] as const;
const TALLY_GROUPINGS = [
  'incident',
  'method',
  'place:site',
  'place:town',
  'place:district',
  'place:governorate',
  'place:country',
] as const;

export class TalliesQuery extends PolicyQuery {
  /** What to tally, separated by commas; left out, attacks, killed and injured. */
  @AreSomeOf(TALLY_TERMS)
  @IsOptional()
  of?: string;

  /** Whose people are counted, and on which side `of.party` stands; left out, every side in a row of its own. */
  @IsOneOf(SIDES)
  @IsOptional()
  side?: string;

  /** A line of actors (us, not its army): incidents with it on `side`, and its people there. Of a force level: whose. */
  @IsId()
  @IsOptional()
  'of.party'?: string;

  /** Incidents with this actor or line among the attackers. */
  @IsId()
  @IsOptional()
  attacker?: string;

  /** Incidents at this place or anywhere inside it. Of a force level: exactly this place. */
  @IsId()
  @IsOptional()
  place?: string;

  /** This incident only. */
  @IsId()
  @IsOptional()
  incident?: string;

  /** Incidents of this method only. */
  @IsOneOf(METHODS)
  @IsOptional()
  method?: string;

  /** Incidents whose whole time lies on this local date or later. */
  @IsDate()
  @IsOptional()
  from?: string;

  /** Incidents whose whole time lies on this local date or earlier. */
  @IsDate()
  @IsOptional()
  to?: string;

  /** Rows by what: each incident, method, or place rolled up to a kind of place. */
  @IsOneOf(TALLY_GROUPINGS)
  @IsOptional()
  by?: string;

  /** Rows by time: only intervals that lie wholly in a bucket, others in a remainder row; with `:start` by the first day. */
  @IsOneOf(TALLY_BUCKETS)
  @IsOptional()
  bucket?: string;

  /**
   * Dates of `bucket`, `from` and `to` are those in this IANA time zone, such as Asia/Damascus. It moves only incidents
   * with a clock time and its zone; others keep the local date at their place, and `localDateOnly` counts them.
   */
  @IsZone()
  @IsOptional()
  zone?: string;
}

export class ExplainQuery extends TalliesQuery {
  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ type: 'string', required: false })
  @IsCursor()
  @IsOptional()
  cursor?: string;

  /** How many incidents at most, 1 to 2,000; left out, 2,000. */
  @IsDigits(1, 2_000)
  @IsOptional()
  limit?: string;
}

/** What every answer names. */
export class AnswerDto {
  /** The ledger. */
  ledger!: string;

  /** The answer is as of this sequence: every record up to it is taken into account, none after. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /**
   * Whether the question will be answered the same for ever. False where it names a time so short ago that a record of
   * before may still come; as of the sequence that the answer names it is final.
   */
  final!: boolean;
}

export class LedgerDto {
  /** The ledger's name. */
  ledger!: string;

  /** What it is about. */
  title!: string;

  /** The last record that answers take into account. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** When that record was recorded, RFC 3339 in UTC. */
  recordedtime!: string;

  /** Version of the codebook in force. */
  @ApiProperty({ type: 'integer' })
  codebook!: number;

  /** Versions of the policies in force, by name. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  policies!: Readonly<Record<string, number>>;

  /** The first record of which something is still being worked out: answers as of it or later are not final; null where all is. */
  @ApiProperty({ type: 'integer', nullable: true })
  unsettled!: number | null;

  /** Nothing is recorded in it any more: why, and which ledger goes on with it; null while it is open. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  closed!: { reason: unknown; successor: string | null } | null;
}

export class LedgersAnswer {
  /** Every ledger that has records. */
  ledgers!: LedgerDto[];
}

export class EntityDto {
  /** Id of the entity. */
  id!: string;

  /** Its version: what to expect in a change of it. */
  @ApiProperty({ type: 'integer' })
  version!: number;

  /** The record that brought it to this version. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** As recorded; private text reads {"private": true, "text": …}. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  body!: unknown;

  /** Whether it counts: retracted and withdrawn ones do not, unreachable ones do. */
  @ApiProperty({ type: 'string', enum: ['live', 'retracted', 'withdrawn', 'unreachable', 'merged'] })
  status!: string;

  /** Why it is not live any more, as recorded; null while it is. */
  @ApiProperty({ nullable: true, oneOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] })
  reason!: unknown;
}

export class EntityAnswer extends AnswerDto {
  /** The entity asked for. */
  entity!: EntityDto;
}

export class EntitiesAnswer extends AnswerDto {
  /** One page of entities. */
  items!: EntityDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}

export class NamedDto {
  /** Id of the actor or place. */
  id!: string;

  /** Its first name. */
  name!: string;
}

class ShownDocumentDto {
  /** Id of the document. */
  id!: string;

  /** Its title. */
  title!: string;

  /** Its address on the web; null where none is recorded. */
  @ApiProperty({ type: 'string', nullable: true })
  url!: string | null;

  /** Who published it. */
  publisher!: NamedDto;

  /** When it was published, as local dates; null where unknown. */
  @ApiProperty({ type: TimeSpanDto, nullable: true })
  published!: unknown;
}

/** What leads from a claim to its source. */
class SourceDto {
  /** Whose voice it is: the topmost actor of the speaker's line, or unnamed@ and the first publisher. */
  line!: string;

  /** The utterance that the statement renders; statements of one utterance are one saying. */
  utterance!: string;

  /** direct, reported or own-voice. */
  form!: string;

  /** Who said it. */
  speaker!: NamedDto;

  /** On whose behalf; null where on nobody's. */
  @ApiProperty({ type: NamedDto, nullable: true })
  onBehalfOf!: NamedDto | null;

  /** Who passed it on, from the speaker to the publisher. */
  chain!: NamedDto[];

  /** When it was said; null where unknown. */
  @ApiProperty({ type: TimeSpanDto, nullable: true })
  said!: unknown;

  /** Where it was said; null where unknown. */
  @ApiProperty({ type: 'string', nullable: true })
  venue!: string | null;

  /** The words themselves; null where none are recorded. */
  @ApiProperty({ type: QuoteDto, nullable: true })
  quote!: unknown;

  /** Where in the document; null where unknown. */
  @ApiProperty({ type: 'string', nullable: true })
  locator!: string | null;

  /** The document it stands in. */
  document!: ShownDocumentDto;
}

export class ShownClaimDto extends SourceDto {
  /** Id of the claim: its statement, # and its number there. */
  id!: string;

  /** The record that holds it. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** The claim as recorded. */
  @ApiProperty({ type: ClaimDto })
  claim!: Claim;

  /** Id of its statement. */
  statement!: string;
}

export class StatementAnswer extends EntityAnswer {
  /** Its claims, in its order. */
  claims!: ShownClaimDto[];
}

export class SetAsideDto {
  /** Id of the claim. */
  claim!: string;

  /** The rule that sets it aside, as in the codebook. */
  code!: string;
}

export class TripleDto {
  /** At least so many; null: not said. */
  @ApiProperty({ type: 'integer', nullable: true })
  low!: number | null;

  /** The best number; null: not said. Then show "≥ low" or "≤ high". */
  @ApiProperty({ type: 'integer', nullable: true })
  best!: number | null;

  /** At most so many; null: open. */
  @ApiProperty({ type: 'integer', nullable: true })
  high!: number | null;
}

export class GradeDto {
  /** 1 confirmed by others … 5 improbable; 6 cannot be judged. */
  @ApiProperty({ type: 'integer' })
  credibility!: number;

  /** A … E; F cannot be judged. */
  reliability!: string;
}

export class PositionDto extends TripleDto {
  /** Whose position: the topmost actor of a line, or unnamed@ and the first publisher. */
  line!: string;

  /** The claims it is made of. */
  @ApiProperty({ type: 'string', isArray: true })
  claims!: readonly string[];

  /** Of places, times, actors and words: what is asserted. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  value?: unknown;

  /** Whether the number is rough. */
  about!: boolean;

  /** said, entailed by what is said, or computed by the recorder. */
  basis!: string;

  /** Whether the line speaks officially. */
  official!: boolean;

  /** Of an official line: 1 state of the people hit, 2 host state, 3 attacker's, 4 any other. */
  @ApiProperty({ type: 'integer', nullable: true })
  rank!: number | null;

  /** own-side, host, attacker or third. */
  interest!: string;

  /** Whether the speaker is unnamed. */
  unnamed!: boolean;

  /** Whether it gathers what others said: heard only where nobody else speaks. */
  compiler!: boolean;

  /** Of responsibility: the actor's own line claims it, others blame. */
  @ApiProperty({ type: 'string', required: false })
  attribution?: string;

  /** Local time by which it was said, else published; null where unknown. */
  @ApiProperty({ type: 'string', nullable: true })
  said!: string | null;

  /** The worst grade of its claims, by the Admiralty code; what nobody graded is 6 F. */
  grade!: GradeDto;

  /** Of a level: when it held, where that is said. */
  @ApiPropertyOptional({ type: () => AtDto })
  at?: unknown;

  /** How it came to be: disordered, readings-differ, partial, kind-exceeds. */
  @ApiProperty({ type: 'string', isArray: true })
  flags!: readonly string[];
}

export class FigureDto extends TripleDto {
  /** unreported: nobody whom the policy hears says; affirmed-none: somebody says none; reported otherwise. */
  status!: string;

  /** Whether lines contradict each other; the same under every policy. */
  contested!: boolean;

  /** Whether the number is rough. */
  about!: boolean;

  /** official: it rests on officials; other: on others; null: no figure. */
  @ApiProperty({ type: 'string', enum: ['official', 'other'], nullable: true })
  basis!: string | null;

  /** How many claims were set aside. */
  @ApiProperty({ type: 'integer' })
  others!: number;

  /** Ids of the claims that make the figure. */
  @ApiProperty({ type: 'string', isArray: true })
  used!: readonly string[];

  /** The claims that do not, each with the rule's code. */
  @ApiProperty({ type: SetAsideDto, isArray: true })
  setAside!: readonly SetAsideDto[];

  /** What a reader should know about how it came to be: disordered, readings-differ, partial, kind-exceeds. */
  @ApiProperty({ type: 'string', isArray: true })
  flags!: readonly string[];

  /** How many independent lines have a position. */
  @ApiProperty({ type: 'integer' })
  lines!: number;

  /** How many unnamed speakers have one. */
  @ApiProperty({ type: 'integer' })
  unnamedLines!: number;
}

export class QuestionDto {
  /** What is asked. */
  @ApiProperty({ type: 'string', enum: [...PREDICATES] })
  predicate!: string;

  /** What makes values comparable: a munition, a role, a thing damaged. Left out where the predicate alone does. */
  @ApiProperty({ type: 'string', required: false })
  key?: string;

  /** Whose people; left out: anybody. */
  @ApiProperty({ type: WhoDto, required: false })
  who?: unknown;
}

export class QuestionAnswerDto {
  /** The question about the incident. */
  question!: QuestionDto;

  /** Of a number: what the policy makes of it; else null, and the positions are the answer. */
  @ApiProperty({ type: FigureDto, nullable: true })
  figure!: unknown;

  /** What each line holds. */
  @ApiProperty({ type: PositionDto, isArray: true })
  positions!: readonly PositionDto[];

  /** Whether lines contradict each other. */
  contested!: boolean;

  /** The claims that are no part of the answer, each with the rule's code. */
  @ApiProperty({ type: SetAsideDto, isArray: true })
  setAside!: readonly SetAsideDto[];
}

export class CardFieldDto {
  /** time or place. */
  field!: string;

  /** The claims that say what the card says; none where it rests on the recorder alone. */
  @ApiProperty({ type: 'string', isArray: true })
  follows!: readonly string[];

  /** Whether somebody says otherwise. */
  disputed!: boolean;
}

export class LineClaimsDto {
  /** Whose voice. */
  line!: string;

  /** Its claims, in the order they were recorded. */
  claims!: ShownClaimDto[];
}

export class PredicateClaimsDto {
  /** The predicate. */
  predicate!: string;

  /** By whose voice. */
  lines!: LineClaimsDto[];
}

export class TieDto {
  /** Id of the other incident. */
  id!: string;

  /** Whether the part is a part of the whole, or one of a group. */
  @ApiProperty({ type: 'string', enum: [...TIES] })
  kind!: string;
}

export class IncidentAnswer extends EntityAnswer {
  /** The policy that made the figures, with its version. */
  policy!: string;

  /** The answer counts only claims that had been said by then; null: all of them. */
  @ApiProperty({ type: 'string', nullable: true })
  saidBy!: string | null;

  /** What the fields of the card follow. */
  card!: CardFieldDto[];

  /** What it is a part of, and the groups it belongs to. */
  wholes!: TieDto[];

  /** What is a part of it, or belongs to it. */
  parts!: TieDto[];

  /** Every question that a claim speaks to, with its answer. */
  answers!: QuestionAnswerDto[];

  /** Every claim about the incident, by predicate and line; joint ones included. */
  claims!: PredicateClaimsDto[];
}

export class TallySumDto {
  /** Sum of the least numbers; people or attacks. */
  @ApiProperty({ type: 'integer' })
  low!: number;

  /** Sum of the best numbers; where a figure has none, its least counts. */
  @ApiProperty({ type: 'integer' })
  best!: number;

  /** Sum of the greatest numbers; null: open. */
  @ApiProperty({ type: 'integer', nullable: true })
  high!: number | null;

  /** Incidents in the row. */
  @ApiProperty({ type: 'integer' })
  incidents!: number;

  /** Incidents of which nobody whom the policy hears says; of attacks: not stated under this policy. They add nothing. */
  @ApiProperty({ type: 'integer' })
  unreported!: number;

  /** Incidents of which somebody says none. */
  @ApiProperty({ type: 'integer' })
  affirmedNone!: number;

  /** Incidents whose figure is contested. */
  @ApiProperty({ type: 'integer' })
  contested!: number;

  /** Figures without a best number. */
  @ApiProperty({ type: 'integer' })
  floors!: number;

  /** Figures whose numbers are out of order, as published. */
  @ApiProperty({ type: 'integer' })
  disordered!: number;

  /** Figures that rest on officials. */
  @ApiProperty({ type: 'integer' })
  official!: number;

  /** Figures that rest on others. */
  @ApiProperty({ type: 'integer' })
  other!: number;
}

export class TallyRowDto extends TallySumDto {
  /** attacks, killed, injured or casualties. */
  measure!: string;

  /** Whose people; not-said: sources give no side; all: the rows of every side added up; null for attacks. */
  @ApiProperty({ type: 'string', nullable: true })
  side!: string | null;

  /** The bucket of time, or the remainder that a longer interval falls in; null where none was asked for. */
  @ApiProperty({ type: 'string', nullable: true })
  bucket!: string | null;

  /** Whether the row holds what cannot be placed more finely. */
  remainder!: boolean;

  /** What the row is grouped by; null where nothing was asked for. */
  @ApiProperty({ type: NamedDto, nullable: true })
  group!: NamedDto | null;
}

/** The row of a tally that something stands in. */
export class PlacementDto {
  /** The bucket of time of its row; null where none was asked for. */
  @ApiProperty({ type: 'string', nullable: true })
  bucket!: string | null;

  /** Whether its row holds what cannot be placed more finely. */
  remainder!: boolean;

  /** What its row is grouped by; null where nothing was asked for. */
  @ApiProperty({ type: NamedDto, nullable: true })
  group!: NamedDto | null;
}

export class ExplainedFigureDto extends FigureDto {
  /** attacks, killed, injured or casualties. */
  measure!: string;

  /** Whose people; null: anybody, and attacks. */
  @ApiProperty({ type: 'string', nullable: true })
  side!: string | null;

  /** What each line holds, before any policy: the policy makes the figure of these. */
  @ApiProperty({ type: PositionDto, isArray: true })
  positions!: readonly PositionDto[];
}

export class ExplainedIncidentDto extends PlacementDto {
  /** Id of the incident. */
  id!: string;

  /** Its title; null where it has none. */
  @ApiProperty({ type: 'string', nullable: true })
  title!: string | null;

  /** single or bundle. Any claim that somebody asserts of a single one entails that it happened once. */
  kind!: string;

  /**
   * Its figures, of each measure and side to which a claim speaks. Where a side has a number, the one about anybody (side
   * null) is in no sum. A measure without a figure is unreported.
   */
  @ApiProperty({ type: ExplainedFigureDto, isArray: true })
  figures!: readonly ExplainedFigureDto[];
}

export class ClaimOfStatementDto {
  /** Id of the claim: its statement, # and its number there. */
  id!: string;

  /** The claim as recorded. */
  @ApiProperty({ type: ClaimDto })
  claim!: Claim;
}

export class ExplainedStatementDto extends SourceDto {
  /** Id of the statement. */
  id!: string;

  /** The record that holds it. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** Those of its claims that the answer uses or sets aside. */
  claims!: ClaimOfStatementDto[];
}

export class AtDto {
  /** First local date. */
  from!: string;

  /** Last local date. */
  to!: string;
}

export class LevelDto {
  /** Whose force. */
  actor!: NamedDto;

  /** Where; two places in one number answer only for both. */
  places!: NamedDto[];

  /** present, authorised, planned or change. */
  measure!: string;

  /** all, core, rotational, reserve, civilian or contractor. */
  component!: string;

  /** When the newest level used held; null where unknown. */
  @ApiProperty({ type: AtDto, nullable: true })
  at!: AtDto | null;

  /** The level, in people. */
  figure!: FigureDto;
}

export class TalliesAnswer extends AnswerDto {
  /** The policy, with its version. */
  policy!: string;

  /** The answer counts only claims that had been said by then; null: all of them. */
  @ApiProperty({ type: 'string', nullable: true })
  saidBy!: string | null;

  /** The time zone of the dates in the answer; null: each incident's own. */
  @ApiProperty({ type: 'string', nullable: true })
  zone!: string | null;

  /** The sums; empty where only levels were asked for. What they rest on: `/tallies/explain` with the same parameters. */
  rows!: TallyRowDto[];

  /** Incidents that overlap from and to, or may, without lying inside: not counted. Null where no period is asked about. */
  @ApiProperty({ type: 'integer', nullable: true })
  overlapping!: number | null;

  /**
   * Incidents in the sums with a date that could not be moved to `zone`, for they have no clock time or no zone: they stand
   * at their local date. Null where no zone is asked about.
   */
  @ApiProperty({ type: 'integer', nullable: true })
  localDateOnly!: number | null;

  /** Incidents whose parts are recorded too, and groups: shown beside, never added (the first 100 by id). */
  wholes!: ExplainedIncidentDto[];

  /** Levels of force, where asked for. */
  levels!: LevelDto[];

  /** Totals that somebody published of the same things about places that overlap: shown beside, never added. */
  beside!: ShownClaimDto[];
}

export class ExplainAnswer extends TalliesAnswer {
  /** One page of the incidents that `rows` add up, by id, with their figures. `rows` are of all pages. */
  incidents!: ExplainedIncidentDto[];

  /** The statements of every claim that a figure of this answer uses or sets aside, in the order they were recorded. */
  statements!: ExplainedStatementDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}

export class IncidentExplainAnswer extends EntityAnswer {
  /** The policy that made the figures, with its version. */
  policy!: string;

  /** The answer counts only claims that had been said by then; null: all of them. */
  @ApiProperty({ type: 'string', nullable: true })
  saidBy!: string | null;

  /** Every question that a claim speaks to, with its answer, the claims used and those set aside. */
  answers!: QuestionAnswerDto[];

  /** The statements of these claims, in the order they were recorded. */
  statements!: ExplainedStatementDto[];
}

export class RecordDto {
  /** Position in the ledger. */
  @ApiProperty({ type: 'integer' })
  sequence!: number;

  /** The record: a CloudEvent. Its exact bytes are at /records/{sequence}. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  event!: unknown;
}

export class RecordsAnswer extends AnswerDto {
  /** One page of records, in the order of the log. */
  items!: RecordDto[];

  /** Where the next page begins, to give as `cursor`; null on the last. */
  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}
