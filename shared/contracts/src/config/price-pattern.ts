/**
 * Where a pattern of a price stands among those that match the same model: literal names first, then globs, then
 * `provider/*`, then `*`. Globs by longest literal prefix, then most literal characters, then fewest stars.
 */
export interface PatternRank {
  readonly kind: 'exact' | 'glob' | 'provider' | 'any';
  readonly prefix: number;
  readonly literals: number;
  readonly stars: number;
}

const kinds: readonly PatternRank['kind'][] = ['exact', 'glob', 'provider', 'any'];

const kindOf = (pattern: string): PatternRank['kind'] => {
  if (!pattern.includes('*')) return 'exact';
  if (/^\*+$/.test(pattern)) return 'any';
  return /^[^*/]+\/\*$/.test(pattern) ? 'provider' : 'glob';
};

export const rankPattern = (pattern: string): PatternRank => {
  const literals = pattern.replaceAll('*', '').length;
  const stars = pattern.length - literals;
  return {
    kind: kindOf(pattern),
    prefix: stars === 0 ? literals : pattern.indexOf('*'),
    literals,
    stars,
  };
};

/** Negative: the left one goes first. */
export const comparePatternRanks = (left: PatternRank, right: PatternRank): number =>
  kinds.indexOf(left.kind) - kinds.indexOf(right.kind) ||
  right.prefix - left.prefix ||
  right.literals - left.literals ||
  left.stars - right.stars;

/** Whether some text fits both globs. The time is the product of their lengths. */
export const patternsMeet = (left: string, right: string): boolean => {
  const others = [...right];
  // Item n: some text fits what was read of `left`, and the first n characters of `right`.
  let fits = [true];
  for (const [position, other] of others.entries()) fits.push(other === '*' && fits[position] === true);
  for (const character of left) {
    const next = [character === '*' && fits[0] === true];
    for (const [position, other] of others.entries()) {
      const isBoth = character === other && fits[position] === true;
      const isStar = character === '*' || other === '*';
      next.push(isBoth || (isStar && (fits[position + 1] === true || next[position] === true)));
    }
    fits = next;
  }
  return fits.at(-1) === true;
};
