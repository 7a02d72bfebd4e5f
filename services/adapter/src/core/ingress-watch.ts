/** Which ingresses are alive, by what was last heard of them. A machine: the clock is passed in. */
export interface IngressWatch {
  seen(ingress: string, now: number): void;
  /** The ingresses that have been silent for too long; they are forgotten with this. */
  takeSilent(now: number): string[];
}

export const createIngressWatch = (silenceMs: number): IngressWatch => {
  const lastSeen = new Map<string, number>();
  return {
    seen: (ingress, now) => {
      lastSeen.set(ingress, now);
    },
    takeSilent: (now) => {
      const silent = [...lastSeen].filter(([, at]) => now - at > silenceMs).map(([ingress]) => ingress);
      for (const ingress of silent) lastSeen.delete(ingress);
      return silent;
    },
  };
};
