import type { Features } from '@weir/contracts';
import { estimateTokens } from '@weir/limits';

/** Input tokens to hold a budget for: the estimate may fall short by a tenth. */
export const inputToHold = (features: Features): number => {
  const estimate = estimateTokens(features, 'tiktoken');
  return estimate + Math.ceil(estimate / 10);
};
