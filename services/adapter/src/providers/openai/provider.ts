import type { Provider } from '../provider.ts';
import { createChatEventReader } from './chat-events.ts';
import { createResponsesEventReader } from './responses-events.ts';
import { toOpenaiUsage } from './usage.ts';

const streamsChunks = (api: string): boolean => api === 'openai.chat' || api === 'openai.completions';

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
      : createChatEventReader({ hideUsage: asked && meta.marks.includeUsageOn !== true }),
  toUsage: toOpenaiUsage,
  requestIdHeader: 'x-request-id',
};
