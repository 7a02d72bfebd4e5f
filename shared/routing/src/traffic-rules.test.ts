import { type EnvelopeMeta, parseConfig, type WeirConfig } from '@weir/contracts';
import { describe, expect, test } from 'vitest';
import { canaryRevision } from './canary-revision.ts';
import { explainRoute } from './explain-route.ts';
import { findRoute } from './route-table.ts';
import { selectUpstreams } from './select-upstreams.ts';
import { type SplitRequest, splitKeyOf } from './split-key.ts';
import { trafficHeaders } from './traffic-headers.ts';

const gpt = { provider: 'openai-compatible', targets: ['http://127.0.0.1:8090'] };
const upstreams = {
  v1: gpt,
  v2: gpt,
  small: { ...gpt, models: ['gpt-mini'] },
  premium: gpt,
  shared: gpt,
};

const valid = (routes: readonly object[]): WeirConfig => {
  const parsed = parseConfig({ version: 1, upstreams, routes });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

const route = (given: object): object => ({ match: { path: '/x' }, api: 'openai.chat', ...given });

const config = valid([
  route({ name: 'weighted', split: [share('v1', 80), share('v2', 20)] }),
  route({ name: 'sticky', split: [share('v1', 1), share('v2', 1)], splitBy: 'header:X-Session' }),
  route({ name: 'mixed', split: [share('v1', 1), share('small', 1_000)] }),
  route({
    name: 'ab',
    abTest: {
      header: 'X-AB-Test-Group',
      variants: [
        { name: 'control', upstream: 'v1' },
        { name: 'experiment', upstream: 'v2', weight: 0 },
      ],
    },
  }),
  route({
    name: 'composite',
    upstreams: ['v1'],
    rules: [
      {
        name: 'premium',
        match: { models: ['gpt-4*'], headers: { 'X-Customer-Tier': 'premium' } },
        upstreams: ['premium'],
      },
      { match: { models: ['gpt-4*'], tiers: ['gold'] }, upstreams: ['premium', 'shared'] },
      { name: 'rest', match: { models: ['gpt-4*'] }, split: [share('shared', 1), share('v2', 0)] },
    ],
  }),
]);

function share(upstream: string, weight: number): object {
  return { upstream, weight };
}

const caller = (given: {
  id?: string;
  headers?: Record<string, string>;
  principal?: EnvelopeMeta['principal'];
}): SplitRequest => ({
  id: given.id ?? 'request-1',
  client: { ip: '10.0.0.1', headers: given.headers ?? {} },
  ...(given.principal ? { principal: given.principal } : {}),
});

const select = (name: string, request: SplitRequest, model = 'gpt-4') => {
  const found = findRoute(config, name);
  if (!found) throw new Error(`no route ${name}`);
  const selection = selectUpstreams(config, {
    route: found,
    api: 'openai.chat',
    model,
    request,
    ...(request.principal ? { principal: request.principal } : {}),
  });
  if (selection.outcome === 'rejected') throw new Error(selection.message);
  return selection.candidates;
};

const upstreamsOf = (...given: Parameters<typeof select>): readonly string[] =>
  select(...given).map(({ upstream }) => upstream);

const ids = Array.from({ length: 200 }, (_, at) => `request-${at}`);

describe('a split', () => {
  test('sends every request somewhere, and names the others behind it', () => {
    const orders = ids.map((id) => upstreamsOf('weighted', caller({ id })).join());
    expect(new Set(orders)).toEqual(new Set(['v1,v2', 'v2,v1']));
    expect(orders.filter((order) => order === 'v2,v1').length).toBeLessThan(80);
  });

  test('names the variant of each candidate', () => {
    expect(
      select('weighted', caller({}))
        .map(({ variant }) => variant)
        .sort(),
    ).toEqual(['v1', 'v2']);
  });

  test('keeps what has the same header together, whatever the request', () => {
    const headers = { 'x-session': 'abc' };
    const ways = new Set(ids.map((id) => upstreamsOf('sticky', caller({ id, headers })).join()));
    expect(ways.size).toBe(1);
    const sessions = ids.map(
      (session) => upstreamsOf('sticky', caller({ headers: { 'x-session': session } }))[0],
    );
    expect(new Set(sessions)).toEqual(new Set(['v1', 'v2']));
  });

  test('without the header goes by the request', () => {
    expect(new Set(ids.map((id) => upstreamsOf('sticky', caller({ id }))[0]))).toEqual(new Set(['v1', 'v2']));
  });

  test('tells anonymous callers apart by their address, as they have no key', () => {
    const ways = [1, 2].map((host) => {
      const principal = { org: 'anonymous', team: '_', key: '_' };
      const client = { ip: `10.0.0.${host}`, headers: {} };
      return splitKeyOf('key', { id: 'request-1', client, principal });
    });
    expect(ways).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  test('gives the share of a variant that has not the model to the others', () => {
    expect(upstreamsOf('mixed', caller({}), 'gpt-4')).toEqual(['v1']);
    expect(upstreamsOf('mixed', caller({}), 'gpt-mini')).toHaveLength(2);
  });

  test.each(['key', 'team', 'org', 'request'])('by %s: each has its own place', (by) => {
    const other = valid([route({ name: 'by', split: [share('v1', 1), share('v2', 1)], splitBy: by })]);
    const found = findRoute(other, 'by');
    if (!found) throw new Error('no route');
    const firstOf = (request: SplitRequest) => {
      const selection = selectUpstreams(other, { route: found, api: 'openai.chat', model: 'm', request });
      return selection.outcome === 'found' ? selection.candidates[0]?.upstream : undefined;
    };
    const principal = { org: 'acme', team: 'web', key: 'k1' };
    const ofOne = new Set(ids.map((id) => firstOf(caller({ id, principal }))));
    expect(ofOne.size).toBe(by === 'request' ? 2 : 1);
    const ofMany = ids.map((id) =>
      firstOf(caller({ principal: { ...principal, [by === 'request' ? 'key' : by]: id } })),
    );
    expect(new Set(ofMany).size).toBe(by === 'request' ? 1 : 2);
  });
});

describe('an A/B test', () => {
  const principal = { org: 'acme', team: '_', key: 'k1' };

  test('goes by the header that names a variant, even one without weight', () => {
    const headers = { 'x-ab-test-group': 'experiment' };
    expect(select('ab', caller({ headers, principal }))[0]).toMatchObject({
      upstream: 'v2',
      variant: 'experiment',
    });
  });

  test.each([{}, { 'x-ab-test-group': 'nonsense' }, { 'x-ab-test-group': '__proto__' }])(
    'goes by the key where the header is %j',
    (headers) => {
      expect(select('ab', caller({ headers, principal }))[0]).toMatchObject({ variant: 'control' });
    },
  );
});

describe('rules', () => {
  const premium = { 'x-customer-tier': 'premium' };
  const gold = { org: 'acme', team: '_', key: 'k1', tier: 'gold' };

  test.each<[string, string, Record<string, string>, EnvelopeMeta['principal'], string[]]>([
    ['header and model', 'gpt-4-turbo', premium, undefined, ['premium']],
    ['tier and model', 'gpt-4', {}, gold, ['premium', 'shared']],
    ['model alone, for another tier', 'gpt-4', {}, { ...gold, tier: 'free' }, ['shared']],
    ['none: as the route says', 'gpt-3', premium, gold, ['v1']],
  ])('%s', (_what, model, headers, principal, expected) => {
    const request = caller({ headers, ...(principal ? { principal } : {}) });
    expect(upstreamsOf('composite', request, model)).toEqual(expected);
  });
});

test('headers that decide travel', () => {
  expect([...trafficHeaders(config)].sort()).toEqual(['x-ab-test-group', 'x-customer-tier', 'x-session']);
});

describe('the explanation', () => {
  const explain = (name: string, headers: Record<string, string>, model = 'gpt-4'): string => {
    const only = { ...config, routes: config.routes.filter((one) => one.name === name) };
    return explainRoute(only, { method: 'POST', path: '/x', headers, model });
  };

  test('says which rule a request fulfils', () => {
    const text = explain('composite', { 'x-customer-tier': 'basic' }, 'gpt-3');
    expect(text).toContain('premium: no, header differs\n  rule 1: no, model differs');
    expect(text).toContain('none: as the route says');
    expect(explain('composite', { 'x-customer-tier': 'premium' })).toContain('premium: matches\nmodel');
  });

  test('says what the shares are, and nothing of an order that it cannot know', () => {
    const text = explain('weighted', {});
    expect(text).toContain('variants by request\n  v1: v1, 80 %\n  v2: v2, 20 %\n  order: by share');
  });

  test('says which variant a header names, or keeps a caller with', () => {
    expect(explain('ab', { 'x-ab-test-group': 'experiment' })).toContain(
      'experiment, by header x-ab-test-group\n  order: v2, v1',
    );
    expect(explain('sticky', { 'x-session': 'abc' })).toMatch(/v[12], by header:x-session\n {2}order: /);
  });
});

describe('a configuration is refused', () => {
  test.each<[string, object, string]>([
    ['an upstream that is not there', { split: [share('v3', 1)] }, 'routes[0].split[0].upstream'],
    ['one upstream twice', { split: [share('v1', 1), share('v1', 2)] }, 'routes[0].split[1].upstream'],
    ['no weight at all', { split: [share('v1', 0)] }, 'routes[0].split'],
    ['two ways', { upstreams: ['v1'], split: [share('v2', 1)] }, 'routes[0].split'],
    ['a key of a split without a split', { splitBy: 'org' }, 'routes[0].splitBy'],
    [
      'a credential to go by',
      { split: [share('v1', 1)], splitBy: 'header:Authorization' },
      'routes[0].splitBy',
    ],
    [
      'two variants of one name',
      {
        abTest: {
          variants: [
            { name: 'a', upstream: 'v1' },
            { name: 'a', upstream: 'v2' },
          ],
        },
      },
      'routes[0].abTest.variants[1].name',
    ],
    ['a rule that leads nowhere', { rules: [{ match: { models: ['*'] } }] }, 'routes[0].rules[0]'],
    ['a rule without a condition', { rules: [{ match: {}, upstreams: ['v1'] }] }, 'routes[0].rules[0].match'],
    [
      'a rule with an upstream that is not there',
      { rules: [{ match: { models: ['*'] }, upstreams: ['v9'] }] },
      'routes[0].rules[0].upstreams[0]',
    ],
  ])('%s', (_what, given, path) => {
    const parsed = parseConfig({ version: 1, upstreams, routes: [route({ name: 'bad', ...given })] });
    expect(parsed.outcome === 'invalid' ? parsed.problems.map((one) => one.path) : []).toContain(path);
  });
});

describe('a canary', () => {
  const canary = {
    stable: 'v1',
    canary: 'v2',
    splitBy: 'header:x-session',
    steps: [{ weight: 5, holdMs: 1 }],
  };
  const trial = valid([
    route({ name: 'trial', canary, rules: [{ match: { models: ['gpt-mini'] }, upstreams: ['small'] }] }),
  ]);
  const [found] = trial.routes;
  if (!found) throw new Error('no route');

  const variantsAt = (weight: number | undefined, session: string, model = 'gpt-4') => {
    const selection = selectUpstreams(trial, {
      route: found,
      api: 'openai.chat',
      model,
      request: caller({ headers: { 'x-session': session } }),
      ...(weight === undefined ? {} : { canaryWeight: weight }),
    });
    return selection.outcome === 'found' ? selection.candidates.map(({ variant }) => variant) : [];
  };

  test('gets its share, keeps who has it while that grows, and leaves the rest to the stable upstream', () => {
    const shares = [0, 5, 40, 100].map(
      (weight) => new Set(ids.filter((id) => variantsAt(weight, id)[0] === 'canary')),
    );
    expect(shares[0]?.size).toBe(0);
    expect(shares[3]?.size).toBe(ids.length);
    expect([...(shares[1] ?? [])].every((id) => shares[2]?.has(id))).toBe(true);
    expect(shares[1]?.size ?? 0).toBeGreaterThan(0);
    expect(shares[2]?.size ?? 0).toBeGreaterThan(shares[1]?.size ?? 0);
  });

  test('that was rolled back gets nothing at all, and one that has it all leaves its failures to the other', () => {
    expect(variantsAt(0, 'any')).toEqual(['stable']);
    expect(variantsAt(100, 'any')).toEqual(['canary', 'stable']);
  });

  test('counts among those that a request may cost while it is not known how far it has come', () => {
    expect([...variantsAt(undefined, 'any')].sort()).toEqual(['canary', 'stable']);
  });

  test('has no part in what a rule sends elsewhere', () => {
    expect(variantsAt(100, 'any', 'gpt-mini')).toEqual([undefined]);
  });

  test('is explained, and its header travels', () => {
    const text = explainRoute(trial, { method: 'POST', path: '/x', headers: {}, model: 'gpt-4' });
    expect(text).toContain('canary: v2, as far as its steps have come\n  order: by share');
    expect(trafficHeaders(trial)).toEqual(['x-session']);
  });

  test('has a revision that goes with its configuration, whatever the order in the file', () => {
    const revisionOf = (given: object): string | undefined => {
      const other = valid([route({ name: 'trial', canary: given })]).routes[0]?.canary;
      return other && canaryRevision(other);
    };
    const { stable, ...rest } = canary;
    expect(revisionOf({ ...rest, stable })).toBe(revisionOf(canary));
    // Another version of Weir has to find the same, or it would begin all canaries anew.
    expect(revisionOf(canary)).toMatchInlineSnapshot(`"bbbcf59592ed0934"`);
    expect(revisionOf({ ...canary, splitBy: 'org' })).not.toBe(revisionOf(canary));
    expect(revisionOf({ ...canary, steps: [{ weight: 6, holdMs: 1 }] })).not.toBe(revisionOf(canary));
    expect(revisionOf({ ...canary, rollback: { minRequests: 7 } })).not.toBe(revisionOf(canary));
  });

  test.each<[string, object, string]>([
    ['an upstream that is not there', { canary: 'v3' }, 'routes[0].canary.canary'],
    ['itself as its stand-in', { canary: 'v1' }, 'routes[0].canary.canary'],
    ['shares that fall', { steps: [step(50), step(5)] }, 'routes[0].canary.steps'],
    ['more than all', { steps: [step(101)] }, 'routes[0].canary.steps[0].weight'],
    ['no step', { steps: [] }, 'routes[0].canary.steps'],
  ])('is refused: %s', (_what, given, path) => {
    const routes = [route({ name: 'bad', canary: { ...canary, ...given } })];
    const parsed = parseConfig({ version: 1, upstreams, routes });
    expect(parsed.outcome === 'invalid' ? parsed.problems.map((one) => one.path) : []).toContain(path);
  });
});

function step(weight: number): object {
  return { weight, holdMs: 1 };
}
