import { createHash } from 'node:crypto';
import { parseConfig, type WeirConfig } from '@weir/contracts';
import { createTenantDirectory } from '@weir/limits';
import { buildPriceBook } from '@weir/pricing';
import { describe, expect, test } from 'vitest';
import { buildAdmissionIndex } from './admission-index.ts';
import { type AdmissionRequest, decideAdmission } from './decide-admission.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const sha = (digit: string): string => digit.repeat(64);

const parse = (value: unknown): WeirConfig => {
  const parsed = parseConfig(value);
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

const indexOf = (config: WeirConfig) => {
  const directory = createTenantDirectory();
  directory.applyConfig(config);
  const built = buildPriceBook({ config: config.pricing, sha256Hex });
  if (built.outcome === 'invalid') throw new Error(built.problems.join('\n'));
  return buildAdmissionIndex({ config, directory, book: built.book, sha256Hex });
};

const index = indexOf(
  parse({
    version: 1,
    upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    routes: [{ name: 'open', match: { path: '/open' }, authentication: 'none' }],
    tenants: [
      {
        org: 'acme',
        tier: 'gold',
        keys: [{ id: 'all', sha256: sha('a') }],
        teams: [
          {
            team: 'web',
            keys: [
              { id: 'some', sha256: sha('b'), models: ['small', 'chat-*'], routes: ['openai-*'] },
              { id: 'old', sha256: sha('c'), expiresAt: '2025-12-31T23:59:59Z' },
            ],
          },
        ],
      },
      { org: 'rival', keys: [{ id: 'theirs', sha256: sha('d'), models: ['secret-model'] }] },
    ],
  }),
);

const features = { chars: 0, messages: 0, tools: 0 };

const decide = (keySha256: string | undefined, given: Partial<AdmissionRequest> = {}) => {
  const client = { ip: '127.0.0.1', headers: {}, ...(keySha256 === undefined ? {} : { keySha256 }) };
  const request = {
    deadline: now + 1,
    receivedAt: now,
    route: 'openai-chat',
    api: 'openai.chat',
    model: 'small',
    features,
  } as const;
  return decideAdmission(index, { ...request, client, ...given }, now);
};

describe('admitted', () => {
  test.each<[string, string | undefined, Partial<AdmissionRequest>, object]>([
    ['a key without a team', sha('a'), {}, { org: 'acme', team: '_', key: 'all', tier: 'gold' }],
    ['a key of a team', sha('b'), {}, { org: 'acme', team: 'web', key: 'some', tier: 'gold' }],
    ['a model that a pattern allows', sha('b'), { model: 'chat-large' }, { key: 'some' }],
    [
      'the list of models, whatever the patterns',
      sha('b'),
      { api: 'openai.models', route: 'openai-models', model: '' },
      { key: 'some' },
    ],
    ['anyone on an open route', undefined, { route: 'open' }, { org: 'anonymous', team: '_', key: '_' }],
    ['a key on an open route, as anyone', sha('a'), { route: 'open' }, { org: 'anonymous' }],
  ])('%s', (_what, key, given, principal) => {
    expect(decide(key, given)).toMatchObject({ outcome: 'admitted', principal });
  });
});

describe('rejected, for good', () => {
  test.each<[string, string | undefined, Partial<AdmissionRequest>, string, RegExp]>([
    ['no key', undefined, {}, 'missing_key', /Authorization: Bearer .*x-api-key/],
    ['a key that nobody has', sha('e'), {}, 'unknown_key', /complete/],
    ['a key whose time is over', sha('c'), {}, 'expired_key', /2025-12-31T23:59:59/],
    ['a route that the key may not use', sha('b'), { route: 'generic' }, 'route_not_allowed', /openai-\*/],
    ['a model that the key may not use', sha('b'), { model: 'huge' }, 'model_not_allowed', /small, chat-\*/],
    ['no model where the key names some', sha('b'), { model: '' }, 'model_not_allowed', /names no model/],
    ['a deadline that has passed', sha('a'), { deadline: now }, 'request_deadline', /deadline/],
  ])('%s', (_what, key, given, reason, message) => {
    const error = { reason, message: expect.stringMatching(message), shouldRetry: false };
    expect(decide(key, given)).toMatchObject({ outcome: 'rejected', error });
  });

  test('no message names anything of another tenant', () => {
    for (const key of [undefined, sha('b'), sha('c'), sha('e')]) {
      expect(JSON.stringify(decide(key, { model: 'x' }))).not.toMatch(/secret-model|rival|theirs/);
    }
  });
});

test('a route that only a newer configuration has is worth another try', () => {
  const error = { reason: 'no_config', resubmit: true };
  expect(decide(sha('a'), { route: 'brand-new' })).toMatchObject({ outcome: 'rejected', error });
});

test('a long list of patterns is cut', () => {
  const models = Array.from({ length: 15 }, (_, position) => `model-${position}`);
  const long = indexOf(
    parse({
      version: 1,
      upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
      tenants: [{ org: 'o', keys: [{ id: 'k', sha256: sha('f'), models }] }],
    }),
  );
  const client = { ip: '::1', headers: {}, keySha256: sha('f') };
  const request = {
    deadline: now + 1,
    receivedAt: now,
    route: 'openai-chat',
    api: 'openai.chat' as const,
    model: 'x',
    features,
    client,
  };
  const message = expect.stringContaining('model-9, and 5 more.');
  expect(decideAdmission(long, request, now)).toMatchObject({ error: { message } });
});

describe('limits', () => {
  const limited = indexOf(
    parse({
      version: 1,
      upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
      tenants: [
        {
          org: 'acme',
          models: ['small'],
          budgets: [{ name: 'monthly', unit: 'money', limit: 5, period: 'monthly' }],
          keys: [{ id: 'k', sha256: sha('f'), rateLimits: [{ requestsPerMinute: 10 }] }],
        },
        { org: 'free', keys: [{ id: 'k', sha256: sha('e') }] },
      ],
    }),
  );
  const decideFor = (keySha256: string, model = 'small') =>
    decideAdmission(
      limited,
      {
        deadline: now + 1,
        receivedAt: now,
        route: 'openai-chat',
        api: 'openai.chat',
        model,
        features,
        client: { ip: '::1', headers: {}, keySha256 },
      },
      now,
    );

  test('those of organisation and key come with the admission', () => {
    const decided = decideFor(sha('f'));
    if (decided.outcome !== 'admitted') throw new Error(decided.error.message);
    expect(decided.limits?.applied).toMatchObject({
      rateLimits: [{ scope: 'key:acme/k', requests: { capacity: 10 } }],
      budgets: [{ scope: 'org:acme', limit: 5_000_000_000n }],
    });
  });

  test('a caller without any is told apart, so that nobody asks the limit store', () => {
    expect(decideFor(sha('e'))).not.toHaveProperty('limits');
  });

  test('what the organisation may not use, its key may not either', () => {
    const error = { reason: 'model_not_allowed', message: expect.stringContaining('small') };
    expect(decideFor(sha('f'), 'large')).toMatchObject({ outcome: 'rejected', error });
  });
});
