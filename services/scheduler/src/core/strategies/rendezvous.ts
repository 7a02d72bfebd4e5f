const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** FNV-1a over the characters, 32 bits. */
const absorb = (text: string, from: number): number => {
  let hash = from;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), fnvPrime);
  return hash;
};

/** The finaliser of MurmurHash3: names that differ in their last character only end up far apart. */
const scatter = (hash: number): number => {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): the name with the highest score has the key. Each
 * has its weight's share of the keys, and when one goes, its keys alone move, to the name that is next for each.
 * Every scheduler finds the same without a word between them.
 */
export const rendezvousScores = (
  key: string,
  names: readonly { readonly name: string; readonly weight: number }[],
): readonly number[] => {
  const start = absorb(key, fnvOffset);
  return names.map(({ name, weight }) => {
    const uniform = (scatter(absorb(name, start)) + 0.5) / 2 ** 32;
    return -weight / Math.log(uniform);
  });
};
