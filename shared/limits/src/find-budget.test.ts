import { type BudgetConfig, type LimitKey, readCounter, tenantEntry } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { effectiveRules } from './effective-rules.ts';
import { findBudget } from './find-budget.ts';
import { placeKinds, readScope } from './limit-scope.ts';
import { resolveLimits } from './resolve-limits.ts';
import { createTenantDirectory } from './tenant-directory.ts';
import { budget, hashOf, keyRecord, orgRecord, rateLimit, teamRecord } from './testdata/tenants.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const keys: readonly (LimitKey | undefined)[] = [
  undefined,
  'key',
  'team',
  'org',
  'route',
  'client-ip',
  'header:x-user',
];
/** One budget for each way to share it. */
const budgets: readonly BudgetConfig[] = keys.map((key, index) =>
  budget({ name: `b${index}`, ...(key === undefined ? {} : { key }) }),
);

const setUp = (own: readonly BudgetConfig[] = budgets) => {
  const directory = createTenantDirectory();
  const records = [orgRecord({ budgets: own }), teamRecord({ budgets: own }), keyRecord({ budgets: own })];
  for (const record of records) directory.applyRecord(tenantEntry(record), record, 1);
  const route = { name: 'chat', rateLimits: [], budgets: own };
  return { directory, route, routes: new Map([['chat', route]]) };
};

const countersOf = ({ directory, route }: ReturnType<typeof setUp>, isAnonymous = false) => {
  const found = directory.findKey(hashOf('1'), nowMs);
  if (found.outcome !== 'found') throw new Error(found.outcome);
  const applied = resolveLimits({
    principal: isAnonymous ? { org: 'anonymous', team: '_', key: '_' } : found.key.principal,
    tenant: isAnonymous ? undefined : found.key.rules,
    route,
    client: { ip: '192.0.2.7', headers: {} },
    nowMs,
    sha256Hex: () => 'a'.repeat(64),
  });
  return applied.budgets.map(({ config, counter }) => ({ config, counter: readCounter(counter) }));
};

describe('the budget of a counter', () => {
  it.each([false, true])('is the one that made it, wherever it stands (anonymous: %s)', (isAnonymous) => {
    const own = setUp();
    const counters = countersOf(own, isAnonymous);
    expect(counters).toHaveLength(keys.length * (isAnonymous ? 1 : placeKinds.length));
    for (const { config, counter } of counters)
      expect(counter && findBudget(own.directory, own.routes, counter)).toBe(config);
  });

  it.each<[string, Partial<BudgetConfig>]>([
    ['unit', { unit: 'tokens' }],
    ['period', { period: 'daily' }],
    ['time zone', { timeZone: 'Asia/Tokyo' }],
    ['key', { key: 'client-ip' }],
    ['name', { name: 'other' }],
  ])('is none when its %s is another by now', (_what, changed) => {
    const counter = countersOf(setUp([budget()]))[1]?.counter;
    const now = setUp([budget(changed)]);
    expect(counter && findBudget(now.directory, now.routes, counter)).toBeUndefined();
  });

  it('is the one in force when only its limit has changed', () => {
    const counter = countersOf(setUp([budget()]))[1]?.counter;
    const now = setUp([budget({ limit: '7' })]);
    expect(counter && findBudget(now.directory, now.routes, counter)?.limit).toBe('7');
  });

  it('is none when its place is gone', () => {
    const own = setUp();
    const counters = countersOf(own).map(({ counter }) => counter);
    const empty = createTenantDirectory();
    const found = counters.map((counter) => counter && findBudget(empty, new Map(), counter));
    expect(found.every((config) => config === undefined)).toBe(true);
  });
});

describe('a scope', () => {
  it.each([
    '',
    'org',
    'org:',
    'org:acme/web',
    'team:acme',
    'key:acme',
    'route:a/b',
    'user:ann',
    'org:a/key:',
  ])('is not read out of %j', (text) => {
    expect(readScope(text)).toBeUndefined();
  });
});

describe('the rules in effect for a key', () => {
  it('are those of all its places that have some', () => {
    const directory = createTenantDirectory();
    const limit = rateLimit();
    for (const record of [
      orgRecord({ budgets: [budget()], models: ['gpt-*'], tier: 'gold' }),
      teamRecord(),
      keyRecord({ rateLimits: [limit] }),
    ])
      directory.applyRecord(tenantEntry(record), record, 1);
    const route = { name: 'chat', rateLimits: [limit], budgets: [] };
    expect(effectiveRules(directory, { org: 'acme', id: 'k1' }, route)).toEqual({
      tier: 'gold',
      models: [['gpt-*'], ['*'], ['*']],
      routes: [['*'], ['*'], ['*']],
      places: [
        { place: 'route:chat', rateLimits: [limit], budgets: [] },
        { place: 'org:acme', rateLimits: [], budgets: [budget()] },
        { place: 'key:acme/k1', rateLimits: [limit], budgets: [] },
      ],
    });
  });

  it('are none for a key that is unknown, or whose team is missing', () => {
    const directory = createTenantDirectory();
    for (const record of [orgRecord(), keyRecord()]) directory.applyRecord(tenantEntry(record), record, 1);
    expect(effectiveRules(directory, { org: 'acme', id: 'k1' })).toBeUndefined();
    expect(effectiveRules(directory, { org: 'acme', id: 'k2' })).toBeUndefined();
  });
});
