import type { ContainerKind, JsonLexer, JsonSink, ScalarKind } from './json-lexer.ts';
import type { JsonToken } from './json-token.ts';
import { createKeyMatcher } from './key-matcher.ts';
import {
  type ByteRange,
  type OutputCapMark,
  type OutputCapName,
  outputCapNames,
  type RequestFields,
  type StreamOptionsField,
  type TextWishes,
} from './request-fields.ts';
import { createTextWatch, type TextWatch } from './text-watch.ts';

const lists = ['messages', 'input', 'prompt', 'tools'] as const;
const fieldNames = [
  'model',
  'stream',
  'stream_options',
  'encoding_format',
  'service_tier',
  'n',
  'best_of',
  ...outputCapNames,
  ...lists,
] as const;

type FieldName = (typeof fieldNames)[number];
type ListName = (typeof lists)[number];
type CountName = OutputCapName | 'n' | 'best_of';

interface FieldRule {
  readonly kinds: readonly (ScalarKind | ContainerKind)[];
  readonly expected: string;
}

const countRule: FieldRule = { kinds: ['number', 'null'], expected: 'a non-negative integer' };

/** What the fields that we act on may be. The lists are the upstream's to judge. */
const rules: Partial<Record<FieldName, FieldRule>> = {
  model: { kinds: ['string'], expected: 'a string' },
  stream: { kinds: ['true', 'false', 'null'], expected: 'true, false or null' },
  stream_options: { kinds: ['object', 'null'], expected: 'an object or null' },
  encoding_format: { kinds: ['string', 'null'], expected: 'a string or null' },
  n: countRule,
  best_of: countRule,
  max_completion_tokens: countRule,
  max_tokens: countRule,
  max_output_tokens: countRule,
};

const usageParam = 'stream_options.include_usage';
const maxModelChars = 256;
const maxTierChars = 64;
const maxNumberBytes = 32;
const matchField = createKeyMatcher(fieldNames);
const matchUsage = createKeyMatcher(['include_usage']);
const matchInner = createKeyMatcher(['data', 'ttl']);

const isList = (field: FieldName | undefined): field is ListName =>
  field === 'messages' || field === 'input' || field === 'prompt' || field === 'tools';

const isOutputCap = (field: FieldName): field is OutputCapName =>
  outputCapNames.some((name) => name === field);

/** `start` is behind the opening quote. */
const isDataUrl = (bytes: Uint8Array, start: number): boolean =>
  bytes[start] === 0x64 &&
  bytes[start + 1] === 0x61 &&
  bytes[start + 2] === 0x74 &&
  bytes[start + 3] === 0x61 &&
  bytes[start + 4] === 0x3a;

const article = (kind: ScalarKind | ContainerKind): string => {
  if (kind === 'object' || kind === 'array') return `an ${kind}`;
  return kind === 'string' || kind === 'number' ? `a ${kind}` : kind;
};

/** Longer than any model name can be, escaped: what the lexer has to keep of a token that comes in pieces. */
export const maxRequestTokenBytes = maxModelChars * 6 + 2;

/** Gathers the fields that Weir acts on from the tokens of a request body. */
export class RequestCollector implements JsonSink {
  lexer: JsonLexer | undefined;
  #open = 0;
  #hasMembers = false;
  readonly #seen = new Set<FieldName>();
  #field: FieldName | undefined;
  #inUsageValue = false;
  #sawUsage = false;
  /** The value that comes is of a member of this name. */
  #inner: 'data' | 'ttl' | undefined;
  #model: RequestFields['model'];
  #stream: boolean | undefined;
  #streamOptions: { -readonly [Name in keyof StreamOptionsField]: StreamOptionsField[Name] } | undefined;
  #encodingFormat: string | undefined;
  #serviceTier: string | undefined;
  #hasHourTtl = false;
  readonly #counts: { [Name in CountName]?: number } = {};
  readonly #elements: { [Name in ListName]?: number } = {};
  #chars = 0;
  #binaryChars = 0;
  #tokenIds = 0;
  #promptStart: number | undefined;
  readonly #outputCaps: { [Name in OutputCapName]?: OutputCapMark } = {};
  readonly #watch: TextWatch | undefined;
  #text: 'none' | 'watched' | 'binary' = 'none';

