/**
 * THE VOCABULARY AS IT IS SENT: the shapes of libs/domain/src/vocabulary.ts, with the rules that bodies are checked by.
 * The doc comments become the descriptions in the OpenAPI document. Nothing here decides what figures mean.
 *
 * One difference to what is stored: text that may be private is sent open, as a string or as `{"private": true, "text"}`;
 * the writer seals it.
 */
import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import {
  ACTOR_KINDS,
  BASES,
  CATEGORIES,
  DAMAGE_LEVELS,
  DIRECTIONS,
  DOCUMENT_KINDS,
  FORMS,
  INCIDENT_KINDS,
  LEVEL_COMPONENTS,
  LEVEL_MEASURES,
  MANNERS,
  METHODS,
  OUTCOMES,
  PERIOD_UNITS,
  PLACE_KINDS,
  PRECISIONS,
  PREDICATES,
  RELATIONS,
  ROLES,
  SIDES,
  STANCES,
  type Actor,
  type ActorKind,
  type Basis,
  type Category,
  type Codes,
  type CountValue,
  type DamagedItem,
  type DamageLevel,
  type DamageValue,
  type Direction,
  type Document,
  type DocumentKind,
  type ForceLevelValue,
  type Form,
  type Incident,
  type IncidentKind,
  type LevelComponent,
  type LevelMeasure,
  type Manner,
  type Method,
  type MunitionsValue,
  type OutcomeValue,
  type OutcomeWord,
  type OutlookValue,
  type Party,
  type PeopleValue,
  type PeriodUnit,
  type Place,
  type PlaceKind,
  type PlaceValue,
  type Point,
  type Precision,
  type Predicate,
  type Quantity,
  type RelationKind,
  type ResponsibilityValue,
  type Role,
  type Scope,
  type SealedText,
  type Side,
  type Stance,
  type TimeSpan,
  type TotalValue,
  type Who,
} from '#domain';
import { ExactlyOneOf, Nested, type BodyClass, type ClassOf } from './check-body.js';
import {
  IsClaimId,
  IsCountryCode,
  IsId,
  IsInstant,
  IsIntegerBetween,
  IsLabel,
  IsLanguage,
  IsList,
  IsLocalTime,
  IsNumberBetween,
  IsOneOf,
  IsProse,
  IsProseOrObject,
  IsSha256,
  IsTrue,
  IsWebAddress,
  IsWhole,
  IsWholeOrNull,
  IsZone,
} from './fields.js';

// Text that may be private.

/** A private person's name, or a quote that must be erasable. It is stored encrypted and never derived from. */
export class PrivateText {
  /** Always true: plain text is sent as a string. */
  @IsTrue()
  private!: true;

  /** The text, at most 2,000 characters. */
  @IsProse()
  text!: string;
}

/** Text as it is sent: plain, or to be sealed. */
export type OpenText = string | PrivateText;

/** A shape of the vocabulary as it is sent: no text in it is sealed yet. */
export type Open<T> = T extends SealedText ? PrivateText : T extends object ? { [K in keyof T]: Open<T[K]> } : T;

const privateIfObject: ClassOf = (_owner, value) => (typeof value === 'object' ? PrivateText : undefined);

function IsText(): PropertyDecorator {
  const rules = IsProseOrObject(() => ({ $ref: getSchemaPath(PrivateText) }));
  const nested = Nested(privateIfObject);
  return (target, name) => {
    rules(target, name);
    nested(target, name);
    ApiExtraModels(PrivateText)(target.constructor);
  };
}

// Numbers, times, places, people.

export class QuantityDto implements Quantity {
  /** The least number the source gives, in people or things; null or left out: not said. */
  @IsWholeOrNull()
  @IsOptional()
  low?: number | null;

  /** The number the source holds most likely, in people or things; null or left out: not said. */
  @IsWholeOrNull()
  @IsOptional()
  best?: number | null;

