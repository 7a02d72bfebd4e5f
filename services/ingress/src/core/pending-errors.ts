import type { WireError } from '@weir/contracts';

export const deadlineError: WireError = {
  reason: 'request_deadline',
  message: 'The request ran out of time.',
};

export const lostError: WireError = {
  reason: 'bus_unavailable',
  message: 'The request could not be delivered to a service that answers.',
  retryAfterMs: 1_000,
};

export const nobodyError = (service: string): WireError => ({
  reason: 'no_policy',
  message: `No ${service} service is running.`,
  retryAfterMs: 1_000,
});

export const adapterError: WireError = {
  reason: 'adapter_lost',
  message: 'The adapter that served the request is gone.',
};

export const gapError: WireError = {
  reason: 'stream_gap',
  message: 'A part of the answer was lost on its way.',
};
