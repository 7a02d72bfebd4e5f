import { parseConfig } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { decideLimitNeeds } from './limit-needs.ts';

const needsOf = (extra: object) => {
  const upstreams = { pool: { provider: 'openai', targets: ['http://127.0.0.1:1'] } };
  const parsed = parseConfig({ version: 1, upstreams, ...extra });
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  return decideLimitNeeds(parsed.config);
};

const route = (limits: object) => ({ routes: [{ name: 'r', match: { pathPrefix: '/' }, ...limits }] });
const key = (limits: object) => ({ id: 'k', sha256: '0'.repeat(64), ...limits });
const budget = { name: 'b', limit: '5', period: 'daily' };
const none = { tokenizer: false, words: false, headers: [] };

describe('what limits need to know of a request', () => {
  it('is nothing without limits, and nothing of its text when only requests are counted', () => {
    expect(needsOf({})).toEqual(none);
    const rateLimits = [{ requestsPerMinute: 5, concurrency: 2 }];
    expect(needsOf(route({ rateLimits, budgets: [{ ...budget, unit: 'requests' }] }))).toEqual(none);
  });

  it.each([
    [{ rateLimits: [{ tokensPerMinute: 5 }] }, { tokenizer: true }],
    [{ rateLimits: [{ tokensPerMinute: 5, estimate: 'words' }] }, { words: true }],
    [{ rateLimits: [{ tokensPerMinute: 5, estimate: 'chars' }] }, {}],
    [{ budgets: [budget] }, { tokenizer: true }],
    [{ budgets: [{ ...budget, unit: 'money' }] }, { tokenizer: true }],
    [{ rateLimits: [{ requestsPerMinute: 1, key: 'header:X-Org-Id' }] }, { headers: ['x-org-id'] }],
    [{ budgets: [{ ...budget, key: 'header:x-a', unit: 'requests' }] }, { headers: ['x-a'] }],
  ])('is found wherever the limit stands: %j', (limits, expected) => {
    const places = [
      route(limits),
      { tenants: [{ org: 'o', ...limits }] },
      { tenants: [{ org: 'o', keys: [key(limits)] }] },
      { tenants: [{ org: 'o', teams: [{ team: 't', ...limits }] }] },
      { tenants: [{ org: 'o', teams: [{ team: 't', keys: [key(limits)] }] }] },
    ];
    for (const place of places) expect(needsOf(place)).toEqual({ ...none, ...expected });
  });
});
