import { expect, it } from 'vitest';
import { toProjectArguments } from './project-arguments.ts';

it('a project is named with what it times', () => {
  expect(toProjectArguments(['--project', 'e2e', '--project=chaos'])).toEqual([
    '--project',
    'e2e*',
    '--project=chaos*',
  ]);
});

it('files and other options stay as they are', () => {
  const args = ['services/policy', '-t', 'refuses', '--bail', '1'];
  expect(toProjectArguments(args)).toEqual(args);
});
