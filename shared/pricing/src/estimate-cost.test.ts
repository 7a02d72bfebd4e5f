import type { ImportedPrice } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CostQuestion, estimateCostNano, outputTokensForNano } from './estimate-cost.ts';
import { buildPriceBook, type PriceBook } from './price-book.ts';
import { rateUsage } from './rate-usage.ts';

const bookOf = (...models: readonly (Partial<ImportedPrice> & { readonly model: string })[]): PriceBook => {
  const complete = models.map(
    (price): ImportedPrice => ({ priority: 0, tiers: [], tierMode: 'whole', ...price }),
  );
  const built = buildPriceBook({
    config: { currency: 'USD', onMissing: 'allow', models: [] },
    imported: [{ v: 1, source: 'test', currency: 'USD', models: complete, skipped: [] }],
    sha256Hex: (text) => text,
  });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return built.book;
};

const question: CostQuestion = { provider: 'openai', models: ['m'], org: 'acme', at: 0, inputTokens: 1_000 };
const priced = { model: 'm', inputPerMillion: '1', outputPerMillion: '4' };

const nanoOf = (book: PriceBook, more: Partial<CostQuestion> & { readonly outputTokens?: number } = {}) => {
  const estimate = estimateCostNano(book, { ...question, outputTokens: 0, ...more });
  return estimate.outcome === 'known' ? estimate.nano : undefined;
};

describe('the estimate', () => {
  test('assumes no cache hit', () => {
    expect(nanoOf(bookOf({ ...priced, cacheReadPerMillion: '0.1' }))).toBe(1_000_000n);
  });

  test('takes the surcharge of a cache write where one is asked for', () => {
    const book = bookOf({ ...priced, cacheWritePerMillion: '1.25', cacheWrite1hPerMillion: '2' });
    expect(nanoOf(book)).toBe(1_000_000n);
    expect(nanoOf(book, { cacheWrites: '5m' })).toBe(1_250_000n);
    expect(nanoOf(book, { cacheWrites: '1h' })).toBe(2_000_000n);
  });

  test('takes the dearer of text and reasoning', () => {
    expect(nanoOf(bookOf({ ...priced, reasoningPerMillion: '6' }), { outputTokens: 1 })).toBe(1_006_000n);
  });

  test('takes a smaller tier that is dearer: the real prompt may be shorter', () => {
    const tiers = [{ above: 500, bound: 'gt' as const, inputPerMillion: '0.5' }];
    expect(nanoOf(bookOf({ ...priced, tiers }))).toBe(1_000_000n);
  });

  test('takes the dearer of the service tier that is asked for and none: it may be refused', () => {
    const serviceTiers = {
      flex: { inputPerMillion: '0.5', tiers: [] },
      priority: { inputPerMillion: '2', tiers: [] },
    };
    const book = bookOf({ ...priced, serviceTiers });
    expect(nanoOf(book, { serviceTier: 'flex' })).toBe(1_000_000n);
    expect(nanoOf(book, { serviceTier: 'fast' })).toBe(2_000_000n);
  });

  test('takes the dearest provider where none is known yet', () => {
    const { provider: _, ...open } = question;
    const book = bookOf(
      { model: 'openai/m', inputPerMillion: '1' },
      { model: 'anthropic/m', inputPerMillion: '3' },
    );
    expect(estimateCostNano(book, { ...open, outputTokens: 0 })).toEqual({
      outcome: 'known',
      nano: 3_000_000n,
    });
  });

  test('is missing where the model, the prompt or the answer has no price', () => {
    expect(nanoOf(bookOf())).toBeUndefined();
    expect(nanoOf(bookOf({ model: 'm', outputPerMillion: '1' }))).toBeUndefined();
    expect(nanoOf(bookOf({ model: 'm', inputPerMillion: '1' }), { outputTokens: 1 })).toBeUndefined();
    expect(nanoOf(bookOf({ model: 'm', inputPerMillion: '1' }))).toBe(1_000_000n);
  });
});

