import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { watchEventLoopDelay } from './event-loop-delay.ts';
import { mergeExpositions } from './merge-expositions.ts';

/** The metrics of one service. Names carry the `weir_` prefix; labels take values of closed sets only. */
export interface Metrics {
  readonly registry: Registry;
  /** Shows those of another service as well, that shares the process. */
  include(other: Pick<Metrics, 'exposition'>): void;
  /** All of them, in Prometheus' exposition format. */
  exposition(): Promise<string>;
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ): Counter<Label>;
  /** Buckets are upper bounds in the unit of the name, ascending. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    buckets?: readonly number[],
  ): Histogram<Label>;
  /** `collect` runs at each scrape, for values that are cheaper to read than to keep. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    collect?: (gauge: Gauge<Label>) => unknown,
  ): Gauge<Label>;
}

export interface ServiceMetrics extends Metrics {
  readonly close: () => void;
}

/** The library's event loop statistics wake the process this often; `weir_event_loop_delay_max_seconds` is the fine one. */
const processMonitoringMs = 100;

const createFactories = (registry: Registry): Metrics => {
  const registers = [registry];
  const shown: Pick<Metrics, 'exposition'>[] = [{ exposition: () => registry.metrics() }];
  return {
    registry,
    include: (other) => {
      shown.push(other);
    },
    exposition: async () => mergeExpositions(await Promise.all(shown.map((one) => one.exposition()))),
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: labels, registers }),
    histogram: (name, help, labels = [], buckets) =>
      new Histogram({
        name,
        help,
        labelNames: labels,
        registers,
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
      }),
    gauge: (name, help, labels = [], collect) => {
      const gauge = new Gauge({
        name,
        help,
        labelNames: labels,
        registers,
        ...(collect === undefined ? {} : { collect: async () => void (await collect(gauge)) }),
      });
      return gauge;
    },
  };
};

/**
 * `ownsProcess` adds the figures of the process. The library can never let go of what it watches for them,
 * so a service that shares its process with others, as in tests, goes without.
 */
export const createMetrics = (input: { service: string; ownsProcess: boolean }): ServiceMetrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ service: input.service });
  if (input.ownsProcess) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: processMonitoringMs });
  }
  const metrics = createFactories(registry);
  const delay = watchEventLoopDelay();
  metrics.gauge(
    'weir_event_loop_delay_max_seconds',
    'Longest time that the event loop came late since the last scrape.',
    [],
    (gauge) => gauge.set(delay.takeMaxSeconds()),
  );
  return { ...metrics, close: delay.close };
};
