/**
 * STRICT JSON: one scan over a raw body before JSON.parse sees it, because JSON.parse is silent about what a ledger must
 * not swallow: of duplicate keys it keeps the last, it rounds numbers, and it passes NUL and lone surrogates on.
 * What is accepted here has exactly one meaning, the one JSON.parse gives it.
 */
import { isUtf8 } from 'node:buffer';
import { pointerTo, Problem, type FaultCode } from './problems.js';

export interface JsonLimits {
  /** How many lists and objects may lie inside each other. */
  depthMax: number;
  /** Levels around the value that is meant, which do not count. */
  around?: number;
}

/** Of the body of a request. */
export const JSON_LIMITS: JsonLimits = { depthMax: 32 };

/** @throws Problem bad-json, naming the place (JSON pointer and byte offset) and the reason. */
export function parseStrictJson(body: Uint8Array | string, limits: JsonLimits = JSON_LIMITS): unknown {
  const text = typeof body === 'string' ? body : decode(body);
  new Scanner(text, limits).scan();
  return JSON.parse(text) as unknown;
}

function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (isUtf8(buffer)) return text;
  // Decoding put a replacement character where the first bad byte is, so encoding again differs from there on.
  const again = Buffer.from(text, 'utf8');
  let offset = 0;
  while (offset < buffer.length && again[offset] === buffer[offset]) offset += 1;
  throw badJson('', 'not-utf-8', 'is not valid UTF-8', offset);
}

