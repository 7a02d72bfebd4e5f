import * as z from 'zod';

/** Errors of the OpenAI API. */
export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string().describe('For people. May change at any time.'),
      type: z.enum([
        'invalid_request_error',
        'authentication_error',
        'permission_error',
        'rate_limit_error',
        'timeout_error',
        'service_unavailable_error',
        'server_error',
      ]),
      param: z.string().nullable().describe('The request field at fault.'),
      code: z
        .string()
        .describe(
          'Stable. A reason of Weir, or what the official clients know: `invalid_api_key`, `rate_limit_exceeded`, `insufficient_quota`.',
        ),
    }),
  })
  .describe('Error in the shape of the OpenAI API.');

/** Errors of the Anthropic API. */
export const anthropicErrorSchema = z
  .object({
    type: z.literal('error'),
    error: z.object({
      type: z.enum([
        'invalid_request_error',
        'authentication_error',
        'permission_error',
        'not_found_error',
        'request_too_large',
        'rate_limit_error',
        'timeout_error',
        'overloaded_error',
        'api_error',
      ]),
      message: z.string(),
    }),
    request_id: z.string(),
  })
  .describe('Error in the shape of the Anthropic API.');
