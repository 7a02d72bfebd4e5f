import { describe, expect, test } from 'vitest';
import { readAdminBody } from './admin-body.ts';
import { renderProblem } from './config-problem.ts';

const problemsOf = (read: ReturnType<typeof readAdminBody>): readonly string[] =>
  read.outcome === 'valid' ? [] : read.problems.map(renderProblem);

describe('a body of the admin API', () => {
  test('gets the defaults of its limits and budgets, and nothing that it does not name', () => {
    const read = readAdminBody('updateKey', {
      tier: null,
      rateLimits: [{ requestsPerMinute: 60 }],
      budgets: [{ name: 'monthly', unit: 'money', limit: 12.5, period: 'monthly' }],
    });
    expect(read).toMatchObject({
      outcome: 'valid',
      body: {
        tier: null,
        rateLimits: [{ requestsPerMinute: 60, estimate: 'tiktoken', enforce: true }],
        budgets: [{ limit: '12.5', timeZone: 'UTC', enforce: true }],
      },
    });
    expect(Object.keys(read.outcome === 'valid' ? read.body : {}).sort()).toEqual([
      'budgets',
      'rateLimits',
      'tier',
    ]);
  });

  test('has all its problems told at once, each with its place', () => {
    const budget = { name: 'b', limit: 1, period: 'daily' };
    const read = readAdminBody('createOrg', { org: 'a b', colour: 'red', budgets: [budget, budget] });
    expect(problemsOf(read)).toEqual([
      expect.stringMatching(/^org: found "a b", expected a name/),
      expect.stringMatching(/^budgets: .*unique names/),
      expect.stringMatching(/^colour: found an unknown key, expected one of org, tier, models/),
    ]);
  });

  test.each([
    ['createOrg', { org: 'anonymous' }],
    ['createTeam', { team: '_' }],
    ['createKey', { id: 'k1', expiresAt: 'tomorrow' }],
    ['updateOrg', { org: 'other' }],
    ['rotateKey', { overlapMs: -1 }],
    ['createKey', 'k1'],
  ] as const)('%s of %j is refused', (name, body) => {
    expect(readAdminBody(name, body).outcome).toBe('invalid');
  });

  test('of a rotation has no overlap unless it asks for one', () => {
    expect(readAdminBody('rotateKey', {})).toEqual({ outcome: 'valid', body: { overlapMs: 0 } });
  });
});
