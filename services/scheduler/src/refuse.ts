import { type EnvelopeMeta, errorPacket, type WireError, withAnswerHeaders } from '@weir/contracts';
import type { Bus, HoldNotices } from '@weir/messaging';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** Ends a request with an error. Returns the error. */
export type Refuse = (meta: EnvelopeMeta, error: WireError) => WireError;

export const createRefuse =
  (given: {
    readonly bus: Pick<Bus, 'publish'>;
    readonly holds: Pick<HoldNotices, 'release'>;
    readonly metrics: Pick<SchedulerMetrics, 'countDecision'>;
  }): Refuse =>
  (meta, error) => {
    given.bus.publish(meta.replyTo, errorPacket(withAnswerHeaders(meta, error)));
    // What may come again keeps its hold: a release could overtake the second try. What came again keeps it, too:
    // the first try may be running.
    if (meta.grant?.held && !error.resubmit && meta.submission === 0) given.holds.release(meta.id);
    given.metrics.countDecision(error.reason);
    return error;
  };
