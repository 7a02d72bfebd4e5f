import { createHash } from 'node:crypto';
import { type LimitKey, type Principal, readCounter } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import type { Rules } from './known-key.ts';
import type { PlaceKind } from './limit-scope.ts';
import { type LimitedRequest, resolveLimits } from './resolve-limits.ts';
import { budget, hashOf, rateLimit } from './testdata/tenants.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const short = (text: string): string => sha256Hex(text).slice(0, 32);

const none: Rules = { rateLimits: [], budgets: [] };
const principal: Principal = { org: 'acme', team: 'web', key: 'k1' };
const anonymous: Principal = { org: 'anonymous', team: '_', key: '_' };

const request = (fields: Partial<LimitedRequest> = {}): LimitedRequest => ({
  principal,
  route: { name: 'chat', ...none },
  tenant: { org: none, team: none, key: none },
  client: { ip: '192.0.2.7', headers: { 'x-user': 'ann' }, keySha256: hashOf('1') },
  nowMs: Date.parse('2026-11-20T12:00:00Z'),
  sha256Hex,
  ...fields,
});

/** The request with these rules in one place. */
const requestWith = (place: PlaceKind, rules: Partial<Rules>, fields: Partial<LimitedRequest> = {}) => {
  const own = { ...none, ...rules };
  return place === 'route'
    ? request({ route: { name: 'chat', ...own }, ...fields })
    : request({ tenant: { org: none, team: none, key: none, [place]: own }, ...fields });
};

describe('what shares a limit', () => {
  it('is the network of an IPv6 client, which has more addresses than anybody could count', () => {
    const scopeOf = (ip: string) =>
      resolveLimits(
        requestWith(
          'route',
          { rateLimits: [rateLimit({ key: 'client-ip' })] },
          { client: { ip, headers: {} } },
        ),
      ).rateLimits[0]?.scope;
    expect(scopeOf('2001:db8::1')).toBe(scopeOf('2001:db8::ffff:2'));
    expect(scopeOf('2001:db8::1')).not.toBe(scopeOf('2001:db8:0:1::1'));
    expect(scopeOf('::ffff:192.0.2.7')).toBe(scopeOf('192.0.2.7'));
  });

  it.each<[PlaceKind, LimitKey | undefined, string]>([
    ['route', undefined, 'route:chat/key:acme/k1'],
    ['route', 'key', 'route:chat/key:acme/k1'],
    ['route', 'team', 'route:chat/team:acme/web'],
    ['route', 'org', 'route:chat/org:acme'],
    ['route', 'route', 'route:chat'],
    ['route', 'client-ip', `route:chat/client-ip:${short('192.0.2.7')}`],
    ['route', 'header:x-user', `route:chat/header:${short('ann')}`],
    ['route', 'header:x-absent', `route:chat/header:${short('')}`],
    ['route', 'header:constructor', `route:chat/header:${short('')}`],
    ['route', 'header:authorization', `route:chat/header:${'1'.repeat(32)}`],
    ['route', 'header:x-api-key', `route:chat/header:${'1'.repeat(32)}`],
    ['org', undefined, 'org:acme'],
    ['org', 'org', 'org:acme'],
    ['org', 'team', 'org:acme/team:web'],
    ['org', 'key', 'org:acme/key:k1'],
    ['org', 'route', 'org:acme/route:chat'],
    ['org', 'header:x-user', `org:acme/header:${short('ann')}`],
    ['team', undefined, 'team:acme/web'],
    ['team', 'org', 'team:acme/web'],
    ['team', 'key', 'team:acme/web/key:k1'],
    ['key', undefined, 'key:acme/k1'],
    ['key', 'team', 'key:acme/k1'],
    ['key', 'client-ip', `key:acme/k1/client-ip:${short('192.0.2.7')}`],
  ])('at a %s, by %s: %s', (place, key, scope) => {
    const fields = key === undefined ? {} : { key };
    const { rateLimits, budgets } = resolveLimits(
      requestWith(place, { rateLimits: [rateLimit(fields)], budgets: [budget(fields)] }),
    );
    expect(rateLimits[0]?.scope).toBe(scope);
    expect(rateLimits[0]?.requests?.key).toBe(`r|${scope}|0`);
    expect(budgets[0]?.scope).toBe(scope);
    expect(readCounter(budgets[0]?.counter ?? '')).toMatchObject({ scope, budget: 'monthly', unit: 'money' });
  });

  it.each<[LimitKey | undefined, string]>([
    [undefined, `route:chat/client-ip:${short('192.0.2.7')}`],
    ['key', `route:chat/client-ip:${short('192.0.2.7')}`],
    ['org', 'route:chat/org:anonymous'],
    ['header:authorization', `route:chat/header:${short('')}`],
  ])('for callers without a key, by %s: %s', (key, scope) => {
    const { rateLimits } = resolveLimits(
      requestWith(
        'route',
        { rateLimits: [rateLimit(key === undefined ? {} : { key })] },
        {
          principal: anonymous,
          tenant: undefined,
          client: { ip: '192.0.2.7', headers: {} },
        },
      ),
    );
    expect(rateLimits[0]?.scope).toBe(scope);
  });

  it('is a short text, whatever the client sends', () => {
    const long = 'x'.repeat(64);
    const { rateLimits } = resolveLimits(
      requestWith(
        'team',
        { rateLimits: [rateLimit({ key: 'key' })] },
        {
          principal: { org: long, team: long, key: long },
        },
      ),
    );
    expect(rateLimits[0]?.requests?.key.length).toBeLessThan(220);
  });
});

