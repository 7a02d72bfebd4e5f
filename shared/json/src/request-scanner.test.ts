import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestFields, ScanResult } from './request-fields.ts';
import { createRequestScanner } from './request-scanner.ts';
import { splitBytes } from './split-bytes.ts';

const encoder = new TextEncoder();
const cuts = fc.array(fc.nat(), { maxLength: 6 });

const scanPieces = (pieces: readonly Uint8Array[], maxDepth = 64): ScanResult => {
  const scanner = createRequestScanner({ maxDepth });
  for (const piece of pieces) scanner.push(piece);
  return scanner.finish();
};

const scan = (body: string | Uint8Array, maxDepth?: number): ScanResult =>
  scanPieces([typeof body === 'string' ? encoder.encode(body) : body], maxDepth);

const scanBytewise = (body: Uint8Array): ScanResult =>
  scanPieces(Array.from(body, (byte) => Uint8Array.of(byte)));

const fieldsOf = (body: string): RequestFields => {
  const result = scan(body);
  if (result.outcome !== 'scanned') throw new Error(result.message);
  return result.fields;
};

const textAt = (body: string, [start, end]: readonly [number, number]): string =>
  new TextDecoder().decode(encoder.encode(body).subarray(start, end));

const isJson = (body: Uint8Array): boolean => {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
    return true;
  } catch {
    return false;
  }
};

const expectAgreement = (body: Uint8Array): void => {
  const result = scan(body, 1_000);
  // A body that is refused as a request may be JSON or not: the scan stopped early.
  if (result.outcome === 'invalid' && result.reason === 'bad_body') return;
  expect(result.outcome === 'scanned').toBe(isJson(body));
};

