import {
  type ModelPriceConfig,
  type PriceLane,
  type PricingConfig,
  parseConfig,
  priceLanes,
  type Rating,
  type Usage,
} from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateCostNano } from './estimate-cost.ts';
import { buildPriceBook, type PriceBook } from './price-book.ts';
import { type RatedAttempt, rateUsage } from './rate-usage.ts';

const bookOf = (pricing: object): PriceBook => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:8090'] } },
    pricing,
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const built = buildPriceBook({ config: parsed.config.pricing, sha256Hex: (text) => text });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return built.book;
};

const attempt = (usage: Usage, more: Partial<RatedAttempt> = {}): RatedAttempt => ({
  provider: 'openai',
  modelRequested: 'm',
  org: 'acme',
  startedAt: Date.parse('2027-01-15T00:00:00Z'),
  usage,
  quality: 'reported',
  outcome: 'completed',
  ...more,
});

const amountOf = (rating: Rating): bigint => BigInt(rating.amountNano);

const sumOf = (rating: Rating): bigint =>
  Object.values(rating.lanesNano ?? {}).reduce((all, nano) => all + BigInt(nano), 0n);

describe('golden invoices', () => {
  const book = bookOf({
    models: [
      {
        model: 'openai/gpt-4o*',
        inputPerMillion: '2.5',
        cacheReadPerMillion: '1.25',
        outputPerMillion: '10',
        inputAudioPerMillion: '40',
        outputAudioPerMillion: '80',
      },
      {
        model: 'anthropic/claude-sonnet-4-5',
        inputPerMillion: '3',
        outputPerMillion: '15',
        cacheReadPerMillion: '0.3',
        cacheWritePerMillion: '3.75',
        cacheWrite1hPerMillion: '6',
        tiers: [
          {
            above: 200_000,
            inputPerMillion: '6',
            outputPerMillion: '22.5',
            cacheReadPerMillion: '0.6',
            cacheWritePerMillion: '7.5',
            cacheWrite1hPerMillion: '12',
          },
        ],
      },
    ],
  });

  test('OpenAI: prompt_tokens 2006 with 1920 cached, completion_tokens 300 with 192 of reasoning', () => {
    // 86 × 2.5 + 1920 × 1.25 + 300 × 10 = 215 + 2400 + 3000 micro-USD
    const usage = {
      inputText: 86,
      cacheRead: 1_920,
      outputText: 108,
      outputReasoning: 192,
      inputTotal: 2_006,
      outputTotal: 300,
    };
    expect(rateUsage(book, attempt(usage, { modelRequested: 'gpt-4o-2024-08-06' }))).toMatchObject({
      status: 'rated',
      amountNano: '5615000',
      chargeNano: '5615000',
      currency: 'USD',
      priceModel: 'openai/gpt-4o*',
      tier: 'base',
      lanesNano: {
        inputText: '215000',
        cacheRead: '2400000',
        outputText: '1080000',
        outputReasoning: '1920000',
      },
    });
  });

  test('OpenAI: audio in and out', () => {
    // 19 × 2.5 + 100 × 40 + 7 × 10 + 33 × 80 = 47.5 + 4000 + 70 + 2640
    const usage = {
      inputText: 19,
      inputAudio: 100,
      outputText: 7,
      outputAudio: 33,
      inputTotal: 119,
      outputTotal: 40,
    };
    expect(rateUsage(book, attempt(usage, { modelRequested: 'gpt-4o-audio-preview' })).amountNano).toBe(
      '6757500',
    );
  });

  const claude = { provider: 'anthropic', modelRequested: 'claude-sonnet-4-5-20250929' };

  test('Anthropic: 12 new, 10240 read, 2051 written for 5 minutes and 500 for an hour, 503 out', () => {
    // 12 × 3 + 10240 × 0.3 + 2051 × 3.75 + 500 × 6 + 503 × 15 = 36 + 3072 + 7691.25 + 3000 + 7545
    const usage = {
      inputText: 12,
      cacheRead: 10_240,
      cacheWrite5m: 2_051,
      cacheWrite1h: 500,
      outputText: 503,
      inputTotal: 12_803,
      outputTotal: 503,
    };
    expect(rateUsage(book, attempt(usage, claude)).amountNano).toBe('21344250');
  });

  test('Anthropic: a prompt of 200001 tokens, nearly all of them cached, costs the long price throughout', () => {
    // 1 × 6 + 200000 × 0.6 + 100 × 22.5 = 6 + 120000 + 2250
    const usage = {
      inputText: 1,
      cacheRead: 200_000,
      outputText: 100,
      inputTotal: 200_001,
      outputTotal: 100,
    };
    expect(rateUsage(book, attempt(usage, claude))).toMatchObject({
      amountNano: '122256000',
      tier: 'above_200000',
    });
  });
});

