import type { Api } from '../../envelope.ts';
import { type JsonObject, schemaPath } from '../to-components.ts';
import { type HttpWire, toErrorRefs } from './error-responses.ts';
import type { HttpBodyName } from './http-body-schemas.ts';
import { answerHeaders, toHeaderRefs } from './response-headers.ts';

interface InferenceSpec {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly api: Api;
  readonly request: HttpBodyName;
  readonly streams: boolean;
}

const inferences: readonly InferenceSpec[] = [
  {
    path: '/v1/chat/completions',
    operationId: 'createChatCompletion',
    summary: 'OpenAI chat completion.',
    api: 'openai.chat',
    request: 'ChatCompletionRequest',
    streams: true,
  },
  {
    path: '/v1/completions',
    operationId: 'createCompletion',
    summary: 'OpenAI text completion.',
    api: 'openai.completions',
    request: 'CompletionRequest',
    streams: true,
  },
  {
    path: '/v1/embeddings',
    operationId: 'createEmbedding',
    summary: 'OpenAI embeddings.',
    api: 'openai.embeddings',
    request: 'EmbeddingRequest',
    streams: false,
  },
  {
    path: '/v1/responses',
    operationId: 'createResponse',
    summary: 'OpenAI response.',
    api: 'openai.responses',
    request: 'ResponseRequest',
    streams: true,
  },
  {
    path: '/v1/messages',
    operationId: 'createMessage',
    summary: 'Anthropic message.',
    api: 'anthropic.messages',
    request: 'MessageRequest',
    streams: true,
  },
  {
    path: '/v1/messages/count_tokens',
    operationId: 'countTokens',
    summary: 'Anthropic count of input tokens.',
    api: 'anthropic.count_tokens',
    request: 'CountTokensRequest',
    streams: false,
  },
  {
    path: '/inference',
    operationId: 'runInference',
    summary: 'Any JSON API that an upstream speaks.',
    api: 'generic',
    request: 'InferenceRequest',
    streams: true,
  },
];

const wireOf = (api: Api): HttpWire => (api.startsWith('anthropic.') ? 'anthropic' : 'openai');

const json = (name: HttpBodyName): JsonObject => ({
  'application/json': { schema: { $ref: schemaPath(name) } },
});

const answer = (description: string, content: JsonObject): JsonObject => ({
  description,
  headers: toHeaderRefs(answerHeaders),
  content,
});

const parameter = (name: string): JsonObject => ({ $ref: `#/components/parameters/${name}` });

const eventStream: JsonObject = {
  'text/event-stream': {
    schema: {
      type: 'string',
      description:
        'Server-sent events of the API. An error after the head is the last event; an API without one gets a cut connection.',
    },
  },
};

const upstreamError = answer("Any other status: the upstream's own, with its body.", json('UpstreamAnswer'));

const inference = (spec: InferenceSpec): JsonObject => ({
  post: {
    operationId: spec.operationId,
    summary: spec.summary,
    tags: [wireOf(spec.api)],
    'x-weir-api': spec.api,
    parameters: [
      parameter('traceparent'),
      parameter('x-stainless-timeout'),
      ...(wireOf(spec.api) === 'anthropic' ? [parameter('anthropic-version')] : []),
    ],
    requestBody: { required: true, content: json(spec.request) },
    responses: {
      '200': answer("The upstream's answer.", {
        ...json('UpstreamAnswer'),
        ...(spec.streams ? eventStream : {}),
      }),
      ...toErrorRefs(wireOf(spec.api)),
      default: upstreamError,
    },
  },
});

const oneOf = (...names: HttpBodyName[]): JsonObject => ({
  'application/json': { schema: { oneOf: names.map((name) => ({ $ref: schemaPath(name) })) } },
});

const models = (operationId: string, summary: string, content: JsonObject, inPath: JsonObject[]) => ({
  get: {
    operationId,
    summary,
    description:
      'In the shape of the Anthropic API when `anthropic-version` is sent, else of the OpenAI API.',
    tags: ['openai', 'anthropic'],
    'x-weir-api': 'openai.models',
    parameters: [...inPath, parameter('anthropic-version')],
    responses: { '200': answer('What the API key may use.', content), ...toErrorRefs('openai') },
  },
});

const health = (operationId: string, summary: string): JsonObject => ({
  get: {
    operationId,
    summary,
    tags: ['health'],
    security: [],
    responses: {
      '200': { description: 'Ready.', content: json('Ready') },
      '503': { description: 'Something is missing.', content: json('NotReady') },
    },
  },
});

const live: JsonObject = {
  get: {
    operationId: 'getLive',
    summary: 'The process answers.',
    tags: ['health'],
    security: [],
    responses: { '200': { description: 'Live.', content: json('Live') } },
  },
};

/** The paths that exist without being configured. */
export const paths = (): Record<string, JsonObject> => ({
  ...Object.fromEntries(inferences.map((spec) => [spec.path, inference(spec)])),
  '/v1/models': models('listModels', 'Models.', oneOf('OpenAiModels', 'AnthropicModels'), []),
  '/v1/models/{model}': models('getModel', 'One model.', oneOf('OpenAiModel', 'AnthropicModel'), [
    parameter('model'),
  ]),
  '/health': health('getHealth', 'Whether requests can be served.'),
  '/health/ready': health('getReady', 'Whether requests can be served.'),
  '/health/live': live,
});