describe('rate limits', () => {
  it('have a bucket for each rate, and slots', () => {
    const limit = rateLimit({
      tokensPerMinute: 1_000,
      burstTokens: 5_000,
      requestsPerMinute: 10,
      concurrency: 2,
    });
    const { rateLimits } = resolveLimits(requestWith('org', { rateLimits: [limit] }));
    expect(rateLimits).toEqual([
      {
        scope: 'org:acme',
        config: limit,
        tokens: { key: 't|org:acme|0', capacity: 5_000, perMinute: 1_000 },
        requests: { key: 'r|org:acme|0', capacity: 10, perMinute: 10 },
        slots: { key: 'c|org:acme|0', limit: 2 },
      },
    ]);
  });

  it('of one place never share a bucket, and all places count', () => {
    const rules = { rateLimits: [rateLimit(), rateLimit()], budgets: [] };
    const { rateLimits } = resolveLimits(
      request({ route: { name: 'chat', ...rules }, tenant: { org: rules, team: rules, key: rules } }),
    );
    expect(new Set(rateLimits.map(({ requests }) => requests?.key)).size).toBe(8);
  });
});

describe('budgets', () => {
  const november = '1793491200|1796083200';

  it('are counted in the period that the request begins in', () => {
    const { budgets } = resolveLimits(requestWith('org', { budgets: [budget({ burstAllowance: 0.1 })] }));
    expect(budgets).toEqual([
      {
        place: 'org',
        scope: 'org:acme',
        unit: 'money',
        config: budget({ burstAllowance: 0.1 }),
        counter: `m|org:acme|monthly|${november}`,
        endsAt: 1_796_083_200,
        limitUnits: 100_000_000_000n,
        limit: 110_000_000_000n,
      },
    ]);
  });

  it('that roll over name the counter of the period before, and how much of it may be carried', () => {
    const { budgets } = resolveLimits(
      requestWith('key', { budgets: [budget({ unit: 'tokens', limit: '1000', rollOver: 0.25 })] }),
    );
    expect(budgets[0]?.carry).toEqual({
      counter: 't|key:acme/k1|monthly|1790812800|1793491200',
      limit: 1_000n,
      most: 250n,
    });
  });
});

it('a request that no limit applies to costs no new object', () => {
  expect(resolveLimits(request())).toBe(resolveLimits(request({ tenant: undefined })));
  expect(resolveLimits(request())).toEqual({ rateLimits: [], budgets: [] });
});
