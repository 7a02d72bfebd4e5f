import { expect, it } from 'vitest';
import { decideDeadline } from './decide-deadline.ts';

it.each<[string, string | undefined, number]>([
  ['the route decides when the client says nothing', undefined, 61_000],
  ['a client that waits for less decides', '10', 11_000],
  ['a client that waits for more does not', '600', 61_000],
  ['a part of a second counts', '0.25', 1_250],
  ['zero is no time-out', '0', 61_000],
  ['nor is less', '-5', 61_000],
  ['nor is what is not a number', 'soon', 61_000],
  ['nor is nothing', '', 61_000],
  ['nor is for ever', 'Infinity', 61_000],
])('%s', (_what, clientTimeout, deadline) => {
  expect(decideDeadline({ now: 1_000, timeoutMs: 60_000, clientTimeout })).toBe(deadline);
});

it('is a whole number of milliseconds', () => {
  expect(decideDeadline({ now: 0.4, timeoutMs: 1_000, clientTimeout: '0.0015' })).toBe(2);
});
