import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { builtinRoutes } from '../../config/builtin-routes.ts';
import { openApiDocument } from './openapi-document.ts';

const reference = z.strictObject({ $ref: z.string().startsWith('#/components/') });
const schemaObject = z.looseObject({});
const headers = z.record(z.string(), reference);
const content = z.record(z.string().regex(/^[a-z]+\/[a-z-]+$/), z.strictObject({ schema: schemaObject }));
const response = z.strictObject({
  description: z.string().min(1),
  headers: headers.optional(),
  content: content.optional(),
  'x-weir-reasons': z.array(z.string()).optional(),
});
const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(['path', 'header', 'query']),
  required: z.boolean().optional(),
  description: z.string(),
  schema: schemaObject,
});
const security = z.array(z.record(z.string(), z.array(z.string())));

const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(1),
  description: z.string().optional(),
  'x-weir-api': z.string().optional(),
  tags: z.array(z.string()).min(1),
  parameters: z.array(reference).optional(),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  security: security.optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), z.union([reference, response])),
});

const pathItem = z.strictObject({ get: operation.exactOptional(), post: operation.exactOptional() });

/** What OpenAPI 3.1 asks for, as far as the document uses it. https://spec.openapis.org/oas/3.1/schema/2025-02-13 */
const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.url() })),
  security,
  tags: z.array(z.strictObject({ name: z.string() })),
  paths: z.record(z.string().startsWith('/'), pathItem),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), schemaObject),
    responses: z.record(z.string(), response),
    headers: z.record(z.string(), z.strictObject({ description: z.string(), schema: schemaObject })),
    parameters: z.record(z.string(), parameter),
    securitySchemes: z.record(
      z.string(),
      z.union([
        z.looseObject({ type: z.literal('http'), scheme: z.string() }),
        z.looseObject({ type: z.literal('apiKey'), in: z.literal('header'), name: z.string() }),
      ]),
    ),
  }),
});

const plain: unknown = JSON.parse(JSON.stringify(openApiDocument()));
const document = documentSchema.parse(plain);

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, one]) => ({ path, method: method.toUpperCase(), operation: one })),
);

const valueAt = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], plain);

const referencesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
};

describe('the OpenAPI document', () => {
  test('has only references that lead somewhere', () => {
    const references = referencesIn(plain);
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((pointer) => valueAt(pointer) === undefined)).toEqual([]);
  });

  test('has no component that nothing refers to', () => {
    const used = new Set(referencesIn(plain));
    const { schemas, responses, headers: headerComponents, parameters } = document.components;
    const all = Object.entries({ schemas, responses, headers: headerComponents, parameters }).flatMap(
      ([kind, components]) => Object.keys(components).map((name) => `#/components/${kind}/${name}`),
    );
    expect(all.filter((pointer) => !used.has(pointer))).toEqual([]);
  });

  test('gives each operation an id of its own', () => {
    const ids = operations.map(({ operation: { operationId } }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('declares the parameters that its paths have', () => {
    for (const { path, operation: one } of operations) {
      const declared = (one.parameters ?? [])
        .map(({ $ref }) => parameter.parse(valueAt($ref)))
        .filter((candidate) => candidate.in === 'path');
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required === true)).toBe(true);
    }
  });

  test('uses only security schemes and tags that it declares', () => {
    const names = document.security.flatMap((requirement) => Object.keys(requirement));
    expect(names.filter((name) => !(name in document.components.securitySchemes))).toEqual([]);
    const tags = document.tags.map(({ name }) => name);
    expect(operations.flatMap(({ operation: one }) => one.tags).filter((tag) => !tags.includes(tag))).toEqual(
      [],
    );
  });

  test('has a path, a method and an API for each route that is built in', () => {
    const documented = operations
      .filter(({ operation: one }) => 'x-weir-api' in one)
      .map(({ path, method, operation: one }) => `${method} ${path} ${String(one['x-weir-api'])}`);
    const routes = builtinRoutes.map(({ api, match }) => {
      const path = match.path ?? `${match.pathPrefix}{model}`;
      return `${match.methods?.join()} ${path} ${api}`;
    });
    expect(documented.sort()).toEqual(routes.sort());
  });

  test('lets request bodies carry fields that it does not name', () => {
    const requests = Object.entries(document.components.schemas).filter(([name]) => name.endsWith('Request'));
    expect(requests.length).toBe(7);
    for (const [, schema] of requests) expect(schema).toMatchObject({ additionalProperties: {} });
  });
});
