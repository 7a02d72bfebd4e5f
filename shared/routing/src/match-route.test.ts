import { builtinRoutes, parseConfig, type RouteConfig, type WeirConfig } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchRoute, type RouteMatch } from './match-route.ts';
import type { RoutedRequest } from './missed-condition.ts';
import { compileRoutes } from './route-table.ts';

const configWith = (routes: readonly object[]): WeirConfig => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:8090'] } },
    routes,
  });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

const matchWith = (routes: readonly object[], request: Partial<RoutedRequest>): RouteMatch =>
  matchRoute(compileRoutes(configWith(routes)), { method: 'POST', path: '/', headers: {}, ...request });

const nameOf = (match: RouteMatch): string => (match.outcome === 'matched' ? match.route.name : match.reason);

describe('the built-in routes', () => {
  test.each([
    ['POST', '/v1/chat/completions', 'openai-chat', 'openai.chat'],
    ['POST', '/v1/completions', 'openai-completions', 'openai.completions'],
    ['POST', '/v1/embeddings', 'openai-embeddings', 'openai.embeddings'],
    ['POST', '/v1/responses', 'openai-responses', 'openai.responses'],
    ['GET', '/v1/models', 'openai-models', 'openai.models'],
    ['GET', '/v1/models/sim-gpt', 'openai-model', 'openai.models'],
    ['POST', '/v1/messages?beta=true', 'anthropic-messages', 'anthropic.messages'],
    ['POST', '/v1/messages/count_tokens?beta=true', 'anthropic-count-tokens', 'anthropic.count_tokens'],
    ['POST', '/inference', 'generic', 'generic'],
  ])('%s %s is %s', (method, path, name, api) => {
    const match = matchWith([], { method, path });
    expect(match).toMatchObject({ outcome: 'matched', route: { name }, api, upstreamPath: path });
  });

  test('name the API that their paths say', () => {
    const withoutApi = builtinRoutes.map(({ api: _, ...route }): RouteConfig => route);
    const table = compileRoutes({ ...configWith([]), routes: withoutApi });
    for (const { match, api } of builtinRoutes) {
      const path = match.path ?? `${match.pathPrefix}any`;
      expect(matchRoute(table, { method: match.methods?.[0] ?? '', path, headers: {} })).toMatchObject({
        api,
      });
    }
  });
});

describe('what no route takes', () => {
  test.each([
    '/',
    '/v1',
    '/v1/chat',
    '/v1/chat/completions/',
    '/V1/models',
    'v1/models',
    '',
    '*',
    '/inference/x',
  ])('%j', (path) => {
    expect(matchWith([], { path })).toEqual({ outcome: 'rejected', reason: 'route_not_found' });
  });

  test.each(['/a/../v1/models', '/a/%2e%2E/x', '/a/.', '/a/..', '/a\\..\\x', '/a/.%2e/x'])(
    'a path that leads elsewhere: %j',
    (path) => {
      expect(nameOf(matchWith([{ name: 'all', match: { pathPrefix: '/' } }], { path }))).toBe(
        'route_not_found',
      );
    },
  );

  test('a method: it says which there are, of every route of the path', () => {
    const routes = [
      { name: 'one', match: { path: '/v1/models', methods: ['PUT', 'DELETE'] } },
      { name: 'two', match: { path: '/v1/models', methods: ['PATCH'], headers: { 'x-team': 'a' } } },
    ];
    expect(matchWith(routes, { path: '/v1/models' })).toEqual({
      outcome: 'rejected',
      reason: 'method_not_allowed',
      allowed: ['DELETE', 'GET', 'PUT'],
    });
  });
});

