import { expect, test } from 'vitest';
import { parseSources } from '../source-file.ts';
import { findImpureCode, findImpureImports } from './purity.ts';

const core = 'services/policy/src/core/decide.ts';
const impurities = (text: string, path = core): string[] => findImpureCode(parseSources({ [path]: text }));
const imports = (text: string, path = core): string[] => findImpureImports(parseSources({ [path]: text }));

test.each([
  'const at = Date.now();',
  'const draw = Math.random;',
  'const at = new Date();',
  'const at = Date();',
  'const name = process.env;',
  'setTimeout(() => {}, 1);',
  'const later = { setTimeout };',
  'const name = (process as unknown as Host).name;',
  'console.log(1);',
  'const at = performance.now();',
  'await fetch("http://localhost");',
])('a core that says %s is found', (text) => {
  expect(impurities(text)).toHaveLength(1);
});

test.each([
  'const at = new Date(1_000).toISOString();',
  'const at = Date.parse("2027-01-01");',
  'const later = clock.setTimeout;',
  'const settings = { process: 1 };',
  'interface Clock { performance: number }',
  '// process, Date.now() and console.log are for the shell',
])('a core may say %s', (text) => {
  expect(impurities(text)).toEqual([]);
});

test.each([
  `import { hash } from 'node:crypto';`,
  `import type { Bus } from '@weir/messaging';`,
  `import type { Logger } from '@weir/runtime';`,
  `import { Pool } from 'undici';`,
  `import type { Settings } from '../settings.ts';`,
  `export { build } from '../service.ts';`,
  `const late = () => import('fastify');`,
  `type Socket = import('node:net').Socket;`,
])('a core with %s is found', (text) => {
  expect(imports(text)).toHaveLength(1);
});

test('a core may import contracts, the pure packages, the reply machines and its own kind', () => {
  const text = `
    import type { Envelope } from '@weir/contracts';
    import { scanBody } from '@weir/json';
    import { matchRoute } from '@weir/routing';
    import { createReplyReader } from '@weir/messaging/reply';
    import { other } from './other.ts';
  `;
  expect(imports(text)).toEqual([]);
});

test('the pure packages, the providers and the reply machines are held to it, the shell and tests are not', () => {
  const text = `import 'node:fs';`;
  expect(imports(text, 'shared/json/src/scan.ts')).toHaveLength(1);
  expect(imports(text, 'shared/messaging/src/reply-reader.ts')).toHaveLength(1);
  expect(imports(text, 'services/adapter/src/providers/openai/usage.ts')).toHaveLength(1);
  expect(imports(text, 'shared/messaging/src/nats-bus.ts')).toEqual([]);
  expect(imports(text, 'services/policy/src/handlers/admit.ts')).toEqual([]);
  expect(imports(text, 'services/policy/src/core/decide.test.ts')).toEqual([]);
});
