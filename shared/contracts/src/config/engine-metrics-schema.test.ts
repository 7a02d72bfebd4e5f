import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

const parse = (given: object) =>
  parseConfig({
    version: 1,
    upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:8000'], ...given } },
  });

const read = (given: object) => {
  const parsed = parse(given);
  if (parsed.outcome === 'invalid') return parsed.problems.map(({ path }) => path);
  const { engineMetrics, maxRequestsPerTarget } = parsed.config.upstreams['gpu'] ?? {};
  return { engineMetrics, maxRequestsPerTarget };
};

describe('an upstream', () => {
  it.each<[string, object, object]>([
    ['says nothing of its engine', {}, {}],
    ['is asked as usual', { engineMetrics: {} }, { engineMetrics: { path: '/metrics', intervalMs: 500 } }],
    [
      'is asked elsewhere',
      { engineMetrics: { path: '/m' } },
      { engineMetrics: { path: '/m', intervalMs: 500 } },
    ],
    ['is never asked', { engineMetrics: false }, { engineMetrics: false }],
    ['has a limit', { maxRequestsPerTarget: 8 }, { maxRequestsPerTarget: 8 }],
  ])('%s', (_what, given, expected) => {
    expect(read(given)).toEqual(expected);
  });

  it.each([
    ['a path without a slash', { engineMetrics: { path: 'metrics' } }],
    ['a path with a blank', { engineMetrics: { path: '/a b' } }],
    ['an interval that is too short', { engineMetrics: { intervalMs: 99 } }],
    ['anything but false', { engineMetrics: true }],
    ['a name that is not known', { engineMetrics: { interval: 500 } }],
    ['a limit of none', { maxRequestsPerTarget: 0 }],
  ])('is refused with %s', (_what, given) => {
    expect(parse(given).outcome).toBe('invalid');
  });
});
