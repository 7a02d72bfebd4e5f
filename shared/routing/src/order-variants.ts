import { stableFraction } from './stable-hash.ts';

/** One of several upstreams that a share of the requests goes to. */
export interface Variant {
  readonly name: string;
  readonly upstream: string;
  readonly weight: number;
}

/** Between the parts of a hashed text: no header value and no name has it. */
const separator = '\n';

/**
 * Variants for one key, the chosen one first; those without weight are left out.
 * Weighted rendezvous hashing (https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_variations): a variant comes
 * first for its share of all keys, and a change of one weight moves no key between two others. The shares of those that
 * remain keep their proportion when some cannot serve. By upstream, so that routes with the same ones agree.
 */
export const orderVariants = (variants: readonly Variant[], key: string): readonly Variant[] =>
  variants
    .filter(({ weight }) => weight > 0)
    .map((variant) => ({
      variant,
      distance: -Math.log(stableFraction(variant.upstream + separator + key)) / variant.weight,
    }))
    .sort((left, right) => left.distance - right.distance)
    .map(({ variant }) => variant);
