import type { Api } from './envelope.ts';

const withoutTokens: ReadonlySet<Api> = new Set(['openai.models', 'anthropic.count_tokens']);

/** False for APIs that run no model: what is sent to them costs no tokens and no money, and counts as a request alone. */
export const usesTokens = (api: Api): boolean => !withoutTokens.has(api);

/** Whether answers are made of output tokens: vectors, lists and counts are not. */
export const hasOutput = (api: Api): boolean => usesTokens(api) && api !== 'openai.embeddings';