  /** The greatest number the source gives, in people or things; null or left out: open. */
  @IsWholeOrNull()
  @IsOptional()
  high?: number | null;

  /** True where the source calls the number rough; left out otherwise. */
  @IsTrue()
  @IsOptional()
  about?: true;

  /** By how many people or things another number rises or, below zero, falls. Not together with low, best or high. */
  @IsIntegerBetween(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  @IsOptional()
  change?: number;

  /** The claim whose number changes, such as `conoco-centcom#2`. */
  @IsClaimId()
  @IsOptional()
  from?: string;
}

export class TimeSpanDto implements TimeSpan {
  /** First local date at the place, or date and clock time: 2023-04-10 or 2023-04-10T17:51. */
  @IsLocalTime()
  from!: string;

  /** Last local date at the place, inclusive, or date and clock time. */
  @IsLocalTime()
  to!: string;

  /** IANA time zone, where clock times are said, such as Asia/Damascus. */
  @IsZone()
  @IsOptional()
  zone?: string;

  /** How finely the source gives the time. */
  @IsOneOf(PRECISIONS)
  precision!: Precision;

  /** The source's own words, such as "last week"; at most 300 characters. */
  @IsLabel()
  @IsOptional()
  words?: string;

  /** True where the recorder assumes it and the source does not say. */
  @IsTrue()
  @IsOptional()
  assumed?: true;
}

export class PointDto implements Point {
  /** Degrees north, -90 to 90. */
  @IsNumberBetween(-90, 90)
  lat!: number;

  /** Degrees east, -180 to 180. */
  @IsNumberBetween(-180, 180)
  lon!: number;
}

export class WhoDto implements Who {
  /** On whose side the people are; left out: any. */
  @IsOneOf(SIDES)
  @IsOptional()
  side?: Side;

  /** What the people are; left out: any. */
  @IsOneOf(CATEGORIES)
  @IsOptional()
  category?: Category;

  /** Id of the actor whose people they are; left out: any. */
  @IsId()
  @IsOptional()
  of?: string;
}

export class PartDto {
  /** Which of the people. */
  @Nested(() => WhoDto)
  who!: WhoDto;

  /** How many of them. */
  @Nested(() => QuantityDto)
  value!: QuantityDto;
}

export class ScopeDto implements Scope {
  /** Of a total: the predicate, or the free term of a count, that it adds up. */
  @IsLabel()
  @IsOptional()
  of?: string;

  /** Id of the actor whose force or doing it is. */
  @IsId()
  @IsOptional()
  actor?: string;

  /** Id of the actor who attacked. */
  @IsId()
  @IsOptional()
  attacker?: string;

  /** Id of the actor who was attacked. */
  @IsId()
  @IsOptional()
  target?: string;

  /** Ids of the places it covers together, at most 50. */
  @IsList({ max: 50 })
  @IsId({ each: true })
  @IsOptional()
  places?: string[];

  /** First local date it covers, or date and clock time. */
  @IsLocalTime()
  @IsOptional()
  from?: string;

  /** Last local date it covers, inclusive, or date and clock time. */
  @IsLocalTime()
  @IsOptional()
  to?: string;
}

/** What a claim is about: exactly one of the three. */
@ExactlyOneOf('incident', 'incidents', 'scope')
export class AboutDto {
  /** Id of the incident. */
  @IsId()
  @IsOptional()
  incident?: string;

  /** Ids of 2 to 100 incidents that one number is given for; it is never divided. */
  @IsList({ min: 2, max: 100 })
  @IsId({ each: true })
  @IsOptional()
  incidents?: string[];

  /** Somebody's own delimitation, for totals, levels and outlooks. */
  @Nested(() => ScopeDto)
  @IsOptional()
  scope?: ScopeDto;
}

// The value of a claim, by predicate.

export class PeopleValueDto extends QuantityDto implements PeopleValue {
  /** Of injured: the kind of injury, such as tbi. */
  @IsLabel()
  @IsOptional()
  kind?: string;
}

/** How many of the munitions fired did what, in munitions. */
export class MunitionsOfDto {
  /** How many reached the target. */
  @IsWhole()
  @IsOptional()
  'reached-target'?: number;

