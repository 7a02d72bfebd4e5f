/** Counts the replicas that were heard of lately, ourselves included. */
export interface PeerCount {
  /** True when it was not known. */
  heard(instance: string, now: number): boolean;
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
      const isNew = !peers.has(instance);
      if (instance === self || (peers.size >= maxPeers && isNew)) return false;
      peers.set(instance, now);
      return isNew;
    },
    count: (now) => {
      for (const [instance, heardAt] of peers) {
        if (now - heardAt > forgottenAfterMs) peers.delete(instance);
      }
      return peers.size + 1;
    },
  };
};
