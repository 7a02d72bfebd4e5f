import { type Attempt, isErrorReason, type WireError } from '@weir/contracts';

const laterMs = 1_000;

const named = (model: string): string =>
  model === '' ? 'this request' : JSON.stringify(model.slice(0, 100));

export const deadlinePassed: WireError = {
  reason: 'request_deadline',
  message: 'The deadline of the request passed before an attempt could begin.',
};

/** `resubmit` is for requests of which nothing has begun. */
export const noConfig = (isFirst: boolean): WireError => ({
  reason: 'no_config',
  message: 'The route is not known to every part of the gateway yet. Try again in a moment.',
  retryAfterMs: laterMs,
  ...(isFirst ? { resubmit: true } : {}),
});

export const noTarget = (model: string, isFirst: boolean): WireError => ({
  reason: 'no_target',
  message: `No worker for ${named(model)} is running or within reach. Try again in a moment.`,
  retryAfterMs: laterMs,
  ...(isFirst ? { resubmit: true } : {}),
});

/** `until`: when one of them is given something again. */
export const noHealthyTarget = (model: string, now: number, until: number | undefined): WireError => ({
  reason: 'no_healthy_target',
  message: `Every worker for ${named(model)} has failed too often lately. Try again later.`,
  retryAfterMs: Math.max(laterMs, (until ?? now) - now),
});

/** Not submitted again by ourselves: that would feed the overload. */
export const saturated = (model: string): WireError => ({
  reason: 'saturated',
  message: `Every worker for ${named(model)} is at its limit of requests. Try again in a moment.`,
  retryAfterMs: laterMs,
});

export const queueFull = (model: string, retryAfterMs: number): WireError => ({
  reason: 'queue_full',
  message: `Too many requests for ${named(model)} wait already. Try again later.`,
  retryAfterMs,
});

export const queueTimeout = (model: string, waitedMs: number, retryAfterMs: number): WireError => ({
  reason: 'queue_timeout',
  message: `No worker for ${named(model)} had room within ${waitedMs} ms. Try again later.`,
  retryAfterMs,
});

/** Nothing of it has begun, and another replica keeps the queue from now on. */
export const lostQueue: WireError = {
  reason: 'draining',
  message: 'The request waited at a scheduler that is gone. Try again in a moment.',
  retryAfterMs: laterMs,
  resubmit: true,
};

export const tooManyDelayed: WireError = {
  reason: 'saturated',
  message: 'An attempt failed, and too many others wait to be repeated already. Try again in a moment.',
  retryAfterMs: laterMs,
};

export const attemptsUsedUp = (lastFailure: string | undefined): WireError => ({
  reason: isErrorReason(lastFailure) ? lastFailure : 'upstream_error',
  message: `All attempts failed; the last one with ${isErrorReason(lastFailure) ? lastFailure : 'an error'}.`,
});

/** Failures before which an upstream said nothing. Undefined, or another word: nobody was asked. */
const isSilence = (lastFailure: string | undefined): boolean =>
  !isErrorReason(lastFailure) ||
  ['first_byte_timeout', 'connect_failed', 'draining', 'saturated'].includes(lastFailure);

/** What an upstream said, or broke off, goes before the time that its silence, and that of others, took. */
export const attemptTimeSpent = ({
  lastFailure,
  failure,
}: Pick<Attempt, 'lastFailure' | 'failure'>): WireError =>
  failure?.status === undefined && isSilence(lastFailure)
    ? { reason: 'first_byte_timeout', message: 'No upstream began an answer in the time for all attempts.' }
    : attemptsUsedUp(lastFailure);

export const retryBudgetSpent = (lastFailure: string | undefined): WireError => ({
  reason: isErrorReason(lastFailure) ? lastFailure : 'upstream_error',
  message: `An attempt failed with ${isErrorReason(lastFailure) ? lastFailure : 'an error'}, and too many others are repeated already.`,
  retryAfterMs: laterMs,
  shouldRetry: false,
});

/** `waitMs`: until the first of the targets has something left. */
export const quotaUsedUp = (model: string, waitMs: number): WireError => ({
  reason: 'upstream_quota',
  message: `The rate limit of the provider for ${named(model)} is used up.`,
  retryAfterMs: waitMs,
});

/** The attempt never reached the adapter, so nothing of it has begun. */
export const lostAdapter: WireError = {
  reason: 'no_target',
  message: 'The worker that was chosen is gone. Try again in a moment.',
  retryAfterMs: laterMs,
  resubmit: true,
};
