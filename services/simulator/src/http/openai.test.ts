import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../start-simulator.ts';
import { parseEvents, post } from './test-client.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

beforeEach(() => simulator.reset());

afterAll(() => simulator.close());

const chat = (part: object = {}, text = 'hello [[tokens:3]]') => ({
  model: 'sim-gpt',
  messages: [{ role: 'user', content: text }],
  ...part,
});

const postChat = (body: unknown, headers?: Record<string, string>) =>
  post(`${simulator.url}/v1/chat/completions`, body, headers);

const tools = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
    },
  },
];

describe('chat completions', () => {
  it('answers with a message, the usage and the headers of a provider', async () => {
    const response = await postChat(chat(), { 'x-request-id': 'abc' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toBe('abc');
    expect(response.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
    expect(response.headers.get('x-sim-instance')).toBe('sim');
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{24}$/),
      object: 'chat.completion',
      model: 'sim-gpt',
      choices: [
        { index: 0, message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    });
    expect(simulator.requests('abc')).toMatchObject([
      {
        api: 'openai.chat',
        status: 200,
        outcome: 'completed',
        promptTokens: 5,
        completionTokens: 3,
        stream: false,
      },
    ]);
  });

  it('streams role, one delta a token, the finish and the end mark, without usage unless asked', async () => {
    const response = await postChat(chat({ stream: true }));
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = parseEvents(await response.text());
    expect(events).toHaveLength(6);
    expect(events[0]?.data.choices[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(events.slice(1, 4).map(({ data }) => Object.keys(data.choices[0].delta))).toEqual([
      ['content'],
      ['content'],
      ['content'],
    ]);
    expect(events[4]?.data.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(events[5]?.data).toBe('[DONE]');
    expect(events.slice(0, 5).some(({ data }) => 'usage' in data)).toBe(false);
    expect(new Set(events.slice(0, 5).map(({ data }) => data.id)).size).toBe(1);
  });

  it('sends one usage chunk without choices when asked, and a null usage on every other', async () => {
    const response = await postChat(chat({ stream: true, stream_options: { include_usage: true } }));
    const events = parseEvents(await response.text()).slice(0, -1);
    expect(events.slice(0, -1).every(({ data }) => data.usage === null)).toBe(true);
    expect(events.at(-1)?.data).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 5, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 0 } },
    });
  });

  it('streams the text that it gives whole', async () => {
    const [whole, streamed] = await Promise.all([postChat(chat()), postChat(chat({ stream: true }))]);
    const content = parseEvents(await streamed.text())
      .flatMap(({ data }) => data.choices?.[0]?.delta.content ?? '')
      .join('');
    const body = (await whole.json()) as { choices: { message: { content: string } }[] };
    expect(content).toBe(body.choices[0]?.message.content);
  });

  it('gives the same bytes for the same request', async () => {
    const body = chat({ stream: true, stream_options: { include_usage: true } }, 'no marker here');
    const [first, second] = await Promise.all([postChat(body), postChat(body)]);
    expect(await first.text()).toBe(await second.text());
  });

  it('says length when the cap cuts the answer', async () => {
    const answers = await Promise.all([
      postChat(chat({ max_tokens: 2 })),
      postChat(chat({ max_completion_tokens: 2 })),
    ]);
    for (const answer of answers) {
      expect(await answer.json()).toMatchObject({
        choices: [{ finish_reason: 'length' }],
        usage: { completion_tokens: 2 },
      });
    }
  });

  it('calls a tool when the text speaks of one, in fragments under one id', async () => {
    const response = await postChat(chat({ stream: true, tools }, 'use a tool'));
    const events = parseEvents(await response.text());
    const calls = events.flatMap(({ data }) => data.choices?.[0]?.delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({ index: 0, id: expect.stringMatching(/^call_/), type: 'function' });
    expect(calls[0].function).toEqual({ name: 'weather', arguments: '' });
    expect(calls.slice(1).every((call) => call.id === undefined && call.index === 0)).toBe(true);
    expect(calls.length).toBeGreaterThan(3);
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({
      city: expect.any(String),
      days: expect.any(Number),
    });
    expect(events.at(-2)?.data.choices[0].finish_reason).toBe('tool_calls');
  });

  it('calls a tool that is forced, and answers a tool result with text', async () => {
    const forced = { tools, tool_choice: { type: 'function', function: { name: 'weather' } } };
    const call = await (await postChat(chat(forced))).json();
    expect(call).toMatchObject({
      choices: [
        { finish_reason: 'tool_calls', message: { content: null, tool_calls: [{ type: 'function' }] } },
      ],
    });
    const messages = [
      { role: 'user', content: 'tool' },
      { role: 'assistant', content: null, tool_calls: [] },
      { role: 'tool', tool_call_id: 'call_1', content: '{}' },
    ];
    expect(await (await postChat(chat({ ...forced, messages }))).json()).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: expect.any(String) } }],
    });
  });

  it.each([
    ['not json', 400, 'invalid_request_error', null],
    [{ messages: [] }, 400, 'invalid_request_error', 'model'],
    [{ model: 'sim-gpt' }, 400, 'invalid_request_error', 'messages'],
    [chat({ n: 2 }), 400, 'invalid_request_error', 'n'],
    [chat({ max_tokens: 0 }), 400, 'invalid_request_error', 'max_tokens'],
    [chat({ model: 'gpt-9' }), 404, 'invalid_request_error', 'model'],
  ])('refuses %j with %i in the shape of its API', async (body, status, type, param) => {
    const response = await postChat(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type, param, code: status === 404 ? 'model_not_found' : null },
    });
    expect(simulator.totals()).toMatchObject({ promptTokens: 0, outcomes: { rejected: 1 } });
  });
});

