/** One request for each API and way to answer, small enough to read in a failure. */
export interface SampleRequest {
  readonly what: string;
  readonly path: string;
  readonly api: 'openai' | 'anthropic';
  readonly body: object;
}

const weatherSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
} as const;

export const chatTools = [
  {
    type: 'function',
    function: { name: 'get_weather', description: 'Weather of a city', parameters: weatherSchema },
  },
] as const;

export const responsesTools = [
  { type: 'function', name: 'get_weather', parameters: weatherSchema, strict: false },
] as const;

export const anthropicTools = [
  { name: 'get_weather', description: 'Weather of a city', input_schema: weatherSchema },
] as const;

const user = (content: string) => [{ role: 'user' as const, content }];

const chat = { path: '/v1/chat/completions', api: 'openai' } as const;
const messages = { path: '/v1/messages', api: 'anthropic' } as const;
const chatBody = { model: 'sim-gpt', messages: user('Say something [[tokens:12]]') };
const chatToolBody = { model: 'sim-gpt', messages: user('use the tool'), tools: chatTools };
const messagesBody = { model: 'sim-claude', max_tokens: 64, messages: user('Say something [[tokens:12]]') };
const messagesToolBody = {
  model: 'sim-claude',
  max_tokens: 64,
  messages: user('use the tool'),
  tools: anthropicTools,
};
const responsesBody = { model: 'sim-gpt', input: 'Say something [[tokens:12]]' };
const responsesToolBody = { model: 'sim-gpt', input: 'use the tool', tools: responsesTools };
const completionsBody = { model: 'sim-gpt', prompt: 'Once upon a time [[tokens:12]]' };
const unicodeBody = { model: 'sim-gpt', messages: user('unicode ünïcödé 🦫 [[tokens:300]]') };
const withUsage = { stream: true, stream_options: { include_usage: true } };

export const sampleRequests: readonly SampleRequest[] = [
  { ...chat, what: 'a chat completion', body: chatBody },
  { ...chat, what: 'a streamed chat completion', body: { ...chatBody, stream: true } },
  { ...chat, what: 'a streamed chat completion with usage', body: { ...chatBody, ...withUsage } },
  { ...chat, what: 'a chat completion that calls a tool', body: chatToolBody },
  { ...chat, what: 'a streamed chat completion that calls a tool', body: { ...chatToolBody, stream: true } },
  { ...chat, what: 'a chat completion of hard characters', body: unicodeBody },
  { ...chat, what: 'a streamed chat completion of hard characters', body: { ...unicodeBody, stream: true } },
  { what: 'a legacy completion', path: '/v1/completions', api: 'openai', body: completionsBody },
  {
    what: 'a streamed legacy completion',
    path: '/v1/completions',
    api: 'openai',
    body: { ...completionsBody, stream: true },
  },
  {
    what: 'a streamed legacy completion with usage',
    path: '/v1/completions',
    api: 'openai',
    body: { ...completionsBody, ...withUsage },
  },
  {
    what: 'embeddings as floats',
    path: '/v1/embeddings',
    api: 'openai',
    body: { model: 'sim-embed', input: ['first', 'second'] },
  },
  {
    what: 'embeddings as base64',
    path: '/v1/embeddings',
    api: 'openai',
    body: { model: 'sim-embed', input: ['first', 'second'], encoding_format: 'base64' },
  },
  { what: 'a response', path: '/v1/responses', api: 'openai', body: responsesBody },
  {
    what: 'a streamed response',
    path: '/v1/responses',
    api: 'openai',
    body: { ...responsesBody, stream: true },
  },
  { what: 'a response that calls a tool', path: '/v1/responses', api: 'openai', body: responsesToolBody },
  {
    what: 'a streamed response that calls a tool',
    path: '/v1/responses',
    api: 'openai',
    body: { ...responsesToolBody, stream: true },
  },
  { ...messages, what: 'a message', body: messagesBody },
  { ...messages, what: 'a streamed message', body: { ...messagesBody, stream: true } },
  { ...messages, what: 'a message that calls a tool', body: messagesToolBody },
  { ...messages, what: 'a streamed message that calls a tool', body: { ...messagesToolBody, stream: true } },
  {
    what: 'a count of tokens',
    path: '/v1/messages/count_tokens',
    api: 'anthropic',
    body: { model: 'sim-claude', messages: user('How many tokens is this?') },
  },
];
