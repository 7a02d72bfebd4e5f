import { type GossipedReservation, type ReservationGossip, subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { Peers } from './core/peers.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** Tells the other schedulers what this one has just sent. */
export interface GossipWriter {
  add(reservation: GossipedReservation): void;
  /** "I am here": each second, as a scheduler without peers keeps its reservations to itself. */
  beat(): void;
  /** From now on every word is that it goes: what it still sends is load all the same, but nobody counts on it. */
  leave(): void;
}

/** 25 KiB or so. */
const maxPerMessage = 256;

const encoder = new TextEncoder();

/**
 * What is sent within one turn of the event loop leaves as one message. Nobody repeats one that is lost: the next load
 * report shows what it said.
 */
export const createGossipWriter = (input: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly self: string;
  readonly peers: Pick<Peers, 'isAlone'>;
  /** What waits here, by pool. */
  readonly waiting: () => Readonly<Record<string, number>>;
  readonly metrics: Pick<SchedulerMetrics, 'countGossip'>;
  readonly now: () => number;
  /** Runs it behind what this turn of the event loop still does. */
  readonly atEndOfTurn: (run: () => void) => void;
}): GossipWriter => {
  const { bus, self, peers, waiting, metrics, now, atEndOfTurn } = input;
  let untold: GossipedReservation[] = [];
  let isLeaving = false;

  const publish = (reservations: readonly GossipedReservation[]): void => {
    const counts = waiting();
    const gossip: ReservationGossip = {
      v: 1,
      scheduler: self,
      reservations,
      ...(Object.keys(counts).length > 0 ? { waiting: counts } : {}),
      ...(isLeaving ? { leaving: true } : {}),
    };
    bus.publish(subjects.gossip(self), encoder.encode(JSON.stringify(gossip)));
  };
  const flush = (): void => {
    const reservations = untold;
    untold = [];
    if (reservations.length === 0) return;
    publish(reservations);
    metrics.countGossip('sent', reservations.length);
  };
  return {
    add: (reservation) => {
      if (peers.isAlone(now())) return;
      if (untold.length === 0) atEndOfTurn(flush);
      untold.push(reservation);
      if (untold.length >= maxPerMessage) flush();
    },
    beat: () => publish([]),
    leave: () => {
      isLeaving = true;
      flush();
      publish([]);
    },
  };
};
