import { isLiteralPattern, matchesSomePattern, type WeirConfig } from '@weir/contracts';

export interface ListedModel {
  /** Name by which clients call it. */
  readonly id: string;
  /** Name of the first upstream that has it. */
  readonly ownedBy: string;
}

/** The models that a caller may use and that have a name: literal ones and aliases, each once. */
export const listModels = (
  config: WeirConfig,
  allowedPatterns: readonly string[],
): readonly ListedModel[] => {
  const owners = new Map<string, string>();
  for (const [name, upstream] of Object.entries(config.upstreams)) {
    for (const id of [...upstream.models.filter(isLiteralPattern), ...Object.keys(upstream.aliases)]) {
      if (!owners.has(id) && matchesSomePattern(allowedPatterns, id)) owners.set(id, name);
    }
  }
  return [...owners].map(([id, ownedBy]) => ({ id, ownedBy }));
};
