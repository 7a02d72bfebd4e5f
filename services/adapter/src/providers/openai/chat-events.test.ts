import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamTap } from '../../core/stream-tap.ts';
import { byteByByte, cutAt, toBytes, toText } from '../../testdata/pieces.ts';
import { createChatEventReader } from './chat-events.ts';

const run = (pieces: readonly Uint8Array[], hideUsage: boolean) => {
  const tap = createStreamTap(createChatEventReader({ hideUsage }));
  const output = pieces.flatMap((piece) => tap.push(piece));
  const { rest, complete } = tap.finish();
  return {
    text: toText([...output, ...rest]),
    complete,
    report: tap.report,
    failedAtStart: tap.failedAtStart,
    broken: tap.broken,
  };
};

const relay = (stream: string, hideUsage = true) => run([toBytes(stream)], hideUsage);

const head = '"id":"chatcmpl-9","object":"chat.completion.chunk","created":1760000000,"model":"gpt-x-2026"';
const usage =
  '{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":1}}';
const lanes = {
  inputText: 4,
  cacheRead: 8,
  outputText: 2,
  outputReasoning: 1,
  inputTotal: 12,
  outputTotal: 3,
};

const deltas = [
  '{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}',
  '{"index":0,"delta":{"content":"Say \\"usage\\":null, \\",\\"usage\\":null and data: [DONE]"},"finish_reason":null}',
  '{"index":0,"delta":{"content":"{\\"error\\":{\\"message\\":\\"no\\"}}"},"finish_reason":null}',
  '{"index":0,"delta":{"content":"error"},"finish_reason":null}',
  '{"index":0,"delta":{},"finish_reason":"stop"}',
];

/** What OpenAI and vLLM send with `include_usage`, and without it. */
const askedFor = [
  ...deltas.map((choice) => `data: {${head},"choices":[${choice}],"usage":null}\n\n`),
  `data: {${head},"choices":[],"usage":${usage}}\n\n`,
  'data: [DONE]\n\n',
].join('');
const notAskedFor = [
  ...deltas.map((choice) => `data: {${head},"choices":[${choice}]}\n\n`),
  'data: [DONE]\n\n',
].join('');

describe('a client that did not ask for usage', () => {
  it('gets, to the byte, the stream of an upstream that was not asked either', () => {
    expect(relay(askedFor).text).toBe(notAskedFor);
  });

  it('is metered by what the upstream reported all the same', () => {
    expect(relay(askedFor)).toMatchObject({
      complete: true,
      report: { usage: lanes, final: true, modelServed: 'gpt-x-2026', contentEvents: 3 },
    });
  });

  it('gets the same with members after the usage, and with spaces in the JSON', () => {
    const spaced = `data: {"id": "1", "choices": [${deltas[3]}], "usage": null, "obfuscation": "x"}\n\n`;
    expect(relay(spaced).text).toBe(`data: {"id": "1", "choices": [${deltas[3]}], "obfuscation": "x"}\n\n`);
  });

  it('keeps usage that rides on the finish chunk, whose other members it needs', () => {
    const riding = `data: {${head},"choices":[${deltas[4]}],"usage":${usage}}\n\ndata: [DONE]\n\n`;
    expect(relay(riding)).toMatchObject({ text: riding, complete: true, report: { usage: lanes } });
  });

  it('keeps chunks without choices that are not about usage', () => {
    const filters = `data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}\n\n`;
    expect(relay(filters + notAskedFor).text).toBe(filters + notAskedFor);
  });
});

it('a client that asked for usage gets every byte of the upstream', () => {
  expect(relay(askedFor, false)).toMatchObject({ text: askedFor, complete: true, report: { usage: lanes } });
});

it('any cut of the bytes gives the same output and the same report', () => {
  const bytes = toBytes(askedFor.replaceAll('no', 'nö€😀'));
  const whole = run([bytes], true);
  expect(run(byteByByte(bytes), true)).toEqual(whole);
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
      expect(run(cutAt(bytes, places), true)).toEqual(whole);
    }),
  );
});

it('CR LF line ends change nothing but themselves', () => {
  const result = relay(askedFor.replaceAll('\n', '\r\n'));
  expect(result).toMatchObject({ complete: true, report: { usage: lanes, contentEvents: 3 } });
  expect(result.text).toBe(notAskedFor.replaceAll('\n', '\r\n'));
});

describe('the end of the answer', () => {
  it.each([
    ['[DONE]', 'data: [DONE]\n\n'],
    ['[DONE] with spaces behind it', 'data: [DONE]   \n\n'],
    ['[DONE] without the space in front', 'data:[DONE]\n\n'],
    ['[DONE] without the blank line', 'data: [DONE]'],
    ['a finish reason, from servers that send no [DONE]', `data: {"choices":[${deltas[4]}]}\n\n`],
    [
      'a finish reason with a space',
      'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}\n\n',
    ],
  ])('is %s', (_what, last) => {
    const stream = `data: {${head},"choices":[${deltas[3]}]}\n\n${last}`;
    expect(relay(stream)).toMatchObject({ complete: true, text: stream });
  });

  it.each([
    ['nothing at all', ''],
    ['a comment alone', ': ping\n\n'],
    ['chunks, but neither finish reason nor [DONE]', `data: {${head},"choices":[${deltas[3]}]}\n\n`],
    [
      'a text that says [DONE]',
      'data: {"choices":[{"index":0,"delta":{"content":"[DONE]"},"finish_reason":null}]}\n\n',
    ],
    [
      'a text that says finish_reason',
      'data: {"choices":[{"delta":{"content":"\\"finish_reason\\":\\"stop\\""}}]}\n\n',
    ],
    ['a chunk that is cut', `data: {${head},"choices":[{"index":0,"del`],
  ])('is missing when there is %s', (_what, stream) => {
    expect(relay(stream)).toMatchObject({ complete: false, report: { usage: undefined, final: false } });
  });
});

