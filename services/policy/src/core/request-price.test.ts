import { type ImportedPrice, parseConfig, type Usage } from '@weir/contracts';
import { buildPriceBook, rateUsage } from '@weir/pricing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRequestPrice, type PricedRequest } from './request-price.ts';

const priceWith = (upstream: object, pricing: object, fallback?: object) => {
  const target = { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] };
  const isSpared = fallback !== undefined;
  const parsed = parseConfig({
    version: 1,
    upstreams: {
      gpu: { ...target, ...upstream },
      ...(isSpared ? { spare: { ...target, models: ['tiny'] } } : {}),
    },
    routes: [
      {
        name: 'chat',
        match: { path: '/v1/chat/completions' },
        ...(isSpared ? { upstreams: ['gpu'], fallback } : {}),
      },
    ],
    pricing,
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const built = buildPriceBook({ config: config.pricing, sha256Hex: (text) => text });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  const [route] = config.routes;
  if (!route) throw new Error('no route');
  const principal = { org: 'acme', team: '_', key: 'k' };
  return createRequestPrice(config, built.book, {
    route,
    api: 'openai.chat',
    model: 'llama',
    principal,
    at: 0,
  });
};

const llama = { model: 'llama', inputPerMillion: 1, outputPerMillion: 2 };
const aliased = { models: ['/models/llama'], aliases: { llama: '/models/llama' } };

test('what an upstream calls the model goes first, then what the client called it: as usage is rated', () => {
  expect(priceWith(aliased, { models: [llama] }).costOf(1_000, 0)).toBe(1_000_000n);
  const own = { model: '/models/llama', inputPerMillion: 5, outputPerMillion: 5 };
  expect(priceWith(aliased, { models: [llama, own] }).costOf(1_000, 0)).toBe(5_000_000n);
});

test('the name that an operator prices an upstream by is the only one', () => {
  const upstream = { ...aliased, priceAs: 'nobody' };
  expect(priceWith(upstream, { models: [llama] }).costOf(1_000, 0)).toBe(0n);
  expect(priceWith(upstream, { models: [llama], onMissing: 'deny' }).costOf(1_000, 0)).toBeUndefined();
});

test('what is left pays for so many tokens of the answer', () => {
  expect(priceWith(aliased, { models: [llama] }).outputFor(3_000_000n, 1_000)).toBe(1_000);
});

test('a fallback that is dearer counts: the request may end there', () => {
  const parsed = parseConfig({
    version: 1,
    upstreams: {
      gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'], models: ['llama'] },
      cloud: { provider: 'openai', targets: ['http://127.0.0.1:2'], models: ['gpt'] },
    },
    routes: [
      {
        name: 'chat',
        match: { path: '/v1/chat/completions' },
        upstreams: ['gpu'],
        fallback: { upstreams: [{ upstream: 'cloud', modelMapping: { llama: 'gpt' } }] },
      },
    ],
    pricing: { models: [llama, { model: 'gpt', inputPerMillion: 7, outputPerMillion: 7 }] },
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const built = buildPriceBook({ config: config.pricing, sha256Hex: (text) => text });
  const [route] = config.routes;
  if (built.outcome === 'invalid' || !route) throw new Error('no prices, or no route');
  const principal = { org: 'acme', team: '_', key: 'k' };
  const request = { route, api: 'openai.chat', model: 'llama', principal, at: 0 } as const;
  const price = createRequestPrice(config, built.book, request);
  expect(price.costOf(1_000, 0)).toBe(7_000_000n);
  expect(price.atFallback()?.costOf(1_000, 0)).toBe(7_000_000n);
  const other = createRequestPrice(config, built.book, { ...request, model: 'mistral' });
  expect(other.atFallback()).toBeUndefined();
});

test('the fallback alone costs what it costs, however dear the own upstreams are', () => {
  expect(priceWith(aliased, { models: [llama] }).atFallback()).toBeUndefined();
  const own = { models: ['llama'] };
  const fallback = { upstreams: [{ upstream: 'spare', modelMapping: { llama: 'tiny' } }] };
  const dear = { model: 'llama', inputPerMillion: 9, outputPerMillion: 9 };
  const tiny = { model: 'tiny', inputPerMillion: 0, outputPerMillion: 0 };
  expect(priceWith(own, { models: [dear, tiny] }, fallback).costOf(1_000, 0)).toBe(9_000_000n);
  expect(
    priceWith(own, { models: [dear, tiny] }, fallback)
      .atFallback()
      ?.costOf(1_000, 0),
  ).toBe(0n);
  // What nobody named a price for is rated by the name that the client used.
  expect(
    priceWith(own, { models: [dear] }, fallback)
      .atFallback()
      ?.costOf(1_000, 0),
  ).toBe(9_000_000n);
});

/** As a catalogue has it: dearer beyond a size of the prompt, and by service tier, of which one has no price for long prompts. */
const claude: ImportedPrice = {
  model: 'claude',
  priority: 0,
  tierMode: 'whole',
  inputPerMillion: '3',
  cacheReadPerMillion: '0.3',
  cacheWritePerMillion: '3.75',
  cacheWrite1hPerMillion: '6',
  outputPerMillion: '15',
  tiers: [
    {
      above: 200_000,
      bound: 'gt',
      inputPerMillion: '6',
      cacheWritePerMillion: '7.5',
      outputPerMillion: '22.5',
    },
  ],
  serviceTiers: {
    priority: { inputPerMillion: '9', outputPerMillion: '45', cacheWritePerMillion: '11', tiers: [] },
    batch: {
      inputPerMillion: '1.5',
      outputPerMillion: '7.5',
      tiers: [{ above: 200_000, bound: 'gt', inputPerMillion: '3', outputPerMillion: '11.25' }],
    },
  },
};

describe('prices by size of the prompt and by service tier', () => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { claude: { provider: 'anthropic', targets: ['http://127.0.0.1:1'], models: ['claude'] } },
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const imported = [{ v: 1, source: 'catalogue', currency: 'USD', models: [claude], skipped: [] }] as const;
  const built = buildPriceBook({ config: config.pricing, imported, sha256Hex: (text) => text });
  const route = config.routes.find(({ name }) => name === 'anthropic-messages');
  if (built.outcome === 'invalid' || !route) throw new Error('no prices, or no route');
  const { book } = built;

  const priceOf = (features: PricedRequest['features'] = {}) =>
    createRequestPrice(config, book, {
      route,
      api: 'anthropic.messages',
      model: 'claude',
      principal: { org: 'acme', team: '_', key: 'k' },
      features,
      at: 0,
    });

  test.each([
    // Cache writes count, which may be all of the prompt.
    ['a short prompt', 200_000, {}, 200_000n * 3_750n + 1_000n * 15_000n],
    ['a token more', 200_001, {}, 200_001n * 7_500n + 1_000n * 22_500n],
    ['an hour of caching', 100_000, { cachesForHour: true }, 100_000n * 6_000n + 1_000n * 15_000n],
    ['a dearer tier', 100_000, { serviceTier: 'priority' }, 100_000n * 11_000n + 1_000n * 45_000n],
    [
      'its long prompt, without a price',
      300_000,
      { serviceTier: 'priority' },
      300_000n * 11_000n + 1_000n * 45_000n,
    ],
    [
      'a cheaper tier, which may be refused',
      100_000,
      { serviceTier: 'batch' },
      100_000n * 3_750n + 1_000n * 15_000n,
    ],
  ])('%s is held for', (_what, input, features, nano) => {
    expect(priceOf(features).costOf(input, 1_000)).toBe(nano);
    expect(priceOf(features).outputFor(nano, input)).toBe(1_000);
    expect(priceOf(features).outputFor(nano - 1n, input)).toBe(999);
  });

  test.each([
    ['an hour of caching', { cachesForHour: true }, 100_000n * 6_000n + 1_000n * 15_000n],
    ['a dearer tier', { serviceTier: 'priority' }, 100_000n * 11_000n + 1_000n * 45_000n],
  ])('%s is held for at the fallback alone, too', (_what, features, nano) => {
    const spared = parseConfig({
      version: 1,
      upstreams: {
        own: { provider: 'anthropic', targets: ['http://127.0.0.1:1'], models: ['claude'] },
        claude: { provider: 'anthropic', targets: ['http://127.0.0.1:2'], models: ['claude'] },
      },
      routes: [
        {
          name: 'spared',
          match: { path: '/v1/messages' },
          upstreams: ['own'],
          fallback: { upstreams: ['claude'] },
        },
      ],
    });
    if (spared.outcome === 'invalid') throw new Error(JSON.stringify(spared.problems));
    const [only] = spared.config.routes;
    if (!only) throw new Error('no route');
    const price = createRequestPrice(spared.config, book, {
      route: only,
      api: 'anthropic.messages',
      model: 'claude',
      principal: { org: 'acme', team: '_', key: 'k' },
      features,
      at: 0,
    });
    expect(price.atFallback()?.costOf(100_000, 1_000)).toBe(nano);
  });

  test('law: no usage within what was held for is debited more, whichever tier serves it', () => {
    const tokens = fc.oneof(fc.nat(400_000), fc.integer({ min: 199_990, max: 200_010 }));
    const shares = fc.record({ read: fc.nat(100), write: fc.nat(100), hour: fc.nat(100), text: fc.nat(100) });
    const tier = fc.constantFrom('priority', 'fast', 'batch', 'unheard-of', undefined);
    fc.assert(
      fc.property(tokens, fc.nat(10_000), shares, tier, fc.boolean(), fc.boolean(), (...given) => {
        const [inputTotal, outputTotal, { read, write, hour, text }, asked, forHour, refused] = given;
        const all = Math.max(1, read + write + hour + text);
        const part = (share: number): number => Math.floor((inputTotal * share) / all);
        const lanes = {
          cacheRead: part(read),
          cacheWrite5m: part(write),
          cacheWrite1h: forHour ? part(hour) : 0,
        };
        const usage: Usage = { ...lanes, inputTotal, outputText: outputTotal, outputTotal };
        const served = refused ? undefined : asked;
        const features = {
          ...(asked === undefined ? {} : { serviceTier: asked }),
          ...(forHour ? { cachesForHour: true } : {}),
        };
        const { status, chargeNano } = rateUsage(book, {
          provider: 'anthropic',
          modelRequested: 'claude',
          org: 'acme',
          startedAt: 0,
          usage,
          quality: 'reported',
          outcome: 'completed',
          ...(served === undefined ? {} : { serviceTier: served }),
        });
        expect(status).toBe('rated');
        expect(priceOf(features).costOf(inputTotal, outputTotal)).toBeGreaterThanOrEqual(BigInt(chargeNano));
      }),
      { numRuns: 500 },
    );
  });
});
