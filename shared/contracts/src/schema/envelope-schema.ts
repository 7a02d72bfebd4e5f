import * as z from 'zod';
import { fallbackReasons } from '../attempt.ts';
import { nameField } from '../config/fields.ts';
import { retryConditions } from '../config/retry-config.ts';
import { apis } from '../envelope.ts';
import { prefixEnds } from '../prefix-sketch.ts';
import {
  countField,
  epochMsField,
  headersField,
  instanceField,
  positionField,
  requestIdField,
  traceparentField,
} from './wire-fields.ts';

const byteRangeSchema = z.tuple([countField, countField]).readonly();

export const featuresSchema = z
  .object({
    inputTokens: countField.exactOptional().describe('Estimated input tokens. Absent when the API has none.'),
    estimatedBy: z.enum(['chars', 'words', 'tokenizer']).exactOptional(),
    outputCap: countField
      .exactOptional()
      .describe('Most output tokens that the client asked for. Absent: no cap.'),
    choices: countField.exactOptional().describe('Answers asked for at a time. Absent: 1.'),
    chars: countField.describe('Characters of all string values.'),
    words: countField.exactOptional().describe('Absent: no limit of the configuration counts words.'),
    messages: countField.describe('Messages, or inputs for embeddings.'),
    tools: countField,
    encodingFormat: z.string().exactOptional(),
    prefixes: z
      .array(z.string().regex(/^[A-Za-z0-9_-]{11}$/))
      .min(1)
      .max(prefixEnds.length)
      .readonly()
      .exactOptional()
      .describe(
        'Digests of the first 1, 2, 3, 4, 6, 8, 12 … KiB of the prompt. Absent: not asked for, or shorter.',
      ),
  })
  .readonly()
  .describe('What the ingress learned from the body.');

export const bodyMarksSchema = z
  .object({
    open: countField.exactOptional().describe('Just behind the opening brace. Absent: not a JSON object.'),
    empty: z.boolean().exactOptional(),
    model: byteRangeSchema.exactOptional(),
    streamOptions: byteRangeSchema.exactOptional(),
    streamOptionsOpen: countField.exactOptional(),
    streamOptionsEmpty: z.boolean().exactOptional(),
    includeUsage: byteRangeSchema.exactOptional(),
    includeUsageOn: z.boolean().exactOptional(),
    outputCaps: z
      .array(z.object({ range: byteRangeSchema, tokens: countField.exactOptional() }).readonly())
      .readonly()
      .exactOptional()
      .describe('The caps on output tokens that the body names; without tokens where the value is null.'),
  })
  .readonly()
  .describe('Byte offsets into the body as the client sent it; ranges are half-open.');

export const bodyPlaceSchema = z
  .discriminatedUnion('where', [
    z.object({ where: z.literal('inline'), bytes: countField }).readonly(),
    z.object({ where: z.literal('ingress'), bytes: countField, subject: z.string() }).readonly(),
  ])
  .describe('Inline bodies follow the meta line; the others are pulled in chunks from the subject.');

export const clientInfoSchema = z
  .object({
    ip: z.string(),
    headers: z.record(z.string(), z.string()).readonly().describe('Names in lower case. Never a credential.'),
    keySha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .exactOptional()
      .describe('SHA-256 of the API key. Absent: the client sent none.'),
    sessions: z
      .record(z.string().regex(/^(header|cookie):/), z.string().regex(/^[A-Za-z0-9_-]{22}$/))
      .readonly()
      .exactOptional()
      .describe(
        'What names the session: the front of a SHA-256, by where it was found. Absent: nothing does.',
      ),
  })
  .readonly();

export const principalSchema = z
  .object({
    org: nameField,
    team: nameField.describe('`_` when the key belongs to no team.'),
    key: nameField.describe('Id of the key, not the key. `_` for an anonymous caller.'),
    tier: z.string().exactOptional(),
  })
  .readonly()
  .describe('Who is calling. Added by policy.');

export const grantSchema = z
  .object({
    holds: z.array(z.object({ id: z.string(), amount: z.string() }).readonly()).readonly(),
    held: z.boolean().exactOptional().describe('The limit store waits to hear that the request is over.'),
    outputCap: countField.exactOptional().describe('Most output tokens that the budget has room for.'),
    fallback: z
      .enum(fallbackReasons)
      .exactOptional()
      .describe("Why only the route's fallback upstreams may serve the request. Absent: its own may."),
    expiresAt: epochMsField,
    mac: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/)
      .describe('HMAC-SHA-256, base64url.'),
  })
  .readonly()
  .describe("Policy's leave to call a provider.");

