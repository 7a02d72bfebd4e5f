import { type GossipedReservation, type ReservationGossip, subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** Tells the other schedulers what this one has just sent. */
export interface GossipWriter {
  add(reservation: GossipedReservation): void;
  /** Another scheduler is there. */
  heardPeer(now: number): void;
  /** "I am here": each second, as a scheduler without peers keeps its reservations to itself. */
  beat(): void;
}

/** A peer that missed three beats is gone. */
const peerLifeMs = 3_500;
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
  readonly metrics: Pick<SchedulerMetrics, 'countGossip'>;
  readonly now: () => number;
  /** Runs it behind what this turn of the event loop still does. */
  readonly atEndOfTurn: (run: () => void) => void;
}): GossipWriter => {
  const { bus, self, metrics, now, atEndOfTurn } = input;
  let waiting: GossipedReservation[] = [];
  let peerHeardAt = Number.NEGATIVE_INFINITY;

  const publish = (reservations: readonly GossipedReservation[]): void => {
    const gossip: ReservationGossip = { v: 1, scheduler: self, reservations };
    bus.publish(subjects.gossip(self), encoder.encode(JSON.stringify(gossip)));
  };
  const flush = (): void => {
    const reservations = waiting;
    waiting = [];
    if (reservations.length === 0) return;
    publish(reservations);
    metrics.countGossip('sent', reservations.length);
  };
  return {
    add: (reservation) => {
      if (now() - peerHeardAt > peerLifeMs) return;
      if (waiting.length === 0) atEndOfTurn(flush);
      waiting.push(reservation);
      if (waiting.length >= maxPerMessage) flush();
    },
    heardPeer: (at) => {
      peerHeardAt = at;
    },
    beat: () => publish([]),
  };
};
