import * as z from 'zod';
import { apis } from '../envelope.ts';
import { canarySchema } from './canary-schema.ts';
import {
  bodyLimitField,
  headerNameField,
  headerValueField,
  nameField,
  optionalDurationField,
  patternField,
} from './fields.ts';
import { budgetSchema, rateLimitSchema } from './limit-schema.ts';
import { priorityField } from './queue-schema.ts';
import { fallbackSchema, retrySchema } from './retry-schema.ts';
import { rulesSchema, wayShape } from './traffic-schema.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const pathField = z.string().regex(/^\/[^?#\s]{0,1023}$/, 'a path that begins with /, without query');

/** Headers that belong to one hop or to the adapter. */
const ownedHeaders = new Set([
  'authorization',
  'x-api-key',
  'proxy-authorization',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
]);

const settableHeaderField = headerNameField.refine(
  (name) => !ownedHeaders.has(name.toLowerCase()),
  "a header that is not Weir's own; for a provider's key see upstreams.<name>.credentials",
);

const modelHeaderField = headerNameField.refine(
  (name) => !ownedHeaders.has(name.toLowerCase()) && name.toLowerCase() !== 'cookie',
  "a header of the client's own, such as x-model-name",
);

const matchSchema = z.strictObject({
  path: pathField.exactOptional().describe('The whole path.'),
  pathPrefix: pathField.exactOptional().describe('The first segments of the path.'),
  methods: z.array(z.enum(methods)).min(1).exactOptional(),
  headers: z
    .record(headerNameField, patternField)
    .exactOptional()
    .describe('Header to a pattern of its value; * asks for presence only.'),
  models: z.array(patternField).min(1).exactOptional().describe("Patterns of the client's model name."),
  tiers: z.array(nameField).min(1).exactOptional().describe('Tiers of tenants.'),
});

const headerRulesSchema = z.strictObject({
  set: z.record(settableHeaderField, headerValueField).prefault({}),
  remove: z.array(headerNameField).default([]),
});

export const routeSchema = z.strictObject({
  name: nameField.describe('Unique. That of a built-in route replaces it.'),
  match: matchSchema.describe('Every condition that is given must hold.'),
  api: z.enum(apis).exactOptional().describe('API of the client; read off the path unless given.'),
  stripPrefix: pathField.exactOptional().describe('Taken off the front of the path.'),
  modelHeader: modelHeaderField
    .exactOptional()
    .describe('Header that names the model, for bodies without one.'),
  ...wayShape,
  canary: canarySchema.exactOptional().describe('An upstream that gets more and more, while it does well.'),
  rules: rulesSchema.exactOptional().describe('Where else requests go; the first that matches wins.'),
  authentication: z.enum(['key', 'none']).default('key').describe('none lets anonymous callers in.'),
  timeoutMs: optionalDurationField.describe('Deadline of a request.'),
  bodyLimitBytes: bodyLimitField.exactOptional().describe('Largest body.'),
  retry: retrySchema.prefault({}),
  fallback: fallbackSchema
    .exactOptional()
    .describe('Where requests go when the upstreams cannot serve them.'),
  headers: headerRulesSchema.prefault({}).describe('Changes of the request towards the upstream.'),
  priority: priorityField.exactOptional(),
  queueTimeoutMs: optionalDurationField.describe('How long a request may wait for a target.'),
  rateLimits: z.array(rateLimitSchema).default([]).describe('All of them apply.'),
  budgets: z.array(budgetSchema).default([]).describe('All of them apply.'),
  failureMode: z
    .enum(['closed', 'open'])
    .default('closed')
    .describe('Without the limit store: refuse, or let a local share of each limit through.'),
});