  /** How many fell nearby. */
  @IsWhole()
  @IsOptional()
  'fell-nearby'?: number;

  /** How many were intercepted. */
  @IsWhole()
  @IsOptional()
  intercepted?: number;

  /** How many did not explode. */
  @IsWhole()
  @IsOptional()
  dud?: number;
}

/** low, best and high are how many were fired. */
export class MunitionsValueDto extends QuantityDto implements MunitionsValue {
  /** The kind, one a claim, such as rocket. */
  @IsLabel()
  munition!: string;

  /** How many of those fired did what. */
  @Nested(() => MunitionsOfDto)
  @IsOptional()
  of?: MunitionsOfDto;

  /** How many were found where they were to be fired from; not added to those fired. */
  @IsWhole()
  @IsOptional()
  atOrigin?: number;
}

export class DamagedItemDto extends QuantityDto implements DamagedItem {
  /** What was damaged. */
  @IsLabel()
  thing!: string;
}

export class DamageValueDto implements DamageValue {
  /** How heavy the damage is. */
  @IsOneOf(DAMAGE_LEVELS)
  @IsOptional()
  level?: DamageLevel;

  /** What was damaged and how many of it, at most 100 kinds. */
  @IsList({ max: 100 })
  @Nested(() => DamagedItemDto, { each: true })
  @IsOptional()
  items?: DamagedItemDto[];
}

export class OutcomeValueDto implements OutcomeValue {
  /** What the source says came of it. */
  @IsOneOf(OUTCOMES)
  outcome!: OutcomeWord;
}

export class ResponsibilityValueDto implements ResponsibilityValue {
  /** Id of the actor who is said to have done it. */
  @IsId()
  actor!: string;

  /** What the actor is said to have done. */
  @IsOneOf(ROLES)
  role!: Role;
}

export class PlaceValueDto implements PlaceValue {
  /** Id of the place. */
  @IsId()
  place!: string;

  /** True where it is near the place, not in it. */
  @IsTrue()
  @IsOptional()
  near?: true;

  /** The point itself, where it is known. */
  @Nested(() => PointDto)
  @IsOptional()
  point?: PointDto;
}

/** To what: exactly one of an incident and words. */
@ExactlyOneOf('incident', 'text')
export class RelationTargetDto {
  /** Id of the incident. */
  @IsId()
  @IsOptional()
  incident?: string;

  /** What it is, in words, where it is no incident of this ledger; at most 2,000 characters. */
  @IsProse()
  @IsOptional()
  text?: string;
}

export class RelationValueDto {
  /** How the incident is related. */
  @IsOneOf(RELATIONS)
  kind!: RelationKind;

  /** To what it is related. */
  @Nested(() => RelationTargetDto)
  to!: RelationTargetDto;
}

export class CountValueDto extends QuantityDto implements CountValue {
  /** What is counted: a free term, which enters no tally. */
  @IsLabel()
  of!: string;
}

export class PeriodDto {
  /** First local date, or date and clock time. */
  @IsLocalTime()
  from!: string;

  /** Last local date, inclusive, or date and clock time. */
  @IsLocalTime()
  to!: string;
}

/** low, best and high are people of the force. */
export class ForceLevelValueDto extends QuantityDto implements ForceLevelValue {
  /** Which number it is. */
  @IsOneOf(LEVEL_MEASURES)
  measure!: LevelMeasure;

  /** Which part of the force it counts. */
  @IsOneOf(LEVEL_COMPONENTS)
  component!: LevelComponent;

