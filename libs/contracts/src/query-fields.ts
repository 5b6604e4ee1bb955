/** FIELDS OF QUERIES: values in an address are always text, so a number is its digits. */
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { POLICY_VERSIONS } from '#domain';
import { isInstant, isLocalTime, looksLikeInstant, looksLikeLocalTime } from './calendar.js';
import { isId } from './fields.js';

function textRule(code: string, reason: string, passes: (text: string) => boolean): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && passes(value);
  return ValidateBy({ name: code, validator: { validate, defaultMessage: () => reason } });
}

function areDigits(text: string, min = 0, max = Number.MAX_SAFE_INTEGER): boolean {
  return /^(0|[1-9]\d{0,15})$/.test(text) && Number(text) >= min && Number(text) <= max;
}

/** A whole number from `min` to `max`, in digits. */
export const IsDigits = (min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator => {
  const rule = textRule('out-of-range', `must be a whole number from ${min} to ${max}, given once`, (text) =>
    areDigits(text, min, max),
  );
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'integer', minimum: min, maximum: max, required: false })(target, name);
  };
};

/** Words of a list, separated by commas, each once. */
export const AreSomeOf = (words: readonly string[]): PropertyDecorator => {
  const rule = textRule('not-in-list', `must be one or more of ${words.join(', ')}, separated by commas`, (text) => {
    const given = text.split(',');
    return given.every((word) => words.includes(word)) && new Set(given).size === given.length;
  });
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', example: words.slice(0, 2).join(','), required: false })(target, name);
  };
};

/** Ids separated by commas, each once. */
export const AreIds = (): PropertyDecorator => {
  const rule = textRule('wrong-form', 'must be one or more ids, separated by commas, each once', (text) => {
    const given = text.split(',');
    return given.length <= 50 && given.every(isId) && new Set(given).size === given.length;
  });
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', example: 'iraq,syria', required: false })(target, name);
  };
};

function isDate(text: string): boolean {
  return text.length === 10 && looksLikeLocalTime(text) && isLocalTime(text);
}

/** A local date. */
export const IsDate = (): PropertyDecorator => {
  const rule = textRule('unreal-date', 'must be a date that exists, such as 2023-04-10', isDate);
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', format: 'date', required: false })(target, name);
  };
};

/** A sequence, a time with its zone, or a date. A `+` that was not written as %2B arrives as a space. */
export const IsSequenceOrTime = (): PropertyDecorator => {
  const reason =
    'must be a sequence, a date such as 2023-04-10, or a time with its zone such as 2023-04-10T14:51:00Z (write + as %2B)';
  const rule = textRule('wrong-form', reason, (text) => {
    return areDigits(text) || isDate(text) || (looksLikeInstant(text) && isInstant(text));
  });
  return (target, name) => {
    rule(target, name);
    ApiProperty({
      required: false,
      oneOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', format: 'date-time' },
        { type: 'string', format: 'date' },
      ],
    })(target, name);
  };
};

/** A policy by its name, or by name@version in a version that this program has. */
export const IsPolicy = (): PropertyDecorator => {
  const names = Object.keys(POLICY_VERSIONS);
  const versions = Object.entries(POLICY_VERSIONS).flatMap(([name, newest]) =>
    Array.from({ length: newest }, (_, index) => `${name}@${index + 1}`),
  );
  const reason = `must be one of ${names.join(', ')}, or one of their versions, which are ${versions.join(', ')}`;
  const rule = textRule('not-in-list', reason, (text) => names.includes(text) || versions.includes(text));
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', enum: [...names, ...versions], required: false })(target, name);
  };
};

/** A local date, or a local date with the clock time. */
export const IsLocalDateOrTime = (): PropertyDecorator => {
  const reason = 'must be a local date that exists, such as 2023-04-10, or one with the time, such as 2023-04-10T17:51';
  const rule = textRule('unreal-date', reason, (text) => looksLikeLocalTime(text) && isLocalTime(text));
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', example: '2023-04-10', required: false })(target, name);
  };
};

/** Text that an earlier answer gave to go on from. */
export const IsCursor = (): PropertyDecorator =>
  textRule('wrong-form', 'must be `next` of an answer to the same question', (text) =>
    /^[A-Za-z0-9_-]{1,400}$/.test(text),
  );
