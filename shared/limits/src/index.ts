export { budgetLimitUnits, fractionOf, unitsText } from './budget-units.ts';
export { type EffectiveRules, effectiveRules, type PlacedRules } from './effective-rules.ts';
export { estimateTokens } from './estimate-tokens.ts';
export { findBudget } from './find-budget.ts';
export type { FoundKey, KnownKey, Rules, TenantRules } from './known-key.ts';
export { allowsValue } from './known-key.ts';
export { anonymousOrg, noTeam } from './limit-scope.ts';
export type { ListedKey, ListedOrg, ListedTeam } from './listed-tenant.ts';
export { type Period, periodAt, previousPeriod } from './period.ts';
export {
  type AppliedBucket,
  type AppliedBudget,
  type AppliedLimits,
  type AppliedRateLimit,
  type AppliedSlots,
  type BudgetCarry,
  type LimitedRequest,
  resolveLimits,
} from './resolve-limits.ts';
export { createTenantDirectory, type TenantDirectory } from './tenant-directory.ts';
export { thresholdsCrossed, toPerMille } from './thresholds-crossed.ts';
