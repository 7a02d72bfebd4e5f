import * as z from 'zod';
import { anthropicErrorSchema, openAiErrorSchema } from './http-error-schema.ts';

const model = z.string().min(1).describe('Name or alias of a model.');
const stream = z.boolean().optional();
const cap = z.int().min(1).optional();
const parts = z.array(z.looseObject({}));

/** Bodies pass through unchanged: only what Weir reads is named, and everything else is allowed. */
const requests = {
  ChatCompletionRequest: z.looseObject({
    model,
    messages: parts.optional(),
    stream,
    stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullable().optional(),
    max_completion_tokens: cap,
    max_tokens: cap,
    tools: parts.optional(),
  }),
  CompletionRequest: z.looseObject({ model, prompt: z.unknown().optional(), stream, max_tokens: cap }),
  EmbeddingRequest: z.looseObject({
    model,
    input: z.unknown().optional(),
    encoding_format: z.string().optional(),
  }),
  ResponseRequest: z.looseObject({
    model,
    input: z.unknown().optional(),
    stream,
    max_output_tokens: cap,
    tools: parts.optional(),
  }),
  MessageRequest: z.looseObject({
    model,
    messages: parts.optional(),
    max_tokens: cap,
    stream,
    tools: parts.optional(),
  }),
  CountTokensRequest: z.looseObject({ model, messages: parts.optional() }),
  InferenceRequest: z.looseObject({ model: model.optional(), stream }),
};

const openAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int().describe('0: not known.'),
  owned_by: z.string().describe('Name of the upstream.'),
});

const anthropicModel = z.object({
  type: z.literal('model'),
  id: z.string(),
  display_name: z.string(),
  created_at: z.iso.datetime().describe('The epoch: not known.'),
});

const answers = {
  UpstreamAnswer: z.looseObject({}).describe("The upstream's answer, unchanged."),
  OpenAiModel: openAiModel,
  OpenAiModels: z.object({ object: z.literal('list'), data: z.array(openAiModel) }),
  AnthropicModel: anthropicModel,
  AnthropicModels: z.object({
    data: z.array(anthropicModel),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  }),
  Ready: z.object({ status: z.literal('ready') }),
  NotReady: z.object({
    status: z.literal('not ready'),
    checks: z.record(z.string(), z.string()).describe('What is missing, by the name of the check.'),
  }),
  Live: z.object({ status: z.literal('live') }),
};

/** Every body of the HTTP side, by name. */
export const httpBodySchemas = {
  ...requests,
  ...answers,
  OpenAiError: openAiErrorSchema,
  AnthropicError: anthropicErrorSchema,
};

export type HttpBodyName = keyof typeof httpBodySchemas;
