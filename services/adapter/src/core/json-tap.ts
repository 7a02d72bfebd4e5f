import type { Usage } from '@weir/contracts';
import { createEmbeddingsEncoder, createValueExtractor } from '@weir/json';
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

/** Reads usage and model out of a JSON answer without parsing the rest of it. */
export const createJsonTap = (options: {
  readonly toUsage: (value: unknown) => Usage | undefined;
  /** The client asked for base64 and the upstream sends floats. */
  readonly encodeEmbeddings: boolean;
}): ResponseTap => {
  const extractor = createValueExtractor({
    usage: ['usage'],
    model: ['model'],
    // OpenAI says it of the answer, Anthropic of the usage.
    tier: ['service_tier'],
    usageTier: ['usage', 'service_tier'],
  });
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
      };
    },
    failedAtStart: undefined,
    get broken() {
      return encoder?.failed !== undefined;
    },
  };
};

/** Passes bytes on and learns nothing. */
export const createPassTap = (): ResponseTap => ({
  push: (bytes) => [bytes],
  finish: () => ({ rest: [], complete: true }),
  report: { usage: undefined, final: true, modelServed: undefined, serviceTier: undefined, contentEvents: 0 },
  failedAtStart: undefined,
  broken: false,
});
