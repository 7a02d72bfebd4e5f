import { subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { ServiceContext } from '@weir/runtime';
import type { OutcomeCounter } from './core/outcome-counter.ts';

const reportMs = 1_000;

const encoder = new TextEncoder();

/** Tells the schedulers each second how attempts at canaries go, while there are any. */
export const startOutcomeReports = (
  { instance, lifecycle }: ServiceContext,
  bus: Bus,
  outcomes: Pick<OutcomeCounter, 'report'>,
): void => {
  const publish = (): void => {
    const report = outcomes.report();
    if (report) bus.publish(subjects.outcomes(instance), encoder.encode(JSON.stringify(report)));
  };
  const beat = setInterval(publish, reportMs);
  lifecycle.onShutdown('drain', 'outcome reports', () => {
    clearInterval(beat);
    publish();
  });
};