function badJson(pointer: string, code: FaultCode, reason: string, byteOffset: number): Problem {
  return new Problem('bad-json', `The body ${reason} (byte ${byteOffset}).`, {
    errors: [{ pointer, code, reason }],
    details: { byteOffset },
  });
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** A double keeps every decimal of so many digits. */
const DIGITS_KEPT = 15;
const NUMBER_LENGTH_MAX = 100;
/** Up to here comparing with each earlier key is faster than a set. */
const KEYS_COMPARED_MAX = 16;

/** Walks the whole grammar of RFC 8259 and throws at the first thing that is wrong. */
class Scanner {
  readonly #text: string;
  readonly #depthMax: number;
  readonly #around: number;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, { depthMax, around = 0 }: JsonLimits) {
    this.#text = text;
    this.#depthMax = depthMax;
    this.#around = around;
  }

  scan(): void {
    if (this.#text.charCodeAt(0) === 0xfeff) {
      this.#fail('byte-order-mark', 'begins with a byte order mark: send UTF-8 without it');
    }
    this.#skipSpace();
    if (this.#at === this.#text.length) this.#fail('empty', 'is empty: send a JSON object');
    this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('trailing-text', 'goes on after the end of its JSON value');
  }

  #value(): void {
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_OBJECT:
        return this.#object();
      case OPEN_LIST:
        return this.#list();
      case QUOTE:
        this.#string();
        return;
      case 0x74:
        return this.#word('true');
      case 0x66:
        return this.#word('false');
      case 0x6e:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #object(): void {
    this.#enter();
    const keys: string[] = [];
    let set: Set<string> | undefined;
    if (this.#peek() === CLOSE_OBJECT) return this.#leave();
    for (;;) {
      if (this.#peek() !== QUOTE) this.#fail('syntax', 'has no key, in double quotes, where one must be');
      const start = this.#at;
      const key = this.#key();
      if (set === undefined ? keys.includes(key) : set.has(key)) {
        this.#at = start;
        this.#path.push(key);
        this.#fail('duplicate-key', 'has the same key twice in one object');
      }
      if (set !== undefined) set.add(key);
      else if (keys.push(key) > KEYS_COMPARED_MAX) set = new Set(keys);
      if (this.#peek() !== COLON) this.#fail('syntax', 'has no colon after a key');
      this.#at += 1;
      this.#skipSpace();
      this.#path.push(key);
      this.#value();
      this.#path.pop();
      const next = this.#peek();
      if (next === CLOSE_OBJECT) return this.#leave();
      if (next !== COMMA) this.#fail('syntax', 'has neither a comma nor the closing brace after a value in an object');
      this.#at += 1;
    }
  }

  #list(): void {
    this.#enter();
    if (this.#peek() === CLOSE_LIST) return this.#leave();
    for (let index = 0; ; index += 1) {
      this.#skipSpace();
      this.#path.push(index);
      this.#value();
      this.#path.pop();
      const next = this.#peek();
      if (next === CLOSE_LIST) return this.#leave();
      if (next !== COMMA) this.#fail('syntax', 'has neither a comma nor the closing bracket after a value in a list');
      this.#at += 1;
    }
  }

  #depth = 0;

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#depthMax + this.#around) {
      this.#fail('too-deep', `has more than ${this.#depthMax} lists and objects inside each other`);
    }
    this.#at += 1;
  }

  #leave(): void {
    this.#depth -= 1;
    this.#at += 1;
  }

  #key(): string {
    const start = this.#at;
    const plain = this.#string();
    const key = plain
      ? this.#text.slice(start + 1, this.#at - 1)
      : (JSON.parse(this.#text.slice(start, this.#at)) as string);
    if (key === '__proto__') {
      this.#at = start;
      this.#path.push(key);
      this.#fail('forbidden-key', 'has the key __proto__, which no field is called');
    }
    return key;
  }

  /** Whether it was plain: without escapes. */
  #string(): boolean {
    const text = this.#text;
    const start = this.#at;
    let at = start + 1;
    let plain = true;
    /** Whether the unit before was the first half of a surrogate pair. */
    let half = false;
    for (;;) {
      let unit = text.charCodeAt(at);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        plain = false;
        this.#at = at;
        unit = this.#escape();
        at = this.#at;
      } else if (unit >= 0x20) {
        at += 1;
      } else {
        this.#at = at;
        if (unit === 0) this.#fail('nul', 'has a NUL character in a string');
        if (unit >= 0) {
          this.#fail('syntax', 'has a control character in a string: escape it, as in \\n');
        }
        this.#at = start;
        this.#fail('syntax', 'ends inside a string');
      }
      if ((unit & 0xf800) === 0xd800) {
        const second = (unit & 0x0400) !== 0;
        if (half !== second) this.#loneSurrogate(at);
        half = !second;
      } else if (half) this.#loneSurrogate(at);
    }
    if (half) this.#loneSurrogate(at);
    this.#at = at + 1;
    return plain;
  }

  #loneSurrogate(at: number): never {
    this.#at = at - 1;
    return this.#fail('lone-surrogate', 'has half of a surrogate pair in a string, which is no character');
  }

  /** The UTF-16 unit that an escape stands for. */
  #escape(): number {
    const text = this.#text;
    const letter = text[this.#at + 1];
    if (letter === 'u') {
      const hex = text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('syntax', 'has \\u without four hexadecimal digits in a string');
      const unit = Number.parseInt(hex, 16);
      if (unit === 0) this.#fail('nul', 'has a NUL character (\\u0000) in a string');
      this.#at += 6;
      return unit;
    }
    if (letter === undefined || !'"\\/bfnrt'.includes(letter)) {
      this.#fail('syntax', 'has an escape in a string that JSON does not know');
    }
    this.#at += 2;
    return 0x20;
  }

  #word(word: string): void {
    if (!this.#text.startsWith(word, this.#at)) this.#noValue();
    this.#at += word.length;
  }

  #number(): void {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) this.#noValue();
    const token = this.#text.slice(this.#at, NUMBER.lastIndex);
    if (token.length > DIGITS_KEPT || token.includes('e') || token.includes('E')) {
      const reason = whyNumberChanges(token);
      if (reason !== undefined) this.#fail('number-loses-digits', reason);
    }
    this.#at = NUMBER.lastIndex;
  }

  #noValue(): never {
    const { length } = this.#text;
    if (this.#at >= length) this.#fail('syntax', 'ends where a value must be');
    const from = this.#text.charCodeAt(this.#at) === MINUS ? this.#at + 1 : this.#at;
    if (/^(?:NaN|Infinity)/.test(this.#text.slice(from, from + 8))) {
      this.#fail('syntax', 'has NaN or Infinity, which are no JSON numbers');
    }
    return this.#fail('syntax', 'has no JSON value where one must be');
  }

  /** The next character that is not white space, without taking it. */
  #peek(): number {
    this.#skipSpace();
    return this.#text.charCodeAt(this.#at);
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(code: FaultCode, reason: string): never {
    throw badJson(pointerTo(this.#path), code, reason, Buffer.byteLength(this.#text.slice(0, this.#at), 'utf8'));
  }
}

/** Why the double that JSON.parse makes of it does not mean the same number, or undefined if it does. */
function whyNumberChanges(token: string): string | undefined {
  if (token.length > NUMBER_LENGTH_MAX) return `has a number of more than ${NUMBER_LENGTH_MAX} characters`;
  const value = Number(token);
  if (!Number.isFinite(value)) return 'has a number that is too large for a double';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'has a whole number beyond 9007199254740991, which would lose digits';
  }
  return exactly(token) === exactly(String(value)) ? undefined : 'has a number that would lose digits';
}

/** One spelling for each decimal number: its digits without outer zeros, and their power of ten. */
function exactly(token: string): string {
  const [mantissa = '', exponent = '0'] = token.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
