import { expect, test } from 'vitest';
import { isMet, measureFaultGates, measurePlacementGates } from './gates.ts';
import { createLaboratory } from './laboratory.ts';

// Round-robin takes most of a minute to build up its queues: shorter runs are too kind to it.
const durationMs = 60_000;
const timeout = 120_000;

test('the core keeps what the design promises of its choice', { timeout }, () => {
  const gates = measurePlacementGates(createLaboratory({ seeds: [1], durationMs, clock: () => 0 }));
  expect(gates).toHaveLength(5);
  expect(gates.filter((gate) => !isMet(gate))).toEqual([]);
});

test('p99 is back in time after every fault that load reports can tell of', { timeout }, () => {
  const gates = measureFaultGates(createLaboratory({ seeds: [1], durationMs: 45_000, clock: () => 0 }));
  expect(gates).toHaveLength(7);
  const met = gates.filter(isMet).map(({ name }) => name);
  expect(met).toEqual(
    expect.arrayContaining([
      'one of eight workers: killed',
      'one of eight workers: hangs',
      'one of eight workers: no reports for 10 s',
      'one of eight workers: the same report for ever',
      'one of eight workers: a third of its speed',
      'one of three schedulers: killed',
    ]),
  );
});

test('a gate whose figure is not known, or never comes, is not met', () => {
  const gate = { name: 'any', limit: 1, unit: 's' } as const;
  expect(isMet({ ...gate, measured: undefined })).toBe(false);
  expect(isMet({ ...gate, measured: Number.POSITIVE_INFINITY })).toBe(false);
  expect(isMet({ ...gate, measured: 1 })).toBe(true);
});
