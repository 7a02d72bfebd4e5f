import { rendezvousOwner } from '@weir/routing';

/** Which other schedulers there are, and what waits at them. A machine: times are passed in. */
export interface Peers {
  /** A peer is there, and keeps so many waiting requests by pool. Returns true when it was not known. */
  heard(peer: string, waiting: Readonly<Record<string, number>>, now: number): boolean;
  /** It is leaving, or does not answer. It is back when it is heard again. */
  gone(peer: string): void;
  isKnown(peer: string): boolean;
  isAlone(now: number): boolean;
  /**
   * The replica that keeps the queue of a pool: each that sees the same replicas comes to the same answer, and when one comes
   * or goes only the pools that it gains or had change hands.
   */
  ownerOf(pool: string, now: number): string;
  /** The peer that would keep it without us. */
  successorOf(pool: string, now: number): string | undefined;
  /** A peer at which requests wait for the pool. Whoever comes later has to wait behind them. */
  holderOf(pool: string, now: number): string | undefined;
}

/** A peer that missed three beats is gone. */
export const peerLifeMs = 3_500;

interface Peer {
  readonly heardAt: number;
  readonly waiting: Readonly<Record<string, number>>;
}

export const createPeers = (self: string): Peers => {
  const peers = new Map<string, Peer>();

  const living = (now: number): readonly string[] => {
    for (const [name, { heardAt }] of peers) if (now - heardAt > peerLifeMs) peers.delete(name);
    return [...peers.keys()];
  };

  return {
    heard: (peer, waiting, now) => {
      const isNew = !peers.has(peer);
      peers.set(peer, { heardAt: now, waiting });
      return isNew;
    },
    gone: (peer) => {
      peers.delete(peer);
    },
    isKnown: (peer) => peers.has(peer),
    isAlone: (now) => living(now).length === 0,
    ownerOf: (pool, now) => rendezvousOwner(pool, [self, ...living(now)]) ?? self,
    successorOf: (pool, now) => rendezvousOwner(pool, living(now)),
    holderOf: (pool, now) => {
      for (const [name, { heardAt, waiting }] of peers) {
        if (now - heardAt <= peerLifeMs && (waiting[pool] ?? 0) > 0) return name;
      }
      return undefined;
    },
  };
};
