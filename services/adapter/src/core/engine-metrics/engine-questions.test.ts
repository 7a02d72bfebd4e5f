import { expect, it } from 'vitest';
import { engineMetricsOf, servedTargets } from './engine-questions.ts';

const targets = ['t0', 't1'].map((name) => ({ name, url: `http://${name}`, weight: 1 }));
const all = { pool: undefined, target: undefined };
const agent = { pool: 'p', target: 't1' };
const asked = { path: '/m', intervalMs: 100 };

it.each([
  ['everything', all, ['t0', 't1']],
  ['a pool', { pool: 'p', target: undefined }, ['t0', 't1']],
  ['another pool', { pool: 'q', target: undefined }, []],
  ['one target', agent, ['t1']],
  ['one target of another pool', { pool: 'q', target: 't1' }, []],
])('an adapter for %s serves its targets only', (_what, served, expected) => {
  expect(servedTargets(served, 'p', targets).map(({ name }) => name)).toEqual(expected);
});

it.each([
  ['an agent asks the server beside it', {}, agent, { path: '/metrics', intervalMs: 500 }],
  ['an agent is told how', { engineMetrics: asked }, agent, asked],
  ['an agent is told not to', { engineMetrics: false as const }, agent, undefined],
  ['an agent does not ask a provider', { provider: 'openai' as const }, agent, undefined],
  ['other adapters do not ask', {}, all, undefined],
  ['nor those of a whole pool', {}, { pool: 'p', target: undefined }, undefined],
  ['unless they are told to', { engineMetrics: asked }, all, asked],
])('%s', (_what, given, served, expected) => {
  expect(engineMetricsOf({ provider: 'openai-compatible', ...given }, served)).toEqual(expected);
});
