import { missedByRule, type Way } from './find-way.ts';
import type { Variant } from './order-variants.ts';
import type { UpstreamQuestion } from './select-upstreams.ts';
import { splitKeyOf } from './split-key.ts';
import { type VariantPlan, variantPlanOf, variantsFor } from './variants-of.ts';

/** Which rule of a route a request fulfils, and why not those before it. */
export const explainRules = (question: UpstreamQuestion): string[] => {
  const { rules } = question.route;
  if (rules === undefined) return [];
  const lines = ['rules'];
  for (const [position, rule] of rules.entries()) {
    const missed = missedByRule(rule, question);
    const name = rule.name ?? `rule ${position}`;
    lines.push(`  ${name}: ${missed === undefined ? 'matches' : `no, ${missed} differs`}`);
    if (missed === undefined) return lines;
  }
  return [...lines, '  none: as the route says'];
};

/** What assigned a request to its variant; undefined while that is not known of it. */
const assignedBy = (plan: VariantPlan, { request }: UpstreamQuestion): string | undefined => {
  if (request === undefined) return undefined;
  const { headers } = request.client;
  const value = plan.header === undefined ? undefined : headers[plan.header];
  if (plan.variants.some(({ name }) => name === value)) return `header ${plan.header}`;
  return splitKeyOf(plan.by, request) === request.id ? undefined : plan.by;
};

/** Whether it can be said which variant a request gets; otherwise only what its chances are. */
export const isAssigned = (way: Way, question: UpstreamQuestion): boolean => {
  const plan = variantPlanOf(way);
  // How far a canary has come is nothing that the configuration says.
  return plan === undefined || (!way.canary && assignedBy(plan, question) !== undefined);
};

const percentOf = ({ weight }: Variant, variants: readonly Variant[]): string => {
  const sum = variants.reduce((total, variant) => total + variant.weight, 0);
  return `${Math.round((weight / sum) * 1_000) / 10} %`;
};

/** The shares of a way's variants, and which of them a request gets where that can be said. */
export const explainVariants = (way: Way, question: UpstreamQuestion): string[] => {
  const plan = variantPlanOf(way);
  if (plan === undefined) return [];
  const lines = [`variants by ${plan.by}`];
  for (const variant of plan.variants) {
    const share = way.canary ? 'as far as its steps have come' : percentOf(variant, plan.variants);
    lines.push(`  ${variant.name}: ${variant.upstream}, ${share}`);
  }
  if (way.canary) return lines;
  const assigned = assignedBy(plan, question);
  const [first] = question.request ? variantsFor(plan, question.request) : [];
  if (assigned !== undefined && first) lines.push(`  ${first.name}, by ${assigned}`);
  return lines;
};
