import { JsonToken } from './json-token.ts';
import { NumberMachine } from './number-machine.ts';
import { StringMachine } from './string-machine.ts';

export type ContainerKind = 'object' | 'array';
export type ScalarKind = 'string' | 'number' | 'true' | 'false' | 'null';

/** Events of a `JsonLexer`. Inside one, `lexer.depth` counts the containers around the key or value. */
export interface JsonSink {
  key(token: JsonToken): void;
  scalar(kind: ScalarKind, token: JsonToken): void;
  /** A piece of a string value, raw and without its quotes, before its `scalar`. Absent: not of interest. */
  text?(bytes: Uint8Array, from: number, to: number): void;
  /** `start` is the offset of the brace or bracket. */
  open(kind: ContainerKind, start: number): void;
  /** `end` is the offset behind the brace or bracket. */
  close(kind: ContainerKind, end: number): void;
}

export interface LexerLimits {
  readonly maxDepth: number;
  readonly maxTokenBytes: number;
  /** Whether the sink is told the text of string values. Absent means false. */
  readonly readsText?: boolean;
}

export interface JsonProblem {
  readonly reason: 'bad_json' | 'bad_body';
  readonly message: string;
  readonly offset: number;
  readonly param?: string;
}

const structureMode = 0;
const stringMode = 1;
const numberMode = 2;
const literalMode = 3;

const document = 0;
const value = 1;
const valueOrClose = 2;
const keyOrClose = 3;
const key = 4;
const colon = 5;
const commaOrClose = 6;
const end = 7;

const expectations = [
  "an object, '{'",
  'a value',
  "a value or ']'",
  "a quoted key or '}'",
  'a quoted key',
  "':'",
  "',' or the closing bracket",
  'nothing after the object',
] as const;

const literalOf = (byte: number): 'true' | 'false' | 'null' | undefined => {
  if (byte === 0x74) return 'true';
  if (byte === 0x66) return 'false';
  return byte === 0x6e ? 'null' : undefined;
};

const isNumberStart = (byte: number): boolean => byte === 0x2d || (byte >= 0x30 && byte <= 0x39);

const describeByte = (byte: number): string =>
  byte > 0x20 && byte < 0x7f
    ? `'${String.fromCharCode(byte)}'`
    : `byte 0x${byte.toString(16).padStart(2, '0')}`;

/** A JSON text that is no object is still JSON. */
const startsOtherJson = (byte: number): boolean =>
  byte === 0x5b || byte === 0x22 || isNumberStart(byte) || literalOf(byte) !== undefined;

/**
 * Validates one JSON object (RFC 8259, UTF-8) that comes in pieces, and reports its tokens to a sink.
 * One step of bounded work a byte, no recursion; memory is one byte a level and `maxTokenBytes`.
 */
export class JsonLexer {
  depth = 0;
  problem: JsonProblem | undefined;
  readonly #sink: JsonSink;
  readonly #maxDepth: number;
  readonly #readsText: boolean;
  readonly #token: JsonToken;
  readonly #string = new StringMachine();
  readonly #number = new NumberMachine();
  #mode = structureMode;
  #expect = document;
  #stringIsKey = false;
  #literal: 'true' | 'false' | 'null' = 'null';
  #literalSeen = 0;
  #inObject = new Uint8Array(32);
  #base = 0;

  constructor(sink: JsonSink, limits: LexerLimits) {
    this.#sink = sink;
    this.#readsText = limits.readsText ?? false;
    this.#maxDepth = limits.maxDepth;
    this.#token = new JsonToken(limits.maxTokenBytes);
  }

  /** The innermost container around the current key or value is an array. */
  get inArray(): boolean {
    return this.depth > 0 && this.#inObject[this.depth] === 0;
  }