  /** When the level held. */
  @Nested(() => PeriodDto)
  @IsOptional()
  at?: PeriodDto;
}

/** A running count of the source's own. */
export class CounterDto {
  /** What the source calls its counter. */
  @IsLabel()
  id!: string;

  /** Local date on which it began, or date and clock time. */
  @IsLocalTime()
  @IsOptional()
  startedOn?: string;

  /** Which phase of the counter it is, where it began anew. */
  @IsWhole()
  @IsOptional()
  phase?: number;
}

/** low, best and high are whatever the scope's `of` counts. */
export class TotalValueDto extends QuantityDto implements TotalValue {
  /** The source's running counter, where it has one. */
  @Nested(() => CounterDto)
  @IsOptional()
  counter?: CounterDto;
}

export class WithinDto {
  /** The least number of units; null or left out: not said. */
  @IsWholeOrNull()
  @IsOptional()
  low?: number | null;

  /** The greatest number of units; null or left out: open. */
  @IsWholeOrNull()
  @IsOptional()
  high?: number | null;

  /** In what low and high are counted. */
  @IsOneOf(PERIOD_UNITS)
  unit!: PeriodUnit;
}

export class OutlookValueDto implements OutlookValue {
  /** What is expected, at most 2,000 characters. */
  @IsProse()
  text!: string;

  /** Within which time it is expected. */
  @Nested(() => WithinDto)
  @IsOptional()
  within?: WithinDto;

  /** On which condition, at most 2,000 characters. */
  @IsProse()
  @IsOptional()
  if?: string;
}

export class RemarkValueDto {
  /** What the source says, at most 2,000 characters; may be private. */
  @IsText()
  text!: OpenText;
}

const VALUES = {
  happened: QuantityDto,
  killed: PeopleValueDto,
  injured: PeopleValueDto,
  casualties: PeopleValueDto,
  munitions: MunitionsValueDto,
  damage: DamageValueDto,
  outcome: OutcomeValueDto,
  responsibility: ResponsibilityValueDto,
  place: PlaceValueDto,
  time: TimeSpanDto,
  relation: RelationValueDto,
  count: CountValueDto,
  'force-level': ForceLevelValueDto,
  total: TotalValueDto,
  outlook: OutlookValueDto,
  remark: RemarkValueDto,
} as const satisfies Record<Predicate, BodyClass>;

/** A map, because the predicate is the client's word and may be one that every object knows. */
const VALUE_OF: ReadonlyMap<unknown, BodyClass> = new Map(Object.entries(VALUES));
const VALUE_CLASSES = [...new Set(Object.values(VALUES))];

/** One thing that the statement says. */
@ApiExtraModels(...VALUE_CLASSES)
export class ClaimDto {
  /** What the claim is about. */
  @Nested(() => AboutDto)
  about!: AboutDto;

  /** What it says about it; the value's fields go by this. */
  @IsOneOf(PREDICATES)
  predicate!: Predicate;

  /** How the source stands to it. */
  @IsOneOf(STANCES)
  stance!: Stance;

  /** How the source did not confirm: with the stance not-confirms only. */
  @IsOneOf(MANNERS)
  @IsOptional()
  manner?: Manner;

  /** The speaker's earlier claim that is taken back: with the stance retracts only. */
  @IsClaimId()
  @IsOptional()
  retracts?: string;

  /** The people that the number counts; left out: any. */
  @Nested(() => WhoDto)
  @IsOptional()
  who?: WhoDto;

  /** A split of the same number by people, never added to it; at most 20 parts. */
  @IsList({ max: 20 })
  @Nested(() => PartDto, { each: true })
  @IsOptional()
  parts?: PartDto[];

  /** The source's own words, at most 2,000 characters; may be private. */
  @IsText()
  @IsOptional()
  words?: OpenText;

  /** Whether the source said it (the default), it follows from what the source said, or the recorder computed it. */
  @IsOneOf(BASES)
  @IsOptional()
  basis?: Basis;

