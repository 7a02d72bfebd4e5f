import { type JsonObject, toComponents } from '../to-components.ts';
import { errorResponses } from './error-responses.ts';
import { httpBodySchemas } from './http-body-schemas.ts';
import { paths } from './paths.ts';
import { responseHeaders } from './response-headers.ts';

const header = (name: string, description: string): JsonObject => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
});

const parameters = {
  model: {
    name: 'model',
    in: 'path',
    required: true,
    description: 'Name of the model. It may hold slashes, encoded or not.',
    schema: { type: 'string' },
  },
  traceparent: header('traceparent', 'W3C trace context; the request joins this trace.'),
  'x-stainless-timeout': header(
    'x-stainless-timeout',
    "The client's own time-out in seconds, as the official clients tell it. The shorter one counts.",
  ),
  'anthropic-version': header('anthropic-version', 'Passed on. Its presence selects the Anthropic shapes.'),
};

const description = `What clients call. Bodies pass through unchanged: fields that are not named here reach the upstream.
Routes of the configuration add paths and prefixes of their own; their operations are those below.`;

/** OpenAPI 3.1 of the HTTP side. https://spec.openapis.org/oas/v3.1.1 */
export const openApiDocument = (): JsonObject => ({
  openapi: '3.1.1',
  info: {
    title: 'Weir',
    version: '1.0.0',
    description,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: 'http://127.0.0.1:8080' }],
  // The last one, without a name, is for anonymous callers, where the configuration takes them.
  security: [{ bearer: [] }, { apiKey: [] }, {}],
  tags: [{ name: 'openai' }, { name: 'anthropic' }, { name: 'health' }],
  paths: paths(),
  components: {
    schemas: toComponents(httpBodySchemas, 'draft-2020-12'),
    responses: errorResponses(),
    headers: responseHeaders,
    parameters,
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'Goes before `x-api-key`.' },
      apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    },
  },
});