describe('price tables as people write them', () => {
  const perMillion = {
    onMissing: 'default',
    default: { inputPerMillion: 1.0, outputPerMillion: 2.0 },
    models: [
      ['gpt-4o', 5.0, 15.0],
      ['gpt-4o-mini', 0.15, 0.6],
      ['gpt-4-turbo*', 10.0, 30.0],
      ['gpt-4*', 30.0, 60.0],
      ['gpt-3.5*', 0.5, 1.5],
      ['claude-opus-4*', 15.0, 75.0],
      ['claude-sonnet-4*', 3.0, 15.0],
      ['claude-3-opus*', 15.0, 75.0],
      ['claude-3-5-sonnet*', 3.0, 15.0],
      ['claude-3-haiku*', 0.25, 1.25],
    ].map(([model, inputPerMillion, outputPerMillion]) => ({ model, inputPerMillion, outputPerMillion })),
  };
  const per1k = {
    models: [
      { model: 'gpt-4', inputPer1k: 0.03, outputPer1k: 0.06 },
      { model: 'gpt-4-turbo', inputPer1k: 0.01, outputPer1k: 0.03 },
      { model: 'gpt-3.5-turbo', inputPer1k: 0.0005, outputPer1k: 0.0015 },
    ],
  };
  const nanoOf = (book: PriceBook, modelRequested: string) =>
    rateUsage(book, attempt({ inputTotal: 1_000, outputTotal: 1_000 }, { modelRequested })).amountNano;

  test.each([
    ['gpt-4o', 20_000_000],
    ['gpt-4o-mini', 750_000],
    ['gpt-4-turbo', 40_000_000],
    ['gpt-4-turbo-2024-04-09', 40_000_000],
    ['gpt-4', 90_000_000],
    ['gpt-4-32k', 90_000_000],
    ['gpt-4o-2024-08-06', 20_000_000],
    ['gpt-3.5-turbo-0125', 2_000_000],
    ['claude-opus-4-1-20250805', 90_000_000],
    ['claude-sonnet-4-5-20250929', 18_000_000],
    ['claude-3-opus-20240229', 90_000_000],
    ['claude-3-5-sonnet-20241022', 18_000_000],
    ['claude-3-haiku-20240307', 1_500_000],
    ['llama-3.3-70b', 3_000_000],
  ])(
    'per million: %s, a thousand tokens each way: %i nano-USD, in either order of the file',
    (model, nano) => {
      expect(nanoOf(bookOf(perMillion), model)).toBe(String(nano));
      expect(nanoOf(bookOf({ ...perMillion, models: perMillion.models.toReversed() }), model)).toBe(
        String(nano),
      );
    },
  );

  test.each([
    ['gpt-4', '90000000'],
    ['gpt-4-turbo', '40000000'],
    ['gpt-3.5-turbo', '2000000'],
    ['gpt-4o', '0'],
  ])('per thousand: %s, a thousand tokens each way: %s nano-USD', (model, nano) => {
    expect(nanoOf(bookOf(per1k), model)).toBe(nano);
  });
});

const priced = { model: 'm', inputPerMillion: '1', outputPerMillion: '4' };

