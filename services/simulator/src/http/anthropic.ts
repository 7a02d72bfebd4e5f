import { prepareCountTokens, prepareMessages } from '../core/anthropic/messages-request.ts';
import type { Endpoint } from './endpoint.ts';

export const anthropicEndpoints: Readonly<Record<string, Endpoint>> = {
  '/v1/messages': { api: 'anthropic.messages', family: 'anthropic', prepare: prepareMessages },
  '/v1/messages/count_tokens': {
    api: 'anthropic.count_tokens',
    family: 'anthropic',
    prepare: prepareCountTokens,
  },
};
