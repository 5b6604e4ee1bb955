/** FIELDS OF QUERIES: values in an address are always text, so a number is its digits. */
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { isLocalTime, looksLikeLocalTime } from './calendar.js';

function textRule(code: string, reason: string, passes: (text: string) => boolean): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && passes(value);
  return ValidateBy({ name: code, validator: { validate, defaultMessage: () => reason } });
}

/** A whole number from `min` to `max`, in digits. */
export const IsDigits = (min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator => {
  const rule = textRule('out-of-range', `must be a whole number from ${min} to ${max}, given once`, (text) => {
    return /^(0|[1-9]\d{0,15})$/.test(text) && Number(text) >= min && Number(text) <= max;
  });
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

/** A local date. */
export const IsDate = (): PropertyDecorator => {
  const rule = textRule('unreal-date', 'must be a date that exists, such as 2023-04-10', (text) => {
    return text.length === 10 && looksLikeLocalTime(text) && isLocalTime(text);
  });
  return (target, name) => {
    rule(target, name);
    ApiProperty({ type: 'string', format: 'date', required: false })(target, name);
  };
};

/** Text that an earlier answer gave to go on from. */
export const IsCursor = (): PropertyDecorator =>
  textRule('wrong-form', 'must be `next` of an answer to the same question', (text) =>
    /^[A-Za-z0-9_-]{1,400}$/.test(text),
  );