describe('what others got wrong', () => {
  test('a missing price is a policy, and never silent (complaint 5)', () => {
    const usage = { inputTotal: 1_000, outputTotal: 10 };
    const ratingOf = (onMissing: PricingConfig['onMissing']) =>
      rateUsage(
        bookOf({ onMissing, default: { inputPerMillion: '1', outputPerMillion: '2' } }),
        attempt(usage),
      );
    const unpriced = {
      status: 'unpriced',
      amountNano: '0',
      chargeNano: '0',
      currency: 'USD',
      problem: 'no_price',
    };
    expect(ratingOf('allow')).toEqual(unpriced);
    expect(ratingOf('deny')).toEqual(unpriced);
    expect(ratingOf('default')).toMatchObject({
      status: 'rated',
      amountNano: '1020000',
      priceModel: 'default',
    });
  });

  test('a used lane without a price makes it unpriced too, and an unused one does not (complaint 5)', () => {
    const book = bookOf({ models: [priced] });
    expect(rateUsage(book, attempt({ inputText: 5, inputAudio: 1, outputText: 1 }))).toMatchObject({
      status: 'unpriced',
      amountNano: '0',
      problem: 'no_lane_price:inputAudio',
    });
    expect(rateUsage(book, attempt({ inputText: 5, inputAudio: 0, outputText: 1 })).status).toBe('rated');
    const free = bookOf({ models: [{ ...priced, inputAudioPerMillion: '0' }] });
    expect(rateUsage(free, attempt({ inputAudio: 1_000 }))).toMatchObject({
      status: 'rated',
      amountNano: '0',
    });
  });

  test('a hold knows the long price that the debit will have (complaint 6)', () => {
    const book = bookOf({ models: [{ ...priced, tiers: [{ above: 1_000, inputPerMillion: '3' }] }] });
    const question = { provider: 'openai', models: ['m'], org: 'acme', at: 0 };
    const [inputTokens, outputTokens] = [1_001, 100];
    const estimate = estimateCostNano(book, { ...question, inputTokens, outputTokens });
    const rating = rateUsage(book, attempt({ inputTotal: inputTokens, outputTotal: outputTokens }));
    expect(estimate).toEqual({ outcome: 'known', nano: 3_403_000n });
    expect(amountOf(rating)).toBe(3_403_000n);
  });

  test('a reported zero is a zero, and nothing at all is unknown (complaint 18)', () => {
    const book = bookOf({ models: [priced] });
    const zero = attempt({ inputText: 0, outputText: 0, inputTotal: 0, outputTotal: 0 });
    expect(rateUsage(book, zero)).toMatchObject({ status: 'rated', amountNano: '0', lanesNano: {} });
    const nothing = { status: 'unknown', amountNano: '0', chargeNano: '0', currency: 'USD' };
    expect(rateUsage(book, attempt({}))).toEqual(nothing);
    expect(rateUsage(book, attempt({ inputTotal: 7 }, { quality: 'unknown' }))).toEqual(nothing);
  });

  test('each cache write has its own price, and no token is paid for twice (complaint 19)', () => {
    const model = {
      ...priced,
      cacheReadPerMillion: '0.1',
      cacheWritePerMillion: '1.25',
      cacheWrite1hPerMillion: '2',
    };
    const book = bookOf({ models: [{ ...model, inputImagePerMillion: '5' }] });
    const writes = rateUsage(book, attempt({ cacheWrite5m: 1_000, cacheWrite1h: 1_000 }));
    expect(writes.lanesNano).toEqual({ cacheWrite5m: '1250000', cacheWrite1h: '2000000' });
    // The text includes the cached and the image tokens, as some servers count; the total says so.
    const inclusive = attempt({ inputText: 1_000, cacheRead: 600, inputImage: 300, inputTotal: 1_000 });
    expect(rateUsage(book, inclusive).lanesNano).toEqual({
      inputText: '100000',
      cacheRead: '60000',
      inputImage: '1500000',
    });
  });
});

test('lanes that make more than the total stand as they are, and text is none', () => {
  const book = bookOf({ models: [priced] });
  const usage = { inputText: 10, cacheRead: 60, inputTotal: 50, outputReasoning: 9, outputTotal: 8 };
  expect(rateUsage(book, attempt(usage)).lanesNano).toEqual({ cacheRead: '60000', outputReasoning: '36000' });
});

describe('defaults of lanes', () => {
  test.each<[PriceLane, object, string]>([
    ['cacheRead', {}, '1000'],
    ['cacheRead', { cacheReadPerMillion: '0' }, '0'],
    ['cacheWrite5m', {}, '1000'],
    ['cacheWrite1h', {}, '1000'],
    ['cacheWrite1h', { cacheWritePerMillion: '1.25' }, '1250'],
    ['outputReasoning', {}, '4000'],
    ['outputReasoning', { reasoningPerMillion: '5' }, '5000'],
  ])('%s with %j costs %s nano a token', (lane, more, nano) => {
    expect(rateUsage(bookOf({ models: [{ ...priced, ...more }] }), attempt({ [lane]: 1 })).amountNano).toBe(
      nano,
    );
  });

  test('a tier takes over what it does not name', () => {
    const model = { ...priced, cacheReadPerMillion: '0.5', tiers: [{ above: 1, inputPerMillion: '2' }] };
    const usage = { inputText: 1, cacheRead: 1, cacheWrite5m: 1, outputText: 1 };
    expect(rateUsage(bookOf({ models: [model] }), attempt(usage)).lanesNano).toEqual({
      inputText: '2000',
      cacheRead: '500',
      cacheWrite5m: '2000',
      outputText: '4000',
    });
  });
});

