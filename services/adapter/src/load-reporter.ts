import { type LoadReport, subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { LoadTracker } from './core/load-tracker.ts';
import type { TargetPaces } from './core/target-paces.ts';
import type { LiveUpstreams } from './live-upstreams.ts';
import type { AdapterSettings } from './settings.ts';

const encoder = new TextEncoder();

/** Tells the schedulers what runs here, at a steady beat. */
export const createLoadReporter = (input: {
  readonly bus: Bus;
  readonly instance: string;
  readonly load: LoadTracker;
  readonly paces: Pick<TargetPaces, 'of'>;
  readonly upstreams: LiveUpstreams;
  readonly settings: AdapterSettings;
  readonly now: () => number;
}): { report(state: LoadReport['state']): void } => {
  const { bus, instance, load, paces, upstreams, settings, now } = input;
  return {
    report: (state) => {
      for (const { name, config } of upstreams.all()) {
        if (settings.pool !== undefined && settings.pool !== name) continue;
        const targets = config.targets
          .map((target) => target.name)
          .filter((target) => settings.target === undefined || settings.target === target);
        const counted = load.report(name, targets, state);
        const at = now();
        const report: LoadReport = {
          ...counted,
          targets: counted.targets.map((one) => ({ ...one, ...paces.of(name, one.target, at) })),
        };
        bus.publish(subjects.load(name, instance), encoder.encode(JSON.stringify(report)));
      }
    },
  };
};