  constructor(wishes: TextWishes = {}) {
    this.#watch = createTextWatch(wishes);
  }

  get readsText(): boolean {
    return this.#watch !== undefined;
  }

  key(token: JsonToken): void {
    const depth = this.lexer?.depth;
    this.#inner = matchInner(token);
    if (depth === 1) this.#takeField(token);
    else if (depth === 2 && this.#field === 'stream_options') this.#takeOption(token);
  }

  open(kind: ContainerKind, start: number): void {
    const depth = this.lexer?.depth;
    this.#inner = undefined;
    if (depth === 0) this.#open = start + 1;
    else if (depth === 1 && this.#field !== undefined) this.#openField(this.#field, kind, start);
    else if (depth === 2) this.#countElement();
    if (this.#inUsageValue) this.#refuse(usageParam, 'true or false', article(kind), start);
  }

  close(_kind: ContainerKind, end: number): void {
    if (this.lexer?.depth !== 1) return;
    if (this.#field === 'stream_options' && this.#streamOptions) {
      this.#streamOptions.range = [this.#streamOptions.range[0], end];
    }
    this.#field = undefined;
  }

  text(bytes: Uint8Array, from: number, to: number): void {
    if (this.#text === 'none') {
      this.#text = this.#inner === 'data' || isDataUrl(bytes, from) ? 'binary' : 'watched';
    }
    if (this.#text === 'watched') this.#watch?.push(bytes, from, to);
  }

  scalar(kind: ScalarKind, token: JsonToken): void {
    const depth = this.lexer?.depth;
    if (kind === 'string') this.#endString(token);
    this.#inner = undefined;
    if (this.#inUsageValue) this.#takeUsage(kind, token);
    if (this.#field === undefined) return;
    if (depth === 1) {
      this.#takeScalar(this.#field, kind, token);
      this.#field = undefined;
      return;
    }
    if (depth === 2) this.#countElement();
    if (kind === 'number' && (this.#field === 'input' || this.#field === 'prompt') && this.lexer?.inArray) {
      this.#tokenIds += 1;
    }
  }

  fields(): RequestFields {
    const { n, best_of: bestOf } = this.#counts;
    const { messages, input, prompt, tools } = this.#elements;
    return {
      open: this.#open,
      empty: !this.#hasMembers,
      ...(this.#model && { model: this.#model }),
      ...(this.#stream !== undefined && { stream: this.#stream }),
      ...(this.#streamOptions && { streamOptions: this.#streamOptions }),
      outputCaps: this.#outputCaps,
      ...(this.#encodingFormat !== undefined && { encodingFormat: this.#encodingFormat }),
      ...(this.#serviceTier !== undefined && { serviceTier: this.#serviceTier }),
      ...(this.#hasHourTtl && { hasHourTtl: true as const }),
      ...(n !== undefined && { n }),
      ...(bestOf !== undefined && { bestOf }),
      messages: messages ?? input ?? prompt ?? 0,
      ...(this.#promptStart !== undefined && { promptStart: this.#promptStart }),
      tools: tools ?? 0,
      chars: this.#chars,
      textChars: this.#chars - this.#binaryChars,
      tokenIds: this.#tokenIds,
      ...this.#watch?.result(),
    };
  }

  #takeField(token: JsonToken): void {
    this.#hasMembers = true;
    this.#field = matchField(token);
    if (this.#field === undefined) return;
    if (this.#seen.has(this.#field)) this.#refuseDuplicate(this.#field, token.start);
    this.#seen.add(this.#field);
  }

  #takeOption(token: JsonToken): void {
    if (this.#streamOptions) this.#streamOptions.empty = false;
    this.#inUsageValue = matchUsage(token) !== undefined;
    if (this.#inUsageValue && this.#sawUsage) this.#refuseDuplicate(usageParam, token.start);
    this.#sawUsage ||= this.#inUsageValue;
  }

  #takeUsage(kind: ScalarKind, { start, end }: JsonToken): void {
    this.#inUsageValue = false;
    if (kind === 'string' || kind === 'number') {
      this.#refuse(usageParam, 'true or false', article(kind), start);
    } else if (this.#streamOptions) {
      this.#streamOptions.includeUsage = { value: kind === 'true', range: [start, end] };
    }
  }

  #openField(field: FieldName, kind: ContainerKind, start: number): void {
    this.#requireKind(field, kind, start);
    if (field === 'stream_options') {
      this.#streamOptions = { range: [start, start], kind: 'object', open: start + 1, empty: true };
    } else if (isList(field) && kind === 'array') {
      this.#elements[field] = 0;
      if (field !== 'tools') this.#promptStart ??= start;
    }
  }

  #takeScalar(field: FieldName, kind: ScalarKind, token: JsonToken): void {
    this.#requireKind(field, kind, token.start);
    const range: ByteRange = [token.start, token.end];
    if (field === 'model') this.#takeModel(token, range);
    else if (field === 'stream') this.#stream = kind === 'true';
    else if (field === 'stream_options') this.#streamOptions = { range, kind: 'null' };
    else if (isList(field)) {
      if (kind !== 'string' || (field !== 'input' && field !== 'prompt')) return;
      this.#elements[field] = 1;
      this.#promptStart ??= token.start;
    } else if (field === 'service_tier') {
      // What it may be is the upstream's to judge.
      if (kind === 'string' && token.units <= maxTierChars) this.#serviceTier = this.#textOf(token);
    } else if (isOutputCap(field)) this.#takeOutputCap(field, kind, token, range);
    else if (kind === 'null') return;
    else if (field === 'encoding_format') this.#encodingFormat = this.#textOf(token);
    else this.#takeCount(field, token);
  }

  #takeModel(token: JsonToken, range: ByteRange): void {
    const found = `${token.units} characters`;
    if (token.units > maxModelChars)
      this.#refuse('model', `at most ${maxModelChars} characters`, found, token.start);
    else this.#model = { value: this.#textOf(token), range };
  }

  #takeCount(field: CountName, token: JsonToken): void {
    const raw = token.rawText(maxNumberBytes);
    const count = raw === undefined ? Number.NaN : Number(raw);
    if (Number.isSafeInteger(count) && count >= 0) this.#counts[field] = Math.abs(count);
    else this.#refuse(field, countRule.expected, raw ?? 'a longer number', token.start);
  }

  #takeOutputCap(field: OutputCapName, kind: ScalarKind, token: JsonToken, range: ByteRange): void {
    if (kind !== 'null') this.#takeCount(field, token);
    const tokens = this.#counts[field];
    this.#outputCaps[field] = { range, ...(tokens !== undefined && { tokens }) };
  }

  #textOf(token: JsonToken): string {
    const raw = token.rawText();
    return raw === undefined ? '' : JSON.parse(raw);
  }

  #countElement(): void {
    if (!isList(this.#field)) return;
    const count = this.#elements[this.#field];
    if (count !== undefined) this.#elements[this.#field] = count + 1;
  }

  #endString(token: JsonToken): void {
    if (this.#text === 'watched') this.#watch?.endString();
    this.#text = 'none';
    this.#chars += token.units;
    if (this.#inner === 'ttl' && token.units === 2) this.#hasHourTtl ||= this.#textOf(token) === '1h';
    if (this.#inner === 'data' || isDataUrl(token.bytes, token.from + 1)) this.#binaryChars += token.units;
  }

  #requireKind(field: FieldName, kind: ScalarKind | ContainerKind, offset: number): void {
    const rule = rules[field];
    if (rule && !rule.kinds.includes(kind)) this.#refuse(field, rule.expected, article(kind), offset);
  }

  #refuse(param: string, expected: string, found: string, offset: number): void {
    this.lexer?.fail('bad_body', `'${param}' must be ${expected}, found ${found}`, offset, param);
  }

  #refuseDuplicate(param: string, offset: number): void {
    this.lexer?.fail('bad_body', `duplicate field '${param}', again at byte ${offset}`, offset, param);
  }
}