test('an estimate that nobody accounted for has an amount, and is not billed', () => {
  const rating = rateUsage(
    bookOf({ models: [priced] }),
    attempt({ inputTotal: 1_000 }, { outcome: 'unknown', quality: 'estimated' }),
  );
  expect(rating).toMatchObject({ status: 'rated', amountNano: '1000000', chargeNano: '0' });
});

describe('at the threshold of a tier', () => {
  const threshold = 1_000;
  const tiered = (bound: 'gt' | 'gte', tierMode: 'whole' | 'marginal'): PriceBook =>
    bookOf({
      models: [
        {
          ...priced,
          tierMode,
          tiers: [{ above: threshold, bound, inputPerMillion: '2', outputPerMillion: '8' }],
        },
      ],
    });

  test.each([
    ['gt', 'whole', [999 + 4, 1_000 + 4, 2_002 + 8]],
    ['gte', 'whole', [999 + 4, 2_000 + 8, 2_002 + 8]],
    ['gt', 'marginal', [999 + 4, 1_000 + 4, 1_002 + 8]],
    ['gte', 'marginal', [999 + 4, 1_001 + 8, 1_003 + 8]],
  ] as const)('%s, %s: one token below, at it, and one above cost %j micro-USD', (bound, mode, micros) => {
    const book = tiered(bound, mode);
    const costs = [threshold - 1, threshold, threshold + 1].map((inputTotal) =>
      amountOf(rateUsage(book, attempt({ inputTotal, outputTotal: 1 }))),
    );
    expect(costs).toEqual(micros.map((micro) => BigInt(micro) * 1_000n));
  });

  test('cached and written tokens count towards it', () => {
    const usage = { inputText: 1, cacheRead: 500, cacheWrite5m: 500 };
    expect(rateUsage(tiered('gt', 'whole'), attempt(usage)).tier).toBe('above_1000');
    expect(rateUsage(tiered('gte', 'whole'), attempt({ inputTotal: 1_000 })).tier).toBe('from_1000');
  });

  test('marginal: the tokens beyond it are the last ones of the prompt, and what was cached is its beginning', () => {
    const usage = { inputText: 300, cacheRead: 900 };
    const { lanesNano } = rateUsage(tiered('gt', 'marginal'), attempt(usage));
    expect(lanesNano).toEqual({ cacheRead: '900000', inputText: '500000' });
  });
});

const count = fc.nat(5_000_000);
const laneCounts: fc.Arbitrary<Usage> = fc.record(
  Object.fromEntries(priceLanes.map((lane) => [lane, count])) as Record<PriceLane, typeof count>,
  { requiredKeys: [] },
);
const price = fc
  .bigInt({ min: 0n, max: 10n ** 9n })
  .map((pico) => `${pico / 1_000_000n}.${String(pico % 1_000_000n).padStart(6, '0')}`);
const lanePrices = fc.record({
  inputPerMillion: price,
  outputPerMillion: price,
  cacheReadPerMillion: price,
  cacheWritePerMillion: price,
  cacheWrite1hPerMillion: price,
  reasoningPerMillion: price,
  inputAudioPerMillion: price,
  outputAudioPerMillion: price,
  inputImagePerMillion: price,
});
const modelPrice: fc.Arbitrary<Omit<ModelPriceConfig, 'model' | 'priority'>> = fc
  .tuple(
    lanePrices,
    fc.array(fc.record({ prices: lanePrices, step: fc.integer({ min: 1, max: 5_000_000 }) }), {
      maxLength: 3,
    }),
    fc.constantFrom('gt' as const, 'gte' as const),
    fc.constantFrom('whole' as const, 'marginal' as const),
  )
  .map(([prices, steps, bound, tierMode]) => {
    let above = 0;
    return {
      ...prices,
      tierMode,
      tiers: steps.map(({ prices: own, step }) => {
        above += step;
        return { ...own, above, bound };
      }),
    };
  });

const directBook = (prices: Omit<ModelPriceConfig, 'model' | 'priority'>): PriceBook => {
  const built = buildPriceBook({
    config: { currency: 'USD', onMissing: 'allow', models: [{ model: 'm', priority: 0, ...prices }] },
    sha256Hex: (text) => text,
  });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return built.book;
};

const toPico = (perMillion: string | undefined): bigint => BigInt((perMillion ?? '0').replace('.', ''));

