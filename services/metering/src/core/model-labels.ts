import { isLiteralPattern, type WeirConfig } from '@weir/contracts';

/** Clients may name any model; a label takes only names that upstreams or prices have, and `other`. */
export const modelLabels = (config: WeirConfig | undefined): ReadonlySet<string> =>
  new Set([
    ...Object.values(config?.upstreams ?? {}).flatMap(({ models, aliases }) => [
      ...models.filter(isLiteralPattern),
      ...Object.keys(aliases),
    ]),
    ...(config?.pricing.models ?? []).map(({ model }) => model).filter(isLiteralPattern),
  ]);

export const labelOf = (known: ReadonlySet<string>, model: string): string =>
  known.has(model) ? model : 'other';

/** Follows the configuration; everything is `other` until there is one. */
export const createLabelOf = (
  onChange: (listener: (config: WeirConfig) => void) => void,
): ((model: string) => string) => {
  let known = modelLabels(undefined);
  onChange((config) => {
    known = modelLabels(config);
  });
  return (model) => labelOf(known, model);
};
