import { type ConfigPlace, type ConfigProblem, describeFound, toPath } from './config-problem.ts';

/** A value of a file that may have any shape, and where it stands. */
export interface RawNode {
  readonly value: unknown;
  readonly at: ConfigPlace;
}

/** The fields of a mapping; none of anything else. */
export const fieldsOf = (node: RawNode): readonly (RawNode & { readonly name: string })[] => {
  if (typeof node.value !== 'object' || node.value === null || Array.isArray(node.value)) return [];
  return Object.entries(node.value).map(([name, value]) => ({ name, value, at: [...node.at, name] }));
};

/** The items of a list; none of anything else. */
export const itemsOf = (node: RawNode): readonly RawNode[] =>
  Array.isArray(node.value)
    ? node.value.map((value: unknown, position) => ({ value, at: [...node.at, position] }))
    : [];

export const fieldOf = (node: RawNode, name: string): RawNode =>
  fieldsOf(node).find((field) => field.name === name) ?? { value: undefined, at: [...node.at, name] };

export const textOf = (node: RawNode): string | undefined =>
  typeof node.value === 'string' ? node.value : undefined;

/** The strings of a list. */
export const textsOf = (node: RawNode): readonly string[] =>
  itemsOf(node).flatMap((item) => (typeof item.value === 'string' ? [item.value] : []));

/** `expected`: what would be right at the node's place. */
export const problem = (node: RawNode, expected: string, suggestion?: string): ConfigProblem => ({
  path: toPath(node.at),
  at: node.at,
  found: describeFound(node.value, node.at),
  expected,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** A problem for each node whose text an earlier node has already. */
export const repeated = (nodes: readonly RawNode[], expected: string): ConfigProblem[] => {
  const first = new Map<string, RawNode>();
  return nodes.flatMap((node) => {
    const text = textOf(node);
    if (text === undefined) return [];
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, node);
    return earlier === undefined ? [] : [problem(node, `${expected}; ${toPath(earlier.at)} has it already`)];
  });
};
