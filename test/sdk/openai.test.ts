import OpenAI from 'openai';
import { expect, it } from 'vitest';
import { bearer, call, parseBody } from '../e2e/support/http-call.ts';
import { key, limitedKey, useMesh } from '../e2e/support/mesh-under-test.ts';
import { chatTools, responsesTools } from '../e2e/support/sample-requests.ts';

const mesh = useMesh();

const client = (apiKey = key): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${mesh().baseUrl}/v1`, maxRetries: 0, timeout: 20_000 });

const user = (content: string) => [{ role: 'user' as const, content }];

/** The simulator's own answer to the same body. */
const direct = async (path: string, body: object) =>
  parseBody(await call(mesh().simulator.url + path, { headers: bearer(key), body: JSON.stringify(body) }));

const chat = { model: 'sim-gpt', messages: user('Say something [[tokens:15]]') };

it('a chat completion is the one that the provider gives, and names its request', async () => {
  const completion = await client().chat.completions.create(chat);
  const { _request_id: requestId, ...body } = completion;
  expect(body).toEqual(await direct('/v1/chat/completions', chat));
  expect(completion.usage?.completion_tokens).toBe(15);
  expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  expect((await mesh().simulator.settledCallsOf(requestId ?? '')).length).toBe(1);
});

it('an alias reaches the model that it stands for', async () => {
  const completion = await client().chat.completions.create({ ...chat, model: 'fast' });
  expect(completion.choices).toEqual(
    (await direct('/v1/chat/completions', { ...chat, model: 'sim-gpt-mini' })).choices,
  );
});

it('a raw stream gives the pieces of the whole answer, without a usage that nobody asked for', async () => {
  const expected = await direct('/v1/chat/completions', chat);
  const stream = await client().chat.completions.create({ ...chat, stream: true });
  let content = '';
  let finish: string | null = null;
  const usages: unknown[] = [];
  for await (const chunk of stream) {
    expect(chunk.choices.length).toBe(1);
    content += chunk.choices[0]?.delta.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    if (chunk.usage) usages.push(chunk.usage);
  }
  expect(content).toBe(expected.choices[0].message.content);
  expect(finish).toBe('stop');
  expect(usages).toEqual([]);
});

it('a stream reports its usage in the last chunk when the client asks for it', async () => {
  const stream = await client().chat.completions.create({
    ...chat,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks.at(-1)?.choices).toEqual([]);
  expect(chunks.at(-1)?.usage?.completion_tokens).toBe(15);
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

it('the stream helper puts the whole answer together', async () => {
  const expected = await direct('/v1/chat/completions', chat);
  const stream = client().chat.completions.stream(chat);
  const deltas: string[] = [];
  stream.on('content', (delta) => deltas.push(delta));
  const final = await stream.finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe(expected.choices[0].message.content);
  expect(deltas.join('')).toBe(expected.choices[0].message.content);
});

it('a tool is called with arguments that parse', async () => {
  const completion = await client().chat.completions.create({
    model: 'sim-gpt',
    messages: user('use the tool'),
    tools: [...chatTools] as OpenAI.ChatCompletionTool[],
  });
  const [choice] = completion.choices;
  const [toolCall] = choice?.message.tool_calls ?? [];
  expect(choice?.finish_reason).toBe('tool_calls');
  if (toolCall?.type !== 'function') throw new Error('no function was called');
  expect(toolCall.function.name).toBe('get_weather');
  expect(Object.keys(JSON.parse(toolCall.function.arguments))).toEqual(['city', 'days']);
});

it('a streamed tool call is the one of the whole answer', async () => {
  const body = {
    model: 'sim-gpt',
    messages: user('use the tool'),
    tools: [...chatTools] as OpenAI.ChatCompletionTool[],
  };
  const whole = await client().chat.completions.create(body);
  const streamed = await client().chat.completions.stream(body).finalChatCompletion();
  expect(streamed.choices[0]?.finish_reason).toBe('tool_calls');
  expect(JSON.parse(JSON.stringify(streamed.choices[0]?.message.tool_calls))).toMatchObject(
    JSON.parse(JSON.stringify(whole.choices[0]?.message.tool_calls)),
  );
});

it('the tool loop of the helper runs the tool and comes back with a text', async () => {
  const asked: unknown[] = [];
  const runner = client().chat.completions.runTools({
    model: 'sim-gpt',
    messages: user('use the tool'),
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
          description: 'Weather of a city',
          parse: (text: string): unknown => JSON.parse(text),
          function: (city: unknown) => {
            asked.push(city);
            return 'sunny';
          },
        },
      },
    ],
  });
  expect((await runner.finalContent())?.length).toBeGreaterThan(0);
  expect(asked.length).toBe(1);
});

const floats = async (input: readonly string[]): Promise<number[][]> => {
  const answer = await direct('/v1/embeddings', { model: 'sim-embed', input, encoding_format: 'float' });
  return answer.data.map(({ embedding }: { embedding: number[] }) => embedding.map(Math.fround));
};

it('embeddings in the default encoding are the floats of the provider', async () => {
  const input = ['a beaver', 'a dam'];
  const embedded = await client().embeddings.create({ model: 'sim-embed', input });
  expect(embedded.data.map(({ embedding }) => Array.from(embedding))).toEqual(await floats(input));
});

it('embeddings as floats are the floats of the provider', async () => {
  const embedded = await client().embeddings.create({
    model: 'sim-embed',
    input: 'a',
    encoding_format: 'float',
  });
  expect(embedded.data[0]?.embedding.map(Math.fround)).toEqual((await floats(['a']))[0]);
});

it('base64 is made by the gateway where the provider ignores that it was asked for', async () => {
  const { simulator, baseUrl } = mesh();
  const input = ['a beaver', 'a dam'];
  const expected = await floats(input);
  const asked = { model: 'sim-embed', input, encoding_format: 'base64' };
  const encoded = await direct('/v1/embeddings', asked);
  await simulator.configure({ embeddingsFloatsOnly: true });
  try {
    expect(Array.isArray((await direct('/v1/embeddings', asked)).data[0].embedding)).toBe(true);
    const raw = await call(`${baseUrl}/v1/embeddings`, { headers: bearer(key), body: JSON.stringify(asked) });
    expect(parseBody(raw)).toEqual(encoded);
    const embedded = await client().embeddings.create({ model: 'sim-embed', input });
    expect(embedded.data.map(({ embedding }) => Array.from(embedding))).toEqual(expected);
  } finally {
    await simulator.configure({ embeddingsFloatsOnly: false });
  }
});

it('the models are those of the configuration, the aliases among them', async () => {
  const models = await client().models.list();
  expect(models.data.map(({ id }) => id).sort()).toEqual([
    'fast',
    'sim-claude',
    'sim-embed',
    'sim-gpt',
    'sim-gpt-mini',
  ]);
  expect(models.data.every(({ object }) => object === 'model')).toBe(true);
});

it('one model can be looked up, and one that does not exist cannot', async () => {
  expect((await client().models.retrieve('sim-gpt')).id).toBe('sim-gpt');
  const failure = await client()
    .models.retrieve('no-such-model')
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OpenAI.NotFoundError);
  expect(failure).toMatchObject({ status: 404, code: 'model_not_found' });
});

it('a key with one model sees that model alone', async () => {
  const models = await client(limitedKey).models.list();
  expect(models.data.map(({ id }) => id)).toEqual(['sim-gpt-mini']);
});

it('a legacy completion works, whole and streamed', async () => {
  const body = { model: 'sim-gpt', prompt: 'Once upon a time [[tokens:9]]' };
  const whole = await client().completions.create(body);
  expect(whole.usage?.completion_tokens).toBe(9);
  let text = '';
  for await (const chunk of await client().completions.create({ ...body, stream: true }))
    text += chunk.choices[0]?.text ?? '';
  expect(text).toBe(whole.choices[0]?.text);
});

const response = { model: 'sim-gpt', input: 'Say something [[tokens:10]]' };

it('a response is the one that the provider gives', async () => {
  const created = await client().responses.create(response);
  expect(created.status).toBe('completed');
  expect(created.output_text).toBe((await direct('/v1/responses', response)).output[0].content[0].text);
  expect(created.usage?.output_tokens).toBe(10);
});

it('a streamed response comes in order and ends with the whole', async () => {
  const types: string[] = [];
  const numbers: number[] = [];
  let text = '';
  for await (const event of await client().responses.create({ ...response, stream: true })) {
    types.push(event.type);
    numbers.push(event.sequence_number);
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.completed') expect(event.response.usage?.output_tokens).toBe(10);
  }
  expect(types[0]).toBe('response.created');
  expect(types.at(-1)).toBe('response.completed');
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(text).toBe((await direct('/v1/responses', response)).output[0].content[0].text);
});

it('the stream helper of responses gives the final response, tools included', async () => {
  const final = await client()
    .responses.stream({
      model: 'sim-gpt',
      input: 'use the tool',
      tools: [...responsesTools] as OpenAI.Responses.FunctionTool[],
    })
    .finalResponse();
  const [item] = final.output;
  if (item?.type !== 'function_call') throw new Error('no function was called');
  expect(item.name).toBe('get_weather');
  expect(Object.keys(JSON.parse(item.arguments))).toEqual(['city', 'days']);
});
