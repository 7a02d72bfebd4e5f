import { WeirError } from '@weir/contracts';

/** The answer to a body that is over the limit. */
export const tooLarge = (limitBytes: number): WeirError =>
  new WeirError({
    reason: 'body_too_large',
    message: `The body is larger than ${limitBytes} bytes, the most that is taken here.`,
  });
