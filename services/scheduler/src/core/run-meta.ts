import type { Attempt, EnvelopeMeta } from '@weir/contracts';
import type { PlannedAttempt } from './plan-attempt.ts';

/** What travels to the adapter: the request with the attempt that it is to make. */
export const toRunMeta = (
  meta: EnvelopeMeta,
  planned: PlannedAttempt,
  origin: Pick<Attempt, 'scheduler' | 'dispatch'>,
  trace: string | undefined,
): EnvelopeMeta => {
  const { instance: _instance, lastFailure, busy, ...rest } = planned;
  const attempt: Attempt = {
    ...rest,
    ...origin,
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(busy === undefined ? {} : { busy }),
  };
  return { ...meta, attempt, ...(trace === undefined ? {} : { trace }) };
};
