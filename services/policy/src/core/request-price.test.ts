import { parseConfig } from '@weir/contracts';
import { buildPriceBook } from '@weir/pricing';
import { expect, test } from 'vitest';
import { createRequestPrice } from './request-price.ts';

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
