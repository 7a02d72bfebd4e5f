import { drawInteger, type Random } from './seeded-random.ts';
import { plainPieces } from './words.ts';

export interface ToolDefinition {
  readonly name: string;
  /** JSON Schema of the arguments, as the client sent it. */
  readonly schema: unknown;
}

interface SchemaNode {
  readonly type?: unknown;
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly properties?: unknown;
  readonly items?: unknown;
}

const maxDepth = 5;
const fragmentChars = 6;

const buildObject = (properties: unknown, random: Random, depth: number): Record<string, unknown> => {
  if (typeof properties !== 'object' || properties === null || depth > maxDepth) return {};
  const entries = Object.entries(properties).map(([key, node]) => [key, buildValue(node, random, depth + 1)]);
  return Object.fromEntries(entries);
};

const buildValue = (node: unknown, random: Random, depth: number): unknown => {
  const schema: SchemaNode = typeof node === 'object' && node !== null ? node : {};
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[drawInteger(random, schema.enum.length)] ?? null;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return buildObject(schema.properties, random, depth);
    case 'array':
      return depth > maxDepth ? [] : [buildValue(schema.items, random, depth + 1)];
    case 'integer':
    case 'number':
      return drawInteger(random, 100);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    default:
      return plainPieces[drawInteger(random, plainPieces.length)]?.trim() ?? '';
  }
};

/** JSON text of an object that has every property of the schema. */
export const buildArguments = (schema: unknown, random: Random): string => {
  const root: SchemaNode = typeof schema === 'object' && schema !== null ? schema : {};
  return JSON.stringify(buildObject(root.properties, random, 0));
};

/** Cuts JSON text into pieces as a provider streams it, never inside a character. */
export const cutFragments = (json: string): readonly string[] => {
  const characters = [...json];
  const fragments: string[] = [];
  for (let start = 0; start < characters.length; start += fragmentChars) {
    fragments.push(characters.slice(start, start + fragmentChars).join(''));
  }
  return fragments;
};
