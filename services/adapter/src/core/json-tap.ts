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

/** Reads usage and model out of a JSON answer without parsing the rest of it. */
export const createJsonTap = (options: {
  readonly toUsage: (value: unknown) => Usage | undefined;
  /** The client asked for base64 and the upstream sends floats. */
  readonly encodeEmbeddings: boolean;
}): ResponseTap => {
  const extractor = createValueExtractor({ usage: ['usage'], model: ['model'] });
  const encoder = options.encodeEmbeddings ? createEmbeddingsEncoder() : undefined;
  return {
    push: (bytes) => {
      extractor.push(bytes);
      return encoder ? encoder.push(bytes) : [bytes];
    },
    finish: () => ({ rest: encoder?.finish() ?? [], complete: true }),
    get report() {
      const model = parse(extractor.value('model'));
      return {
        usage: options.toUsage(parse(extractor.value('usage'))),
        // A JSON answer says it once.
        final: true,
        modelServed: typeof model === 'string' ? model : undefined,
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
  report: { usage: undefined, final: true, modelServed: undefined, contentEvents: 0 },
  failedAtStart: undefined,
  broken: false,
});
