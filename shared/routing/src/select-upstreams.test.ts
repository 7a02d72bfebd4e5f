import { type Api, apis, type Provider, parseConfig, providers, type WeirConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainRoute } from './explain-route.ts';
import { listModels } from './list-models.ts';
import { findRoute } from './route-table.ts';
import { selectUpstreams, type UpstreamSelection } from './select-upstreams.ts';
import { speaksApi } from './speaks-api.ts';

const targets = ['http://127.0.0.1:8090'];
const upstreams = {
  any: { provider: 'openai', targets },
  pattern: { provider: 'openai-compatible', targets, models: ['sim-*'] },
  literal: {
    provider: 'openai-compatible',
    targets,
    models: ['sim-gpt', 'sim-mini'],
    aliases: { fast: 'sim-mini' },
  },
  claude: { provider: 'anthropic', targets, models: ['sim-claude', 'sim-gpt'] },
  own: { provider: 'generic', targets, models: ['own-*'] },
};

const configOf = (value: object): WeirConfig => {
  const parsed = parseConfig({ version: 1, ...value });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

const routes = [
  { name: 'ordered', match: { path: '/a' }, api: 'openai.chat', upstreams: ['any', 'literal'] },
  { name: 'claude-only', match: { path: '/b' }, api: 'openai.chat', upstreams: ['claude'] },
  { name: 'gold', match: { path: '/c', models: ['sim-*'], tiers: ['gold'] }, api: 'openai.chat' },
  { name: 'told', match: { path: '/e' }, modelHeader: 'X-Model', upstreams: ['own'] },
  { name: 'local', match: { path: '/d' }, upstreams: ['literal', 'claude', 'own'] },
];
const config = configOf({ upstreams, routes });

const select = (name: string, api: Api, model: string, tier?: string): UpstreamSelection => {
  const route = findRoute(config, name);
  if (route === undefined) throw new Error(`no route ${name}`);
  return selectUpstreams(config, {
    route,
    api,
    model,
    ...(tier === undefined ? {} : { principal: { tier } }),
  });
};

const namesOf = (selection: UpstreamSelection): readonly string[] =>
  selection.outcome === 'found'
    ? selection.candidates.map(({ upstream, model }) => `${upstream} ${model}`)
    : [selection.reason];

describe('candidates', () => {
  test.each<[string, Api, string, string[]]>([
    ['openai-chat', 'openai.chat', 'sim-gpt', ['literal sim-gpt', 'pattern sim-gpt', 'any sim-gpt']],
    ['openai-chat', 'openai.chat', 'sim-new', ['pattern sim-new', 'any sim-new']],
    ['openai-chat', 'openai.chat', 'gpt-4o', ['any gpt-4o']],
    ['openai-chat', 'openai.chat', 'fast', ['literal sim-mini', 'any fast']],
    ['ordered', 'openai.chat', 'sim-gpt', ['any sim-gpt', 'literal sim-gpt']],
    ['anthropic-messages', 'anthropic.messages', 'sim-claude', ['claude sim-claude']],
    ['anthropic-count-tokens', 'anthropic.count_tokens', 'sim-claude', ['claude sim-claude']],
    ['generic', 'generic', 'own-7b', ['own own-7b']],
    ['generic', 'generic', 'sim-mini', ['literal sim-mini', 'pattern sim-mini']],
    ['openai-models', 'openai.models', '', ['any ', 'pattern ', 'literal ']],
    ['claude-only', 'openai.chat', 'sim-claude', ['feature_not_supported']],
    ['claude-only', 'openai.chat', 'other', ['model_not_found']],
    ['anthropic-messages', 'anthropic.messages', 'sim-mini', ['feature_not_supported']],
    ['local', 'openai.chat', 'constructor', ['model_not_found']],
    ['local', 'openai.chat', '__proto__', ['model_not_found']],
    ['local', 'openai.chat', '', ['model_not_found']],
    ['openai-chat', 'openai.chat', 'x'.repeat(257), ['model_not_found']],
  ])('%s, %s, %j', (name, api, model, expected) => {
    expect(namesOf(select(name, api, model))).toEqual(expected);
  });

  test('that speak another API are named by that API, not by their names', () => {
    const selection = select('claude-only', 'openai.chat', 'sim-claude');
    expect(selection).toMatchObject({
      message:
        'The model "sim-claude" is not offered by openai.chat; call anthropic.messages (/v1/messages).',
    });
  });

  test('of a route with conditions are for the models and tiers that fulfil them', () => {
    expect(namesOf(select('gold', 'openai.chat', 'sim-gpt', 'gold'))).toContain('literal sim-gpt');
    expect(namesOf(select('gold', 'openai.chat', 'sim-gpt'))).toContain('literal sim-gpt');
    expect(namesOf(select('gold', 'openai.chat', 'sim-gpt', 'free'))).toEqual(['model_not_found']);
    expect(namesOf(select('gold', 'openai.chat', 'gpt-4o', 'gold'))).toEqual(['model_not_found']);
  });

  test('always speak the API, and none is named twice', () => {
    const question = fc.record({
      name: fc.constantFrom('openai-chat', 'ordered', 'local', 'generic'),
      api: fc.constantFrom(...apis),
      model: fc.constantFrom('sim-gpt', 'sim-claude', 'fast', 'own-1', 'other', ''),
    });
    fc.assert(
      fc.property(question, ({ name, api, model }) => {
        const selection = select(name, api, model);
        if (selection.outcome === 'rejected') return;
        const found = selection.candidates.map((candidate) => candidate.upstream);
        expect(new Set(found).size).toBe(found.length);
        expect(found.length).toBeGreaterThan(0);
        for (const upstream of found) {
          expect(speaksApi(config.upstreams[upstream]?.provider ?? 'generic', api)).toBe(true);
        }
      }),
    );
  });
});

test('each provider speaks its own APIs', () => {
  const spoken = (provider: Provider): readonly Api[] => apis.filter((api) => speaksApi(provider, api));
  const openai = apis.filter((api) => api.startsWith('openai.'));
  expect(Object.fromEntries(providers.map((provider) => [provider, spoken(provider)]))).toEqual({
    openai,
    anthropic: ['anthropic.messages', 'anthropic.count_tokens'],
    'openai-compatible': [...openai, 'generic'],
    generic: ['generic'],
  });
});

describe('the list of models', () => {
  test('has literal names and aliases, each once', () => {
    expect(listModels(config, ['*'])).toEqual([
      { id: 'sim-gpt', ownedBy: 'literal' },
      { id: 'sim-mini', ownedBy: 'literal' },
      { id: 'fast', ownedBy: 'literal' },
      { id: 'sim-claude', ownedBy: 'claude' },
    ]);
  });

  test('has only what the caller may use', () => {
    expect(listModels(config, ['*-mini', 'fast']).map((model) => model.id)).toEqual(['sim-mini', 'fast']);
    expect(listModels(config, [])).toEqual([]);
  });
});

describe('the explanation', () => {
  const request = { method: 'POST', path: '/v1/chat/completions', headers: {} };

  test('says which route and upstreams are taken, and why not the others', () => {
    const lines = explainRoute(config, { ...request, model: 'fast' }).split('\n');
    expect(lines).toEqual([
      'POST /v1/chat/completions, routes',
      '  ordered: no, path differs',
      '  claude-only: no, path differs',
      '  gold: no, path differs',
      '  told: no, path differs',
      '  local: no, path differs',
      '  openai-chat: matches',
      'api openai.chat, path for the upstream /v1/chat/completions',
      'model "fast", upstreams',
      '  any: serves it as "fast"',
      '  pattern: no, has no such model',
      '  literal: serves it as "sim-mini"',
      '  claude: no, has no such model',
      '  own: no, has no such model',
      '  order: literal, any',
    ]);
  });

  test.each([
    [{ ...request, method: 'GET' }, 'method_not_allowed, allowed: POST'],
    [{ ...request, path: '/none' }, 'route_not_found'],
    [{ ...request, path: '/a/../b' }, 'a path begins with / and has no . or .. segments'],
    [{ ...request, path: '/b', model: 'sim-claude' }, 'claude: no, does not speak openai.chat'],
    [{ ...request, method: 'GET', path: '/v1/models' }, 'answered from the configuration'],
    [{ ...request, path: '/e', headers: { 'x-model': 'own-1' } }, 'own: serves it as "own-1"'],
    [
      { ...request, path: '/e', headers: { 'x-model': 'own-1' }, model: 'own-2' },
      'bad_header: the model is "own-2" and by x-model "own-1"',
    ],
  ])('%j: %s', (asked, expected) => {
    expect(explainRoute(config, asked)).toContain(expected);
  });
});
