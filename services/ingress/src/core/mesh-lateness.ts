/** How late the mesh is at the moment: the longest that a first word took lately. A machine. */
export interface MeshLateness {
  /** A first word came after so long, or we could not listen for so long. */
  note(waitedMs: number, now: number): void;
  at(now: number): number;
}

/** A burst is forgotten within seconds: what is lost after it should not have to wait for long. */
const halfLifeMs = 2_000;

export const createMeshLateness = (): MeshLateness => {
  let worstMs = 0;
  let notedAt = 0;
  const at = (now: number): number => worstMs * 2 ** (-Math.max(0, now - notedAt) / halfLifeMs);
  return {
    at,
    note: (waitedMs, now) => {
      if (waitedMs < at(now)) return;
      worstMs = waitedMs;
      notedAt = now;
    },
  };
};
