import { counterText, type RatedUsage } from '@weir/contracts';
import { createTotals } from '@weir/ledger';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../sha256.ts';
import { baseFinal, rateByToken } from '../testdata/ledger-world.ts';
import { toAccount, toDelta } from './attempt-account.ts';
import { type BudgetTerms, createThresholdAlerts } from './threshold-alerts.ts';

const counterOf = (scope: string): string =>
  counterText({ unit: 'tokens', scope, budget: 'monthly', startsAt: 1_761_955_200, endsAt: 1_764_547_200 });

const recordOf = (tokens: number, charges: readonly string[]): RatedUsage => {
  const final = { ...baseFinal, charges, usage: { inputTotal: Math.max(0, tokens), outputTotal: 0 } };
  const rating = rateByToken(final);
  const delta = { ...toDelta(toAccount(final, rating), undefined), inputTokens: tokens };
  return { ...final, rating, delta, ratingNumber: 0, source: { sequence: 1, part: 0 } };
};

const create = (terms: BudgetTerms | undefined = { limitUnits: 100n, thresholds: [500, 800, 1_000] }) =>
  createThresholdAlerts({
    totals: createTotals(),
    budgetOf: () => terms,
    source: '/gateways/test',
    sha256Hex,
  });

describe('alerts of budgets', () => {
  it('say what was reached, by which record, and of which budget', () => {
    const alerts = create();
    expect(alerts.take(recordOf(49, [counterOf('org:acme')]), 7)).toEqual([]);
    expect(alerts.take(recordOf(1, [counterOf('org:acme')]), 9)).toEqual([
      {
        subject: 'weir.alert.v1.acme.monthly.1761955200.100-500',
        event: {
          specversion: '1.0',
          type: 'io.weir.budget.threshold.v1',
          source: '/gateways/test',
          id: 'acme.monthly.1761955200.100-500',
          subject: 'acme',
          time: '1970-01-01T00:16:40.000Z',
          datacontenttype: 'application/json',
          partitionkey: 'acme',
          data: {
            org: 'acme',
            scope: 'org:acme',
            budget: 'monthly',
            counter: counterOf('org:acme'),
            unit: 'tokens',
            limit: '100',
            thresholdPerMille: 500,
            used: '50',
            periodStart: '2025-11-01T00:00:00.000Z',
            periodEnd: '2025-12-01T00:00:00.000Z',
            ledgerSequence: 9,
          },
        },
      },
    ]);
  });

  it('are as many as there are thresholds on the way, and none on the way down', () => {
    const alerts = create();
    const reached = (tokens: number): number[] =>
      alerts
        .take(recordOf(tokens, [counterOf('org:acme')]), 1)
        .map(({ event }) => event.data.thresholdPerMille);
    expect(reached(85)).toEqual([500, 800]);
    expect(reached(-80)).toEqual([]);
    expect(reached(200)).toEqual([500, 800, 1_000]);
  });

  it('go by the budget as it is now: without one there are none, and another limit is another alert', () => {
    expect(
      create({ limitUnits: 10n, thresholds: [] }).take(recordOf(50, [counterOf('org:acme')]), 1),
    ).toEqual([]);
    const subjectsOf = (limitUnits: bigint) =>
      create({ limitUnits, thresholds: [1_000] })
        .take(recordOf(500, [counterOf('org:acme')]), 1)
        .map(({ subject }) => subject);
    expect(subjectsOf(100n)).not.toEqual(subjectsOf(200n));
  });

  it('come with the next record when the limit is lowered below what is spent, and once more when it is raised', () => {
    let limitUnits = 1_000n;
    const alerts = createThresholdAlerts({
      totals: createTotals(),
      budgetOf: () => ({ limitUnits, thresholds: [500, 1_000] }),
      source: '/gateways/test',
      sha256Hex,
    });
    const told = (tokens: number): string[] =>
      alerts
        .take(recordOf(tokens, [counterOf('org:acme')]), 1)
        .map(({ event: { data } }) => `${data.thresholdPerMille} of ${data.limit}`);
    expect(told(400)).toEqual([]);
    limitUnits = 100n;
    expect(told(1)).toEqual(['500 of 100', '1000 of 100']);
    expect(told(1)).toEqual([]);
    limitUnits = 800n;
    expect(told(1)).toEqual(['500 of 800']);
    expect(told(1)).toEqual([]);
  });

  it('of different places have different subjects, all of them valid', () => {
    const scopes = [
      'org:acme',
      'team:acme/web',
      'key:acme/k1',
      'team:acme/key',
      'route:chat',
      'route:chat/header:3fe2',
    ];
    const found = scopes.flatMap((scope) =>
      create({ limitUnits: 10n, thresholds: [1_000] }).take(recordOf(10, [counterOf(scope)]), 1),
    );
    expect(found.map(({ event }) => event.data.org)).toEqual(['acme', 'acme', 'acme', 'acme', '_', '_']);
    expect(new Set(found.map(({ subject }) => subject)).size).toBe(scopes.length);
  });

  it('are the same however the use is split into records, but for who reached them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 10 }), (uses) => {
        const split = create();
        const parts = uses.flatMap((use) => split.take(recordOf(use, [counterOf('org:acme')]), 1));
        const whole = create().take(
          recordOf(
            uses.reduce((sum, use) => sum + use, 0),
            [counterOf('org:acme')],
          ),
          1,
        );
        expect(parts.map(({ subject }) => subject)).toEqual(whole.map(({ subject }) => subject));
      }),
    );
  });
});
