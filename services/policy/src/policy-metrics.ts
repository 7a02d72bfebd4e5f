import { type ErrorReason, readCounter } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';
import type { BudgetWatch } from './core/budget-watch.ts';
import type { Refusal } from './core/limit-store.ts';

export type AdmissionOutcome = 'admitted' | 'answered' | 'rejected' | 'malformed';

export interface PolicyMetrics {
  countAdmission(outcome: AdmissionOutcome, reason?: ErrorReason): void;
  observeHop(durationMs: number): void;
  countNoScheduler(): void;
  /** What a limit would have refused if it were enforced. */
  countWouldDeny(by: Refusal['by']): void;
  /** A request that a budget refused. */
  countExhausted(counter: string): void;
}

const hopBucketsSeconds = [25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 5e-3, 25e-3, 0.1];

/** Undefined for periods that are over, and for budgets that are kept for each header value or client address: those are too many. */
const labelsOf = (
  counter: string,
  now: number,
): { scope: string; budget: string; unit: string } | undefined => {
  const read = readCounter(counter);
  if (!read || read.endsAt * 1_000 <= now || /\/(header|client-ip):/.test(read.scope)) return undefined;
  return { scope: read.scope, budget: read.budget, unit: read.unit };
};

const maxBudgetSeries = 2_000;

const registerBudgets = (metrics: Metrics, watch: BudgetWatch, now: () => number): void => {
  const gauges = [
    { name: 'used_total', help: 'Spent and held of a budget.' },
    { name: 'limit', help: 'Limit of a budget, with burst and what was carried over.' },
    { name: 'remaining', help: 'What is left of a budget.' },
  ] as const;
  for (const { name, help } of gauges) {
    const labelNames = ['scope', 'budget', 'unit'];
    metrics.gauge(
      `weir_inference_budget_${name}`,
      `${help} As this replica saw it last; money in nano-units.`,
      labelNames,
      (gauge) => {
        gauge.reset();
        let series = 0;
        for (const [counter, { spent, held, limit }] of watch.states()) {
          const labels = labelsOf(counter, now());
          if (!labels || series >= maxBudgetSeries) continue;
          series += 1;
          const used = spent + held;
          const remaining = limit > used ? limit - used : 0n;
          gauge.set(labels, Number({ used_total: used, limit, remaining }[name]));
        }
      },
    );
  }
};

export const createPolicyMetrics = (
  metrics: Metrics,
  watch: BudgetWatch,
  now: () => number,
): PolicyMetrics => {
  const admissions = metrics.counter(
    'weir_policy_admissions_total',
    'Requests that policy decided on; reason is empty unless one was rejected.',
    ['outcome', 'reason'],
  );
  const hops = metrics.histogram(
    'weir_hop_duration_seconds',
    'Time from taking a request off the bus to handing it on.',
    ['hop'],
    hopBucketsSeconds,
  );
  const labels = { hop: 'policy' };
  const unheard = metrics.counter(
    'weir_policy_no_scheduler_total',
    'Admitted requests that no scheduler was there to take.',
  );
  const shadowed = metrics.counter(
    'weir_policy_would_deny_total',
    'Requests that a limit would have refused if it were enforced.',
    ['by'],
  );
  const exhausted = metrics.counter(
    'weir_inference_budget_exhausted_total',
    'Requests that a budget refused.',
    ['scope', 'budget', 'unit'],
  );
  registerBudgets(metrics, watch, now);
  return {
    countAdmission: (outcome, reason) => admissions.inc({ outcome, reason: reason ?? '' }),
    observeHop: (durationMs) => hops.observe(labels, durationMs / 1_000),
    countNoScheduler: () => unheard.inc(),
    countWouldDeny: (by) => shadowed.inc({ by }),
    countExhausted: (counter) => {
      const own = labelsOf(counter, now());
      exhausted.inc(own ?? { scope: 'other', budget: readCounter(counter)?.budget ?? '', unit: '' });
    },
  };
};
