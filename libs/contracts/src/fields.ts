/**
 * FIELDS: what a field of a body may hold, as decorators. Each states its rules to class-validator and its limits to
 * OpenAPI at once, so that the two cannot drift apart. The limits are those of libs/domain/src/vocabulary.ts.
 *
 * Rules of one field are asked in the order given, up to the first that fails. A reason never repeats the value: it may
 * be private, and reasons are logged.
 */
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { isInstant, isLanguage, isLocalTime, isZone, looksLikeInstant, looksLikeLocalTime } from './calendar.js';
import type { FaultCode } from './problems.js';

export interface Each {
  /** The field is a list, and this is said of each item. */
  each?: boolean;
}

interface Rule {
  code: FaultCode;
  passes: (value: unknown) => boolean;
  reason: string;
}

function field(schema: ApiPropertyOptions, rules: readonly Rule[], { each = false }: Each = {}): PropertyDecorator {
  return (target, name) => {
    for (const { code, passes, reason } of rules) {
      ValidateBy({ name: code, validator: { validate: passes, defaultMessage: () => reason } }, { each })(target, name);
    }
    ApiProperty(each ? ({ type: 'array', items: schema } as ApiPropertyOptions) : schema)(target, name);
  };
}

// Rules. All but the first of a field may rely on those before it.

const isString: Rule = { code: 'wrong-type', passes: (value) => typeof value === 'string', reason: 'must be a string' };

function form(passes: (text: string) => boolean, reason: string): Rule {
  return { code: 'wrong-form', passes: (value) => passes(value as string), reason };
}

function atMost(lengthMax: number): Rule {
  const reason = `must be at most ${lengthMax} characters (UTF-16 units) long`;
  return { code: 'too-long', passes: (value) => (value as string).length <= lengthMax, reason };
}

const isNotBlank: Rule = {
  code: 'blank',
  passes: (value) => /\S/.test(value as string),
  reason: 'must not be blank: leave it out where there is nothing to say',
};

const isOneLine: Rule = {
  code: 'control-character',
  passes: (value) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value as string),
  reason: 'must be one line, without control characters',
};

const isPlain: Rule = {
  code: 'control-character',
  passes: (value) => !/\p{Cs}|(?![\n\t])\p{Cc}/u.test(value as string),
  reason: 'must not hold control characters other than line feed (\\n) and tab',
};

function matches(pattern: RegExp, reason: string): Rule {
  return form((text) => pattern.test(text), reason);
}

function integer(min: number, max: number, what: string): Rule[] {
  return [
    { code: 'wrong-type', passes: (value) => Number.isInteger(value), reason: `must be ${what}` },
    {
      code: 'out-of-range',
      passes: (value) => (value as number) >= min && (value as number) <= max,
      reason: `must be between ${min} and ${max}`,
    },
  ];
}

/** The same rules, but anything that the exception holds for passes. */
function unless(exception: (value: unknown) => boolean, rules: readonly Rule[]): Rule[] {
  return rules.map((rule) => ({ ...rule, passes: (value) => exception(value) || rule.passes(value) }));
}

// Text.

const ID = /^[a-z0-9][a-z0-9:._-]{0,99}$/;
/** Whether a text has the form of an id. */
export const isId = (text: string): boolean => ID.test(text);
const ID_REASON = 'must be an id: 1 to 100 of a-z 0-9 : . _ -, the first a letter or digit';

export const IsId = (options?: Each): PropertyDecorator =>
  field({ type: 'string', pattern: ID.source }, [isString, matches(ID, ID_REASON)], options);

const CLAIM_ID = /^[a-z0-9][a-z0-9:._-]{0,99}#[1-9][0-9]{0,3}$/;

/** A claim: its statement's id, `#`, its place in the statement from 1. */
export const IsClaimId = (): PropertyDecorator =>
  field({ type: 'string', pattern: CLAIM_ID.source }, [
    isString,
    matches(CLAIM_ID, "must be a claim's id: the statement's id, # and the claim's number in it, from 1"),
  ]);

/** Visible ASCII, so that it can stand in a record and a log line as it is. */
const COMMAND_KEY = /^[\x21-\x7e]{1,200}$/;
/** Whether a text can be the id of a command. */
export const isCommandKey = (text: string): boolean => COMMAND_KEY.test(text);

export const IsCommandKey = (): PropertyDecorator =>
  field({ type: 'string', pattern: COMMAND_KEY.source }, [
    isString,
    matches(COMMAND_KEY, 'must be 1 to 200 visible ASCII characters'),
  ]);

/** Whatever it is: what it may be is said elsewhere. */
export const IsAnything = (schema: ApiPropertyOptions): PropertyDecorator =>
  field(schema, [{ code: 'wrong-form', passes: () => true, reason: '' }]);

const LINE = /^(unnamed@)?[a-z0-9][a-z0-9:._-]{0,99}$/;

/** A line: an actor's id, or `unnamed@` and the id of who published it first. */
export const IsLine = (): PropertyDecorator =>
  field({ type: 'string', pattern: LINE.source }, [
    isString,
    matches(LINE, "must be a line: an actor's id, or unnamed@ and the id of the first publisher"),
  ]);

const LEDGER_NAME = /^[a-z0-9-]{1,48}$/;
export const IsLedgerName = (): PropertyDecorator =>
  field({ type: 'string', pattern: LEDGER_NAME.source }, [
    isString,
    matches(LEDGER_NAME, 'must be the name of a ledger: 1 to 48 of a-z, 0-9 and -'),
  ]);

