import { type Api, parseConfig } from '@weir/contracts';
import { expect, test } from 'vitest';
import { findRoute } from './route-table.ts';
import { selectFallbacks } from './select-fallbacks.ts';

const parsed = parseConfig({
  version: 1,
  upstreams: {
    gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'], models: ['llama-70b'] },
    small: {
      provider: 'openai-compatible',
      targets: ['http://127.0.0.1:2'],
      models: ['llama-7b'],
      aliases: { tiny: 'llama-7b' },
    },
    claude: { provider: 'anthropic', targets: ['http://127.0.0.1:3'] },
    any: { provider: 'openai', targets: ['http://127.0.0.1:4'] },
  },
  routes: [
    {
      name: 'mapped',
      match: { path: '/mapped' },
      upstreams: ['gpu'],
      fallback: {
        upstreams: [
          'claude',
          {
            upstream: 'small',
            modelMapping: { 'llama-*': 'llama-7b', 'llama-70b': 'tiny', 'mixtral-*': 'gone' },
          },
          'any',
        ],
      },
    },
    { name: 'plain', match: { path: '/plain' }, upstreams: ['gpu'] },
  ],
});
if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
const { config } = parsed;

const fallbacks = (name: string, model: string, api: Api = 'openai.chat') => {
  const route = findRoute(config, name);
  if (!route) throw new Error(`no route ${name}`);
  return selectFallbacks(config, { route, api, model }).map((one) => `${one.upstream} ${one.model}`);
};

test('fallback upstreams are taken in order, by their own names for the model', () => {
  expect(fallbacks('mapped', 'llama-405b')).toEqual(['small llama-7b', 'any llama-405b']);
});

test('a literal name of the mapping goes before a pattern, and aliases hold for what it is mapped to', () => {
  expect(fallbacks('mapped', 'llama-70b')).toEqual(['small llama-7b', 'any llama-70b']);
  expect(fallbacks('mapped', 'tiny')).toEqual(['small llama-7b', 'any tiny']);
});

test('an upstream without the model that the mapping names is passed over', () => {
  expect(fallbacks('mapped', 'mixtral-8x7b')).toEqual(['any mixtral-8x7b']);
});

test('an upstream of another API is passed over', () => {
  expect(fallbacks('mapped', 'x', 'anthropic.messages')).toEqual(['claude x']);
});

test('a route without fallback has none', () => {
  expect(fallbacks('plain', 'llama-70b')).toEqual([]);
});
