import { rendezvousScores } from '@weir/routing';

interface SessionCandidate {
  readonly name: string;
  readonly weight: number;
}

/**
 * The target that has the session, unless it costs more than the best and `maxExtraCostMs`: then the next that has it.
 * A target that is not among the candidates leaves each of its sessions to the next in the same way.
 */
export const bySession = <Candidate extends SessionCandidate>(
  candidates: readonly Candidate[],
  {
    session,
    costsMs,
    maxExtraCostMs,
  }: {
    readonly session: string;
    /** By position of the candidate. */
    readonly costsMs: readonly number[];
    readonly maxExtraCostMs: number;
  },
): Candidate | undefined => {
  const limitMs = Math.min(...costsMs) + maxExtraCostMs;
  const scores = rendezvousScores(session, candidates);
  let best: Candidate | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const [position, candidate] of candidates.entries()) {
    const score = scores[position] ?? 0;
    if ((costsMs[position] ?? 0) > limitMs || score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
};