  push(bytes: Uint8Array): void {
    let position = 0;
    while (position < bytes.length && this.problem === undefined) {
      if (this.#mode === structureMode) position = this.#readStructure(bytes, position);
      else if (this.#mode === stringMode) position = this.#readString(bytes, position);
      else if (this.#mode === numberMode) position = this.#readNumber(bytes, position);
      else position = this.#readLiteral(bytes, position);
    }
    if (this.problem === undefined && this.#mode !== structureMode) this.#token.carry(bytes);
    this.#base += bytes.length;
  }

  finish(): void {
    if (this.problem !== undefined || this.#expect === end) return;
    const offset = this.#base;
    this.fail(
      'bad_json',
      offset === 0 ? 'the body is empty' : `the JSON ends early, at byte ${offset}`,
      offset,
    );
  }

  /** The first problem stays. */
  fail(reason: 'bad_json' | 'bad_body', message: string, offset: number, param?: string): void {
    this.problem ??= { reason, message, offset, ...(param !== undefined && { param }) };
  }

  #readStructure(bytes: Uint8Array, from: number): number {
    for (let position = from; position < bytes.length; position += 1) {
      const byte = bytes[position] as number;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
      if (byte === 0x22) this.#beginString(position);
      else if (byte === 0x2c && this.#expect === commaOrClose) {
        this.#expect = this.#inObject[this.depth] === 1 ? key : value;
        continue;
      } else if (byte === 0x3a && this.#expect === colon) {
        this.#expect = value;
        continue;
      } else if (byte === 0x7b || byte === 0x5b) this.#open(byte, position);
      else if (byte === 0x7d || byte === 0x5d) this.#close(byte, position);
      else return this.#beginNumberOrLiteral(byte, position);
      return position + 1;
    }
    return bytes.length;
  }

  #beginString(position: number): void {
    const isKey = this.#expect === key || this.#expect === keyOrClose;
    if (!isKey && this.#expect !== value && this.#expect !== valueOrClose) {
      this.#unexpected(0x22, position);
      return;
    }
    this.#stringIsKey = isKey;
    this.#token.begin(this.#base + position, position);
    this.#string.begin();
    this.#mode = stringMode;
  }

  #beginNumberOrLiteral(byte: number, position: number): number {
    const isNumber = isNumberStart(byte);
    const literal = isNumber ? undefined : literalOf(byte);
    const isExpected = this.#expect === value || this.#expect === valueOrClose;
    if (!isExpected || (literal === undefined && !isNumber)) {
      this.#unexpected(byte, position);
      return position;
    }
    this.#token.begin(this.#base + position, position);
    if (literal === undefined) {
      this.#number.begin();
      this.#mode = numberMode;
    } else {
      this.#literal = literal;
      this.#literalSeen = 0;
      this.#mode = literalMode;
    }
    return position;
  }

  #open(byte: number, position: number): void {
    const isObject = byte === 0x7b;
    const isExpected = this.#expect === value || this.#expect === valueOrClose;
    const offset = this.#base + position;
    if (!isExpected && !(isObject && this.#expect === document)) {
      this.#unexpected(byte, position);
      return;
    }
    if (this.depth >= this.#maxDepth) {
      this.fail('bad_json', `the JSON nests deeper than ${this.#maxDepth} levels, at byte ${offset}`, offset);
      return;
    }
    this.#sink.open(isObject ? 'object' : 'array', offset);
    this.depth += 1;
    if (this.depth === this.#inObject.length) this.#growStack();
    this.#inObject[this.depth] = isObject ? 1 : 0;
    this.#expect = isObject ? keyOrClose : valueOrClose;
  }

  #growStack(): void {
    const grown = new Uint8Array(this.#inObject.length * 2);
    grown.set(this.#inObject);
    this.#inObject = grown;
  }

  #close(byte: number, position: number): void {
    const isObject = byte === 0x7d;
    const isInside = this.depth > 0 && (this.#inObject[this.depth] === 1) === isObject;
    const isExpected =
      this.#expect === commaOrClose || this.#expect === (isObject ? keyOrClose : valueOrClose);
    if (!isInside || !isExpected) {
      this.#unexpected(byte, position);
      return;
    }
    this.depth -= 1;
    this.#expect = this.depth === 0 ? end : commaOrClose;
    this.#sink.close(isObject ? 'object' : 'array', this.#base + position + 1);
  }

  #readString(bytes: Uint8Array, from: number): number {
    const string = this.#string;
    const position = string.scan(bytes, from);
    if (this.#readsText && !this.#stringIsKey) {
      this.#sink.text?.(bytes, from, string.done ? position - 1 : position);
    }
    if (string.problem !== undefined) {
      const offset = this.#base + position;
      this.fail('bad_json', `${string.problem}, at byte ${offset}`, offset);
    } else if (string.done) {
      const token = this.#token;
      token.finish(this.#base + position, bytes, position);
      token.units = token.end - token.start - 2 - string.surplus;
      token.hasEscape = string.hasEscape;
      this.#mode = structureMode;
      this.#expect = this.#stringIsKey ? colon : commaOrClose;
      if (this.#stringIsKey) this.#sink.key(token);
      else this.#sink.scalar('string', token);
    }
    return position;
  }

  #readNumber(bytes: Uint8Array, from: number): number {
    const position = this.#number.scan(bytes, from);
    if (this.#number.problem !== undefined) {
      const offset = this.#base + position;
      this.fail('bad_json', `${this.#number.problem}, at byte ${offset}`, offset);
    } else if (this.#number.done) this.#endScalar('number', bytes, position);
    return position;
  }

  #readLiteral(bytes: Uint8Array, from: number): number {
    for (let position = from; position < bytes.length; position += 1) {
      if (bytes[position] !== this.#literal.charCodeAt(this.#literalSeen)) {
        const offset = this.#base + position;
        this.fail('bad_json', `expected '${this.#literal}', misspelled at byte ${offset}`, offset);
        return position;
      }
      this.#literalSeen += 1;
      if (this.#literalSeen === this.#literal.length) {
        this.#endScalar(this.#literal, bytes, position + 1);
        return position + 1;
      }
    }
    return bytes.length;
  }

  #endScalar(kind: ScalarKind, bytes: Uint8Array, position: number): void {
    this.#token.finish(this.#base + position, bytes, position);
    this.#mode = structureMode;
    this.#expect = commaOrClose;
    this.#sink.scalar(kind, this.#token);
  }

  #unexpected(byte: number, position: number): void {
    const offset = this.#base + position;
    if (offset === 0 && byte === 0xef) {
      this.fail('bad_json', 'the body begins with a byte order mark; send plain UTF-8', offset);
      return;
    }
    const isOtherJson = this.#expect === document && startsOtherJson(byte);
    const message = `expected ${expectations[this.#expect]} at byte ${offset}, found ${describeByte(byte)}`;
    this.fail(isOtherJson ? 'bad_body' : 'bad_json', message, offset);
  }
}
