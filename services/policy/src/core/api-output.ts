import { type Api, hasOutput } from '@weir/contracts';

/** Whether a request can be told to answer with no more than so many tokens. */
export const takesOutputCap = (api: Api): boolean => hasOutput(api) && api !== 'generic';
