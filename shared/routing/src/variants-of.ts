import type { CanaryConfig, SplitKey } from '@weir/contracts';
import type { Way } from './find-way.ts';
import { orderVariants, type Variant } from './order-variants.ts';
import { type SplitRequest, splitKeyOf } from './split-key.ts';

/** The variants of a way, and what assigns requests to them. */
export interface VariantPlan {
  readonly variants: readonly Variant[];
  readonly by: SplitKey;
  /** Its value names a variant, whatever its weight. */
  readonly header?: string;
  /** Comes last of all, if it has no weight. */
  readonly standIn?: Variant;
}

const planCanary = (config: CanaryConfig, weight: number | undefined): VariantPlan => {
  // While it is not known how far it has come, both may get the request.
  const percent = weight ?? 50;
  const stable = { name: 'stable', upstream: config.stable, weight: 100 - percent };
  const canary = { name: 'canary', upstream: config.canary, weight: percent };
  return {
    variants: percent > 0 ? [stable, canary] : [stable],
    by: config.splitBy ?? 'request',
    standIn: stable,
  };
};

/** Undefined: the way has none. `canaryWeight`: percent, of the route's canary. */
export const variantPlanOf = (way: Way, canaryWeight?: number): VariantPlan | undefined => {
  const { split, splitBy, abTest, canary } = way;
  if (canary) return planCanary(canary, canaryWeight);
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
  const drawn = orderVariants(plan.variants, splitKeyOf(plan.by, request));
  const ordered = plan.standIn?.weight === 0 ? [...drawn, plan.standIn] : drawn;
  const named = namedByHeader(plan, request.client.headers);
  return named === undefined ? ordered : [named, ...ordered.filter((variant) => variant !== named)];
};
