/** Counts the replicas that were heard of lately, ourselves included. */
export interface PeerCount {
  heard(instance: string, now: number): void;
  /** At least 1. */
  count(now: number): number;
}

/** Beats come each second; a replica that misses three of them is gone. */
const forgottenAfterMs = 3_500;
const maxPeers = 1_000;

export const createPeerCount = (self: string): PeerCount => {
  const peers = new Map<string, number>();
  return {
    heard: (instance, now) => {
      if (instance === self || (peers.size >= maxPeers && !peers.has(instance))) return;
      peers.set(instance, now);
    },
    count: (now) => {
      for (const [instance, heardAt] of peers) {
        if (now - heardAt > forgottenAfterMs) peers.delete(instance);
      }
      return peers.size + 1;
    },
  };
};