describe('the fields of a request', () => {
  const body = JSON.stringify({
    messages: [
      { role: 'user', content: 'Grüße 😀\n' },
      { role: 'user', content: [] },
    ],
    model: 'gpt-4o',
    stream: true,
    stream_options: { other: [1], include_usage: false },
    max_tokens: 5,
    tools: [{}, {}, {}],
    encoding_format: 'base64',
    n: 2,
  });

  it('are found with the bytes they occupy', () => {
    const fields = fieldsOf(body);
    expect(fields).toMatchObject({ open: 1, empty: false, stream: true, n: 2 });
    expect(fields.outputCaps.max_tokens?.tokens).toBe(5);
    expect(textAt(body, fields.outputCaps.max_tokens?.range ?? [0, 0])).toBe('5');
    expect(fields).toMatchObject({ messages: 2, tools: 3, encodingFormat: 'base64' });
    expect(fields.model?.value).toBe('gpt-4o');
    expect(textAt(body, fields.model?.range ?? [0, 0])).toBe('"gpt-4o"');
    expect(textAt(body, fields.streamOptions?.range ?? [0, 0])).toBe('{"other":[1],"include_usage":false}');
    expect(textAt(body, fields.streamOptions?.includeUsage?.range ?? [0, 0])).toBe('false');
    expect(fields.streamOptions).toMatchObject({ kind: 'object', empty: false });
  });

  it('are absent from an empty object', () => {
    expect(fieldsOf(' {\n} ')).toEqual({
      ...{ open: 2, empty: true, outputCaps: {}, messages: 0, tools: 0, chars: 0, textChars: 0, tokenIds: 0 },
    });
  });

  it.each([
    ['{"stream_options":null}', { kind: 'null', range: [18, 22] }],
    ['{"stream_options": { }}', { kind: 'object', range: [19, 22], open: 20, empty: true }],
    [
      '{"stream_options":{"include_usage":null}}',
      { ...{ kind: 'object', range: [18, 40], open: 19, empty: false } },
    ],
  ])('say what stream_options is in %s', (text, expected) => {
    expect(fieldsOf(text).streamOptions).toMatchObject(expected);
  });

  it.each([
    [
      '{"max_tokens":1,"max_completion_tokens":null}',
      { max_tokens: { range: [14, 15], tokens: 1 }, max_completion_tokens: { range: [40, 44] } },
    ],
    ['{"max_output_tokens": 1e3 }', { max_output_tokens: { range: [22, 25], tokens: 1000 } }],
    ['{"max_tokens":0}', { max_tokens: { range: [14, 15], tokens: 0 } }],
    ['{"metadata":{"max_tokens":7}}', {}],
  ])('take the output caps of %s', (text, expected) => {
    expect(fieldsOf(text).outputCaps).toEqual(expected);
  });

  it.each([
    ['{"messages":[{"content":["a","b"]},[],1],"input":["x"]}', 3],
    ['{"input":["a","b"]}', 2],
    ['{"input":"a"}', 1],
    ['{"prompt":"a"}', 1],
    ['{"prompt":["a",["b"]]}', 2],
    ['{"messages":{"a":1,"b":2}}', 0],
    ['{"metadata":{"messages":[1,2]}}', 0],
  ])('count the messages of %s', (text, expected) => {
    expect(fieldsOf(text).messages).toBe(expected);
  });

  it('count token ids, which have no characters', () => {
    expect(fieldsOf('{"input":[1,2,3]}').tokenIds).toBe(3);
    expect(fieldsOf('{"prompt":[[1,2],[3]],"seed":4}').tokenIds).toBe(3);
    expect(fieldsOf('{"input":[{"index":1}]}').tokenIds).toBe(0);
  });

  it('count characters of values, and those of text without inlined binary', () => {
    const parts = '{"url":"data:image/png;base64,AAAA"},{"data":"BBBB"},{"data":1},"cc","data"';
    expect(fieldsOf(`{"messages":[${parts}]}`)).toMatchObject({ chars: 36, textChars: 6 });
    expect(fieldsOf('{"tools":[{"data":["text"]}]}')).toMatchObject({ chars: 4, textChars: 4 });
  });

  it('name the service tier, where it can be one', () => {
    expect(fieldsOf('{"service_tier":"priority"}').serviceTier).toBe('priority');
    const others = ['null', '7', '["flex"]', `"${'x'.repeat(65)}"`];
    for (const other of others) expect(fieldsOf(`{"service_tier":${other}}`).serviceTier).toBeUndefined();
    expect(fieldsOf('{"metadata":{"service_tier":"flex"}}').serviceTier).toBeUndefined();
  });

  it.each([
    ['{"messages":[{"content":[{"cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}', true],
    ['{"ttl":"5m","tools":[{"ttl":"1h"}],"system":[{"ttl":"5m"}]}', true],
    ['{"cache_control":{"type":"ephemeral","ttl":"5m"}}', false],
    ['{"ttl":["1h"],"a":"1h"}', false],
    ['{"ttl":3600,"b":["1h"]}', false],
  ])('say whether something is to be kept for an hour: %s', (body, expected) => {
    expect(fieldsOf(body).hasHourTtl === true).toBe(expected);
  });

  it('are found behind keys that are spelled with escapes', () => {
    expect(fieldsOf('{"mod\\u0065l":"a"}').model?.value).toBe('a');
    expect(fieldsOf('{"\\u006d\\u006F\\u0064\\u0065\\u006c":"a"}').model?.value).toBe('a');
    expect(fieldsOf('{"service\\u005ftier":"fl\\u0065x"}').serviceTier).toBe('flex');
    expect(fieldsOf('{"a":{"t\\u0074l":"1\\u0068"}}').hasHourTtl).toBe(true);
    expect(fieldsOf('{"mod\\u1065l":"a","mode\\n":1,"mod\\"l":2}').model).toBeUndefined();
  });
});

