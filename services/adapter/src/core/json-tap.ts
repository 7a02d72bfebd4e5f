import type { Usage } from '@weir/contracts';
import { createEmbeddingsEncoder, createTextMembers, createValueExtractor } from '@weir/json';
import type { ResponseTap } from './response-tap.ts';

const parse = (text: string | undefined): unknown => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const textOf = (json: string | undefined): string | undefined => {
  const value = parse(json);
  return typeof value === 'string' ? value : undefined;
};

/** What the APIs call what a model said; in a tool call its arguments may be an object. */
const textMembers = createTextMembers({
  strings: [
    'content',
    'text',
    'reasoning',
    'reasoning_content',
    'thinking',
    'refusal',
    'arguments',
    'transcript',
    'generated_text',
    'response',
  ],
  objects: ['arguments', 'input'],
});

const paths = {
  usage: ['usage'],
  model: ['model'],
  // OpenAI says it of the answer, Anthropic of the usage.
  tier: ['service_tier'],
  usageTier: ['usage', 'service_tier'],
} as const;

/** Reads usage and model out of a JSON answer without parsing the rest of it. */
export const createJsonTap = (options: {
  readonly toUsage: (value: unknown) => Usage | undefined;
  /** The client asked for base64 and the upstream sends floats. */
  readonly encodeEmbeddings: boolean;
  /** Answers of the API are made of output tokens: text in them counts where no usage is reported. */
  readonly hasOutput: boolean;
}): ResponseTap => {
  const extractor = createValueExtractor(paths, options.hasOutput ? { text: textMembers } : {});
  const encoder = options.encodeEmbeddings ? createEmbeddingsEncoder() : undefined;
  return {
    push: (bytes) => {
      extractor.push(bytes);
      return encoder ? encoder.push(bytes) : [bytes];
    },
    finish: () => ({ rest: encoder?.finish() ?? [], complete: true }),
    get report() {
      return {
        usage: options.toUsage(parse(extractor.value('usage'))),
        // A JSON answer says it once.
        final: true,
        modelServed: textOf(extractor.value('model')),
        serviceTier: textOf(extractor.value('tier')) ?? textOf(extractor.value('usageTier')),
        contentEvents: 0,
        contentChars: extractor.textChars,
      };
    },
    failedAtStart: undefined,
    get broken() {
      return encoder?.failed !== undefined;
    },
  };
};

/** Passes bytes on and learns nothing but, where they are text, how many there were. */
export const createPassTap = ({ isText }: { readonly isText: boolean } = { isText: false }): ResponseTap => {
  let bytesSeen = 0;
  return {
    push: (bytes) => {
      bytesSeen += bytes.byteLength;
      return [bytes];
    },
    finish: () => ({ rest: [], complete: true }),
    get report() {
      return {
        usage: undefined,
        final: true,
        modelServed: undefined,
        serviceTier: undefined,
        contentEvents: 0,
        contentChars: isText ? bytesSeen : 0,
      };
    },
    failedAtStart: undefined,
    broken: false,
  };
};
