import { importLiteLlm } from '@weir/pricing';
import { expect, it } from 'vitest';
import { createPriceStore, type KeptBooks } from './price-store.ts';

const defaultMaxPayloadBytes = 1024 * 1024;

/** With longer names and more prices each than the models of the real catalogue have on average. */
const catalogueOf = (models: number): Record<string, object> =>
  Object.fromEntries(
    Array.from({ length: models }, (_unused, index) => [
      `eu.provider-of-models.a-long-name-v${index}:0`,
      {
        litellm_provider: 'bedrock_converse',
        input_cost_per_token: 2.1875e-6,
        output_cost_per_token: 1.75e-5,
        cache_read_input_token_cost: 5.46875e-7,
        cache_creation_input_token_cost: 2.73e-6,
        max_output_tokens: 64_000,
        ...(index % 8 === 0
          ? { input_cost_per_token_above_200k_tokens: 4.375e-6, output_cost_per_token_priority: 3.5e-5 }
          : {}),
      },
    ]),
  );

const put = (models: number) => {
  const books: KeptBooks = new Map();
  const store = createPriceStore(
    books,
    { put: async () => ({ outcome: 'written', revision: 1 }) },
    () => defaultMaxPayloadBytes,
  );
  const change = { by: 'ops', action: 'created', at: 0, request: 'r' } as const;
  return store.put({ name: 'litellm', book: importLiteLlm(catalogueOf(models)), change }, 0);
};

it("keeps a catalogue of the size of LiteLLM's, of some 2,500 models, in one entry", async () => {
  expect(await put(2_500)).toEqual({ outcome: 'written', revision: 1 });
});

it('says so when a catalogue does not fit', async () => {
  expect(await put(10_000)).toEqual({ outcome: 'too_large' });
});
