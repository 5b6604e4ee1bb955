import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseStrictJson } from './json-scanner.js';
import { Problem, type FaultCode } from './problems.js';

function refusal(body: string | Uint8Array): { code: string; pointer: string; byteOffset: unknown; reason: string } {
  try {
    parseStrictJson(body);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'bad-json') throw error;
    const [fault] = error.errors;
    return {
      code: fault?.code ?? '',
      pointer: fault?.pointer ?? '',
      byteOffset: error.details['byteOffset'],
      reason: fault?.reason ?? '',
    };
  }
  throw new Error('It was accepted.');
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const deep = '/0'.repeat(32);

const refused: [what: string, body: string | Uint8Array, code: FaultCode, pointer: string, byteOffset: number][] = [
  ['an empty body', '', 'empty', '', 0],
  ['a body of white space', ' \n\t', 'empty', '', 3],
  ['a byte order mark', '\uFEFF{}', 'byte-order-mark', '', 0],
  ['bytes that are no UTF-8', Uint8Array.of(0x22, 0x61, 0xe4, 0x22), 'not-utf-8', '', 2],
  ['a surrogate encoded as UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'not-utf-8', '', 1],
  ['text after the value', '{} {}', 'trailing-text', '', 3],
  ['a duplicate key', '{"a":{"b":1,"c":2,"b":3}}', 'duplicate-key', '/a/b', 18],
  ['a duplicate key in other spelling', '{"a":1,"\\u0061":2}', 'duplicate-key', '/a', 7],
  ['the key __proto__', '{"a":[{"__proto__":1}]}', 'forbidden-key', '/a/0/__proto__', 7],
  ['the key __proto__ in other spelling', '{"\\u005f_proto__":1}', 'forbidden-key', '/__proto__', 1],
  ['33 levels', nested(33), 'too-deep', deep, 32],
  ['digits lost', '{"n":12345678901234567890}', 'number-loses-digits', '/n', 5],
  ['a whole number beyond 2^53', '[9007199254740992]', 'number-loses-digits', '/0', 1],
  ['a whole number beyond 2^53 as a power', '[1e21]', 'number-loses-digits', '/0', 1],
  ['a number beyond doubles', '[1,-1e400]', 'number-loses-digits', '/1', 3],
  ['a number that would become zero', '[1e-400]', 'number-loses-digits', '/0', 1],
  ['a decimal of too many digits', '[0.12345678901234567890]', 'number-loses-digits', '/0', 1],
  ['a number of endless digits', `[0.${'0'.repeat(1000)}]`, 'number-loses-digits', '/0', 1],
  ['NaN', '{"a":NaN}', 'syntax', '/a', 5],
  ['-Infinity', '[-Infinity]', 'syntax', '/0', 1],
  ['a raw NUL', '["\u0000"]', 'nul', '/0', 2],
  ['an escaped NUL', '{"a":"x\\u0000"}', 'nul', '/a', 7],
  ['an escaped NUL in a key', '{"\\u0000":1}', 'nul', '', 2],
  ['a lone first half', '{"a":"\\ud800"}', 'lone-surrogate', '/a', 11],
  ['a lone second half', '["\\udc00x"]', 'lone-surrogate', '/0', 7],
  ['two first halves', '["\\ud800\\ud800\\udc00"]', 'lone-surrogate', '/0', 13],
  ['a first half before a letter', '["\\ud83dx"]', 'lone-surrogate', '/0', 8],
  ['a raw line feed in a string', '["a\nb"]', 'syntax', '/0', 3],
  ['an unknown escape', '["\\x41"]', 'syntax', '/0', 2],
  ['a bad \\u', '["\\u12g4"]', 'syntax', '/0', 2],
  ['an unfinished string', '["abc', 'syntax', '/0', 1],
  ['an unfinished object', '{"a":1', 'syntax', '', 6],
  ['a missing value', '{"a":', 'syntax', '/a', 5],
  ['a trailing comma in a list', '[1,]', 'syntax', '/1', 3],
  ['a trailing comma in an object', '{"a":1,}', 'syntax', '', 7],
  ['a missing colon', '{"a" 1}', 'syntax', '', 5],
  ['single quotes', "{'a':1}", 'syntax', '', 1],
  ['a comment', '/* */ {}', 'syntax', '', 0],
  ['a leading zero', '[012]', 'syntax', '', 2],
  ['a plus sign', '[+1]', 'syntax', '/0', 1],
  ['a bare point', '[.5]', 'syntax', '/0', 1],
  ['a misspelt word', '[tru]', 'syntax', '/0', 1],
  ['white space of another kind', '[\u00a01]', 'syntax', '/0', 1],
  ['an offset counted in bytes', '["مرحبا",NaN]', 'syntax', '/1', 14],
];

describe('refuses, naming place and reason,', () => {
  test.each(refused)('%s', (_what, body, code, pointer, byteOffset) => {
    const found = refusal(body);
    expect(found).toMatchObject({ code, pointer, byteOffset });
    expect(found.reason.length).toBeGreaterThan(10);
  });

  test('the same key twice among very many', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `"k${index}":0`);
    expect(refusal(`{${keys.join(',')},"k7":1}`)).toMatchObject({ code: 'duplicate-key', pointer: '/k7' });
  });

  test('without repeating what was sent', () => {
    expect(refusal('{"name":"Jane Doe\\u0000"}').reason).not.toContain('Jane');
  });
});

