import { asArray, asNumber, asObject, asText } from '../body-field.ts';
import { drawEmbedding, encodeBase64 } from '../embedding.ts';
import { invalid, missingModel, type Prepare } from '../exchange.ts';
import type { Planning } from '../plan-completion.ts';
import { createPromptBuilder } from '../prompt.ts';
import { finishHash, foldText } from '../seeded-random.ts';

interface EmbeddingsBody {
  readonly model?: unknown;
  readonly input?: unknown;
  readonly encoding_format?: unknown;
  readonly dimensions?: unknown;
}

const maxInputs = 2048;
const maxDimensions = 4096;

/** One text, texts, one array of tokens, or arrays of tokens. */
const readInputs = (input: unknown): readonly unknown[] => {
  if (typeof input === 'string') return [input];
  const items = asArray(input);
  return typeof items[0] === 'number' ? [items] : items;
};

const embedInput = (item: unknown, model: string, dimensions: number, planning: Planning) => {
  const builder = createPromptBuilder();
  if (typeof item === 'string') builder.add('input', item);
  else builder.addTokens('input', asArray(item));
  const prompt = builder.build();
  const seed = finishHash(foldText(prompt.hash, `\u0000${model}\u0000${planning.seed}`));
  return { tokens: prompt.tokens, vector: () => drawEmbedding(seed, dimensions) };
};

export const prepareEmbeddings: Prepare = (input, planning) => {
  const body = (asObject(input) ?? {}) as EmbeddingsBody;
  const model = asText(body.model);
  if (model === undefined) return missingModel;
  const items = readInputs(body.input);
  if (items.length === 0 || items.length > maxInputs) return invalid("Invalid 'input'.", 'input');
  const dimensions = asNumber(body.dimensions) ?? planning.embeddingDimensions;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > maxDimensions) {
    return invalid("Invalid 'dimensions'.", 'dimensions');
  }
  const asBase64 = body.encoding_format === 'base64' && !planning.embeddingsFloatsOnly;
  const embedded = items.map((item) => embedInput(item, model, dimensions, planning));
  const promptTokens = embedded.reduce((sum, { tokens }) => sum + tokens, 0);
  const rows = () =>
    embedded.map(({ vector }, index) => {
      const values = vector();
      return { object: 'embedding', index, embedding: asBase64 ? encodeBase64(values) : Array.from(values) };
    });
  return {
    outcome: 'ready',
    exchange: {
      model,
      promptTokens,
      outputTokens: 0,
      finishedReason: 'stop',
      priority: 0,
      texts: items.flatMap((item) => asText(item) ?? []),
      script: undefined,
      whole: (usage) => ({
        object: 'list',
        data: rows(),
        model,
        usage: usage && { prompt_tokens: promptTokens, total_tokens: promptTokens },
      }),
    },
  };
};
