import type { Api, Provider } from '@weir/contracts';

const openaiApis: readonly Api[] = [
  'openai.chat',
  'openai.completions',
  'openai.embeddings',
  'openai.responses',
  'openai.models',
];

const apisOf: Readonly<Record<Provider, readonly Api[]>> = {
  openai: openaiApis,
  anthropic: ['anthropic.messages', 'anthropic.count_tokens'],
  'openai-compatible': [...openaiApis, 'generic'],
  generic: ['generic'],
};

/** Whether a request of this API can travel to such an upstream as it is. */
export const speaksApi = (provider: Provider, api: Api): boolean => apisOf[provider].includes(api);

/** The API that a model is usually called by, given one of its upstreams. */
export const mainApiOf = (provider: Provider): Api =>
  provider === 'anthropic' ? 'anthropic.messages' : provider === 'generic' ? 'generic' : 'openai.chat';
