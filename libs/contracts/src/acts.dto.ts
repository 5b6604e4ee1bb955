/** The bodies of acts. They are flat: what the act is about, and beside it the act's own fields (id, expect, reason). */
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import {
  CREDIBILITIES,
  RELIABILITIES,
  SPLIT_SIDES,
  TIES,
  type Credibility,
  type Expectation,
  type Reliability,
  type SplitSide,
  type TieKind,
} from '#domain';
import { ExactlyOneOf, Nested } from './check-body.js';
import { IsClaimId, IsId, IsIntegerBetween, IsLedgerName, IsLine, IsList, IsOneOf, IsProse } from './fields.js';
import { SEEDS, type Seed } from './seeds.js';
import { ActorDto, DocumentDto, IncidentDto, PlaceDto, StatementDto } from './vocabulary.dto.js';

export class ExpectationDto implements Expectation {
  /** Id of the entity. */
  @IsId()
  entity!: string;

  /** The version of it that the sender has seen, from 1. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  version!: number;
}

function AreExpectations(): PropertyDecorator {
  const decorators = [IsList({ max: 500 }), Nested(() => ExpectationDto, { each: true }), IsOptional()];
  return (target, name) => {
    for (const decorate of decorators) decorate(target, name);
  };
}

/** TypeScript takes no other form of constructor for classes that are added to. */
// oxlint-disable-next-line typescript/no-explicit-any
type Card = new (...args: any[]) => object;

/** What a body has beside the card of a thing that it makes. */
function Making<C extends Card>(card: C) {
  class MakingDto extends card {
    /** Its id, unique in the ledger; left out, one is made. Never made of private text. */
    @IsId()
    @IsOptional()
    id?: string;

    /** Versions of other entities that this builds on; refused where one has changed since. */
    @AreExpectations()
    expect?: ExpectationDto[];
  }
  return MakingDto;
}

/** What a body has beside the card, whole, of a thing that it changes. */
function Changing<C extends Card>(card: C) {
  class ChangingDto extends card {
    /** Id of what is to be changed; left out where the address names it. */
    @IsId()
    @IsOptional()
    id?: string;

    /** Why, for the history; at most 2,000 characters. */
    @IsProse()
    reason!: string;

    /** The version of it that was seen; `If-Match: "<version>"` is short for it. */
    @AreExpectations()
    expect?: ExpectationDto[];
  }
  return ChangingDto;
}

export class OriginDto {
  /** What the ledger is about, at most 2,000 characters. */
  @IsProse()
  title!: string;

  /** Who keeps it, at most 2,000 characters. */
  @IsProse()
  @IsOptional()
  keeper?: string;
}

export class OpenLedgerDto {
  /** What the ledger is about and who keeps it. */
  @Nested(() => OriginDto)
  origin!: OriginDto;

  /**
   * Registers to begin with, as ordinary records; needs an `Idempotency-Key` of at most 150 characters. `states`: the
   * states with their codes and armed forces, the countries in regions, and intergovernmental organisations.
   */
  @IsOneOf(SEEDS)
  @IsOptional()
  seed?: Seed;
}

export class CloseLedgerDto {
  /** Why, for the history; at most 2,000 characters. */
  @IsProse()
  reason!: string;

  /** The name of the ledger that goes on with it. */
  @IsLedgerName()
  @IsOptional()
  successor?: string;

  /** The version of the entity `ledger` that was seen, and of others; refused where one has changed since. */
  @AreExpectations()
  expect?: ExpectationDto[];
}

/** Versions of policies, by name. */
export class PolicyVersionsDto {
  /** Of the policy official-first. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  'official-first'?: number;

  /** Of the policy latest-official. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  'latest-official'?: number;

  /** Of the policy best-graded. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  'best-graded'?: number;

  /** Of the policy envelope. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  envelope?: number;
}

/** What is to be in force; what is left out stays as it is. */
export class AdoptDto {
  /** Version of the codebook. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  codebook?: number;

  /** Versions of policies, by name. */
  @Nested(() => PolicyVersionsDto)
  @IsOptional()
  policies?: PolicyVersionsDto;

  /** Why, for the history; at most 2,000 characters. */
  @IsProse()
  reason!: string;

