import { type LoadReport, subjects, type TargetLoad } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import type { LoadTracker } from './core/load-tracker.ts';
import type { LiveUpstreams } from './live-upstreams.ts';
import type { AdapterSettings } from './settings.ts';

/** Tells the schedulers what runs here. */
export interface LoadReporter {
  /** Of all pools, at a steady beat. */
  report(state: LoadReport['state']): void;
  /** A target of a pool has room again: where requests may wait for that, it is told soon. */
  freed(pool: string): void;
  close(): void;
}

/** Reports of one pool beside its beat are at least so far apart. */
const soonMs = 20;

const encoder = new TextEncoder();

/** Whether the room of a single target is what requests wait for. */
const boundsTargets = ({ config: { queue } }: LiveUpstream): boolean =>
  queue.maxRunningPerTarget !== undefined || queue.maxPendingTokensPerTarget !== undefined;

export const createLoadReporter = (input: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly instance: string;
  readonly load: Pick<LoadTracker, 'report'>;
  /** What else is known of a target. */
  readonly details: (pool: string, target: string) => Partial<TargetLoad>;
  readonly upstreams: Pick<LiveUpstreams, 'all' | 'get'>;
  readonly settings: Pick<AdapterSettings, 'pool' | 'target'>;
}): LoadReporter => {
  const { bus, instance, load, details, upstreams, settings } = input;
  const soon = new Map<string, NodeJS.Timeout>();
  let lastState: LoadReport['state'] = 'ready';

  const reportPool = ({ name, config }: LiveUpstream): void => {
    if (settings.pool !== undefined && settings.pool !== name) return;
    const targets = config.targets
      .map((target) => target.name)
      .filter((target) => settings.target === undefined || settings.target === target);
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
    close: () => {
      for (const timer of soon.values()) clearTimeout(timer);
      soon.clear();
    },
  };
};
