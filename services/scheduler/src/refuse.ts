import { type EnvelopeMeta, errorPacket, type WireError, withAnswerHeaders } from '@weir/contracts';
import { type Bus, endHold, type HoldNotices } from '@weir/messaging';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** Ends a request with an error. Returns the error. */
export type Refuse = (meta: EnvelopeMeta, error: WireError) => WireError;

export const createRefuse =
  (given: {
    readonly bus: Pick<Bus, 'publish'>;
    readonly holds: Pick<HoldNotices, 'finish' | 'release'>;
    readonly metrics: Pick<SchedulerMetrics, 'countDecision'>;
  }): Refuse =>
  (meta, error) => {
    given.bus.publish(meta.replyTo, errorPacket(withAnswerHeaders(meta, error)));
    // What may come again keeps its hold: a release could overtake the second try.
    if (!error.resubmit) endHold(given.holds, meta);
    given.metrics.countDecision(error.reason);
    return error;
  };
