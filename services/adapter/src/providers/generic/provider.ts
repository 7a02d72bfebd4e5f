import { toOpenaiUsage } from '../openai/usage.ts';
import type { Provider } from '../provider.ts';
import { createGenericEventReader } from './events.ts';

/** Any HTTP server: bytes pass both ways. Usage is read where the answer, or an event of it, happens to have OpenAI's member. */
export const genericProvider: Provider = {
  credentialHeaders: (credential) =>
    credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  forwardHeaders: ['accept', 'idempotency-key'],
  defaultHeaders: {},
  asksUsage: () => false,
  createEventReader: ({ features }) => createGenericEventReader((features.choices ?? 1) > 1),
  toUsage: toOpenaiUsage,
  outputCapName: () => undefined,
  requestIdHeader: 'x-request-id',
  toQuota: () => ({}),
};