  /** What the source says, in the fields of the predicate. */
  @ApiProperty({ anyOf: VALUE_CLASSES.map((one) => ({ $ref: getSchemaPath(one) })) })
  @Nested((claim) => VALUE_OF.get(claim['predicate']))
  @IsOptional()
  value?: InstanceType<(typeof VALUES)[Predicate]>;
}

// Registers.

export class NameDto {
  /** The name, at most 2,000 characters; a private person's is sent as private. */
  @IsText()
  text!: OpenText;

  /** BCP 47 tag of the language it is in, such as ar. */
  @IsLanguage()
  @IsOptional()
  language?: string;
}

export class CodesDto implements Codes {
  /** ISO 3166-1 alpha-2 code of the country, such as SY. */
  @IsCountryCode()
  @IsOptional()
  iso?: string;

  /** Gleditsch-Ward number of the state, 1 to 999. */
  @IsIntegerBetween(1, 999)
  @IsOptional()
  gw?: number;
}

export class ActorDto implements Open<Actor> {
  /** 1 to 50 names; the first is the one shown. */
  @IsList({ min: 1, max: 50 })
  @Nested(() => NameDto, { each: true })
  names!: NameDto[];

  /** What the actor is. */
  @IsOneOf(ACTOR_KINDS)
  kind!: ActorKind;

  /** Id of the actor that it is part of. */
  @IsId()
  @IsOptional()
  partOf?: string;

  /** True where it speaks officially although its kind does not say so, as a de-facto authority may. */
  @IsTrue()
  @IsOptional()
  official?: true;

  /** Codes by which others know it. */
  @Nested(() => CodesDto)
  @IsOptional()
  codes?: CodesDto;
}

export class PlaceDto implements Open<Place> {
  /** 1 to 50 names; the first is the one shown. */
  @IsList({ min: 1, max: 50 })
  @Nested(() => NameDto, { each: true })
  names!: NameDto[];

  /** What the place is. */
  @IsOneOf(PLACE_KINDS)
  kind!: PlaceKind;

  /** Id of the place that it lies in. */
  @IsId()
  @IsOptional()
  inside?: string;

  /** Where it is: of a site or town only. */
  @Nested(() => PointDto)
  @IsOptional()
  point?: PointDto;

  /** How far it reaches, for drawing it as an area, in kilometres, 0 to 20,000. */
  @IsNumberBetween(0, 20_000)
  @IsOptional()
  radiusKm?: number;

  /** Of a country: id of the actor that is its state. */
  @IsId()
  @IsOptional()
  state?: string;

  /** Codes by which others know it. */
  @Nested(() => CodesDto)
  @IsOptional()
  codes?: CodesDto;
}

export class DocumentDto implements Open<Document> {
  /** Id of the actor that published it. */
  @IsId()
  publisher!: string;

  /** Whether the whole document is at hand, only a citation of it, or a release of a data set. */
  @IsOneOf(DOCUMENT_KINDS)
  kind!: DocumentKind;

  /** Its title, at most 300 characters. */
  @IsLabel()
  title!: string;

  /** Where it was published: an http or https address. */
  @IsWebAddress()
  @IsOptional()
  url?: string;

  /** Where a copy is kept: an http or https address. */
  @IsWebAddress()
  @IsOptional()
  archiveUrl?: string;

  /** When it was published. */
  @Nested(() => TimeSpanDto)
  @IsOptional()
  published?: TimeSpanDto;

  /** When its bytes were retrieved, as in RFC 3339. */
  @IsInstant()
  @IsOptional()
  retrieved?: string;

  /** BCP 47 tag of the language it is in, such as en. */
  @IsLanguage()
  @IsOptional()
  language?: string;

  /** SHA-256 of the bytes retrieved, 64 hexadecimal digits. */
  @IsSha256()
  @IsOptional()
  sha256?: string;

  /** Id of the document that this one republishes. */
  @IsId()
  @IsOptional()
  copyOf?: string;