describe('conditions', () => {
  test.each([
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a', '/a?x=/b', true],
    ['/a', '/ab', false],
    ['/a/', '/a/b', true],
    ['/a/', '/a/', true],
    ['/a/', '/a', false],
    ['/', '/anything', true],
  ])('prefix %s on %s: %j', (pathPrefix, path, expected) => {
    expect(nameOf(matchWith([{ name: 'mine', match: { pathPrefix } }], { path })) === 'mine').toBe(expected);
  });

  test.each<[RoutedRequest['headers'], boolean]>([
    [{ 'x-team': 'red-1' }, true],
    [{ 'x-team': ['red', 'blue'] }, true],
    [{ 'x-team': 'blue' }, false],
    [{ 'x-team': undefined }, false],
    [{}, false],
  ])('header red* on %j: %j', (headers, expected) => {
    const routes = [{ name: 'mine', match: { headers: { 'X-Team': 'red*' } } }];
    expect(nameOf(matchWith(routes, { path: '/x', headers })) === 'mine').toBe(expected);
  });

  test('the first route that holds wins', () => {
    const routes = [
      { name: 'one', match: { pathPrefix: '/v1', headers: { 'x-one': '*' } } },
      { name: 'two', match: { pathPrefix: '/v1' } },
      { name: 'three', match: { path: '/v1/chat/completions' } },
    ];
    expect(nameOf(matchWith(routes, { path: '/v1/chat/completions' }))).toBe('two');
    expect(nameOf(matchWith(routes, { path: '/v1/models', headers: { 'x-one': '' } }))).toBe('one');
  });

  test('on model and tier count once these are known', () => {
    const routes = [{ name: 'gold', match: { pathPrefix: '/', models: ['sim-*'], tiers: ['gold'] } }];
    const path = '/inference';
    expect(nameOf(matchWith(routes, { path }))).toBe('gold');
    expect(nameOf(matchWith(routes, { path, model: 'sim-gpt', tier: 'gold' }))).toBe('gold');
    expect(nameOf(matchWith(routes, { path, model: 'gpt' }))).toBe('generic');
    expect(nameOf(matchWith(routes, { path, tier: 'free' }))).toBe('generic');
  });
});

describe('the path for the upstream', () => {
  test.each([
    ['/v1/openai/chat/completions?x=1', '/v1/chat/completions?x=1', 'openai.chat'],
    ['/v1/openai/v1/chat/completions', '/v1/chat/completions', 'openai.chat'],
    ['/v1/openai/models/a', '/v1/models/a', 'openai.models'],
    ['/v1/openai/messages/count_tokens', '/v1/messages/count_tokens', 'anthropic.count_tokens'],
    ['/v1/openai', '/', 'generic'],
    ['/v1/openai/files', '/files', 'generic'],
    ['/v1/openai//elsewhere.test/x', '/elsewhere.test/x', 'generic'],
    ['/v1/openai/\\elsewhere.test/x', '/elsewhere.test/x', 'generic'],
  ])('%s travels on as %s, %s', (path, upstreamPath, api) => {
    const routes = [{ name: 'mine', match: { pathPrefix: '/v1/openai' }, stripPrefix: '/v1/openai/' }];
    expect(matchWith(routes, { path })).toMatchObject({ upstreamPath, api });
  });

  test.each([
    ['/v1/models', undefined],
    ['/v1/models/', undefined],
    ['/v1/models/sim-gpt?x=1', 'sim-gpt'],
    ['/v1/models/meta/llama%2F3', 'meta/llama/3'],
    ['/v1/models/50%', '50%'],
  ])('%s names the model %j', (path, pathModel) => {
    const match = matchWith([], { method: 'GET', path });
    expect(match.outcome === 'matched' ? match.pathModel : match.reason).toBe(pathModel);
  });

  test('always begins with one slash, and keeps the query', () => {
    const table = compileRoutes(
      configWith([
        { name: 'mine', match: { pathPrefix: '/a' }, stripPrefix: '/a' },
        { name: 'all', match: { pathPrefix: '/' } },
      ]),
    );
    const text = fc.string({ unit: fc.constantFrom('/', 'a', 'b', '\\', '.', '%', '?'), maxLength: 12 });
    fc.assert(
      fc.property(text, (rest) => {
        const match = matchRoute(table, { method: 'POST', path: `/${rest}`, headers: {} });
        if (match.outcome === 'rejected') return;
        expect(match.upstreamPath).toMatch(/^\/(?![/\\])/);
        const queryStart = rest.indexOf('?');
        if (queryStart >= 0) expect(match.upstreamPath.endsWith(rest.slice(queryStart))).toBe(true);
        expect(new URL(match.upstreamPath, 'http://host').host).toBe('host');
      }),
      { numRuns: 1000 },
    );
  });
});
