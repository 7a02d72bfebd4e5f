import type { SplitKey, WayConfig } from '@weir/contracts';
import { orderVariants, type Variant } from './order-variants.ts';
import { type SplitRequest, splitKeyOf } from './split-key.ts';

/** The variants of a way, and what assigns requests to them. */
export interface VariantPlan {
  readonly variants: readonly Variant[];
  readonly by: SplitKey;
  /** Its value names a variant, whatever its weight. */
  readonly header?: string;
}

/** Undefined: the way has none. */
export const variantPlanOf = ({ split, splitBy, abTest }: WayConfig): VariantPlan | undefined => {
  if (split)
    return { variants: split.map((share) => ({ ...share, name: share.upstream })), by: splitBy ?? 'request' };
  return abTest;
};

const namedByHeader = (
  { variants, header }: VariantPlan,
  headers: Readonly<Record<string, string>>,
): Variant | undefined => {
  if (header === undefined || !Object.hasOwn(headers, header)) return undefined;
  return variants.find(({ name }) => name === headers[header]);
};

/** The variants for one request: its own first, then those that stand in for it. */
export const variantsFor = (plan: VariantPlan, request: SplitRequest): readonly Variant[] => {
  const ordered = orderVariants(plan.variants, splitKeyOf(plan.by, request));
  const named = namedByHeader(plan, request.client.headers);
  return named === undefined ? ordered : [named, ...ordered.filter((variant) => variant !== named)];
};
