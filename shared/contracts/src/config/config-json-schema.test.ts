import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configJsonSchema } from './config-json-schema.ts';

const file = new URL('../../generated/weir.schema.json', import.meta.url);
const current = `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;

// After a change of the schema: UPDATE=1 npx vitest run shared/contracts/src/config/config-json-schema.test.ts
test('the JSON Schema that is checked in is the one that the code makes', () => {
  if (process.env['UPDATE'] === '1') writeFileSync(file, current);
  expect(readFileSync(file, 'utf8')).toBe(current);
});

test('the JSON Schema knows what a file needs and refuses unknown keys', () => {
  const schema = configJsonSchema();
  expect(schema['required']).toEqual(['version', 'upstreams']);
  expect(schema['additionalProperties']).toBe(false);
});
