import type { EnvelopeMeta } from '@weir/contracts';

const charsPerToken = 4;

/** Input tokens of a request, estimated where nobody has counted them. */
export const inputTokensOf = ({ features }: Pick<EnvelopeMeta, 'features'>): number =>
  features.inputTokens ?? Math.ceil(features.chars / charsPerToken);
