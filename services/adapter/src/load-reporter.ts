import { type EngineReport, type LoadReport, subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { type Served, servedTargets } from './core/engine-metrics/engine-questions.ts';
import type { LoadTracker } from './core/load-tracker.ts';
import type { LiveUpstreams } from './live-upstreams.ts';

const encoder = new TextEncoder();
/** Reports of one pool out of turn are at least so far apart. */
const leastGapMs = 20;

export interface LoadReporter {
  /** All pools. */
  report(state: LoadReport['state']): void;
  /** One pool, out of turn: what its schedulers believe is not so. No more than one each 20 ms. */
  reportNow(pool: string, state: LoadReport['state']): void;
}

/** Tells the schedulers what runs here, at a steady beat. */
export const createLoadReporter = (input: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly instance: string;
  readonly load: Pick<LoadTracker, 'report'>;
  readonly upstreams: Pick<LiveUpstreams, 'all' | 'get'>;
  readonly settings: Served;
  readonly engineOf: (pool: string, target: string) => EngineReport | undefined;
  readonly now: () => number;
}): LoadReporter => {
  const { bus, instance, load, upstreams, settings, engineOf, now } = input;
  const reportedAt = new Map<string, number>();

  const publish = ({ name, config }: LiveUpstream, state: LoadReport['state']): void => {
    if (settings.pool !== undefined && settings.pool !== name) return;
    const targets = servedTargets(settings, name, config.targets).map((target) => target.name);
    const report = load.report(name, targets, state);
    const withEngines = report.targets.map((one) => {
      const engine = engineOf(name, one.target);
      return engine === undefined ? one : { ...one, engine };
    });
    const text = JSON.stringify({ ...report, targets: withEngines });
    bus.publish(subjects.load(name, instance), encoder.encode(text));
  };

  return {
    report: (state) => {
      for (const upstream of upstreams.all()) publish(upstream, state);
    },
    reportNow: (pool, state) => {
      const upstream = upstreams.get(pool);
      const at = now();
      if (upstream === undefined || at - (reportedAt.get(pool) ?? 0) < leastGapMs) return;
      reportedAt.set(pool, at);
      publish(upstream, state);
    },
  };
};