it('without a usage chunk there is no usage, and the content events are counted', () => {
  expect(relay(notAskedFor)).toMatchObject({
    complete: true,
    report: { usage: undefined, contentEvents: 3 },
  });
});

it('comments, pings and the role alone are not content', () => {
  const stream = `: OPENROUTER PROCESSING\n\ndata: {${head},"choices":[${deltas[0]}]}\n\n: ping\n\n`;
  expect(relay(stream)).toMatchObject({ text: stream, report: { contentEvents: 0 } });
});

it('a first chunk that says something already is content', () => {
  const tools = '{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"call_1"}]}}';
  expect(relay(`data: {"choices":[${tools}]}\n\n`).report.contentEvents).toBe(1);
  expect(relay('data: {"choices":[{"index":0,"text":"Hi"}]}\n\n').report.contentEvents).toBe(1);
});

it('of usage in every chunk the last counts', () => {
  const continuous = [1, 2, 3].map(
    (count) =>
      `data: {"choices":[${deltas[3]}],"usage":{"prompt_tokens":5,"completion_tokens":${count},"total_tokens":9}}\n\n`,
  );
  const { report, text } = relay(continuous.join(''));
  expect(report).toMatchObject({ usage: { inputTotal: 5, outputTotal: 3 }, final: false, contentEvents: 3 });
  expect(text).toBe(continuous.join(''));
});

describe('an error in the place of the first event', () => {
  const failure = (error: string) => relay(`data: {"error":${error}}\n\ndata: [DONE]\n\n`).failedAtStart;

  it('puts nothing out, and is told with the status it should have had', () => {
    const stream =
      'data: {"error":{"message":"slow down","type":"rate_limit_error","code":null}}\n\ndata: [DONE]\n\n';
    expect(relay(stream)).toMatchObject({
      text: '',
      failedAtStart: {
        status: 429,
        body: '{"error":{"message":"slow down","type":"rate_limit_error","code":null}}',
      },
    });
  });

  it.each([
    ['{"message":"m","type":"BadRequestError","param":null,"code":400}', 400],
    ['{"message":"m","type":"InternalServerError","code":500}', 500],
    ['{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}', 400],
    ['{"message":"m","type":"server_error","code":"server_is_overloaded"}', 503],
    ['{"message":"m","type":"insufficient_quota"}', 429],
    ['{"message":"m","code":200}', 502],
    ['"just words"', 502],
  ])('%s had been a %i', (error, status) => {
    expect(failure(error)?.status).toBe(status);
  });

  it('is read in the flat shape of older vLLM too', () => {
    const flat = '{"object":"error","message":"m","type":"NotFoundError","code":404}';
    expect(relay(`data: ${flat}\n\n`)).toMatchObject({
      text: '',
      failedAtStart: { status: 404, body: `{"error":${flat}}` },
    });
  });
});

it('an error in the middle goes to the client as it is, and ends the answer without a last word on usage', () => {
  const stream = [
    `data: {${head},"choices":[${deltas[3]}],"usage":{"prompt_tokens":5,"completion_tokens":1}}\n\n`,
    'data: {"error":{"message":"boom","type":"server_error"}}\n\ndata: [DONE]\n\n',
  ].join('');
  expect(relay(stream)).toMatchObject({
    text: stream,
    complete: true,
    failedAtStart: undefined,
    report: { final: false, usage: { outputTotal: 1 } },
  });
});

it('an error member that is null is no error', () => {
  const stream = `data: {"choices":[${deltas[3]}],"error":null}\n\n`;
  expect(relay(stream)).toMatchObject({ text: stream, failedAtStart: undefined });
});

it('the characters of what was said are counted, in whichever member it is', () => {
  const charsOf = (choices: string, severalChoices = false): number => {
    const tap = createStreamTap(createChatEventReader({ hideUsage: true, severalChoices }));
    tap.push(toBytes(`data: {"choices":[${choices}]}\n\n`.repeat(3)));
    return tap.report.contentChars / 3;
  };
  expect(charsOf('{"index":0,"delta":{"role":"assistant","content":"five tokens at once"}}')).toBe(19);
  expect(charsOf('{"index":0,"text":"legacy","logprobs":null}')).toBe(6);
  expect(charsOf('{"delta":{"content":"the end"},"finish_reason":"stop"}')).toBe(7);
  const two = '{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"bc"}}';
  expect(charsOf(two, true)).toBe(3);
  expect(charsOf(two)).toBe(1);
});

it('an end of the second choice of a chunk is an end', () => {
  const ends = '{"finish_reason":null},{"finish_reason": "stop"}';
  expect(relay(`data: {"choices":[${ends}]}\n\n`)).toMatchObject({ complete: true });
  expect(relay(`data: {"choices":[${ends.replace('"stop"', 'null')}]}\n\n`)).toMatchObject({
    complete: false,
  });
});
