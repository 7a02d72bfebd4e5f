import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSubjectToken } from '../subjects.ts';
import { builtinRoutes } from './builtin-routes.ts';
import { renderProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';
import type { WeirConfig } from './weir-config.ts';

const sha256 = 'ab'.repeat(32);
const minimal = {
  version: 1,
  upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:8090'] } },
  tenants: [{ org: 'demo', keys: [{ id: 'first', sha256 }] }],
};

const valid = (value: unknown): WeirConfig => {
  const parsed = parseConfig(value);
  if (parsed.outcome === 'invalid') throw new Error(parsed.problems.map(renderProblem).join('\n'));
  return parsed.config;
};

const problemsOf = (value: unknown): string[] => {
  const parsed = parseConfig(value);
  return parsed.outcome === 'valid' ? [] : parsed.problems.map(renderProblem);
};

const sticky = { ...minimal.upstreams.local, strategy: 'session' };

const upstream = (more: object): object => ({
  ...minimal,
  upstreams: { local: { ...minimal.upstreams.local, ...more } },
});
const route = (more: object): object => ({
  ...minimal,
  routes: [{ name: 'mine', match: { pathPrefix: '/mine' }, ...more }],
});

describe('a minimal configuration', () => {
  const config = valid(minimal);

  test('listens on this machine only', () => {
    expect(config.listeners.http).toEqual({
      host: '127.0.0.1',
      port: 8080,
      bodyLimitBytes: 10_485_760,
      headerLimitBytes: 32_768,
      requestTimeoutMs: 600_000,
      headersTimeoutMs: 20_000,
      keepAliveTimeoutMs: 72_000,
      jsonDepthLimit: 64,
      maxConnections: 10_000,
      trustedProxies: [],
    });
  });

  test('has every setting of its upstream', () => {
    expect(config.upstreams['local']).toEqual({
      provider: 'openai-compatible',
      targets: [{ name: 't0', url: 'http://127.0.0.1:8090', weight: 1 }],
      strategy: 'least-tokens-queued',
      slowStartMs: 10_000,
      models: [],
      aliases: {},
      timeouts: { connectMs: 5000, headMs: 300_000, idleMs: 120_000 },
      connectionPool: { maxConnections: 1024, maxPending: 1024, idleTimeoutMs: 30_000, pipelining: 1 },
      queue: { maxWaiting: 1_000, maxWaitingBytes: 67_108_864, maxTenantShare: 0.5, timeoutMs: 30_000 },
      onDisconnect: 'abort',
      forwardHeaders: [],
      askUsage: true,
      providerQuota: 'ignore',
      countTokens: 'estimate',
      embeddings: 'encode-base64',
    });
  });

  test('has the built-in routes', () => {
    expect(config.routes).toEqual(builtinRoutes);
  });

  test('lets a key use everything', () => {
    expect(config.tenants).toMatchObject([
      { org: 'demo', keys: [{ id: 'first', sha256, models: ['*'], routes: ['*'] }], teams: [] },
    ]);
  });
});

describe('defaults that depend on the provider', () => {
  test.each([
    ['openai', 'estimate', 'as-is'],
    ['anthropic', 'upstream', 'as-is'],
    ['openai-compatible', 'estimate', 'encode-base64'],
    ['generic', 'estimate', 'as-is'],
  ])('%s: countTokens %s, embeddings %s', (provider, countTokens, embeddings) => {
    expect(valid(upstream({ provider })).upstreams['local']).toMatchObject({ countTokens, embeddings });
  });

  test.each([
    ['openai', 'https://host/v1/', 'https://host'],
    ['openai-compatible', 'https://host/openai/v1', 'https://host/openai'],
    ['openai', 'http://v1', 'http://v1'],
    ['openai', 'http://host/v1/v1', 'http://host'],
    ['generic', 'https://host/v1', 'https://host/v1'],
  ])('%s: the base of %s is %s', (provider, url, base) => {
    expect(valid(upstream({ provider, targets: [url] })).upstreams['local']?.targets[0]?.url).toBe(base);
  });
});

test('a number that is zero stays zero', () => {
  const config = valid({
    ...route({ priority: 0 }),
    ...upstream({ connectionPool: { maxPending: 0 } }),
    listeners: { http: { port: 0 } },
  });
  expect(config.listeners.http.port).toBe(0);
  expect(config.upstreams['local']?.connectionPool.maxPending).toBe(0);
  expect(config.routes[0]?.priority).toBe(0);
});

test('a route of the file stands before the built-in ones and replaces that of its name', () => {
  const { routes } = valid(route({ name: 'generic', api: 'openai.chat' }));
  expect(routes[0]).toMatchObject({ name: 'generic', api: 'openai.chat' });
  expect(routes.filter((one) => one.name === 'generic')).toHaveLength(1);
});

test('names of headers become lower-case', () => {
  const config = valid({
    ...route({
      match: { headers: { 'X-Team': 'A*' } },
      headers: { set: { 'X-Via': 'Weir' }, remove: ['X-Old'] },
    }),
    ...upstream({ forwardHeaders: ['X-Sim-*'] }),
  });
  expect(config.upstreams['local']?.forwardHeaders).toEqual(['x-sim-*']);
  expect(config.routes[0]).toMatchObject({
    match: { headers: { 'x-team': 'A*' } },
    headers: { set: { 'x-via': 'Weir' }, remove: ['x-old'] },
  });
});

test.each([{ credentials: { fromEnv: 'KEY' } }, { strategy: 'session' }])(
  'its own output is taken and returned as it is: %j',
  (given) => {
    const config = valid({ ...route({ timeoutMs: 5 }), ...upstream(given) });
    expect(valid(JSON.parse(JSON.stringify(config)))).toEqual(config);
  },
);

test('a session is named by a header or a cookie, or else by the key', () => {
  const affinityOf = (affinity: object) =>
    valid(upstream({ strategy: 'session', ...affinity })).upstreams['local']?.affinity;
  expect(affinityOf({})).toEqual({ maxExtraCostMs: 1_500 });
  expect(affinityOf({ affinity: { header: 'X-Session', maxExtraCostMs: 0 } })).toEqual({
    header: 'x-session',
    maxExtraCostMs: 0,
  });
  expect(affinityOf({ affinity: { cookie: 'SID' } })).toEqual({ cookie: 'SID', maxExtraCostMs: 1_500 });
});

describe('problems', () => {
  test.each<[string, unknown, string]>([
    ['nothing at all', null, 'the configuration: found nothing, expected a mapping'],
    [
      'no upstream',
      { ...minimal, upstreams: {} },
      'upstreams: found a mapping, expected at least one upstream',
    ],
    ['a version to come', { ...minimal, version: 2 }, 'version: found the number 2, expected 1'],
    ['a number as text', upstream({ timeouts: { idleMs: '5' } }), 'found "5", expected a number'],
    ['a time that overflows', upstream({ timeouts: { idleMs: 2 ** 31 } }), 'expected at most 86400000'],
    [
      'an unquoted name',
      { ...minimal, tenants: [{ org: 7 }] },
      'tenants[0].org: found the number 7, expected a string: put it in quotes',
    ],
    [
      'an upstream with a dot',
      { ...minimal, upstreams: { 'a.b': minimal.upstreams.local } },
      'found "a.b", expected a name',
    ],
    ['a target with a star', upstream({ targets: [{ name: '*', url: 'http://host' }] }), 'targets[0].name'],
    ['an unknown provider', upstream({ provider: 'openapi' }), 'did you mean "openai"?'],
    [
      'a target that is neither',
      upstream({ targets: [5] }),
      'targets[0]: found the number 5, expected a string, or a mapping',
    ],
    ['no target', upstream({ targets: [] }), 'targets: found a list of 0, expected at least 1 item(s)'],
    ['another protocol', upstream({ targets: ['ftp://host'] }), 'expected an http or https URL'],
    ['a query', upstream({ targets: ['http://host/?key=1'] }), 'expected an http or https URL'],
    [
      'no weight',
      upstream({ targets: [{ url: 'http://host', weight: 0 }] }),
      'weight: found the number 0, expected more than 0',
    ],
    [
      'two targets of a name',
      upstream({ targets: ['http://one', { name: 't0', url: 'http://two' }] }),
      'targets[0] has it already',
    ],
    [
      'an alias of nothing',
      upstream({ models: ['sim-gpt'], aliases: { fast: 'sim-gtp' } }),
      'did you mean "sim-gpt"?',
    ],
    ...[
      { serverName: '10.0.0.1' },
      { serverName: 'models.test.' },
      { serverName: 'a b' },
      { serverName: '[::1]' },
    ].map((tls): [string, object, string] => [
      `the server name ${tls.serverName}`,
      upstream({ targets: ['https://host'], tls }),
      'expected the name of a host, not an address',
    ]),
    [
      'tls without https',
      upstream({ targets: ['http://host'], tls: {} }),
      'tls: found a mapping, expected nothing, as no target has an https URL',
    ],
    [
      'a key without a certificate',
      upstream({ targets: ['https://host'], tls: { keyFile: 'key.pem' } }),
      'tls: found a mapping, expected a `certFile` with the `keyFile`',
    ],
    [
      'authorities that are not asked',
      upstream({ targets: ['https://host'], tls: { verify: false, caFile: 'ca.pem' } }),
      'tls: found a mapping, expected no `caFile` where nothing is verified',
    ],
    [
      'a cookie without a name',
      upstream({ strategy: 'session', affinity: { issueCookie: true } }),
      'affinity: found a mapping, expected a `cookie` that is issued',
    ],
    [
      'the age of a cookie of somebody else',
      upstream({ strategy: 'session', affinity: { cookie: 'sid', cookieMaxAgeMs: 60_000 } }),
      'affinity: found a mapping, expected no `cookieMaxAgeMs`',
    ],
    [
      'a cookie that one upstream issues and another does not',
      {
        ...minimal,
        upstreams: {
          one: { ...sticky, affinity: { cookie: 'sid', issueCookie: true } },
          two: { ...sticky, affinity: { cookie: 'sid' } },
        },
      },
      'upstreams.two.affinity: found a mapping, expected `issueCookie: true`, as another upstream issues sid',
    ],
    [
      'a session of another strategy',
      upstream({ affinity: { header: 'x-session' } }),
      'affinity: found a mapping, expected nothing, as only `strategy: session` has sessions',
    ],
    [
      'a header and a cookie',
      upstream({ strategy: 'session', affinity: { header: 'x-session', cookie: 'sid' } }),
      'affinity: found a mapping, expected a header or a cookie, not both',
    ],
    [
      'all cookies at once',
      upstream({ strategy: 'session', affinity: { header: 'Cookie' } }),
      'affinity.header: found "Cookie", expected a header with one value; for a cookie see `cookie`',
    ],
    [
      'an unknown upstream',
      route({ upstreams: ['locla'] }),
      'routes[0].upstreams[0]: found "locla", expected the name of an upstream; did you mean "local"?',
    ],
    [
      'an unknown fallback',
      route({ fallback: { upstreams: [{ upstream: 'locla' }] } }),
      'routes[0].fallback.upstreams[0].upstream: found "locla", expected the name of an upstream; did you mean "local"?',
    ],
    [
      'a fallback twice',
      route({ fallback: { upstreams: ['local', { upstream: 'local' }] } }),
      'routes[0].fallback.upstreams[0] has it already',
    ],
    ['a fallback to nowhere', route({ fallback: { upstreams: [] } }), 'expected at least 1 item(s)'],
    [
      'a status that is no failure',
      route({ fallback: { upstreams: ['local'], triggers: { onErrorCodes: [200] } } }),
      'at least 400',
    ],
    [
      'a time for one attempt that the time for all of them cuts off',
      route({ retry: { perTryTimeoutMs: 500, timeoutMs: 500 } }),
      'a `perTryTimeoutMs` below `timeoutMs`',
    ],
    ...['Authorization', 'cookie', 'host'].map((modelHeader): [string, object, string] => [
      `a model in ${modelHeader}`,
      route({ modelHeader }),
      "a header of the client's own",
    ]),
    ['an unknown condition', route({ retry: { on: ['5x'] } }), '5xx'],
    [
      'statuses that are not asked for',
      route({ retry: { on: ['5xx'], statusCodes: [418] } }),
      'both `statusCodes` and `retriable-status-codes`',
    ],
    [
      'no statuses where they are asked for',
      route({ retry: { on: ['retriable-status-codes'] } }),
      'both `statusCodes` and `retriable-status-codes`',
    ],
    ['an upstream twice', route({ upstreams: ['local', 'local'] }), 'routes[0].upstreams[0] has it already'],
    [
      'a route without conditions',
      route({ match: {} }),
      'routes[0].match: found a mapping, expected at least one condition',
    ],
    [
      'two paths',
      route({ match: { path: '/mine', pathPrefix: '/mine' } }),
      'match.pathPrefix: found "/mine", expected nothing',
    ],
    ['a prefix that is not there', route({ stripPrefix: '/min' }), 'routes[0].stripPrefix: found "/min"'],
    [
      'a header of ours',
      route({ headers: { set: { Authorization: 'x' } } }),
      'see upstreams.<name>.credentials',
    ],
    [
      'two lines in a header',
      route({ headers: { set: { 'x-one': 'a\r\nb: c' } } }),
      'expected printable ASCII on one line',
    ],
    [
      'a proxy by name',
      { ...minimal, listeners: { http: { trustedProxies: ['proxy'] } } },
      'expected an IP address',
    ],
  ])('%s', (_, value, expected) => {
    expect(problemsOf(value)).toEqual([expect.stringContaining(expected)]);
  });

  const keys = (...list: object[]): object => ({ ...minimal, tenants: [{ org: 'demo', keys: list }] });

  test.each<[string, object, string]>([
    ['two keys of an id', keys({ id: 'k', sha256 }, { id: 'k', sha256: '0'.repeat(64) }), 'keys[1].id'],
    [
      'one key twice',
      keys({ id: 'k', sha256 }, { id: 'm', sha256 }),
      'tenants[0].keys[0].sha256 has it already',
    ],
    ['an unknown route', keys({ id: 'k', sha256, routes: ['openai-chta'] }), 'did you mean "openai-chat"?'],
    ['a time without zone', keys({ id: 'k', sha256, expiresAt: '2027-01-31' }), 'expected a time such as'],
    ['an organisation twice', { ...minimal, tenants: [{ org: 'demo' }, { org: 'demo' }] }, 'tenants[1].org'],
    [
      'a team twice',
      { ...minimal, tenants: [{ org: 'demo', teams: [{ team: 'a' }, { team: 'a' }] }] },
      'teams[1].team',
    ],
  ])('%s', (_, value, expected) => {
    expect(problemsOf(value)).toEqual([expect.stringContaining(expected)]);
  });

  const budgets = (...list: object[]): object => ({
    ...minimal,
    tenants: [
      { org: 'demo', budgets: list.map((one) => ({ name: 'b', limit: 1, period: 'daily', ...one })) },
    ],
  });
  const rate = (given: object): object => ({ ...minimal, tenants: [{ org: 'demo', rateLimits: [given] }] });

  test.each<[string, object, string]>([
    ['two budgets of one name', budgets({}, {}), 'budgets[1].name'],
    ['half a token', budgets({ limit: 0.5 }), 'a whole number; only money has decimals'],
    ['no budget at all', budgets({ limit: 0 }), 'more than 0'],
    ['less than a nano-unit', budgets({ unit: 'money', limit: '0.0000000001' }), 'at most 9 decimals'],
    ['an unknown time zone', budgets({ timeZone: 'Europe/Belin' }), 'an IANA time zone'],
    ['a rate limit of nothing', rate({ key: 'org' }), 'at least one of tokensPerMinute'],
    ['a limit by nothing known', rate({ concurrency: 1, key: 'user' }), 'or header:<name>'],
  ])('%s', (_, value, expected) => {
    expect(problemsOf(value)).toEqual([expect.stringContaining(expected)]);
  });

  test('come all at once', () => {
    const problems = problemsOf({
      ...minimal,
      versoin: 1,
      listeners: { http: { prot: 1 } },
      upstreams: { local: { ...minimal.upstreams.local, model: [], strategy: 'random' } },
      routes: [{ name: 'mine', match: { path: '/a' }, upstreams: ['other'] }],
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toContain('did you mean "port"?');
    expect(problems.join('\n')).toContain('did you mean "models"?');
  });

  test('never show what may be a secret', () => {
    const secret = 'sk-do-not-show';
    const problems = problemsOf({
      ...upstream({ targets: [`http://user:${secret}@host`, { url: `${secret}` }], credentials: secret }),
      tenants: [{ org: 'demo', keys: [{ id: 'k', sha256: secret }] }],
      routes: [{ name: 'mine', match: { path: '/a' }, headers: { set: { 'x-key': `${secret}\n` } } }],
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).not.toContain(secret);
  });
});

test('whatever it is given, it answers', () => {
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('upstreams', 'routes', 'tenants', 'match', 'keys', 'a') }),
      (value) => {
        expect(parseConfig(value).outcome).toBe('invalid');
      },
    ),
  );
});

