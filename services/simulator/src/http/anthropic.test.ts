import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../start-simulator.ts';
import { parseEvents, post } from './test-client.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'secret' });
});

afterAll(() => simulator.close());

const postMessages = (part: object, headers: Record<string, string> = { 'x-api-key': 'secret' }) =>
  post(
    `${simulator.url}/v1/messages`,
    {
      model: 'sim-claude',
      max_tokens: 100,
      system: 'be kind',
      messages: [{ role: 'user', content: 'hello [[tokens:2]]' }],
      ...part,
    },
    headers,
  );

const tools = [
  { name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } },
];

describe('messages', () => {
  it('answer with content blocks and usage', async () => {
    const response = await postMessages({});
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: expect.any(String) }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 7, cache_read_input_tokens: 0, output_tokens: 2 },
    });
  });

  it('stream named events with the whole usage at the end', async () => {
    const events = parseEvents(await (await postMessages({ stream: true })).text());
    expect(events.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]?.data.message.usage).toMatchObject({ input_tokens: 7, output_tokens: 1 });
    expect(events[6]?.data).toMatchObject({
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 2 },
    });
  });

  it('say max_tokens when the cap cuts them', async () => {
    expect(await (await postMessages({ max_tokens: 1 })).json()).toMatchObject({ stop_reason: 'max_tokens' });
  });

  it('stream the input of a tool in fragments', async () => {
    const response = await postMessages({ stream: true, tools, tool_choice: { type: 'any' } });
    const events = parseEvents(await response.text());
    const block = events.find(({ event }) => event === 'content_block_start')?.data.content_block;
    const fragments = events.flatMap(({ data }) => data.delta?.partial_json ?? []);
    expect(block).toMatchObject({ type: 'tool_use', name: 'weather', input: {} });
    expect(fragments.length).toBeGreaterThan(1);
    expect(JSON.parse(fragments.join(''))).toEqual({ city: expect.any(String) });
    expect(events.at(-2)?.data.delta.stop_reason).toBe('tool_use');
  });

  it('stream one empty fragment for a tool without arguments', async () => {
    const bare = [{ name: 'now', input_schema: { type: 'object', properties: {} } }];
    const response = await postMessages({
      stream: true,
      tools: bare,
      tool_choice: { type: 'tool', name: 'now' },
    });
    const events = parseEvents(await response.text());
    expect(events.flatMap(({ data }) => data.delta?.partial_json ?? [])).toEqual(['']);
  });

  it('answer a tool result with text', async () => {
    const content = [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }];
    const response = await postMessages({ tools, messages: [{ role: 'user', content }] });
    expect(await response.json()).toMatchObject({ stop_reason: 'end_turn' });
  });

  it.each([
    [{}, {}, 401, 'authentication_error'],
    [{ max_tokens: undefined }, { authorization: 'Bearer secret' }, 400, 'invalid_request_error'],
    [{ model: 'claude-9' }, { 'x-api-key': 'secret' }, 404, 'not_found_error'],
  ])('refuse %j in the shape of their API', async (part, headers, status, type) => {
    const response = await postMessages(part, { ...headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type, message: expect.any(String) },
      request_id: response.headers.get('request-id'),
    });
  });
});

describe('count_tokens', () => {
  it('counts what a message would be charged for, and charges nothing', async () => {
    const before = simulator.totals().promptTokens;
    const body = {
      model: 'sim-claude',
      system: 'be kind',
      messages: [{ role: 'user', content: 'hello [[tokens:2]]' }],
    };
    const headers = { 'x-api-key': 'secret' };
    const response = await post(`${simulator.url}/v1/messages/count_tokens`, body, headers);
    expect(await response.json()).toEqual({ input_tokens: 7 });
    expect(simulator.totals().promptTokens).toBe(before);
  });
});