describe('a refusal', () => {
  it.each([
    ['{"model":1}', 'model', 'a number', 9],
    ['{"model":null}', 'model', 'null', 9],
    ['{"model":["a"]}', 'model', 'an array', 9],
    [`{"model":"${'m'.repeat(257)}"}`, 'model', '257 characters', 9],
    ['{"stream":"true"}', 'stream', 'a string', 10],
    ['{"stream_options":[]}', 'stream_options', 'an array', 18],
    ['{"stream_options":{"include_usage":1}}', 'stream_options.include_usage', 'a number', 35],
    ['{"stream_options":{"include_usage":{}}}', 'stream_options.include_usage', 'an object', 35],
    ['{"max_tokens":-1}', 'max_tokens', '-1', 14],
    ['{"max_tokens":1.5}', 'max_tokens', '1.5', 14],
    ['{"max_tokens":"5"}', 'max_tokens', 'a string', 14],
    [`{"max_completion_tokens":1${'0'.repeat(400)}}`, 'max_completion_tokens', 'a longer number', 25],
    ['{"n":true}', 'n', 'true', 5],
    ['{"encoding_format":1}', 'encoding_format', 'a number', 19],
  ])('of %s names the field, what was found and where', (body, param, found, offset) => {
    const result = scan(body);
    expect(result).toMatchObject({ outcome: 'invalid', reason: 'bad_body', param, offset });
    expect(result).toHaveProperty('message', expect.stringContaining(`found ${found}`));
    expect(scanBytewise(encoder.encode(body))).toEqual(result);
  });

  it.each(['model', 'messages', 'input', 'prompt', 'tools', 'stream', 'max_tokens', 'service_tier'])(
    'of a second %s says that it is a duplicate',
    (name) => {
      const value = name === 'stream' ? 'true' : name === 'max_tokens' ? '1' : '"a"';
      const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
      const result = scan(`{"${name}":${value},"${escaped}":${value}}`);
      expect(result).toMatchObject({ outcome: 'invalid', reason: 'bad_body', param: name });
      expect(result).toHaveProperty('message', expect.stringContaining('duplicate field'));
    },
  );

  it('of a second include_usage says that it is a duplicate', () => {
    const result = scan('{"stream_options":{"include_usage":true,"include_usage":false}}');
    expect(result).toMatchObject({ reason: 'bad_body', param: 'stream_options.include_usage', offset: 40 });
  });

  it('leaves duplicates of other fields, and of nested ones, alone', () => {
    expect(scan('{"a":1,"a":2,"metadata":{"model":1,"model":2}}').outcome).toBe('scanned');
  });

  it.each([
    ['', 'bad_json', 'empty'],
    ['  ', 'bad_json', 'ends early, at byte 2'],
    ['{"a":', 'bad_json', 'ends early, at byte 5'],
    ['\uFEFF{}', 'bad_json', 'byte order mark'],
    ['[]', 'bad_body', "expected an object, '{' at byte 0, found '['"],
    ['"a"', 'bad_body', 'expected an object'],
    ['{}{}', 'bad_json', 'expected nothing after the object at byte 2'],
    ['{"a":1,}', 'bad_json', 'expected a quoted key at byte 7'],
    ['{"a":[1,]}', 'bad_json', 'expected a value at byte 8'],
    ['{"a":[1}', 'bad_json', 'closing bracket at byte 7'],
    ['{"a":01}', 'bad_json', 'at byte 6'],
    ['{"a":-}', 'bad_json', 'no digit'],
    ['{"a":1.}', 'bad_json', 'no digit'],
    ['{"a":"\n"}', 'bad_json', 'control character in a string must be escaped, at byte 6'],
    ['{"a":"\\x"}', 'bad_json', 'escape that JSON does not know, at byte 7'],
    ['{"a":"\\u12g4"}', 'bad_json', 'four hexadecimal digits, at byte 10'],
    ['{"a":trve}', 'bad_json', "expected 'true', misspelled at byte 7"],
    ["{'a':1}", 'bad_json', "expected a quoted key or '}' at byte 1, found '''"],
  ])('of %j says what is wrong and where', (body, reason, message) => {
    const result = scan(body);
    expect(result).toMatchObject({ outcome: 'invalid', reason });
    expect(result).toHaveProperty('message', expect.stringContaining(message));
  });

  it('comes for each control character in a string, and for no other ASCII character', () => {
    for (let code = 0; code < 0x80; code += 1) {
      if (code === 0x22 || code === 0x5c) continue;
      expect(scan(`{"a":"${String.fromCharCode(code)}"}`).outcome).toBe(code < 0x20 ? 'invalid' : 'scanned');
    }
  });

  it('comes for an escape with less than four digits', () => {
    expect(scan('{"a":"\\u123"}')).toMatchObject({ reason: 'bad_json', offset: 11 });
  });

  it.each([
    ['overlong', [0xc0, 0x80]],
    ['overlong', [0xe0, 0x80, 0x80]],
    ['overlong', [0xf0, 0x80, 0x80, 0x80]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut short', [0xe2, 0x82]],
    ['lone continuation', [0x80]],
    ['not UTF-8', [0xff]],
  ])('comes for %s bytes %j in a string', (_what, bytes) => {
    const body = Uint8Array.from([...encoder.encode('{"a":"'), ...bytes, ...encoder.encode('"}')]);
    expect(scan(body)).toMatchObject({ reason: 'bad_json', message: expect.stringContaining('UTF-8') });
  });

  it('of deep nesting comes at the limit, and costs no stack', () => {
    const body = encoder.encode(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect(scan(body, 100_001).outcome).toBe('scanned');
    expect(scan(body, 64)).toMatchObject({ reason: 'bad_json', offset: 68 });
    expect(scan(body, 64)).toHaveProperty('message', 'the JSON nests deeper than 64 levels, at byte 68');
    expect(scan('{"a":[[{}]]}', 4).outcome).toBe('scanned');
    expect(scan('{"a":[[{}]]}', 3).outcome).toBe('invalid');
  });

  it('is known before the body ends', () => {
    const scanner = createRequestScanner({ maxDepth: 8 });
    scanner.push(encoder.encode('{"a"'));
    expect(scanner.failed).toBe(false);
    scanner.push(encoder.encode('1'));
    expect(scanner.failed).toBe(true);
  });
});

describe('laws', () => {
  const document = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }));
  const fragments = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\',
    '\\u00',
    '0',
    '1',
    '-',
    '.',
    'e',
    '+',
    ' ',
    'true',
    'nul',
    'null',
    '\t',
    'é',
  ];
  const soup = fc.array(fc.constantFrom(...fragments), { maxLength: 12 }).map((parts) => parts.join(''));

  it('every JSON object is accepted', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const body = encoder.encode(JSON.stringify({ wrapped: value }, null, indent));
        expect(scan(body, 1_000).outcome).toBe('scanned');
      }),
    );
  });

  it('validity is what JSON.parse says, for documents with bytes changed, removed and added', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...encoder.encode('{}[]",:\\0-e '))),
    );
    fc.assert(
      fc.property(document, fc.array(change, { maxLength: 3 }), (value, changes) => {
        const bytes = [...encoder.encode(JSON.stringify(value))];
        for (const [place, removed, byte] of changes) bytes.splice(place % bytes.length, removed, byte);
        expectAgreement(Uint8Array.from(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('validity is what JSON.parse says, for a soup of tokens', () => {
    fc.assert(
      fc.property(
        soup,
        fc.constantFrom('', '{"a":', '{"a":[', '{'),
        fc.constantFrom('', '}', ']}'),
        (middle, head, tail) => {
          expectAgreement(encoder.encode(head + middle + tail));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('a number is what JSON.parse says, for all of up to five characters', () => {
    const alphabet = ['0', '7', '-', '+', '.', 'e', 'E'];
    let numbers = [''];
    for (let length = 1; length <= 5; length += 1) {
      numbers = numbers.flatMap((number) => alphabet.map((character) => number + character));
      for (const number of numbers) {
        const body = encoder.encode(`{"a":${number}}`);
        if ((scan(body).outcome === 'scanned') !== isJson(body)) throw new Error(`disagreement on ${number}`);
      }
    }
  });

  it('any split gives the same result, good or bad', () => {
    const request = fc.record(
      {
        model: fc.string({ unit: 'binary', maxLength: 300 }),
        stream: fc.oneof(fc.boolean(), fc.constant('no')),
        stream_options: fc.oneof(
          fc.constant(null),
          fc.record({ include_usage: fc.boolean() }, { requiredKeys: [] }),
        ),
        max_tokens: fc.oneof(fc.nat(), fc.double(), fc.constant(null)),
        messages: fc.array(fc.jsonValue({ stringUnit: 'binary' }), { maxLength: 3 }),
        input: fc.oneof(fc.string(), fc.array(fc.integer())),
        other: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(request, fc.boolean(), cuts, (value, isEscaped, places) => {
        const text = JSON.stringify(value);
        const escaped = text.replace(
          /[^ -~]|[a-z](?=[a-z_]*":)/gu,
          (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        const body = encoder.encode(isEscaped ? escaped : text);
        expect(scanPieces(splitBytes(body, places))).toEqual(scan(body));
        expect(scanBytewise(body)).toEqual(scan(body));
      }),
    );
  });

  it('characters are the UTF-16 code units of all string values', () => {
    const lengthOf = (value: unknown): number => {
      if (typeof value === 'string') return value.length;
      if (typeof value !== 'object' || value === null) return 0;
      return Object.values(value).reduce((sum: number, child) => sum + lengthOf(child), 0);
    };
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = JSON.stringify({ wrapped: value });
        expect(fieldsOf(text).chars).toBe(lengthOf(JSON.parse(text)));
      }),
    );
  });
});

describe('the prompt of a request begins', () => {
  it.each<[string, string | undefined]>([
    ['{"model":"é","messages":[{"role":"user"}],"prompt":"x"}', '[{"role":"user"}],"prompt":"x"}'],
    ['{"prompt":"x"}', '"x"}'],
    ['{"input":["a"],"model":"m"}', '["a"],"model":"m"}'],
    ['{"tools":[{"messages":[]}],"input":"a"}', '"a"}'],
    ['{"tools":[],"prompt":null}', undefined],
  ])('in %s', (body, rest) => {
    const { promptStart } = fieldsOf(body);
    const bytes = encoder.encode(body);
    expect(promptStart === undefined ? undefined : textAt(body, [promptStart, bytes.byteLength])).toBe(rest);
    expect(scanBytewise(bytes)).toEqual(scan(bytes));
  });
});