test('exactly the subject tokens are names', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 70 }), (org) => {
      expect(parseConfig({ ...minimal, tenants: [{ org }] }).outcome === 'valid').toBe(isSubjectToken(org));
    }),
  );
});

describe('exports', () => {
  const withExports = (...exports: readonly object[]): object => ({ ...minimal, exports });
  const secret = { fromEnv: 'SECRET' };

  test('have their defaults, which differ by kind', () => {
    const { exports } = valid(
      withExports(
        { name: 'tables', kind: 'postgres', url: secret },
        { name: 'hook', kind: 'webhook', url: 'https://example.com/hook?tenant=1', secret },
      ),
    );
    expect(exports).toMatchObject([
      { schema: 'weir', batchSize: 500, orgs: ['*'], startAt: 'first' },
      { send: ['usage', 'alerts'], batchSize: 1, maxPauseMs: 60_000 },
    ]);
  });

  test.each([
    [
      'a kind that there is not',
      { name: 'one', kind: 'kafka' },
      'exports[0].kind: found "kafka", expected one of "postgres", "openmeter", "lago", "webhook"',
    ],
    [
      'a secret in the file',
      { name: 'one', kind: 'webhook', url: 'https://example.com', secret: 'whsec_1' },
      'exports[0].secret: found "whsec_1", expected a mapping',
    ],
    [
      'a key of another kind',
      { name: 'one', kind: 'openmeter', url: 'http://openmeter', tokn: secret },
      'did you mean "token"?',
    ],
    [
      'more events than Lago takes',
      { name: 'one', kind: 'lago', apiKey: secret, metrics: [{ of: 'charge', code: 'x' }], batchSize: 101 },
      'exports[0].batchSize: found the number 101, expected at most 100',
    ],
  ])('refuse %s', (_what, one, problem) => {
    expect(problemsOf(withExports(one)).join('\n')).toContain(problem);
  });

  test('have names of their own', () => {
    const one = { name: 'one', kind: 'postgres', url: secret };
    expect(problemsOf(withExports(one, one))).toEqual([
      'exports[1].name: found "one", expected a name that no other export has; exports[0].name has it already',
    ]);
  });
});
