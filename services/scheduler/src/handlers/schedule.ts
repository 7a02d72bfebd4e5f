import { decodeEnvelope, type Envelope, type WireError } from '@weir/contracts';
import type { Bus, BusMessage, HoldNotices } from '@weir/messaging';
import type { Span, Tracer } from '@weir/runtime';
import { tooManyDelayed } from '../core/refusals.ts';
import type { Delays } from '../delays.ts';
import type { Placing } from '../placing.ts';
import type { Refuse } from '../refuse.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';
import { pauseTold } from '../told-pause.ts';
import type { WaitingRoom } from '../waiting-room.ts';

export interface ScheduleDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly holds: Pick<HoldNotices, 'extend'>;
  readonly placing: Pick<Placing, 'place'>;
  readonly room: Pick<WaitingRoom, 'isGated' | 'wait'>;
  readonly delays: Pick<Delays, 'add'>;
  readonly refuse: Refuse;
  readonly metrics: Pick<SchedulerMetrics, 'countDecision' | 'observeHop'>;
  readonly tracer: Tracer;
}

interface Arrival {
  /** The backoff of its attempt has been waited for. */
  readonly hasWaited: boolean;
  /** A peer has sent it, for its pool's queue is kept here. */
  readonly isForwarded: boolean;
}

type Handle = (message: Pick<BusMessage, 'data'>) => void;

/** Takes requests off the bus: sends each to an adapter, at once, after a pause or after its wait, or refuses it. */
export interface Schedule {
  /** `weir.v1.schedule` */
  readonly onRequest: Handle;
  /** `weir.v1.queue.<scheduler>` */
  readonly onForwarded: Handle;
}

export const createSchedule = (dependencies: ScheduleDependencies): Schedule => {
  const { bus, holds, placing, room, delays, refuse, metrics, tracer } = dependencies;

  /** The body is a view into a buffer that is used again: what waits needs its own. */
  const delay = (envelope: Envelope, delayMs: number): WireError | undefined => {
    const kept: Envelope = { meta: envelope.meta, body: envelope.body.slice() };
    const refused = () => refuse(kept.meta, tooManyDelayed);
    const run = () => schedule(kept, { hasWaited: true, isForwarded: false });
    const { id, replyTo, grant } = kept.meta;
    const keepHold = () => {
      if (grant?.held) holds.extend([id]);
    };
    if (!pauseTold(delays, bus, { delayMs, replyTo, run, refused, keepHold })) return refused();
    metrics.countDecision('delayed');
    return undefined;
  };

  const decide = (
    envelope: Envelope,
    { hasWaited, isForwarded }: Arrival,
    span: Span | undefined,
  ): WireError | undefined => {
    const { isGated } = room;
    const placed = placing.place(envelope, { hasWaited, isGated, trace: span?.traceparent });
    if (placed.outcome === 'refused') return placed.error;
    if (placed.outcome === 'delayed') return delay(envelope, placed.delayMs);
    if (placed.outcome === 'saturated') return room.wait(envelope, placed, { isForwarded });
    return undefined;
  };

  const schedule = (envelope: Envelope, arrival: Arrival): void => {
    const startedAt = performance.now();
    const { trace } = envelope.meta;
    const span = tracer.enabled
      ? tracer.start('scheduler schedule', { parent: trace, kind: 'consumer' })
      : undefined;
    const error = decide(envelope, arrival, span);
    span?.end({ error: error?.reason });
    metrics.observeHop(performance.now() - startedAt);
  };

  const createHandle =
    (arrival: Arrival): Handle =>
    ({ data }) => {
      const decoded = decodeEnvelope(data);
      if (decoded.outcome === 'malformed') metrics.countDecision('malformed');
      else schedule(decoded.envelope, arrival);
    };

  return {
    onRequest: createHandle({ hasWaited: false, isForwarded: false }),
    onForwarded: createHandle({ hasWaited: true, isForwarded: true }),
  };
};
