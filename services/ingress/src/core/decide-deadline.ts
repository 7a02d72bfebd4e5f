/**
 * When a request has to be over, milliseconds since the epoch: the route's time-out, or the client's own when it
 * tells that and it is shorter. `clientTimeout` is the official clients' `x-stainless-timeout`, in seconds.
 */
export const decideDeadline = (input: {
  readonly now: number;
  readonly timeoutMs: number;
  readonly clientTimeout: string | undefined;
}): number => {
  const seconds = Number(input.clientTimeout);
  const named = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : Number.POSITIVE_INFINITY;
  return Math.round(input.now + Math.min(input.timeoutMs, named));
};
