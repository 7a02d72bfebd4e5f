import type { Features } from '@weir/contracts';
import type { RequestFields } from '@weir/json';
import { estimateFromChars } from '@weir/tokens';

/** What the envelope says of the body, from the one pass over it. */
export const toFeatures = (fields: RequestFields): Features => ({
  inputTokens: estimateFromChars(fields.textChars) + fields.tokenIds,
  estimatedBy: 'chars',
  ...(fields.outputCap === undefined ? {} : { outputCap: fields.outputCap }),
  chars: fields.chars,
  messages: fields.messages,
  tools: fields.tools,
  ...(fields.encodingFormat === undefined ? {} : { encodingFormat: fields.encodingFormat }),
});

/** Features of a request without a body. */
export const noFeatures: Features = { chars: 0, messages: 0, tools: 0 };
