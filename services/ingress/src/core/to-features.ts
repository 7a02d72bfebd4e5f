import type { Api, Features } from '@weir/contracts';
import type { OutputCapName, RequestFields } from '@weir/json';
import { estimateFromChars, type TokenCounter } from '@weir/tokens';

const capNames: Partial<Record<Api, readonly OutputCapName[]>> = {
  'openai.chat': ['max_completion_tokens', 'max_tokens'],
  'openai.completions': ['max_tokens'],
  'openai.responses': ['max_output_tokens'],
  'anthropic.messages': ['max_tokens'],
};

/** The members that cap the output in an API. Any other is ignored by its servers, so it caps nothing. */
export const outputCapNamesOf = (api: Api): readonly OutputCapName[] => capNames[api] ?? [];

/** Of two caps the larger: not every server heeds both. */
const outputCapOf = (fields: RequestFields, api: Api): number | undefined => {
  const caps = outputCapNamesOf(api).flatMap((name) => fields.outputCaps[name]?.tokens ?? []);
  return caps.length === 0 ? undefined : Math.max(...caps);
};

/** Each of several prompts is answered; a prompt may also be a list of token ids. */
const choicesOf = ({ n, bestOf, messages, tokenIds }: RequestFields, api: Api): number => {
  if (api === 'openai.chat') return Math.max(1, n ?? 1);
  if (api !== 'openai.completions') return 1;
  const prompts = tokenIds > 0 && tokenIds === messages ? 1 : Math.max(1, messages);
  return Math.max(1, n ?? 1, bestOf ?? 1) * prompts;
};

/** What the envelope says of the body, from the one pass over it. */
export const toFeatures = (fields: RequestFields, api: Api, count?: TokenCounter): Features => {
  const { sample } = fields;
  const counted = sample && count && Math.round(count(sample.text).tokens / sample.share);
  const outputCap = outputCapOf(fields, api);
  const choices = choicesOf(fields, api);
  return {
    inputTokens: (counted ?? estimateFromChars(fields.textChars)) + fields.tokenIds,
    estimatedBy: counted === undefined ? 'chars' : 'tokenizer',
    ...(outputCap === undefined ? {} : { outputCap }),
    ...(choices === 1 ? {} : { choices }),
    chars: fields.chars,
    ...(fields.words === undefined ? {} : { words: fields.words }),
    messages: fields.messages,
    tools: fields.tools,
    ...(fields.encodingFormat === undefined ? {} : { encodingFormat: fields.encodingFormat }),
    ...(fields.serviceTier === undefined ? {} : { serviceTier: fields.serviceTier }),
    ...(api === 'anthropic.messages' && fields.hasHourTtl ? { cachesForHour: true } : {}),
  };
};

/** Features of a request without a body. */
export const noFeatures: Features = { chars: 0, messages: 0, tools: 0 };
