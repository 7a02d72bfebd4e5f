import type { CanaryConfig } from '@weir/contracts';
import { stableWords } from './stable-hash.ts';

const hexDigits = 8;

/** Field by field: a setting that a later version adds must not start every canary anew where nobody has set it. */
const textOf = ({ stable, canary, splitBy, steps, rollback }: CanaryConfig): string => {
  const { errorRate, latencyMs, latencyQuantile, minRequests, windowMs } = rollback;
  const limits = [errorRate, latencyMs, latencyQuantile, minRequests, windowMs];
  return JSON.stringify([
    stable,
    canary,
    splitBy ?? 'request',
    steps.map(({ weight, holdMs }) => [weight, holdMs]),
    limits,
  ]);
};

/** Tells one configuration of a canary from another: 16 hex digits, the same in every process and version. */
export const canaryRevision = (canary: CanaryConfig): string =>
  stableWords(textOf(canary))
    .map((word) => word.toString(16).padStart(hexDigits, '0'))
    .join('');