const LABEL_LENGTH_MAX = 300;
export const IsLabel = (): PropertyDecorator =>
  field({ type: 'string', minLength: 1, maxLength: LABEL_LENGTH_MAX }, [
    isString,
    isNotBlank,
    atMost(LABEL_LENGTH_MAX),
    isOneLine,
  ]);

const PROSE_LENGTH_MAX = 2000;
const prose = [isString, isNotBlank, atMost(PROSE_LENGTH_MAX), isPlain];
const proseSchema = { type: 'string', minLength: 1, maxLength: PROSE_LENGTH_MAX } as const;
export const IsProse = (): PropertyDecorator => field(proseSchema, prose);

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Prose, or an object, which `@Nested` must then describe. */
export const IsProseOrObject = (objectSchema: () => object): PropertyDecorator => {
  const either = unless(isObject, prose).map((rule) =>
    rule.code === 'wrong-type' ? { ...rule, reason: 'must be a string, or {"private": true, "text": "…"}' } : rule,
  );
  return (target, name) => field({ oneOf: [proseSchema, objectSchema()] }, either)(target, name);
};

export const IsOneOf = (words: readonly string[], options?: Each): PropertyDecorator =>
  field(
    { type: 'string', enum: [...words] },
    [
      isString,
      {
        code: 'not-in-list',
        passes: (value) => words.includes(value as string),
        reason: `must be one of ${words.join(', ')}`,
      },
    ],
    options,
  );

export const IsLocalTime = (): PropertyDecorator =>
  field({ type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$' }, [
    isString,
    form(looksLikeLocalTime, 'must be a local date such as 2023-04-10, or date and time such as 2023-04-10T17:51'),
    {
      code: 'unreal-date',
      passes: (value) => isLocalTime(value as string),
      reason: 'must be a date, and a time before 24:00, that exist',
    },
  ]);

export const IsInstant = (): PropertyDecorator =>
  field({ type: 'string', format: 'date-time', maxLength: 35 }, [
    isString,
    form(looksLikeInstant, 'must be a moment as in RFC 3339, such as 2023-04-11T08:00:00Z'),
    {
      code: 'unreal-date',
      passes: (value) => isInstant(value as string),
      reason: 'must be a date and time that exist, with an offset of at most 14:00',
    },
  ]);

export const IsZone = (): PropertyDecorator =>
  field({ type: 'string', maxLength: 64 }, [
    isString,
    atMost(64),
    form(isZone, 'must be an IANA time zone, such as Asia/Damascus'),
  ]);

export const IsLanguage = (): PropertyDecorator =>
  field({ type: 'string', pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$' }, [
    isString,
    form(isLanguage, 'must be a BCP 47 language tag, such as en or ar'),
  ]);

const WEB_ADDRESS = /^https?:\/\/[^\s]{1,2000}$/;
export const IsWebAddress = (): PropertyDecorator =>
  field({ type: 'string', pattern: WEB_ADDRESS.source }, [
    isString,
    isOneLine,
    form((text) => WEB_ADDRESS.test(text) && URL.canParse(text), 'must be an absolute http or https address'),
  ]);

const SHA256 = /^[0-9a-f]{64}$/;
export const IsSha256 = (): PropertyDecorator =>
  field({ type: 'string', pattern: SHA256.source }, [
    isString,
    matches(SHA256, 'must be a SHA-256 of 64 hexadecimal digits, in lower case'),
  ]);

const COUNTRY_CODE = /^[A-Z]{2}$/;
export const IsCountryCode = (): PropertyDecorator =>
  field({ type: 'string', pattern: COUNTRY_CODE.source }, [
    isString,
    matches(COUNTRY_CODE, 'must be two capital letters of ISO 3166-1'),
  ]);

// Numbers and flags.

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
const whole = integer(0, WHOLE_MAX, 'a whole number');
const wholeSchema = { type: 'integer', minimum: 0, maximum: WHOLE_MAX } as const;

export const IsWhole = (): PropertyDecorator => field(wholeSchema, whole);

/** A number that the source left open is null: known to be open, which is more than not said. */
export const IsWholeOrNull = (): PropertyDecorator =>
  field(
    { ...wholeSchema, nullable: true },
    unless((value) => value === null, integer(0, WHOLE_MAX, 'a whole number or null')),
  );

export const IsIntegerBetween = (min: number, max: number): PropertyDecorator =>
  field({ type: 'integer', minimum: min, maximum: max }, integer(min, max, 'an integer'));

export const IsNumberBetween = (min: number, max: number): PropertyDecorator =>
  field({ type: 'number', minimum: min, maximum: max }, [
    { code: 'wrong-type', passes: (value) => Number.isFinite(value), reason: 'must be a number' },
    {
      code: 'out-of-range',
      passes: (value) => (value as number) >= min && (value as number) <= max,
      reason: `must be between ${min} and ${max}`,
    },
  ]);

/** A flag that is left out where it does not hold, so that there is one way to say no. */
export const IsTrue = (): PropertyDecorator =>
  field({ type: 'boolean', enum: [true] }, [
    { code: 'wrong-type', passes: (value) => value === true, reason: 'must be true, or be left out' },
  ]);

// Lists and objects.

export const IsList = ({ min = 0, max }: { min?: number; max: number }): PropertyDecorator =>
  field({ minItems: min, maxItems: max }, [
    { code: 'wrong-type', passes: Array.isArray, reason: 'must be a list' },
    {
      code: 'too-few',
      passes: (value) => (value as unknown[]).length >= min,
      reason: `must have at least ${min} ${min === 1 ? 'item' : 'items'}`,
    },
    {
      code: 'too-many',
      passes: (value) => (value as unknown[]).length <= max,
      reason: `must have at most ${max} items`,
    },
  ]);
