const firstPauseMs = 500;
/** A sink may ask for patience, but not for ever: an hour. */
const mostAskedMs = 3_600_000;

/** HTTP dates and seconds. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export const parseRetryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), mostAskedMs) : undefined;
};

/**
 * Milliseconds until the next try: doubling, between half and all of it by chance, so that what failed together does
 * not come back together; never less than what the sink asked for.
 */
export const retryPause = (input: {
  /** In a row, from 1. */
  readonly failures: number;
  readonly maxPauseMs: number;
  readonly retryAfterMs: number | undefined;
  /** At least 0, below 1. */
  readonly random: number;
}): number => {
  const doubled = firstPauseMs * 2 ** Math.min(input.failures - 1, 30);
  const pauseMs = Math.min(doubled, input.maxPauseMs) * (0.5 + input.random / 2);
  return Math.max(pauseMs, input.retryAfterMs ?? 0);
};
