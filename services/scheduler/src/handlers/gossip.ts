import { type GossipedReservation, lastToken, type ReservationGossip } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import type { Peers } from '../core/peers.ts';
import type { PoolView } from '../core/pool-view.ts';
import type { SchedulerMetrics } from '../scheduler-metrics.ts';

export interface GossipDependencies {
  /** Our own instance. */
  readonly self: string;
  readonly pools: Pick<PoolView, 'hear'>;
  readonly peers: Pick<Peers, 'heard' | 'gone'>;
  /** A peer that was not known is there. */
  readonly onNewPeer: () => void;
  readonly metrics: Pick<SchedulerMetrics, 'countBadGossip' | 'countGossip'>;
  readonly now: () => number;
}

const decoder = new TextDecoder();

const isReservation = (value: unknown): value is GossipedReservation => {
  if (typeof value !== 'object' || value === null) return false;
  const { pool, instance, target, dispatch, tokens } = value as Partial<GossipedReservation>;
  return (
    typeof pool === 'string' &&
    typeof instance === 'string' &&
    typeof target === 'string' &&
    Number.isSafeInteger(dispatch) &&
    Number.isSafeInteger(tokens) &&
    Number(tokens) >= 0
  );
};

const isCounts = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' && value !== null && Object.values(value).every(Number.isSafeInteger));

const readGossip = (data: Uint8Array): ReservationGossip | undefined => {
  try {
    const value: Partial<ReservationGossip> | null = JSON.parse(decoder.decode(data));
    const isWhole =
      value?.v === 1 &&
      Array.isArray(value.reservations) &&
      value.reservations.every(isReservation) &&
      isCounts(value.waiting);
    return isWhole ? (value as ReservationGossip) : undefined;
  } catch {
    return undefined;
  }
};

/** `weir.v1.gossip.<scheduler>`: what another replica has sent to adapters. Our own comes back, too. */
export const createGossip =
  ({ self, pools, peers, onNewPeer, metrics, now }: GossipDependencies) =>
  ({ subject, data }: Pick<BusMessage, 'subject' | 'data'>): void => {
    // The server checks who may publish on a subject, so the subject is what is believed.
    const scheduler = lastToken(subject);
    if (scheduler === self) return;
    const gossip = readGossip(data);
    if (gossip?.scheduler !== scheduler) return metrics.countBadGossip();
    const at = now();
    if (gossip.leaving) peers.gone(scheduler);
    else if (peers.heard(scheduler, gossip.waiting ?? {}, at)) onNewPeer();
    metrics.countGossip('heard', gossip.reservations.length);
    for (const reservation of gossip.reservations) pools.hear(scheduler, reservation, at);
  };
