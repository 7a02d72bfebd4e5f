import * as z from 'zod';
import { affinitySchema, defaultAffinity } from './affinity-schema.ts';
import { engineMetricsField, maxRequestsPerTargetField } from './engine-metrics-schema.ts';
import {
  countField,
  durationField,
  headerPatternField,
  modelField,
  nameField,
  optionalDurationField,
  patternField,
} from './fields.ts';
import { circuitBreakerSchema, healthCheckSchema, outlierDetectionSchema } from './health-schema.ts';
import { queueSchema } from './queue-schema.ts';
import { tlsSchema } from './tls-schema.ts';
import {
  type Provider,
  providers,
  strategies,
  type TargetConfig,
  type UpstreamConfig,
} from './weir-config.ts';

const isBaseUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.username === '' && url.password === '' && !text.includes('?') && !text.includes('#');
  return isBare && (url.protocol === 'http:' || url.protocol === 'https:');
};

const urlField = z
  .string()
  .max(2048)
  .refine(isBaseUrl, 'an http or https URL without credentials, query or fragment')
  .describe('Base URL of the target.');

const targetSchema = z.union([
  urlField,
  z.strictObject({
    name: nameField.exactOptional().describe('t0, t1… by position unless given.'),
    url: urlField,
    weight: z
      .number()
      .positive()
      .max(1000)
      .default(1)
      .describe('Relative speed; with strategy `weighted` the share of the requests.'),
  }),
]);

const credentialsSchema = z.union([
  z.strictObject({
    fromEnv: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
      .describe('Environment variable of the adapter that holds the key.'),
  }),
  z.strictObject({ fromFile: z.string().min(1).describe('File of the adapter that holds the key.') }),
]);

const timeoutsSchema = z.strictObject({
  connectMs: durationField(5000).describe('To open a connection.'),
  headMs: durationField(300_000).describe('From the request to the first byte of the answer.'),
  idleMs: durationField(120_000).describe('Longest silence within the answer.'),
  totalMs: optionalDurationField.describe('From the request to the last byte of the answer.'),
});

const connectionPoolSchema = z.strictObject({
  maxConnections: countField(1, 65_535, 1_024).describe('Connections per target.'),
  maxPending: countField(0, 1_000_000, 1024).describe('Calls that may wait for a connection.'),
  idleTimeoutMs: durationField(30_000).describe('How long an idle connection is kept.'),
  pipelining: countField(1, 1000, 1).describe('Requests on one connection at a time.'),
  maxRequestsPerConnection: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .exactOptional()
    .describe('Calls of one connection, after which it is closed.'),
});

/** Both `https://host` and `https://host/v1` are in use as base URLs; request paths bring their own `/v1`. */
const toBase = (text: string, provider: Provider): string => {
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(provider === 'generic' ? /\/+$/ : /(?:\/+v1)*\/*$/, '');
};

const toTarget = (
  target: z.output<typeof targetSchema>,
  position: number,
  provider: Provider,
): TargetConfig => {
  const { name, url, weight } =
    typeof target === 'string' ? { name: undefined, url: target, weight: 1 } : target;
  return { name: name ?? `t${position}`, url: toBase(url, provider), weight };
};

const upstreamFields = z.strictObject({
  provider: z.enum(providers).describe('What the upstream speaks.'),
  targets: z
    .array(targetSchema)
    .min(1)
    .max(1024)
    .describe('Workers or endpoints that serve the same models.'),
  strategy: z.enum(strategies).default('least-tokens-queued').describe('How a target is chosen.'),
  affinity: affinitySchema.exactOptional().describe('With strategy `session`: what a session is.'),
  slowStartMs: countField(0, 3_600_000, 10_000).describe('How fast a new target gets its share; 0: at once.'),
  models: z.array(patternField).default([]).describe('Names or patterns of models; empty means any.'),
  aliases: z
    .record(modelField, modelField)
    .default({})
    .describe("The client's model name to the upstream's own."),
  priceAs: modelField.exactOptional().describe('Model name to look prices up by.'),
  credentials: credentialsSchema.exactOptional().describe("Where the provider's key is found."),
  tls: tlsSchema.exactOptional().describe('How https targets are checked, and who we are to them.'),
  timeouts: timeoutsSchema.prefault({}),
  connectionPool: connectionPoolSchema.prefault({}),
  queue: queueSchema.prefault({}),
  healthCheck: healthCheckSchema.exactOptional().describe('How targets are asked whether they are well.'),
  circuitBreaker: circuitBreakerSchema.exactOptional().describe('Gives a target that fails a rest.'),
  outlierDetection: outlierDetectionSchema
    .exactOptional()
    .describe('Leaves out what does worse than the rest.'),
  onDisconnect: z.enum(['abort', 'drain']).default('abort').describe('What to do when the client goes away.'),
  forwardHeaders: z.array(headerPatternField).default([]).describe('Client headers that travel on.'),
  askUsage: z.boolean().default(true).describe('Whether streams are made to report usage.'),
  countTokens: z.enum(['upstream', 'estimate']).exactOptional().describe('Who answers count_tokens.'),
  embeddings: z
    .enum(['as-is', 'encode-base64'])
    .exactOptional()
    .describe('Whether base64 embeddings must be encoded for the upstream.'),
  engineMetrics: engineMetricsField,
  maxRequestsPerTarget: maxRequestsPerTargetField,
  providerQuota: z
    .enum(['ignore', 'respect'])
    .default('ignore')
    .describe("Whether a target is left alone while the provider's own limit is used up."),
});

export const upstreamSchema = upstreamFields.transform(
  (upstream): UpstreamConfig => ({
    ...upstream,
    ...(upstream.strategy === 'session' ? { affinity: upstream.affinity ?? defaultAffinity } : {}),
    targets: upstream.targets.map((target, position) => toTarget(target, position, upstream.provider)),
    countTokens: upstream.countTokens ?? (upstream.provider === 'anthropic' ? 'upstream' : 'estimate'),
    embeddings:
      upstream.embeddings ?? (upstream.provider === 'openai-compatible' ? 'encode-base64' : 'as-is'),
  }),
);

export const upstreamsSchema = z
  .record(nameField, upstreamSchema)
  .refine((upstreams) => Object.keys(upstreams).length > 0, 'at least one upstream');