describe('completions', () => {
  it('answers whole and streamed in the legacy shape', async () => {
    const body = { model: 'sim-gpt', prompt: 'hello [[tokens:2]]' };
    const whole = await (await post(`${simulator.url}/v1/completions`, body)).json();
    expect(whole).toMatchObject({
      object: 'text_completion',
      choices: [{ text: expect.any(String), finish_reason: 'stop' }],
      usage: { completion_tokens: 2 },
    });
    const options = { stream: true, stream_options: { include_usage: true } };
    const streamed = await post(`${simulator.url}/v1/completions`, { ...body, ...options });
    const events = parseEvents(await streamed.text());
    expect(events.map(({ data }) => data.choices?.[0]?.finish_reason)).toEqual([
      null,
      null,
      'stop',
      undefined,
      undefined,
    ]);
    expect(events.at(-1)?.data).toBe('[DONE]');
  });
});

describe('embeddings', () => {
  const embed = async (part: object) => {
    const response = await post(`${simulator.url}/v1/embeddings`, {
      model: 'sim-embed',
      input: 'hello',
      ...part,
    });
    return (await response.json()) as { data: { embedding: number[] | string }[]; usage: object };
  };

  it('gives unit vectors, the same values as floats and as base64 of little-endian float32', async () => {
    const floats = (await embed({})).data[0]?.embedding as number[];
    const base64 = (await embed({ encoding_format: 'base64' })).data[0]?.embedding as string;
    const bytes = Buffer.from(base64, 'base64');
    expect(floats).toHaveLength(64);
    expect(Math.hypot(...floats)).toBeCloseTo(1, 5);
    expect(floats.map((_, index) => bytes.readFloatLE(index * 4))).toEqual(floats);
  });

  it('embeds many inputs in order, in the dimensions asked for', async () => {
    const answer = await embed({ input: ['a', 'b', 'a'], dimensions: 8 });
    const [first, second, third] = answer.data.map(({ embedding }) => embedding);
    expect(first).toHaveLength(8);
    expect(first).toEqual(third);
    expect(first).not.toEqual(second);
    expect(answer.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  });

  it('ignores base64 when told to be one of those servers', async () => {
    simulator.configure({ embeddingsFloatsOnly: true });
    const answer = await embed({ encoding_format: 'base64' });
    simulator.configure({ embeddingsFloatsOnly: false });
    expect(answer.data[0]?.embedding).toHaveLength(64);
  });
});

describe('responses', () => {
  const postResponses = (part: object) =>
    post(`${simulator.url}/v1/responses`, { model: 'sim-gpt', input: 'hello [[tokens:2]]', ...part });

  it('streams typed and numbered events from created to completed', async () => {
    const events = parseEvents(await (await postResponses({ stream: true })).text());
    expect(events.map(({ event }) => event)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.every(({ event, data }) => data.type === event)).toBe(true);
    const { response } = events.at(-1)?.data ?? {};
    expect(response.usage).toMatchObject({ input_tokens: 5, output_tokens: 2, total_tokens: 7 });
    expect(await (await postResponses({})).json()).toEqual(response);
  });

  it('is incomplete when the cap cuts it', async () => {
    const events = parseEvents(await (await postResponses({ stream: true, max_output_tokens: 1 })).text());
    expect(events.at(-1)?.data).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    });
  });

  it('streams a function call between its item events', async () => {
    const tool = { type: 'function', name: 'weather', parameters: tools[0]?.function.parameters };
    const response = await postResponses({ stream: true, tools: [tool], tool_choice: 'required' });
    const events = parseEvents(await response.text());
    const deltas = events.filter(({ event }) => event === 'response.function_call_arguments.delta');
    const done = events.find(({ event }) => event === 'response.function_call_arguments.done');
    expect(deltas.map(({ data }) => data.delta).join('')).toBe(done?.data.arguments);
    expect(events.at(-1)?.data.response.output[0]).toMatchObject({ type: 'function_call', name: 'weather' });
  });
});

describe('models', () => {
  it('are listed and found in the shape of the client that asks', async () => {
    const openai = await (await fetch(`${simulator.url}/v1/models`)).json();
    expect(openai).toMatchObject({ object: 'list', data: [{ id: 'sim-gpt', object: 'model' }, {}, {}, {}] });
    const headers = { 'anthropic-version': '2023-06-01' };
    const anthropic = await (await fetch(`${simulator.url}/v1/models`, { headers })).json();
    expect(anthropic).toMatchObject({
      has_more: false,
      first_id: 'sim-gpt',
      data: [{ type: 'model' }, {}, {}, {}],
    });
    const one = await (await fetch(`${simulator.url}/v1/models/sim-claude`)).json();
    expect(one).toMatchObject({ id: 'sim-claude', object: 'model' });
    const missing = await fetch(`${simulator.url}/v1/models/nothing`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { code: 'model_not_found' } });
  });
});
