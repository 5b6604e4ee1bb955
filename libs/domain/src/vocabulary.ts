/**
 * The words of the ledger: what can be recorded, exactly as the codebook (docs/codebook.md) defines it.
 *
 * STORAGE FORMAT. These names and shapes are written into records that are kept for ever. Adding an optional field or a
 * word to a list is a new version of the records that carry it; renaming or removing one is never possible.
 * The JSON Schemas in contracts/records are generated from this file: the tags (@pattern, @maxLength …) are the limits.
 */

export const ACTOR_KINDS = [
  'state',
  'state-body',
  'armed-force',
  'intergovernmental',
  'de-facto-authority',
  'armed-group',
  'media',
  'monitor',
  'compiler',
  'person',
  'unnamed',
] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

export const PLACE_KINDS = ['site', 'town', 'district', 'governorate', 'area', 'country', 'waters', 'region'] as const;
export type PlaceKind = (typeof PLACE_KINDS)[number];

export const DOCUMENT_KINDS = ['full', 'citation', 'dataset-release'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export const FORMS = ['direct', 'reported', 'own-voice'] as const;
export type Form = (typeof FORMS)[number];

export const METHODS = [
  'rocket',
  'missile',
  'drone',
  'air-strike',
  'artillery',
  'ied',
  'shooting',
  'raid',
  'clash',
  'other',
] as const;
export type Method = (typeof METHODS)[number];

export const INCIDENT_KINDS = ['single', 'bundle'] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

/** Whose people, and which side a party is on. `a` and `b` where nobody is the attacker. */
export const SIDES = ['target', 'attacker', 'bystander', 'a', 'b'] as const;
export type Side = (typeof SIDES)[number];

export const CATEGORIES = ['military', 'contractor', 'civilian', 'militant'] as const;
export type Category = (typeof CATEGORIES)[number];

export const PREDICATES = [
  'happened',
  'killed',
  'injured',
  'casualties',
  'munitions',
  'damage',
  'outcome',
  'responsibility',
  'place',
  'time',
  'relation',
  'count',
  'force-level',
  'total',
  'outlook',
  'remark',
] as const;
export type Predicate = (typeof PREDICATES)[number];

export const STANCES = ['asserts', 'denies', 'suspects', 'doubts', 'not-confirms', 'retracts', 'predicts'] as const;
export type Stance = (typeof STANCES)[number];

/** How somebody did not confirm. */
export const MANNERS = ['did-not', 'declined', 'unable', 'unknown-to-speaker', 'under-investigation'] as const;
export type Manner = (typeof MANNERS)[number];

/** `said` by the source, `entailed` by what it said, or `computed` by the recorder. */
export const BASES = ['said', 'entailed', 'computed'] as const;
export type Basis = (typeof BASES)[number];

export const DAMAGE_LEVELS = ['none', 'some', 'heavy', 'destroyed', 'not-assessed'] as const;
export type DamageLevel = (typeof DAMAGE_LEVELS)[number];

export const OUTCOMES = ['effective', 'ineffective', 'repelled', 'inconclusive'] as const;
export type OutcomeWord = (typeof OUTCOMES)[number];

export const ROLES = ['carried-out', 'directed', 'backed', 'any'] as const;
export type Role = (typeof ROLES)[number];

export const RELATIONS = ['retaliation-for', 'linked-to'] as const;
export type RelationKind = (typeof RELATIONS)[number];

export const LEVEL_MEASURES = ['present', 'authorised', 'planned', 'change'] as const;
export type LevelMeasure = (typeof LEVEL_MEASURES)[number];

export const LEVEL_COMPONENTS = ['all', 'core', 'rotational', 'reserve', 'civilian', 'contractor'] as const;
export type LevelComponent = (typeof LEVEL_COMPONENTS)[number];

/** How finely a time is known; the interval itself decides, this says how it was given. */
export const PRECISIONS = ['minute', 'hour', 'part-of-day', 'day', 'days', 'week', 'month', 'year', 'longer'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const DIRECTIONS = ['ltr', 'rtl'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const PERIOD_UNITS = ['day', 'week', 'month', 'year'] as const;
export type PeriodUnit = (typeof PERIOD_UNITS)[number];

/** @pattern ^[a-z0-9][a-z0-9:._-]{0,99}$ */
export type Id = string;

/** A claim: its statement's id, `#`, its place in the statement from 1. @pattern ^[a-z0-9][a-z0-9:._-]{0,99}#[1-9][0-9]{0,3}$ */
export type ClaimId = string;

/** Short text without line breaks. @minLength 1 @maxLength 300 */
export type Label = string;

/** Free text. @minLength 1 @maxLength 2000 */
export type Prose = string;

/** BCP 47 language tag, such as en or ar. @pattern ^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$ */
export type Language = string;

/** Local date or local date and clock time, such as 2023-04-10 or 2023-04-10T17:51. @pattern ^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$ */
export type LocalTime = string;

/** RFC 3339 in UTC, such as 2023-04-11T08:00:00.000Z. @format date-time @maxLength 35 */
export type Instant = string;

/** An absolute http or https address. @pattern ^https?://[^\s]{1,2000}$ */
export type WebAddress = string;

/**
 * Private text (a private person's name, a quote marked so): AES-256-GCM under a data key of its own that can be
 * destroyed. `keyhash` is SHA-256 of that key, so that the record binds the text although it does not show it.
 */
export interface SealedText {
  /** Ciphertext and tag, base64url. @pattern ^[A-Za-z0-9_-]{22,16000}$ */
  enc: string;
  /** 96-bit nonce, base64url. @pattern ^[A-Za-z0-9_-]{16}$ */
  nonce: string;
  /** Which data key. @pattern ^[a-z0-9-]{1,64}$ */
  keyid: string;
  /** SHA-256 of the data key, base64url. @pattern ^[A-Za-z0-9_-]{43}$ */
  keyhash: string;
}

/** Text that may be private. Decisions and figures never depend on it. */
export type Text = Prose | SealedText;

/** A whole number of people or things. @asType integer @minimum 0 @maximum 9007199254740991 */
export type Whole = number;

/**
 * What a source says about how many. `null` low or best: not said; `null` high: open. As published, even where low is
 * above best. With `change`, the number is the value of claim `from` plus the change; without `from` it is only listed.
 */
export interface Quantity {
  low?: Whole | null;
  best?: Whole | null;
  high?: Whole | null;
  /** The source calls the number rough. */
  about?: true;
  /** By how many another number rises or falls. @asType integer @minimum -9007199254740991 @maximum 9007199254740991 */
  change?: number;
  from?: ClaimId;
}

/** An interval of local dates at the place, with clock time and IANA zone where said. `to` is inclusive. */
export interface TimeSpan {
  from: LocalTime;
  to: LocalTime;
  /** IANA zone, such as Asia/Damascus. @maxLength 64 */
  zone?: string;
  precision: Precision;
  /** The source's own words, such as "last week". */
  words?: Label;
  /** The recorder assumes it; the source does not say. */
  assumed?: true;
}

export interface Point {
  /** Degrees north. */
  lat: number;
  /** Degrees east. */
  lon: number;
}

/** The people a number counts; what is left out is *any*. */
export interface Who {
  side?: Side;
  category?: Category;
  /** Whose people: an actor. */
  of?: Id;
}

/** What a total, a level or an outlook is about: somebody's own delimitation, never divided. */
export interface Scope {
  /** Of a total: the predicate, or the free term of a count, it adds up. */
  of?: Label;
  actor?: Id;
  attacker?: Id;
  target?: Id;
  /** @maxItems 50 */
  places?: Id[];
  from?: LocalTime;
  to?: LocalTime;
}

export interface AboutOne {
  incident: Id;
}

/** One number given for several incidents together: shown beside, never divided. */
export interface AboutSeveral {
  /** @minItems 2 @maxItems 100 */
  incidents: Id[];
}

export interface AboutScope {
  scope: Scope;
}

export type About = AboutOne | AboutSeveral | AboutScope;

export interface PeopleValue extends Quantity {
  /** Of `injured`: the kind of injury, such as tbi. */
  kind?: Label;
}

export interface MunitionsValue extends Quantity {
  /** One kind a claim, such as rocket. */
  munition: Label;
  /** How many of those fired did what. */
  of?: { 'reached-target'?: Whole; 'fell-nearby'?: Whole; intercepted?: Whole; dud?: Whole };
  /** Found where they were to be fired from; not added. */
  atOrigin?: Whole;
}

export interface DamagedItem extends Quantity {
  thing: Label;
}

export interface DamageValue {
  level?: DamageLevel;
  /** @maxItems 100 */
  items?: DamagedItem[];
}

export interface OutcomeValue {
  outcome: OutcomeWord;
}

export interface ResponsibilityValue {
  actor: Id;
  role: Role;
}

export interface PlaceValue {
  place: Id;
  /** Near the place, not in it. */
  near?: true;
  point?: Point;
}

export interface RelationValue {
  kind: RelationKind;
  to: { incident: Id } | { text: Prose };
}

export interface CountValue extends Quantity {
  /** What is counted: a free term, in no tally. */
  of: Label;
}

export interface ForceLevelValue extends Quantity {
  measure: LevelMeasure;
  component: LevelComponent;
  /** When the level held. */
  at?: { from: LocalTime; to: LocalTime };
}

export interface TotalValue extends Quantity {
  /** The source's running counter, where it has one. */
  counter?: { id: Label; startedOn?: LocalTime; phase?: Whole };
}

export interface OutlookValue {
  text: Prose;
  within?: { low?: Whole | null; high?: Whole | null; unit: PeriodUnit };
  if?: Prose;
}

export interface RemarkValue {
  text: Text;
}

/** The value that belongs to each predicate. */
export interface ValueOf {
  happened: Quantity;
  killed: PeopleValue;
  injured: PeopleValue;
  casualties: PeopleValue;
  munitions: MunitionsValue;
  damage: DamageValue;
  outcome: OutcomeValue;
  responsibility: ResponsibilityValue;
  place: PlaceValue;
  time: TimeSpan;
  relation: RelationValue;
  count: CountValue;
  'force-level': ForceLevelValue;
  total: TotalValue;
  outlook: OutlookValue;
  remark: RemarkValue;
}

export interface Part {
  who: Who;
  value: Quantity;
}

interface ClaimBase {
  about: About;
  stance: Stance;
  /** With stance not-confirms only. */
  manner?: Manner;
  /** With stance retracts only: the speaker's earlier claim that is taken back. */
  retracts?: ClaimId;
  who?: Who;
  /** A split of the same number by people; never added to it. @maxItems 20 */
  parts?: Part[];
  /** The source's own words. */
  words?: Text;
  basis?: Basis;
}

export type ClaimOf<P extends Predicate> = ClaimBase & { predicate: P; value?: ValueOf[P] };

/** One thing that one statement says. */
export type Claim = { [P in Predicate]: ClaimOf<P> }[Predicate];

export interface Name {
  text: Text;
  language?: Language;
}

/** Codes by which others know an actor or a place. */
export interface Codes {
  /** ISO 3166-1 alpha-2. @pattern ^[A-Z]{2}$ */
  iso?: string;
  /** Gleditsch-Ward number. @asType integer @minimum 1 @maximum 999 */
  gw?: number;
}

export interface Actor {
  /** The first is the one shown. @minItems 1 @maxItems 50 */
  names: Name[];
  kind: ActorKind;
  partOf?: Id;
  /** Speaks officially although its kind does not say so (a de-facto authority). */
  official?: true;
  codes?: Codes;
}

export interface Place {
  /** The first is the one shown. @minItems 1 @maxItems 50 */
  names: Name[];
  kind: PlaceKind;
  inside?: Id;
  /** Of a site or town only. */
  point?: Point;
  /** How far it reaches, for drawing it as an area, in kilometres. @minimum 0 @maximum 20000 */
  radiusKm?: number;
  /** Of a country: the actor that is its state (the host state). */
  state?: Id;
  codes?: Codes;
}

export interface Document {
  publisher: Id;
  kind: DocumentKind;
  title: Label;
  url?: WebAddress;
  archiveUrl?: WebAddress;
  published?: TimeSpan;
  retrieved?: Instant;
  language?: Language;
  /** SHA-256 of the bytes retrieved, hexadecimal. @pattern ^[0-9a-f]{64}$ */
  sha256?: string;
  /** The document that this one republishes. */
  copyOf?: Id;
  /** The predicates it set out to cover. @maxItems 16 */
  collects?: Predicate[];
  note?: Prose;
}

export interface Party {
  actor: Id;
  side: Side;
}

/** The card: what the incident is taken to be. It counts nothing. */
export interface Incident {
  title?: Label;
  kind: IncidentKind;
  method: Method;
  place?: PlaceValue;
  time?: TimeSpan;
  /** @maxItems 50 */
  parties: Party[];
  note?: Prose;
}

export interface Quote {
  text: Text;
  language: Language;
  direction?: Direction;
  translation?: { text: Text; language: Language; translator?: Label };
}

/** One document giving one utterance, with what it claims. */
export interface Statement {
  document: Id;
  speaker: Id;
  onBehalfOf?: Id;
  /** When it was said; left out where unknown (then published counts). */
  said?: TimeSpan;
  /** Where it was said: a briefing, a committee, a channel. */
  venue?: Label;
  /** Shared by all statements that render the same speech act; by default the statement's own id. */
  utterance: Id;
  form: Form;
  /** From the speaker to the publisher, the actors in between. @maxItems 10 */
  chain?: Id[];
  quote?: Quote;
  /** Where in the document: page, paragraph, second. */
  locator?: Label;
  /** @minItems 1 @maxItems 200 */
  claims: Claim[];
}

/** How credible what is said is judged to be; 6: it cannot be judged, which is not the worst. */
export const CREDIBILITIES = [1, 2, 3, 4, 5, 6] as const;
export type Credibility = (typeof CREDIBILITIES)[number];

/** How reliable who says it is judged to be; F: it cannot be judged, which is not the worst. */
export const RELIABILITIES = ['A', 'B', 'C', 'D', 'E', 'F'] as const;
export type Reliability = (typeof RELIABILITIES)[number];

/** Somebody's judgement, in the Admiralty code. */
export interface Assessment {
  about: AssessmentAbout;
  credibility?: Credibility;
  reliability?: Reliability;
  /** Who judges; left out, who recorded it. */
  by?: Id;
  /** Why they judge so. */
  grounds: Prose;
}

/** One claim, or all that a line says: the topmost actor, or `unnamed@` and the first publisher. */
export type AssessmentAbout =
  | { claim: ClaimId }
  | {
      /** @pattern ^(unnamed@)?[a-z0-9][a-z0-9:._-]{0,99}$ */
      line: string;
    };

/** A part of a whole that was recorded too, or one of a group (a campaign, a series). */
export const TIES = ['part-of', 'group'] as const;
export type TieKind = (typeof TIES)[number];

export interface Tie {
  whole: Id;
  kind: TieKind;
}

/** Which of the two incidents that one was split into a claim is about. */
export const SPLIT_SIDES = ['old', 'new', 'both'] as const;
export type SplitSide = (typeof SPLIT_SIDES)[number];
