import type { JsonObject } from '../to-components.ts';

const text = (description: string): JsonObject => ({ description, schema: { type: 'string' } });

const count = (description: string): JsonObject => ({ description, schema: { type: 'integer', minimum: 0 } });

/** Headers that Weir adds to answers. */
export const responseHeaders = {
  'X-Request-Id': text('Request id, UUIDv7.'),
  'X-Correlation-Id': text('The correlation id that travelled with the request, else the request id.'),
  'X-Upstream-Request-Id': text("The upstream's own request id, when it gave one."),
  'X-Weir-Upstream': text('Name of the upstream that answered.'),
  'X-Weir-Attempts': count('Number of the attempt that answered, from 1.'),
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
  'Retry-After': {
    description: 'Seconds until another try may succeed.',
    schema: { type: 'integer', minimum: 1, maximum: 60 },
  },
  'Request-Id': text('Request id, where clients of the Anthropic API look for it. On errors only.'),
  Allow: text('Methods that the path takes.'),
} as const satisfies Record<string, JsonObject>;

export type ResponseHeaderName = keyof typeof responseHeaders;

export const answerHeaders: readonly ResponseHeaderName[] = [
  'X-Request-Id',
  'X-Correlation-Id',
  'X-Upstream-Request-Id',
  'X-Weir-Upstream',
  'X-Weir-Attempts',
  'X-Should-Retry',
  'X-Process-Time',
  'X-Request-Size',
  'X-Response-Size',
  'X-Token-Usage',
];

/** A `headers` object that points to the components. */
export const toHeaderRefs = (names: readonly ResponseHeaderName[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
