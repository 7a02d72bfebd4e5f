import type { JsonObject } from '../to-components.ts';

const text = (description: string): JsonObject => ({ description, schema: { type: 'string' } });

const count = (description: string): JsonObject => ({ description, schema: { type: 'integer', minimum: 0 } });

/** Headers that Weir adds to answers. */
export const responseHeaders = {
  'X-Request-Id': text('Request id, UUIDv7.'),
  'X-Correlation-Id': text('The correlation id that travelled with the request, else the request id.'),
  'X-Upstream-Request-Id': text("The upstream's own request id, when it gave one."),
  'X-Weir-Upstream': text('Name of the upstream that answered.'),
  'X-Weir-Variant': text('The variant that answered, where the route splits its requests.'),
  'X-Weir-Attempts': count('Number of the attempt that answered, from 1.'),
  'Set-Cookie': text("The client's session from now on, where the upstream issues its cookie and none came."),
  'X-Should-Retry': {
    description: "`false` when a client's own retry cannot help.",
    schema: { type: 'string', enum: ['true', 'false'] },
  },
  'X-Process-Time': text('Seconds from the head of the request to the answer. Not on streams.'),
  'X-Request-Size': count('Bytes of the request body. Not on streams.'),
  'X-Response-Size': count('Bytes of the answer body. Not on streams.'),
  'X-Token-Usage': text(
    'JSON: `input` and `output` tokens as the upstream reported them, null where it did not. Not on streams.',
  ),
  'X-Inference-Cost': text(
    'Decimal amount of the currency that the answer costs. Not on streams, nor without a price.',
  ),
  'X-Budget-Remaining': text('What is left of the budget that runs out first: tokens, requests or money.'),
  'X-Budget-Period-Reset': text('When that budget begins anew, RFC 3339.'),
  'X-Budget-Clamped': count('The cap on output tokens that the budget had room for.'),
  'X-Ratelimit-Limit-Requests': count('Burst of the tightest rate of requests.'),
  'X-Ratelimit-Remaining-Requests': count('What is left of it.'),
  'X-Ratelimit-Reset-Requests': text('Until it is full again, such as `1s` or `6m0s`.'),
  'X-Ratelimit-Limit-Tokens': count('Burst of the tightest rate of tokens.'),
  'X-Ratelimit-Remaining-Tokens': count('What is left of it.'),
  'X-Ratelimit-Reset-Tokens': text('Until it is full again.'),
  'Retry-After': {
    description: 'Seconds until another try may succeed.',
    schema: { type: 'integer', minimum: 1, maximum: 60 },
  },
  'Request-Id': text('Request id, where clients of the Anthropic API look for it. On errors only.'),
  Allow: text('Methods that the path takes.'),
} as const satisfies Record<string, JsonObject>;

export type ResponseHeaderName = keyof typeof responseHeaders;

/** On answers and errors alike, where a limit or a budget applies. */
export const limitHeaders = [
  'X-Budget-Remaining',
  'X-Budget-Period-Reset',
  'X-Ratelimit-Limit-Requests',
  'X-Ratelimit-Remaining-Requests',
  'X-Ratelimit-Reset-Requests',
  'X-Ratelimit-Limit-Tokens',
  'X-Ratelimit-Remaining-Tokens',
  'X-Ratelimit-Reset-Tokens',
] as const satisfies readonly ResponseHeaderName[];

export const answerHeaders: readonly ResponseHeaderName[] = [
  'X-Request-Id',
  'X-Correlation-Id',
  'X-Upstream-Request-Id',
  'X-Weir-Upstream',
  'X-Weir-Variant',
  'X-Weir-Attempts',
  'Set-Cookie',
  'X-Should-Retry',
  'X-Process-Time',
  'X-Request-Size',
  'X-Response-Size',
  'X-Token-Usage',
  'X-Inference-Cost',
  'X-Budget-Clamped',
  ...limitHeaders,
];

/** A `headers` object that points to the components. */
export const toHeaderRefs = (names: readonly ResponseHeaderName[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
