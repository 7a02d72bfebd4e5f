import { toOpenaiUsage } from '../openai/usage.ts';
import type { Provider } from '../provider.ts';

/** Any HTTP server: bytes pass both ways. Usage is read where the answer happens to have OpenAI's member. */
export const genericProvider: Provider = {
  credentialHeaders: (credential) =>
    credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  forwardHeaders: ['accept', 'idempotency-key'],
  defaultHeaders: {},
  asksUsage: () => false,
  createEventReader: () => ({ read: () => ({ content: true, completes: true }) }),
  toUsage: toOpenaiUsage,
  outputCapName: () => undefined,
  requestIdHeader: 'x-request-id',
  toQuota: () => ({}),
};
