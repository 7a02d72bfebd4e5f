import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlMessageSchema } from './control-schema.ts';
import { headFrameSchema } from './frame-schema.ts';
import { toComponents } from './to-components.ts';
import { usageEventsSchema, usageSchema } from './usage-event-schema.ts';
import { wireErrorSchema } from './wire-error-schema.ts';
import { wireSchemas } from './wire-schemas.ts';

describe('the schemas of the wire', () => {
  test('never throw out of a safe parse, and never take what is no object or list', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(wireSchemas)), fc.anything(), (schema, value) => {
        expect(typeof schema.safeParse(value).success).toBe('boolean');
      }),
    );
  });

  test('leave out fields that this version does not know', () => {
    expect(usageSchema.parse({ inputTotal: 1, outputSmell: 2 })).toEqual({ inputTotal: 1 });
  });

  test('keep absent apart from undefined and from zero', () => {
    expect(usageSchema.parse({})).toEqual({});
    expect(usageSchema.safeParse({ inputTotal: undefined }).success).toBe(false);
    expect(usageSchema.parse({ inputTotal: 0 })).toEqual({ inputTotal: 0 });
  });

  test.each([
    ['a negative count', usageSchema, { inputTotal: -1 }],
    ['half a token', usageSchema, { outputTotal: 0.5 }],
    ['an error without a known reason', wireErrorSchema, { reason: 'full_moon', message: 'Wait.' }],
    ['a status that HTTP does not have', headFrameSchema, { status: 1_000, headers: [] }],
    [
      'a control message of an unknown kind',
      controlMessageSchema,
      { kind: 4, tag: 0, bytes: 0, frames: 0, about: '' },
    ],
    ['a batch that is one event', usageEventsSchema, {}],
  ])('refuse %s', (_what, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  test('point to each other where one uses another', () => {
    const { EnvelopeMeta } = toComponents(wireSchemas, 'draft-2020-12');
    expect(EnvelopeMeta).toMatchObject({ properties: { grant: { $ref: '#/components/schemas/Grant' } } });
    expect(JSON.stringify(EnvelopeMeta)).not.toContain('readOnly');
  });
});

const source = new URL('../', import.meta.url);

test('nothing on the hot path imports zod: only the schemas and the configuration do', () => {
  const files = readdirSync(source).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(files).toContain('envelope.ts');
  const importers = files.filter((name) =>
    /from '(zod|\.\/schema\/)/.test(readFileSync(new URL(name, source), 'utf8')),
  );
  expect(importers).toEqual([]);
});
