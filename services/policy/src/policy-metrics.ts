import type { ErrorReason } from '@weir/contracts';
import type { Metrics } from '@weir/runtime';

export type AdmissionOutcome = 'admitted' | 'answered' | 'rejected' | 'malformed';

export interface PolicyMetrics {
  countAdmission(outcome: AdmissionOutcome, reason?: ErrorReason): void;
  observeHop(durationMs: number): void;
  countNoScheduler(): void;
}

const hopBucketsSeconds = [25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 5e-3, 25e-3, 0.1];

export const createPolicyMetrics = (metrics: Metrics): PolicyMetrics => {
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
  return {
    countAdmission: (outcome, reason) => admissions.inc({ outcome, reason: reason ?? '' }),
    observeHop: (durationMs) => hops.observe(labels, durationMs / 1_000),
    countNoScheduler: () => unheard.inc(),
  };
};