describe('accepts', () => {
  test.each([
    '1.0',
    '1e2',
    '0.10',
    '-0',
    '0.1',
    '100000e-5',
    '9007199254740991',
    '-9007199254740991',
    '5e-324',
    '0e999',
  ])('the number %s', (number) => {
    expect(parseStrictJson(`[${number}]`)).toEqual(JSON.parse(`[${number}]`));
  });

  test('32 levels', () => expect(parseStrictJson(nested(32))).toEqual(JSON.parse(nested(32))));

  test('pairs, raw, escaped and mixed with other text', () => {
    expect(parseStrictJson('["😀 \\ud83d\\ude00 é \\n \\/ \\u00e9"]')).toEqual(['😀 😀 é \n / é']);
  });

  test('a limit of depth given by the door', () => {
    expect(() => parseStrictJson('[[1]]', { depthMax: 1 })).toThrow('more than 1');
  });
});

describe('agrees with JSON.parse', () => {
  const isLossless = (value: unknown): boolean => {
    const text = JSON.stringify(value);
    return !/\\u0000|\\ud[89a-f]|"__proto__":/.test(text);
  };

  test('on every value that it can write', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(4), (value, space) => {
        fc.pre(isLossless(value) && !hasGreatNumber(value));
        const text = JSON.stringify(value, null, space);
        expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('on whatever it accepts, however broken', () => {
    const piece = fc.constantFrom(
      ...'{}[]:,"\\ \n'.split(''),
      ...'0123.-eE'.split(''),
      'true',
      'null',
      'u00e9',
      '"a"',
      '"b":',
      'é',
      '\ud83d',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('');
        let mine: { value: unknown } | undefined;
        try {
          mine = { value: parseStrictJson(text) };
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
        if (mine !== undefined) expect(mine.value).toEqual(JSON.parse(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('in what is broken: a body that it calls a syntax error, JSON.parse refuses too', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom('', '"', ',', '}', '0', '\\'),
        (value, at, put) => {
          const text = JSON.stringify(value);
          const cut = at % text.length;
          const broken = text.slice(0, cut) + put + text.slice(cut + 1);
          let code: string | undefined;
          try {
            parseStrictJson(broken);
          } catch (error) {
            code = (error as Problem).errors[0]?.code;
          }
          if (code === 'syntax' || code === 'trailing-text' || code === 'empty') {
            expect(() => JSON.parse(broken) as unknown).toThrow(SyntaxError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function hasGreatNumber(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasGreatNumber);
}