describe('the longest answer for an amount', () => {
  const tokensFor = (book: PriceBook, nano: bigint) => outputTokensForNano(book, { ...question, nano });

  test('is what the prompt leaves of it', () => {
    expect(tokensFor(bookOf(priced), 1_399_999n)).toEqual({ outcome: 'known', tokens: 99 });
    expect(tokensFor(bookOf(priced), 1_400_000n)).toEqual({ outcome: 'known', tokens: 100 });
  });

  test('is none where the prompt costs more', () => {
    expect(tokensFor(bookOf(priced), 999_999n)).toEqual({ outcome: 'known', tokens: 0 });
  });

  test('is any where answers are free', () => {
    const free = bookOf({ ...priced, outputPerMillion: '0' });
    expect(tokensFor(free, 1_000_000n)).toEqual({ outcome: 'known', tokens: Number.MAX_SAFE_INTEGER });
    expect(tokensFor(free, 1n)).toEqual({ outcome: 'known', tokens: 0 });
  });

  test('is missing where there is no price', () => {
    expect(tokensFor(bookOf(), 1n)).toEqual({ outcome: 'missing' });
    expect(tokensFor(bookOf({ model: 'm', inputPerMillion: '1' }), 1n)).toEqual({ outcome: 'missing' });
  });
});

const price = fc.nat(1_000_000_000).map((pico) => String(pico / 1_000_000).replace(/^(\d+)e-(\d+)$/, '0'));
const prices = fc.record({
  inputPerMillion: price,
  outputPerMillion: price,
  cacheWritePerMillion: price,
  reasoningPerMillion: price,
});
const modelPrice = fc
  .tuple(
    prices,
    fc.uniqueArray(fc.record({ above: fc.integer({ min: 1, max: 2_000 }), lanes: prices }), {
      maxLength: 3,
      selector: ({ above }) => above,
    }),
    fc.constantFrom('whole' as const, 'marginal' as const),
  )
  .map(([base, tiers, tierMode]) => ({
    model: 'm',
    tierMode,
    ...base,
    tiers: tiers
      .toSorted((left, right) => left.above - right.above)
      .map(({ above, lanes }) => ({ above, bound: 'gt' as const, ...lanes })),
  }));

test('law: no usage within the estimated counts costs more than the estimate', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      modelPrice,
      fc.nat(3_000),
      fc.nat(3_000),
      fc.tuple(share, share, share),
      (model, input, output, shares) => {
        const book = bookOf(model);
        const [used, written, thought] = shares;
        const inputTotal = Math.floor(input * used);
        const cacheWrite5m = Math.floor(inputTotal * written);
        const outputTotal = Math.floor(output * used);
        const outputReasoning = Math.floor(outputTotal * thought);
        const rating = rateUsage(book, {
          provider: 'openai',
          modelRequested: 'm',
          org: 'acme',
          startedAt: 0,
          usage: { inputTotal, cacheWrite5m, outputTotal, outputReasoning },
          quality: 'reported',
          outcome: 'completed',
        });
        const estimate = nanoOf(book, { inputTokens: input, outputTokens: output, cacheWrites: '5m' });
        expect(estimate !== undefined && BigInt(rating.amountNano) <= estimate).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('law: an amount buys the longest answer whose estimate it covers', () => {
  fc.assert(
    fc.property(
      modelPrice,
      fc.nat(3_000),
      fc.bigInt({ min: 0n, max: 10n ** 10n }),
      (model, inputTokens, nano) => {
        const book = bookOf(model);
        const most = outputTokensForNano(book, { ...question, inputTokens, nano });
        if (most.outcome === 'missing') throw new Error('all lanes have prices');
        fc.pre(most.tokens < Number.MAX_SAFE_INTEGER);
        const costOf = (outputTokens: number) => nanoOf(book, { inputTokens, outputTokens }) ?? 0n;
        expect(most.tokens === 0 || costOf(most.tokens) <= nano).toBe(true);
        expect(costOf(most.tokens + 1) > nano).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
