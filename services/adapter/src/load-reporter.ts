import { type LoadReport, subjects, type TargetLoad } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { type Served, servedTargets } from './core/engine-metrics/engine-questions.ts';
import type { LoadTracker } from './core/load-tracker.ts';
import type { LiveUpstreams } from './live-upstreams.ts';

/** Tells the schedulers what runs here. */
export interface LoadReporter {
  /** Of all pools, at a steady beat. */
  report(state: LoadReport['state']): void;
  /** Of all pools, in the state that was told last. */
  repeat(): void;
  /** A target of a pool has room again: where requests may wait for that, it is told soon. */
  freed(pool: string): void;
  /** Of one pool, out of turn: what its schedulers believe is not so. No more than one each 20 ms. */
  reportNow(pool: string): void;
  close(): void;
}

/** Reports of one pool beside its beat are at least so far apart. */
const soonMs = 20;

const encoder = new TextEncoder();

/** Whether the room of a single target is what requests wait for. */
const boundsTargets = ({ config: { queue, maxRequestsPerTarget } }: LiveUpstream): boolean =>
  (queue.maxRunningPerTarget ?? queue.maxPendingTokensPerTarget ?? maxRequestsPerTarget) !== undefined;

export const createLoadReporter = (input: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly instance: string;
  readonly load: Pick<LoadTracker, 'report'>;
  /** What else is known of a target. */
  readonly details: (pool: string, target: string) => Partial<TargetLoad>;
  readonly upstreams: Pick<LiveUpstreams, 'all' | 'get'>;
  readonly settings: Served;
  readonly now: () => number;
}): LoadReporter => {
  const { bus, instance, load, details, upstreams, settings, now } = input;
  const toldNowAt = new Map<string, number>();
  const soon = new Map<string, NodeJS.Timeout>();
  let lastState: LoadReport['state'] = 'ready';

  const reportPool = ({ name, config }: LiveUpstream): void => {
    if (settings.pool !== undefined && settings.pool !== name) return;
    const targets = servedTargets(settings, name, config.targets).map((target) => target.name);
    const counted = load.report(name, targets, lastState);
    const report: LoadReport = {
      ...counted,
      targets: counted.targets.map((one) => ({ ...one, ...details(name, one.target) })),
    };
    bus.publish(subjects.load(name, instance), encoder.encode(JSON.stringify(report)));
  };

  return {
    report: (state) => {
      lastState = state;
      for (const upstream of upstreams.all()) reportPool(upstream);
    },
    repeat: () => {
      for (const upstream of upstreams.all()) reportPool(upstream);
    },
    freed: (pool) => {
      const upstream = upstreams.get(pool);
      if (!upstream || soon.has(pool) || !boundsTargets(upstream)) return;
      const tell = (): void => {
        soon.delete(pool);
        const current = upstreams.get(pool);
        if (current) reportPool(current);
      };
      soon.set(pool, setTimeout(tell, soonMs));
    },
    reportNow: (pool) => {
      const upstream = upstreams.get(pool);
      const at = now();
      if (!upstream || at - (toldNowAt.get(pool) ?? 0) < soonMs) return;
      toldNowAt.set(pool, at);
      reportPool(upstream);
    },
    close: () => {
      for (const timer of soon.values()) clearTimeout(timer);
      soon.clear();
    },
  };
};
