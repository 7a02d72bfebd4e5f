import type { Attempt, EnvelopeMeta, RetryConfig, WireError } from '@weir/contracts';
import { isUnheard } from './attempt-stage.ts';
import * as refusals from './refusals.ts';

type Timed = Pick<EnvelopeMeta, 'attempt' | 'deadline'>;

/** Undefined: the time has not begun, or the route sets none. */
const answerByOf = (attempt: Attempt | undefined): number | undefined =>
  // While all that came back was turned away nothing has begun, and the request may wait in a queue from there.
  attempt === undefined || (attempt.past === undefined && isUnheard(attempt)) ? undefined : attempt.answerBy;

/** When the time of all attempts of a request is over; it begins with the first of them. Undefined: it never is. */
export const toAnswerBy = (
  { timeoutMs }: Pick<RetryConfig, 'timeoutMs'>,
  attempt: Attempt | undefined,
  now: number,
): number | undefined => answerByOf(attempt) ?? (timeoutMs === undefined ? undefined : now + timeoutMs);

/** When a request that has no answer is given up, milliseconds since the epoch. */
export const givenUpAt = ({ attempt, deadline }: Timed): number =>
  Math.min(deadline, answerByOf(attempt) ?? deadline);

/** What a request that is out of time is told. Undefined: it has time left. */
export const refuseLate = (meta: Timed, now: number): WireError | undefined => {
  if (meta.deadline <= now) return refusals.deadlinePassed;
  return meta.attempt && givenUpAt(meta) <= now ? refusals.attemptTimeSpent(meta.attempt) : undefined;
};