  /** The version of the entity `ledger` that was seen. */
  @AreExpectations()
  expect?: ExpectationDto[];
}

export class RegisterActorDto extends Making(ActorDto) {}

/** The card as it should have been, whole; with the parent that it has. */
export class CorrectActorDto extends Changing(ActorDto) {}

export class RegisterPlaceDto extends Making(PlaceDto) {}

/** The card as it should have been, whole; with the parent that it has. */
export class CorrectPlaceDto extends Changing(PlaceDto) {}

export class RegisterDocumentDto extends Making(DocumentDto) {}

/** The document as it should have been described or, of a new version, as it is now; whole. */
export class CorrectDocumentDto extends Changing(DocumentDto) {}

/** What the publisher changed. */
export class DocumentVersionDto extends CorrectDocumentDto {
  /** Ids of all statements of this document that this version carries no longer; the others count. */
  @IsList({ max: 500 })
  @IsId({ each: true })
  dropped!: string[];
}

export class RecordIncidentDto extends Making(IncidentDto) {}

/** The card as it should have been, whole. */
export class CorrectIncidentDto extends Changing(IncidentDto) {}

/** Why, and which version was seen: all that these acts say. */
export class ReasonDto extends Changing(class {}) {}

/** To retract or withdraw, or to take that back. */
export class TakeBackDto extends ReasonDto {
  /** To bring it back: the version with which it was retracted or withdrawn. */
  @IsIntegerBetween(1, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  takesBack?: number;
}

/** What is judged. */
@ExactlyOneOf('claim', 'line')
export class AssessmentAboutDto {
  /** One claim: its statement's id, # and its number there. */
  @IsClaimId()
  @IsOptional()
  claim?: string;

  /** All that a line says: the topmost actor of it, or unnamed@ and the first publisher. */
  @IsLine()
  @IsOptional()
  line?: string;
}

export class RecordAssessmentDto {
  /** The assessment's id, unique in the ledger; left out, one is made. */
  @IsId()
  @IsOptional()
  id?: string;

  /** What is judged: one claim, or a line. */
  @Nested(() => AssessmentAboutDto)
  about!: AssessmentAboutDto;

  /** How credible it is: 1 confirmed to 5 improbable; 6 cannot be judged. */
  @IsIntegerBetween(1, CREDIBILITIES.length)
  // Else they would be listed as the compiler happens to have met them.
  @ApiProperty({ enum: CREDIBILITIES })
  @IsOptional()
  credibility?: Credibility;

  /** How reliable whoever says it is: A completely to E not; F cannot be judged. */
  @IsOneOf(RELIABILITIES)
  @IsOptional()
  reliability?: Reliability;

  /** The actor who judges; left out, who records it. */
  @IsId()
  @IsOptional()
  by?: string;

  /** Why they judge so, at most 2,000 characters. */
  @IsProse()
  grounds!: string;

  /** Versions of other entities that this builds on; refused where one has changed since. */
  @AreExpectations()
  expect?: ExpectationDto[];
}

export class RecordStatementDto extends Making(StatementDto) {}

/** The statement as it should have been, whole; its claims keep their numbers. */
export class CorrectStatementDto extends Changing(StatementDto) {}

export class ReassignedIncidentDto {
  /** Id of the incident that its claims are about no more. */
  @IsId()
  from!: string;

  /** Id of the incident that they are about. */
  @IsId()
  to!: string;
}

export class ReassignStatementDto extends ReasonDto {
  /** The utterance that it renders; left out, the one it was recorded for. */
  @IsId()
  @IsOptional()
  utterance?: string;

  /** The incidents that its claims are about, for those they were taken to be about; left out, they stay. */
  @IsList({ min: 1, max: 100 })
  @Nested(() => ReassignedIncidentDto, { each: true })
  @IsOptional()
  incidents?: ReassignedIncidentDto[];
}

/** Two were one. */
export class MergeDto extends ReasonDto {
  /** Id of the other one, which it is read as from then on. Its version is expected too. */
  @IsId()
  into!: string;
}

export class ReparentActorDto extends ReasonDto {
  /** Id of the actor that it is a part of; left out, it is a part of none. */
  @IsId()
  @IsOptional()
  partOf?: string;
}

export class ReparentPlaceDto extends ReasonDto {
  /** Id of the place that it lies in; left out, it lies in none. */
  @IsId()
  @IsOptional()
  inside?: string;
}

export class SplitClaimDto {
  /** A claim about the incident: its statement's id, # and its number there. */
  @IsClaimId()
  claim!: string;

  /** Whether it is about the old one, the new one, or both jointly. */
  @IsOneOf(SPLIT_SIDES)
  to!: SplitSide;
}

/** The card of the new incident, and where every claim belongs. */
export class SplitIncidentDto extends Changing(IncidentDto) {
  /** Id of the new one, unique in the ledger; left out, one is made. */
  @IsId()
  @IsOptional()
  newId?: string;

  /** Every claim about the incident, joint ones included. */
  @IsList({ max: 1000 })
  @Nested(() => SplitClaimDto, { each: true })
  claims!: SplitClaimDto[];
}

export class UntieIncidentDto extends ReasonDto {
  /** Id of the whole, or of the group. */
  @IsId()
  whole!: string;
}

export class TieIncidentDto extends UntieIncidentDto {
  /** Whether it is a part of a whole that was recorded too, or one of a group. */
  @IsOneOf(TIES)
  kind!: TieKind;
}
