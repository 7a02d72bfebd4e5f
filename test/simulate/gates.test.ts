import { expect, test } from 'vitest';
import { isMet, measureGates } from './gates.ts';
import { createLaboratory } from './laboratory.ts';

test('the core keeps what the design promises of it, on short runs', { timeout: 120_000 }, () => {
  // Round-robin takes most of a minute to build up its queues: shorter runs are too kind to it.
  const laboratory = createLaboratory({ seeds: [1, 2, 3], durationMs: 45_000, clock: () => 0 });
  const gates = measureGates(laboratory);
  expect(gates).toHaveLength(5);
  expect(gates.filter((gate) => !isMet(gate))).toEqual([]);
});

test('a gate whose ratio is not known is not met', () => {
  expect(isMet({ name: 'nothing served', ratio: undefined, limit: 1 })).toBe(false);
  expect(isMet({ name: 'just so', ratio: 1, limit: 1 })).toBe(true);
});
