import * as z from 'zod';

export type JsonObject = Readonly<Record<string, unknown>>;

/** AsyncAPI 3.0 takes draft 7, OpenAPI 3.1 takes 2020-12. */
export type SchemaDialect = 'draft-7' | 'draft-2020-12';

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;

/** `readOnly` means something else in OpenAPI, and every integer of JSON is a safe one. */
const dropNoise = (schema: Record<string, unknown>): void => {
  delete schema['readOnly'];
  if (schema['maximum'] === MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['minimum'] === MIN_SAFE_INTEGER) delete schema['minimum'];
};

export const schemaPath = (name: string): string => `#/components/schemas/${name}`;

/** JSON Schemas of named zod schemas; where one uses another it points to it. Readers ignore unknown fields. */
export const toComponents = (
  schemas: Readonly<Record<string, z.ZodType>>,
  dialect: SchemaDialect,
): Record<string, JsonObject> => {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    target: dialect,
    io: 'input',
    uri: schemaPath,
    override: ({ jsonSchema }) => dropNoise(jsonSchema as Record<string, unknown>),
  });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, { $id, $schema, ...schema }]) => [id, schema]),
  );
};