const statusField = z.int().min(100).max(599);

const retryRuleSchema = z
  .object({
    on: z.array(z.enum(retryConditions)).readonly().exactOptional(),
    statusCodes: z.array(statusField).readonly().exactOptional(),
  })
  .readonly();

const fallbackOfferSchema = z
  .object({
    onHealthFailure: z.boolean(),
    onErrorCodes: z.array(statusField).readonly(),
    latencyMs: countField.exactOptional().describe('No first byte for so long.'),
  })
  .readonly();

const fallbackStateSchema = z
  .object({
    reason: z.enum(fallbackReasons),
    from: nameField.describe('The upstream that it was taken from.'),
    since: positionField.describe('Number of the first attempt there.'),
  })
  .readonly();

const attemptFailureSchema = z
  .object({
    status: statusField.exactOptional().describe('Absent: there was no answer.'),
    retryAfterMs: countField.exactOptional().describe('The provider asks for this pause.'),
    trigger: z.enum(fallbackReasons).exactOptional(),
    isFinal: z.boolean().exactOptional().describe('Not to be tried again at the same upstreams.'),
  })
  .readonly();

const pastAttemptsSchema = z
  .object({
    accounts: positionField.describe('How many; the ledger gets an account of each.'),
    called: z.boolean().describe('One of them went out to its upstream.'),
  })
  .readonly()
  .describe('Attempts that were begun and then handed back for another one.');

export const attemptSchema = z
  .object({
    number: positionField.describe('From 1, over all targets.'),
    upstream: nameField,
    target: nameField,
    model: z.string().describe('Model name that the upstream knows.'),
    remaining: countField.describe('Further tries that the scheduler allows.'),
    alternatives: countField.describe('Targets not tried yet.'),
    excluded: z.array(z.string()).readonly().describe('Targets that failed, as `upstream/target`.'),
    lastFailure: z.string().exactOptional(),
    busy: countField.exactOptional().describe('Targets at their limit that turned the request away.'),
    scheduler: instanceField,
    dispatch: countField,
    reservedTokens: countField,
    retry: retryRuleSchema.exactOptional().describe("Absent: the adapter's own rule."),
    perTryTimeoutMs: countField.exactOptional().describe('To the first byte of the answer.'),
    answerBy: epochMsField
      .exactOptional()
      .describe('When the time for all attempts is over. Absent: the deadline alone.'),
    fallbackOffer: fallbackOfferSchema.exactOptional().describe('Absent: nothing could take the request.'),
    fallback: fallbackStateSchema.exactOptional().describe('The request is at a fallback upstream.'),
    past: pastAttemptsSchema.exactOptional().describe('Absent: no attempt was begun before.'),
    failure: attemptFailureSchema.exactOptional().describe('On an attempt that was handed back.'),
  })
  .readonly()
  .describe('One try at one target. Added by the scheduler.');

/** The meta line of an envelope, in full. The hot path has cheaper checks of its own. */
export const envelopeMetaSchema = z
  .object({
    v: z.literal(1),
    id: requestIdField,
    replyTo: z.string().min(1).describe('Subject for frames.'),
    ingress: instanceField,
    deadline: epochMsField.describe('Milliseconds since the epoch. Nothing is begun after it.'),
    receivedAt: epochMsField,
    route: nameField,
    api: z.enum(apis),
    method: z.string().min(1),
    path: z.string().describe('Path and query for the upstream.'),
    model: z.string().describe('Model as the client named it. Empty when the API has none.'),
    modelHeader: z
      .string()
      .exactOptional()
      .describe('Header that names the model, alone or beside the body, in lower case. Absent: none does.'),
    stream: z.boolean(),
    submission: countField.describe('How often this request was submitted before.'),
    features: featuresSchema,
    marks: bodyMarksSchema,
    body: bodyPlaceSchema,
    client: clientInfoSchema,
    principal: principalSchema.exactOptional(),
    grant: grantSchema.exactOptional(),
    answerHeaders: headersField.exactOptional().describe('Headers of the answer that policy decides.'),
    priority: z.int().exactOptional().describe("0 is served first. Absent: the route's default."),
    attempt: attemptSchema.exactOptional(),
    trace: traceparentField.exactOptional().describe('W3C traceparent.'),
  })
  .readonly()
  .describe('The meta line of an envelope.');
