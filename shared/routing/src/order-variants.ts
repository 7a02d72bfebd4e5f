import { rendezvousScores } from './rendezvous.ts';

/** One of several upstreams that a share of the requests goes to. */
export interface Variant {
  readonly name: string;
  readonly upstream: string;
  readonly weight: number;
}

/**
 * Variants for one key, the one that has it first; those without weight are left out. The shares of those that remain keep
 * their proportion when some cannot serve. By upstream, so that routes with the same ones agree.
 */
export const orderVariants = (variants: readonly Variant[], key: string): readonly Variant[] => {
  const weighted = variants.filter(({ weight }) => weight > 0);
  const scores = rendezvousScores(
    key,
    weighted.map(({ upstream, weight }) => ({ name: upstream, weight })),
  );
  return weighted
    .map((variant, at) => ({ variant, score: scores[at] ?? 0 }))
    .sort((left, right) => right.score - left.score)
    .map(({ variant }) => variant);
};