  /** The predicates it set out to cover. */
  @IsList({ max: 16 })
  @IsOneOf(PREDICATES, { each: true })
  @IsOptional()
  collects?: Predicate[];

  /** What else is worth knowing about it, at most 2,000 characters. */
  @IsProse()
  @IsOptional()
  note?: string;
}

// Incidents and statements.

export class PartyDto implements Party {
  /** Id of the actor. */
  @IsId()
  actor!: string;

  /** On which side it stands. */
  @IsOneOf(SIDES)
  side!: Side;
}

export class IncidentDto implements Open<Incident> {
  /** A title for people, at most 300 characters. */
  @IsLabel()
  @IsOptional()
  title?: string;

  /** One incident, or a bundle that stands for several nobody itemised. */
  @IsOneOf(INCIDENT_KINDS)
  kind!: IncidentKind;

  /** By which means force was used. */
  @IsOneOf(METHODS)
  method!: Method;

  /** Where it is taken to have been. */
  @Nested(() => PlaceValueDto)
  @IsOptional()
  place?: PlaceValueDto;

  /** When it is taken to have been. */
  @Nested(() => TimeSpanDto)
  @IsOptional()
  time?: TimeSpanDto;

  /** Who is taken to have stood on which side, at most 50. */
  @IsList({ max: 50 })
  @Nested(() => PartyDto, { each: true })
  parties!: PartyDto[];

  /** What else is worth knowing about it, at most 2,000 characters. */
  @IsProse()
  @IsOptional()
  note?: string;
}

export class TranslationDto {
  /** The translation, at most 2,000 characters; may be private. */
  @IsText()
  text!: OpenText;

  /** BCP 47 tag of the language it is in. */
  @IsLanguage()
  language!: string;

  /** Who translated. */
  @IsLabel()
  @IsOptional()
  translator?: string;
}

export class QuoteDto {
  /** The words as printed or spoken, at most 2,000 characters, some 100 words are good; may be private. */
  @IsText()
  text!: OpenText;

  /** BCP 47 tag of the language it is in. */
  @IsLanguage()
  language!: string;

  /** Which way it is written, where the language does not say. */
  @IsOneOf(DIRECTIONS)
  @IsOptional()
  direction?: Direction;

  /** The quote in another language. */
  @Nested(() => TranslationDto)
  @IsOptional()
  translation?: TranslationDto;
}

export class StatementDto {
  /** Id of the document that gives it. */
  @IsId()
  document!: string;

  /** Id of the actor who says it. */
  @IsId()
  speaker!: string;

  /** Id of the actor in whose name it is said. */
  @IsId()
  @IsOptional()
  onBehalfOf?: string;

  /** When it was said; left out where unknown, then the document's publication counts. */
  @Nested(() => TimeSpanDto)
  @IsOptional()
  said?: TimeSpanDto;

  /** Where it was said: a briefing, a committee, a channel; at most 300 characters. */
  @IsLabel()
  @IsOptional()
  venue?: string;

  /** Id shared by all statements that render the same speech act; left out, the statement's own id. */
  @IsId()
  @IsOptional()
  utterance?: string;

  /** Whether the document quotes, reports, or speaks for itself. */
  @IsOneOf(FORMS)
  form!: Form;

  /** Ids of the actors between the speaker and the publisher, at most 10. */
  @IsList({ max: 10 })
  @IsId({ each: true })
  @IsOptional()
  chain?: string[];

  /** The words themselves. */
  @Nested(() => QuoteDto)
  @IsOptional()
  quote?: QuoteDto;

  /** Where in the document: page, paragraph, second; at most 300 characters. */
  @IsLabel()
  @IsOptional()
  locator?: string;

  /** What it claims: 1 to 200 claims. */
  @IsList({ min: 1, max: 200 })
  @Nested(() => ClaimDto, { each: true })
  claims!: ClaimDto[];
}
