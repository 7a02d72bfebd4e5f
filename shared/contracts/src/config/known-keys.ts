import { configJsonSchema } from './config-json-schema.ts';

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

const alternativesOf = (node: SchemaNode): readonly SchemaNode[] => node.anyOf ?? node.oneOf ?? [node];

const below = (node: SchemaNode, step: string | number): readonly SchemaNode[] => {
  return alternativesOf(node).flatMap((alternative) => {
    if (typeof step === 'number') return alternative.items === undefined ? [] : [alternative.items];
    const named = alternative.properties;
    if (named !== undefined && Object.hasOwn(named, step)) return named[step] ?? [];
    const others = alternative.additionalProperties;
    return typeof others === 'object' ? [others] : [];
  });
};

/** The keys that may stand at a place of the configuration. Empty where any may. */
export const knownKeys = (at: readonly (string | number)[]): readonly string[] => {
  let nodes: readonly SchemaNode[] = [configJsonSchema()];
  for (const step of at) nodes = nodes.flatMap((node) => below(node, step));
  return [...new Set(nodes.flatMap(alternativesOf).flatMap((one) => Object.keys(one.properties ?? {})))];
};
