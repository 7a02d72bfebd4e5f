import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMetrics, type ServiceMetrics } from './metrics.ts';

const open: ServiceMetrics[] = [];
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

const create = (service: string): ServiceMetrics => {
  const metrics = createMetrics({ service, ownsProcess: false });
  open.push(metrics);
  return metrics;
};

const readMaxDelay = async ({ registry }: ServiceMetrics): Promise<number> => {
  const text = await registry.getSingleMetricAsString('weir_event_loop_delay_max_seconds');
  return Number(/^weir_event_loop_delay_max_seconds\S* (\S+)$/m.exec(text)?.[1]);
};

const nextTick = () => new Promise((resolve) => setTimeout(resolve, 20));

const blockFor = (durationMs: number): void => {
  const endsAtMs = performance.now() + durationMs;
  while (performance.now() < endsAtMs);
};

describe('metrics', () => {
  it('keeps the services of one process apart', async () => {
    const [ingress, policy] = [create('ingress'), create('policy')];
    ingress.counter('weir_things_total', 'Things.').inc();
    policy.counter('weir_things_total', 'Things.');
    expect(await ingress.registry.metrics()).toContain('weir_things_total{service="ingress"} 1');
    expect(await policy.registry.metrics()).toContain('weir_things_total{service="policy"} 0');
  });

  it('asks a gauge for its value at each scrape', async () => {
    const metrics = create('ingress');
    let depth = 1;
    metrics.gauge('weir_depth', 'Depth.', ['pool'], (gauge) => gauge.set({ pool: 'gpu' }, depth));
    expect(await metrics.registry.metrics()).toContain('weir_depth{pool="gpu",service="ingress"} 1');
    depth = 2;
    expect(await metrics.registry.metrics()).toContain('weir_depth{pool="gpu",service="ingress"} 2');
  });

  it('counts a histogram into the buckets that were asked for', async () => {
    const metrics = create('ingress');
    metrics.histogram('weir_wait_seconds', 'Wait.', [], [0.1, 1]).observe(0.5);
    const text = await metrics.registry.metrics();
    expect(text).toContain('weir_wait_seconds_bucket{le="0.1",service="ingress"} 0');
    expect(text).toContain('weir_wait_seconds_bucket{le="1",service="ingress"} 1');
  });

  it('shows the longest block of the event loop since the last scrape', async () => {
    const metrics = create('ingress');
    await vi.waitUntil(
      async () => {
        // A block counts from the tick before it to the tick after it.
        await nextTick();
        blockFor(60);
        await nextTick();
        return (await readMaxDelay(metrics)) > 0.04;
      },
      { timeout: 5_000 },
    );
    expect(await readMaxDelay(metrics)).toBeLessThan(0.04);
  });
});
