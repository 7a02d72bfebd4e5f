import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLatencyHistogram } from './latency-histogram.ts';

test('a percentile is within half a percent of the exact one', () => {
  const samples = fc.array(fc.integer({ min: 1, max: 50_000_000 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(samples, fc.constantFrom(0.5, 0.99, 1), (latencies, share) => {
      const histogram = createLatencyHistogram();
      for (const micros of latencies) histogram.record(micros);
      const sorted = latencies.toSorted((left, right) => left - right);
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
      const measured = histogram.percentile(share) ?? 0;
      expect(Math.abs(measured - exact) / exact).toBeLessThan(0.005);
    }),
  );
});

test('without samples there is no percentile, rather than zero', () => {
  expect(createLatencyHistogram().summarize()).toEqual({
    count: 0,
    p50Micros: undefined,
    p99Micros: undefined,
    maxMicros: undefined,
  });
});
