import { stableFraction } from './stable-hash.ts';

/** Between the parts of a hashed text: no header value and no name has it. */
const separator = '\n';

/**
 * Weighted rendezvous hashing (https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_variations): the name with the
 * highest score has the key. Each has its weight's share of all keys; when one goes, its keys alone move, each to the name
 * that is next for it, and a change of one weight moves no key between two others. Every process finds the same without a
 * word between them. Scores are by position of the name; one without weight has 0.
 */
export const rendezvousScores = (
  key: string,
  names: readonly { readonly name: string; readonly weight: number }[],
): readonly number[] =>
  names.map(({ name, weight }) => -weight / Math.log(stableFraction(name + separator + key)));

/** The name that has the key where all have the same weight, whatever order they come in. Undefined: there is none. */
export const rendezvousOwner = (key: string, names: readonly string[]): string | undefined => {
  const candidates = [...names].sort().map((name) => ({ name, weight: 1 }));
  const scores = rendezvousScores(key, candidates);
  return candidates[scores.indexOf(Math.max(...scores))]?.name;
};
