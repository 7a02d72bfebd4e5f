import { type Api, isLiteralPattern, matchesPattern, type UpstreamConfig } from '@weir/contracts';
import { speaksApi } from './speaks-api.ts';

/** How closely an upstream names a model: 0 literally or by alias, 1 by a pattern, 2 because it takes any. */
export type Closeness = 0 | 1 | 2;

export type UpstreamVerdict =
  | { readonly outcome: 'serves'; readonly model: string; readonly closeness: Closeness }
  | { readonly outcome: 'other_api' }
  | { readonly outcome: 'no_model' };

const closenessOf = (patterns: readonly string[], model: string): Closeness | undefined => {
  if (patterns.length === 0) return 2;
  const matching = patterns.filter((pattern) => matchesPattern(pattern, model));
  if (matching.length === 0) return undefined;
  if (matching.some(isLiteralPattern)) return 0;
  return matching.every((pattern) => pattern === '*') ? 2 : 1;
};

/** Whether an upstream can serve a model by an API. `model` is the client's name; empty asks for no model at all. */
export const judgeUpstream = (upstream: UpstreamConfig, api: Api, model: string): UpstreamVerdict => {
  const alias = Object.hasOwn(upstream.aliases, model) ? upstream.aliases[model] : undefined;
  const closeness = alias === undefined ? closenessOf(upstream.models, model) : 0;
  const isModelNeeded = !(api === 'openai.models' && model === '');
  if (isModelNeeded && closeness === undefined) return { outcome: 'no_model' };
  if (!speaksApi(upstream.provider, api)) return { outcome: 'other_api' };
  return { outcome: 'serves', model: alias ?? model, closeness: closeness ?? 2 };
};