describe('laws', () => {
  test('the lanes add up to the amount, and none is negative', () => {
    fc.assert(
      fc.property(modelPrice, laneCounts, (prices, usage) => {
        const rating = rateUsage(directBook(prices), attempt(usage));
        expect(sumOf(rating)).toBe(amountOf(rating));
        expect(Object.values(rating.lanesNano ?? {}).every((nano) => BigInt(nano) >= 0n)).toBe(true);
      }),
    );
  });

  test('the amount is within half a nano of the exact sum, once for all lanes', () => {
    fc.assert(
      fc.property(lanePrices, laneCounts, (prices, usage) => {
        fc.pre(Object.keys(usage).length > 0);
        const rating = rateUsage(directBook({ ...prices, tiers: [], tierMode: 'whole' }), attempt(usage));
        const rates: Record<PriceLane, bigint> = {
          inputText: toPico(prices.inputPerMillion),
          cacheRead: toPico(prices.cacheReadPerMillion),
          cacheWrite5m: toPico(prices.cacheWritePerMillion),
          cacheWrite1h: toPico(prices.cacheWrite1hPerMillion),
          inputAudio: toPico(prices.inputAudioPerMillion),
          inputImage: toPico(prices.inputImagePerMillion),
          outputText: toPico(prices.outputPerMillion),
          outputReasoning: toPico(prices.reasoningPerMillion),
          outputAudio: toPico(prices.outputAudioPerMillion),
        };
        const exact = priceLanes.reduce((all, lane) => all + BigInt(usage[lane] ?? 0) * rates[lane], 0n);
        const error = amountOf(rating) * 1_000n - exact;
        expect(error > -500n && error <= 500n).toBe(true);
        for (const [lane, nano] of Object.entries(rating.lanesNano ?? {})) {
          const own =
            BigInt(nano) * 1_000n - BigInt(usage[lane as PriceLane] ?? 0) * rates[lane as PriceLane];
          expect(own > -1_000n && own < 1_000n).toBe(true);
        }
      }),
    );
  });

  test('a total in place of lanes costs what text costs, and never leaves a token out', () => {
    fc.assert(
      fc.property(modelPrice, count, count, (prices, input, output) => {
        const book = directBook(prices);
        const total = rateUsage(book, attempt({ inputTotal: input, outputTotal: output }));
        const text = rateUsage(book, attempt({ inputText: input, outputText: output }));
        expect(total).toEqual(text);
      }),
    );
  });

  test('without tiers, or with marginal ones that rise, another token never costs less', () => {
    fc.assert(
      fc.property(modelPrice, laneCounts, fc.constantFrom(...priceLanes), (prices, usage, lane) => {
        const marginal = { ...prices, tierMode: 'marginal' as const, tiers: risen(prices) };
        const book = directBook(marginal);
        const more = { ...usage, [lane]: (usage[lane] ?? 0) + 1 };
        const [before, after] = [rateUsage(book, attempt(usage)), rateUsage(book, attempt(more))];
        expect(amountOf(after) >= amountOf(before)).toBe(true);
      }),
    );
  });

  test('an account and the difference to a better one make the better one', () => {
    fc.assert(
      fc.property(modelPrice, fc.array(laneCounts, { minLength: 1, maxLength: 5 }), (prices, accounts) => {
        const book = directBook(prices);
        let total = 0n;
        let before = 0n;
        for (const usage of accounts) {
          const amount = amountOf(rateUsage(book, attempt(usage)));
          total += amount - before;
          before = amount;
        }
        expect(total).toBe(amountOf(rateUsage(book, attempt(accounts.at(-1) ?? {}))));
      }),
    );
  });
});

/** Each tier as dear as all before it together, so that prices only rise. */
function risen(prices: Omit<ModelPriceConfig, 'model' | 'priority'>): ModelPriceConfig['tiers'] {
  const fields = Object.keys(prices).filter((name) => name.endsWith('PerMillion')) as 'inputPerMillion'[];
  let floor: Partial<Record<string, bigint>> = Object.fromEntries(
    fields.map((field) => [field, toPico(prices[field])]),
  );
  return prices.tiers.map((tier) => {
    floor = Object.fromEntries(fields.map((field) => [field, (floor[field] ?? 0n) + toPico(tier[field])]));
    const texts = Object.entries(floor).map(([field, pico = 0n]) => [
      field,
      `${pico / 1_000_000n}.${String(pico % 1_000_000n).padStart(6, '0')}`,
    ]);
    return { ...tier, ...Object.fromEntries(texts) };
  });
}
