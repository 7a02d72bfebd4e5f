import { type Api, usesTokens } from '@weir/contracts';

/** Whether answers are made of output tokens: vectors and counts are not. */
export const hasOutput = (api: Api): boolean => usesTokens(api) && api !== 'openai.embeddings';

/** Whether a request can be told to answer with no more than so many tokens. */
export const takesOutputCap = (api: Api): boolean => hasOutput(api) && api !== 'generic';
