import type { Provider } from '../provider.ts';
import { createAnthropicEventReader } from './events.ts';
import { toAnthropicQuota } from './quota.ts';
import { toAnthropicUsage } from './usage.ts';

/** Anthropic and every server with its Messages API. https://docs.anthropic.com/en/api/messages */
export const anthropicProvider: Provider = {
  credentialHeaders: (credential) => (credential === undefined ? {} : { 'x-api-key': credential }),
  forwardHeaders: ['anthropic-version', 'anthropic-beta', 'idempotency-key'],
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  asksUsage: () => false,
  createEventReader: () => createAnthropicEventReader(),
  toUsage: (value) => toAnthropicUsage(value),
  outputCapName: (api) => (api === 'anthropic.messages' ? 'max_tokens' : undefined),
  requestIdHeader: 'request-id',
  toQuota: toAnthropicQuota,
};
