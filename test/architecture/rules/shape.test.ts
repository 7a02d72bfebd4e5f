import { expect, test } from 'vitest';
import { findMissingServiceFiles, findMissingSharedFiles } from './shape.ts';

const whole = ['README.md', 'package.json', 'src/main.ts', 'src/service.ts', 'src/settings.ts'];

test('a service that lacks a part is found', () => {
  const paths = [
    ...whole.map((file) => `services/policy/${file}`),
    ...whole.slice(1).map((file) => `services/adapter/${file}`),
  ];
  expect(findMissingServiceFiles(paths)).toEqual(['services/adapter/README.md is missing']);
});

test('a shared package that lacks a part is found', () => {
  const paths = ['shared/json/README.md', 'shared/json/package.json', 'shared/json/src/scan-body.ts'];
  expect(findMissingSharedFiles(paths)).toEqual(['shared/json/src/index.ts is missing']);
});
