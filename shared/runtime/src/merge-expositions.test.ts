import { Counter, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { mergeExpositions } from './merge-expositions.ts';

const textOf = async (service: string, names: readonly string[]): Promise<string> => {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  for (const name of names) new Counter({ name, help: `What ${name} counts.`, registers: [registry] }).inc(2);
  return registry.metrics();
};

it('describes each metric once, and keeps the samples of all together', async () => {
  const texts = await Promise.all([textOf('a', ['one_total', 'two_total']), textOf('b', ['two_total'])]);
  expect(mergeExpositions(texts).split('\n')).toEqual([
    '# HELP one_total What one_total counts.',
    '# TYPE one_total counter',
    'one_total{service="a"} 2',
    '# HELP two_total What two_total counts.',
    '# TYPE two_total counter',
    'two_total{service="a"} 2',
    'two_total{service="b"} 2',
    '',
  ]);
});

it('leaves a single text as it is', async () => {
  const text = await textOf('a', ['one_total', 'two_total']);
  expect(mergeExpositions([text])).toBe(text);
});
