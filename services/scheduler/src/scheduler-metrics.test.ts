import { createMetrics } from '@weir/runtime';
import { expect, test } from 'vitest';
import { type HealthDetail, refusals } from './core/health/health-board.ts';
import { registerHealth } from './scheduler-metrics.ts';

const detail = (instance: string, target: string, isOpen = false): HealthDetail => ({
  place: { instance, target },
  health: undefined,
  circuit: isOpen ? 'open' : 'closed',
  verdict: isOpen
    ? { outcome: 'refused', reason: 'circuit_open', until: undefined }
    : { outcome: 'admitted', penalty: 1 },
});

test('the gauges of health show what is so at each scrape, and nothing of what is gone', async () => {
  const metrics = createMetrics({ service: 'scheduler', ownsProcess: false });
  let details: readonly HealthDetail[] = [
    detail('a', 't0', true),
    detail('b', 't0', true),
    detail('a', 't1'),
  ];
  registerHealth(metrics, () => (details.length === 0 ? [] : [['gpu', details]]));
  const valuesOf = async (name: string) => {
    const metric = await metrics.registry.getSingleMetric(name)?.get();
    return (metric?.values ?? []).map(({ labels, value }) => ({ ...labels, value }));
  };
  const open = (target: string, value: number) => ({ upstream: 'gpu', target, value });
  const refused = (target: string, reason: string, value: number) => ({ ...open(target, value), reason });
  expect(await valuesOf('weir_circuit_breaker_open')).toEqual([open('t0', 1), open('t1', 0)]);
  const all = await valuesOf('weir_target_refused');
  expect(all).toHaveLength(2 * refusals.length);
  expect(all.filter(({ value }) => value > 0)).toEqual([refused('t0', 'circuit_open', 2)]);
  details = [detail('a', 't1')];
  expect(await valuesOf('weir_circuit_breaker_open')).toEqual([open('t1', 0)]);
  details = [];
  expect(await valuesOf('weir_target_refused')).toEqual([]);
  metrics.close();
});
