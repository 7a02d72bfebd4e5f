import type { Api } from '@weir/contracts';
import type { Provider } from '../provider.ts';
import { createChatEventReader } from './chat-events.ts';
import { toOpenaiQuota } from './quota.ts';
import { createResponsesEventReader } from './responses-events.ts';
import { toOpenaiUsage } from './usage.ts';

const streamsChunks = (api: string): boolean => api === 'openai.chat' || api === 'openai.completions';

/** The newer models of OpenAI refuse `max_tokens` in a chat. */
const capNames: Partial<Record<Api, string>> = {
  'openai.chat': 'max_completion_tokens',
  'openai.completions': 'max_tokens',
  'openai.responses': 'max_output_tokens',
};

/** OpenAI and every server with its API. https://platform.openai.com/docs/api-reference */
export const openaiProvider: Provider = {
  credentialHeaders: (credential) =>
    credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  forwardHeaders: ['openai-beta', 'idempotency-key', 'x-client-request-id'],
  defaultHeaders: {},
  asksUsage: (meta) => meta.stream && streamsChunks(meta.api),
  createEventReader: (meta, asked) =>
    meta.api === 'openai.responses'
      ? createResponsesEventReader()
      : createChatEventReader({
          hideUsage: asked && meta.marks.includeUsageOn !== true,
          severalChoices: (meta.features.choices ?? 1) > 1,
        }),
  toUsage: toOpenaiUsage,
  outputCapName: (api) => capNames[api],
  requestIdHeader: 'x-request-id',
  toQuota: toOpenaiQuota,
};

/** Not every other server knows `max_completion_tokens` yet; what it does not know it ignores. */
export const openaiCompatibleProvider: Provider = {
  ...openaiProvider,
  outputCapName: (api) => (api === 'openai.chat' ? 'max_tokens' : capNames[api]),
};
