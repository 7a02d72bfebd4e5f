import { expect, test } from 'vitest';
import { parseSources } from '../source-file.ts';
import * as layers from './layers.ts';

const fixture = parseSources({
  'shared/contracts/src/frame.ts': `import { z } from 'zod';\nimport type { Bus } from '@weir/messaging';`,
  'shared/contracts/src/config/fields.ts': `import { z } from 'zod';`,
  'shared/messaging/src/bus.ts': `import { connect } from '@nats-io/transport-node';\nimport '@weir/runtime';`,
  'services/policy/src/service.ts': `import { build } from '@weir/scheduler';`,
  'services/policy/src/handlers/admit.ts': `export * from '../service.ts';\nimport '../main.ts';`,
  'services/policy/src/handlers/admit.test.ts': `import { waitFor } from '@weir/testing';\nimport fc from 'fast-check';`,
  'services/policy/src/main.ts': `import { build } from './service.ts';`,
  'services/adapter/src/settings.ts': `import { Pool } from 'undici';\nimport '../../../shared/json/src/index.ts';`,
  'services/adapter/src/service.ts': `const later = () => import('../../ingress/src/relay.ts');`,
  'services/adapter/src/relay.ts': `import { openai } from './providers/openai/provider.ts';`,
  'services/adapter/src/providers/registry.ts': `import { openai } from './openai/provider.ts';`,
  'services/ingress/src/relay.ts': `import { Pool } from 'undici';\nimport { waitFor } from '@weir/testing';\nimport lodash from 'lodash';`,
  'test/e2e/chat.test.ts': `import OpenAI from 'openai';\nimport '@weir/ingress';`,
});

test('an import of a higher floor or of another service is found, also a dynamic or a relative one', () => {
  expect(layers.findUpwardImports(fixture)).toEqual([
    'shared/contracts/src/frame.ts:2 contracts imports messaging',
    'shared/messaging/src/bus.ts:2 messaging imports runtime',
    'services/policy/src/service.ts:1 policy imports scheduler',
    'services/adapter/src/service.ts:1 adapter imports ingress',
  ]);
});

test('the test kit is found outside of tests only', () => {
  expect(layers.findTestingInProduction(fixture)).toEqual([
    'services/ingress/src/relay.ts:2 imports @weir/testing',
  ]);
});

test('a package is found outside its own place, and one without a place anywhere', () => {
  expect(layers.findStrayPackages(fixture)).toEqual([
    'shared/contracts/src/frame.ts:1 imports zod, which belongs to shared/contracts/src/config/ and shared/contracts/src/schema/',
    'services/ingress/src/relay.ts:1 imports undici, which belongs to services/adapter/ and services/exporter/',
    'services/ingress/src/relay.ts:3 imports lodash, which belongs to nobody yet',
  ]);
});

test('an import of a composition root is found, unless main.ts makes it', () => {
  expect(layers.findImportsOfRoots(fixture)).toEqual([
    'services/policy/src/handlers/admit.ts:1 imports service.ts',
    'services/policy/src/handlers/admit.ts:2 imports main.ts',
  ]);
});

test('one provider by name is found outside the registry', () => {
  expect(layers.findProviderNamesOutside(fixture)).toEqual([
    'services/adapter/src/relay.ts:1 imports one provider, ./providers/openai/provider.ts',
  ]);
});
