import Anthropic from '@anthropic-ai/sdk';
import { expect, it } from 'vitest';
import { anthropicHeaders, call, parseBody } from '../e2e/support/http-call.ts';
import { key, useMesh } from '../e2e/support/mesh-under-test.ts';
import { anthropicTools } from '../e2e/support/sample-requests.ts';

const mesh = useMesh();

const client = (): Anthropic =>
  new Anthropic({ apiKey: key, baseURL: mesh().baseUrl, maxRetries: 0, timeout: 20_000 });

const direct = async (path: string, body: object) =>
  parseBody(
    await call(mesh().simulator.url + path, { headers: anthropicHeaders(key), body: JSON.stringify(body) }),
  );

const body = {
  model: 'sim-claude',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Say something [[tokens:15]]' }],
};

const toolBody = {
  ...body,
  messages: [{ role: 'user' as const, content: 'use the tool' }],
  tools: [...anthropicTools] as unknown as Anthropic.Tool[],
};

it('a message is the one that the provider gives, and names its request', async () => {
  const message = await client().messages.create(body);
  const { _request_id: requestId, ...rest } = message;
  expect(rest).toMatchObject(await direct('/v1/messages', body));
  expect(message.usage.output_tokens).toBe(15);
  expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  expect((await mesh().simulator.settledCallsOf(requestId ?? '')).length).toBe(1);
});

it('a key may also come as a bearer token', async () => {
  const withToken = new Anthropic({ apiKey: null, authToken: key, baseURL: mesh().baseUrl, maxRetries: 0 });
  expect((await withToken.messages.create(body)).stop_reason).toBe('end_turn');
});

it('a raw stream gives the events in order, and its text is that of the whole', async () => {
  const types: string[] = [];
  let text = '';
  for await (const event of await client().messages.create({ ...body, stream: true })) {
    types.push(event.type);
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
  }
  expect(types[0]).toBe('message_start');
  expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
  expect(text).toBe((await direct('/v1/messages', body)).content[0].text);
});

it('the stream helper puts the whole message together', async () => {
  const stream = client().messages.stream(body);
  const texts: string[] = [];
  stream.on('text', (text) => texts.push(text));
  const final = await stream.finalMessage();
  expect(texts.join('')).toBe((await direct('/v1/messages', body)).content[0].text);
  expect(final.usage.output_tokens).toBe(15);
  expect(final.stop_reason).toBe('end_turn');
});

it('a tool is used, and the streamed use is that of the whole', async () => {
  const whole = await client().messages.create(toolBody);
  const streamed = await client().messages.stream(toolBody).finalMessage();
  expect(whole.stop_reason).toBe('tool_use');
  const use = whole.content.find(({ type }) => type === 'tool_use');
  if (use?.type !== 'tool_use') throw new Error('no tool was used');
  expect(Object.keys(use.input as object)).toEqual(['city', 'days']);
  const pick = ({ content }: Anthropic.Message) =>
    content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, input: block.input, id: block.id }] : [],
    );
  expect(pick(streamed)).toEqual(pick(whole));
});

it('the answer to a tool result is a text', async () => {
  const asked = await client().messages.create(toolBody);
  const use = asked.content.find(({ type }) => type === 'tool_use');
  if (use?.type !== 'tool_use') throw new Error('no tool was used');
  const answered = await client().messages.create({
    ...toolBody,
    messages: [
      ...toolBody.messages,
      { role: 'assistant', content: asked.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: 'sunny' }] },
    ],
  });
  expect(answered.stop_reason).toBe('end_turn');
});

it('tokens are counted as the provider counts them', async () => {
  const asked = { model: 'sim-claude', messages: body.messages };
  const counted = await client().messages.countTokens(asked);
  expect(counted.input_tokens).toBe((await direct('/v1/messages/count_tokens', asked)).input_tokens);
});

it('the models come in the shape of Anthropic, page by page', async () => {
  const ids: string[] = [];
  for await (const model of client().models.list()) {
    expect(model.type).toBe('model');
    expect(Number.isNaN(Date.parse(model.created_at))).toBe(false);
    ids.push(model.id);
  }
  expect(ids).toContain('sim-claude');
  expect((await client().models.retrieve('sim-claude')).display_name).toBe('sim-claude');
});

it('a model that does not exist is not found, in the shape of Anthropic', async () => {
  const failure = await client()
    .models.retrieve('no-such-model')
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Anthropic.NotFoundError);
  expect(failure).toMatchObject({ status: 404, type: 'not_found_error' });
});
