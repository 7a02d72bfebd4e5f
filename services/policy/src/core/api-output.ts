import type { Api } from '@weir/contracts';

const withoutOutput: ReadonlySet<Api> = new Set([
  'openai.embeddings',
  'openai.models',
  'anthropic.count_tokens',
]);

/** Whether answers are made of output tokens: vectors and counts are not. */
export const hasOutput = (api: Api): boolean => !withoutOutput.has(api);

/** Whether a request can be told to answer with no more than so many tokens. */
export const takesOutputCap = (api: Api): boolean => hasOutput(api) && api !== 'generic';
