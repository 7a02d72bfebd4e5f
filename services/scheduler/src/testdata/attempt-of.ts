import type { Attempt } from '@weir/contracts';

/** The first attempt of a request, at the only target there is; one more is allowed. */
export const attemptOf = (given: Partial<Attempt> = {}): Attempt => ({
  number: 1,
  upstream: 'gpu',
  target: 't0',
  model: 'small',
  remaining: 1,
  alternatives: 0,
  excluded: [],
  scheduler: 'scheduler-1',
  dispatch: 1,
  reservedTokens: 1,
  ...given,
});
